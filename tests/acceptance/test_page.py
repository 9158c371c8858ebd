"""The web page in Debian's Chromium, against the real server, database and an SFTP server that plays the ERP."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from playwright.sync_api import Locator, Page, Response, Route, expect

from orderflow.domain.access import Role
from orderflow.testing.http_server import MisbehavingHTTPServer, status
from orderflow.testing.sftp_server import SFTPServer
from tests.waiting import wait_until

FRONTEND = Path(__file__).parents[2] / "frontend"
PATHS = (
    "/",
    "/orders",
    "/deliveries",
    "/deliveries?view=attempts",
    "/jobs",
    "/connectors",
    "/routes",
    "/analytics",
    "/activity",
    "/settings",
)
DIALOGS = (
    ("/connectors", "Edit"),
    ("/connectors", "Add connector", "DROPZONE_CSV_V1", "Preview"),
    ("/connectors", "Add connector", "ODOO", "Preview"),
    ("/connectors", "Opening hours"),
    ("/connectors", "Delete"),
    ("/orders/{approved}", "Edit"),
    ("/orders/{approved}", "Preview"),
    ("/orders/{approved}", "Push"),
    ("/orders/{approved}", "Reject"),
    ("/orders/{refused}", "Preview"),
    ("/deliveries?view=attempts", "Open attempt"),
    ("/settings", "Users"),
    ("/settings", "Users", "Add user"),
    ("/settings", "API keys", "New key"),
    ("/settings", "Webhooks", "New webhook"),
    ("/settings", "Your account"),
    ("/orders", "All found"),
    ("/", "Account"),
)
"""What opens on a page, and the buttons that lead there."""

ODOO = {"url": "https://odoo.example", "database": "erp", "api_key": "sesame"}

MOST_SCRIPT = 250_000
"""Bytes of compressed script that the first page may load."""

AT_REST = """
    Promise.allSettled(document.getAnimations()
        .filter(animation => animation.effect.getComputedTiming().endTime < Infinity)
        .map(animation => animation.finished)).then(() => null)
"""
"""Waits until nothing fades in any more: what is half there has half its contrast."""

DROPPED = """
    count => {
        const dropped = new DataTransfer();
        const lines = Array.from({length: count}, (_, line) => `PO-${line};2026-01-05;4711;INT-999;10;1,23\\n`);
        dropped.items.add(new File(lines, "orders.csv"));
        return dropped;
    }
"""
"""A file of that many lines, as it is dropped from a desktop."""

MOST_LIST = 100_000
"""Bytes of JSON that a page of a list may be."""

MOST_ELEMENTS = 3_000
"""Elements that a page with a list may have."""

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]


def an_order(number: str, *, blocked: bool = False) -> dict[str, Any]:
    return {
        "external_order_number": number,
        "order_date": "2026-01-05",
        "currency": "EUR",
        "customer": {"erp_customer_number": "BLOCKED" if blocked else "4711", "name": f"Customer of {number}"},
        "lines": [{"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M", "unit_price": 1.23}],
    }


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[SFTPServer]:
    """An ERP behind SFTP: it takes each file, and refuses orders of blocked customers until `accepting` is there."""
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()

    def arrived(path: Path) -> None:
        if path.parent.name != "in" or path.suffix != ".json":
            return
        order = json.loads(path.read_bytes())
        path.unlink()
        refused = order["customer"]["erp_customer_number"] == "BLOCKED" and not (tmp_path / "accepting").exists()
        answer = (
            {"status": "FAILED", "error_code": "CREDIT_LIMIT", "message": "The customer is over the credit limit."}
            if refused
            else {"status": "ACKED", "erp_order_id": f"SO-{order['header']['external_order_number']}"}
        )
        name = f"{'error' if refused else 'ack'}_{path.name}"
        (tmp_path / name).write_text(json.dumps(answer | {"processed_at": "2026-01-05T10:00:00Z"}))
        (tmp_path / name).rename(tmp_path / "out" / name)

    with SFTPServer(tmp_path, password=f"sesame-{secrets.token_hex(8)}", on_rename=arrived) as server:
        yield server


def test_an_integrator_sets_up_and_an_operator_carries_orders_to_confirmation(
    open_page: Callable[..., Page], site, erp: SFTPServer, tmp_path: Path
) -> None:
    page = open_page()
    expect(page.get_by_role("heading", name="Three steps to your first pushed order")).to_be_visible()
    _set_up_dropzone(page, erp)
    _import(page, tmp_path, [an_order("PO-1"), an_order("PO-2", blocked=True)])
    _approve_and_push(page)
    confirmed = page.get_by_role("row", name="PO-1").get_by_text("CONFIRMED")
    expect(confirmed).to_be_visible()  # by itself: nothing is reloaded
    _retry_refused(page, tmp_path)
    assert not _secrets_in(site.recorder, erp.password, site.password)


def _set_up_dropzone(page: Page, erp: SFTPServer) -> None:
    page.get_by_role("link", name="Set up a connector").click()
    form = _add(page, "DROPZONE_JSON_V1")
    form.get_by_label("Name", exact=True).fill("ERP in Hamburg")
    form.get_by_label("Host", exact=True).fill(erp.host)
    form.get_by_label("Port", exact=True).fill(str(erp.port))
    form.get_by_label("Export folder").fill("/in")
    form.get_by_label("Answer folder").fill("/out")
    form.get_by_role("button", name="Next: Sign in").click()
    form.get_by_label("User", exact=True).fill(erp.username)
    form.get_by_role("textbox", name="Password").fill("wrong")
    form.get_by_role("button", name="Test connection").click()
    expect(form.get_by_text(erp.fingerprint)).to_be_visible()
    form.get_by_role("button", name="accept this key").click()
    alert = form.get_by_role("alert")
    expect(alert).to_contain_text("refused the login")
    expect(alert).to_contain_text("AUTH_FAILED")
    form.get_by_role("textbox", name="Password").fill(erp.password)
    form.get_by_role("button", name="Test connection").click()
    expect(form.get_by_text("The test passed")).to_be_visible()
    form.get_by_role("button", name="Save").dblclick()
    expect(page.get_by_role("heading", name="ERP in Hamburg")).to_have_count(1)


def _add(page: Page, kind: str) -> Locator:
    """Begin with a connector of a kind."""
    page.get_by_role("button", name="Add connector").click()
    page.get_by_role("dialog", name="What is to be connected?").get_by_role("button", name=kind).click()
    return page.get_by_role("dialog", name=re.compile("^Add "))


def _step(form: Locator, name: str) -> None:
    form.get_by_role("navigation", name="Steps").get_by_role("button", name=name).click()


def test_a_test_claims_no_more_than_it_has_seen(open_page: Callable[..., Page], site) -> None:
    page = open_page()
    page.goto(f"{site.url}/connectors")
    form = _add(page, "REST_JSON")
    with MisbehavingHTTPServer() as server:
        form.get_by_label(re.compile("^URL")).fill(f"{server.url}/orders")
        form.locator("summary", has_text="TLS").click()
        form.get_by_label("Allow http://").check()
        form.get_by_role("button", name="Test connection").click()
        passed = form.get_by_role("status").filter(has_text="The test passed")
        expect(passed).to_contain_text("Give a test URL to see that it lets us in")
        expect(passed).not_to_contain_text("would take orders")


def _import(page: Page, folder: Path, orders: list[dict[str, Any]]) -> None:
    file = folder / "orders.jsonl"
    file.write_text("\n".join(map(json.dumps, orders)))
    page.get_by_role("link", name="Orders", exact=True).click()
    page.get_by_role("button", name="Import").click()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("2 orders came in")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()


def _approve_and_push(page: Page) -> None:
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Approve 2").dblclick()
    expect(page.locator("tbody").get_by_text("APPROVED", exact=True)).to_have_count(2)
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Push 2").click()
    dialog = page.get_by_role("dialog", name="Push: where the orders go")
    expect(dialog.get_by_role("listitem")).to_have_text("2 to ERP in Hamburg")
    dialog.get_by_role("button", name="Push 2 orders").dblclick()


def _retry_refused(page: Page, folder: Path) -> None:
    expect(page.get_by_role("row", name="PO-2").get_by_text("ERROR")).to_be_visible()
    page.get_by_role("link", name="PO-2").click()
    expect(page.get_by_text("The ERP refused this order")).to_be_visible()
    expect(page.get_by_text("The customer is over the credit limit.").first).to_be_visible()
    (folder / "accepting").touch()
    page.get_by_role("button", name="Retry").dblclick()
    expect(page.get_by_text("Confirmed by the ERP")).to_be_visible()
    expect(page.get_by_text("SO-PO-2").first).to_be_visible()
    expect(page.get_by_text("Push requested to ERP in Hamburg")).to_have_count(2)
    page.get_by_role("link", name="Deliveries", exact=True).click()
    expect(page.get_by_role("row", name="ERROR")).to_contain_text("retried since")
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)


def _secrets_in(recorder: Any, *passwords: str) -> list[str]:
    everything = b"\n".join(recorder.answers).decode(errors="replace")
    assert len(everything) > 1_000
    return [password for password in passwords if password in everything]


def test_an_integrator_maps_a_csv_file_and_sees_what_it_makes(open_page: Callable[..., Page], site) -> None:
    page = open_page(Role.INTEGRATOR)
    page.goto(f"{site.url}/connectors")
    form = _add(page, "DROPZONE_CSV_V1")
    form.get_by_label("Kind").click()
    page.get_by_role("option", name="ftp", exact=True).click()
    expect(form.get_by_label("Host key")).to_have_count(0)  # that is SFTP's
    for label, text in (("Host", "ftp.example"), ("Export folder", "/in")):
        form.get_by_label(label).fill(text)
    _step(form, "Sign in")
    form.get_by_label("User").fill("orders")
    form.get_by_role("textbox", name="Password").fill("sesame")
    _step(form, "Map")
    for number, (heading, source) in enumerate((("Quantity", "line.qty"), ("Article", "line.internal_number"))):
        if number:
            form.get_by_role("button", name="Add", exact=True).first.click()
        form.get_by_label("Heading").nth(number).fill(heading)
        form.get_by_label("Field").nth(number).fill(source)
    form.get_by_role("button", name="Preview").click()
    expect(form.get_by_role("alert")).to_contain_text("line has no field 'internal_number'")
    form.get_by_label("Field").nth(1).fill("line.internal_sku")
    form.get_by_role("button", name="Move entry 2 up").click()
    form.get_by_role("button", name="Preview").click()
    expect(form.get_by_text("ftp://orders@ftp.example:21/in/sales_order_")).to_be_visible()
    expect(form.get_by_role("region", name="Document")).to_contain_text("Article;Quantity")


@pytest.mark.large  # test_page_stories.py tells most of it
def test_a_sample_of_what_the_erp_reads_becomes_the_mapping(open_page: Callable[..., Page], site) -> None:
    page = open_page(Role.INTEGRATOR)
    page.goto(f"{site.url}/connectors")
    page.get_by_role("button", name="Add connector").click()
    page.get_by_role("button", name="Begin with a sample").click()
    page.get_by_label("A sample of the ERP's").fill("<html>")
    page.get_by_role("button", name="Begin with it").click()
    expect(page.get_by_role("alert")).to_contain_text("SAMPLE_UNREADABLE")
    page.get_by_label("A sample of the ERP's").fill("Artikel;Menge;Werk\nA-1;2,5;0100\n")
    page.get_by_role("button", name="Begin with it").click()
    form = page.get_by_role("dialog", name="Add Dropzone (CSV file)")
    form.get_by_role("button", name="Test connection").click()
    expect(form.get_by_label("Host", exact=True)).to_be_focused()  # the first that is wrong, in its step
    form.get_by_label("Host", exact=True).fill("erp.example")
    form.get_by_label("Export folder").fill("in")
    _step(form, "Sign in")
    form.get_by_label("User", exact=True).fill("orders")
    form.get_by_role("textbox", name="Password").fill("sesame")
    _step(form, "Map")
    expect(form.get_by_role("status")).to_contain_text("2 of 3 places are known")
    form.get_by_role("button", name="Preview").click()
    expect(form.get_by_role("region", name="Document")).to_contain_text("INT-002;2,5;0100")
    _assert_accessible(page, "a mapping from a sample")
    _press_escape(form)
    page.get_by_role("dialog", name="Discard your changes?").get_by_role("button", name="Discard").click()


@pytest.mark.large  # test_page_stories.py tells most of it
def test_a_connector_is_duplicated_and_both_are_compared(open_page: Callable[..., Page], site) -> None:
    config = {"mode": "sftp", "host": "erp.example", "username": "orders", "password": "sesame", "export_path": "in"}
    with site.client() as client:
        client.post("/connectors", json={"connector_type": "DROPZONE_JSON_V1", "config": config, "name": "Köln"})
    page = open_page(Role.INTEGRATOR)
    page.goto(f"{site.url}/connectors")
    page.get_by_role("button", name="More for Köln").click()
    page.get_by_role("menuitem", name="Duplicate").click()
    form = page.get_by_role("dialog", name="Add Dropzone (JSON file)")
    expect(form.get_by_label("Name", exact=True)).to_have_value("Copy of Köln")
    form.get_by_label("Export folder").fill("out")
    _step(form, "Sign in")
    expect(form.get_by_role("textbox", name="Password")).to_have_value("")
    form.get_by_role("textbox", name="Password").fill("sesame")
    form.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Save untested").click()
    page.get_by_role("button", name="More for Copy of Köln").click()
    page.get_by_role("menuitem", name="Compare").click()
    compared = page.get_by_role("dialog", name="Compare Copy of Köln")
    expect(compared.get_by_role("row")).to_have_count(3)  # the heading, the name, the folder
    expect(compared.get_by_role("row", name="Export folder")).to_contain_text("out")
    _assert_accessible(page, "two connectors compared")


def test_an_integrator_names_the_units_of_an_erp(open_page: Callable[..., Page], site) -> None:
    page = open_page(Role.INTEGRATOR)
    page.goto(f"{site.url}/connectors")
    form = _add(page, "ODOO")
    for label, text in (("Address", "https://odoo.example"), ("Database", "erp")):
        form.get_by_role("textbox", name=label).fill(text)
    _step(form, "Sign in")
    form.get_by_role("textbox", name="API key").fill("sesame")
    _step(form, "Map")
    form.get_by_role("group", name="Units").get_by_role("button", name="Add").click()
    form.get_by_label("Units 1: from").fill("CTN")
    form.get_by_label("Units 1: to").fill("Pack of 6")
    form.get_by_role("button", name="Save").click()
    page.get_by_role("dialog", name="Deliver without a passed test?").get_by_role(
        "button", name="Save untested"
    ).click()
    expect(page.get_by_role("heading", name="Odoo")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Edit Odoo")
    _step(form, "Map")
    expect(form.get_by_label("Units 1: to")).to_have_value("Pack of 6")


def test_the_token_for_answers_is_shown_once_and_what_came_can_be_put_aside(
    open_page: Callable[..., Page], site
) -> None:
    with site.client() as client:
        config = {"url": "https://erp.example/orders"}
        way = client.post("/connectors", json={"connector_type": "REST_JSON", "config": config}).json()["id"]
        page = open_page(Role.INTEGRATOR)
        page.goto(f"{site.url}/connectors")
        page.get_by_role("button", name="Edit").click()
        form = page.get_by_role("dialog", name="Edit REST API")
        _step(form, "Answers")
        expect(form.get_by_text(f"/api/v1/answers/{way}")).to_be_visible()
        form.get_by_role("button", name="Make a token").click()
        token = form.get_by_text(re.compile("^ofa_[0-9a-f]{8}_.{20,}$")).inner_text()
        answer = client.post(f"/answers/{way}", content=b"garbage", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        page.reload()
        page.get_by_role("button", name="Edit").click()
        _step(form, "Answers")
        expect(form.get_by_text(f"{token[:12]}…")).to_be_visible()
        expect(form.get_by_text(token)).to_have_count(0)
        expect(form.get_by_text("unmatched")).to_be_visible(timeout=60_000)
        form.get_by_role("button", name="Put aside").click()
        page.get_by_role("dialog", name="Put it aside?").get_by_role("button", name="Put aside").click()
        expect(form.get_by_text("put aside", exact=True)).to_be_visible()


def test_a_form_works_by_keyboard_and_keeps_what_was_typed(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders/{order_id}")
    expect(page).to_have_title(re.compile(r"PO-1 · OrderFlow Connect$"))
    edit = page.get_by_role("button", name="Edit")
    edit.press("Enter")
    form = page.get_by_role("dialog", name="Edit PO-1")
    expect(form.get_by_label("Quantity")).to_have_value("10")
    for _ in range(30):
        page.keyboard.press("Tab")
        assert form.evaluate("dialog => dialog.contains(document.activeElement)"), "the focus left the dialog"
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(edit).to_be_focused()
    edit.press("Enter")
    form.get_by_label("Notes").fill("Call before delivery")
    _press_escape(form)
    _leave(page.get_by_role("dialog", name="Discard your changes?"))
    expect(form.get_by_label("Notes")).to_have_value("Call before delivery")
    form.get_by_label("Delivery terms").fill("DAP Köln, Incoterms 2020")
    form.get_by_role("button", name="Save").press("Enter")
    for text in ("Call before delivery", "DAP Köln, Incoterms 2020"):
        expect(page.get_by_text(text).first).to_be_visible()  # the timeline says it too


def test_more_of_an_order_is_shown_and_survives_an_edit_of_something_else(open_page: Callable[..., Page], site) -> None:
    order = an_order("PO-1") | {
        "seller": {"name": "Acme GmbH", "gln": "4012345000009"},
        "charges": [{"reason": "Freight", "amount": "12345678901234.5678"}],
    }
    order["lines"][0] |= {"gtin": "4006381333931", "promised_delivery_date": "2031-07-19"}
    with site.client() as client:
        order_id = client.post("/draft-orders", json=order).json()["id"]
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders/{order_id}")
    for text in ("GLN 4012345000009", "GTIN 4006381333931 · Promised for Jul 19, 2031"):
        expect(page.get_by_text(text)).to_be_visible()
    expect(page.get_by_text("Freight 12,345,678,901,234.5678 EUR")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Edit PO-1")
    form.get_by_label("GTIN").fill("4006381333932")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("its check digit would be 1").first).to_be_visible()
    form.get_by_label("GTIN").fill("96385074")
    form.get_by_label("Payment terms").fill("30 days net")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("GTIN 96385074 · Promised for Jul 19, 2031")).to_be_visible()
    with site.client() as client:
        stored = client.get(f"/draft-orders/{order_id}")
    assert stored.json()["seller"] == order["seller"]
    assert stored.json()["payment_terms"] == "30 days net"
    assert '"amount":12345678901234.5678' in stored.text


def test_two_who_edit_the_same_order_choose_field_by_field(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    hers, his = open_page(Role.ADMIN), open_page(Role.OPS)
    for page in (hers, his):
        page.goto(f"{site.url}/orders/{order_id}")
        page.get_by_role("button", name="Edit").click()
    her_form, his_form = (page.get_by_role("dialog", name="Edit PO-1") for page in (hers, his))
    her_form.get_by_label("Quantity").fill("777")
    her_form.get_by_label("Currency").first.fill("USD")
    her_form.get_by_role("button", name="Save").click()
    expect(her_form).to_have_count(0)
    his_form.get_by_label("Notes").fill("Call before delivery")
    his_form.get_by_label("Currency").first.fill("CHF")
    his_form.get_by_role("button", name="Save").click()
    choice = his.get_by_role("dialog", name="Somebody else saved this meanwhile")
    expect(choice.get_by_role("radio", name="Line 1: Quantity: Saved meanwhile")).to_be_checked()
    expect(choice.get_by_role("radio", name="Notes: Yours")).to_be_checked()
    _assert_accessible(his, "the choice between two saves")
    save = choice.get_by_role("button", name="Save what is chosen")
    expect(save).to_be_disabled()  # both changed the currency
    choice.get_by_role("button", name="Back to the form").click()
    expect(his_form.get_by_label("Notes")).to_have_value("Call before delivery")
    his_form.get_by_role("button", name="Save").click()
    choice.get_by_role("radio", name="Currency: Yours").click()
    save.click()
    expect(his_form).to_have_count(0)
    with site.client() as client:
        order = client.get(f"/draft-orders/{order_id}").json()
    assert (order["notes"], order["currency"], order["lines"][0]["qty"]) == ("Call before delivery", "CHF", 777)
    edited = his.get_by_test_id("event").filter(has_text="Line 1: Quantity")
    expect(edited).to_contain_text("10 → 777")


def test_what_is_stale_of_a_connector_or_an_organization_is_asked_for_too(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        mock = client.post("/connectors", json={"connector_type": "MOCK", "config": {"mode": "success"}}).json()["id"]
        page = open_page()
        page.goto(f"{site.url}/connectors")
        page.get_by_role("button", name="Edit").click()
        form = page.get_by_role("dialog", name="Edit Mock")
        _step(form, "Test")
        form.get_by_label("Orders per minute").fill("60")
        client.patch(f"/connectors/{mock}", json={"name": "Theirs"})
        form.get_by_role("button", name="Save").click()
        choice = page.get_by_role("dialog", name="Somebody else saved this meanwhile")
        expect(choice.get_by_role("radio", name="Name: Saved meanwhile")).to_be_checked()
        choice.get_by_role("button", name="Save what is chosen").click()
        expect(form).to_have_count(0)
        saved = client.get(f"/connectors/{mock}").json()
        assert (saved["name"], saved["orders_per_minute"]) == ("Theirs", 60)
        page.goto(f"{site.url}/settings")
        page.get_by_label("Name").fill("Mine")
        client.patch("/organization", json={"name": "Theirs"})
        page.get_by_role("button", name="Save").click()
        choice.get_by_role("radio", name="Name: Yours").click()
        choice.get_by_role("button", name="Save what is chosen").click()
        expect(page.get_by_role("heading", name="Mine")).to_be_visible()
        assert client.get("/organization").json()["name"] == "Mine"


def test_rules_that_are_edited_stay_when_somebody_else_saves(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        mock = client.post("/connectors", json={"connector_type": "MOCK", "config": {"mode": "success"}}).json()["id"]

        def save(*names: str) -> None:
            rules = [{"name": name, "when": {"all": []}, "connection_id": mock} for name in names]
            assert client.put("/routes", json={"rules": rules}).status_code == 200

        save("First")
        page = open_page()
        page.goto(f"{site.url}/routes")
        expect(page.get_by_role("region", name="First")).to_be_visible()
        save("First", "Second")
        expect(page.get_by_role("region", name="Second")).to_be_visible()  # nothing was changed here
        page.get_by_role("button", name="Remove Second").click()
        page.get_by_role("button", name="Edit First").click()
        form = page.get_by_role("dialog", name="Edit First")
        form.get_by_label("Name").fill("Mine")
        save("First", "Second", "Theirs")
        _asked_again(page, "**/api/v1/routes")
        form.get_by_role("button", name="Take over").click()
        expect(page.get_by_role("region", name="Theirs")).to_have_count(0)
        page.get_by_role("button", name="Save the rules").click()
        choice = page.get_by_role("dialog", name="Somebody else saved this meanwhile")
        expect(choice).to_be_visible()
        _asked_again(page, "**/api/v1/routes")
        choice.get_by_role("radio", name="Rules: Yours").click()
        choice.get_by_role("button", name="Save what is chosen").click()
        expect(page.get_by_text("The rules are saved")).to_be_visible()
        assert [rule["name"] for rule in client.get("/routes").json()["rules"]] == ["Mine"]
        expect(page.get_by_role("button", name="Save the rules")).to_be_disabled()


def _asked_again(page: Page, address: str) -> None:
    """Wait until the page has an answer that it asked for since."""
    for _ in range(2):  # one may have been on its way
        with page.expect_response(address):
            pass


def test_what_is_stale_of_an_account_or_of_a_pause_is_asked_for_too(open_page: Callable[..., Page], site) -> None:
    page = open_page()
    choice = page.get_by_role("dialog", name="Somebody else saved this meanwhile")
    save = choice.get_by_role("button", name="Save what is chosen")
    with site.client() as client:
        users = {each["email"]: each["id"] for each in client.get("/users").json()["items"]}
        path = f"/users/{users[site.email(Role.OPS)]}"
        page.goto(f"{site.url}/settings")
        page.get_by_role("tab", name="Users").click()
        row = page.get_by_role("row", name=site.email(Role.OPS))
        row.get_by_role("button", name="Lock out").click()
        client.patch(path, json={"role": "VIEWER"})
        page.get_by_role("dialog").get_by_role("button", name="Lock out").click()
        expect(choice.get_by_role("radio", name="Role of ops@").first).to_be_checked()
        expect(choice.get_by_role("radio", name=f"Account of {site.email(Role.OPS)}: Yours")).to_be_checked()
        _assert_accessible(page, "a stale account")
        save.press("Enter")
        expect(row.get_by_text("locked out")).to_be_visible()
        user = client.get(path).json()
        assert (user["role"], user["active"]) == ("VIEWER", False)
        row.get_by_role("button", name="Let in").click()  # nobody touched it since: no question
        expect(row.get_by_text("locked out")).to_have_count(0)
        page.get_by_role("tab", name="Organization").click()
        page.get_by_role("button", name="Pause deliveries").click()
        client.patch("/organization", json={"name": "Theirs"})  # not what the click is about: no question
        page.get_by_role("dialog").get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Resume deliveries").click()
        page.get_by_role("button", name="Pause deliveries").click()
        client.post("/organization/pause", json={"until": "2099-01-01T00:00:00Z"})
        page.get_by_role("dialog").get_by_role("button", name="Pause").click()
        expect(choice.get_by_role("radio", name="Deliveries: Yours")).not_to_be_checked()
        choice.get_by_role("radio", name="Deliveries: Yours").press("Space")
        save.click()
        expect(choice).to_have_count(0)
        assert client.get("/organization").json()["deliveries_paused_until"] is None


def test_a_confirmation_by_hand_says_so(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        client.post("/connectors", json={"connector_type": "MOCK", "config": {"mode": "success"}})
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
        client.post(f"/draft-orders/{order_id}/approve")
        client.post(f"/draft-orders/{order_id}/push")
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders/{order_id}")
    page.get_by_role("button", name="Confirm by hand").click()  # as soon as it is PUSHED
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Number in the ERP").fill("SO-4711")
    dialog.get_by_role("button", name="Confirm by hand").click()
    by_hand = f"by hand by {site.email(Role.OPS)}"
    expect(page.get_by_test_id("event").filter(has_text=f"Confirmed {by_hand}: SO-4711")).to_be_visible()
    expect(page.get_by_text("Confirmed by the ERP")).to_have_count(0)
    expect(page.get_by_text(f"SO-4711, {by_hand}")).to_be_visible()


@pytest.mark.large  # test_page_stories.py tells most of it
def test_a_table_of_numbers_confirms_orders_and_tells_what_was_refused(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        client.post("/connectors", json={"connector_type": "MOCK", "config": {"mode": "success"}})
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders")
    page.get_by_role("button", name="Confirm by CSV").click()
    table = page.get_by_role("dialog", name="Confirm orders by hand")
    table.get_by_label("Orders and their numbers in the ERP").fill("PO-1;SO-1\nPO-9;SO-9\nPO-3")
    expect(table.get_by_text("line 3")).to_be_visible()
    table.get_by_role("button", name="Confirm 2 orders").click()
    expect(table.get_by_role("alert").last).to_contain_text("Line 2: there is no order PO-9")
    _assert_accessible(page, "confirming by a table")
    table.get_by_role("button", name="Leave these lines out").click()
    table.get_by_role("button", name="Confirm 1 order").click()
    expect(
        page.get_by_role("heading", level=1, name="Confirm by hand")
    ).to_be_visible()  # the job tells what was refused
    expect(page.locator("tbody").get_by_role("link", name="PO-1")).to_have_attribute("href", f"/orders/{order_id}")


def test_an_address_or_a_page_that_is_not_there_is_told(open_page: Callable[..., Page], site) -> None:
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/nowhere/at-all")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.goto(f"{site.url}/activity")
    expect(page.get_by_text("Your role may not see the activity")).to_be_visible()


def test_a_server_that_is_gone_is_told_once_and_what_was_typed_stays(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders/{order_id}")
    page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Notes").fill("Call before delivery")
    page.route("**/api/v1/**", lambda route: route.abort())
    gone = page.get_by_text("OrderFlow does not answer", exact=True)
    expect(gone).to_have_count(1)
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("OrderFlow does not answer")
    page.unroute("**/api/v1/**")
    expect(gone).to_have_count(0)
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Call before delivery").first).to_be_visible()  # the timeline says it too


def test_a_click_before_everything_is_loaded_does_what_it_says(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        for name, config in (("Mock", {"mode": "success"}), ("Odoo", ODOO)):
            client.post("/connectors", json={"connector_type": name.upper(), "name": name, "config": config})
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
        client.post(f"/draft-orders/{order_id}/approve")
    page = open_page()
    with _held_back(page, "**/api/v1/connector-types"):
        page.goto(f"{site.url}/connectors")
        page.get_by_role("button", name="Edit").first.click()
    expect(page.get_by_role("dialog", name="Edit Mock")).to_be_visible()
    with _held_back(page, "**/api/v1/connectors"):
        page.goto(f"{site.url}/orders/{order_id}")
        expect(page.get_by_role("button", name="Push")).to_be_disabled()
    page.get_by_role("button", name="Push").click()
    expect(page.get_by_role("dialog", name="Push to which connector?")).to_be_visible()
    with site.client() as client:
        assert client.get(f"/draft-orders/{order_id}").json()["status"] == "APPROVED"


@contextmanager
def _held_back(page: Page, address: str, *, at_once: bool = False) -> Iterator[None]:
    """What is asked there is answered only afterwards."""
    if not at_once:
        page.goto("about:blank")  # so that nothing that an earlier page asked for is among it
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(address, hold)
    yield
    for route in held:
        route.continue_()
    page.unroute(address)


def test_a_bulk_push_shows_where_the_orders_go_and_asks(open_page: Callable[..., Page], site) -> None:
    mock = {"connector_type": "MOCK", "name": "Germany", "config": {"mode": "success"}}
    with site.client() as client:
        client.post("/connectors", json=mock)
        odoo = {"connector_type": "ODOO", "name": "Turkey", "config": ODOO}
        turkey = client.post("/connectors", json=odoo).json()["id"]
        client.post("/organization/pause")  # so that all stays where it was sent
        ids = [client.post("/draft-orders", json=an_order(f"PO-{number}")).json()["id"] for number in range(5)]
        client.post("/draft-orders/bulk", json={"action": "approve", "ids": ids})
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders")
    page.get_by_label("Select PO-1").check()
    page.get_by_label("Select PO-2").check()
    page.get_by_role("button", name="Push 2").press("Enter")
    dialog = page.get_by_role("dialog", name="Push: where the orders go")
    expect(dialog.get_by_role("listitem")).to_have_text("2 to Germany")
    _choose(page, dialog, "Turkey")
    expect(dialog.get_by_role("listitem")).to_have_text("2 to Turkey")
    _assert_accessible(page, "where the orders go")
    dialog.get_by_role("button", name="Push 2 orders").press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("tbody").get_by_text("PUSHING", exact=True)).to_have_count(2)
    page.get_by_role("button", name="All found").click()
    page.get_by_role("menuitem", name="Push all that are APPROVED").click()
    dialog.get_by_role("button", name="Push 3 orders").click()
    expect(page.locator("tbody").get_by_text("PUSHING", exact=True)).to_have_count(5)
    with site.client() as client:
        sent = [each["connection_id"] for each in client.get("/exports").json()["items"]]
    assert (len(sent), sent.count(turkey)) == (5, 2)


def test_rules_are_set_up_and_tried_with_the_keyboard_alone(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        for name in ("Köln", "Izmir"):
            client.post("/connectors", json={"connector_type": "MOCK", "name": name, "config": {"mode": "success"}})
        turkish = an_order("PO-TR") | {"ship_to": {"country": "tr"}}
        client.post("/draft-orders", json=turkish)
        client.post("/draft-orders", json=an_order("PO-DE"))
    page = open_page(Role.INTEGRATOR)
    page.goto(f"{site.url}/routes")
    keyboard = page.keyboard
    add = page.get_by_role("button", name="Add a rule")
    expect(add).to_be_enabled()
    add.press("Enter")
    form = page.get_by_role("dialog", name="Add a rule")
    form.get_by_label("Name").press_sequentially("Turkey")
    form.get_by_role("button", name="Add a condition").press("Enter")
    form.get_by_label("Condition 1: value").press_sequentially("TR")
    _pick(page, form.get_by_role("textbox", name="Goes to"), "Izmir")
    _assert_accessible(page, "a rule's form")
    form.get_by_role("button", name="Take over").press("Enter")
    expect(page.get_by_role("region", name="Turkey")).to_contain_text("ship_to.country is TR → Izmir")
    page.get_by_role("textbox", name="Order").press_sequentially("PO-TR")
    keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("PO-TR goes to Izmir, by the rule “Turkey”")
    expect(page.get_by_role("status")).to_contain_text("✓ ship_to.country is: it is “tr”")
    page.get_by_role("button", name="Save the rules").press("Enter")
    expect(page.get_by_text("The rules are saved")).to_be_visible()
    expect(page.get_by_role("status")).to_have_count(0)  # what was tried before they were saved is gone
    page.get_by_role("textbox", name="Order").fill("PO-DE")
    keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("PO-DE goes to Köln, by default: no rule is for it")
    expect(page.get_by_text("The rules are saved")).to_have_count(0)
    _assert_accessible(page, "rules")
    with site.client() as client:
        (rule,) = client.get("/routes").json()["rules"]
    assert rule["when"] == {"all": [{"field": "ship_to.country", "operator": "=", "value": "TR"}]}


def test_an_order_is_put_on_hold_and_released_with_the_keyboard_alone(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders/{order_id}")
    page.get_by_role("button", name="Hold", exact=True).press("Enter")
    reason = page.get_by_role("dialog").get_by_label("Reason, which everybody sees")
    expect(reason).to_be_focused()
    page.keyboard.type("The address is being checked")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert", name="On hold")).to_contain_text("The address is being checked")
    expect(page.get_by_test_id("event").filter(has_text="Put on hold")).to_contain_text("The address is being checked")
    page.goto(f"{site.url}/orders?on_hold=true")
    expect(page.get_by_role("row").filter(has_text="PO-1")).to_contain_text("The address is being checked")
    page.goto(f"{site.url}/orders/{order_id}")
    page.get_by_role("button", name="Release", exact=True).press("Enter")
    expect(page.get_by_test_id("event").filter(has_text="Hold released")).to_be_visible()
    expect(page.get_by_role("alert", name="On hold")).to_have_count(0)


def test_many_orders_are_put_on_hold_and_released_with_the_keyboard_alone(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        for number in range(4):
            client.post("/draft-orders", json=an_order(f"PO-{number}"))
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders")
    page.get_by_label("Select PO-1").press("Space")
    page.get_by_label("Select PO-2").press("Space")
    page.get_by_role("button", name="Hold 2").press("Enter")
    dialog = page.get_by_role("dialog", name="Put 2 orders on hold?")
    expect(dialog.get_by_label("Reason, which everybody sees")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()  # a reason is needed
    page.keyboard.type("Stock count")
    _assert_accessible(page, "hold many")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()  # which gives the focus back
    expect(page.get_by_text("Done for 2 orders")).to_be_visible()
    expect(page.locator("tbody").get_by_text("Stock count")).to_have_count(2)
    _act_on_all(page, "Hold all that are not sent")
    dialog = page.get_by_role("dialog", name="Put 4 orders on hold?")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("Carrier on strike")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("tbody").get_by_text("Carrier on strike")).to_have_count(4)
    page.get_by_label("Select PO-1").press("Space")
    page.get_by_role("button", name="Release 1").press("Enter")
    expect(page.locator("tbody").get_by_text("Carrier on strike")).to_have_count(3)
    expect(page.get_by_text("Done for 1 order")).to_be_visible()
    _act_on_all(page, "Release all that are on hold")
    page.get_by_role("dialog", name="Release 3 orders?").get_by_role("button", name="Release 3 orders").press("Enter")
    expect(page.locator("tbody").get_by_text("Carrier on strike")).to_have_count(0)


def test_all_found_are_those_that_the_list_shows(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        ready = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
        review = client.post("/draft-orders", json=an_order("PO-2") | {"currency": None}).json()["id"]
        page = open_page(Role.OPS)
        page.goto(f"{site.url}/orders?status=NEEDS_REVIEW")
        _act_on_all(page, "Approve all that are READY")
        expect(page.get_by_text("There is no order for “Approve”.")).to_be_visible()
        _act_on_all(page, "Reject all that were not pushed")
        page.get_by_role("dialog", name="Reject 1 order?").get_by_role("button", name="Reject").click()
        expect(page.get_by_text("No order fits these filters")).to_be_visible()
        states = [client.get(f"/draft-orders/{one}").json()["status"] for one in (ready, review)]
    assert states == ["READY", "REJECTED"]


def _act_on_all(page: Page, what: str) -> None:
    menu = page.get_by_role("button", name="All found")
    expect(menu).to_be_enabled()  # it is not while another action goes on
    menu.press("Enter")
    page.get_by_role("menuitem", name=what).press("Enter")


def test_opening_hours_are_set_up_with_the_keyboard_alone(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        mock = {"connector_type": "MOCK", "name": "Köln", "config": {"mode": "success"}}
        client.post("/connectors", json=mock)
        order_id = client.post("/draft-orders", json=an_order("PO-LATE")).json()["id"]
        client.post(f"/draft-orders/{order_id}/approve")
    page = open_page(Role.ADMIN)
    page.goto(f"{site.url}/connectors")
    page.get_by_role("button", name="Opening hours").press("Enter")
    form = page.get_by_role("dialog", name="Opening hours of Köln")
    form.get_by_label("Open at all hours").press("Space")
    zone = form.get_by_label("Time zone")
    zone.press("ControlOrMeta+a")
    zone.press_sequentially("Asia/Kathmandu")
    page.keyboard.press("Escape")  # the list of what begins so
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        form.get_by_label(day).press("ControlOrMeta+a")
        form.get_by_label(day).press("Delete")
    form.get_by_label("Sunday").press_sequentially("17:00-09:00")
    expect(form.get_by_text("hours that pass midnight are written 17:00-09:00+1")).to_be_visible()
    form.get_by_label("Sunday").press("ControlOrMeta+a")
    form.get_by_label("Sunday").press_sequentially("00:00-00:01")
    days = form.get_by_role("table", name="The next days")
    expect(days.get_by_role("row")).to_have_count(14)
    expect(days.get_by_text(re.compile("00:00.00:01"))).to_have_count(2)
    expect(form.get_by_text("Closed now until Sun")).to_be_visible()
    _assert_accessible(page, "opening hours")
    form.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("The hours are saved")).to_be_visible()
    card = page.get_by_role("region", name="Köln")
    expect(card.get_by_text("Opening hours: closed until")).to_be_visible()
    page.goto(f"{site.url}/orders/{order_id}")
    push = page.get_by_role("button", name="Push", exact=True)
    expect(push).to_be_enabled()
    push.press("Enter")
    expect(page.get_by_text("The connector is closed (opening hours) until").first).to_be_visible()
    page.goto(f"{site.url}/orders")
    expect(page.get_by_role("row", name="PO-LATE").get_by_text("(opening hours)")).to_be_visible()


def test_a_push_is_asked_for_later_with_the_keyboard_alone(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        mock = {"connector_type": "MOCK", "name": "Köln", "config": {"mode": "success"}}
        client.post("/connectors", json=mock)
        order_id = client.post("/draft-orders", json=an_order("PO-LATE")).json()["id"]
        client.post(f"/draft-orders/{order_id}/approve")
    page = open_page()
    page.goto(f"{site.url}/orders/{order_id}")
    page.get_by_role("button", name="Later…").press("Enter")
    dialog = page.get_by_role("dialog", name="Push: when?")
    later = datetime.now().astimezone() + timedelta(days=7)
    moment = dialog.get_by_label("Deliver not before")
    moment.fill(f"{later:%Y-%m-%dT%H:%M}")
    _assert_accessible(page, "a push for later")
    moment.press("Enter")
    dialog.get_by_role("button", name="Push 1 order").press("Enter")
    expect(page.get_by_text("Is not to go out before").first).to_be_visible()
    with site.client() as client:
        shown = client.get(f"/draft-orders/{order_id}").json()
    assert shown["waits_for"] == "NOT_BEFORE"
    assert abs(datetime.fromisoformat(shown["waits_until"]) - later) < timedelta(minutes=1)


def _pick(page: Page, field: Locator, option: str) -> None:
    """Choose an option of a searchable field by keyboard."""
    field.press_sequentially(option)
    page.get_by_role("option", name=option).wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def _choose(page: Page, dialog: Locator, option: str) -> None:
    """Choose a connector by keyboard."""
    dialog.get_by_role("textbox", name="Connector").press("Enter")
    wanted = page.get_by_role("option", name=option)
    wanted.wait_for()
    while wanted.get_attribute("data-combobox-selected") is None:  # a busy list may not hear the first press
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def test_a_connector_is_healthy_only_once_something_proved_it(open_page: Callable[..., Page], site) -> None:
    mock = {"connector_type": "MOCK", "name": "Mock", "config": {"mode": "unavailable"}, "status": "DISABLED"}
    with site.client() as client:
        path = f"/connectors/{client.post('/connectors', json=mock).json()['id']}"
        page = open_page(Role.INTEGRATOR)
        page.goto(f"{site.url}/connectors")
        card = page.get_by_role("region", name="Mock")
        card.get_by_role("button", name="Enable").click()
        dialog = page.get_by_role("dialog", name="Enable Mock all the same?")
        expect(dialog).to_contain_text("The mock ERP is down.")
        dialog.get_by_role("button", name="Enable untested").click()
        expect(card.get_by_text("Test failed", exact=True)).to_be_visible()
        client.patch(path, json={"config": {"mode": "success"}})
        expect(card.get_by_text("Untested", exact=True)).to_be_visible()
        card.get_by_role("button", name="Test connection").click()
        expect(card.get_by_text("Healthy", exact=True)).to_be_visible()
        expect(card.get_by_text(re.compile("^test passed"))).to_be_visible()


def test_a_connector_whose_erp_is_busy_rests_and_says_until_when(open_page: Callable[..., Page], site) -> None:
    with MisbehavingHTTPServer() as server, site.client() as client:
        server.misbehave(*[status(429, "slow down", Retry_After="1800")] * 9)
        config = {"url": f"{server.url}/orders", "plain_http": True}
        client.post("/connectors", json={"connector_type": "REST_JSON", "name": "Busy", "config": config})
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
        client.post(f"/draft-orders/{order_id}/approve")
        client.post(f"/draft-orders/{order_id}/push")
        page = open_page(Role.INTEGRATOR)
        page.goto(f"{site.url}/connectors")
        card = page.get_by_role("region", name="Busy")
        expect(card.get_by_text("Resting", exact=True)).to_be_visible()
        expect(card.get_by_text("the ERP is busy, goes on in")).to_be_visible()
        _assert_accessible(page, "a connector that rests")
        page.goto(f"{site.url}/orders/{order_id}")
        expect(
            page.get_by_role("alert").filter(has_text="The ERP is busy; nothing is sent to it until")
        ).to_be_visible()


def an_order_in_doubt(client: Client) -> str:
    """Push an order to an ERP of which nobody can tell whether it has it."""
    client.post("/connectors", json={"connector_type": "MOCK", "config": {"mode": "in_doubt"}})
    order_id: str = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    client.post(f"/draft-orders/{order_id}/approve")
    client.post(f"/draft-orders/{order_id}/push")
    return order_id


def test_an_order_in_doubt_shows_the_ways_out(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        order_id = an_order_in_doubt(client)
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders/{order_id}")
    doubt = page.get_by_role("alert").filter(has_text="nobody can tell whether the ERP has this order")
    expect(doubt).to_contain_text("if the ERP has it after all, the order is there twice")
    _assert_accessible(page, "an order in doubt")
    doubt.get_by_role("button", name="The ERP has it").click()
    page.get_by_role("dialog").get_by_role("button", name="It is there").click()
    expect(doubt).to_have_count(0)
    expect(page.get_by_role("main").get_by_text("PUSHED", exact=True)).to_be_visible()


def test_a_doubt_that_is_another_by_now_is_not_decided_by_a_look_at_the_former(
    open_page: Callable[..., Page], site
) -> None:
    with site.client() as client:
        order_id = an_order_in_doubt(client)
        page = open_page(Role.OPS)
        page.goto(f"{site.url}/orders/{order_id}")
        doubt = page.get_by_role("alert").filter(has_text="nobody can tell whether the ERP has this order")
        there = doubt.get_by_role("button", name="The ERP has it")
        expect(there).to_be_visible()
        delivery = client.get(f"/draft-orders/{order_id}").json()["latest_export"]
        somebody_else = {"as": "send_again", "perhaps_sent_at": delivery["perhaps_sent_at"]}
        client.post(f"/exports/{delivery['id']}/resolve", json=somebody_else)
    expect(doubt.get_by_role("status")).to_contain_text("Look into the ERP once more")
    expect(there).to_have_count(0)
    _assert_accessible(page, "an order that is in doubt anew")
    doubt.get_by_role("button", name="I have looked once more").click()
    there.click()
    page.get_by_role("dialog").get_by_role("button", name="It is there").click()
    expect(page.get_by_role("main").get_by_text("PUSHED", exact=True)).to_be_visible()


def test_secrets_that_are_wanted_again_are_told_at_their_fields(open_page: Callable[..., Page], site) -> None:
    config = {"mode": "sftp", "host": "erp.example", "username": "orders", "password": "sesame", "export_path": "in"}
    with site.client() as client:
        client.post("/connectors", json={"connector_type": "DROPZONE_JSON_V1", "config": config, "name": "ERP"})
    page = open_page(Role.INTEGRATOR)
    page.goto(f"{site.url}/connectors")
    page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Edit ERP")
    form.get_by_label("Host", exact=True).fill("other.example")
    form.get_by_role("button", name="Save").click()
    password = form.get_by_role("textbox", name="Password")
    expect(password).to_have_accessible_description(re.compile("must be entered again"))
    password.fill("sesame")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)


def test_back_leads_to_the_page_of_the_list_that_one_came_from(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        lines = "\n".join(json.dumps(an_order(f"PO-{n}")) for n in range(120))
        client.post("/draft-orders/import", content=lines)
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders?q=PO-")
    older = page.get_by_role("button", name="Older")
    with _held_back(page, "**/draft-orders?*cursor=*", at_once=True):
        older.press("Enter")
        expect(page.get_by_text("Page 2")).to_be_visible()
        expect(older, "it would lead on from the page that still stands there").to_be_disabled()
    expect(older).to_be_enabled()
    older.press("Enter")
    expect(page.get_by_text("Page 3")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(20)
    page.locator("tbody a").first.click()
    expect(page.get_by_role("button", name="Edit")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Page 3")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Newer").press("Enter")
    expect(page.get_by_text("Page 2")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Page 3")).to_be_visible()
    page.get_by_role("textbox", name="Search").fill("PO-7")
    expect(page.get_by_text("Page 3")).to_have_count(0)
    expect(page.locator("tbody tr")).to_have_count(11)


def test_the_search_box_says_what_is_searched_for(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        for number in ("PO-1", "PO-2"):
            client.post("/draft-orders", json=an_order(number))
        client.post("/saved-views", json={"page": "orders", "name": "Second", "query": "q=PO-2", "shared": True})
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders")
    search, rows = page.get_by_role("textbox", name="Search"), page.locator("tbody tr")
    search.press_sequentially("PO-1 ")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=PO-1$"))
    expect(search).to_have_value("PO-1 ")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="All orders").click()
    expect(rows).to_have_count(2)
    expect(search).to_have_value("")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Second").click()
    expect(search).to_have_value("PO-2")
    page.go_back()
    expect(search).to_have_value("")
    search.press_sequentially("PO-1")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("PO-1")


def test_of_the_next_order_nothing_is_shown_before_it_is_there(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        ids = [client.post("/draft-orders", json=an_order(number)).json()["id"] for number in ("PO-1", "PO-2")]
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders?sort=number")
    page.locator("tbody a").first.click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("PO-1")
    with _held_back(page, f"**/draft-orders/{ids[1]}", at_once=True):
        page.keyboard.press("j")
        expect(page).to_have_url(re.compile(ids[1]))
        expect(heading).to_have_count(0)
        page.keyboard.press("e")
        expect(page.get_by_role("dialog")).to_have_count(0)
    expect(heading).to_have_text("PO-2")
    page.keyboard.press("e")
    expect(page.get_by_role("dialog", name="Edit PO-2")).to_be_visible()
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_a_list_is_sorted_kept_downloaded_and_walked_with_the_keyboard_alone(
    open_page: Callable[..., Page], site
) -> None:
    with site.client() as client:
        for number in ("PO-2", "PO-1", "PO-3"):
            client.post("/draft-orders", json=an_order(number))
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(page.get_by_role("status").get_by_text("3 orders")).to_be_visible()
    page.get_by_role("button", name="Order", exact=True).press("Enter")
    expect(rows.first).to_contain_text("PO-1")
    expect(page).to_have_url(re.compile("sort=number"))
    page.get_by_role("button", name="Views").press("Enter")
    page.get_by_role("menuitem", name="Keep this view").press("Enter")
    dialog = page.get_by_role("dialog", name="Keep this view")
    dialog.get_by_label("Name").fill("By number")
    dialog.get_by_label("Name").press("Enter")
    expect(page.get_by_role("button", name="By number", exact=True)).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download as CSV").press("Enter")
    assert [line.split(",")[0] for line in Path(saved.value.path()).read_text("utf-8-sig").splitlines()] == [
        "external_order_number",
        "PO-1",
        "PO-2",
        "PO-3",
    ]
    page.get_by_role("button", name="Columns").press("Enter")
    page.get_by_role("checkbox", name="Source").press("Space")
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Source")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Source")).to_have_count(0)
    _assert_accessible(page, "a list with all that can be done with it")
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.get_by_label("Search").blur()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="PO-2")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="PO-3")).to_be_visible()
    expect(page.get_by_role("button", name="Next order")).to_be_disabled()
    page.keyboard.press("e")
    _leave(page.get_by_role("dialog", name="Edit PO-3"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys").get_by_text("Search in this list")).to_be_visible()
    _leave(page.get_by_role("dialog", name="Keys"))
    page.get_by_role("link", name="Orders", exact=True).last.press("Enter")
    expect(page).to_have_url(re.compile("sort=number"))
    rows.nth(2).get_by_text("Came in", exact=False).or_(rows.nth(2).locator("td").last).first.click()
    expect(page.get_by_role("heading", name="PO-3")).to_be_visible()


def test_an_import_leads_to_the_orders_that_are_here_already(open_page: Callable[..., Page], site, tmp_path) -> None:
    with site.client() as client:
        first = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders")
    file = tmp_path / "orders.jsonl"
    orders = [an_order("PO-1"), an_order("PO-1") | {"notes": "something else"}, an_order("PO-2")]
    file.write_text("\n".join(map(json.dumps, orders)))
    page.get_by_role("button", name="Import").press("Enter")
    dialog = page.get_by_role("dialog", name="Import")
    page.locator("input[type=file]").set_input_files(file)
    expect(dialog.get_by_text("1 order came in")).to_be_visible()
    expect(dialog).to_contain_text("1 order is here already and the same: not made again.")
    expect(dialog.get_by_role("listitem").first).to_contain_text("Line 2: Order PO-1 of customer")
    expect(dialog.get_by_role("link", name="The order of line 1")).to_be_visible()
    dialog.get_by_role("link", name="The order of line 2").press("Enter")
    expect(page).to_have_url(f"{site.url}/orders/{first}")


def test_an_import_may_revise_what_is_here(open_page: Callable[..., Page], site, tmp_path) -> None:
    with site.client() as client:
        first = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders")
    file = tmp_path / "orders.jsonl"
    file.write_text(json.dumps(an_order("PO-1") | {"notes": "something else"}))
    page.get_by_role("button", name="Import").press("Enter")
    dialog = page.get_by_role("dialog", name="Import")
    _assert_accessible(page, "an import")
    expect(dialog.get_by_label("Refuse it")).to_be_checked()
    dialog.get_by_label("Revise the order that is here").press("Space")
    page.locator("input[type=file]").set_input_files(file)
    expect(dialog).to_contain_text("1 order was here already and says now what the file says.")
    with site.client() as client:
        assert client.get(f"/draft-orders/{first}").json()["notes"] == "something else"


@pytest.mark.parametrize("lines", [2_000, pytest.param(1_000_000, marks=pytest.mark.large)])
def test_a_long_file_of_something_else_that_is_dropped_ends_early_and_says_so(
    open_page: Callable[..., Page], site, lines: int
) -> None:
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders")
    page.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog", name="Import")
    dropped = page.evaluate_handle(DROPPED, lines)
    page.route("**/draft-orders/import**", lambda route: route.abort())
    dialog.get_by_text("Or drop it here").dispatch_event("drop", {"dataTransfer": dropped})
    expect(dialog.get_by_role("alert")).to_contain_text("OrderFlow does not answer")
    expect(dialog.get_by_role("alert")).to_contain_text("Import the file again")
    page.unroute("**/draft-orders/import**")
    dialog.get_by_text("Or drop it here").dispatch_event("drop", {"dataTransfer": dropped})
    expect(dialog.get_by_text("0 orders came in")).to_be_visible()
    expect(dialog.get_by_role("alert").filter(has_text="The rest of the file was not read")).to_contain_text(
        "lines were refused, so the import ended here"
    )
    expect(dialog.get_by_role("listitem")).to_have_count(51)  # the first ones, and how many more
    _assert_accessible(page, "an import that ended early")


def test_two_bulk_jobs_at_once_do_each_order_once_and_tell_each_what_they_did(
    open_page: Callable[..., Page], site
) -> None:
    with site.client() as client:
        for number in range(3):
            client.post("/draft-orders", json=an_order(f"PO-{number}"))
        pages = [open_page(Role.ADMIN), open_page(Role.OPS)]
        for page in pages:
            page.goto(f"{site.url}/orders")
            page.get_by_label("Select all on this page").check()
        with ExitStack() as together:
            for page in pages:
                together.enter_context(_held_back(page, "**/api/v1/bulk-jobs", at_once=True))
                page.get_by_role("button", name="Approve 3").click()
        for page in pages:
            done = page.get_by_text("Done for 3 orders")
            expect(done.or_(page.get_by_role("heading", level=1, name="Approve"))).to_be_visible()
        jobs = [client.get(f"/bulk-jobs/{job['id']}").json() for job in client.get("/bulk-jobs").json()["items"]]
        assert sum(job["done"] for job in jobs) == 3
        assert len(client.get("/draft-orders?status=APPROVED").json()["items"]) == 3
    told = {page.url.rpartition("/")[2]: page for page in pages}
    for job in jobs:
        for reason in job["reasons"]:
            expect(told[job["id"]].get_by_text(reason["message"]).first).to_be_visible()


@pytest.mark.large  # test_page_stories.py tells most of it
def test_a_group_of_failures_is_mended_in_three_clicks_with_the_keyboard_alone(
    open_page: Callable[..., Page], site
) -> None:
    refuses = {"mode": "rejected"}
    with site.client() as client:
        way = client.post("/connectors", json={"connector_type": "MOCK", "name": "Köln", "config": refuses}).json()
        ids = [client.post("/draft-orders", json=an_order(f"PO-{number}")).json()["id"] for number in range(3)]
        client.post("/bulk-jobs", json={"action": "approve", "ids": ids})
        client.post("/bulk-jobs", json={"action": "push", "ids": ids})
        wait_until(lambda: len(client.get("/draft-orders?status=ERROR").json()["items"]) == 3)
        client.patch(f"/connectors/{way['id']}", json={"config": {"mode": "success"}})
    page = open_page(Role.OPS)
    page.goto(site.url)
    needs = page.get_by_role("region", name="Needs you")
    expect(needs.get_by_text("3 orders failed")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(1\) Overview"))
    needs.get_by_role("button", name="More: 3 orders failed").press("Enter")
    page.get_by_role("menuitem", name="I take care of it").press("Enter")
    expect(needs.get_by_text("ops@")).to_be_visible()
    needs.get_by_role("button", name="More: 3 orders failed").press("Enter")
    page.get_by_role("menuitem", name="Put off for an hour").press("Enter")
    expect(needs.get_by_text("Nothing needs you now.")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^Overview"))
    needs.get_by_role("button", name="Show what is put off").press("Enter")
    _assert_accessible(page, "what needs somebody")
    page.get_by_role("button", name=re.compile("Retry all")).press("Enter")
    dialog = page.get_by_role("dialog", name=re.compile("Retry all in ERROR"))
    expect(dialog.get_by_role("listitem")).to_have_text("3 to Köln")
    dialog.get_by_role("button", name="Retry 3 orders").press("Enter")
    expect(page.get_by_text("Done for 3 orders")).to_be_visible()
    with site.client() as client:
        wait_until(lambda: len(client.get("/draft-orders?status=PUSHED").json()["items"]) == 3)
    expect(needs.get_by_text("3 orders failed")).not_to_be_visible()


@pytest.mark.large  # test_page_stories.py tells most of it
def test_a_failed_order_is_corrected_and_sent_again_in_one_step(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        way = client.post("/connectors", json={"connector_type": "MOCK", "config": {"mode": "rejected"}}).json()
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
        for step in ("approve", "push"):
            client.post(f"/draft-orders/{order_id}/{step}")
        wait_until(lambda: client.get("/draft-orders?status=ERROR").json()["items"])
        client.patch(f"/connectors/{way['id']}", json={"config": {"mode": "success"}})
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders/{order_id}")
    expect(page.get_by_role("button", name="Retry", exact=True)).to_be_enabled()
    page.keyboard.press("e")
    form = page.get_by_role("dialog", name="Edit PO-1")
    expect(form.get_by_role("alert", name="The mock ERP refuses this")).to_be_visible()
    form.get_by_label("Quantity").fill("12")
    _assert_accessible(page, "a correction")
    form.get_by_role("button", name="Save and send again").press("Enter")
    expect(page.get_by_text("PO-1 is on its way again")).to_be_visible()
    with site.client() as client:
        wait_until(lambda: client.get(f"/draft-orders/{order_id}").json()["status"] == "PUSHED")
        assert client.get(f"/draft-orders/{order_id}").json()["lines"][0]["qty"] == 12


def test_what_was_refused_of_many_is_told_order_by_order_also_after_a_reload(
    open_page: Callable[..., Page], site
) -> None:
    with site.client() as client:
        ids = [client.post("/draft-orders", json=an_order(f"PO-{number}")).json()["id"] for number in range(3)]
        client.post("/bulk-jobs", json={"action": "approve", "ids": ids})
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders")
    page.get_by_role("button", name="All found").press("Enter")
    page.get_by_role("menuitem", name="Withdraw all that wait").press("Enter")
    expect(page.get_by_text("There is no order for “Withdraw”.")).to_be_visible()
    with site.client() as client:
        refused = client.post("/bulk-jobs", json={"action": "push", "ids": ids}).json()
    page.goto(f"{site.url}/jobs")
    page.get_by_role("link", name="Push", exact=True).press("Enter")
    expect(page).to_have_url(f"{site.url}/jobs/{refused['id']}")
    expect(page.get_by_role("progressbar", name="Push")).to_have_attribute("aria-valuenow", "100")
    expect(page.get_by_text("No active ERP connector configured").first).to_be_visible()
    page.get_by_role("link", name="3 orders refused: NO_ACTIVE_CONNECTION").press("Enter")
    page.reload()
    expect(page.locator("tbody").get_by_text("REFUSED", exact=True)).to_have_count(3)
    expect(page.get_by_role("link", name="PO-0")).to_be_visible()
    _assert_accessible(page, "a bulk job")


def test_the_focus_goes_along_to_another_page(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        client.post("/draft-orders", json=an_order("PO-1"))
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders")
    page.get_by_role("link", name="PO-1").press("Enter")
    expect(page.get_by_role("heading", name="PO-1", level=1)).to_be_focused()


def test_a_pasted_answer_shows_what_it_would_mean(open_page: Callable[..., Page], site) -> None:
    page = open_page(Role.INTEGRATOR)
    page.goto(f"{site.url}/connectors")
    form = _add(page, "REST_JSON")
    form.get_by_label(re.compile("^URL")).fill("https://erp.example/orders")
    _step(form, "Answers")
    trial = form.get_by_role("group", name="Try an answer")
    trial.get_by_label("Answer's status").fill("429")
    trial.get_by_role("button", name="What would it mean?").click()
    expect(trial.get_by_role("status")).to_contain_text("The ERP is busy")
    trial.get_by_label("Answer's status").fill("201")
    trial.get_by_label("Answer's body").fill("taken, thank you")
    trial.get_by_role("button", name="What would it mean?").click()
    expect(trial.get_by_role("status")).not_to_contain_text("The ERP is busy")
    _assert_accessible(page, "trying an answer")


def test_an_answer_that_cannot_be_read_is_news(open_page: Callable[..., Page], site, tmp_path: Path) -> None:
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders/{_answered_unreadably(site, tmp_path)}")
    banner = page.get_by_role("alert").filter(has_text="answer to this order cannot be read")
    expect(banner.get_by_role("region", name="What the answer says")).to_contain_text("thank you")
    _assert_accessible(page, "an answer that cannot be read")
    page.goto(f"{site.url}/orders")
    page.get_by_role("button", name="More filters").click()
    page.get_by_label("Answer unreadable").click()
    expect(page.get_by_label("Answer unreadable")).to_be_checked()
    expect(page.get_by_role("row", name="PO-1").get_by_text("Answer unreadable")).to_be_visible()
    page.goto(f"{site.url}/connectors")
    page.get_by_text("1 answer cannot be read").wait_for()
    page.get_by_role("link", name="Show the order").click()
    page.get_by_role("link", name="PO-1").click()
    banner.get_by_role("button", name="Confirm by hand").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Number in the ERP").fill("SO-1")
    dialog.get_by_role("button", name="Confirm by hand").click()
    expect(page.get_by_role("main").get_by_text("CONFIRMED", exact=True)).to_be_visible()
    expect(banner).to_have_count(0)


def test_what_the_erp_confirmed_otherwise_is_marked_until_it_is_accepted(
    open_page: Callable[..., Page], site, tmp_path: Path
) -> None:
    lines = [{"line_no": 1, "status": "changed", "qty": 8, "unit_price": "1.2300001", "message": "Only whole reels."}]
    order_id = _answered(site, tmp_path, {"status": "ACKED", "answer_version": 2, "lines": lines})
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders?differs=true")
    row = page.get_by_role("row", name="PO-1")
    expect(row.get_by_text("Differs", exact=True)).to_be_visible()
    row.get_by_role("link", name="PO-1").click()
    alert = page.get_by_role("alert").filter(has_text="confirmed this order in part")
    expect(alert.get_by_role("listitem")).to_have_text(
        [
            "Line 1, quantity: 10 was ordered, 8 confirmed.",
            "Line 1, unit price: 1.23 was ordered, 1.2300001 confirmed.",
        ]
    )
    line = page.get_by_role("row").filter(has_text="INT-999")
    expect(line.get_by_role("cell").nth(2)).to_have_text("10 M")
    expect(line.locator("mark")).to_have_text(["Differs: 8 M", "Differs: 1.2300001 EUR"])
    expect(line.get_by_text("Only whole reels.")).to_be_visible()
    _assert_accessible(page, "differences")
    alert.get_by_role("button", name="Accept the differences").click()
    expect(alert).to_have_count(0)
    expect(page.get_by_role("main").get_by_text("Differences accepted", exact=True).first).to_be_visible()
    expect(line.locator("mark")).to_have_count(2)
    with site.client() as client:
        assert client.get(f"/draft-orders/{order_id}").json()["confirmed"]["accepted_by"]


def test_an_unreadable_answer_is_read_again_once_it_is_mended(
    open_page: Callable[..., Page], site, tmp_path: Path
) -> None:
    page = open_page(Role.OPS)
    page.goto(f"{site.url}/orders/{_answered_unreadably(site, tmp_path)}")
    banner = page.get_by_role("alert").filter(has_text="answer to this order cannot be read")
    again = banner.get_by_role("button", name="Read again")
    again.press("Enter")
    expect(banner.get_by_role("status")).to_contain_text("It still cannot be read")
    _assert_accessible(page, "an answer that was read again")
    (away,) = (tmp_path / "out" / "error").glob("ack_*.json")
    mended = away.with_suffix(".mended")
    away.rename(mended)
    again.press("Enter")
    expect(banner.get_by_role("alert")).to_contain_text("neither where answers come nor where it was put away")
    mended.write_text(json.dumps({"status": "ACKED", "erp_order_id": "SO-7", "processed_at": "2026-01-05T10:00:00Z"}))
    mended.rename(away)
    again.press("Enter")
    expect(page.get_by_text("The ERP confirmed it as SO-7.")).to_be_visible()
    expect(banner).to_have_count(0)
    expect(page.get_by_role("main").get_by_text("CONFIRMED", exact=True)).to_be_visible()


def _answered_unreadably(site: Any, folder: Path) -> str:
    """Push an order whose ERP answers what nobody can read; returns its id."""
    return _answered(site, folder, "OK, thank you for PO-1!", "unreadable_answer")


def _answered(site: Any, folder: Path, answer: Any, shows: str = "confirmed") -> str:
    """Push an order, have its ERP answer, and wait until that shows on the order; returns its id."""
    folders = [folder / name for name in ("in", "out")]
    for each in folders:
        each.mkdir()
    config = {"mode": "filesystem", "export_path": str(folders[0]), "ack_path": str(folders[1])}
    with site.client() as client:
        client.post("/connectors", json={"connector_type": "DROPZONE_JSON_V1", "config": config, "name": "ERP"})
        order_id: str = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
        client.post(f"/draft-orders/{order_id}/approve")
        client.post(f"/draft-orders/{order_id}/push")
        (sent,) = wait_until(lambda: list(folders[0].glob("*.json")))
        staged = folder / sent.name
        staged.write_text(answer if isinstance(answer, str) else json.dumps(answer))
        staged.rename(folders[1] / f"ack_{sent.name}")
        wait_until(lambda: client.get(f"/draft-orders/{order_id}").json()[shows])
    return order_id


def test_a_viewer_is_offered_nothing_that_changes_anything(open_page: Callable[..., Page], site) -> None:
    mock = {"connector_type": "MOCK", "config": {"mode": "rejected"}, "name": "Mock"}
    with site.client() as client:
        assert client.post("/connectors", json=mock).status_code == 201
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
    page = open_page(Role.VIEWER)
    expect(page.get_by_role("link", name="Activity")).to_have_count(0)
    for path in ("/orders", f"/orders/{order_id}", "/connectors", "/deliveries", "/settings"):
        page.goto(site.url + path)
        _is_loaded(page)
        expect(page.get_by_role("main").get_by_role("checkbox")).to_have_count(0)
        offered = page.get_by_role("main").get_by_role("button").all_inner_texts()
        assert not {"Import", "Approve", "Edit", "Reject", "Test connection", "Disable", "Delete", "Add connector"} & {
            *offered
        }, path


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.large)])
def test_no_page_has_a_serious_accessibility_fault(
    open_page: Callable[..., Page], site, erp: SFTPServer, tmp_path: Path, scheme: str
) -> None:
    config = {"mode": "sftp", "host": erp.host, "port": erp.port, "username": "orderflow", "password": erp.password}
    with site.client() as client:
        client.post(
            "/connectors", json={"connector_type": "DROPZONE_JSON_V1", "config": config | {"export_path": "in"}}
        )
        client.post("/connectors", json={"connector_type": "MOCK", "config": {"mode": "rejected"}, "name": "Mock"})
        mock = next(each for each in client.get("/connectors").json()["items"] if each["name"] == "Mock")
        orders = [client.post("/draft-orders", json=an_order(f"PO-{n}")).json()["id"] for n in range(3)]
        client.post("/draft-orders", json={"external_order_number": "PO-9"})
        client.post("/draft-orders/bulk", json={"action": "approve", "ids": orders[:2]})
        client.post(f"/draft-orders/{orders[0]}/push", json={"connection_id": mock["id"]})
        _push_what_is_never_answered(client, orders[2], tmp_path)
    page = open_page(color_scheme=scheme)
    page.goto(f"{site.url}/deliveries?view=overdue")
    expect(page.get_by_text("No answer since")).to_be_visible()
    for path in (*PATHS, f"/orders/{orders[0]}", f"/orders/{orders[1]}"):
        page.goto(site.url + path)
        _is_loaded(page)
        _assert_accessible(page, path)
    for path, *buttons in DIALOGS:
        page.goto(site.url + path.format(refused=orders[0], approved=orders[1]))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        for name in buttons:
            found = page.get_by_role("button", name=name).or_(page.get_by_role("tab", name=name))
            found.or_(page.get_by_role("menuitem", name=name)).first.click()
        opened = page.get_by_role("dialog").or_(page.get_by_role("tabpanel")).or_(page.get_by_role("menu"))
        expect(opened.first).to_be_visible()
        _is_loaded(page)
        _assert_accessible(page, f"{path} {buttons}")


def _push_what_is_never_answered(client: Client, order_id: str, folder: Path) -> None:
    """So that something is overdue."""
    config = {
        "mode": "filesystem",
        "export_path": str(folder),
        "columns": [{"name": "sku", "field": "line.internal_sku"}],
    }
    csv = {"connector_type": "DROPZONE_CSV_V1", "config": config, "answer_within": 1}
    connection_id = client.post("/connectors", json=csv).json()["id"]
    client.post(f"/draft-orders/{order_id}/approve")
    client.post(f"/draft-orders/{order_id}/push", json={"connection_id": connection_id})


def _leave(dialog: Locator) -> None:
    """Leave a dialog by its key, as soon as it hears it, and wait until the page's own keys count again."""
    _press_escape(dialog)
    expect(dialog).to_have_count(0)


def _press_escape(dialog: Locator) -> None:
    """Press the key once the dialog has the focus: it is seen before it hears any, on a busy machine a while before."""
    expect(dialog).to_be_visible()
    wait_until(lambda: dialog.evaluate("dialog => dialog.contains(document.activeElement)"))
    dialog.page.keyboard.press("Escape")


def _is_loaded(page: Page) -> None:
    """Wait until the page knows who looks at it and nothing on it is a placeholder: it asks on, so it is never idle."""
    expect(page.get_by_role("button", name=re.compile("^Account: .+@"))).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def _assert_accessible(page: Page, where: str) -> None:
    page.evaluate(AT_REST)
    page.evaluate((FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    serious = [
        f"{fault['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]
    assert not serious, f"{where}:\n" + "\n".join(serious)


def test_the_first_load_is_small_and_kept(open_page: Callable[..., Page], site) -> None:
    with site.client() as client:
        client.post("/connectors", json={"connector_type": "MOCK", "config": {"mode": "success"}})
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
        client.post(f"/draft-orders/{order_id}/approve")
        client.post(f"/draft-orders/{order_id}/push")
    page = open_page()
    expect(page.get_by_role("img", name="Confirmed: ")).to_be_visible()
    _is_loaded(page)
    script = "performance.getEntriesByType('resource').filter(e => e.name.endsWith('.js')).map(e => e.transferSize)"
    sizes = page.evaluate(script)
    assert 0 < sum(sizes) < MOST_SCRIPT
    asset = page.locator("script[type=module]").first.get_attribute("src")
    assert asset
    with Client(base_url=site.url) as client:
        assert "immutable" in client.get(asset).headers["cache-control"]
        start = client.get("/orders/anything", headers={"Accept": "text/html"})
        assert start.headers["cache-control"] == "no-cache"
        assert (
            "script-src" in start.headers["content-security-policy"]
            or "default-src 'self'" in start.headers["content-security-policy"]
        )
        assert client.get("/nowhere").status_code == 404


@pytest.mark.parametrize("orders", [10_000, pytest.param(100_000, marks=pytest.mark.large)])
def test_very_many_orders_cost_a_phone_no_more_than_a_page_of_them(
    open_page: Callable[..., Page], site, orders: int
) -> None:
    with site.client() as client:
        lines = "\n".join(json.dumps(an_order(f"PO-{n}")) for n in range(orders))
        assert client.post("/draft-orders/import", content=lines).headers["x-orders-accepted"] == str(orders)
    page = open_page(Role.OPS, viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True)
    lists: list[Response] = []
    page.on("response", lambda answer: lists.append(answer) if _is_list(answer) else None)
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("link", name="Orders", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_text("Page 2")).to_be_visible()
    page.get_by_role("textbox", name="Search").fill(f"PO-{orders - 1}")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert len({answer.url for answer in lists}) == 3, "each view asks for one list"
    assert max(len(answer.body()) for answer in lists) < MOST_LIST
    page.get_by_role("textbox", name="Search").fill("")
    expect(page.locator("tbody tr")).to_have_count(50)
    assert page.evaluate("document.getElementsByTagName('*').length") < MOST_ELEMENTS
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "the page scrolls sideways"


def _is_list(answer: Response) -> bool:
    return "/draft-orders?" in answer.url and "limit=50" in answer.url


def test_what_the_api_refuses_is_told_in_its_words(open_page: Callable[..., Page], site) -> None:
    page = open_page()

    def refuse(route: Route) -> None:
        details = {"reason": "DISK_FULL", "hint": "Free some space."}
        error = {"code": "CONFLICT", "message": "The disk is full.", "details": details, "request_id": "r-1"}
        route.fulfill(status=409, json={"error": error})

    page.route("**/api/v1/draft-orders?**", refuse)
    page.get_by_role("link", name="Orders", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The disk is full.")
    expect(alert).to_contain_text("Free some space.")
    expect(alert).to_contain_text("r-1")


def test_a_webhook_is_made_tried_and_watched(open_page: Callable[..., Page], site, canaries) -> None:
    with MisbehavingHTTPServer(routes={"POST /hooks": lambda _: (204, {}, b"")}) as shop:
        page = open_page()
        page.goto(f"{site.url}/settings")
        page.get_by_role("tab", name="Webhooks").click()
        page.get_by_role("button", name="New webhook").click()
        page.get_by_label("Address").fill(f"{shop.url}/hooks")
        page.get_by_label("Name").fill("Shop")
        with canaries.look_away():
            page.get_by_role("button", name="Make webhook").click()
            expect(page.get_by_text("it is not shown again")).to_be_visible()
        _leave(page.get_by_role("dialog", name="New webhook"))
        expect(page.get_by_text(f"{shop.url}/hooks")).to_be_visible()
        page.get_by_role("button", name="More for Shop").click()
        page.get_by_role("menuitem", name="Send a test").click()
        expect(page.get_by_text("It answered with")).to_be_visible()
        page.get_by_role("button", name="Log").click()
        expect(page.get_by_text("Nothing was sent yet.")).to_be_visible()
