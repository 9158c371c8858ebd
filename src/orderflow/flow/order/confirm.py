"""A person says that the ERP has the order: for connections over which the ERP never answers."""

from __future__ import annotations

from uuid import UUID

from orderflow.domain.errors import StateError
from orderflow.domain.states import OrderAction, next_order_status
from orderflow.flow.delivery.change import standing
from orderflow.flow.ports import Actor, Work


def confirm_order(work: Work, order_id: UUID, erp_order_id: str, actor: Actor) -> None:
    """Confirm an order that was pushed, or may have arrived, under the number that it has in the ERP.

    Its export waits for no answer any more. The number is kept on the order only, with `hand` as its source: `file` and
    `erp` mean that the ERP itself said it, as an export's own number always does.

    Raises:
        StateError: The order is not PUSHED, and no delivery of it is in doubt.
        NotFoundError: There is no such order.
    """
    before = work.orders.lock_status(order_id)
    export = standing(work, order_id)
    arrived = before in OrderAction.CONFIRM.change.starts
    unfit = StateError(
        f"The order is {before}; only a PUSHED order, or one whose delivery is in doubt, can be confirmed by hand.",
        hint="Push it first, or wait until its delivery has ended.",
    )
    if not arrived and not (export and export.in_doubt):
        raise unfit
    status = next_order_status(OrderAction.CONFIRM, before)  # before anything is written: others share the transaction
    if not arrived and not (export and work.exports.note_delivered(export.id)):
        raise unfit
    if export is not None:
        work.exports.confirm(export.id, actor.name)
    work.orders.set_status(order_id, status, erp_order_id=erp_order_id, erp_order_id_source="hand", error_json=None)
    after = {"status": status, "erp_order_id": erp_order_id}
    work.audit.add("DRAFT_CONFIRMED", actor, "draft_order", [order_id], {"status": before}, after)
