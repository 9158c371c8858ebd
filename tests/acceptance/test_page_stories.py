"""Two stories in a browser: the morning of whoever looks after orders, and the hour in which an ERP is connected.

Each on a desk in the light, and on a phone in the dark.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from orderflow.domain.access import Role
from orderflow.testing.sftp_server import SFTPServer
from tests.acceptance.test_page import _assert_accessible, _step, _until, an_order

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.large]
LOOKS = [
    pytest.param({"color_scheme": "light", "viewport": {"width": 1280, "height": 860}}, id="desk"),
    pytest.param({"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}, id="phone"),
]
SAMPLE = "Bestellnummer;Datum;Kundennummer;Artikel;Menge;Preis;Lager\r\nPO-1;24.12.2025;4711;A-1;2,5;1,20;WEST\r\n"


def _go(page: Page, name: str) -> None:
    """Open a page by the navigation, which a phone has in a menu."""
    menu = page.get_by_role("button", name="Open menu")
    if menu.is_visible():
        menu.click()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=re.compile(f"^{name}")).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_the_operators_morning(open_page: Callable[..., Page], site: Any, look: dict[str, Any]) -> None:  # noqa: PLR0915  # a story is told in one go
    with site.client() as client:
        refuses = {"connector_type": "MOCK", "name": "Köln", "config": {"mode": "rejected"}}
        way = client.post("/connectors", json=refuses).json()["id"]
        ids = [client.post("/draft-orders", json=an_order(f"PO-{n}")).json()["id"] for n in range(1, 5)]
        client.post("/draft-orders", json=an_order("PO-9") | {"currency": None})
        client.post("/bulk-jobs", json={"action": "approve", "ids": ids})
        client.post("/bulk-jobs", json={"action": "push", "ids": ids})
        _until(lambda: len(client.get("/draft-orders?status=ERROR").json()["items"]) == 4)
        client.patch(f"/connectors/{way}", json={"config": {"mode": "success"}})
    page = open_page(Role.OPS, **look)
    # What needs me stands first, with why.
    needs = page.get_by_role("region", name="Needs you")
    expect(needs.get_by_text("4 orders failed")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(2\) Overview"))
    # I take it, so that nobody else does.
    needs.get_by_role("button", name="More: 4 orders failed").click()
    page.get_by_role("menuitem", name="I take care of it").click()
    expect(needs.get_by_text("ops@")).to_be_visible()
    _assert_accessible(page, "the morning's overview")
    # One of them I look at first: the reason stands on top.
    _go(page, "Orders")
    page.get_by_role("link", name="PO-1", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="PO-1")).to_be_visible()
    expect(page.get_by_role("button", name="Copy the order's id")).to_be_visible()
    # It is corrected and sent again in one step.
    page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Edit PO-1")
    form.get_by_label("Notes").fill("By telephone: as agreed")
    form.get_by_role("button", name="Save and send again").click()
    expect(page.get_by_text("PUSHED", exact=True).first).to_be_visible()
    # The others go again at once, from where they are told.
    _go(page, "Overview")
    needs.get_by_role("button", name="Retry all 3").click()
    page.get_by_role("button", name="Retry 3 orders").click()
    expect(needs.get_by_text("orders failed")).to_have_count(0)
    # The job says order by order what became of them.
    _go(page, "Bulk jobs")
    page.get_by_role("link", name=re.compile("^Retry")).first.click()
    expect(page.get_by_role("heading", level=1, name=re.compile("^Retry"))).to_be_visible()
    expect(page.get_by_role("progressbar", name=re.compile("^Retry"))).to_be_visible()
    expect(page.locator("tbody").get_by_role("link")).to_have_count(3)
    # This ERP never answers: its people gave me a table of numbers.
    _go(page, "Orders")
    page.get_by_role("button", name="Confirm by CSV").click()
    table = page.get_by_role("dialog", name="Confirm orders by hand")
    table.get_by_label("Orders and their numbers in the ERP").fill("PO-1;SO-1\nPO-2;SO-2\nPO-3;SO-3\nPO-77;SO-77")
    table.get_by_role("button", name="Confirm 4 orders").click()
    expect(table.get_by_role("alert")).to_contain_text("Line 4: there is no order PO-77")
    _assert_accessible(page, "a table of numbers")
    table.get_by_role("button", name="Leave these lines out").click()
    table.get_by_role("button", name="Confirm 3 orders").click()
    expect(page.get_by_text("Done for 3 orders")).to_be_visible()
    # The list says so, and that it was by hand.
    expect(page.locator("tbody").get_by_text("CONFIRMED", exact=True)).to_have_count(3)
    page.get_by_role("link", name="PO-2", exact=True).click()
    expect(page.get_by_text("Confirmed by hand by ops@").first).to_be_visible()
    # How the last days went, and why.
    _go(page, "Analytics")
    expect(page.get_by_role("row", name=re.compile("Köln"))).to_be_visible()
    _assert_accessible(page, "analytics")
    page.get_by_role("textbox", name="By").click()
    page.get_by_role("option", name="Reason").click()
    expect(page.get_by_role("link", name="MOCK_REJECTED")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    assert "MOCK_REJECTED" in saved.value.path().read_text("utf-8-sig")
    # Nothing that failed is left: what lacks a currency waits for somebody who knows it.
    _go(page, "Overview")
    expect(needs.get_by_text("1 order lacks something")).to_be_visible()
    expect(needs.get_by_text("failed")).to_have_count(0)


@pytest.fixture
def erp(tmp_path: Path) -> Any:
    """An ERP behind SFTP."""
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    with SFTPServer(tmp_path, password="right") as server:
        yield server


@pytest.mark.parametrize("look", LOOKS)
def test_the_integrators_hour(  # noqa: PLR0915  # as above
    open_page: Callable[..., Page], site: Any, erp: SFTPServer, tmp_path: Path, look: dict[str, Any]
) -> None:
    page = open_page(Role.ADMIN, **look)
    page.get_by_role("link", name="Set up a connector").click()
    page.get_by_role("button", name="Add connector").click()
    _assert_accessible(page, "how to begin")
    # What I have is a file as the ERP reads it.
    page.get_by_role("button", name="Begin with a sample").click()
    page.get_by_label("A sample of the ERP's").fill(SAMPLE)
    page.get_by_role("button", name="Begin with it").click()
    form = page.get_by_role("dialog", name="Add Dropzone (CSV file)")
    # Reach.
    form.get_by_label("Name", exact=True).fill("ERP in Hamburg")
    form.get_by_role("button", name="Test connection").click()
    expect(form.get_by_label("Host", exact=True)).to_be_focused()
    form.get_by_label("Host", exact=True).fill(erp.host)
    form.get_by_label("Port", exact=True).fill(str(erp.port))
    form.get_by_label("Export folder").fill("/in")
    form.get_by_label("Answer folder").fill("/out")
    _assert_accessible(page, "reach")
    form.get_by_role("button", name="Next: Sign in").click()
    # Sign in; the first try is wrong, and says so.
    form.get_by_label("User", exact=True).fill(erp.username)
    form.get_by_role("textbox", name="Password").fill("wrong")
    form.get_by_role("button", name="Test connection").click()
    expect(form.get_by_text(erp.fingerprint)).to_be_visible()
    form.get_by_role("button", name="accept this key").click()
    expect(form.get_by_role("alert")).to_contain_text("refused the login")
    _step(form, "Sign in")
    form.get_by_role("textbox", name="Password").fill("right")
    form.get_by_role("button", name="Test connection").click()
    expect(form.get_by_text("The test passed")).to_be_visible()
    # Map: what was understood of the sample, and what it makes of an order.
    _step(form, "Map")
    expect(form.get_by_role("status").first).to_contain_text("6 of 7 places are known")
    form.get_by_role("button", name="Preview").click()
    expect(form.get_by_role("region", name="Document")).to_contain_text("PO-12345;01.12.2025;4711;INT-002;2,5")
    _assert_accessible(page, "map")
    # The guide stands beside it, or says why it does not.
    form.get_by_text("Guide", exact=True).click()
    guide = form.get_by_role("region", name="Guide").or_(form.get_by_text("The docs are not part of this installation"))
    expect(guide).to_be_visible()
    # Answers and pace, then it is saved, and healthy since its test passed.
    _step(form, "Answers")
    form.get_by_label("The ERP answers within").fill("60")
    _step(form, "Test")
    form.get_by_label("Orders per minute").fill("600")
    form.get_by_role("button", name="Save").click()
    card = page.get_by_role("region", name="ERP in Hamburg")
    expect(card.get_by_text("Healthy")).to_be_visible()
    # A second one like it, for another folder.
    _duplicate(page, card)
    # An order goes out, and is there as the sample has it.
    with site.client() as client:
        first = next(one["id"] for one in client.get("/connectors").json()["items"] if one["name"] == "ERP in Hamburg")
        order_id = client.post("/draft-orders", json=an_order("PO-1")).json()["id"]
        client.post(f"/draft-orders/{order_id}/approve")
        client.post(f"/draft-orders/{order_id}/push", json={"connection_id": first})
    page.goto(f"{site.url}/orders/{order_id}")
    expect(page.get_by_text("Delivered to the ERP")).to_be_visible()
    (file,) = (tmp_path / "in").glob("*.csv")
    assert file.read_text("utf-8").splitlines() == [SAMPLE.splitlines()[0], "PO-1;05.01.2026;4711;INT-999;10;1,23;WEST"]
    page.get_by_role("button", name="Document").click()
    expect(page.get_by_role("region", name="Document")).to_contain_text("INT-999;10;1,23;WEST")
    _assert_accessible(page, "the document")


def _duplicate(page: Page, card: Locator) -> None:
    card.get_by_role("button", name="More for ERP in Hamburg").click()
    page.get_by_role("menuitem", name="Duplicate").click()
    form = page.get_by_role("dialog", name="Add Dropzone (CSV file)")
    form.get_by_label("Name", exact=True).fill("ERP in Bremen")
    _step(form, "Sign in")
    form.get_by_role("textbox", name="Password").fill("right")
    form.get_by_role("button", name="Test connection").click()
    expect(form.get_by_text("The test passed")).to_be_visible()
    form.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="More for ERP in Bremen").click()
    page.get_by_role("menuitem", name="Compare").click()
    compared = page.get_by_role("dialog", name="Compare ERP in Bremen")
    expect(compared.get_by_role("row")).to_have_count(2)  # the heading, and the name
    _assert_accessible(page, "two connectors compared")
    compared.get_by_role("button", name="Close").click()
