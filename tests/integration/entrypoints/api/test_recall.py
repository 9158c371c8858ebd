"""Recalls over HTTP: asked for with a reason, answered by the ERP, told everywhere, and refused with what to do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import text

from orderflow.domain.access import Role
from orderflow.domain.ids import new_id
from orderflow.flow.delivery.push_batch import push_batch
from tests.integration.entrypoints.api.conftest import Tenant
from tests.integration.entrypoints.api.test_deliveries import ORDER

REASON = "The customer cancelled it by telephone"


def connect(acme: Tenant, **config: Any) -> UUID:
    return UUID(acme.call("POST", "/connectors/mock", json={"config": config}).json()["id"])


def sent(app: Any, acme: Tenant, way: UUID, number: str = "PO-1") -> str:
    """Return an order that the ERP has."""
    order_id: str = acme.call("POST", "/draft-orders", json=ORDER | {"external_order_number": number}).json()["id"]
    acme.call("POST", f"/draft-orders/{order_id}/approve")
    acme.call("POST", f"/draft-orders/{order_id}/push")
    push_batch(app.wiring, acme.org_id, way)
    return order_id


def recall(acme: Tenant, order_id: str, reason: str = REASON) -> Response:
    return acme.call("POST", f"/draft-orders/{order_id}/recall", Role.OPS, json={"reason": reason})


def order_of(acme: Tenant, order_id: str) -> Any:
    return acme.call("GET", f"/draft-orders/{order_id}").json()


def test_an_order_is_asked_back_and_everybody_sees_why_and_what_came_of_it(app: Any, acme: Tenant) -> None:
    way = connect(acme)
    order_id = sent(app, acme, way)
    asked = recall(acme, order_id)
    assert (asked.status_code, asked.json()["status"]) == (200, "RECALLING"), asked.text
    push_batch(app.wiring, acme.org_id, way)
    whole = order_of(acme, order_id)
    assert (whole["status"], whole["actions"]) == ("RECALLED", [])
    assert (whole["recall"]["kind"], whole["recall"]["status"], whole["recall"]["reason"]) == (
        "recall",
        "ACKED",
        REASON,
    )
    assert whole["latest_export"]["kind"] == "order"
    events = acme.call("GET", f"/draft-orders/{order_id}/timeline").json()["items"]
    told = [
        (event["kind"], event["reason"]) for event in events if event.get("asks_for") == "recall" and "reason" in event
    ]
    assert told == [("request", REASON)]
    assert [event["kind"] for event in events if event.get("asks_for") == "recall"] == [
        "request",
        "delivered",
        "answer",
    ]
    again = acme.call("POST", "/draft-orders", json=ORDER)
    assert (again.status_code, again.json().get("duplicate")) == (201, False), "it may be entered anew"


def test_an_erp_that_keeps_it_says_so_in_its_own_words(app: Any, acme: Tenant) -> None:
    way = connect(acme, recall="too_late")
    order_id = sent(app, acme, way)
    recall(acme, order_id)
    push_batch(app.wiring, acme.org_id, way)
    whole = order_of(acme, order_id)
    assert (whole["status"], whole["recall"]["error"]["code"]) == ("PUSHED", "TOO_LATE")
    assert whole["recall"]["error"]["message"] == "The mock ERP has shipped this order."


def test_a_person_says_how_it_ended(app: Any, acme: Tenant) -> None:
    way = connect(acme)
    kept, gone = sent(app, acme, way), sent(app, acme, way, "PO-2")
    recall(acme, kept)
    for order_id, how, status in ((kept, "end", "PUSHED"), (gone, "confirm", "RECALLED")):
        answer = acme.call("POST", f"/draft-orders/{order_id}/recall/{how}", Role.OPS)
        assert (answer.status_code, answer.json()["status"]) == (200, status), answer.text


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [("approve", "NEVER_SENT", 409), ("push", "CONFLICT", 409)],
)
def test_what_was_not_sent_is_not_recalled_and_the_answer_says_what_to_do(
    acme: Tenant, path: str, code: str, status: int
) -> None:
    connect(acme)
    order_id = acme.call("POST", "/draft-orders", json=ORDER).json()["id"]
    acme.call("POST", f"/draft-orders/{order_id}/approve")
    acme.call("POST", f"/draft-orders/{order_id}/{path}")
    refused = recall(acme, order_id)
    assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (status, code)
    assert refused.json()["error"]["details"]["hint"]


def test_an_order_of_nobody_and_a_reason_of_nothing_are_refused(app: Any, acme: Tenant) -> None:
    assert recall(acme, str(new_id())).status_code == 404
    assert recall(acme, sent(app, acme, connect(acme)), " ").status_code == 422


def test_an_erp_that_cannot_be_asked_is_said_to_be_one(app: Any, acme: Tenant) -> None:
    order_id = sent(app, acme, connect(acme))
    config = {"host": "erp.example", "username": "u", "password": "t0p-s3cret", "export_path": "/out"}
    other = acme.call("POST", "/connectors/dropzone-json-v1", json={"config": config}).json()["id"]
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text("UPDATE erp_export SET connection_id = :id"), {"id": other})
    refused = recall(acme, order_id)
    assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (409, "RECALL_UNSUPPORTED")
    assert order_of(acme, order_id)["status"] == "PUSHED"


def test_an_order_that_was_cancelled_before_it_came_is_on_hold_and_both_are_shown(acme: Tenant) -> None:
    known = {"external_order_number": "PO-1", "source": None}
    known |= {"erp_customer_number": "4711"}
    cancelled = acme.call("POST", "/draft-orders/cancel", Role.OPS, json=known | {"reason": REASON})
    assert cancelled.status_code == 201, cancelled.text
    order = order_of(acme, acme.call("POST", "/draft-orders", json=ORDER).json()["id"])
    assert [hold["reason"] for hold in order["holds"]] == [f"Cancelled before it came: {REASON}"]
    told = acme.call("GET", "/audit-log", params={"entity_id": cancelled.json()["id"]}).json()["items"]
    assert [(entry["action"], entry["after"]["reason"]) for entry in told] == [
        ("ORDER_CANCELLED_BEFORE_IT_CAME", REASON)
    ]
    late = acme.call("POST", "/draft-orders/cancel", Role.OPS, json=known | {"reason": REASON})
    assert (late.status_code, late.json()["error"]["details"]["reason"]) == (409, "ORDER_IS_HERE")


def test_many_are_recalled_as_a_job_and_what_was_not_sent_is_withdrawn(app: Any, acme: Tenant) -> None:
    way = connect(acme)
    at_the_erp = sent(app, acme, way)
    waiting = acme.call("POST", "/draft-orders", json=ORDER | {"external_order_number": "PO-2"}).json()["id"]
    acme.call("POST", f"/draft-orders/{waiting}/approve")
    never = acme.call("POST", "/draft-orders", json=ORDER | {"external_order_number": "PO-3"}).json()["id"]
    acme.call("POST", f"/draft-orders/{waiting}/push")
    body = {"action": "recall", "reason": REASON, "ids": [at_the_erp, waiting, never]}
    job = acme.call("POST", "/bulk-jobs", json=body).json()
    assert (job["done"], job["refused"]) == (2, 1), job
    assert [order_of(acme, one)["status"] for one in (at_the_erp, waiting)] == ["RECALLING", "APPROVED"]
    assert acme.call("POST", "/bulk-jobs", json=body | {"reason": None}).status_code == 422
    assert job["order_states"] == {"RECALLING": 1, "APPROVED": 1}
    push_batch(app.wiring, acme.org_id, way)
    report = acme.call("GET", f"/bulk-jobs/{job['id']}").json()
    assert report["order_states"] == {"RECALLED": 1, "APPROVED": 1}


def told(refused: Response) -> tuple[int, str, str]:
    error = refused.json()["error"]
    assert error["details"]["hint"], "what to do now"
    return refused.status_code, error["details"]["reason"], error["message"]


def test_a_second_recall_and_one_after_the_last_word_say_what_is_so(app: Any, acme: Tenant) -> None:
    way = connect(acme)
    order_id = sent(app, acme, way)
    recall(acme, order_id)
    assert told(recall(acme, order_id)) == (409, "CONFLICT", "The order is being recalled already.")
    push_batch(app.wiring, acme.org_id, way)
    assert told(recall(acme, order_id)) == (409, "CONFLICT", "The order was recalled already.")
    assert order_of(acme, order_id)["status"] == "RECALLED"


def test_what_may_have_arrived_is_resolved_before_it_is_recalled(app: Any, acme: Tenant) -> None:
    way = connect(acme)
    order_id = sent(app, acme, way)
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text("UPDATE erp_export SET status = 'FAILED', begun_at = now(), answered_at = NULL"))
        work.connection.execute(text("UPDATE draft_order SET status = 'ERROR'"))
    status, reason, message = told(recall(acme, order_id))
    assert (status, reason) == (409, "POSSIBLY_DELIVERED")
    assert "Nobody knows whether the ERP has the order" in message


@pytest.mark.parametrize("why", ["disabled", "closed", "down"])
def test_while_the_connection_is_away_a_recall_waits_and_is_asked_for_then(app: Any, acme: Tenant, why: str) -> None:
    way = connect(acme)
    order_id = sent(app, acme, way)
    statement = {
        "disabled": "UPDATE erp_connection SET status = 'DISABLED'",
        "closed": "UPDATE erp_connection SET closed_until = now() + interval '1 hour'",
        "down": "UPDATE erp_connection SET breaker_state = 'OPEN', breaker_since = now(), breaker_error = '{}'",
    }[why]
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text(statement))
    asked = recall(acme, order_id)
    assert (asked.status_code, asked.json()["status"]) == (200, "RECALLING"), asked.text
    push_batch(app.wiring, acme.org_id, way)
    whole = order_of(acme, order_id)
    assert (whole["status"], whole["recall"]["status"]) == ("RECALLING", "PENDING")
    assert whole["recall"]["waits_for"], "and says what for"
    back = "UPDATE erp_connection SET status = 'ACTIVE', closed_until = NULL, breaker_state = 'CLOSED'"
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text(back))
    push_batch(app.wiring, acme.org_id, way)
    assert order_of(acme, order_id)["status"] == "RECALLED"


def test_what_was_confirmed_a_year_ago_is_asked_for_and_the_erp_decides(app: Any, acme: Tenant) -> None:
    way = connect(acme, recall="too_late")
    order_id = sent(app, acme, way)
    confirmed = acme.call("POST", f"/draft-orders/{order_id}/confirm", json={"erp_order_id": "SO-1"})
    assert confirmed.status_code == 200, confirmed.text
    with app.store.work(acme.org_id) as work:
        for table in ("erp_export", "draft_order"):
            work.connection.execute(text(f"UPDATE {table} SET created_at = created_at - interval '1 year'"))
    assert recall(acme, order_id).json()["status"] == "RECALLING"
    push_batch(app.wiring, acme.org_id, way)
    whole = order_of(acme, order_id)
    assert (whole["status"], whole["recall"]["error"]["message"]) == (
        "CONFIRMED",
        "The mock ERP has shipped this order.",
    )


def test_another_organizations_order_is_nobodys(app: Any, acme: Tenant, make_tenant: Any) -> None:
    order_id = sent(app, acme, connect(acme))
    refused = recall(make_tenant("other"), order_id)
    assert refused.status_code == 404
    assert order_of(acme, order_id)["status"] in ("PUSHED", "CONFIRMED")
