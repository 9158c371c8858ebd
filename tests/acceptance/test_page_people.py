"""The page and its people in a real browser: one session for all tabs, and nothing typed is lost when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from orderflow.domain.access import Role
from orderflow.flow.people.second_factor import STEP
from tests.acceptance.test_page import an_order
from tests.waiting import wait_until

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


def test_a_right_that_is_taken_away_meanwhile_costs_nothing_that_was_typed(
    open_page: Callable[..., Page], site
) -> None:
    with site.client() as client:
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
        users = {each["email"]: each["id"] for each in client.get("/users").json()["items"]}
        path = f"/users/{users[site.email(Role.OPS)]}"
        page = open_page(Role.OPS)
        page.goto(f"{site.url}/orders/{order_id}")
        page.get_by_role("button", name="Edit").click()
        form = page.get_by_role("dialog", name="Edit PO-1")
        form.get_by_label("Notes").fill("Call before delivery")
        assert client.patch(path, json={"role": "VIEWER"}).status_code == 200
        form.get_by_role("button", name="Save").click()
        again = page.get_by_role("dialog", name="Sign in again")  # as whoever has another role now
        again.get_by_role("textbox", name="Password").fill(site.password)
        page.keyboard.press("Enter")
        expect(form.get_by_role("alert")).to_contain_text("The role VIEWER may not edit")
        expect(form.get_by_label("Notes")).to_have_value("Call before delivery")
        expect(page.get_by_role("button", name="Reject")).to_have_count(0)  # what is offered is true again
        assert client.get(f"/draft-orders/{order_id}").json()["notes"] is None


def test_a_reader_of_german_sees_and_types_everything_in_their_own_way(browser: Browser, site) -> None:
    with site.client() as client:
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    page = browser.new_context(locale="de-DE", reduced_motion="reduce").new_page()
    page.goto(f"{site.url}/orders/{order_id}")
    page.get_by_label("E-Mail").fill(site.email(Role.OPS))
    page.get_by_role("textbox", name="Passwort").fill("falsch")
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("alert")).to_contain_text("Passwort")
    page.get_by_role("textbox", name="Passwort").fill(site.password)
    page.get_by_role("button", name="Anmelden").click()
    page.get_by_role("button", name="Bearbeiten").click()
    form = page.get_by_role("dialog", name="PO-1 bearbeiten")
    price = form.get_by_label("Stückpreis")
    price.fill("1.250")
    expect(form.get_by_text("1250 oder 1,250 schreiben")).to_be_visible()
    form.get_by_role("button", name="Speichern", exact=True).click()
    expect(form).to_be_visible()  # which one is meant, nobody guesses
    price.fill("1.250,5")
    form.get_by_role("button", name="Speichern", exact=True).click()
    expect(form).to_have_count(0)
    expect(page.get_by_text("1.250,50").first).to_be_visible()
    with site.client() as client:
        assert client.get(f"/draft-orders/{order_id}").json()["lines"][0]["unit_price"] == 1250.5
        client.post("/connectors", json={"connector_type": "MOCK", "config": {"mode": "rejected"}})
        client.post("/bulk-jobs", json={"action": "approve", "ids": [order_id]})
        client.post("/bulk-jobs", json={"action": "push", "ids": [order_id]})
        wait_until(lambda: client.get(f"/draft-orders/{order_id}").json()["status"] == "ERROR")
    page.reload()
    expect(page.get_by_text("Das Mock-ERP lehnt diesen Auftrag ab.").first).to_be_visible()
    page.goto(f"{site.url}/analytics?by=reason")
    expect(page.get_by_text("Das Mock-ERP lehnt diesen Auftrag ab.")).to_be_visible()
    page.get_by_role("link", name="Lieferungen", exact=True).click()
    page.get_by_role("row", name="PO-1").get_by_text(
        "lehnt diesen Auftrag ab"
    ).click()  # wherever a row is clicked, it opens
    expect(page.get_by_role("heading", level=1, name="PO-1")).to_be_visible()
    page.get_by_role("button", name="Konto").click()
    page.get_by_role("menuitem", name="English").click()
    expect(page.get_by_role("button", name="Edit")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Edit")).to_be_visible()
    page.context.close()


def test_a_second_factor_is_set_up_with_a_phone_and_asked_for_afterwards(
    open_page: Callable[..., Page], site, canaries
) -> None:
    page = open_page(Role.OPS)
    with site.client() as client:
        client.patch("/organization", json={"second_factor_required": True})
    page.goto(f"{site.url}/orders")
    expect(page.get_by_role("heading", name="Second factor", level=1)).to_be_visible()
    page.get_by_label("Your password").fill(site.password)
    with canaries.look_away():
        page.get_by_role("button", name="Set up a second factor").click()
        expect(page.get_by_role("img", name="The secret as a QR code")).to_be_visible()
    phone = pyotp.TOTP(page.locator("pre").first.inner_text())
    page.get_by_label("Code").fill(phone.now())
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("Recovery codes: each gets you in once")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Orders", level=1)).to_be_visible()
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.get_by_label("E-mail").fill(site.email(Role.OPS))
    page.get_by_role("textbox", name="Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code").fill(phone.at(time.time() + STEP))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Orders", level=1)).to_be_visible()
    _choose_notices(page, site, canaries)


def _choose_notices(page: Page, site, canaries) -> None:
    """What one chose is there again, and a try says why it did not arrive."""
    page.goto(f"{site.url}/settings?tab=account")
    notices = page.get_by_role("form", name="Notices by e-mail and webhook")
    expect(notices.get_by_role("switch", name="By e-mail")).to_be_disabled()
    notices.get_by_role("switch", name="The first of a new kind").check()
    expect(notices).to_contain_text("Like this you are told nothing")
    notices.get_by_label("By webhook").fill("http://127.0.0.1:1/hooks/ops")
    notices.get_by_role("switch", name="Quiet hours").check()
    notices.get_by_label("Quiet from").fill("21:30")
    notices.get_by_label("Time zone").fill("Europe/Atlantis")
    notices.get_by_role("button", name="Save notices").click()
    expect(notices.get_by_role("alert")).to_contain_text("Time zone: is no time zone")
    notices.get_by_label("Time zone").fill("Europe/Berlin")
    notices.get_by_role("button", name="Save notices").click()
    notices.get_by_role("button", name="Try it").click()
    expect(notices.get_by_role("alert")).to_contain_text("Webhook: it did not go out")
    with canaries.look_away():
        notices.get_by_role("button", name="Make a secret").click()
        expect(notices.locator("pre")).to_contain_text("whsec_")
    expect(notices).to_contain_text("It is signed")
    page.reload()
    expect(notices.get_by_label("Quiet from")).to_have_value("21:30")
    expect(notices.get_by_role("switch", name="The first of a new kind")).to_be_checked()
