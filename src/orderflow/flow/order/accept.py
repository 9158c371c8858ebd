"""An order comes in: it is kept, once, and what it still needs is known at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.errors import NotFoundError
from orderflow.domain.order_keys import DuplicateOrderError, KeyHolder, OnDuplicate, duplicate_of, key_of
from orderflow.domain.orders import DraftOrder, Missing, check_rules, clean_codes, missing_in
from orderflow.domain.states import OrderEvent, OrderStatus, next_order_status
from orderflow.flow.order.approve import edit_order
from orderflow.flow.order.cancel import keep_from_being_sent
from orderflow.flow.ports import Actor, Work


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of an order that came in.

    Attributes:
        order: What is kept now: the order itself, or the one that was here before.
        duplicate: It was here before and says the same; nothing was changed.
        revised: It was here before, and says now what came in.
        error: Why nothing was kept: it was here before, and says something else.
    """

    order: DraftOrder
    duplicate: bool = False
    revised: bool = False
    error: DuplicateOrderError | None = None

    @property
    def missing(self) -> list[Missing]:
        """What the order still needs to be READY."""
        return missing_in(self.order) if self.order.status is OrderStatus.NEEDS_REVIEW else []


def accept_orders(
    work: Work, orders: Sequence[DraftOrder], actor: Actor, on_duplicate: OnDuplicate = OnDuplicate.NEW
) -> list[Arrival]:
    """Store new orders of one organization, each READY or NEEDS_REVIEW; returns what became of each.

    Args:
        on_duplicate: What to do with one that is here already; REVISE leaves it for `revise_order`, and reports it as
            REFUSE does. Every way in asks its caller, and refuses by default.

    Raises:
        InputError: A code of an order holds a control character, or something in it cannot be right; none is stored.
    """
    for order in map(clean_codes, orders):
        check_rules(order)
        order.org_id = work.org_id
        order.created_by = order.created_by or actor.name
        order.created_at = order.created_at or clock.now()
        wanted = OrderStatus.NEEDS_REVIEW if missing_in(order) else OrderStatus.READY
        order.status = next_order_status(OrderEvent.ACCEPT, OrderStatus.NEW, wanted)
    taken = work.order_keys.take(orders)
    holders = {} if on_duplicate is OnDuplicate.NEW else _holders(orders, taken)
    new = [order for order in orders if order.id not in holders]
    work.orders.add_many(new)
    if new:
        work.audit.add("DRAFT_CREATED", actor, "draft_order", [order.id for order in new])
    for order in new:
        if order.id in taken and taken[order.id].cancelled:
            keep_from_being_sent(work, order, taken[order.id], actor)
    here = _here(work, holders.values())
    return [_known(order, holders[order.id], here) if order.id in holders else Arrival(order) for order in orders]


def revise_order(work: Work, order: DraftOrder, actor: Actor) -> Arrival:
    """Let the order that is here say what `order` says, as an edit by a person would; store it if there is none.

    In a transaction of its own: it waits for the order that it edits.

    Raises:
        StateError: The order that is here may not be edited any more.
        LockedError: The transaction holds orders, and this is none of them.
    """
    arrival = accept_orders(work, [order], actor, OnDuplicate.REFUSE)[0]
    if arrival.error is None:
        return arrival
    here = arrival.order.id
    try:
        work.orders.lock_status(here)
    except NotFoundError:
        raise arrival.error from None
    revised = edit_order(work, replace(order, id=here), actor)
    work.order_keys.note_content(revised)
    return Arrival(revised, revised=True)


def _holders(orders: Sequence[DraftOrder], taken: Mapping[UUID, KeyHolder]) -> dict[UUID, KeyHolder]:
    """Return who has the keys of orders that are here; one that was cancelled before it came is the first to come."""
    holders: dict[UUID, KeyHolder] = {}
    heirs: dict[UUID, KeyHolder] = {}
    for order in orders:
        holder = taken.get(order.id)
        if holder and holder.cancelled and (key := key_of(order)):
            first = KeyHolder(order.id, key.content_sha256)
            holder = heirs.setdefault(holder.order_id, first)
        if holder and holder.order_id != order.id:
            holders[order.id] = holder
    return holders


def _here(work: Work, holders: Iterable[KeyHolder]) -> Mapping[UUID, DraftOrder]:
    ids = sorted({holder.order_id for holder in holders})
    return work.orders.get_many(ids) if ids else {}


def _known(order: DraftOrder, holder: KeyHolder, here: Mapping[UUID, DraftOrder]) -> Arrival:
    """Return what became of an order that is here already, or was, and was deleted long after it had been confirmed."""
    known = here.get(holder.order_id)
    kept = known or DraftOrder(id=holder.order_id, status=OrderStatus.CONFIRMED)
    key = key_of(order)
    if key is not None and key.content_sha256 == holder.content_sha256:
        return Arrival(kept, duplicate=True)
    return Arrival(kept, error=duplicate_of(order, holder.order_id, known.status if known else None))
