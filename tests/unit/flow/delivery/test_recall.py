"""A sent order is taken back: asked for once, answered by the ERP or a person, and never told as more than is known."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from orderflow.connectors.base import BaseConnector
from orderflow.domain.answer_details import Details, Level, LineAnswer, Others
from orderflow.domain.delivery import Ack, ExportResult
from orderflow.domain.delivery import TestResult as ConnectionTest
from orderflow.domain.errors import (
    InDoubtError,
    InputError,
    NotFoundError,
    RejectedError,
    StateError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.states import BreakerState, ERPExportStatus, Kind, OrderStatus
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.move import move_exports
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.recall import check_can_be_asked, confirm_recall, end_recall, recall_in, recall_or_withdraw
from orderflow.flow.delivery.request import request_push
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.order.hold import hold_order
from tests.unit.flow.conftest import ANNA

S = OrderStatus


@pytest.fixture
def house(house):
    house.api.gives_back = house.dropzone.reads_recalls = True
    return house


def sent(house, connection_id=None):
    """Return an order that its ERP has."""
    order = house.pushed(connection_id)
    push_batch(house.wiring, house.org_id, connection_id or house.to_api)
    house.clock.forward(1)
    return order


def recall(house, order, reason="cancelled by telephone"):
    with house.work() as work:
        return recall_or_withdraw(work, order.id, reason, ANNA)


def work_off(house, connection_id=None):
    house.clock.forward(1)
    push_batch(house.wiring, house.org_id, connection_id or house.to_api)


def answered(house, status, **words):
    """Let the ERP answer the recall that lies in the folder."""
    name = house.dropzone.takes[-1]
    assert name.startswith("recall_")
    house.dropzone.answers.append(Ack(name, status, **words))
    house.clock.forward(100)
    poll_acks(house.wiring, house.org_id, house.to_dropzone)


def told(house, *acks):
    """Let the ERP say what it says at the dropzone; returns how often which verdict was reached."""
    house.dropzone.answers[:] = acks
    house.clock.forward(100)
    counts = poll_acks(house.wiring, house.org_id, house.to_dropzone)
    house.dropzone.answers.clear()
    return counts


def ended(house, order):
    with house.work() as work:
        end_recall(work, order.id, ANNA)


def recall_row(house, order):
    (row,) = [row for row in house.tables.exports_of(order.id) if row.kind is Kind.RECALL]
    return row


def test_an_erp_that_gives_an_order_back_has_it_recalled(house):
    order = sent(house)
    assert house.status(order) is S.CONFIRMED
    export = recall(house, order)
    assert (house.status(order), export.kind, export.connection_id) == (S.RECALLING, Kind.RECALL, house.to_api)
    work_off(house)
    assert house.status(order) is S.RECALLED
    assert house.api.given_back == [order.id]
    assert recall_row(house, order).status is ERPExportStatus.ACKED
    assert house.actions()[-2:] == ["DRAFT_RECALL_REQUESTED", "DRAFT_RECALLED"]


def test_an_erp_that_keeps_it_leaves_the_order_what_it_was_and_says_why(house):
    order = sent(house)
    house.api.script["take_back"] = [RejectedError("It is on the lorry.", code="TOO_LATE")]
    recall(house, order)
    work_off(house)
    row = recall_row(house, order)
    assert (house.status(order), row.status) == (S.CONFIRMED, ERPExportStatus.FAILED)
    assert (row.error_json["code"], row.error_json["message"]) == ("TOO_LATE", "It is on the lorry.")
    assert house.row(order).error_json is None
    assert house.actions()[-1] == "DRAFT_RECALL_REFUSED"


def test_another_target_is_not_asked_for_what_the_former_one_has(house):
    order = sent(house)
    house.change_connection(house.to_api, config={"url": "https://another.example"})
    recall(house, order)
    work_off(house)
    row = recall_row(house, order)
    assert (house.status(order), row.status, row.error_json["code"]) == (
        S.CONFIRMED,
        ERPExportStatus.FAILED,
        "TARGET_CHANGED",
    )
    house.change_connection(house.to_api, config={})
    recall(house, order)
    work_off(house)
    assert (house.status(order), house.api.given_back) == (S.RECALLED, [order.id])


def test_a_recall_in_doubt_is_not_asked_for_again_at_another_target(house):
    order = sent(house)
    house.api.script["take_back"] = [InDoubtError("lost")]
    recall(house, order)
    work_off(house)
    house.change_connection(house.to_api, config={"url": "https://another.example"})
    house.clock.forward(5000)
    work_off(house)
    row = recall_row(house, order)
    assert (house.status(order), row.error_json["code"]) == (S.RECALLING, "TARGET_CHANGED")
    assert (row.begun_at is not None, row.held_at is not None, row.asking) == (True, True, True)
    assert [what for what, _ in house.api.calls].count("take_back") == 1


def test_it_can_be_asked_for_again_after_a_refusal(house):
    order = sent(house)
    house.api.script["take_back"] = [RejectedError("Not now.")]
    recall(house, order)
    work_off(house)
    recall(house, order)
    work_off(house)
    assert house.status(order) is S.RECALLED


@pytest.mark.parametrize("error", [UnavailableError("away"), TransientError("later")])
def test_a_target_that_is_away_is_asked_again(house, error):
    order = sent(house)
    house.api.script["take_back"] = [error]
    recall(house, order)
    work_off(house)
    assert (house.status(order), recall_row(house, order).status) == (S.RECALLING, ERPExportStatus.PENDING)
    house.clock.forward(100)
    house.change_connection(house.to_api, breaker_state=BreakerState.CLOSED)
    work_off(house)
    assert house.status(order) is S.RECALLED


def test_an_answer_that_got_lost_is_asked_for_by_asking_again(house):
    order = sent(house)
    house.api.script["take_back"] = [InDoubtError("lost"), InDoubtError("lost")]
    recall(house, order)
    for _ in range(2):
        work_off(house)
        assert house.status(order) is S.RECALLING
        assert recall_row(house, order).begun_at is not None
        house.clock.forward(1000)
    work_off(house)
    assert house.status(order) is S.RECALLED


def test_a_worker_that_died_while_it_asked_leaves_it_asked_for(house):
    order = sent(house)
    recall(house, order)
    usual, house.api.take_back = house.api.take_back, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        work_off(house)
    assert recall_row(house, order).begun_at is not None, "nobody may say that nothing was done"
    with pytest.raises(StateError, match="at this moment"), house.work() as work:
        end_recall(work, order.id, ANNA)
    house.api.take_back = usual
    house.clock.forward(1000)
    work_off(house)
    assert house.status(order) is S.RECALLED


def test_a_recall_is_a_document_where_the_erp_reads_such_and_its_answer_decides(house):
    order = sent(house, house.to_dropzone)
    file = house.dropzone.takes[-1]
    export = recall(house, order)
    work_off(house, house.to_dropzone)
    row = recall_row(house, order)
    assert (house.status(order), row.status) == (S.RECALLING, ERPExportStatus.SENT)
    document = json.loads(house.store.documents.get(row.storage_key))
    assert (document["recall_id"], document["reason"]) == (str(export.id), "cancelled by telephone")
    assert document["recalled"]["file"] == file
    answered(house, "ACKED")
    assert house.status(order) is S.RECALLED


def test_a_document_that_is_answered_with_no_leaves_the_order_what_its_delivery_is(house):
    order = sent(house, house.to_dropzone)
    recall(house, order)
    work_off(house, house.to_dropzone)
    house.dropzone.answers.append(Ack(house.dropzone.takes[0], "ACKED", erp_order_id="SO-7"))  # the order, late
    answered(house, "FAILED", error_code="SHIPPED", message="Too late.")
    assert house.status(order) is S.CONFIRMED
    assert house.row(order).erp_order_id == "SO-7"
    assert recall_row(house, order).error_json["message"] == "Too late."


def test_an_order_that_was_refused_while_it_was_recalled_is_in_error_if_there_is_nothing_to_give_back(house):
    order = sent(house, house.to_dropzone)
    recall(house, order)
    work_off(house, house.to_dropzone)
    house.dropzone.answers.append(Ack(house.dropzone.takes[0], "FAILED", message="No such article."))
    answered(house, "FAILED", message="Unknown order.")
    assert house.status(order) is S.ERROR
    assert house.row(order).error_json["message"] == "No such article."


def test_a_confirmation_after_the_recall_is_told_and_changes_nothing(house):
    order = sent(house, house.to_dropzone)
    recall(house, order)
    work_off(house, house.to_dropzone)
    answered(house, "ACKED")
    house.dropzone.answers.append(Ack(house.dropzone.takes[0], "ACKED"))
    house.clock.forward(100)
    assert poll_acks(house.wiring, house.org_id, house.to_dropzone)["alert"] == 1
    assert house.status(order) is S.RECALLED


@pytest.mark.parametrize("status", ["ACKED", "FAILED"])
@pytest.mark.parametrize("end", [None, ended])
def test_an_answer_that_may_mean_the_order_or_its_recall_is_told_and_changes_nothing(house, status, end):
    order = sent(house, house.to_dropzone)
    file = house.dropzone.takes[0]
    recall(house, order)
    work_off(house, house.to_dropzone)
    if end:
        end(house, order)
    before = house.status(order)
    counts = told(house, Ack(file, status, message="27", by_order_number=True, source="a.edi", digest="d"))
    assert (counts["misfit"], counts["unreadable"]) == (1, 1)
    (delivery,) = [row for row in house.tables.exports_of(order.id) if row.kind is Kind.ORDER]
    assert (house.status(order), delivery.status) == (before, ERPExportStatus.SENT), "nobody may send it again for it"
    assert "about the order or about its recall" in delivery.unreadable_answer["reason"]


def refused_and_confirmed_late(house):
    """Return an order that its ERP refused, and took after all, while its retry was refused; and its first file."""
    order = sent(house, house.to_dropzone)
    first = house.dropzone.takes[-1]
    told(house, Ack(first, "FAILED", message="No such article."))
    request_push(house.store, house.org_id, order.id, ANNA, connection_id=house.to_dropzone)
    work_off(house, house.to_dropzone)
    assert house.dropzone.takes[-1] != first
    told(house, Ack(house.dropzone.takes[-1], "FAILED", message="It is here already."))
    told(house, Ack(first, "ACKED", erp_order_id="SO-1"))
    assert house.status(order) is S.CONFIRMED
    return order, first


def test_what_is_recalled_is_what_the_erp_has_and_not_a_later_delivery_that_it_refused(house):
    order, first = refused_and_confirmed_late(house)
    recall(house, order)
    work_off(house, house.to_dropzone)
    document = json.loads(house.store.documents.get(recall_row(house, order).storage_key))
    assert document["recalled"]["file"] == first
    answered(house, "FAILED", message="It is on the lorry.")
    assert house.status(order) is S.CONFIRMED, "the ERP has it, whatever became of its retry"


@pytest.mark.parametrize("status", ["ACKED", "FAILED"])
def test_an_answer_by_number_changes_nothing_of_an_order_that_was_confirmed_before_it_was_recalled(house, status):
    order = sent(house, house.to_dropzone)
    file = house.dropzone.takes[0]
    said = Details((LineAnswer(order.lines[0].line_no, unit_price=Decimal("99.5")),), Others.AS_ORDERED)
    told(house, Ack(file, "ACKED", details=said))
    recall(house, order)
    work_off(house, house.to_dropzone)
    as_ordered = Details((), Others.AS_ORDERED)
    assert told(house, Ack(file, status, by_order_number=True, details=as_ordered))["alert"] == 1
    assert (house.status(order), house.row(order).confirmation) == (S.RECALLING, "CHANGED")
    (noted,) = [entry["after"] for entry in house.tables.audit if entry["action"] == "EXPORT_ALERT"]
    assert "about the order or about its recall" in noted["message"]


def test_a_newer_recall_that_nobody_was_asked_for_makes_nothing_clear_of_the_former_one(house):
    order = sent(house, house.to_dropzone)
    recall(house, order)
    work_off(house, house.to_dropzone)
    ended(house, order)
    house.clock.forward(1)
    recall(house, order, "again")
    ended(house, order)
    assert told(house, Ack(house.dropzone.takes[0], "FAILED", by_order_number=True))["misfit"] == 1
    assert house.status(order) is S.PUSHED


@pytest.mark.parametrize(
    ("ack", "verdict"),
    [
        ({"status": "FAILED"}, "refuse"),
        ({"status": "ACKED", "by_order_number": True, "level": Level.UNDERSTOOD}, "note"),
    ],
)
def test_an_answer_that_means_the_order_alone_counts_while_it_is_recalled(house, ack, verdict):
    order = sent(house, house.to_dropzone)
    recall(house, order)
    work_off(house, house.to_dropzone)
    assert told(house, Ack(house.dropzone.takes[0], **ack))[verdict] == 1


def test_an_answer_by_the_orders_number_counts_as_long_as_no_recall_may_have_arrived_and_once_it_is_answered(house):
    unasked, kept = sent(house, house.to_dropzone), sent(house, house.to_dropzone)
    files = list(house.dropzone.takes)
    recall(house, unasked)
    ended(house, unasked)
    recall(house, kept)
    work_off(house, house.to_dropzone)
    answered(house, "FAILED", message="Too late.")
    for order, file in zip((unasked, kept), files, strict=True):
        assert told(house, Ack(file, "ACKED", by_order_number=True))["acknowledge"] == 1
        assert house.status(order) is S.CONFIRMED


def test_a_no_to_a_former_recall_ends_no_newer_one(house):
    order = sent(house, house.to_dropzone)
    recall(house, order)
    house.dropzone.script["publish"] = [InDoubtError("lost")]
    work_off(house, house.to_dropzone)
    former = next(iter(house.dropzone.staged)).rsplit(".", 2)[0]
    ended(house, order)
    house.clock.forward(2)
    recall(house, order, "again")
    work_off(house, house.to_dropzone)
    told(house, Ack(former, "FAILED", message="already ended"))
    assert house.status(order) is S.RECALLING
    answered(house, "ACKED")
    assert house.status(order) is S.RECALLED


def test_a_yes_to_the_recall_of_a_former_delivery_is_told_and_leaves_the_newer_one(house):
    order = sent(house, house.to_dropzone)
    recall(house, order)
    work_off(house, house.to_dropzone)
    asked = house.dropzone.takes[-1]
    told(house, Ack(house.dropzone.takes[0], "FAILED", message="No such article."))
    ended(house, order)
    request_push(house.store, house.org_id, order.id, ANNA, connection_id=house.to_dropzone)
    work_off(house, house.to_dropzone)
    assert told(house, Ack(asked, "ACKED"))["alert"] == 1
    assert house.status(order) is S.PUSHED
    assert house.actions()[-1] == "EXPORT_ALERT"


def test_what_was_confirmed_while_it_was_recalled_is_known_once_the_erp_keeps_it(house):
    order = sent(house, house.to_dropzone)
    recall(house, order)
    work_off(house, house.to_dropzone)
    line = LineAnswer(order.lines[0].line_no, unit_price=Decimal("99.5"))
    said = Details((line,), Others.AS_ORDERED)
    house.dropzone.answers.append(Ack(house.dropzone.takes[0], "ACKED", erp_order_id="SO-7", details=said))
    answered(house, "FAILED", message="Too late.")
    row = house.row(order)
    assert (row.status, row.confirmation, row.erp_order_id) == (S.CONFIRMED, "CHANGED", "SO-7")


def test_what_was_not_sent_is_withdrawn(house):
    order = house.pushed()
    assert recall(house, order) is None
    assert (house.status(order), house.api.taken) == (S.APPROVED, [])


@pytest.mark.parametrize("status", [S.READY, S.APPROVED, S.ERROR, S.REJECTED])
def test_there_is_nothing_to_recall_of_what_was_never_sent(house, status):
    with pytest.raises(StateError, match="does not have it") as refused:
        recall(house, house.order(status))
    assert refused.value.code == "NEVER_SENT"


def test_nobody_recalls_what_may_not_have_arrived(house):
    house.api.finds = False
    house.api.script["export"] = [InDoubtError("lost")]
    order = house.pushed()
    work_off(house)
    with pytest.raises(StateError) as refused:
        recall(house, order)
    assert refused.value.code == "POSSIBLY_DELIVERED"


def test_a_person_confirms_no_recall_of_what_may_not_have_arrived(house):
    house.api.finds = False
    house.api.script["export"] = [RejectedError("No.")]
    order = house.pushed()
    work_off(house)
    house.change_export(order, begun_at=house.clock.now())
    with pytest.raises(StateError) as refused, house.work() as work:
        confirm_recall(work, order.id, ANNA)
    assert (house.status(order), refused.value.code) == (S.ERROR, "POSSIBLY_DELIVERED")


def test_an_order_is_recalled_once(house):
    order = sent(house)
    recall(house, order)
    with pytest.raises(StateError, match="already"):
        recall(house, order)
    work_off(house)
    with pytest.raises(StateError, match="already"):
        recall(house, order)


def test_a_recall_needs_a_reason_and_an_order_of_this_organization_that_is_not_on_hold(house):
    order = sent(house)
    with pytest.raises(InputError):
        recall(house, order, " ")
    with pytest.raises(NotFoundError), house.work() as work:
        recall_in(work, new_id(), "x", ANNA)
    waiting = house.pushed()
    with house.work() as work:
        hold_order(work, waiting.id, "address", ANNA)
        work.orders.set_status(waiting.id, S.PUSHED)
    house.change_export(waiting, status=ERPExportStatus.SENT)
    with pytest.raises(StateError, match="on hold"):
        recall(house, waiting)


def test_an_erp_that_cannot_be_asked_is_told_beforehand_and_never_asked(house):
    house.api.gives_back = False
    order = sent(house)
    with pytest.raises(StateError, match="cannot be asked") as refused:
        check_can_be_asked(house.wiring, house.org_id, order.id)
    assert refused.value.code == "RECALL_UNSUPPORTED"
    recall(house, order)  # as a bulk job does, which asks nobody
    work_off(house)
    assert (house.status(order), house.api.calls[-1][0]) == (S.CONFIRMED, "export")
    assert recall_row(house, order).error_json["code"] == "KIND_UNSUPPORTED"


def test_one_that_can_be_asked_is_not_refused(house):
    check_can_be_asked(house.wiring, house.org_id, sent(house).id)
    check_can_be_asked(house.wiring, house.org_id, house.order().id)


def test_a_person_says_that_it_is_cancelled_in_the_erp_whether_it_was_asked_or_not(house):
    asked, unasked = sent(house, house.to_dropzone), sent(house, house.to_dropzone)
    recall(house, asked)
    work_off(house, house.to_dropzone)
    for order in (asked, unasked):
        with house.work() as work:
            confirm_recall(work, order.id, ANNA)
        assert house.status(order) is S.RECALLED
    assert recall_row(house, asked).status is ERPExportStatus.ACKED
    assert recall_row(house, asked).confirmed_by == "anna"
    (delivery,) = [row for row in house.tables.exports_of(unasked.id) if row.kind is Kind.ORDER]
    assert delivery.error_json["code"] == "RECALLED", "nobody waits for its answer any more"


def test_a_person_ends_a_recall_and_a_late_yes_counts_all_the_same(house):
    order = sent(house, house.to_dropzone)
    recall(house, order)
    work_off(house, house.to_dropzone)
    with house.work() as work:
        end_recall(work, order.id, ANNA)
    assert house.status(order) is S.PUSHED
    with pytest.raises(StateError, match="no recall"), house.work() as work:
        end_recall(work, order.id, ANNA)
    answered(house, "ACKED")
    assert house.status(order) is S.RECALLED


def test_a_recall_that_nobody_asked_for_yet_is_ended_at_once(house):
    order = sent(house)
    recall(house, order)
    with house.work() as work:
        end_recall(work, order.id, ANNA)
    work_off(house)
    assert (house.status(order), house.api.given_back) == (S.CONFIRMED, [])


def test_a_recall_in_doubt_is_resolved_like_a_delivery(house):
    order = sent(house)
    house.api.script["take_back"] = [InDoubtError("lost")]
    recall(house, order)
    work_off(house)
    resolve_held(house.store, house.org_id, recall_row(house, order).id, "not_delivered", ANNA)
    row = recall_row(house, order)
    assert (house.status(order), row.status) == (S.CONFIRMED, ERPExportStatus.FAILED)
    assert row.error_json["message"] == "A person looked in the ERP: the recall never arrived there."
    assert "push" not in row.error_json["hint"]


def test_that_a_recall_arrived_is_no_end_of_it(house):
    order = sent(house)
    house.api.script["take_back"] = [InDoubtError("lost")]
    recall(house, order)
    work_off(house)
    row = recall_row(house, order)
    with pytest.raises(StateError, match="does not say"):
        resolve_held(house.store, house.org_id, row.id, "delivered", ANNA)
    assert recall_row(house, order) == row
    with house.work() as work:
        confirm_recall(work, order.id, ANNA)
    assert house.status(order) is S.RECALLED


def test_a_recall_stays_where_the_order_went(house):
    order = sent(house)
    recall(house, order)
    assert move_exports(house.wiring.store, house.org_id, house.to_api, house.to_dropzone, ANNA) == []
    assert recall_row(house, order).connection_id == house.to_api


def test_a_recalled_order_may_be_entered_anew(house):
    order = sent(house)
    with house.work() as work:
        assert work.order_keys.take([order]) == {}
    recall(house, order)
    work_off(house)
    with house.work() as work:
        assert work.order_keys.take([house.order()]) == {}


def test_nothing_is_recalled_beside_a_process_of_an_older_release_which_would_take_it_for_an_order(house):
    order = sent(house)
    house.tables.older_process = "worker of 1.0"
    with pytest.raises(StateError, match=r"worker of 1\.0") as refused:
        recall(house, order)
    assert (refused.value.code, house.status(order)) == ("OLDER_RELEASE", S.CONFIRMED)
    house.tables.older_process = None
    recall(house, order)


def test_what_went_over_a_connection_that_is_deleted_cannot_be_asked_for(house):
    order = sent(house, house.to_dropzone)
    with house.work() as work:
        work.connections.delete(house.to_dropzone)
    for ask in (lambda: recall(house, order), lambda: check_can_be_asked(house.wiring, house.org_id, order.id)):
        with pytest.raises(StateError) as refused:
            ask()
        assert refused.value.code == "RECALL_UNSUPPORTED"
    assert house.status(order) is S.PUSHED


class ByRequest(BaseConnector):
    """An API that is asked for recalls by a delivery: its answer says that the order was given back, or comes later."""

    def __init__(self, *, given_back: bool) -> None:
        self.given_back = given_back

    def kinds(self, config):
        return frozenset({Kind.ORDER, Kind.RECALL})

    def export(self, draft_order, config):
        return ExportResult(True, erp_order_id="SO-1", given_back=self.given_back)

    def test_connection(self, config):
        return ConnectionTest(True)


@pytest.mark.parametrize(
    ("given_back", "order_is", "recall_is"),
    [(True, S.RECALLED, ERPExportStatus.ACKED), (False, S.RECALLING, ERPExportStatus.SENT)],
)
def test_the_answer_to_a_request_ends_the_recall_if_it_says_so(house, given_back, order_is, recall_is):
    house.connectors["BY_REQUEST"] = ByRequest(given_back=given_back)
    way = house.connect("BY_REQUEST")
    order = sent(house, way)
    assert house.status(order) is S.CONFIRMED, "what only a recall says counts for nothing else"
    recall(house, order)
    work_off(house, way)
    assert (house.status(order), house.export(order).status) == (order_is, recall_is)
