from __future__ import annotations

from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.order import bulk
from orderflow.flow.order.many import act_on_many
from orderflow.flow.ports import Actor
from orderflow.testing.memory import MemoryApi

ACTOR = Actor("test")


def test_one_order_that_cannot_be_pushed_stops_no_other(installation, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    connection_id = installation.connect(MemoryApi())
    ids = installation.approved(5)
    unknown = new_id()
    store, org_id = installation.wiring.store, installation.org_id

    outcomes = dict(act_on_many(store, org_id, "push", [*ids, unknown], ACTOR))
    assert isinstance(outcomes.pop(unknown), NotFoundError)
    assert outcomes == dict.fromkeys(ids)
    assert set(installation.woken) == {(org_id, connection_id)}
    assert {installation.order(order_id)["status"] for order_id in ids} == {"PUSHING"}

    again = dict(act_on_many(store, org_id, "push", ids, ACTOR))
    assert all(isinstance(error, StateError) for error in again.values())
    approved = dict(act_on_many(store, org_id, "approve", ids, ACTOR))
    assert all(isinstance(error, StateError) for error in approved.values())


def test_pushes_without_a_connection_change_nothing(installation):
    ids = installation.approved(3)
    outcomes = dict(act_on_many(installation.wiring.store, installation.org_id, "push", ids, ACTOR))
    assert {error.code for error in outcomes.values() if error} == {"NO_ACTIVE_CONNECTION"}
    assert {installation.order(order_id)["status"] for order_id in ids} == {"APPROVED"}
