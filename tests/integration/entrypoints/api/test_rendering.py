"""An answer that cannot be made changes nothing: what a caller is told failed was not done."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Client
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.entrypoints.api import rendering, schemas

ORDER = {
    "external_order_number": "R-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "INT-1", "qty": 3, "uom": "M", "unit_price": 1.25}],
}
TABLES = ("organization", "app_user", "erp_connection", "draft_order", "erp_export", "audit_log")

CHANGES = {
    "organization changed": ("PATCH", "/organization", {"name": "Another"}),
    "paused": ("POST", "/organization/pause", None),
    "resumed": ("POST", "/organization/resume", None),
    "user added": ("POST", "/users", {"email": "new@acme.example", "password": "correct-horse-17", "role": "OPS"}),
    "user changed": ("PATCH", "/users/{user}", {"name": "Another"}),
    "connector added": ("POST", "/connectors", {"connector_type": "MOCK", "config": {}, "status": "DISABLED"}),
    "connector of a type added": ("POST", "/connectors/mock", {"config": {}, "status": "DISABLED"}),
    "connector changed": ("PATCH", "/connectors/{connector}", {"name": "Another"}),
    "connector enabled": ("POST", "/connectors/{connector}/enable", {"untested": True}),
    "connector disabled": ("POST", "/connectors/{connector}/disable", None),
    "connector made the default": ("POST", "/connectors/{connector}/default", None),
    "order changed": ("PUT", "/draft-orders/{order}", ORDER | {"notes": "another"}),
    "order rejected": ("POST", "/draft-orders/{order}/reject", None),
}


def everything(app: App, org_id: UUID) -> dict[str, list[str]]:
    with app.database.transaction(org_id) as connection:
        return {table: sorted(connection.execute(text(f"SELECT t::text FROM {table} t")).scalars()) for table in TABLES}


@pytest.fixture
def ids(acme: Any) -> dict[str, str]:
    body = {"connector_type": "MOCK", "config": {}, "status": "ACTIVE"}
    users = acme.call("GET", "/users").json()["items"]
    return {
        "connector": acme.call("POST", "/connectors", json=body).json()["id"],
        "order": acme.call("POST", "/draft-orders", json=ORDER).json()["id"],
        "user": next(user["id"] for user in users if user["role"] == "VIEWER"),
    }


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_whose_answer_cannot_be_made_is_none(
    acme: Any, app: App, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    method, path, body = CHANGES[change]
    before = everything(app, acme.org_id)

    def fails(*_: object) -> bytes:
        raise RecursionError

    with monkeypatch.context() as patch:
        patch.setattr(rendering, "rendered", fails)
        patch.setattr(schemas.JSON, "render", fails)
        answer = acme.call(method, path.format(**ids), json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert everything(app, acme.org_id) == before
    assert acme.call(method, path.format(**ids), json=body).is_success
    assert everything(app, acme.org_id) != before, "it would have changed something"


def test_what_a_connector_shows_of_itself_cannot_leave_a_change_untold(
    acme: Any, app: App, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orderflow.entrypoints.api.connectors.masked", lambda *_: {"what": object()})
    before = everything(app, acme.org_id)
    assert acme.call("PATCH", f"/connectors/{ids['connector']}", json={"name": "Another"}).status_code == 500
    assert everything(app, acme.org_id) == before


def test_an_answer_that_was_made_beforehand_is_the_one_that_is_read(acme: Any, ids: dict[str, str]) -> None:
    path = f"/connectors/{ids['connector']}"
    changed = acme.call("PATCH", path, json={"name": "Another", "orders_per_minute": 60})
    read = acme.call("GET", path)
    assert changed.json() == read.json()
    assert changed.headers["etag"] == read.headers["etag"]
    assert changed.headers["content-type"] == read.headers["content-type"]


def test_who_may_not_is_refused_before_anything_is_made(acme: Any, client: Client) -> None:
    assert acme.call("PATCH", f"/users/{uuid4()}", role=Role.VIEWER, json={"name": "A"}).status_code == 403
    assert acme.call("PATCH", f"/users/{uuid4()}", json={"name": "A"}).status_code == 404
