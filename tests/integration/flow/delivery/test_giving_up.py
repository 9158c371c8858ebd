from __future__ import annotations

from orderflow.flow.delivery.give_up import give_up
from orderflow.flow.delivery.request import request_push
from orderflow.flow.ports import Actor
from orderflow.storage.system.due import SqlSystem
from orderflow.testing.memory import MemoryDropzone


def down(installation, **columns):
    connection_id = installation.connect(MemoryDropzone(), **columns)
    ids = installation.pushed(3)
    installation.do("UPDATE erp_connection SET breaker_state = 'OPEN', breaker_since = now()")
    installation.do("UPDATE erp_export SET created_at = now() - interval '2 hours'")
    return connection_id, ids


def given_up(installation, connection_id):
    """What the engine's job does; it is due exactly where there is something to do."""
    place = (installation.org_id, connection_id)
    due = place in SqlSystem(installation.database).outages()
    count = give_up(installation.wiring.store, *place)
    assert due == (count > 0)
    return count


def test_who_set_no_limit_waits_for_ever(installation):
    connection_id, ids = down(installation)
    assert given_up(installation, connection_id) == 0
    assert {installation.order(one)["status"] for one in ids} == {"PUSHING"}


def test_what_waited_too_long_fails_and_can_be_pushed_again(installation):
    connection_id, ids = down(installation, give_up_after=3600)
    assert given_up(installation, connection_id) == 3
    order, export = installation.order(ids[0]), installation.export(ids[0])
    assert (order["status"], export["status"]) == ("ERROR", "FAILED")
    assert order["error_json"]["code"] == "GAVE_UP"
    audited = installation.rows("SELECT entity_id FROM audit_log WHERE action = 'DRAFT_PUSH_FAILED'")
    assert {row["entity_id"] for row in audited} == set(ids)
    assert given_up(installation, connection_id) == 0

    again = request_push(installation.wiring.store, installation.org_id, ids[0], Actor("test"))
    assert again is not None
    assert again.id != export["id"], "nothing was sent, so it goes out under a new name"
    installation.do("UPDATE erp_connection SET breaker_state = 'CLOSED'")
    assert installation.work_off(connection_id) == 1
    assert installation.order(ids[0])["status"] == "PUSHED"


def test_what_may_have_arrived_is_never_given_up(installation):
    connection_id, ids = down(installation, give_up_after=3600)
    installation.do("UPDATE erp_export SET staged_at = now(), staged_path = 'x' WHERE draft_order_id = :id", id=ids[0])
    installation.do("UPDATE erp_export SET begun_at = now() WHERE draft_order_id = :id", id=ids[1])
    installation.do(
        "UPDATE erp_export SET lease_until = now() + interval '1 minute' WHERE draft_order_id = :id", id=ids[2]
    )
    assert given_up(installation, connection_id) == 0


def test_a_target_that_answers_is_not_given_up(installation):
    connection_id, _ = down(installation, give_up_after=3600)
    installation.do("UPDATE erp_connection SET breaker_state = 'CLOSED'")
    assert given_up(installation, connection_id) == 0
