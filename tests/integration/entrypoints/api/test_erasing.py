"""A person's data of an order that has ended is erased over the API, wherever it was; the books stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.flow.delivery.push_batch import push_batch
from tests.integration.entrypoints.api.conftest import Tenant

SECRET = "Erika-Mustermann"
PERSON = {"name": SECRET, "street": f"{SECRET} 1"}
ORDER: dict[str, Any] = {
    "external_order_number": "PO-9",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": SECRET},
    "notes": SECRET,
    "lines": [{"line_no": 1, "internal_sku": "INT-9", "qty": 1, "uom": "M", "line_notes": SECRET}],
} | dict.fromkeys(("ship_to", "bill_to", "buyer", "seller", "contact", "shipping", "metadata"), PERSON)


def delivered(acme: Tenant, app: App, folder: Path) -> str:
    config = {"mode": "filesystem", "export_path": str(folder)}
    connector = acme.call("POST", "/connectors/dropzone-json-v1", json={"config": config}).json()["id"]
    order = f"/draft-orders/{acme.call('POST', '/draft-orders', json=ORDER).json()['id']}"
    acme.call("PATCH", order, json={"contact": {"phone": SECRET}})
    for step in ("approve", "push"):
        acme.call("POST", f"{order}/{step}")
    while push_batch(app.wiring, acme.org_id, UUID(connector)):
        pass
    assert acme.call("POST", f"{order}/confirm", json={"erp_order_id": "SO-1"}).is_success
    return order


def kept_of(app: App, org_id: UUID) -> list[str]:
    """Return the tables that still hold something of the person."""
    with app.database.system() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        like = {"like": f"%{SECRET}%"}
        return [
            name
            for name in tables
            if connection.execute(text(f"SELECT 1 FROM {name} t WHERE t::text LIKE :like"), like).first()
        ]


def test_nothing_of_the_person_is_left(acme: Tenant, app: App, tmp_path: Path) -> None:
    order = delivered(acme, app, tmp_path)
    assert {"draft_order", "draft_order_line", "draft_order_revision", "audit_log"} <= set(kept_of(app, acme.org_id))
    for role in (Role.OPS, Role.INTEGRATOR, Role.VIEWER):
        assert acme.call("POST", f"{order}/forget", role).status_code == 403
    erased = acme.call("POST", f"{order}/forget")
    assert (erased.status_code, erased.content) == (204, b"")
    assert kept_of(app, acme.org_id) == []
    left = acme.call("GET", order).json()
    assert left["erasable"] is True
    assert (left["external_order_number"], left["lines"][0]["qty"], left["status"]) == ("PO-9", 1, "CONFIRMED")
    assert acme.call("POST", f"{order}/forget").status_code == 204, "again"
    noted = acme.call("GET", "/audit-log?action=ORDER_FORGOTTEN").json()["items"]
    assert noted[0]["actor"] == "key:ADMIN key"


def test_what_has_not_ended_is_kept(acme: Tenant) -> None:
    order = f"/draft-orders/{acme.call('POST', '/draft-orders', json=ORDER).json()['id']}"
    refused = acme.call("POST", f"{order}/forget")
    assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (409, "ORDER_NOT_ENDED")
    shown = acme.call("GET", order).json()
    assert (shown["notes"], shown["erasable"]) == (SECRET, False)
