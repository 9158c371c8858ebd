"""What needs a person: in groups that say what they are, until they are solved."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.storage.views import needs as views
from tests.integration.entrypoints.api.conftest import Tenant
from tests.integration.entrypoints.api.test_deliveries import ORDER

FAIL = """
    UPDATE draft_order SET status = 'ERROR', erp_customer_number = :customer,
        error_json = jsonb_build_object(
            'code', CAST(:code AS text), 'message', CAST(:message AS text), 'hint', 'Mend it.')
    WHERE id = :id
"""


def brought_in(acme: Tenant, *numbers: str, **changes: Any) -> list[str]:
    bodies = [ORDER | {"external_order_number": number} | changes for number in numbers]
    return [acme.call("POST", "/draft-orders", json=body).json()["id"] for body in bodies]


def failed(app: App, acme: Tenant, number: str, code: str, message: str, customer: str = "4711") -> str:
    (order_id,) = brought_in(acme, number)
    with app.database.transaction(acme.org_id) as connection:
        connection.execute(text(FAIL), {"id": order_id, "code": code, "message": message, "customer": customer})
    return order_id


def needed(acme: Tenant, role: Role = Role.VIEWER) -> dict[str, Any]:
    answer = acme.call("GET", "/needs", role)
    assert answer.status_code == 200, answer.text
    return {need["key"]: need for need in answer.json()["items"]}


def mark(acme: Tenant, key: str, role: Role = Role.OPS, **changes: Any) -> Response:
    return acme.call("POST", "/needs/mark", role, json={"key": key, **changes})


def test_failures_are_one_group_a_code_with_the_texts_where_they_differ(acme: Tenant, app: App) -> None:
    for number, customer in enumerate(("QUICK", "QUICK", "SLOW")):
        failed(app, acme, f"A-{number}", "BLOCKED", f"Customer {customer} is blocked.", customer)
    for number in range(5):
        failed(app, acme, f"B-{number}", "UNKNOWN_SKU", f"There is no article {number}.")
    found = needed(acme)
    assert list(found) == ["FAILED UNKNOWN_SKU", "FAILED BLOCKED"], "what most orders have comes first"
    blocked = found["FAILED BLOCKED"]
    assert (blocked["orders"], blocked["customers"], blocked["causes"], blocked["hint"]) == (3, 2, 2, "Mend it.")
    assert blocked["texts"] == [
        {"message": "Customer QUICK is blocked.", "orders": 2},
        {"message": "Customer SLOW is blocked.", "orders": 1},
    ]
    assert (found["FAILED UNKNOWN_SKU"]["causes"], len(found["FAILED UNKNOWN_SKU"]["texts"])) == (5, 3)


def test_each_kind_is_there_while_it_holds_and_goes_when_it_is_solved(acme: Tenant, app: App) -> None:
    made = acme.call("POST", "/connectors", json={"connector_type": "MOCK", "name": "Köln", "config": {}}).json()
    acme.call("PATCH", f"/connectors/{made['id']}", json={"answer_within": 60})
    sent = brought_in(acme, "P-1", "P-2", "P-3")
    for action in ("approve", "push"):
        acme.call("POST", "/bulk-jobs", json={"action": action, "ids": sent})
    brought_in(acme, "R-1")
    brought_in(acme, "N-1", currency=None)
    states = (
        "UPDATE erp_export SET held_at = now() WHERE draft_order_id = :doubt",
        "UPDATE erp_export SET status = 'SENT', sent_at = now() - interval '1 hour' WHERE draft_order_id <> :doubt",
        """UPDATE erp_export SET unreadable_answer = '{"reason": "Not JSON.", "read_at": "2026-01-05T08:00:00Z"}'
           WHERE draft_order_id = :unread""",
        """UPDATE erp_connection SET breaker_state = 'PAUSED', breaker_since = now(),
               breaker_error = '{"code": "AUTH_FAILED", "message": "The password is refused.", "hint": "Renew it."}'""",
    )
    with app.database.transaction(acme.org_id) as connection:
        for statement in states:
            connection.execute(text(statement), {"doubt": sent[0], "unread": sent[1]})
    at = made["id"]
    found = needed(acme)
    assert list(found) == [
        f"IN_DOUBT {at}",
        f"CONNECTOR {at}",
        f"UNREADABLE {at}",
        f"OVERDUE {at}",
        "NEEDS_REVIEW",
        "READY",
    ], "the most urgent first"
    counts = {need["kind"]: need["orders"] for need in found.values()}
    assert counts == {"IN_DOUBT": 1, "CONNECTOR": 0, "UNREADABLE": 1, "OVERDUE": 2, "NEEDS_REVIEW": 1, "READY": 1}
    assert found[f"UNREADABLE {at}"]["texts"] == [{"message": "Not JSON.", "orders": 1}]
    assert found[f"CONNECTOR {at}"]["hint"] == "Renew it."
    with app.database.transaction(acme.org_id) as connection:
        connection.execute(text("UPDATE erp_connection SET breaker_state = 'CLOSED', breaker_error = NULL"))
        connection.execute(text("UPDATE erp_export SET status = 'ACKED', held_at = NULL, answered_at = now()"))
        connection.execute(text("UPDATE draft_order SET status = 'REJECTED' WHERE status IN ('READY', 'NEEDS_REVIEW')"))
    assert needed(acme) == {}


def test_of_each_connector_the_most_frequent_texts_are_told(acme: Tenant, app: App) -> None:
    unreadable = "UPDATE erp_export SET unreadable_answer = :answer WHERE draft_order_id = :id"
    for name, reasons in {"Köln": "AABCD", "Bonn": "A"}.items():
        mock = {"connector_type": "MOCK", "name": name, "config": {}}
        connection_id = acme.call("POST", "/connectors", json=mock).json()["id"]
        for number, reason in enumerate(reasons):
            (order_id,) = brought_in(acme, f"{name}-{number}")
            acme.call("POST", f"/draft-orders/{order_id}/approve")
            acme.call("POST", f"/draft-orders/{order_id}/push", json={"connection_id": connection_id})
            answer = json.dumps({"reason": f"No {reason}.", "read_at": "2026-01-05T08:00:00Z"})
            with app.database.transaction(acme.org_id) as connection:
                connection.execute(text(unreadable), {"answer": answer, "id": order_id})
    found = {need["connection_name"]: need for need in needed(acme).values() if need["kind"] == "UNREADABLE"}
    assert (found["Köln"]["orders"], found["Köln"]["causes"], found["Bonn"]["causes"]) == (5, 4, 1)
    told = {name: [(one["message"], one["orders"]) for one in need["texts"]] for name, need in found.items()}
    assert told == {"Köln": [("No A.", 2), ("No B.", 1), ("No C.", 1)], "Bonn": [("No A.", 1)]}


def test_what_is_noted_stays_with_what_it_was_noted_for(acme: Tenant, app: App) -> None:
    first = failed(app, acme, "A-1", "BLOCKED", "Blocked.")
    assert mark(acme, "FAILED BLOCKED", assigned_to=acme.emails[Role.OPS], note="called them").status_code == 200
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = mark(acme, "FAILED BLOCKED", Role.INTEGRATOR, snoozed_until=later).json()
    assert answer["open"] == 0, "what is put off counts for nobody"
    noted = needed(acme)["FAILED BLOCKED"]
    assert (noted["mark"]["assigned_to"], noted["mark"]["note"]) == (acme.emails[Role.OPS], "called them")
    assert noted["snoozed"] is True
    failed(app, acme, "A-2", "BLOCKED", "Blocked.")
    assert needed(acme)["FAILED BLOCKED"]["mark"]["note"] == "called them", "the first one is still there"
    acme.call("POST", f"/draft-orders/{first}/reject")
    other = needed(acme)["FAILED BLOCKED"]
    assert (other["orders"], other["mark"], other["snoozed"]) == (1, None, False), "another story"


def test_another_organizations_marks_and_people_are_not_there(acme: Tenant, make_tenant: Any, app: App) -> None:
    other = make_tenant("other")
    failed(app, acme, "A-1", "BLOCKED", "Blocked.")
    failed(app, other, "A-1", "BLOCKED", "Blocked.")
    mark(other, "FAILED BLOCKED", note="ours")
    assert needed(acme)["FAILED BLOCKED"]["mark"] is None
    refused = mark(acme, "FAILED BLOCKED", assigned_to=other.emails[Role.OPS])
    assert refused.json()["error"]["details"]["fields"][0]["field"] == "assigned_to"
    assert acme.call("GET", "/needs/people", Role.VIEWER).json()["items"] == sorted(acme.emails.values())
    assert mark(acme, "FAILED OTHER", note="?").status_code == 404
    assert mark(acme, "FAILED BLOCKED", Role.VIEWER, note="?").status_code == 403


def test_a_visit_tells_what_happened_since_the_one_before(acme: Tenant, app: App) -> None:
    signed_in = acme.signed_in(Role.OPS)

    def visit() -> Any:
        return acme.call("POST", "/needs/visit", None, headers=signed_in).json()

    assert visit()["since"] is None, "the first"
    with app.database.transaction(acme.org_id) as connection:
        connection.execute(
            text("UPDATE app_user SET visited_at = now() - interval '2 hours' WHERE visited_at IS NOT NULL")
        )
    failed(app, acme, "A-1", "BLOCKED", "Blocked.")
    told = visit()
    assert (told["orders"], told["confirmed"], told["failed"]) == (1, 0, 1)
    assert visit() == told, "the visit goes on"
    assert acme.call("POST", "/needs/visit", Role.OPS).json()["since"] is None, "a key does not come back"


def test_no_more_is_looked_at_than_is_said(acme: Tenant, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_GROUPS", 2)
    for code in ("E1", "E2", "E3"):
        failed(app, acme, code, code, "Refused.")
    assert len(needed(acme)) == 2
