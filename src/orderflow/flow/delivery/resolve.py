"""A person has looked into the ERP and knows how a delivery in doubt ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.states import EDITED, ERPExportStatus, Kind, OrderAction, OrderStatus, next_order_status
from orderflow.flow.delivery.recall import note_answer
from orderflow.flow.ports import Actor, Export, Store, Work

Resolution = Literal["delivered", "not_delivered", "send_again"]
_ACTION: dict[Resolution, OrderAction] = {
    "delivered": OrderAction.RESOLVE_DELIVERED,
    "not_delivered": OrderAction.RESOLVE_NOT_DELIVERED,
    "send_again": OrderAction.RESOLVE_SEND_AGAIN,
}
NOT_DELIVERED: dict[str, Any] = {
    "code": "NOT_DELIVERED",
    "message": "A person looked in the ERP: the order never arrived there.",
    "hint": "Correct the order and push it again, or reject it.",
}
NOT_ASKED: dict[str, Any] = {
    "code": "NOT_DELIVERED",
    "message": "A person looked in the ERP: the recall never arrived there.",
    "hint": "Recall the order again; or have it cancelled in the ERP, and confirm the recall.",
}


def resolve_held(
    store: Store,
    org_id: UUID,
    export_id: UUID,
    resolution: Resolution,
    actor: Actor,
    perhaps_sent_at: datetime | None = None,
) -> Export:
    """Settle an export in doubt, whether it is held or still asked about.

    Args:
        resolution: It had arrived; it has not, and ends; or it has not, and goes out again under the same name.
        perhaps_sent_at: As the export had it when the person looked in the ERP; None: that is not known.

    Raises:
        StateError: The export is not in doubt, or a worker is asking about it at this moment; it may have been sent
            again since the person looked; or it is a recall, and all that is known is that it arrived.
        NotFoundError: There is no such export.
    """
    with store.work(org_id) as work:
        order_id = _found(work, export_id).draft_order_id
        before = work.orders.lock_status(order_id)
        found = _found(work, export_id)  # as it is now that nobody else decides about its order
        if perhaps_sent_at not in (None, found.perhaps_sent_at) and found.in_doubt:
            raise _another_doubt()  # none comes up before the end of this: to settle it, its order is locked
        is_recall = found.kind is Kind.RECALL
        if is_recall and resolution == "delivered":
            raise _no_end_of_a_recall()
        if resolution == "send_again" and _was_changed(found, before):
            raise StateError(
                "The order was changed since, so that this revision of it is not sent any more.",
                code="CHANGED_SINCE",
                hint="Resolve it as delivered or as not delivered; what the order says now follows then.",
            )
        if not _decide(work, found, resolution):
            raise _nothing_to_decide(found, resolution)
        move = _move_recalled if is_recall else _move_order
        after = move(work, found, before, resolution)
        facts = {"status": after, "resolved_as": resolution, "export_id": str(export_id)}
        work.audit.add("EXPORT_RESOLVED", actor, "draft_order", [order_id], {"status": before}, facts)
        export = work.exports.get(export_id)
    store.wake(org_id, export.connection_id)
    return export


def _found(work: Work, export_id: UUID) -> Export:
    """Return an export; not locked, since a worker that has it waits for the order."""
    found = work.exports.find(export_id)
    if found is None:
        raise NotFoundError(f"There is no export {export_id} in this organization.")
    return found


def _decide(work: Work, export: Export, resolution: Resolution) -> bool:
    match resolution:
        case "delivered":
            return work.exports.note_delivered(export.id)
        case "not_delivered":
            return work.exports.note_failed(export.id, NOT_ASKED if export.kind is Kind.RECALL else NOT_DELIVERED)
        case "send_again":
            return work.exports.send_again(export.id)


def _was_changed(export: Export, order: OrderStatus) -> bool:
    """Return whether what the order says now goes its own way, or will, so that this delivery does not move it."""
    return export.kind is not Kind.RECALL and (order in EDITED or export.changed_since)


def _move_order(work: Work, export: Export, before: OrderStatus, resolution: Resolution) -> OrderStatus:
    if _was_changed(export, before):
        return before
    after = next_order_status(_ACTION[resolution], before)
    if resolution != "send_again":
        error = NOT_DELIVERED if resolution == "not_delivered" else None
        work.orders.set_status(export.draft_order_id, after, error_json=error)
    return after


def _move_recalled(work: Work, export: Export, before: OrderStatus, resolution: Resolution) -> OrderStatus:
    if resolution == "not_delivered":
        note_answer(work, export, given_back=False, error=NOT_ASKED)
        return work.orders.lock_status(export.draft_order_id)
    return before


def _another_doubt() -> StateError:
    return StateError(
        "The delivery may have been sent again since you looked at it; nothing was changed.",
        code="STALE_DOUBT",
        hint="Look in the ERP once more, then resolve the delivery as it is now.",
    )


def _no_end_of_a_recall() -> StateError:
    return StateError(
        "That a recall arrived does not say whether the ERP keeps the order.",
        hint="Have it sent again, or say how it ended: confirm the recall, or end it.",
    )


def _nothing_to_decide(export: Export, resolution: Resolution) -> StateError:
    ended = export.status is ERPExportStatus.FAILED and resolution == "send_again"
    if export.lease_is_live or (export.in_doubt and not ended):  # or somebody has it locked
        return StateError(
            "A worker is at this delivery at this moment.", hint="Try again in a moment; it may have got its answer."
        )
    if export.in_doubt:
        return StateError("The delivery has ended.", hint="Retry the order's push: that goes on with the same file.")
    return StateError("The export is not held, so there is no doubt to resolve.", hint="Look at its present state.")
