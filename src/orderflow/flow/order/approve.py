"""A person looks at an order and says yes or no, or corrects it."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.errors import StateError
from orderflow.domain.order_keys import duplicate_of, key_of
from orderflow.domain.orders import DraftOrder, check_rules, clean_codes, missing_in
from orderflow.domain.states import OrderAction, OrderStatus, next_order_status
from orderflow.flow.delivery.change import STANDING_BY, change_what_was_sent, not_given_back, standing
from orderflow.flow.order.cancel import keep_from_being_sent
from orderflow.flow.order.differences import differences
from orderflow.flow.ports import Actor, Work


def approve_order(work: Work, order_id: UUID, actor: Actor) -> None:
    """Approve a READY order: what it says now is its next revision, which deliveries are made from.

    Raises:
        NotFoundError: There is no such order.
        StateError: It is not READY; what it lacks is named.
    """
    before = work.orders.lock_status(order_id)
    if before not in OrderAction.APPROVE.change.starts:
        raise _not_ready(work.orders.get(order_id))
    status = next_order_status(OrderAction.APPROVE, before)
    now = clock.now()
    work.orders.keep_revision(order_id, now, actor.name)
    work.orders.set_status(order_id, status, approved_by=actor.name, approved_at=now)
    work.audit.add("DRAFT_APPROVED", actor, "draft_order", [order_id], {"status": before}, {"status": status})


def reject_order(work: Work, order_id: UUID, actor: Actor, reason: str | None = None) -> None:
    """Reject an order for good. One of the same number may come in after it.

    Raises:
        StateError: It is on its way to the ERP, or has ended; or the ERP has an earlier revision of it.
    """
    before = work.orders.lock_status(order_id)
    status = next_order_status(OrderAction.REJECT, before)
    if any(export.status in STANDING_BY for export in not_given_back(work, order_id)):
        raise StateError(
            "The ERP has the order as it was before it was changed, or may have, so it cannot be rejected.",
            code="ORDER_IS_SENT",
            hint="Discard the change. If the order is not wanted any more, recall it then.",
        )
    work.orders.set_status(order_id, status)
    work.order_keys.free(order_id)
    after = {"status": status, "reason": reason}
    work.audit.add("DRAFT_REJECTED", actor, "draft_order", [order_id], {"status": before}, after)


def edit_order(work: Work, changed: DraftOrder, actor: Actor) -> DraftOrder:
    """Replace an order's content. One that was approved needs approval again.

    What was not sent yet is replaced. What was, or may have been, keeps its delivery, and is changed by another one.

    Raises:
        StateError: It has ended, is being recalled, or the ERP knows it by another number.
        DuplicateOrderError: It would have the number of another order.
        InputError: A code holds a control character, or something in it cannot be right.
    """
    check_rules(clean_codes(changed))
    stored = work.orders.get(changed.id)
    wanted = OrderStatus.NEEDS_REVIEW if missing_in(changed) else OrderStatus.READY
    changed.status = next_order_status(OrderAction.EDIT, stored.status, wanted)
    changed.approved_by = changed.approved_at = None
    changed.source_document = changed.source_document or stored.source_document
    changed.source = changed.source or stored.source
    if (there := standing(work, changed.id)) is not None and not change_what_was_sent(work, there, stored, changed):
        return stored
    _move_key(work, stored, changed, actor)
    work.orders.replace(changed)
    work.orders.set_status(changed.id, changed.status, error_json=None)
    before, after = differences(stored, changed)
    before["status"], after["status"] = stored.status, changed.status
    work.audit.add("DRAFT_EDITED", actor, "draft_order", [changed.id], before, after)
    return changed


def _move_key(work: Work, stored: DraftOrder, changed: DraftOrder, actor: Actor) -> None:
    """Let an order be known by what it says now. One whose number stays keeps its key, or goes on without."""
    before, now = key_of(stored), key_of(changed)
    if (before and before.key_sha256) == (now and now.key_sha256):
        return
    work.order_keys.free(stored.id)
    holder = work.order_keys.take([changed]).get(changed.id)
    if holder and holder.cancelled:
        keep_from_being_sent(work, changed, holder, actor)
    elif holder:
        known = work.orders.get_many([holder.order_id]).get(holder.order_id)
        hint = "Leave the number as it was, or reject the other order first, if that one is wrong."
        raise duplicate_of(changed, holder.order_id, known.status if known else None, hint)


def _not_ready(order: DraftOrder) -> StateError:
    if missing := missing_in(order):
        words = [one.message for one in missing]
        return StateError(
            f"The order is {order.status} and not ready for approval: {' '.join(words)}",
            code="ORDER_NOT_READY",
            hint="Complete the order, then approve it.",
            details={"missing": words, "missing_fields": [asdict(one) for one in missing]},
        )
    return StateError(f"The order is {order.status}; only a READY order can be approved.")
