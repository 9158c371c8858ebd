"""A field of an order's head passes every door: a new one is a line where it is declared, kept and shown, no more."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from orderflow.domain.orders import HEADER, DraftOrder
from tests.integration.entrypoints.api.conftest import Tenant

IN_OUR_JSON = {"external_order_number", "order_date", "currency", "requested_delivery_date", "notes"}
HINTS = get_type_hints(DraftOrder)
NEEDED: dict[str, Any] = {
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "INT-9", "qty": 1, "uom": "M"}],
}

OTHERS = NEEDED | {"customer": {"erp_customer_number": "4712"}}


def two_values(name: str) -> tuple[str | int, str | int]:
    """Return two values of a field, as JSON has them."""
    if HINTS[name] == int | None:
        return 60, 90
    if name == "currency":
        return "EUR", "CHF"
    return ("2031-07-17", "2031-08-18") if HINTS[name] == date | None else (f"the {name}", f"another {name}")


def value_of(acme: Tenant, order_id: str, name: str) -> object:
    return acme.call("GET", f"/draft-orders/{order_id}").json()[name]


@pytest.mark.parametrize("name", HEADER)
def test_it_comes_in_is_edited_and_told(acme: Tenant, name: str) -> None:
    first, second = two_values(name)
    made = acme.call("POST", "/draft-orders", json=NEEDED | {name: first})
    imported = acme.call("POST", "/draft-orders/import", content=json.dumps(OTHERS | {name: second}))
    order_id = made.json()["id"]
    assert value_of(acme, order_id, name) == first
    assert value_of(acme, json.loads(imported.text.splitlines()[0])["id"], name) == second

    edited = acme.call("PUT", f"/draft-orders/{order_id}", json=NEEDED | {name: second})
    assert edited.status_code == 200, edited.text
    assert value_of(acme, order_id, name) == second
    events = acme.call("GET", f"/draft-orders/{order_id}/timeline").json()["items"]
    (change,) = [event for event in events if event.get("action") == "DRAFT_EDITED"]
    assert (change["before"][name], change["after"][name]) == (first, second)


@pytest.mark.parametrize("name", HEADER)
def test_mappings_and_templates_may_name_it_and_our_own_document_stays_as_it_is(
    acme: Tenant, name: str, tmp_path: Path
) -> None:
    value = two_values(name)[0]
    order_id = acme.call("POST", "/draft-orders", json=NEEDED | {name: value}).json()["id"]
    folder = {"mode": "filesystem", "export_path": str(tmp_path)}
    columns = [{"name": "It", "field": f"order.{name}"}, {"name": "SKU", "field": "line.internal_sku"}]
    api = {"url": "https://erp.example/orders", "auth": "none", "body": f'{{"it": {{{{ order.{name} }}}}}}'}

    def preview(connector_type: str, config: dict[str, Any]) -> str:
        asked = {"connector_type": connector_type, "config": config, "order_id": order_id}
        shown = acme.call("POST", "/connectors/preview", json=asked)
        assert shown.status_code == 200, shown.text
        return str(shown.json()["text"])

    assert preview("DROPZONE_CSV_V1", folder | {"columns": columns}).splitlines() == ["It;SKU", f"{value};INT-9"]
    assert json.loads(preview("REST_JSON", api)) == {"it": value}
    assert json.loads(preview("DROPZONE_JSON_V1", folder))["header"].keys() == IN_OUR_JSON


PARTY = {"name": "Muster GmbH", "city": "Köln", "gln": "4012345000009", "vat": "DE123456788", "number_at_seller": "7"}
ADJUSTMENTS: dict[str, Any] = {
    "allowances": [{"code": "95", "reason": "Rabatt", "amount": 12.5, "percent": 2.5, "base_amount": 500}],
    "charges": [{"code": None, "reason": "Fracht", "amount": 4.9, "percent": None, "base_amount": None}],
    "taxes": [{"code": "S", "reason": None, "amount": None, "percent": 19, "base_amount": 487.5}],
}
LINE_MORE: dict[str, Any] = ADJUSTMENTS | {
    "gtin": "4006381333931",
    "buyer_article_number": "B-1",
    "seller_article_number": "S-1",
    "promised_delivery_date": "2031-07-19",
}
MORE: dict[str, Any] = NEEDED | ADJUSTMENTS | dict.fromkeys(("ship_to", "bill_to", "buyer", "seller"), PARTY)
MORE |= {
    "contact": {"name": "Anna", "email": "anna@muster.example"},
    "shipping": {"method": "express", "carrier": "DHL"},
    "metadata": {"gln": "a name that means something elsewhere", "cart": "c-77"},
}
MORE["lines"] = [NEEDED["lines"][0] | LINE_MORE, NEEDED["lines"][0] | {"line_no": 2}]


def shown(acme: Tenant, order_id: str) -> dict[str, Any]:
    """Return what the API shows of an order, as far as `MORE` says it."""
    order = acme.call("GET", f"/draft-orders/{order_id}").json()
    lines = [{name: line[name] for name in said} for line, said in zip(order["lines"], MORE["lines"], strict=True)]
    return {name: order[name] for name in MORE} | {"lines": lines, "customer": NEEDED["customer"]}


def test_parties_and_adjustments_come_in_are_edited_approved_and_told(acme: Tenant) -> None:
    order_id = acme.call("POST", "/draft-orders", json=MORE).json()["id"]
    assert shown(acme, order_id) == MORE
    other = MORE | {"customer": {"erp_customer_number": "4712"}}
    imported = acme.call("POST", "/draft-orders/import", content=json.dumps(other)).text
    assert shown(acme, json.loads(imported)["id"]) == MORE
    assert acme.call("POST", f"/draft-orders/{order_id}/approve").status_code == 200

    changed = json.loads(json.dumps(MORE)) | {"seller": PARTY | {"city": "Bonn"}}
    changed["lines"][0]["charges"][0]["amount"] = 5
    edited = acme.call("PUT", f"/draft-orders/{order_id}", json=changed)
    assert edited.status_code == 200, edited.text
    acme.call("POST", f"/draft-orders/{order_id}/approve")
    told = acme.call("GET", f"/draft-orders/{order_id}/revisions/2").json()
    assert [change["path"] for change in told["changes"]] == [["seller", "city"], ["lines", "1", "charges"]]
    assert told["changes"][1]["after"][0]["amount"] == 5
    assert told["order"]["lines"][0]["gtin"] == "4006381333931"


def test_what_comes_again_and_says_the_same_is_known_also_by_more_of_it(acme: Tenant) -> None:
    numbered = MORE | {"external_order_number": "PO-MORE"}
    order_id = acme.call("POST", "/draft-orders", json=numbered).json()["id"]
    again = numbered | {"allowances": [dict(reversed(ADJUSTMENTS["allowances"][0].items())) | {"amount": "12.50"}]}
    found = acme.call("POST", "/draft-orders", json=again)
    assert (found.status_code, found.json()["id"], found.json()["duplicate"]) == (200, order_id, True)
    assert acme.call("POST", "/draft-orders", json=numbered | {"charges": []}).status_code == 409


def test_a_wrong_check_digit_is_told_with_its_place(acme: Tenant) -> None:
    wrong = json.loads(json.dumps(MORE)) | {"buyer": PARTY | {"gln": "4012345000008"}}
    wrong["lines"][0]["gtin"] = "4006381333932"
    refused = acme.call("POST", "/draft-orders", json=wrong)
    assert refused.status_code == 422
    fields = refused.json()["error"]["details"]["fields"]
    assert [field["field"] for field in fields] == ["buyer.gln", "lines[0].gtin"]
    assert "its check digit would be 9" in fields[0]["message"]


def test_what_an_order_lacks_is_told_to_people_and_programs(acme: Tenant) -> None:
    order = {"lines": [{"line_no": 7, "qty": 0, "uom": "M"}]}
    arrived = acme.call("POST", "/draft-orders", json=order).json()
    fields = [("CUSTOMER_MISSING", "customer.erp_customer_number"), ("CURRENCY_MISSING", "currency")]
    fields += [("QTY_NOT_POSITIVE", "lines[0].qty"), ("SKU_MISSING", "lines[0].internal_sku")]
    assert [(one["code"], one["field"]) for one in arrived["missing_fields"]] == fields
    assert [one["message"] for one in arrived["missing_fields"]] == arrived["missing"]
    shown = acme.call("GET", f"/draft-orders/{arrived['id']}").json()
    assert (shown["missing"], shown["missing_fields"]) == (arrived["missing"], arrived["missing_fields"])
    imported = acme.call("POST", "/draft-orders/import", content=b'{"lines": []}').json()
    assert [one["code"] for one in imported["missing_fields"]][-1] == "LINES_MISSING"
    refused = acme.call("POST", f"/draft-orders/{arrived['id']}/approve").json()["error"]["details"]
    assert refused["missing_fields"] == arrived["missing_fields"]


def test_metadata_has_limits_and_a_template_may_name_it(acme: Tenant, tmp_path: Path) -> None:
    many = {f"k{number}": "x" for number in range(51)}
    unfit: list[Any] = [{"": "x"}, {"k" * 201: "x"}, many, {"k": "x" * 4001}, {"k": 1}, []]
    for metadata in unfit:
        assert acme.call("POST", "/draft-orders", json=NEEDED | {"metadata": metadata}).status_code == 422, metadata
    order_id = acme.call("POST", "/draft-orders", json=NEEDED | {"metadata": {"cart": "c-77"}}).json()["id"]
    columns = [{"name": "Cart", "field": "metadata.cart"}, {"name": "SKU", "field": "line.internal_sku"}]
    config = {"mode": "filesystem", "export_path": str(tmp_path), "columns": columns}
    asked = {"connector_type": "DROPZONE_CSV_V1", "config": config, "order_id": order_id}
    assert acme.call("POST", "/connectors/preview", json=asked).json()["text"].splitlines() == [
        "Cart;SKU",
        "c-77;INT-9",
    ]
