"""Lists of orders: sorted, summed up, as CSV, and kept under a name."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.entrypoints.api.app import ROUTERS
from orderflow.entrypoints.api.routing import BASE, ApiRoute
from orderflow.storage.views import order_lists
from tests.integration.entrypoints.api.conftest import Tenant
from tests.integration.entrypoints.api.test_deliveries import ORDER

LINE = {"line_no": 1, "internal_sku": "INT-9", "qty": 2, "uom": "M", "unit_price": 1.25}


@pytest.fixture
def orders(acme: Tenant) -> list[str]:
    """Four, the oldest first: of two currencies, one without a price, one without a date or a customer's name."""
    bodies: list[dict[str, Any]] = [
        {"external_order_number": "B", "customer": {"erp_customer_number": "1", "name": "Zeta"}},
        {"external_order_number": "A", "customer": {"erp_customer_number": "2", "name": "Alpha"}, "currency": "USD"},
        {
            "external_order_number": "C",
            "customer": {"erp_customer_number": "3"},
            "lines": [LINE | {"unit_price": None}],
        },
        {"external_order_number": "=1+1", "customer": {"erp_customer_number": "4", "name": "Beta"}},
    ]
    dates = ["2031-03-01", "2031-01-01", None, "2031-02-01"]
    made = []
    for body, date in zip(bodies, dates, strict=True):
        order = ORDER | {"currency": "EUR", "lines": [LINE], "requested_delivery_date": date} | body
        answer = acme.call("POST", "/draft-orders", json=order)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    return made


def numbers(acme: Tenant, **query: Any) -> list[str]:
    """All of a list, page by page."""
    found, cursor = [], None
    while True:
        given = query | {"limit": 3} | ({"cursor": cursor} if cursor else {})
        answer = acme.call("GET", "/draft-orders", Role.VIEWER, params=given)
        assert answer.status_code == 200, answer.text
        found += [one["external_order_number"] for one in answer.json()["items"]]
        if (cursor := answer.json()["next_cursor"]) is None:
            return found


@pytest.mark.parametrize(
    ("sort", "wanted"),
    [
        ("-created_at", ["=1+1", "C", "A", "B"]),
        ("created_at", ["B", "A", "C", "=1+1"]),
        ("-number", ["C", "B", "A", "=1+1"]),
        ("wanted", ["A", "=1+1", "B", "C"]),
        ("-wanted", ["C", "B", "=1+1", "A"]),
        ("customer", ["C", "A", "=1+1", "B"]),
    ],
)
def test_pages_follow_each_other_in_every_order(acme: Tenant, orders: list[str], sort: str, wanted: list[str]) -> None:
    assert numbers(acme, sort=sort) == wanted


def test_a_sorted_list_is_narrowed_and_searched_and_knows_its_own_cursors(acme: Tenant, orders: list[str]) -> None:
    assert numbers(acme, sort="number", q="eta") == ["=1+1", "B"]
    acme.call("POST", f"/draft-orders/{orders[0]}/reject")
    assert numbers(acme, sort="number", status="REJECTED") == ["B"]
    cursor = acme.call("GET", "/draft-orders", params={"sort": "number", "limit": 1}).json()["next_cursor"]
    refused = acme.call("GET", "/draft-orders", params={"sort": "-number", "cursor": cursor})
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["fields"][0]["field"] == "cursor"


FIRST, LAST = (
    f"""UPDATE draft_order SET external_order_number = '{name}', customer_name = '{name}',
        requested_delivery_date = '{day}', updated_at = now() {since} interval '1 hour' WHERE id = :id"""
    for name, day, since in (("", "2001-01-01", "-"), ("\U0001d7d9" * 200, "2099-01-01", "+"))
)
"""What brings an order to one end of every list, or to the other."""


@pytest.mark.parametrize("becomes", [FIRST, LAST, "DELETE FROM draft_order WHERE id = :id"])
@pytest.mark.parametrize("sort", order_lists.OrderSort)
def test_what_becomes_of_a_pages_last_order_neither_skips_nor_repeats_others(
    acme: Tenant, app: App, orders: list[str], sort: str, becomes: str
) -> None:
    def page(**query: Any) -> tuple[list[str], str]:
        answer = acme.call("GET", "/draft-orders", params={"sort": sort, "limit": 2} | query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]], answer.json()["next_cursor"]

    every, _ = page(limit=10)
    shown, cursor = page()
    assert shown == every[:2]
    with app.database.system() as everyone:
        everyone.execute(text(becomes), {"id": shown[-1]})
    followed, _ = page(cursor=cursor, limit=3)
    assert [one for one in followed if one != shown[-1]] == every[2:]


def test_a_cursor_holds_a_key_however_long_it_is(acme: Tenant, app: App, orders: list[str]) -> None:
    with app.database.system() as everyone:
        everyone.execute(text("UPDATE draft_order SET customer_name = repeat('\U0001d7d9', 500) || customer_name"))
    assert sorted(numbers(acme, sort="customer")) == ["=1+1", "A", "B", "C"]


@pytest.mark.parametrize("place", [("x",), ("x", "1"), ("AA==", "{id}"), ("_w==", "{id}"), ("2026-01-05", "{id}")])
@pytest.mark.parametrize("sort", [sort for sort in order_lists.OrderSort if sort != "-created_at"])
def test_no_forged_place_gets_as_far_as_the_database(
    acme: Tenant, orders: list[str], sort: str, place: tuple[str, ...]
) -> None:
    cursor = acme.call("GET", "/draft-orders", params={"sort": sort, "limit": 1}).json()["next_cursor"]
    mark = base64.urlsafe_b64decode(cursor + "===").decode().rpartition(" ")[2]
    forged = " ".join([*(part.format(id=orders[0]) for part in place), mark])
    params = {"sort": sort, "cursor": base64.urlsafe_b64encode(forged.encode()).decode().rstrip("=")}
    answer = acme.call("GET", "/draft-orders", params=params)
    assert answer.status_code in (200, 422), answer.text


def test_by_age_all_are_sorted_and_else_the_newest(
    acme: Tenant, orders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_lists, "MOST_SORTED", 2)
    assert numbers(acme, sort="number") == ["=1+1", "C"]
    assert numbers(acme, sort="created_at") == ["B", "A", "C", "=1+1"]
    assert numbers(acme, sort="created_at", q="a") == ["=1+1"], "what a search looks through has an end"


def test_a_cursor_leads_on_only_in_the_list_that_gave_it(
    acme: Tenant, orders: list[str], make_tenant: Callable[[str], Tenant]
) -> None:
    job = acme.call("POST", "/bulk-jobs", json={"action": "reject", "ids": orders}).json()["id"]
    zone = acme.call("POST", "/connectors/mock", json={"config": {}}).json()["id"]
    with acme.canaries.look_away():
        hook = acme.call("POST", "/webhooks", json={"url": "http://127.0.0.1:9/x"}).json()["id"]
    first = acme.call("GET", "/draft-orders", params={"limit": 1}).json()
    of_former = base64.urlsafe_b64encode(f"2026-01-05T00:00:00+00:00 {orders[0]}".encode()).decode().rstrip("=")
    ways = [
        route.path.removeprefix(BASE).format(job_id=job, connector_id=zone, webhook_id=hook)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, ApiRoute) and "cursor" in {param.alias for param in route.dependant.query_params}
    ]
    assert len(ways) >= 8
    others = ("sort=number", "status=REJECTED", "q=A", "unreadable_answer=false", "since=2026-01-01T00:00:00Z")
    for way in [f"{way}?" for way in ways] + [f"/draft-orders?{other}" for other in others]:
        for cursor in [of_former] if way == "/draft-orders?" else [of_former, first["next_cursor"]]:
            refused = acme.call("GET", f"{way}&cursor={cursor}", headers={"Accept-Language": "de"})
            assert refused.status_code == 422, (way, cursor, refused.text)
            assert refused.json()["error"]["details"]["reason"] == "CURSOR_OF_ANOTHER_LIST", way
            assert "anderen Liste" in refused.json()["error"]["message"]
    globex = make_tenant("globex")
    assert globex.call("GET", "/draft-orders", params={"cursor": first["next_cursor"]}).status_code == 422
    same = {"limit": 2, "sort": "-created_at", "cursor": first["next_cursor"]}
    assert [one["id"] for one in acme.call("GET", "/draft-orders", params=same).json()["items"]] == orders[2:0:-1]


def test_a_list_is_summed_up_by_currency_as_far_as_is_said(
    acme: Tenant, orders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = acme.call("GET", "/draft-orders/totals", Role.VIEWER).json()
    assert (found["orders"], found["more"]) == (4, False)
    sums = {one["currency"]: (one["orders"], one["amount"]) for one in found["sums"]}
    assert sums == {"EUR": (3, 5.0), "USD": (1, 2.5)}
    listed = acme.call("GET", "/draft-orders").json()["items"]
    assert [one["amount"] for one in listed] == [2.5, None, 2.5, 2.5], "no price, no value"
    narrowed = acme.call("GET", "/draft-orders/totals", params={"q": "Zeta"}).json()
    assert (narrowed["orders"], narrowed["sums"][0]["amount"]) == (1, 2.5)
    monkeypatch.setattr(order_lists, "MOST_SUMMED", 2)
    capped = acme.call("GET", "/draft-orders/totals").json()
    assert (capped["orders"], capped["more"], sum(one["orders"] for one in capped["sums"])) == (2, True, 2)


def test_what_an_order_is_worth_is_kept_with_it_and_follows_its_lines(
    acme: Tenant, app: App, orders: list[str]
) -> None:
    def kept(order_id: str) -> Any:
        with app.database.system() as everyone:
            query = "SELECT amount FROM draft_order WHERE id = :id"
            return everyone.execute(text(query), {"id": order_id}).scalar_one()

    assert [kept(order_id) for order_id in orders] == [2.5, 2.5, None, 2.5]
    lines = [LINE | {"line_no": number, "qty": "999999999999999.999", "unit_price": "0.0001"} for number in (1, 2)]
    edited = acme.call("PUT", f"/draft-orders/{orders[0]}", json=ORDER | {"lines": lines})
    assert edited.status_code == 200, edited.text
    assert str(kept(orders[0])) == "199999999999.9999998", "exact"
    none = acme.call("PUT", f"/draft-orders/{orders[0]}", json=ORDER | {"lines": []})
    assert none.json()["amount"] is None
    assert kept(orders[0]) is None


@pytest.mark.parametrize(("decimal", "separator", "value"), [(".", ",", "2.50"), (",", ";", "2,50")])
def test_what_is_found_is_downloaded_with_the_readers_numbers_and_no_formula(
    acme: Tenant, orders: list[str], decimal: str, separator: str, value: str
) -> None:
    answer = acme.call("GET", "/draft-orders/csv", Role.VIEWER, params={"decimal": decimal, "sort": "number"})
    assert answer.headers["content-disposition"] == 'attachment; filename="orders.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf"), "Excel takes it for UTF-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=separator))
    assert [row["external_order_number"] for row in rows] == ["'=1+1", "A", "B", "C"]
    assert [row["amount"] for row in rows] == [value, value, value, ""]
    one = acme.call("GET", "/draft-orders/csv", params={"q": "Zeta"}).text
    assert len(one.splitlines()) == 2


def test_views_are_ones_own_or_shared_and_an_admin_clears_up(acme: Tenant, make_tenant: Any) -> None:
    signed_in = {role: acme.signed_in(role) for role in (Role.OPS, Role.VIEWER, Role.ADMIN)}

    def call(method: str, role: Role, path: str = "", **options: Any) -> Any:
        return acme.call(method, f"/saved-views{path}", None, headers=signed_in[role], **options)

    view = {"page": "orders", "name": "Mine", "query": "status=ERROR"}
    assert call("POST", Role.OPS, json=view).status_code == 200
    call("POST", Role.OPS, json=view | {"query": "status=READY"})
    call("POST", Role.OPS, json=view | {"name": "Ours", "shared": True})
    own = {one["name"]: (one["query"], one["own"]) for one in call("GET", Role.OPS).json()["items"]}
    assert own == {"Mine": ("status=READY", True), "Ours": ("status=ERROR", True)}, "one of the same name becomes it"
    (seen,) = call("GET", Role.VIEWER).json()["items"]
    assert (seen["name"], seen["own"], seen["owner"]) == ("Ours", False, acme.emails[Role.OPS])
    assert call("DELETE", Role.VIEWER, f"/{seen['id']}").status_code == 404
    other = make_tenant("other")
    assert other.call("GET", "/saved-views").json()["items"] == []
    assert other.call("DELETE", f"/saved-views/{seen['id']}").status_code == 404
    assert call("DELETE", Role.ADMIN, f"/{seen['id']}").json()["items"] == []
    assert call("POST", Role.OPS, json=view | {"query": "a=\x00"}).status_code == 422
