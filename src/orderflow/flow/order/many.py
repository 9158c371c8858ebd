"""One action on many orders, each for itself: what one order's state forbids stops no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from orderflow.domain.states import OrderAction, OrderStatus
from orderflow.flow.delivery.request import check_not_before, request_or_wait
from orderflow.flow.fault_points import reached
from orderflow.flow.order.approve import approve_order
from orderflow.flow.order.bulk import Outcome, each_in_bulk
from orderflow.flow.ports import Actor, Store, Work

Action = Literal["approve", "push", "retry"]


def starts_of(action: Action) -> tuple[OrderStatus, ...]:
    """Return the states that `action` starts from."""
    return OrderAction(action).change.starts


def act_on_many(
    store: Store,
    org_id: UUID,
    action: Action,
    order_ids: Iterable[UUID],
    actor: Actor,
    connection_id: UUID | None = None,
    not_before: datetime | None = None,
) -> Iterator[Outcome]:
    """Approve, push or retry each order; yields its id and what forbade it, if anything.

    Args:
        connection_id: Where to push; by the organization's rules, or to its default connection, if not given.
        not_before: They wait until then.

    Raises:
        InputError: Nobody can mean this `not_before`.
    """
    check_not_before(not_before)
    used: set[UUID] = set()

    def step(work: Work, order_id: UUID) -> None:
        if action == "approve":
            approve_order(work, order_id, actor)
        else:
            meant = (OrderAction(action),)
            export = request_or_wait(
                work, order_id, actor, connection_id=connection_id, meant=meant, not_before=not_before
            )
            if export is not None:
                used.add(export.connection_id)

    def wake() -> None:
        if used:
            reached("requested")
        while used:
            store.wake(org_id, used.pop())

    # In the order of their ids, so that two people who act on the same orders never wait for each other.
    yield from each_in_bulk(store, org_id, sorted(set(order_ids)), step, wake)
