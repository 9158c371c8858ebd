"""Two stories in a browser: the morning of whoever looks after orders, and the hour in which an ERP is connected.

Each on a desk and on a phone, in English and in German, in the light and in the dark, and by keyboard alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from orderflow.domain.access import Role
from orderflow.testing.sftp_server import SFTPServer
from tests.acceptance.reader import Reader
from tests.acceptance.test_page import _assert_accessible, an_order
from tests.waiting import wait_until

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]
DESK = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
QUICK = ("phone", "de", "dark")
"""What `make test` walks, since most other tests of the page are in English, on a desk in the light."""
WAYS = [
    pytest.param(
        (DESK if device == "desk" else PHONE) | {"color_scheme": scheme},
        Reader(language),
        id=f"{device}-{language}-{scheme}",
        marks=[pytest.mark.large] if (device, language, scheme) != QUICK else [],
    )
    for device, language, scheme in product(("desk", "phone"), ("en", "de"), ("light", "dark"))
]
WAYS.append(pytest.param(DESK, Reader("de", by_keyboard=True), id="desk-de-keyboard", marks=pytest.mark.large))
NO_DOCS = re.compile("The docs are not part|Das Handbuch ist nicht Teil")
FAILED = re.compile("failed|gescheitert")
SAMPLE = "Bestellnummer;Datum;Kundennummer;Artikel;Menge;Preis;Lager\r\nPO-1;24.12.2025;4711;A-1;2,5;1,20;WEST\r\n"


def _go(me: Reader, page: Page, name: str) -> None:
    """Open a page by the navigation, which a phone has in a menu."""
    menu = page.get_by_role("button", name=me.say("Open menu"))
    if menu.is_visible():
        me.press(menu)
    me.press(
        page.get_by_role("navigation", name=me.say("Pages")).get_by_role("link", name=re.compile(f"^{me.say(name)}"))
    )
    expect(page.get_by_role("heading", level=1, name=me.say(name))).to_be_visible()


def _assert_readable(page: Page, where: str) -> None:
    """Nothing keeps anybody from reading it, and nothing of it lies beside the screen."""
    _assert_accessible(page, where)
    wide, screen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= screen, f"{where}: the page scrolls sideways"


@pytest.mark.parametrize(("look", "me"), WAYS)
def test_the_operators_morning(  # noqa: PLR0915  # a story is told in one go
    open_page: Callable[..., Page], site: Any, look: dict[str, Any], me: Reader
) -> None:
    with site.client() as client:
        refuses = {"connector_type": "MOCK", "name": "Köln", "config": {"mode": "rejected"}}
        way = client.post("/connectors", json=refuses).json()["id"]
        ids = [client.post("/draft-orders", json=an_order(f"PO-{n}")).json()["id"] for n in range(1, 5)]
        client.post("/draft-orders", json=an_order("PO-9") | {"currency": None})
        client.post("/bulk-jobs", json={"action": "approve", "ids": ids})
        client.post("/bulk-jobs", json={"action": "push", "ids": ids})
        wait_until(lambda: len(client.get("/draft-orders?status=ERROR").json()["items"]) == 4)
        client.patch(f"/connectors/{way}", json={"config": {"mode": "success"}})
    page = open_page(Role.OPS, **look)
    me.settle(page)
    # What needs me stands first, with why.
    needs = page.get_by_role("region", name=me.say("Needs you"))
    expect(needs.get_by_text(me.say("4 orders failed"))).to_be_visible()
    expect(page).to_have_title(re.compile(rf"^\(2\) {me.say('Overview')}"))
    # I take it, so that nobody else does.
    me.press(needs.get_by_role("button", name=me.say("More: 4 orders failed")))
    me.press(page.get_by_role("menuitem", name=me.say("I take care of it")))
    expect(needs.get_by_text("ops@")).to_be_visible()
    _assert_readable(page, "the morning's overview")
    # One of them I look at first: the reason stands on top.
    _go(me, page, "Orders")
    me.press(page.get_by_role("link", name="PO-1", exact=True))
    expect(page.get_by_role("heading", level=1, name="PO-1")).to_be_visible()
    expect(page.get_by_role("button", name=me.say("Copy the order's id"))).to_be_visible()
    # It is corrected and sent again in one step.
    me.press(page.get_by_role("button", name=me.say("Edit")))
    form = page.get_by_role("dialog", name=me.say("Edit PO-1"))
    me.write(form.get_by_label(me.say("Notes")), "By telephone: as agreed")
    me.press(form.get_by_role("button", name=me.say("Save and send again")))
    expect(page.get_by_text("PUSHED", exact=True).first).to_be_visible()
    # The others go again at once, from where they are told.
    _go(me, page, "Overview")
    me.press(needs.get_by_role("button", name=me.say("Retry all 3")))
    me.press(page.get_by_role("button", name=me.say("Retry 3 orders")))
    expect(needs.get_by_text(FAILED)).to_have_count(0)
    # The job says order by order what became of them.
    _go(me, page, "Bulk jobs")
    me.press(page.get_by_role("link", name=re.compile(f"^{me.say('Retry')}")).first)
    expect(page.get_by_role("heading", level=1, name=re.compile(f"^{me.say('Retry')}"))).to_be_visible()
    expect(page.get_by_role("progressbar", name=re.compile(f"^{me.say('Retry')}"))).to_be_visible()
    expect(page.locator("tbody").get_by_role("link")).to_have_count(3)
    # This ERP never answers: its people gave me a table of numbers.
    _go(me, page, "Orders")
    me.press(page.get_by_role("button", name=me.say("Confirm by CSV")))
    table = page.get_by_role("dialog", name=me.say("Confirm orders by hand"))
    me.write(
        table.get_by_label(me.say("Orders and their numbers in the ERP")),
        "PO-1;SO-1\nPO-2;SO-2\nPO-3;SO-3\nPO-77;SO-77",
    )
    me.press(table.get_by_role("button", name=me.say("Confirm 4 orders")))
    expect(table.get_by_role("alert")).to_contain_text(f"4: {me.say('there is no order PO-77')}")
    _assert_readable(page, "a table of numbers")
    me.press(table.get_by_role("button", name=me.say("Leave these lines out")))
    me.press(table.get_by_role("button", name=me.say("Confirm 3 orders")))
    expect(page.get_by_text(me.say("Done for 3 orders")).last).to_be_visible()
    # The list says so, and that it was by hand.
    expect(page.locator("tbody").get_by_text("CONFIRMED", exact=True)).to_have_count(3)
    me.press(page.get_by_role("link", name="PO-2", exact=True))
    expect(page.get_by_text(me.say("Confirmed by hand by ops@")).first).to_be_visible()
    # How the last days went, and why.
    _go(me, page, "Analytics")
    expect(page.get_by_role("row", name=re.compile("Köln"))).to_be_visible()
    over_time = me.say("Success, times and reasons of {called}").replace("{called}", "Köln")
    me.press(page.get_by_role("button", name=over_time))
    expect(page.get_by_role("link", name="MOCK_REJECTED")).to_be_visible()
    _assert_readable(page, "analytics")
    me.press(page.get_by_role("textbox", name=me.say("By")))
    me.press(page.get_by_role("option", name=me.say("Reason")))
    expect(page.get_by_role("link", name="MOCK_REJECTED")).to_be_visible()
    with page.expect_download() as saved:
        me.press(page.get_by_role("button", name=me.say("CSV over time")))
    assert "MOCK_REJECTED" in saved.value.path().read_text("utf-8-sig")
    # Nothing that failed is left: what lacks a currency waits for somebody who knows it.
    _go(me, page, "Overview")
    expect(needs.get_by_text(me.say("1 order lacks something"))).to_be_visible()
    expect(needs.get_by_text(FAILED)).to_have_count(0)


@pytest.fixture
def erp(tmp_path: Path) -> Any:
    """An ERP behind SFTP."""
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    with SFTPServer(tmp_path, password="right") as server:
        yield server


@pytest.mark.parametrize(("look", "me"), WAYS)
def test_the_integrators_hour(  # noqa: PLR0915  # as above
    open_page: Callable[..., Page], site: Any, erp: SFTPServer, tmp_path: Path, look: dict[str, Any], me: Reader
) -> None:
    page = open_page(Role.ADMIN, **look)
    me.settle(page)
    me.press(page.get_by_role("link", name=me.say("Set up a connector")))
    me.press(page.get_by_role("button", name=me.say("Add connector")))
    _assert_readable(page, "how to begin")
    # What I have is a file as the ERP reads it.
    me.press(page.get_by_role("button", name=me.say("Begin with a sample of what the ERP reads")))
    me.write(page.get_by_label(me.say("A sample of the ERP's")), SAMPLE)
    me.press(page.get_by_role("button", name=me.say("Begin with it")))
    form = page.get_by_role("dialog", name=me.say("Add Dropzone (CSV file)"))
    # Reach.
    me.write(form.get_by_label(me.say("Name"), exact=True), "ERP in Hamburg")
    me.press(form.get_by_role("button", name=me.say("Test connection")))
    expect(form.get_by_label(me.say("Host"), exact=True)).to_be_focused()
    me.write(form.get_by_label(me.say("Host"), exact=True), erp.host)
    me.write(form.get_by_label(me.say("Port"), exact=True), str(erp.port))
    me.write(form.get_by_label(me.say("Export folder")), "/in")
    me.write(form.get_by_label(me.say("Answer folder")), "/out")
    _assert_readable(page, "reach")
    me.press(form.get_by_role("button", name=me.say("Next: Sign in")))
    # Sign in; the first try is wrong, and says so.
    me.write(form.get_by_label(me.say("User"), exact=True), erp.username)
    me.write(form.get_by_role("textbox", name=me.say("Password")), "wrong")
    me.press(form.get_by_role("button", name=me.say("Test connection")))
    expect(form.get_by_text(erp.fingerprint)).to_be_visible()
    me.press(form.get_by_role("button", name=me.say("It is the same: accept this key")))
    expect(form.get_by_role("alert")).to_contain_text(re.compile("refused the login|hat die Anmeldung"))
    _step(me, form, "Sign in")
    me.write(form.get_by_role("textbox", name=me.say("Password")), "right")
    me.press(form.get_by_role("button", name=me.say("Test connection")))
    expect(form.get_by_text(me.say("The test passed"))).to_be_visible()
    # Map: what was understood of the sample, and what it makes of an order.
    _step(me, form, "Map")
    expect(form.get_by_role("status").first).to_contain_text(re.compile("6 (of|von) 7"))
    me.press(form.get_by_role("button", name=me.say("Preview")))
    expect(form.get_by_role("region", name=me.say("Document"))).to_contain_text("PO-12345;01.12.2025;4711;INT-002;2,5")
    _assert_readable(page, "map")
    # The guide stands beside it, or says why it does not.
    me.choose(form.get_by_role("radiogroup", name=me.say("Beside the form")), me.say("Guide"))
    guide = form.get_by_role("region", name=me.say("Guide")).or_(form.get_by_text(NO_DOCS))
    expect(guide).to_be_visible()
    # Answers and pace, then it is saved, and healthy since its test passed.
    _step(me, form, "Answers")
    me.write(form.get_by_label(me.say("The ERP answers within")), "60")
    _step(me, form, "Test")
    me.write(form.get_by_label(me.say("Orders per minute")), "600")
    me.press(form.get_by_role("button", name=me.say("Save")))
    card = page.get_by_role("region", name="ERP in Hamburg")
    expect(card.get_by_text(me.say("Healthy"))).to_be_visible()
    # A second one like it, for another folder.
    _duplicate(me, page, card)
    # An order goes out, and is there as the sample has it.
    with site.client() as client:
        first = next(one["id"] for one in client.get("/connectors").json()["items"] if one["name"] == "ERP in Hamburg")
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
        client.post(f"/draft-orders/{order_id}/approve")
        client.post(f"/draft-orders/{order_id}/push", json={"connection_id": first})
    page.goto(f"{site.url}/orders/{order_id}")
    expect(page.get_by_text(me.say("Delivered to the ERP"))).to_be_visible()
    (file,) = (tmp_path / "in").glob("*.csv")
    assert file.read_text("utf-8").splitlines() == [SAMPLE.splitlines()[0], "PO-1;05.01.2026;4711;INT-999;10;1,23;WEST"]
    me.press(page.get_by_role("button", name=me.say("Document")))
    expect(page.get_by_role("region", name=me.say("Document"))).to_contain_text("INT-999;10;1,23;WEST")
    _assert_readable(page, "the document")
    me.press(page.get_by_role("dialog").get_by_role("button", name=me.say("Close")))
    # Which the connector's card tells.
    _go(me, page, "Connectors")
    expect(page.get_by_role("region", name="ERP in Hamburg").get_by_text(me.say("Last delivery"))).to_be_visible()


def _step(me: Reader, form: Locator, name: str) -> None:
    steps = form.get_by_role("navigation", name=me.say("Steps"))
    me.press(steps.get_by_role("button", name=me.say(name)))


def _duplicate(me: Reader, page: Page, card: Locator) -> None:
    me.press(card.get_by_role("button", name=me.say("More for ERP in Hamburg")))
    me.press(page.get_by_role("menuitem", name=me.say("Duplicate")))
    form = page.get_by_role("dialog", name=me.say("Add Dropzone (CSV file)"))
    me.write(form.get_by_label(me.say("Name"), exact=True), "ERP in Bremen")
    _step(me, form, "Sign in")
    me.write(form.get_by_role("textbox", name=me.say("Password")), "right")
    me.press(form.get_by_role("button", name=me.say("Test connection")))
    expect(form.get_by_text(me.say("The test passed"))).to_be_visible()
    me.press(form.get_by_role("button", name=me.say("Save")))
    me.press(page.get_by_role("button", name=me.say("More for ERP in Bremen")))
    me.press(page.get_by_role("menuitem", name=me.say("Compare")))
    compared = page.get_by_role("dialog", name=me.say("Compare ERP in Bremen"))
    expect(compared.get_by_role("row")).to_have_count(2)  # the heading, and the name
    _assert_readable(page, "two connectors compared")
    me.press(compared.get_by_role("button", name=me.say("Close")))
