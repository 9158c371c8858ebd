from __future__ import annotations

import pytest

from orderflow.domain.errors import ObjectStoreError
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.doctor import after_restore, examine
from orderflow.flow.ports import Actor
from orderflow.storage.system.doctor import SqlBookKeeping
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

    def get(self, key):
        if key not in self.documents.kept:
            raise ObjectStoreError("gone", code="OBJECT_NOT_FOUND")
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


def test_after_a_restore_what_was_staged_goes_on_by_itself(installation, keeping):
    installation.connect(MemoryDropzone())
    installation.pushed()
    installation.do("UPDATE erp_export SET staged_at = now(), staged_path = 'memory:/x.tmp'")
    assert after_restore(keeping) == []
