"""Doubt against a real database: what a person may do, what goes on by itself, and what a clock may not do."""

from __future__ import annotations

from typing import Any

import pytest

from orderflow.domain.errors import (
    BusyError,
    InDoubtError,
    NeedsAttentionError,
    StateError,
    TransientError,
    UnavailableError,
)
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import withdraw
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.order.confirm import confirm_order
from orderflow.flow.ports import Actor
from orderflow.flow.setup.connections import edit_connection
from orderflow.orchestrator import PushOrchestrator
from orderflow.storage.system.due import SqlSystem
from orderflow.testing.memory import MemoryApi, MemoryDropzone

ACTOR = Actor("test")


def in_doubt(installation: Any, *, finds: bool = False) -> tuple[MemoryApi, Any, Any]:
    """Return an API that took an order without saying so, its connection, and the order."""
    api = MemoryApi()
    api.lost_answers, api.finds = 1, finds
    api.script["find"] = [TransientError("500")] * 1000
    connection_id = installation.connect(api)
    (order_id,) = installation.pushed()
    push_batch(installation.wiring, installation.org_id, connection_id)
    return api, connection_id, order_id


def resolve(installation: Any, order_id: Any, how: Any) -> None:
    export_id = installation.export(order_id)["id"]
    resolve_held(installation.wiring.store, installation.org_id, export_id, how, ACTOR)


def test_a_person_may_have_it_sent_again(installation: Any) -> None:
    api, connection_id, order_id = in_doubt(installation)
    resolve(installation, order_id, "send_again")
    installation.work_off(connection_id)
    assert (api.taken, installation.order(order_id)["status"]) == ([order_id, order_id], "CONFIRMED")


def test_an_order_in_doubt_is_not_sent_to_where_its_connection_leads_since(installation: Any) -> None:
    api, connection_id, order_id = in_doubt(installation, finds=True)
    api.taken.clear()  # at the other ERP it is not
    api.script["find"] = []
    elsewhere = {"password": "s3cret", "url": "https://another.example"}
    edit_connection(installation.wiring, installation.org_id, connection_id, elsewhere, ACTOR)
    installation.make_all_due()
    installation.work_off(connection_id)
    export = installation.export(order_id)
    assert (api.taken, export["held_at"] is not None, export["error_json"]["code"]) == ([], True, "TARGET_CHANGED")
    resolve(installation, order_id, "send_again")
    installation.work_off(connection_id)
    assert api.taken == [order_id]


def test_nor_after_that_was_asked_by_a_clock_that_was_put_back(installation: Any) -> None:
    api, connection_id, order_id = in_doubt(installation, finds=True)
    for table, moments in (("erp_push_log", ["created_at"]), ("erp_export", ["begun_at", "last_begun_at"])):
        ahead = ", ".join(f"{name} = {name} + interval '1 hour'" for name in moments)
        installation.do(f"UPDATE {table} SET {ahead}")
    api.taken.clear()  # at the other ERP it is not
    elsewhere = {"password": "s3cret", "url": "https://another.example"}
    edit_connection(installation.wiring, installation.org_id, connection_id, elsewhere, ACTOR)
    for unclear in (True, False):
        api.script["find"] = [TransientError("500")] if unclear else []
        installation.make_all_due()
        push_batch(installation.wiring, installation.org_id, connection_id)
    export = installation.export(order_id)
    assert (api.taken, export["held_at"] is not None, export["error_json"]["code"]) == ([], True, "TARGET_CHANGED")


@pytest.mark.parametrize("finds", [False, True], ids=["held", "still asked about"])
def test_a_person_may_say_that_it_never_arrived_and_correct_it(installation: Any, finds: bool) -> None:
    api, connection_id, order_id = in_doubt(installation, finds=finds)
    resolve(installation, order_id, "not_delivered")
    order, export = installation.order(order_id), installation.export(order_id)
    assert (order["status"], order["error_json"]["code"], export["status"]) == ("ERROR", "NOT_DELIVERED", "FAILED")
    assert (export["begun_at"], export["held_at"], export["doubt_since"]) == (None, None, None)
    assert installation.work_off(connection_id) == 0
    assert api.taken == [order_id]


@pytest.mark.parametrize("how", ["delivered", "not_delivered", "send_again"])
def test_a_rename_that_nobody_heard_of_can_be_decided_at_any_time(installation: Any, how: Any) -> None:
    zone = MemoryDropzone()
    zone.script["publish"] = [InDoubtError("no answer", code="PUBLISH_UNKNOWN")] * 1000
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    push_batch(installation.wiring, installation.org_id, connection_id)
    resolve(installation, order_id, how)
    expected = {"delivered": "PUSHED", "not_delivered": "ERROR", "send_again": "PUSHING"}
    assert installation.order(order_id)["status"] == expected[how]


def test_an_order_in_doubt_can_be_confirmed_by_the_number_that_it_has_in_the_erp(installation: Any) -> None:
    _, _, order_id = in_doubt(installation, finds=True)
    with installation.wiring.store.work(installation.org_id) as work:
        confirm_order(work, order_id, "SO-7", ACTOR)
    order, export = installation.order(order_id), installation.export(order_id)
    assert (order["status"], order["erp_order_id"], export["status"]) == ("CONFIRMED", "SO-7", "ACKED")


def test_a_confirmation_that_is_refused_ends_no_doubt_also_where_others_share_its_transaction(
    installation: Any,
) -> None:
    _, _, order_id = in_doubt(installation, finds=True)
    installation.do("UPDATE draft_order SET status = 'READY'")
    before = installation.export(order_id)
    with installation.wiring.store.work(installation.org_id) as work, pytest.raises(StateError):
        confirm_order(work, order_id, "SO-7", ACTOR)
    after = installation.export(order_id)
    assert (after["status"], after["held_at"], after["sent_at"]) == (
        before["status"],
        before["held_at"],
        before["sent_at"],
    )


def test_what_a_worker_is_at_is_left_to_it(installation: Any) -> None:
    _, _, order_id = in_doubt(installation)
    installation.do("UPDATE erp_export SET lease_until = now() + interval '1 minute'")
    with pytest.raises(StateError, match="A worker is at this delivery"):
        resolve(installation, order_id, "delivered")


def test_a_push_that_waits_for_a_target_that_never_comes_back_can_be_withdrawn(installation: Any) -> None:
    api = MemoryApi()
    api.script["export"] = [UnavailableError("down")]
    connection_id = installation.connect(api)
    (order_id,) = installation.pushed()
    push_batch(installation.wiring, installation.org_id, connection_id)
    withdraw(installation.wiring.store, installation.org_id, order_id, ACTOR)
    assert installation.order(order_id)["status"] == "APPROVED"
    assert installation.export(order_id)["error_json"]["code"] == "WITHDRAWN"


def test_a_push_in_doubt_cannot_be_withdrawn_and_says_what_can_be_done(installation: Any) -> None:
    _, _, order_id = in_doubt(installation)
    with pytest.raises(StateError) as refused:
        withdraw(installation.wiring.store, installation.org_id, order_id, ACTOR)
    assert (refused.value.code, "resolve" in refused.value.hint) == ("POSSIBLY_DELIVERED", True)


def test_after_an_hour_it_is_held_asked_about_on_and_settles_by_itself(installation: Any) -> None:
    api, connection_id, order_id = in_doubt(installation, finds=True)
    push_batch(installation.wiring, installation.org_id, connection_id)
    installation.do("UPDATE erp_export SET doubt_since = now() - interval '61 minutes', next_attempt_at = now()")
    push_batch(installation.wiring, installation.org_id, connection_id)
    assert installation.export(order_id)["held_at"] is not None
    api.script["find"] = []
    installation.make_all_due()
    assert SqlSystem(installation.database).due_deliveries() == [(installation.org_id, connection_id)]
    push_batch(installation.wiring, installation.org_id, connection_id)
    assert (installation.order(order_id)["status"], api.taken) == ("CONFIRMED", [order_id])
    assert installation.export(order_id)["held_at"] is None


def test_what_an_older_release_began_is_as_old_as_its_last_attempt_in_the_log(installation: Any) -> None:
    api = MemoryApi()
    api.commits_after = 600
    api.script["export"] = [InDoubtError("lost")]
    connection_id = installation.connect(api)
    (order_id,) = installation.pushed()
    push_batch(installation.wiring, installation.org_id, connection_id)
    installation.do("UPDATE erp_export SET last_begun_at = NULL, begun_at = now() - interval '1 day'")
    installation.work_off(connection_id)
    assert api.taken == []
    installation.do("UPDATE erp_push_log SET created_at = now() - interval '11 minutes'")
    installation.do("UPDATE erp_export SET last_begun_at = NULL, next_attempt_at = now()")
    installation.work_off(connection_id)
    assert api.taken == [order_id]


@pytest.mark.parametrize(
    "error", [BusyError("429", rests_for=120), UnavailableError("down"), NeedsAttentionError("who?")]
)
def test_what_met_the_target_away_was_not_sent_before(installation: Any, monkeypatch: Any, error: Any) -> None:
    api, begun = MemoryApi(), []

    def noting(order: Any, config: Any) -> Any:
        begun.append(order.delivery.last_begun_at)
        return export(order, config)

    export = api.export
    monkeypatch.setattr(api, "export", noting)
    api.script["export"] = [error, TransientError("once more"), InDoubtError("lost"), InDoubtError("lost")]
    connection_id = installation.connect(api)
    (order_id,) = installation.pushed()
    for _ in range(5):
        push_batch(installation.wiring, installation.org_id, connection_id)
        installation.do("UPDATE erp_connection SET rests_until = NULL, breaker_state = 'CLOSED'")
        installation.make_all_due()
    assert [one is not None for one in begun] == [False, False, False, True, True]
    assert api.taken == [order_id]


def test_a_busy_target_rests_and_is_told_of_once(installation: Any) -> None:
    api = MemoryApi()
    api.script["export"] = [BusyError("429", rests_for=120), BusyError("429", rests_for=120)]
    connection_id = installation.connect(api)
    order_ids = installation.pushed(3)
    for _ in range(2):
        installation.work_off(connection_id)
        assert SqlSystem(installation.database).due_deliveries() == []
        assert api.taken == []
        installation.do("UPDATE erp_connection SET rests_until = now()")
    installation.work_off(connection_id)
    assert sorted(api.taken) == sorted(order_ids)
    assert len(installation.rows("SELECT FROM audit_log WHERE action = 'CONNECTION_RESTS'")) == 1
    assert {row["attempts_spent"] for row in installation.rows("SELECT attempts_spent FROM erp_export")} == {0}


def test_a_clock_that_was_put_back_keeps_nothing_waiting(installation: Any) -> None:
    api, system = MemoryApi(), SqlSystem(installation.database)
    connection_id = installation.connect(api)
    (order_id,) = installation.pushed()
    installation.do(
        "UPDATE erp_export SET next_attempt_at = now() + interval '58 minutes', lease_token = gen_random_uuid(),"
        " lease_until = now() + interval '58 minutes'"
    )
    installation.do(
        "UPDATE erp_connection SET rests_until = now() + interval '2 hours', breaker_state = 'OPEN',"
        " probe_at = now() + interval '58 minutes', next_poll_at = now() + interval '58 minutes'"
    )
    assert system.due_probes() == [(installation.org_id, connection_id)]
    installation.do("UPDATE erp_connection SET breaker_state = 'CLOSED'")
    assert system.put_clock_right(900, 900) == 2
    assert system.due_deliveries() == [(installation.org_id, connection_id)]
    installation.work_off(connection_id)
    assert api.taken == [order_id]


def test_a_wait_that_is_in_order_is_left_alone(installation: Any) -> None:
    installation.connect(MemoryApi())
    installation.pushed()
    installation.do("UPDATE erp_export SET next_attempt_at = now() + interval '899 seconds'")
    assert SqlSystem(installation.database).put_clock_right(900, 900) == 0


def test_doubt_ends_a_synchronous_push_and_the_engine_goes_on(installation: Any) -> None:
    api = MemoryApi()
    api.lost_answers = 1
    connection_id = installation.connect(api)
    (order_id,) = installation.approved()
    with installation.session() as session:
        with installation.wiring.store.work(installation.org_id) as work:
            order = work.orders.get(order_id)
        row = PushOrchestrator(session).push_order(installation.org_id, order)
        assert row.response_json
        assert (row.status, row.response_json["code"], api.calls) == ("RETRYING", "IN_DOUBT", [("export", order_id)])
    installation.make_all_due()
    installation.work_off(connection_id)
    assert (installation.order(order_id)["status"], api.taken) == ("CONFIRMED", [order_id])
