"""An order's way: requested, claimed, delivered, settled; once and only once, whatever happens in between."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.domain.delivery import Lease
from orderflow.domain.errors import (
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    ObjectStoreError,
    PushServiceError,
    RejectedError,
    StateError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.ids import new_id
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push, withdraw
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.delivery.settle import settle
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.flow.ports import Actor, Batch, Crew
from orderflow.orchestrator import PushOrchestrator
from orderflow.testing.memory import MemoryApi, MemoryDropzone

ACTOR = Actor("test")


def claimed(installation: Any, connection_id: Any) -> Batch:
    to = open_target(installation.wiring, installation.org_id, connection_id)
    assert to is not None
    return claim(installation.wiring, to, 100)


def test_a_pushed_order_arrives_and_all_three_records_agree(installation: Any) -> None:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    assert installation.woken == [(installation.org_id, connection_id)]

    assert installation.work_off(connection_id) == 1

    export = installation.export(order_id)
    (attempt,) = installation.attempts(order_id)
    assert installation.order(order_id)["status"] == "PUSHED"
    assert (export["status"], export["lease_token"], export["inferred"]) == ("SENT", None, False)
    assert (attempt["status"], attempt["attempt_no"], attempt["response_json"]) == ("SUCCESS", 1, {})
    assert zone.takes == [export["filename"]]
    key = f"exports/{installation.org_id}/{export['filename']}"
    assert export["export_storage_key"] == key
    assert len(installation.documents.kept[key]) == export["document_size"]


def test_many_orders_arrive_once_each(installation: Any) -> None:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    installation.pushed(300)
    assert installation.work_off(connection_id) == 300
    assert len(zone.takes) == len(set(zone.takes)) == 300
    assert installation.rows("SELECT status, count(*) FROM draft_order GROUP BY 1")[0]["count"] == 300


def test_the_same_key_is_the_same_export_and_no_key_is_a_conflict(installation: Any) -> None:
    installation.connect(MemoryDropzone())
    (order_id,) = installation.approved()
    first = request_push(installation.wiring.store, installation.org_id, order_id, ACTOR, idempotency_key="k")
    again = request_push(installation.wiring.store, installation.org_id, order_id, ACTOR, idempotency_key="k")
    assert first is not None
    assert again is not None
    assert first.id == again.id
    with pytest.raises(StateError, match="PUSHING already"):
        request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)


def test_without_an_active_connection_a_push_is_refused(installation: Any) -> None:
    (order_id,) = installation.approved()
    with pytest.raises(StateError, match="No active ERP connector configured"):
        request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)
    assert installation.order(order_id)["status"] == "APPROVED"


def test_a_passing_fault_is_retried_and_every_attempt_is_in_the_log(installation: Any) -> None:
    api = MemoryApi()
    api.script["export"] = [TransientError("hiccup"), TransientError("hiccup")]
    connection_id = installation.connect(api)
    (order_id,) = installation.pushed()
    assert installation.work_off(connection_id) == 3
    assert [row["status"] for row in installation.attempts(order_id)] == ["RETRYING", "RETRYING", "SUCCESS"]
    assert [row["attempt_no"] for row in installation.attempts(order_id)] == [1, 2, 3]
    order = installation.order(order_id)
    assert (order["status"], order["erp_order_id_source"]) == ("CONFIRMED", "erp")


def test_the_fourth_failure_is_the_last_and_a_retry_gets_a_new_file_name(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["stage"] = [TransientError("hiccup")] * 4
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    installation.work_off(connection_id)
    failed = installation.export(order_id)
    assert (failed["status"], failed["attempts_spent"]) == ("FAILED", 4)
    assert installation.order(order_id)["status"] == "ERROR"
    assert installation.attempts(order_id)[-1]["status"] == "FAILED"

    request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)
    installation.work_off(connection_id)
    assert installation.export(order_id)["filename"] != failed["filename"]
    assert [row["attempt_no"] for row in installation.attempts(order_id)] == [1, 2, 3, 4, 5]
    assert len(zone.takes) == 1


def test_a_backoff_keeps_the_order_waiting_in_the_database(installation: Any) -> None:
    installation.retrying(max_attempts=4, base=60.0, jitter=0.0)
    api = MemoryApi()
    api.script["export"] = [TransientError("hiccup")]
    connection_id = installation.connect(api)
    (order_id,) = installation.pushed()
    assert installation.work_off(connection_id) == 1
    (waits,) = installation.rows("SELECT extract(epoch FROM next_attempt_at - now()) AS s FROM erp_export")
    assert 50 < waits["s"] <= 60
    installation.make_all_due()
    assert installation.work_off(connection_id) == 1
    assert installation.order(order_id)["status"] == "CONFIRMED"


def test_an_unavailable_target_opens_the_breaker_and_spends_nothing(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["stage"] = [UnavailableError("refused")] * 3
    connection_id = installation.connect(zone)
    orders = installation.pushed(3)
    assert installation.work_off(connection_id) == 3
    (connection,) = installation.rows("SELECT * FROM erp_connection")
    assert (connection["breaker_state"], connection["breaker_error"]["message"]) == ("OPEN", "refused")
    assert {row["attempts_spent"] for row in installation.rows("SELECT attempts_spent FROM erp_export")} == {0}
    assert all(installation.order(order_id)["status"] == "PUSHING" for order_id in orders)


def test_a_connection_that_needs_attention_pauses_and_is_told_of_once(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["stage"] = [NeedsAttentionError("wrong password", code="AUTH_FAILED")] * 2
    connection_id = installation.connect(zone)
    installation.pushed(2)
    assert installation.work_off(connection_id) == 2
    (connection,) = installation.rows("SELECT * FROM erp_connection")
    assert (connection["breaker_state"], connection["breaker_error"]["code"]) == ("PAUSED", "AUTH_FAILED")
    told = installation.rows("SELECT * FROM audit_log WHERE action = 'CONNECTION_NEEDS_ATTENTION'")
    assert len(told) == 1
    assert installation.work_off(connection_id) == 0


def test_a_rejected_order_fails_alone(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["stage"] = [RejectedError("unknown customer 4711")]
    connection_id = installation.connect(zone)
    first, second = installation.pushed(2)
    installation.work_off(connection_id)
    states = {installation.order(order_id)["status"] for order_id in (first, second)}
    assert states == {"ERROR", "PUSHED"}
    (failed,) = installation.rows("SELECT error_json FROM draft_order WHERE status = 'ERROR'")
    assert failed["error_json"]["message"] == "unknown customer 4711"


def test_a_connector_that_breaks_its_contract_breaks_nothing_else(installation: Any) -> None:
    api = MemoryApi()
    api.script["export"] = [RuntimeError("password=s3cret")]
    connection_id = installation.connect(api)
    orders = installation.pushed(2)
    installation.work_off(connection_id)
    assert {installation.order(order_id)["status"] for order_id in orders} == {"CONFIRMED"}
    assert "s3cret" not in str(installation.rows("SELECT * FROM erp_push_log"))
    assert sorted(api.taken) == sorted(orders)


class TestCrash:
    """A worker dies: what it left behind is taken up by the next, and nothing is sent twice."""

    def test_after_the_claim(self, installation: Any) -> None:
        zone = MemoryDropzone()
        connection_id = installation.connect(zone)
        (order_id,) = installation.pushed()
        claimed(installation, connection_id)
        assert installation.work_off(connection_id) == 0, "the lease still holds"
        installation.let_leases_run_out()
        assert installation.work_off(connection_id) == 1
        assert len(zone.takes) == 1
        assert [row["status"] for row in installation.attempts(order_id)] == ["RETRYING", "SUCCESS"]
        assert installation.export(order_id)["attempts_spent"] == 0

    def test_after_the_delivery_before_it_is_settled(self, installation: Any) -> None:
        zone = MemoryDropzone()
        connection_id = installation.connect(zone)
        (order_id,) = installation.pushed()
        deliver(installation.wiring, claimed(installation, connection_id))
        installation.let_leases_run_out()
        installation.work_off(connection_id)
        export = installation.export(order_id)
        assert len(zone.takes) == 1
        assert (export["status"], export["inferred"]) == ("SENT", True)

    def test_after_staging_before_the_rename(self, installation: Any) -> None:
        zone = MemoryDropzone()
        connection_id = installation.connect(zone)
        (order_id,) = installation.pushed()
        batch = claimed(installation, connection_id)
        zone.script["publish"] = [UnavailableError("gone")]
        deliver(installation.wiring, batch)
        installation.let_leases_run_out()
        installation.work_off(connection_id)
        export = installation.export(order_id)
        assert (len(zone.takes), zone.staged) == (1, {})
        assert (export["status"], export["inferred"]) == ("SENT", False)

    def test_a_worker_that_wakes_up_late_does_no_harm(self, installation: Any) -> None:
        zone = MemoryDropzone()
        connection_id = installation.connect(zone)
        (order_id,) = installation.pushed()
        late = claimed(installation, connection_id)
        installation.let_leases_run_out()
        installation.work_off(connection_id)
        deliver(installation.wiring, late)
        settle(installation.wiring, late)
        assert (len(zone.takes), zone.staged) == (1, {})
        assert ("discard", order_id) in zone.calls
        assert installation.export(order_id)["status"] == "SENT"
        assert [row["status"] for row in installation.attempts(order_id)] == ["RETRYING", "SUCCESS"]

    def test_an_api_is_asked_before_it_is_sent_to_again(self, installation: Any) -> None:
        api = MemoryApi()
        connection_id = installation.connect(api)
        (order_id,) = installation.pushed()
        deliver(installation.wiring, claimed(installation, connection_id))
        installation.let_leases_run_out()
        installation.work_off(connection_id)
        assert api.taken == [order_id]
        assert installation.order(order_id)["status"] == "CONFIRMED"


class TestInDoubt:
    """The answer was lost: ask, and where nobody can tell, do as the connection's policy says."""

    def test_found(self, installation: Any) -> None:
        api = MemoryApi()
        api.lost_answers = 1
        connection_id = installation.connect(api)
        (order_id,) = installation.pushed()
        installation.work_off(connection_id)
        assert api.taken == [order_id]
        assert installation.export(order_id)["inferred"]

    def test_not_found_is_sent_again(self, installation: Any) -> None:
        api = MemoryApi()
        api.script["export"] = [InDoubtError()]
        connection_id = installation.connect(api)
        (order_id,) = installation.pushed()
        installation.work_off(connection_id)
        assert api.taken == [order_id]
        assert [what for what, _ in api.calls] == ["export", "find", "export"]

    def test_hold(self, installation: Any) -> None:
        api = MemoryApi()
        api.lost_answers, api.finds = 1, False
        connection_id = installation.connect(api, in_doubt="hold")
        (order_id,) = installation.pushed()
        installation.work_off(connection_id)
        installation.make_all_due()
        assert installation.work_off(connection_id) == 0
        assert installation.export(order_id)["held_at"] is not None
        assert api.taken == [order_id]

    def test_resend(self, installation: Any) -> None:
        api = MemoryApi()
        api.lost_answers, api.finds = 1, False
        connection_id = installation.connect(api, in_doubt="resend")
        installation.pushed()
        installation.work_off(connection_id)
        assert len(api.taken) == 2, "this is what the policy says"

    def test_a_failed_question_keeps_the_doubt(self, installation: Any) -> None:
        api = MemoryApi()
        api.lost_answers = 1
        api.script["find"] = [TransientError("busy")]
        connection_id = installation.connect(api)
        (order_id,) = installation.pushed()
        installation.work_off(connection_id)
        installation.make_all_due()  # the longer it was in doubt, the later it is asked about again
        installation.work_off(connection_id)
        assert api.taken == [order_id]
        assert [what for what, _ in api.calls] == ["export", "find", "find"]


def test_while_the_object_store_is_away_orders_wait_and_spend_nothing(installation: Any) -> None:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    installation.documents.away = True
    with pytest.raises(ObjectStoreError):
        installation.work_off(connection_id)
    assert (installation.attempts(order_id), zone.calls) == ([], [])
    assert installation.export(order_id)["error_json"]["code"] == "OBJECT_STORE_UNAVAILABLE"
    installation.documents.away = False
    installation.make_all_due()
    assert installation.work_off(connection_id) == 1


def test_a_config_that_does_not_open_disables_its_own_connection_only(installation: Any) -> None:
    zone, api = MemoryDropzone(), MemoryApi()
    broken, sound = installation.connect(zone), installation.connect(api)
    installation.pushed(1, connection_id=broken)
    installation.pushed(1, connection_id=sound)
    installation.do("UPDATE erp_connection SET config_encrypted = '\\x00' WHERE id = :id", id=broken)
    assert installation.work_off(broken) == 0
    assert installation.work_off(sound) == 1
    (row,) = installation.rows("SELECT * FROM erp_connection WHERE id = :id", id=broken)
    assert (row["status"], row["breaker_error"]["code"]) == ("DISABLED", "ENCRYPTION_ERROR")


def test_a_blob_copied_to_another_row_does_not_open(installation: Any) -> None:
    first, second = installation.connect(MemoryDropzone()), installation.connect(MemoryApi())
    installation.do(
        "UPDATE erp_connection SET config_encrypted = (SELECT config_encrypted FROM erp_connection WHERE id = :a)"
        " WHERE id = :b",
        a=first,
        b=second,
    )
    assert open_target(installation.wiring, installation.org_id, first) is not None
    assert open_target(installation.wiring, installation.org_id, second) is None


def test_a_push_can_be_withdrawn_until_an_attempt_begins(installation: Any) -> None:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    early, late = installation.pushed(2)
    withdraw(installation.wiring.store, installation.org_id, early, ACTOR)
    assert installation.order(early)["status"] == "APPROVED"
    claimed(installation, connection_id)
    with pytest.raises(StateError, match="cannot be withdrawn"):
        withdraw(installation.wiring.store, installation.org_id, late, ACTOR)
    installation.let_leases_run_out()
    assert installation.work_off(connection_id) == 1


def test_a_void_token_extends_nothing(installation: Any) -> None:
    connection_id = installation.connect(MemoryDropzone())
    installation.pushed()
    batch = claimed(installation, connection_id)
    alive = installation.wiring.store.extend_leases(installation.org_id, [batch.lease.token, new_id()], 60)
    assert alive == {batch.lease.token}
    stranger = Lease(new_id(), 60)
    with installation.wiring.store.work(installation.org_id) as work:
        assert work.exports.mark_staged(stranger, {batch.attempts[0].export_id: "x"}) == set()


def test_a_disabled_or_paused_connection_keeps_its_orders(installation: Any) -> None:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    installation.pushed()
    installation.do("UPDATE erp_connection SET status = 'DISABLED'")
    assert push_batch(installation.wiring, installation.org_id, connection_id) == 0
    installation.do("UPDATE erp_connection SET status = 'ACTIVE'")
    installation.do("UPDATE organization SET deliveries_paused_at = now()")
    assert push_batch(installation.wiring, installation.org_id, connection_id) == 0
    installation.do("UPDATE organization SET deliveries_paused_until = now()")
    assert push_batch(installation.wiring, installation.org_id, connection_id) == 1


def test_no_more_lanes_than_allowed_whoever_asks(installation: Any) -> None:
    connection_id = installation.connect(MemoryDropzone())
    installation.pushed(5)
    installation.wiring = replace(installation.wiring, lanes=2)
    to = open_target(installation.wiring, installation.org_id, connection_id)
    assert to is not None
    taken = [len(claim(installation.wiring, to, 1).attempts) for _ in range(4)]
    assert taken == [1, 1, 0, 0]
    installation.do("UPDATE erp_lane SET lease_until = now() - interval '1 second' WHERE lane = 1")
    assert len(claim(installation.wiring, to, 1).attempts) == 1


def test_no_more_processes_than_the_target_allows_are_signed_in(installation: Any, monkeypatch) -> None:
    monkeypatch.setattr(MemoryDropzone, "processes", lambda *_: 1)
    connection_id = installation.connect(MemoryDropzone())
    installation.pushed(3)
    other = replace(installation.wiring, process=new_id())
    to = open_target(installation.wiring, installation.org_id, connection_id)
    assert to is not None
    assert [len(claim(wiring, to, 1).attempts) for wiring in (installation.wiring, other)] == [1, 0]
    assert len(claim(installation.wiring, to, 1).attempts) == 1


@pytest.mark.parametrize(
    ("stopped", "code"),
    [
        ("UPDATE organization SET deliveries_paused_at = now()", "DELIVERIES_PAUSED"),
        ("UPDATE erp_connection SET status = 'DISABLED'", "CONNECTION_DISABLED"),
    ],
)
def test_a_program_that_pushes_itself_sends_nothing_that_a_person_stopped(
    installation: Any, stopped: str, code: str
) -> None:
    api = MemoryApi()
    installation.connect(api)
    (order_id,) = installation.pushed()
    installation.do(stopped)
    with installation.session() as session:
        with installation.wiring.store.work(installation.org_id) as work:
            order = work.orders.get(order_id)
        with pytest.raises(PushServiceError) as refused:
            PushOrchestrator(session).push_order(installation.org_id, order)
    assert (refused.value.code, api.taken, installation.export(order_id)["status"]) == (code, [], "PENDING")


def test_a_program_that_pushes_itself_keeps_to_the_sessions_and_the_minute(installation: Any, monkeypatch) -> None:
    monkeypatch.setattr(MemoryApi, "processes", lambda *_: 1)
    connection_id = installation.connect(MemoryApi())
    first, second, third = installation.approved(3)
    installation.do("UPDATE erp_connection SET orders_per_minute = 2")
    with installation.session() as session:
        orchestrator = PushOrchestrator(session)

        def push(order_id: UUID) -> str:
            with installation.wiring.store.work(installation.org_id) as work:
                order = work.orders.get(order_id)
            return orchestrator.push_order(installation.org_id, order).status

        assert push(first) == "SUCCESS"
        crew, lease = Crew(new_id(), 1), Lease(new_id(), 60)
        installation.do("DELETE FROM erp_lane")
        with installation.wiring.store.work(installation.org_id) as work:
            assert work.exports.take_lane(connection_id, lease, 60, 3, crew)
        with pytest.raises(PushServiceError, match="sessions at once are in use") as taken:
            push(second)
        assert taken.value.code == "TARGET_BUSY"
        installation.do("DELETE FROM erp_lane")
        assert push(second) == "SUCCESS"
        with pytest.raises(PushServiceError, match="takes 2 orders a minute") as early:
            push(third)
        assert early.value.code == "PUSH_TOO_EARLY"
    assert len(installation.rows("SELECT id FROM erp_export")) == 2


def test_a_lane_is_free_again_after_every_batch(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["stage"] = [TransientError("hiccup")]
    connection_id = installation.connect(zone)
    installation.pushed(3)
    installation.wiring = replace(installation.wiring, lanes=1)
    assert installation.work_off(connection_id) == 4
    assert installation.rows("SELECT * FROM erp_lane") == []


def test_no_more_orders_than_allowed_in_a_minute(installation: Any) -> None:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone, orders_per_minute=7)
    installation.pushed(10)
    assert installation.work_off(connection_id) == 7
    installation.do("UPDATE orders_taken SET taken_at = taken_at - interval '61 seconds'")
    assert installation.work_off(connection_id) == 3
    installation.pushed(1)
    assert installation.work_off(connection_id) == 1


def test_an_order_that_may_have_arrived_is_changed_once_that_is_decided(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["publish"] = [TransientError("no answer to the rename")] * 4
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    installation.work_off(connection_id)
    staged = installation.export(order_id)
    assert staged["status"] == "FAILED"
    store, org_id = installation.wiring.store, installation.org_id
    with store.work(org_id) as work:
        edit_order(work, replace(work.orders.get(order_id), notes="changed"), ACTOR)
        approve_order(work, order_id, ACTOR)
    request_push(store, org_id, order_id, ACTOR)
    assert installation.work_off(connection_id) == 0
    resolve_held(store, org_id, staged["id"], "not_delivered", ACTOR)
    installation.work_off(connection_id)
    assert (len(zone.takes), staged["filename"] in zone.takes) == (1, False)
    assert installation.order(order_id)["status"] == "PUSHED"


def test_a_lease_that_ended_before_anything_was_tried_spends_nothing(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["stage"] = [LeaseEndingError("too little time left")] * 6
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    installation.work_off(connection_id)
    assert (installation.export(order_id)["status"], installation.export(order_id)["attempts_spent"]) == ("SENT", 0)


def test_with_hold_the_target_is_asked_before_anything_is_held(installation: Any) -> None:
    api = MemoryApi()
    api.lost_answers = 1
    connection_id = installation.connect(api, in_doubt="hold")
    (order_id,) = installation.pushed()
    installation.work_off(connection_id)
    assert (installation.order(order_id)["status"], api.taken) == ("CONFIRMED", [order_id])
    assert installation.export(order_id)["held_at"] is None


def test_the_heartbeat_and_a_step_that_write_to_one_batch_never_wait_for_each_other(installation: Any) -> None:
    connection_id = installation.connect(MemoryDropzone())
    installation.pushed(2)
    batch = claimed(installation, connection_id)
    first, second = sorted(attempt.export_id for attempt in batch.attempts)
    # Behind the second one now, in the table and in its index: only their ids keep the order.
    installation.do("UPDATE erp_export SET next_attempt_at = now() WHERE id = :id", id=first)
    lock = text("SELECT id FROM erp_export WHERE id = :id FOR UPDATE NOWAIT")
    waits = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")

    with ThreadPoolExecutor() as pool:
        with installation.database.transaction(installation.org_id) as step:
            step.execute(lock, {"id": first})
            extend = installation.wiring.store.extend_leases
            beat = pool.submit(extend, installation.org_id, [batch.lease.token], 60)
            while not step.execute(waits).scalar():
                time.sleep(0.01)
            step.execute(lock, {"id": second})
        assert beat.result() == {batch.lease.token}
