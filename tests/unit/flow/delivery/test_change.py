"""An order is changed after it was sent: the last revision wins, none is sent late, and the ERP is asked in turn."""

from __future__ import annotations

import json
from copy import copy

import pytest

from orderflow.domain.answer_details import Details, Level, LineAnswer
from orderflow.domain.delivery import Ack
from orderflow.domain.errors import InDoubtError, RejectedError, StateError, TransientError, UnavailableError
from orderflow.domain.ids import new_id
from orderflow.domain.states import BreakerState, ERPExportStatus, Kind, OrderStatus
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.record import record
from orderflow.flow.delivery.change import ChangeWay, confirm_change, discard_change, what_follows
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.move import move_exports
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.push_batch import push_batch, run
from orderflow.flow.delivery.recall import confirm_recall, end_recall
from orderflow.flow.delivery.request import request_push, withdraw
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.delivery.settle import settle
from orderflow.flow.order.approve import approve_order, edit_order, reject_order
from tests.unit.flow.conftest import ANNA

S, X = OrderStatus, ERPExportStatus


@pytest.fixture
def house(house):
    house.api.takes_changes = house.dropzone.reads_changes = True
    return house


def work_off(house, connection_id=None):
    house.clock.forward(1)
    push_batch(house.wiring, house.org_id, connection_id or house.to_api)
    house.clock.forward(1)


def sent(house, connection_id=None):
    """Return an order that its ERP has."""
    order = house.pushed(connection_id)
    work_off(house, connection_id)
    return order


def edit(house, order, notes="changed", **changes):
    with house.work() as work:
        changed = copy(work.orders.get(order.id))
        for name, value in {"notes": notes, **changes}.items():
            setattr(changed, name, value)
        edit_order(work, changed, ANNA)


def change(house, order, notes="changed", connection_id=None):
    """Edit, approve and push."""
    edit(house, order, notes)
    with house.work() as work:
        approve_order(work, order.id, ANNA)
    house.clock.forward(1)
    request_push(house.store, house.org_id, order.id, ANNA, connection_id=connection_id)


def do(house, step, order):
    with house.work() as work:
        step(work, order.id, ANNA)


def told(house, *acks):
    """Let the ERP say what it says at the dropzone; returns how often which verdict was reached."""
    house.dropzone.answers[:] = acks
    house.clock.forward(100)
    counts = poll_acks(house.wiring, house.org_id, house.to_dropzone)
    house.dropzone.answers.clear()
    return counts


def test_what_was_sent_is_changed_by_a_delivery_of_its_own_that_says_all_and_what_was(house):
    order = sent(house)
    change(house, order)
    assert (house.status(order), house.export(order).kind) == (S.PUSHING, Kind.CHANGE)
    work_off(house)
    assert (house.status(order), house.export(order).status) == (S.CONFIRMED, X.ACKED)
    assert (house.api.taken, house.api.contents[order.id]) == ([order.id], "changed")
    first, second = house.tables.exports_of(order.id)
    said = json.loads(house.store.documents.get(second.storage_key))
    assert said["export_version"] == "orderflow_change_json_v1"
    assert said["changed"]["export_id"] == str(first.id)
    assert (said["order"]["header"]["notes"], said["before"]["header"]["notes"]) == ("changed", order.notes)


def test_a_second_change_is_of_what_the_first_one_made(house):
    order = sent(house)
    for notes in ("twelve", "thirteen"):
        change(house, order, notes)
        work_off(house)
    said = json.loads(house.store.documents.get(house.export(order).storage_key))
    assert (said["before"]["header"]["notes"], house.api.contents[order.id]) == ("twelve", "thirteen")


def test_an_edit_that_changes_nothing_leaves_what_was_sent_as_it_is(house):
    order = sent(house)
    edit(house, order, order.notes)
    assert house.status(order) is S.CONFIRMED


def test_the_number_that_the_erp_knows_stays(house):
    order = sent(house)
    with pytest.raises(StateError) as refused:
        edit(house, order, external_order_number="PO-OTHER")
    assert refused.value.code == "NUMBER_IS_SENT"
    assert house.status(order) is S.CONFIRMED


def test_the_last_of_several_revisions_wins_and_none_before_it_is_sent(house):
    order = sent(house)
    change(house, order, "twelve")
    change(house, order, "thirteen")
    work_off(house)
    assert house.api.contents[order.id] == "thirteen"
    assert [what for what, _ in house.api.calls] == ["export", "change"]


def test_a_change_waits_until_the_order_in_doubt_is_decided_and_follows_it(house):
    house.api.lost_answers, house.api.commits_after = 1, 60.0
    order = sent(house)
    assert house.export(order).begun_at
    change(house, order)
    house.api.script["find"] = [TransientError("later")]
    house.clock.forward(10)
    work_off(house)
    assert [what for what, _ in house.api.calls] == ["export", "find"], "a change does not overtake its order"
    house.clock.forward(100)
    work_off(house)
    work_off(house)
    assert [what for what, _ in house.api.calls][-2:] == ["find", "change"]
    assert (house.status(order), house.api.taken) == (S.CONFIRMED, [order.id])


def test_what_never_arrived_goes_out_as_it_is_now_and_its_old_bytes_never(house):
    order = house.pushed()
    house.api.script["export"] = [InDoubtError("lost")]
    work_off(house)
    change(house, order, "twelve")
    for _ in range(2):
        house.clock.forward(100)
        work_off(house)
    first, second = house.tables.exports_of(order.id)
    assert (first.status, first.error_json["code"], second.kind) == (X.FAILED, "CHANGED_SINCE", Kind.ORDER)
    assert (house.api.taken, house.api.contents[order.id], house.status(order)) == ([order.id], "twelve", S.CONFIRMED)


def test_a_person_decides_what_nobody_can_be_asked_about_and_the_change_follows(house):
    house.api.finds = False
    house.change_connection(house.to_api, in_doubt="resend")
    order = house.pushed()
    house.api.script["export"] = [InDoubtError("lost")]
    work_off(house)
    first = house.export(order)
    change(house, order)
    house.clock.forward(7200)
    work_off(house)
    assert house.api.taken == [], "what was changed since is not sent again, whatever the policy"
    with pytest.raises(StateError) as refused:
        resolve_held(house.store, house.org_id, first.id, "send_again", ANNA)
    assert refused.value.code == "CHANGED_SINCE"
    resolve_held(house.store, house.org_id, first.id, "not_delivered", ANNA)
    assert house.status(order) is S.PUSHING
    work_off(house)
    assert (house.api.contents[order.id], house.status(order)) == ("changed", S.CONFIRMED)


def test_what_is_staged_is_published_and_then_changed(house):
    order = house.pushed(house.to_dropzone)
    house.dropzone.script["publish"] = [TransientError("later")]
    work_off(house, house.to_dropzone)
    assert house.export(order).staged_at
    change(house, order)
    for _ in range(3):
        house.clock.forward(100)
        work_off(house, house.to_dropzone)
    assert [name.split("_")[0] for name in house.dropzone.takes] == ["sales", "change"]
    assert house.status(order) is S.PUSHED


THEIRS = "It is there already and holds something else."


def refused_by_another_file(house, times):
    """Return an order whose file was staged, and cannot get its name as another one has it; so it is in ERROR."""
    order = house.pushed(house.to_dropzone)
    house.dropzone.script["publish"] = [RejectedError(THEIRS, code="TARGET_EXISTS")] * times
    work_off(house, house.to_dropzone)
    assert (house.export(order).status, bool(house.export(order).staged_at)) == (X.FAILED, True)
    return order


def deliveries_of(house, order):
    return sorted(house.tables.exports_of(order.id), key=lambda row: row.created_at)


@pytest.mark.parametrize(("decision", "sent"), [("not_delivered", "sales"), ("delivered", "change")])
def test_what_failed_although_it_is_staged_is_held_where_a_change_waits_and_a_person_decides(house, decision, sent):
    order = refused_by_another_file(house, times=1)
    change(house, order)
    house.clock.forward(4000)
    work_off(house, house.to_dropzone)
    first, follows = deliveries_of(house, order)
    assert (first.status, bool(first.held_at), follows.status) == (X.PENDING, True, X.PENDING)
    assert first.error_json["code"] == "TARGET_EXISTS"
    assert not house.dropzone.takes, "what it said before is not sent any more"
    resolve_held(house.store, house.org_id, first.id, decision, ANNA)
    work_off(house, house.to_dropzone)
    assert [name.split("_")[0] for name in house.dropzone.takes] == [sent]
    assert house.status(order) is S.PUSHED


def test_what_is_staged_and_refused_once_it_was_changed_is_held_at_once(house):
    order = house.pushed(house.to_dropzone)
    house.dropzone.script["publish"] = [TransientError("later"), RejectedError(THEIRS, code="TARGET_EXISTS")]
    work_off(house, house.to_dropzone)
    change(house, order)
    for _ in range(3):
        house.clock.forward(4000)
        work_off(house, house.to_dropzone)
    first, follows = deliveries_of(house, order)
    assert (bool(first.held_at), follows.status, house.dropzone.takes) == (True, X.PENDING, [])


def test_what_fails_while_it_is_changed_is_held(house):
    order = house.pushed(house.to_dropzone)
    house.dropzone.script["publish"] = [RejectedError(THEIRS, code="TARGET_EXISTS")]
    target = open_target(house.wiring, house.org_id, house.to_dropzone)
    assert target is not None
    batch = claim(house.wiring, target, 1)
    deliver(house.wiring, batch)
    change(house, order)
    settle(house.wiring, batch)
    house.clock.forward(100)
    work_off(house, house.to_dropzone)
    assert (bool(deliveries_of(house, order)[0].held_at), house.dropzone.takes) == (True, [])


def test_what_a_worker_was_at_when_it_was_changed_is_not_sent_after_that(house):
    order = house.pushed()
    house.change_export(order, lease_token=new_id(), lease_until=house.clock.now().replace(year=2027))
    edit(house, order)
    assert house.export(order).status is X.PENDING
    house.change_export(order, lease_until=house.clock.now(), error_json={"code": "LEASE_ENDING"})
    work_off(house)
    assert (house.export(order).status, house.api.calls, house.status(order)) == (X.FAILED, [], S.READY)


def test_nor_after_it_was_moved_since(house):
    order = house.pushed()
    house.change_export(order, lease_token=new_id(), lease_until=house.clock.now().replace(year=2027))
    edit(house, order)
    house.change_export(order, lease_until=house.clock.now(), error_json={"code": "UNAVAILABLE"})
    house.clock.forward(1)
    assert move_exports(house.store, house.org_id, house.to_api, house.to_dropzone, ANNA)
    work_off(house, house.to_dropzone)
    assert (house.export(order).status, house.dropzone.takes, house.status(order)) == (X.FAILED, [], S.READY)


def test_a_change_that_the_erp_refuses_says_why_and_leaves_what_it_has(house):
    order = sent(house)
    change(house, order)
    house.api.script["change"] = [RejectedError("It is on the lorry.", code="TOO_LATE")]
    work_off(house)
    assert (house.status(order), house.row(order).error_json["code"]) == (S.ERROR, "TOO_LATE")
    with pytest.raises(StateError) as refused:
        do(house, reject_order, order)
    assert refused.value.code == "ORDER_IS_SENT"
    do(house, discard_change, order)
    row = house.row(order)
    assert (row.status, row.content.notes, row.error_json) == (S.CONFIRMED, order.notes, None)
    change(house, order, "once more")
    work_off(house)
    assert (house.status(order), house.api.contents[order.id]) == (S.CONFIRMED, "once more")


def test_another_target_is_not_told_to_change_what_the_former_one_has(house):
    order = sent(house)
    house.change_connection(house.to_api, config={"url": "https://another.example"})
    change(house, order)
    work_off(house)
    assert (house.status(order), house.row(order).error_json["code"]) == (S.ERROR, "TARGET_CHANGED")
    assert house.api.contents[order.id] == order.notes


def test_a_change_that_was_discarded_before_it_was_sent_leaves_nothing(house):
    order = sent(house)
    change(house, order)
    withdraw(house.store, house.org_id, order.id, ANNA)
    assert house.status(order) is S.APPROVED
    do(house, discard_change, order)
    work_off(house)
    assert (house.status(order), len(house.tables.exports_of(order.id))) == (S.CONFIRMED, 1)
    with pytest.raises(StateError):
        do(house, discard_change, order)


def test_where_nobody_can_be_asked_a_person_changes_it_there_and_says_so(house):
    house.api.takes_changes = False
    order = sent(house)
    change(house, order)
    work_off(house)
    assert (house.status(order), house.row(order).error_json["code"]) == (S.ERROR, "CHANGE_UNSUPPORTED")
    assert [what for what, _ in house.api.calls] == ["export"]
    do(house, confirm_change, order)
    assert (house.status(order), house.export(order).confirmed_by) == (S.CONFIRMED, "anna")
    house.api.takes_changes = True
    change(house, order, "more")
    work_off(house)
    said = json.loads(house.store.documents.get(house.export(order).storage_key))
    assert said["before"]["header"]["notes"] == "changed", "it is held against what people made of it there"


def by_recall(house):
    house.api.takes_changes, house.api.gives_back = False, True
    house.change_connection(house.to_api, change_by_recall=True)
    order = sent(house)
    change(house, order)
    work_off(house)
    assert house.status(order) is S.RECALLING
    return order


def test_an_erp_without_changes_gives_the_order_back_and_gets_it_anew(house):
    order = by_recall(house)
    house.clock.forward(10)
    assert house.api.taken == [order.id], "nothing is sent anew before it was given back"
    work_off(house)
    assert (house.status(order), house.api.given_back) == (S.PUSHING, [order.id])
    house.api.given_back.clear()
    work_off(house)
    assert (house.status(order), house.api.taken, house.api.contents[order.id]) == (
        S.CONFIRMED,
        [order.id],
        "changed",
    )


def test_a_change_that_waited_for_the_one_to_be_sent_anew_is_what_the_erp_has_then(house):
    house.api.takes_changes, house.api.gives_back = False, True
    house.change_connection(house.to_api, change_by_recall=True)
    order = sent(house)
    change(house, order, "second")
    house.clock.forward(1)
    batch = claim(house.wiring, house.open(), 10)
    change(house, order, "third")
    run(house.wiring, batch)
    work_off(house)
    assert house.api.given_back == [order.id]
    house.api.given_back.clear()
    for _ in range(3):
        house.clock.forward(60)
        work_off(house)
    assert (house.api.taken, house.api.contents[order.id]) == ([order.id], "third")
    assert what_follows(house.wiring, house.org_id, order.id).way is ChangeWay.RECALL, "it is not sent beside it"


def test_a_change_that_was_built_goes_out_as_the_order_once_it_was_given_back(house):
    order = sent(house)
    change(house, order)
    house.api.script["change"] = [UnavailableError("It is away.")]
    work_off(house)
    built = house.export(order)
    assert (built.status, built.filename.split("_")[0]) == (X.PENDING, "change")
    house.api.takes_changes, house.api.gives_back = False, True
    house.change_connection(house.to_api, change_by_recall=True, breaker_state=BreakerState.CLOSED)
    work_off(house)
    first, anew, recall = house.tables.exports_of(order.id)
    assert (anew.kind, anew.follows, anew.filename, anew.document_sha256) == (Kind.ORDER, recall.id, None, None)
    batch = claim(house.wiring, house.open(), 10)
    (recalled,) = (attempt.order.delivery.sent for attempt in batch.attempts)
    assert recalled is not None
    assert recalled.export_id == first.id, "the change was never sent"
    run(house.wiring, batch)
    house.api.given_back.clear()
    work_off(house)
    document = json.loads(house.store.documents.get(house.tables.exports[anew.id].storage_key))
    assert (document["export_version"], document["header"]["notes"]) == ("orderflow_export_json_v1", "changed")
    assert (house.status(order), house.api.contents[order.id]) == (S.CONFIRMED, "changed")


def test_an_erp_that_keeps_the_order_is_not_sent_another(house):
    order = by_recall(house)
    house.api.script["take_back"] = [RejectedError("It is on the lorry.", code="TOO_LATE")]
    house.api.gives_back = True
    work_off(house)
    row = house.row(order)
    assert (row.status, row.error_json["code"]) == (S.ERROR, "TOO_LATE")
    assert "It is on the lorry." in row.error_json["message"]
    house.clock.forward(100)
    work_off(house)
    assert [what for what, _ in house.api.calls] == ["export", "take_back"]


@pytest.mark.parametrize(("says", "status"), [(confirm_recall, S.PUSHING), (end_recall, S.ERROR)])
def test_a_person_may_end_the_recall_before_a_change(house, says, status):
    order = by_recall(house)
    do(house, says, order)
    assert house.status(order) is status
    work_off(house)
    sends = [what for what, _ in house.api.calls]
    assert sends == (["export", "export"] if status is S.PUSHING else ["export"])


def test_a_late_answer_to_what_was_sent_first_does_not_confirm_what_it_says_now(house):
    order = sent(house, house.to_dropzone)
    change(house, order)
    assert told(house, Ack(house.dropzone.takes[0], "ACKED")) == {"acknowledge": 1}
    assert house.status(order) is S.PUSHING
    work_off(house, house.to_dropzone)
    assert house.status(order) is S.PUSHED
    assert told(house, Ack(house.dropzone.takes[1], "ACKED", erp_order_id="SO-1")) == {"acknowledge": 1}
    assert house.status(order) is S.CONFIRMED


def refused_and_corrected(house):
    """Return an order that its ERP refused and that was corrected and pushed since, which waits; and its first file."""
    order = sent(house, house.to_dropzone)
    first = house.dropzone.takes[0]
    told(house, Ack(first, "FAILED", message="no"))
    change(house, order, "corrected", house.to_dropzone)
    return order, first


def alerts(house):
    return [entry["after"]["message"] for entry in house.tables.audit if entry["action"] == "EXPORT_ALERT"]


def test_a_late_yes_to_what_was_corrected_since_confirms_that_alone_and_the_correction_follows_as_a_change(house):
    order, first = refused_and_corrected(house)
    assert told(house, Ack(first, "ACKED", erp_order_id="SO-1")) == {"acknowledge": 1}
    refused, correction = deliveries_of(house, order)
    assert (refused.status, house.status(order)) == (X.ACKED, S.PUSHING), "it does not say what was confirmed"
    assert (correction.kind, correction.follows) == (Kind.CHANGE, refused.id)
    assert "before it was changed" in alerts(house)[-1]
    work_off(house, house.to_dropzone)
    assert [name.split("_")[0] for name in house.dropzone.takes] == ["sales", "change"]
    said = json.loads(house.store.documents.get(house.export(order).storage_key))
    assert (said["order"]["header"]["notes"], said["changed"]["erp_order_id"]) == ("corrected", "SO-1")


FITS = Details((LineAnswer(1),))
FITS_NOT = Details((LineAnswer(99),))


def not_found_and_corrected(house):
    """Return an order that its ERP did not have and that was corrected since, which waits; and its first delivery."""
    order = house.pushed()
    house.api.script["export"] = [InDoubtError("lost")]
    work_off(house)
    change(house, order, "twelve")
    house.clock.forward(100)
    work_off(house)  # it is not there
    house.api.script["export"] = [UnavailableError("It is away.")]
    work_off(house)
    first, second = deliveries_of(house, order)
    assert (first.status, second.kind, second.status) == (X.FAILED, Kind.ORDER, X.PENDING)
    return order, first


@pytest.mark.parametrize("beside", [{"level": Level.RECEIVED}, {"details": FITS_NOT}], ids=["received", "unfit"])
def test_a_late_yes_counts_also_beside_an_answer_that_decides_nothing(house, beside):
    order, first = not_found_and_corrected(house)
    acks = [Ack(first.filename, "ACKED", first.id, **more) for more in (beside, {"details": FITS})]
    with house.work() as work:
        assert [answer.verdict for answer in record(work, acks)] == ["alert", "acknowledge"]
    first, second = deliveries_of(house, order)
    assert (first.status, second.kind, second.follows) == (X.ACKED, Kind.CHANGE, first.id)
    house.change_connection(house.to_api, breaker_state=BreakerState.CLOSED)
    work_off(house)
    assert house.api.calls[-1][0] == "change", "what it has is not sent a second time"


def test_an_answer_that_is_left_for_the_next_round_lets_nothing_out(house, monkeypatch):
    order, name = refused_and_corrected(house)
    house.change_export(order, lease_token=new_id(), lease_until=house.clock.now().replace(year=2027))
    first = deliveries_of(house, order)[0]

    def ends_its_attempt(_work, _answer):
        house.change_export(order, lease_token=None, lease_until=None)
        return _answer

    monkeypatch.setattr("orderflow.flow.answers.record.compare", ends_its_attempt)
    with house.work() as work:
        answers = record(work, [Ack(name, "ACKED", first.id), Ack(name, "ACKED", first.id)])
    assert [answer.verdict for answer in answers] == ["wait"]
    assert [row.kind for row in deliveries_of(house, order)] == [Kind.ORDER, Kind.ORDER], "it is not confirmed yet"


def test_a_correction_that_waits_for_another_erp_follows_to_where_the_order_is(house):
    order, first = refused_and_corrected(house)
    move_exports(house.store, house.org_id, house.to_dropzone, house.to_api, ANNA)
    told(house, Ack(first, "ACKED"))
    correction = house.export(order)
    assert (correction.kind, correction.connection_id) == (Kind.CHANGE, house.to_dropzone)
    work_off(house)
    assert house.api.calls == []


def test_a_late_yes_to_what_was_corrected_in_vain_leaves_the_order_in_error_until_its_change(house):
    order, first = refused_and_corrected(house)
    house.dropzone.script["stage"] = [RejectedError("Not like this.")]
    work_off(house, house.to_dropzone)
    assert told(house, Ack(first, "ACKED")) == {"acknowledge": 1}
    assert (house.status(order), len(alerts(house))) == (S.ERROR, 1)
    house.request(order)
    work_off(house, house.to_dropzone)
    assert house.dropzone.takes[-1].startswith("change_")
    assert house.status(order) is S.PUSHED


def test_a_late_yes_to_what_was_not_found_is_not_one_to_what_took_its_place(house):
    order, first = not_found_and_corrected(house)
    with house.work() as work:
        record(work, [Ack(first.filename, "ACKED", first.id)])
    first, second = deliveries_of(house, order)
    assert (first.status, second.kind, second.follows) == (X.ACKED, Kind.CHANGE, first.id)
    assert (second.filename, house.status(order)) == (None, S.PUSHING)


def test_a_late_yes_beside_what_was_sent_since_is_an_alert_and_leaves_the_change_that_waits(house):
    order, first = refused_and_corrected(house)
    work_off(house, house.to_dropzone)
    change(house, order, "once more")
    assert told(house, Ack(first, "ACKED")) == {"alert": 1}
    assert "has been sent again: possibly doubled" in alerts(house)[-1]
    assert [row.status for row in deliveries_of(house, order)] == [X.FAILED, X.SENT, X.PENDING]
    assert house.status(order) is S.PUSHING


def test_nothing_is_made_a_change_beside_a_process_that_would_take_it_for_an_order(house):
    order, first = refused_and_corrected(house)
    house.tables.older_process = "1.0"
    assert told(house, Ack(first, "ACKED")) == {"wait": 1}
    assert [row.kind for row in deliveries_of(house, order)] == [Kind.ORDER, Kind.ORDER]


def test_a_late_no_to_what_was_sent_first_is_told_and_moves_nothing(house):
    order = sent(house, house.to_dropzone)
    change(house, order)
    work_off(house, house.to_dropzone)
    assert told(house, Ack(house.dropzone.takes[0], "FAILED", message="no")) == {"refuse": 1}
    assert (house.status(order), house.actions()[-1]) == (S.PUSHED, "EXPORT_ALERT")


def test_the_refusal_of_a_change_says_that_the_erp_keeps_the_order(house):
    order = sent(house, house.to_dropzone)
    change(house, order)
    work_off(house, house.to_dropzone)
    told(house, Ack(house.dropzone.takes[1], "FAILED", message="too late"))
    row = house.row(order)
    assert (row.status, row.error_json["message"]) == (S.ERROR, "too late")
    assert "keeps the order as it was" in row.error_json["hint"]


def test_an_answer_that_may_mean_the_order_or_its_change_changes_neither(house):
    order = sent(house, house.to_dropzone)
    change(house, order)
    work_off(house, house.to_dropzone)
    first, _ = house.tables.exports_of(order.id)
    said = Ack(first.filename, "FAILED", message="no", by_order_number=True)
    assert told(house, said)["misfit"] == 1
    assert [row.status for row in house.tables.exports_of(order.id)] == [X.SENT, X.SENT]


@pytest.mark.parametrize(
    ("changes", "recalls", "allowed", "way"),
    [
        (True, False, False, ChangeWay.CHANGE),
        (False, True, True, ChangeWay.RECALL),
        (False, True, False, ChangeWay.BY_HAND),
        (False, False, True, ChangeWay.BY_HAND),
    ],
)
def test_it_is_told_beforehand_what_an_edit_leads_to(house, changes, recalls, allowed, way):
    house.api.takes_changes, house.api.gives_back = changes, recalls
    house.change_connection(house.to_api, change_by_recall=allowed)
    order = sent(house)
    assert what_follows(house.wiring, house.org_id, order.id).way is way


def test_before_it_was_sent_an_edit_just_replaces_it(house):
    assert what_follows(house.wiring, house.org_id, house.order().id).way is ChangeWay.ORDER
    assert what_follows(house.wiring, house.org_id, house.pushed().id).way is ChangeWay.REPLACE
    doubtful = house.pushed()
    house.api.script["export"] = [InDoubtError("lost"), InDoubtError("lost")]
    work_off(house)
    assert what_follows(house.wiring, house.org_id, doubtful.id).way is ChangeWay.WAIT
    with pytest.raises(StateError):
        what_follows(house.wiring, house.org_id, house.order(S.REJECTED).id)


def test_what_the_erp_says_after_a_change_was_discarded_counts_again(house):
    house.dropzone.reads_changes = False
    order = sent(house, house.to_dropzone)
    change(house, order)
    work_off(house, house.to_dropzone)
    assert house.status(order) is S.ERROR
    do(house, discard_change, order)
    assert told(house, Ack(house.dropzone.takes[0], "ACKED")) == {"acknowledge": 1}
    assert house.status(order) is S.CONFIRMED
