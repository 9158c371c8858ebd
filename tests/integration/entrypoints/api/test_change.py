"""Changes over HTTP: told beforehand, edited, approved and pushed, answered by the ERP, discarded or confirmed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.domain.access import Role
from orderflow.domain.ids import new_id
from orderflow.flow.delivery.push_batch import push_batch
from tests.integration.entrypoints.api.conftest import Tenant
from tests.integration.entrypoints.api.test_deliveries import ORDER
from tests.integration.entrypoints.api.test_recall import connect, order_of, sent


def change(app: Any, acme: Tenant, way: UUID, order_id: str, notes: str = "twelve") -> Any:
    """Edit an order that was sent, approve it and push it; returns it as it is then."""
    assert acme.call("PUT", f"/draft-orders/{order_id}", Role.OPS, json=ORDER | {"notes": notes}).is_success
    for step in ("approve", "push"):
        assert acme.call("POST", f"/draft-orders/{order_id}/{step}", Role.OPS).is_success
    push_batch(app.wiring, acme.org_id, way)
    return order_of(acme, order_id)


@pytest.mark.parametrize(("says", "way"), [("taken", "change"), ("not_asked", "by_hand")])
def test_what_an_edit_leads_to_is_told_before_it_is_made(app: Any, acme: Tenant, says: str, way: str) -> None:
    connection = connect(acme, change=says)
    order_id = sent(app, acme, connection)
    told = acme.call("GET", f"/draft-orders/{order_id}/change", Role.VIEWER).json()
    assert told["way"] == way
    assert "The ERP has it" in told["message"]
    assert acme.call("GET", f"/draft-orders/{new_id()}/change").status_code == 404


def test_an_order_that_was_sent_is_changed_and_the_timeline_tells_it(app: Any, acme: Tenant) -> None:
    way = connect(acme)
    order_id = sent(app, acme, way)
    edited = acme.call("PUT", f"/draft-orders/{order_id}", Role.OPS, json=ORDER | {"notes": "eleven"}).json()
    assert (edited["status"], edited["earlier_export"]["status"]) == ("READY", "SENT")
    assert {"discard_change", "approve"} <= set(edited["actions"])
    assert "reject" not in edited["actions"]
    shown = acme.call("GET", f"/draft-orders/{order_id}/preview").json()
    assert shown["file_name"].startswith("change_")
    whole = change(app, acme, way, order_id)
    assert (whole["status"], whole["latest_export"]["kind"], whole["notes"]) == ("PUSHED", "change", "twelve")
    assert whole["earlier_export"]["kind"] == "order"
    events = acme.call("GET", f"/draft-orders/{order_id}/timeline").json()["items"]
    assert [event["kind"] for event in events if event.get("asks_for") == "change"] == ["request", "delivered"]


UNREADABLE = """
    UPDATE erp_export SET unreadable_answer = '{"file": "ack_1", "reason": "no JSON", "excerpt": "", "read_at": null}'
"""


def test_what_could_not_be_read_names_the_delivery_that_it_is_about(app: Any, acme: Tenant) -> None:
    order_id = sent(app, acme, connect(acme))
    first = order_of(acme, order_id)["latest_export"]["id"]
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text(UNREADABLE))
    assert acme.call("PUT", f"/draft-orders/{order_id}", Role.OPS, json=ORDER | {"notes": "twelve"}).is_success
    for step in ("approve", "push"):
        assert acme.call("POST", f"/draft-orders/{order_id}/{step}", Role.OPS).is_success
    whole = order_of(acme, order_id)
    assert (whole["latest_export"]["kind"], whole["unreadable_answer"]["export_id"]) == ("change", first)
    assert acme.call("GET", f"/exports/{first}").json()["unreadable_answer"]["export_id"] == first
    (listed,) = acme.call("GET", "/draft-orders?unreadable_answer=true").json()["items"]
    assert listed["unreadable_answer"]["export_id"] == first


def test_a_change_that_is_refused_is_discarded_or_made_by_hand(app: Any, acme: Tenant) -> None:
    way = connect(acme, change="too_late")
    order_id = sent(app, acme, way)
    whole = change(app, acme, way, order_id)
    assert (whole["status"], whole["error"]["code"]) == ("ERROR", "TOO_LATE")
    assert {"discard_change", "confirm_change", "retry"} <= set(whole["actions"])
    assert acme.call("POST", f"/draft-orders/{order_id}/reject", Role.OPS).status_code == 409
    discarded = acme.call("POST", f"/draft-orders/{order_id}/change/discard", Role.OPS)
    assert (discarded.status_code, discarded.json()["status"]) == (200, "PUSHED"), discarded.text
    assert order_of(acme, order_id)["notes"] == ORDER.get("notes")
    again = acme.call("POST", f"/draft-orders/{order_id}/change/discard", Role.OPS)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "CONFLICT")
    change(app, acme, way, order_id)
    confirmed = acme.call("POST", f"/draft-orders/{order_id}/change/confirm", Role.OPS)
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "CONFIRMED"), confirmed.text


def test_an_order_that_comes_again_with_other_content_is_revised_after_it_was_sent(app: Any, acme: Tenant) -> None:
    way = connect(acme)
    order_id = sent(app, acme, way)
    body = ORDER | {"external_order_number": "PO-1", "notes": "twelve"}
    revised = acme.call("POST", "/draft-orders", Role.OPS, json=body, params={"on_duplicate": "revise"})
    assert (revised.status_code, revised.json()["id"]) == (200, order_id), revised.text
    assert order_of(acme, order_id)["status"] == "READY"


def test_the_number_that_the_erp_knows_stays(app: Any, acme: Tenant) -> None:
    order_id = sent(app, acme, connect(acme))
    body = ORDER | {"external_order_number": "PO-2"}
    refused = acme.call("PUT", f"/draft-orders/{order_id}", Role.OPS, json=body)
    assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (409, "NUMBER_IS_SENT")
