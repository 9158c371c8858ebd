"""An order is cancelled that has not come yet: when it comes, it is kept on hold, and never sent by itself."""

from __future__ import annotations

from uuid import UUID

from orderflow.domain.errors import InputError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.order_keys import Cancellation, KeyHolder, key_of
from orderflow.domain.orders import DraftOrder, clean_codes
from orderflow.domain.text import checked_name
from orderflow.flow.ports import Actor, Hold, Work


def cancel_before(work: Work, order: DraftOrder, reason: str, actor: Actor) -> UUID:
    """Note that an order is cancelled that has not come; returns the cancellation's id, of the first if there are more.

    Args:
        order: What it will be known by: source, customer and number.

    Raises:
        InputError: It has no number; the reason is blank, too long, or holds characters that hide.
        StateError: The order is here; a process of an older release still runs, and would send it.
    """
    reason = checked_name(reason, "reason")
    if key_of(clean_codes(order)) is None:
        fields = [{"field": "external_order_number", "message": "is needed"}]
        raise InputError("An order that has no number cannot be told from others.", details={"fields": fields})
    work.refuse_beside_older_release()
    made = new_id()
    holder = work.order_keys.cancel(order, made, Cancellation(actor.name, reason))
    if holder is not None and holder.cancelled is None:
        raise StateError(
            f"The order {order.external_order_number} is here.",
            code="ORDER_IS_HERE",
            hint="Recall it if it was sent; else withdraw its push, and reject it.",
            details={"order_id": str(holder.order_id)},
        )
    if holder is not None:
        return holder.order_id
    after = {"external_order_number": order.external_order_number, "source": order.source, "reason": reason}
    after |= {"erp_customer_number": order.customer.erp_customer_number if order.customer else None}
    work.audit.add("ORDER_CANCELLED_BEFORE_IT_CAME", actor, "order_cancellation", [made], None, after)
    return made


def keep_from_being_sent(work: Work, order: DraftOrder, holder: KeyHolder, actor: Actor) -> None:
    """Put an order on hold that came after its cancellation, in the name of whoever cancelled it."""
    if holder.cancelled is None:
        return
    work.order_keys.inherit(holder.order_id, order)
    reason = f"Cancelled before it came: {holder.cancelled.reason}"
    work.holds.place(Hold(new_id(), order.id, reason, holder.cancelled.by))
    after = {"reason": reason, "placed_by": holder.cancelled.by, "cancellation": str(holder.order_id)}
    work.audit.add("DRAFT_HOLD_PLACED", actor, "draft_order", [order.id], None, after)
