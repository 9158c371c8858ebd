from __future__ import annotations

import pytest
from sqlalchemy import text

from orderflow.domain.access import Role
from orderflow.domain.bulk import BulkAction
from orderflow.domain.delivery import Arrived
from orderflow.domain.errors import DocumentMissingError, ObjectStoreError, StateError, TransientError
from orderflow.domain.ids import new_id
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.recall import recall_in
from orderflow.flow.delivery.request import request_push
from orderflow.flow.delivery.reroute import look_again
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.doctor import after_failover, after_restore, ended_recalls, examine
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.flow.order.bulk import begin, go_on
from orderflow.flow.people.api_keys import create_key, revoke_key
from orderflow.flow.ports import Actor, BulkJob
from orderflow.storage.system.doctor import SqlBookKeeping
from orderflow.storage.work.tallies import count_deliveries
from orderflow.testing.memory import MemoryApi, MemoryDropzone

ACTOR = Actor("test")
LANES = "INSERT INTO erp_lane (connection_id, lane, org_id, lease_token, lease_until)"


@pytest.fixture
def keeping(installation):
    return SqlBookKeeping(installation.database)


@pytest.fixture
def look(installation, keeping):
    def examined(**options):
        return examine(keeping, Store(installation.documents), **options)

    return examined


class Store:
    """The tests' store in memory, with the error of a real one."""

    def __init__(self, documents):
        self.documents = documents

    def put_many(self, items):
        self.documents.put_many(items)

    def get(self, key):
        if key not in self.documents.kept:
            raise DocumentMissingError("gone")
        return self.documents.kept[key]


def delivered(installation, count=3):
    connection_id = installation.connect(MemoryDropzone())
    ids = installation.pushed(count)
    installation.work_off(connection_id)
    return ids


def test_a_sound_installation_gives_nothing_to_report(installation, look):
    delivered(installation)
    installation.pushed(2)
    assert look() == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE draft_order SET status = 'PUSHING' WHERE id = :id", "ORDER_DISAGREES"),
        ("UPDATE erp_export SET lease_token = id WHERE draft_order_id = :id", "LEASE_STUCK"),
        ("UPDATE erp_push_log SET status = 'PENDING' WHERE draft_order_id = :id", "ATTEMPT_OPEN"),
    ],
)
def test_what_is_safe_is_put_right_and_only_on_request(installation, look, statement, code):
    first, *_ = delivered(installation)
    installation.do(statement, id=first)
    found = {finding.code: finding for finding in look()}
    assert (found[code].order_id, found[code].repairable, found[code].repaired) == (first, True, False)
    assert code in {finding.code for finding in look()}
    assert all(finding.repaired for finding in look(repair=True))
    assert look() == []
    assert installation.order(first)["status"] == "PUSHED"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE erp_export SET status = 'PENDING' WHERE draft_order_id = :id", "ORDER_DISAGREES"),
        ("UPDATE erp_push_log SET status = 'FAILED' WHERE draft_order_id = :id", "SUCCESS_MISSING"),
    ],
)
def test_what_could_double_an_order_is_left_to_a_person(installation, look, statement, code):
    first, *_ = delivered(installation)
    installation.do(statement, id=first)
    (finding,) = (finding for finding in look(repair=True) if finding.code == code)
    assert (finding.order_id, finding.repairable, finding.repaired) == (first, False, False)


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE draft_order_revision SET content = replace(content, 'INT-999', 'INT-998') WHERE draft_order_id = :id",
        "UPDATE draft_order_revision SET content = NULL WHERE draft_order_id = :id",
        "DELETE FROM draft_order_revision WHERE draft_order_id = :id",
    ],
)
def test_a_revision_that_is_not_what_was_approved_is_told_and_nothing_is_sent_from_it(installation, look, harm):
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    changed, sound = installation.pushed(2)
    with installation.database.system() as connection:
        connection.execute(text(harm), {"id": changed})
    (finding,) = look(repair=True)
    assert (finding.code, finding.order_id, finding.repaired) == ("REVISION_CHANGED", changed, False)
    installation.work_off(connection_id)
    assert len(zone.takes) == 1
    assert [installation.order(order_id)["status"] for order_id in (changed, sound)] == ["ERROR", "PUSHED"]
    assert installation.export(changed)["error_json"]["code"] == "REVISION_CHANGED"
    order = installation.order(changed)
    with installation.wiring.store.work(installation.org_id) as work:  # as the hint says
        edit_order(work, work.orders.get(order["id"]), ACTOR)
        approve_order(work, changed, ACTOR)
    request_push(installation.wiring.store, installation.org_id, changed, ACTOR)
    installation.work_off(connection_id)
    assert installation.order(changed)["status"] == "PUSHED"


def test_a_lease_that_ends_in_another_age_is_given_up(installation, look):
    installation.connect(MemoryDropzone())
    installation.pushed()
    installation.do("UPDATE erp_export SET lease_token = id, lease_until = now() + interval '9 years'")
    assert [finding.code for finding in look(repair=True)] == ["LEASE_STUCK"]
    assert look() == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE erp_export SET next_attempt_at = {ahead}", "DUE_FAR_AHEAD"),
        ("UPDATE erp_connection SET breaker_state = 'OPEN', probe_at = {ahead}", "CONNECTION_FAR_AHEAD"),
        ("UPDATE erp_connection SET next_poll_at = {ahead}, poll_lease_until = {ahead}", "CONNECTION_FAR_AHEAD"),
        (
            f"{LANES} SELECT id, generate_series(1, 9), org_id, id, {{ahead}} FROM erp_connection",
            "CONNECTION_FAR_AHEAD",
        ),
    ],
)
def test_times_that_a_clock_ahead_wrote_are_put_back(installation, look, statement, code):
    connection_id = installation.connect(MemoryDropzone())
    (order_id,) = installation.pushed()
    installation.do(statement.format(ahead="now() + interval '9 years'"))
    found = look(repair=True)
    assert [(finding.code, finding.repaired) for finding in found] == [(code, True)]
    assert look() == []
    installation.do("UPDATE erp_connection SET breaker_state = 'CLOSED'")
    assert installation.work_off(connection_id) == 1
    assert installation.order(order_id)["status"] == "PUSHED"


def test_a_clock_set_back_by_an_hour_makes_nothing_wait(installation, look):
    """All that was written before is an hour in the future: as if the database's clock had been set back by it."""
    connection_id = installation.connect(MemoryDropzone(), orders_per_minute=60)
    first, second = installation.pushed(2)
    installation.do("UPDATE erp_export SET next_attempt_at = now() + interval '2 seconds'")
    for table in ("erp_export", "erp_connection"):
        for column in installation.rows(
            "SELECT column_name AS name FROM information_schema.columns"
            " WHERE table_name = :table AND data_type LIKE 'timestamp%' AND column_name <> 'rests_until'",
            table=table,
        ):
            installation.do(
                f"UPDATE {table} SET {column['name']} = {column['name']} + interval '1 hour'"
            )  # a column's name
    installation.do("UPDATE erp_connection SET next_poll_at = now() + interval '1 hour'")
    installation.do("UPDATE orders_taken SET taken_at = taken_at + interval '1 hour', orders = 60")
    assert installation.work_off(connection_id) in (0, 2)
    found = {finding.code: finding.repaired for finding in look(repair=True)}
    assert all(found.values())
    assert look() == []
    installation.work_off(connection_id)
    assert [installation.order(one)["status"] for one in (first, second)] == ["PUSHED", "PUSHED"]
    assert installation.rows("SELECT next_poll_at <= now() AS due FROM erp_connection") == [{"due": True}]


def test_a_long_wait_that_somebody_meant_is_left_alone(installation, look):
    installation.connect(MemoryDropzone())
    installation.pushed()
    installation.do("UPDATE erp_export SET next_attempt_at = now() + interval '59 minutes'")  # Retry-After says so
    assert look(repair=True) == []


def test_a_bulk_job_that_stands_still_is_told(installation, look):
    installation.connect(MemoryDropzone())
    job, ids = BulkJob(new_id(), BulkAction.PUSH, ACTOR), installation.approved(3)
    with installation.wiring.store.work(installation.org_id) as work:
        begin(work, job, lambda: work.bulk_jobs.choose(job.id, ids))
    assert look() == [], "it has just begun"
    installation.do("UPDATE bulk_job SET created_at = now() - interval '16 minutes'")
    (finding,) = look(repair=True)
    assert (finding.code, finding.repaired) == ("BULK_JOB_STUCK", False)
    assert f"{job.id} (push) has not moved" in finding.message
    assert "3 order(s) are left" in finding.message
    while go_on(installation.wiring.store, installation.org_id, job.id):
        pass
    assert look() == []


def test_deliveries_that_nobody_counts_any_more_are_told(installation, look):
    with installation.wiring.store.work(installation.org_id) as work:
        while count_deliveries(work.connection, installation.org_id):
            assert look() == [], "the first time takes a while"
    assert look() == []
    installation.do("UPDATE delivery_tally_state SET seen_at = now() - interval '16 minutes'")
    (finding,) = look(repair=True)
    assert (finding.code, finding.repaired) == ("TALLIES_LATE", False)
    with installation.wiring.store.work(installation.org_id) as work:
        count_deliveries(work.connection, installation.org_id)
    assert look() == []
    installation.do("UPDATE delivery_tally_state SET seen_at = NULL, checked_at = now() - interval '16 minutes'")
    assert [finding.code for finding in look()] == ["TALLIES_LATE"], "the first time never ended"


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        (
            "UPDATE erp_connection SET breaker_state = 'PAUSED', breaker_error = '{\"message\": \"Wrong password.\"}'",
            "CONNECTION_PAUSED",
            "2 order(s) wait: Wrong password.",
        ),
        ("UPDATE erp_connection SET status = 'DISABLED', is_default = false", "CONNECTION_OFF", "2 order(s) wait"),
        (
            "UPDATE erp_connection SET opening_hours = '{}', open_until = now() - interval '16 minutes'",
            "HOURS_STUCK",
            "2 order(s) wait",
        ),
        (
            'UPDATE erp_connection SET poll_error = \'{"message": "No right to /acks/processed."}\'',
            "ANSWERS_NOT_READ",
            "No right to /acks/processed.",
        ),
    ],
)
def test_what_waits_for_a_person_is_counted(installation, look, statement, code, words):
    installation.connect(MemoryDropzone(), name="Works")
    installation.pushed(2)
    installation.do(statement.replace(":", "\\:"))
    (finding,) = look(repair=True)
    assert (finding.code, finding.repaired) == (code, False)
    assert finding.message.startswith(("Works ", "Answers of Works "))
    assert words in finding.message


def test_answers_that_nobody_understands_are_counted_by_connection(installation, look):
    delivered(installation)
    installation.do("UPDATE erp_export SET unreadable_answer = '{}'")
    (finding,) = look()
    assert finding.code == "ANSWERS_UNREADABLE"
    assert finding.message.startswith("3 answer(s) of ")
    installation.do("UPDATE erp_export SET status = 'ACKED'")
    assert "ANSWERS_UNREADABLE" not in {finding.code for finding in look()}, "somebody found out otherwise"


def test_answers_that_came_and_that_nobody_reads_are_told(installation, look):
    connection_id = installation.connect(MemoryDropzone())
    with installation.wiring.store.work(installation.org_id) as work:
        for number in range(2):
            work.inbound.add(connection_id, Arrived(new_id(), f"{number}", b"yes"), f"{number}")
    assert look() == [], "they have just come"
    installation.do("UPDATE inbound SET received_at = now() - interval '2 hours'")
    (finding,) = look(repair=True)
    assert (finding.code, finding.repaired) == ("ANSWERS_NOT_READ", False)
    assert finding.message.startswith("2 answer(s) that were sent to ")
    installation.do("UPDATE inbound SET read_at = now()")  # and are read once more, as they belong to nobody
    assert look() == []


def test_orders_in_error_are_counted_by_organization(installation, look):
    connection_id = installation.connect(MemoryDropzone())
    installation.pushed(3)
    installation.do("UPDATE draft_order SET status = 'ERROR'")
    installation.do("UPDATE erp_export SET status = 'FAILED'")
    assert connection_id
    (finding,) = look()
    assert finding.code == "ORDERS_IN_ERROR"
    assert "3 order(s)" in finding.message


def test_a_key_from_before_keys_belonged_to_a_user_is_a_remark(installation, look):
    store, org_id = installation.wiring.store, installation.org_id
    info, _ = create_key(store, org_id, Actor("somebody"), "webshop", Role.ADMIN)
    (finding,) = look()
    assert (finding.code, finding.remark) == ("KEY_OF_NOBODY", True)
    assert f"webshop (ofk_{info.prefix}" in finding.message
    revoke_key(store, org_id, info.id, Actor("somebody"))
    assert look() == []


def test_overdue_answers_are_listed_and_inferred_ones_first(installation, look):
    ids = delivered(installation)
    assert look() == []
    installation.do("UPDATE erp_connection SET answer_within = 60")
    installation.do("UPDATE erp_export SET sent_at = now() - interval '1 hour'")
    installation.do("UPDATE erp_export SET inferred = true WHERE draft_order_id = :id", id=ids[1])
    found = look()
    assert [finding.code for finding in found] == ["ANSWER_OVERDUE"] * 3
    assert found[0].order_id == ids[1]
    assert "taken to be delivered" in found[0].message


def test_a_receipt_that_is_awaited_is_overdue_too(installation, look):
    delivered(installation)
    installation.do("UPDATE erp_connection SET understood_within = 60")
    installation.do("UPDATE erp_export SET sent_at = now() - interval '1 hour'")
    assert {finding.message.split(" and ")[-1] for finding in look()} == {"is not understood yet; the limit is 60 s."}
    installation.do("UPDATE erp_export SET understood_at = now()")
    assert look() == []


def test_a_lost_document_is_built_anew_if_nothing_was_sent(installation, look):
    api = MemoryDropzone()
    connection_id = installation.connect(api)
    waiting, sent = installation.pushed(2)
    installation.work_off(connection_id)
    installation.do(
        "UPDATE erp_export SET status = 'PENDING', staged_at = NULL, staged_path = NULL WHERE draft_order_id = :id",
        id=waiting,
    )
    installation.do("UPDATE draft_order SET status = 'PUSHING' WHERE id = :id", id=waiting)
    installation.documents.kept.clear()
    found = {f.order_id: f for f in look(repair=True) if f.code == "DOCUMENT_MISSING"}
    assert (found[waiting].repaired, found[sent].repaired) == (True, False)
    assert installation.export(waiting)["document_sha256"] is None
    assert installation.export(sent)["document_sha256"] is not None


def test_a_document_store_that_is_away_is_no_finding(installation, keeping):
    delivered(installation)
    installation.documents.away = True
    with pytest.raises(ObjectStoreError):
        examine(keeping, installation.documents)


def test_after_a_restore_nothing_goes_out_that_may_have_gone_out_before(installation, keeping, look):
    api = MemoryApi()
    connection_id = installation.connect(api)
    waiting = installation.pushed(3)
    approved = installation.approved(1)
    found = after_restore(keeping)
    assert {f.order_id for f in found if f.code == "RESTORED_HELD"} == set(waiting)
    assert [f.order_id for f in found if f.code == "RESTORED_APPROVED"] == approved
    assert installation.work_off(connection_id) == 0
    assert {f.code for f in look()} == {"DELIVERY_HELD"}

    store, org_id = installation.wiring.store, installation.org_id
    resolve_held(store, org_id, installation.export(waiting[0])["id"], "delivered", ACTOR)
    resolve_held(store, org_id, installation.export(waiting[1])["id"], "send_again", ACTOR)
    assert installation.work_off(connection_id) == 1
    assert [installation.order(one)["status"] for one in waiting] == ["PUSHED", "CONFIRMED", "PUSHING"]


def test_after_a_restore_nothing_pushes_by_itself_what_may_have_been_pushed(installation, keeping):
    """A bulk job, and orders that wait for a route, know nothing of what was lost either."""
    store, org_id = installation.wiring.store, installation.org_id
    waits, chosen, failed = (order_id for _ in range(3) for order_id in installation.approved(1))
    request = '{"by": "anna", "request_id": null, "traceparent": null, "idempotency_key": null}'
    installation.do(
        "UPDATE draft_order SET push_requested_at = now(), waits_for = 'NO_ROUTE', waits_seen = '-',"
        " push_request = CAST(:request AS jsonb) WHERE id = :id",
        id=waits,
        request=request,
    )
    job = BulkJob(new_id(), BulkAction.PUSH, ACTOR)
    with store.work(org_id) as work:
        begin(work, job, lambda: work.bulk_jobs.choose(job.id, [chosen]))
    installation.do("UPDATE draft_order SET status = 'ERROR' WHERE id = :id", id=failed)
    found = {(finding.code, finding.order_id) for finding in after_restore(keeping)}
    approved = {("RESTORED_APPROVED", waits), ("RESTORED_APPROVED", chosen)}
    assert found == approved | {("RESTORED_ERROR", failed), ("RESTORED_JOB", None)}
    connection_id = installation.connect(MemoryApi())
    assert not go_on(store, org_id, job.id)
    look_again(store, org_id)
    assert installation.work_off(connection_id) == 0


def test_after_a_restore_control_numbers_go_on_beyond_those_that_were_lost(installation, keeping):
    installation.connect(MemoryApi())
    for before, beyond in ((None, 100_000), (7, 100_007)):
        if before is not None:
            installation.do(f"UPDATE control_counter SET last = {before}")
        after_restore(keeping)
        assert installation.rows("SELECT last FROM control_counter") == [{"last": beyond}]


def test_after_a_restore_what_was_staged_goes_on_by_itself(installation, keeping):
    installation.connect(MemoryDropzone())
    installation.pushed()
    installation.do("UPDATE erp_export SET staged_at = now(), staged_path = 'memory:/x.tmp'")
    assert after_restore(keeping) == []


def test_after_a_failover_what_may_have_been_sent_is_held(installation, keeping, look):
    """A worker sends; the commits that say so are lost with the primary; the replica has the orders waiting."""
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)
    ids = installation.pushed(3)
    before = installation.rows("SELECT * FROM erp_export")
    installation.work_off(connection_id)
    assert len(zone.takes) == 3
    for row in before:
        installation.do(
            "UPDATE erp_export SET status = 'PENDING', staged_at = NULL, staged_path = NULL, sent_at = NULL,"
            " lease_token = NULL, filename = NULL, document_sha256 = NULL, export_storage_key = NULL WHERE id = :id",
            id=row["id"],
        )
    installation.do("UPDATE draft_order SET status = 'PUSHING'")
    found = after_failover(keeping)
    assert {finding.order_id for finding in found if finding.code == "FAILED_OVER_HELD"} == set(ids)
    assert installation.work_off(connection_id) == 0
    assert len(zone.takes) == 3
    assert "DELIVERY_HELD" in {finding.code for finding in look()}


@pytest.mark.parametrize("asking", [True, False])
def test_after_a_failover_what_was_held_before_is_not_asked_about_and_not_resolved_by_what_was_seen(
    installation, keeping, asking
):
    """The ERP said "not there", and it was sent once more; the replica lacks both, and would ask by itself."""
    api = MemoryApi()
    api.lost_answers, api.script["find"] = 1, [TransientError("500")]
    connection_id = installation.connect(api)
    (order_id,) = installation.pushed()
    push_batch(installation.wiring, installation.org_id, connection_id)
    aged = "begun_at = begun_at - interval '2 hours', last_begun_at = last_begun_at - interval '2 hours'"
    installation.do(f"UPDATE erp_export SET {aged}, held_at = now(), asking = :asking", asking=asking)
    with installation.wiring.store.work(installation.org_id) as work:
        seen = work.exports.latest(order_id)
    api.taken.clear()  # it does not show yet what was sent to it last
    found = after_failover(keeping)
    assert [finding.order_id for finding in found if finding.code == "FAILED_OVER_HELD"] == [order_id]
    installation.make_all_due()
    assert (installation.work_off(connection_id), api.taken) == (0, [])
    store, org_id = installation.wiring.store, installation.org_id
    with pytest.raises(StateError) as refused:
        resolve_held(store, org_id, seen.id, "send_again", ACTOR, seen.perhaps_sent_at)
    assert refused.value.code == "STALE_DOUBT"


def test_a_connection_that_an_upgrade_made_hold_is_a_remark_with_the_command_that_restores_it(installation, look):
    connection_id = installation.connect(MemoryDropzone())
    installation.do("UPDATE erp_connection SET in_doubt_before = 'resend'")
    (finding,) = look()
    assert (finding.code, finding.remark) == ("IN_DOUBT_CHANGED", True)
    assert f"orderflow connections edit {connection_id} --in-doubt resend" in finding.message


def test_a_recall_that_nobody_answers_is_told_after_three_days(installation, look):
    (order_id,) = delivered(installation, 1)
    with installation.wiring.store.work(installation.org_id) as work:
        recall_in(work, order_id, "cancelled", ACTOR)
    assert [finding.code for finding in look()] == []
    installation.do("UPDATE erp_export SET created_at = now() - interval '4 days' WHERE kind = 'recall'")
    (finding,) = look()
    assert (finding.code, finding.order_id) == ("RECALL_OPEN", order_id)


@pytest.mark.parametrize(("ended", "becomes"), [("ACKED", "RECALLED"), ("FAILED", "PUSHED")])
def test_a_recall_whose_end_moved_no_order_moves_it(installation, keeping, ended, becomes):
    (order_id,) = delivered(installation, 1)
    with installation.wiring.store.work(installation.org_id) as work:
        recall_in(work, order_id, "cancelled", ACTOR)
    store = installation.wiring.store
    assert ended_recalls(keeping, store, repair=True) == []
    installation.do("UPDATE erp_export SET status = :status WHERE kind = 'recall'", status=ended)  # as an older release
    (finding,) = ended_recalls(keeping, store)
    assert (finding.code, finding.repaired, installation.order(order_id)["status"]) == (
        "RECALL_ENDED",
        False,
        "RECALLING",
    )
    assert ended_recalls(keeping, store, repair=True)[0].repaired
    assert installation.order(order_id)["status"] == becomes
    assert ended_recalls(keeping, store) == []
