"""The page and its people in a real browser: one session for all tabs, and nothing typed is lost when it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from orderflow.domain.access import Role
from tests.acceptance.test_page import an_order

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]


def test_a_session_is_for_all_tabs_and_ends_without_losing_what_was_typed(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders/{order_id}")
    page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Edit PO-1")
    form.get_by_label("Notes").fill("Call before delivery")
    page.context.clear_cookies()
    form.get_by_role("button", name="Save").dispatch_event("click")  # before anything else finds out
    again = page.get_by_role("dialog", name="Sign in again")
    expect(again.get_by_label("E-mail")).to_have_value(site.email(Role.OPS))
    again.get_by_role("textbox", name="Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(again.get_by_role("alert")).to_contain_text("The e-mail address or the password is wrong.")
    again.get_by_role("textbox", name="Password").fill(site.password)
    page.keyboard.press("Enter")
    expect(form).to_have_count(0)
    with site.client() as client:
        assert client.get(f"/draft-orders/{order_id}").json()["notes"] == "Call before delivery"
    other = page.context.new_page()
    other.goto(f"{site.url}/orders/{order_id}")
    expect(other.get_by_text("Call before delivery").first).to_be_visible()
    assert "orderflow" not in other.evaluate("document.cookie")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitem", name="Sign out").click()
    for tab in (page, other):
        expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    other.reload()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
