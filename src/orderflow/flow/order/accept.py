"""An order comes in: it is kept, and what it still needs is known at once."""

from __future__ import annotations

from collections.abc import Sequence

from orderflow.domain import clock
from orderflow.domain.orders import DraftOrder, clean_codes, missing_for_ready
from orderflow.domain.states import OrderEvent, OrderStatus, next_order_status
from orderflow.flow.ports import Actor, Work


def accept_orders(work: Work, orders: Sequence[DraftOrder], actor: Actor) -> None:
    """Store new orders of one organization, each READY or NEEDS_REVIEW.

    Raises:
        InputError: A code of an order holds a control character; none is stored.
    """
    for order in map(clean_codes, orders):
        order.org_id = work.org_id
        order.created_by = order.created_by or actor.name
        order.created_at = order.created_at or clock.now()
        wanted = OrderStatus.NEEDS_REVIEW if missing_for_ready(order) else OrderStatus.READY
        order.status = next_order_status(OrderEvent.ACCEPT, OrderStatus.NEW, wanted)
    work.orders.add_many(orders)
    work.audit.add("DRAFT_CREATED", actor, "draft_order", [order.id for order in orders])
