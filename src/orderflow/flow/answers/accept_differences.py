"""A person accepts what the ERP confirmed otherwise than it was ordered."""

from __future__ import annotations

from uuid import UUID

from orderflow.domain.errors import StateError
from orderflow.flow.ports import Actor, Work


def accept_differences(work: Work, order_id: UUID, actor: Actor) -> None:
    """Note that what differs is as it should be. An answer that says otherwise later has to be accepted anew.

    Raises:
        StateError: The ERP confirmed the order as it was ordered, said nothing about its lines, or somebody accepted
            the differences before.
        NotFoundError: There is no such order.
    """
    status = work.orders.lock_status(order_id)
    if not work.orders.accept_differences(order_id, actor.name):
        raise StateError(
            f"The order is {status}, and nothing of it waits to be accepted.",
            hint="There are differences once the ERP confirms an order otherwise than it was ordered.",
        )
    work.audit.add("DIFFERENCES_ACCEPTED", actor, "draft_order", [order_id])
