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
NEEDED = {
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
