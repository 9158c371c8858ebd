"""The ERP answers: the table of `domain.answers`, against a real database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import text

from orderflow.domain.delivery import Ack, AckStatus, Waiting, WaitingExport
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, RejectedError, TransientError
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.record import finished, record
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.flow.order.confirm import confirm_order
from orderflow.flow.ports import Actor
from orderflow.flow.setup.connections import edit_connection
from orderflow.storage.system.due import SqlSystem
from orderflow.testing.memory import MemoryApi, MemoryDropzone
from tests.waiting import wait_until

ACTOR = Actor("test")
WAITS_FOR_AN_ORDER = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ~ 'draft_order'
"""
ITS_CONNECTION = text("SELECT FROM erp_connection WHERE id = :id FOR NO KEY UPDATE NOWAIT")


def answer(zone: MemoryDropzone, installation: Any, order_id: Any, status: AckStatus = "ACKED", **more: Any) -> Ack:
    name = installation.export(order_id)["filename"]
    ack = Ack(name, status, source=f"{'ack' if status == 'ACKED' else 'error'}_{name}", **more)
    zone.answers.append(ack)
    return ack


def poll(installation: Any, connection_id: Any) -> dict[str, int]:
    return dict(poll_acks(installation.wiring, installation.org_id, connection_id))


def sent(installation: Any) -> tuple[MemoryDropzone, Any, Any]:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    installation.work_off(connection_id)
    return zone, connection_id, order_id


def test_confirmed_with_the_erps_number(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)
    ack = answer(zone, installation, order_id, erp_order_id="SO-1")
    assert poll(installation, connection_id) == {"acknowledge": 1}
    order = installation.order(order_id)
    assert (order["status"], order["erp_order_id"], order["erp_order_id_source"]) == ("CONFIRMED", "SO-1", "erp")
    assert installation.export(order_id)["status"] == "ACKED"
    assert zone.finished == [ack]


def test_confirmed_without_a_number(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)
    answer(zone, installation, order_id)
    poll(installation, connection_id)
    order, file = installation.order(order_id), installation.export(order_id)["filename"]
    assert (order["status"], order["erp_order_id"], order["erp_order_id_source"]) == ("CONFIRMED", file, "filename")


def test_refused_in_the_erps_words_then_retried_under_a_new_name(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)
    answer(zone, installation, order_id, "FAILED", error_code="E42", message="Kunde 4711 gesperrt")
    assert poll(installation, connection_id) == {"refuse": 1}
    order = installation.order(order_id)
    assert (order["status"], order["error_json"]["code"]) == ("ERROR", "E42")
    assert order["error_json"]["message"] == "Kunde 4711 gesperrt"

    request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)
    installation.work_off(connection_id)
    assert len(set(zone.takes)) == 2
    assert installation.order(order_id)["status"] == "PUSHED"


def test_an_answer_to_a_worker_at_work_waits(installation: Any) -> None:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    to = open_target(installation.wiring, installation.org_id, connection_id)
    assert to is not None
    deliver(installation.wiring, claim(installation.wiring, to, 10))
    answer(zone, installation, order_id)
    assert poll(installation, connection_id) == {"wait": 1}
    assert zone.finished == []


def test_an_answer_is_proof_of_a_delivery_that_nobody_settled(installation: Any) -> None:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    to = open_target(installation.wiring, installation.org_id, connection_id)
    assert to is not None
    deliver(installation.wiring, claim(installation.wiring, to, 10))
    installation.let_leases_run_out()
    answer(zone, installation, order_id, erp_order_id="SO-2")
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert installation.order(order_id)["status"] == "CONFIRMED"
    assert [row["status"] for row in installation.attempts(order_id)] == ["SUCCESS"]
    assert installation.work_off(connection_id) == 0
    assert len(zone.takes) == 1


def test_an_answer_corrects_an_attempt_whose_end_was_never_heard(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["publish"] = [InDoubtError("no answer to the rename", code="PUBLISH_UNKNOWN")]
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    push_batch(installation.wiring, installation.org_id, connection_id)
    assert [attempt["status"] for attempt in installation.attempts(order_id)] == ["RETRYING"]
    answer(zone, installation, order_id)
    assert poll(installation, connection_id) == {"acknowledge": 1}
    (attempt,) = installation.attempts(order_id)
    assert (attempt["status"], attempt["response_json"]) == ("SUCCESS", {"settled_by": "answer"})


def test_a_late_yes_to_an_export_that_we_gave_up(installation: Any) -> None:
    zone = MemoryDropzone()
    zone.script["publish"] = [TransientError("no answer to the rename")] * 4
    connection_id = installation.connect(zone)
    (order_id,) = installation.pushed()
    installation.work_off(connection_id)
    assert installation.order(order_id)["status"] == "ERROR"
    answer(zone, installation, order_id)
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert installation.order(order_id)["status"] == "CONFIRMED"


def refused_then_retried(installation: Any) -> tuple[MemoryDropzone, Any, Any]:
    zone, connection_id, order_id = sent(installation)
    first = answer(zone, installation, order_id, "FAILED", message="no")
    poll(installation, connection_id)
    request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)
    zone.answers.append(Ack(first.reference, "ACKED", source="late", erp_order_id="SO-9"))
    return zone, connection_id, order_id


def alerts(installation: Any) -> list[str]:
    rows = installation.rows("SELECT after FROM audit_log WHERE action = 'EXPORT_ALERT'")
    return [row["after"]["message"] for row in rows]


def test_a_late_yes_stops_the_retry_of_which_nothing_was_sent(installation: Any) -> None:
    zone, connection_id, order_id = refused_then_retried(installation)
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert installation.work_off(connection_id) == 0
    assert len(zone.takes) == 1
    order = installation.order(order_id)
    assert (order["status"], order["erp_order_id"]) == ("CONFIRMED", "SO-9")
    (told,) = alerts(installation)
    assert "nothing had been sent, was stopped" in told


def test_a_late_yes_stops_a_retry_that_failed_before_anything_was_sent(installation: Any) -> None:
    zone, connection_id, order_id = refused_then_retried(installation)
    zone.script["stage"] = [TransientError("later")]
    push_batch(installation.wiring, installation.org_id, connection_id)
    assert poll(installation, connection_id) == {"acknowledge": 1}
    installation.make_all_due()
    assert installation.work_off(connection_id) == 0
    assert installation.order(order_id)["status"] == "CONFIRMED"


def test_a_late_yes_after_the_order_was_sent_again_is_an_alert(installation: Any) -> None:
    _, connection_id, _ = refused_then_retried(installation)
    installation.work_off(connection_id)
    assert poll(installation, connection_id) == {"alert": 1}
    (told,) = alerts(installation)
    assert "has been sent again: possibly doubled" in told


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("at_once", [True, False])
def test_of_two_late_yeses_to_two_failed_deliveries_one_is_an_alert(
    installation: Any, first: int, at_once: bool
) -> None:
    zone, connection_id, order_id = sent(installation)
    refused = [answer(zone, installation, order_id, "FAILED", message="no")]
    poll(installation, connection_id)
    request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)
    installation.work_off(connection_id)
    refused.append(answer(zone, installation, order_id, "FAILED", message="no"))
    poll(installation, connection_id)
    yeses = [Ack(one.reference, "ACKED", source=f"late-{n}") for n, one in enumerate(refused)]
    for part in [[yeses[first], yeses[1 - first]]] if at_once else [[yeses[first]], [yeses[1 - first]]]:
        zone.answers.extend(part)
        poll(installation, connection_id)
    (told,) = alerts(installation)
    assert "has been sent again: possibly doubled" in told
    assert installation.order(order_id)["status"] == "CONFIRMED"
    assert zone.answers == []


def corrected(installation: Any, order_id: Any, notes: str) -> None:
    """Edit an order, approve it, and ask for its push."""
    store = installation.wiring.store
    with store.work(installation.org_id) as work:
        edit_order(work, replace(work.orders.get(order_id), notes=notes), ACTOR)
    with store.work(installation.org_id) as work:
        approve_order(work, order_id, ACTOR)
    request_push(store, installation.org_id, order_id, ACTOR)


def refused_then_corrected(installation: Any) -> tuple[MemoryDropzone, Any, Any]:
    zone, connection_id, order_id = sent(installation)
    zone.reads_changes = True
    first = answer(zone, installation, order_id, "FAILED", message="no")
    poll(installation, connection_id)
    corrected(installation, order_id, "ten")
    zone.answers.append(Ack(first.reference, "ACKED", source="late", erp_order_id="SO-9"))
    return zone, connection_id, order_id


def test_a_late_yes_to_what_was_corrected_since_does_not_confirm_the_correction(installation: Any) -> None:
    zone, connection_id, order_id = refused_then_corrected(installation)
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert installation.order(order_id)["status"] == "PUSHING"
    assert "follows as a change" in alerts(installation)[0]
    installation.work_off(connection_id)
    assert [name.split("_")[0] for name in zone.takes] == ["sales", "change"]
    assert installation.order(order_id)["status"] == "PUSHED"


def test_a_late_yes_beside_a_correction_that_failed_leaves_its_order_in_error(installation: Any) -> None:
    zone, connection_id, order_id = refused_then_corrected(installation)
    zone.script["stage"] = [RejectedError("not like this")]
    installation.work_off(connection_id)
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert installation.order(order_id)["status"] == "ERROR"
    assert len(alerts(installation)) == 1
    request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)
    assert installation.export(order_id)["kind"] == "change"


def test_a_late_yes_after_the_correction_was_sent_is_an_alert_though_its_change_waits(installation: Any) -> None:
    zone, connection_id, order_id = refused_then_corrected(installation)
    installation.work_off(connection_id)
    corrected(installation, order_id, "eleven")
    assert poll(installation, connection_id) == {"alert": 1}
    assert "has been sent again: possibly doubled" in alerts(installation)[0]
    installation.work_off(connection_id)
    assert [name.split("_")[0] for name in zone.takes] == ["sales", "sales", "change"]


def test_the_first_answer_wins(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)
    answer(zone, installation, order_id, erp_order_id="SO-1")
    answer(zone, installation, order_id, "FAILED", message="no")
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert poll(installation, connection_id) == {"alert": 1}
    assert installation.order(order_id)["status"] == "CONFIRMED"
    assert zone.answers == []


def test_what_cannot_be_read_is_put_away_and_changes_nothing(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)
    answer(zone, installation, order_id, "UNREADABLE", message="not JSON")
    assert poll(installation, connection_id) == {"unreadable": 1}
    assert installation.order(order_id)["status"] == "PUSHED"
    assert len(zone.finished) == 1


def test_what_cannot_be_read_is_news_once_and_until_a_better_answer_comes(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)

    def told() -> Any:
        (row,) = installation.rows("SELECT poll_error FROM erp_connection")
        return row["poll_error"]

    def noted() -> Any:
        (row,) = installation.rows("SELECT unreadable_answer FROM erp_export")
        return row["unreadable_answer"]

    for _ in range(2):  # as where it cannot be put away
        answer(zone, installation, order_id, "UNREADABLE", message="not JSON", excerpt="Kunde gesperrt", digest="d1")
        poll(installation, connection_id)
        assert (told()["code"], told()["details"]) == ("ACKS_UNREADABLE", {"unreadable": 1, "unmatched": 0})
    assert (noted()["reason"], noted()["excerpt"]) == ("not JSON", "Kunde gesperrt")
    assert noted()["read_at"]
    assert len(installation.rows("SELECT 1 FROM audit_log WHERE action = 'ACK_UNREADABLE'")) == 1
    poll(installation, connection_id)
    assert told()["code"] == "ACKS_UNREADABLE", "it stays told although the file was put away"
    answer(zone, installation, order_id, erp_order_id="SO-1")
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert (told(), noted()) == (None, None)


def test_a_confirmation_by_hand_ends_what_could_not_be_read(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)
    answer(zone, installation, order_id, "UNREADABLE", message="not JSON", digest="d1")
    poll(installation, connection_id)
    with installation.wiring.store.work(installation.org_id) as work:
        assert work.exports.count_unreadable(connection_id) == 1
        assert work.exports.confirm(installation.export(order_id)["id"], "Ada")
    assert installation.export(order_id)["unreadable_answer"] is None


def test_a_resolved_doubt_ends_what_could_not_be_read(installation: Any) -> None:
    _, _, order_id = sent(installation)
    export_id = installation.export(order_id)["id"]
    for decide in ("note_delivered", "send_again"):
        installation.do(
            "UPDATE erp_export SET status = 'PENDING', held_at = now(), sent_at = NULL, unreadable_answer = '{}'"
        )
        with installation.wiring.store.work(installation.org_id) as work:
            assert getattr(work.exports, decide)(export_id)
        assert installation.export(order_id)["unreadable_answer"] is None


def test_what_belongs_to_nobody_stays_and_is_reported(installation: Any) -> None:
    zone, connection_id, _ = sent(installation)
    zone.answers.append(Ack("sales_order_of_somebody_else.json", "ACKED", source="x"))
    assert poll(installation, connection_id) == {"unmatched": 1}
    assert len(zone.answers) == 1
    (row,) = installation.rows("SELECT poll_error FROM erp_connection")
    assert row["poll_error"]["code"] == "ACKS_UNMATCHED"


def test_another_organizations_answer_is_nobodys(installation: Any, make_org: Any) -> None:
    zone, _, order_id = sent(installation)
    answer(zone, installation, order_id)
    installation.org_id = make_org()
    other = installation.connect(zone)
    assert poll(installation, other) == {"unmatched": 1}


def test_one_poller_at_a_time(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)
    answer(zone, installation, order_id)
    installation.do("UPDATE erp_connection SET poll_lease_until = now() + interval '1 minute'")
    assert poll(installation, connection_id) == {}
    installation.do("UPDATE erp_connection SET poll_lease_until = now() - interval '1 minute'")
    assert poll(installation, connection_id) == {"acknowledge": 1}


def test_a_folder_that_cannot_be_read_is_noted_and_deliveries_go_on(installation: Any) -> None:
    zone, connection_id, _ = sent(installation)

    class Unreadable(MemoryDropzone):
        def poll_acks(self, config: Any, waiting: Any) -> Any:
            raise NeedsAttentionError("The ack folder may not be read.", code="PERMISSION_DENIED")

    installation.connectors[zone.connector_type] = Unreadable()
    assert poll(installation, connection_id) == {}
    (row,) = installation.rows("SELECT poll_error, breaker_state FROM erp_connection")
    assert (row["poll_error"]["code"], row["breaker_state"]) == ("PERMISSION_DENIED", "CLOSED")


class Refuses(MemoryDropzone):
    """Its answers may not be read until somebody has mended that."""

    mended = False

    def poll_acks(self, config: Any, waiting: Any) -> Any:
        if not self.mended:
            raise NeedsAttentionError("The ack folder may not be read.", code="PERMISSION_DENIED")
        return iter(())


@pytest.mark.parametrize("status", ["ACTIVE", "DISABLED"])
def test_what_kept_answers_from_being_read_is_told_until_it_is_mended_or_nobody_misses_them(
    installation: Any, status: str
) -> None:
    zone, connection_id, order_id = sent(installation)
    installation.connectors[zone.connector_type] = folder = Refuses()
    system = SqlSystem(installation.database)

    def told() -> Any:
        installation.do("UPDATE erp_connection SET next_poll_at = now() - interval '1 hour'")
        if system.due_polls():
            poll(installation, connection_id)
        (row,) = installation.rows("SELECT poll_error ->> 'code' AS code, poll_failing_since FROM erp_connection")
        assert (row["code"] is None) == (row["poll_failing_since"] is None)
        return row["code"]

    installation.do(f"UPDATE erp_connection SET status = '{status}'")
    assert told() == "PERMISSION_DENIED"
    with installation.wiring.store.work(installation.org_id) as work:
        confirm_order(work, order_id, "SO-1", ACTOR)
    assert told() == ("PERMISSION_DENIED" if status == "ACTIVE" else None)
    folder.mended = True
    assert told() is None
    installation.do("UPDATE erp_connection SET next_poll_at = now()")
    assert system.due_polls() == []


def test_a_target_that_refuses_us_is_asked_ever_less_often_once_nobody_waits(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)
    installation.connectors[zone.connector_type] = Refuses()
    system, due = SqlSystem(installation.database), [(installation.org_id, connection_id)]
    poll(installation, connection_id)

    def is_asked(failing: str, due_for: str) -> Any:
        since, at = f"now() - interval '{failing}'", f"now() - interval '{due_for}'"
        installation.do(f"UPDATE erp_connection SET poll_failing_since = {since}, next_poll_at = {at}")
        return system.due_polls()

    assert is_asked("1 day", "1 second") == due, "an order waits"
    with installation.wiring.store.work(installation.org_id) as work:
        confirm_order(work, order_id, "SO-1", ACTOR)
    assert (is_asked("10 minutes", "4 minutes"), is_asked("10 minutes", "6 minutes")) == ([], due)
    assert (is_asked("1 day", "59 minutes"), is_asked("1 day", "61 minutes")) == ([], due)


def test_answers_read_before_a_fault_are_recorded(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)

    class BreaksOff(MemoryDropzone):
        def poll_acks(self, config: Any, waiting: Any) -> Any:
            yield from zone.poll_acks(config, waiting)
            raise NeedsAttentionError("One answer may not be read.", code="PERMISSION_DENIED")

        def finish_acks(self, acks: Any, config: Any) -> None:
            zone.finish_acks(acks, config)

    answer(zone, installation, order_id)
    installation.connectors[zone.connector_type] = BreaksOff()
    assert poll(installation, connection_id) == {"acknowledge": 1}
    assert installation.order(order_id)["status"] == "CONFIRMED"
    (row,) = installation.rows("SELECT poll_error FROM erp_connection")
    assert row["poll_error"]["code"] == "PERMISSION_DENIED"


def test_what_cannot_be_read_waits_while_a_worker_holds_its_delivery(installation: Any) -> None:
    zone, _, order_id = sent(installation)
    ack = answer(zone, installation, order_id, "UNREADABLE", digest="d")
    ack.export_id = installation.export(order_id)["id"]
    with installation.database.system() as worker:
        worker.execute(text("SELECT FROM erp_export WHERE id = :id FOR UPDATE"), {"id": ack.export_id})
        with installation.wiring.store.work(installation.org_id) as work:
            said = record(work, [ack])
    assert ([one.verdict for one in said], finished([ack], said)) == (["wait"], [])
    with installation.wiring.store.work(installation.org_id) as work:
        assert finished([ack], record(work, [ack])) == [ack]
    assert installation.export(order_id)["unreadable_answer"]["digest"] == "d"


def test_a_poll_that_waits_for_an_order_keeps_nobody_from_its_connection(installation: Any) -> None:
    zone, connection_id, order_id = sent(installation)
    answer(zone, installation, order_id, export_id=installation.export(order_id)["id"])
    polling = Thread(target=poll, args=(installation, connection_id))
    with installation.wiring.store.work(installation.org_id) as person:
        person.orders.lock_status(order_id)
        polling.start()
        wait_until(lambda: installation.rows(WAITS_FOR_AN_ORDER))
        person.connection.execute(ITS_CONNECTION, {"id": connection_id})
    polling.join(60)
    assert installation.order(order_id)["status"] == "CONFIRMED"


class Polled(MemoryApi):
    """An API that is asked how its orders fare, and says of each that it was deleted."""

    def expects_acks(self, config: dict[str, Any]) -> bool:
        return True

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        for export in waiting:
            yield Ack(export.reference, "FAILED", export.export_id)


def test_what_was_sent_elsewhere_is_told_as_long_as_it_waits(installation: Any) -> None:
    connection_id = installation.connect(Polled())
    (order_id,) = installation.pushed()
    installation.work_off(connection_id)
    elsewhere = {"password": "s3cret", "url": "https://another.example"}
    edit_connection(installation.wiring, installation.org_id, connection_id, elsewhere, ACTOR)
    system, told = SqlSystem(installation.database), text("SELECT poll_error ->> 'code' FROM erp_connection")
    assert poll(installation, connection_id) == {}
    with installation.database.system() as connection:
        assert connection.execute(told).scalar() == "TARGET_CHANGED"
    with installation.wiring.store.work(installation.org_id) as work:
        confirm_order(work, order_id, "SO-1", ACTOR)
        work.connections.poll_now(connection_id)
    assert system.due_polls() == [(installation.org_id, connection_id)]
    poll(installation, connection_id)
    with installation.database.system() as connection:
        assert connection.execute(told).scalar() is None
