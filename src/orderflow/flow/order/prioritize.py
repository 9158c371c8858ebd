"""A person gives an order a head start in the queue of deliveries, or takes it back."""

from __future__ import annotations

from uuid import UUID

from orderflow.domain.errors import InputError, StateError
from orderflow.domain.orders import MOST_PRIORITY
from orderflow.domain.states import OrderAction
from orderflow.flow.ports import Actor, Work


def prioritize(work: Work, order_id: UUID, minutes: int, actor: Actor) -> None:
    """Let an order be delivered as if it had been pushed so many minutes earlier. It needs no other approval.

    Args:
        minutes: From 0, which is what orders have by default, to `MOST_PRIORITY`.

    Raises:
        NotFoundError: There is no such order.
        StateError: It has arrived or ended.
        InputError: It would be more, or less, than there is.
    """
    if not 0 <= minutes <= MOST_PRIORITY:
        fault = {"field": "priority", "message": f"must be from 0 to {MOST_PRIORITY} minutes"}
        raise InputError(f"The priority cannot be used: it {fault['message']}.", details={"fields": [fault]})
    status = work.orders.lock_status(order_id)
    if status not in OrderAction.HOLD.change.starts:
        raise StateError(f"The order is {status}: it waits in no queue.", hint="Look at its timeline.")
    before = work.orders.prioritize(order_id, minutes)
    if before != minutes:
        work.audit.add(
            "DRAFT_PRIORITIZED", actor, "draft_order", [order_id], {"priority": before}, {"priority": minutes}
        )
