"""An order that was sent is to be taken back: its ERP is asked, and what that says decides.

A recall is a delivery of its own, and goes the way of an order. What was never sent needs none: its push is withdrawn.
Meanwhile the order is RECALLING. It is RECALLED once the ERP says so, or its people did; else it is what its delivery
is, as if nobody had asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from orderflow.domain.errors import ConnectorError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.states import (
    ARRIVED,
    FITTING,
    OPEN,
    ERPExportStatus,
    ExportStep,
    Kind,
    OrderAction,
    OrderEvent,
    OrderStatus,
    next_order_status,
)
from orderflow.domain.text import checked_name
from orderflow.flow.delivery.change import standing
from orderflow.flow.delivery.open_target import ENGINE, with_connector
from orderflow.flow.delivery.request import withdraw_in
from orderflow.flow.ports import Actor, Export, Settlement, Wiring, Work

DECIDED: dict[str, Any] = {
    "code": "RECALL_DECIDED",
    "message": "A person said how this recall ended, before the ERP did.",
    "hint": "Nothing to do. If the ERP answers after all, the order tells it.",
}
NEVER_ASKED: dict[str, Any] = {
    "code": "RECALL_WITHDRAWN",
    "message": "A person ended this recall before the ERP was asked.",
    "hint": "Nothing to do.",
}
WAITS = ExportStep.WORK.change.starts
RECALLED: dict[str, Any] = {
    "code": "RECALLED",
    "message": "The order was recalled, so that the ERP need not answer its delivery any more.",
    "hint": "Nothing to do. The order may be entered anew.",
}


def check_can_be_asked(wiring: Wiring, org_id: UUID, order_id: UUID) -> None:
    """Make sure that the ERP which has the order can be asked to give it back; changes nothing.

    Raises:
        StateError: It cannot.
        NotFoundError: There is no such order.
        EncryptionError, ConnectorError: The connection cannot be used as it is.
    """
    with wiring.store.work(org_id) as work:
        status = work.orders.lock_status(order_id)
        sent = standing(work, order_id)
        if status not in OrderAction.RECALL.change.starts or sent is None:
            return  # `recall_in` says what is so
        _refuse_if_deleted(work, sent.connection_id)
        target = work.connections.open(sent.connection_id)
    if Kind.RECALL not in with_connector(wiring, target).kinds:
        raise cannot_be_asked()


def cannot_be_asked() -> StateError:
    """Return how a recall is refused where the ERP cannot be asked."""
    return StateError(
        "The ERP has the order, and cannot be asked over this connection to give it back.",
        code="RECALL_UNSUPPORTED",
        hint="Ask whoever runs the ERP to cancel it there, then confirm the recall by hand. If its import reads "
        "recalls, or takes files by renaming them, say so in the connection's settings.",
    )


def recall_or_withdraw(work: Work, order_id: UUID, reason: str, actor: Actor) -> Export | None:
    """Take back an order that is on its way or sent; returns its recall, None: nothing was sent, the push is withdrawn.

    Raises:
        StateError: As `recall_in`; an attempt is under way.
        InputError, NotFoundError: As `recall_in`.
    """
    status = work.orders.lock_status(order_id)
    if status in OrderAction.WITHDRAW.change.if_sure or work.routes.request_of(order_id):
        withdraw_in(work, order_id, actor)
        return None
    return recall_in(work, order_id, reason, actor)


def recall_in(work: Work, order_id: UUID, reason: str, actor: Actor) -> Export:
    """Ask for an order to be taken back, in `work`'s transaction; a worker does the rest.

    Raises:
        StateError: It was never sent, may have been, or is recalled already; the connection that it went over is
            deleted; a process of an older release still runs.
        InputError: The reason is blank, too long, or holds characters that hide.
        NotFoundError: There is no such order.
    """
    reason = checked_name(reason, "reason")
    before = work.orders.lock_status(order_id)
    sent = standing(work, order_id)
    if before not in OrderAction.RECALL.change.starts or sent is None or sent.status not in ARRIVED:
        raise nothing_to_recall(before, in_doubt=sent is not None and sent.in_doubt)
    _refuse_on_hold(work, order_id)
    work.refuse_beside_older_release()
    _refuse_if_deleted(work, sent.connection_id)
    pending, now = ERPExportStatus.PENDING, work.exports.next_time(order_id)
    export = Export(new_id(), order_id, sent.connection_id, pending, now, kind=Kind.RECALL, reason=reason)
    work.exports.add(export, idempotency_key=None, actor=actor)
    _move(work, order_id, OrderAction.RECALL, before, actor, "DRAFT_RECALL_REQUESTED", {"reason": reason})
    return export


def nothing_to_recall(status: OrderStatus, *, in_doubt: bool) -> StateError:
    """Return how the recall of an order is refused that its ERP does not have, or that is recalled already."""
    if in_doubt:
        return StateError(
            "Nobody knows whether the ERP has the order, so there is nothing to recall yet.",
            code="POSSIBLY_DELIVERED",
            hint="Look in the ERP, then resolve the delivery: as delivered, and recall it; or as not delivered.",
        )
    match status:
        case OrderStatus.PUSHING:
            return StateError("The order is on its way.", hint="Withdraw its push, as long as no attempt has begun.")
        case OrderStatus.RECALLING:
            return StateError(
                "The order is being recalled already.", hint="Wait for the ERP's answer, or end the recall."
            )
        case OrderStatus.RECALLED:
            return StateError("The order was recalled already.", hint="Nothing to do. It may be entered anew.")
    return StateError(
        f"The order is {status}: the ERP does not have it.",
        code="NEVER_SENT",
        hint="There is nothing to recall. Reject the order, so that nobody sends it.",
    )


def _refuse_on_hold(work: Work, order_id: UUID) -> None:
    if work.holds.of(order_id):
        raise on_hold()


def on_hold() -> StateError:
    """Return how the recall of an order is refused that somebody has a hold on."""
    return StateError("The order is on hold, and so its recall would be.", hint="Release the order, then recall it.")


def _refuse_if_deleted(work: Work, connection_id: UUID) -> None:
    if connection_id not in work.routes.states([connection_id]):  # which locks none: others have theirs after orders
        raise cannot_be_asked()


def note_settled(work: Work, recalls: Sequence[Settlement]) -> None:
    """Move the orders of those recalls whose attempt was the end, in the transaction that settles them."""
    for item in sorted(recalls, key=lambda item: item.attempt.order.id):
        recall, outcome = work.exports.get(item.attempt.export_id), item.attempt.outcome
        if item.export_status is ERPExportStatus.ACKED:
            note_answer(work, recall, given_back=True)
        elif item.export_status is ERPExportStatus.FAILED:
            error = outcome.as_json() if isinstance(outcome, ConnectorError) else None
            note_answer(work, recall, given_back=False, error=error)


def is_unanswered(asked: Export) -> bool:
    """Return whether the ERP has a recall or a change, or may, and never answered it, whatever a person said since."""
    decided = (asked.error or {}).get("code") == DECIDED["code"]
    return asked.status is ERPExportStatus.SENT or asked.in_doubt or decided


def note_answer(work: Work, recall: Export, *, given_back: bool, error: dict[str, Any] | None = None) -> None:
    """Move an order whose recall the ERP has answered, or nobody could ask for; what moves no more stays.

    Args:
        error: Why the ERP keeps it.
    """
    order_id = recall.draft_order_id
    before = work.orders.lock_status(order_id)
    if not _counts(work, recall, given_back=given_back):
        return
    starts = OrderEvent.RECALL_ANSWERED.change.starts if given_back else OrderAction.END_RECALL.change.starts
    if before not in starts:
        return
    said = {"code": error["code"], "message": error["message"]} if error else {}
    action = "DRAFT_RECALLED" if given_back else "DRAFT_RECALL_REFUSED"
    _end(work, order_id, recall, OrderEvent.RECALL_ANSWERED, before, ENGINE, action, said, given_back=given_back)


def _counts(work: Work, recall: Export, *, given_back: bool) -> bool:
    """Return whether it decides about the order: a yes about the order's last delivery, a no to its last recall."""
    if given_back:
        sent = work.exports.latest(recall.draft_order_id)
        return sent is None or sent.created_at <= recall.created_at
    last, *_ = work.exports.recalls_of(recall.draft_order_id)
    return last.id == recall.id


def confirm_recall(work: Work, order_id: UUID, actor: Actor) -> None:
    """Note that the ERP's people have cancelled the order there: a person says so.

    Raises:
        StateError: It was not sent, is recalled already, or a worker is asking at this moment.
        NotFoundError: There is no such order.
    """
    before = work.orders.lock_status(order_id)
    if before not in OrderAction.CONFIRM_RECALL.change.starts:
        sent = standing(work, order_id)
        raise nothing_to_recall(before, in_doubt=sent is not None and sent.in_doubt)
    recall = _close(work, order_id, actor, given_back=True) if before is OrderStatus.RECALLING else None
    step, noted = OrderAction.CONFIRM_RECALL, "DRAFT_RECALL_CONFIRMED"
    _end(work, order_id, recall, step, before, actor, noted, {}, given_back=True)


def end_recall(work: Work, order_id: UUID, actor: Actor) -> None:
    """Note that the ERP keeps the order: a person says so, and nobody asks on.

    Raises:
        StateError: It is not being recalled, or a worker is asking at this moment.
        NotFoundError: There is no such order.
    """
    before = work.orders.lock_status(order_id)
    if before not in OrderAction.END_RECALL.change.starts:
        raise StateError(f"The order is {before}, so no recall is under way.", hint="Look at its present state.")
    recall = _close(work, order_id, actor, given_back=False)
    step, noted = OrderAction.END_RECALL, "DRAFT_RECALL_ENDED"
    _end(work, order_id, recall, step, before, actor, noted, {}, given_back=False)


def _close(work: Work, order_id: UUID, actor: Actor, *, given_back: bool) -> Export | None:
    """End the recall that is under way, and return it. Raises StateError while a worker is at it."""
    export = next(iter(work.exports.recalls_of(order_id)), None)
    if export is None or export.status not in OPEN:
        return export
    if given_back:
        work.exports.note_delivered(export.id)
        closed = work.exports.confirm(export.id, actor.name)
        stopped = not closed and work.exports.stop(export.id, NEVER_ASKED)
        closed = closed or (stopped and work.exports.take_over(export.id, actor.name))
    else:
        closed = work.exports.drop(export.id, DECIDED) or work.exports.note_failed(export.id, DECIDED)
        closed = closed or work.exports.stop(export.id, NEVER_ASKED)
    if not closed:
        raise StateError(
            "A worker is asking the ERP at this moment.", hint="Try again in a moment; it may have answered."
        )
    return export


def _end(
    work: Work,
    order_id: UUID,
    recall: Export | None,
    step: OrderAction | OrderEvent,
    before: OrderStatus,
    actor: Actor,
    noted: str,
    facts: dict[str, Any],
    *,
    given_back: bool,
) -> None:
    deliveries = work.exports.deliveries_of(order_id)
    anew = next((one for one in deliveries if recall and one.follows == recall.id and one.status in WAITS), None)
    if given_back:
        for sent in deliveries:
            work.exports.drop(sent.id, RECALLED)
        if anew is not None:
            _move(work, order_id, OrderEvent.SEND_ANEW, before, actor, noted, facts)
            return
        work.order_keys.free(order_id)
        _move(work, order_id, step, before, actor, noted, facts, OrderStatus.RECALLED)
    elif anew is not None:
        refused = _not_changed(facts)
        work.exports.stop(anew.id, refused)
        _move(work, order_id, step, before, actor, noted, facts, OrderStatus.ERROR, error_json=refused)
    else:
        now = work.orders.revision_of(order_id)
        of_it = (one for one in deliveries if one.revision == now)
        last = min(of_it, key=lambda one: one.failed_for_sure, default=None) or standing(work, order_id)
        stays = FITTING[last.status] if last else OrderStatus.PUSHED
        error = last.error if last and last.status is ERPExportStatus.FAILED else None
        _move(work, order_id, step, before, actor, noted, facts, stays, error_json=error)


def _not_changed(said: dict[str, Any]) -> dict[str, Any]:
    """Return why an order is in ERROR that was recalled to be sent anew, and is kept."""
    return {
        "code": said.get("code", "CHANGE_REFUSED"),
        "message": f"The ERP keeps the order as it was, so it is not changed. {said.get('message', '')}".strip(),
        "hint": "Discard the change; or have the order changed in the ERP, then confirm the change.",
    }


def _move(
    work: Work,
    order_id: UUID,
    step: OrderAction | OrderEvent,
    before: OrderStatus,
    actor: Actor,
    noted: str,
    facts: dict[str, Any],
    wanted: OrderStatus | None = None,
    **columns: Any,
) -> None:
    after = next_order_status(step, before, wanted)
    work.orders.set_status(order_id, after, **columns)
    work.audit.add(noted, actor, "draft_order", [order_id], {"status": before}, {"status": after, **facts})
