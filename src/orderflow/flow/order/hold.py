"""A person keeps an order from being delivered, until they or an ADMIN release it. Pushed meanwhile, it waits.

Nothing that has begun is interrupted: an attempt that is under way ends, what is staged is published, and what is in
doubt is asked about, and not sent again. What an attempt left undone waits for the release.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.states import OrderAction
from orderflow.domain.text import checked_name
from orderflow.flow.ports import Actor, Export, Hold, Work

MOST_HOLDS = 20
"""On one order."""


def hold_order(work: Work, order_id: UUID, reason: str, actor: Actor) -> Hold:
    """Place a hold on an order; one that the same person placed for the same reason is that one.

    Raises:
        NotFoundError: There is no such order.
        StateError: It has arrived or ended, or has `MOST_HOLDS` already.
        InputError: The reason is blank, too long, or holds characters that hide.
    """
    reason = checked_name(reason, "reason")
    status = work.orders.lock_status(order_id)
    if status not in OrderAction.HOLD.change.starts:
        raise StateError(f"The order is {status}: there is no delivery to hold back.", hint="Look at its timeline.")
    placed = work.holds.of(order_id)
    if known := next((one for one in placed if (one.reason, one.placed_by) == (reason, actor.name)), None):
        return known
    if len(placed) >= MOST_HOLDS:
        raise StateError(f"The order has {MOST_HOLDS} holds, and may have no more.", hint="Release one of them first.")
    hold = Hold(new_id(), order_id, reason, actor.name)
    work.holds.place(hold)
    work.audit.add("DRAFT_HOLD_PLACED", actor, "draft_order", [order_id], None, {"reason": reason})
    return hold


def release_order(
    work: Work, order_id: UUID, actor: Actor, *, of_others: bool = False, hold_id: UUID | None = None
) -> Export | None:
    """Release the holds that `actor` placed on an order; returns the export that goes on, if none is left.

    Args:
        of_others: Release those of others too, as an ADMIN may.
        hold_id: Only this one.

    Raises:
        NotFoundError: There is no such order or hold.
        StateError: The order is not on hold; all its holds are others'; its delivery is being moved at this moment.
    """
    work.orders.lock_status(order_id)
    placed = work.holds.of(order_id)
    released = [one for one in _wanted(placed, hold_id) if of_others or one.placed_by == actor.name]
    if not released:
        raise _not_yours(placed)
    if not work.holds.release(order_id, [one.id for one in released]):
        raise StateError("The order's delivery is being moved at this moment.", hint="Try again in a moment.")
    for one in released:
        before = {"reason": one.reason, "placed_by": one.placed_by}
        work.audit.add("DRAFT_HOLD_RELEASED", actor, "draft_order", [order_id], before, None)
    return work.exports.latest(order_id) if len(released) == len(placed) else None


def _wanted(placed: Sequence[Hold], hold_id: UUID | None) -> list[Hold]:
    if not placed:
        raise StateError("The order is not on hold.", code="NOT_ON_HOLD", hint="Look at what it waits for instead.")
    wanted = [one for one in placed if hold_id in (None, one.id)]
    if not wanted:
        raise NotFoundError(f"There is no hold {hold_id} on this order.", hint="It was released already.")
    return wanted


def _not_yours(placed: Sequence[Hold]) -> StateError:
    by = ", ".join(sorted({one.placed_by for one in placed}))
    return StateError(
        f"The order was put on hold by {by}.",
        code="HOLD_OF_ANOTHER",
        hint="Ask them to release it, or an ADMIN.",
        details={"placed_by": sorted({one.placed_by for one in placed})},
    )
