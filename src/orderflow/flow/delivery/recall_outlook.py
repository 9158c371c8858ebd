"""What would become of orders that were recalled now, for a person to see before they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from orderflow.domain.errors import ConnectorError, EncryptionError, NotFoundError, StateError
from orderflow.domain.states import Kind, OrderAction, OrderStatus
from orderflow.flow.delivery.open_target import with_connector
from orderflow.flow.delivery.recall import cannot_be_asked, nothing_to_recall, on_hold
from orderflow.flow.delivery.request import under_way
from orderflow.flow.ports import Wiring, Work


class RecallWay(StrEnum):
    """How an order would be taken back."""

    WITHDRAWN = "withdrawn"
    """Nothing of it was sent: it is taken back for sure."""

    TAKEN_BACK = "taken_back"
    """Its file is renamed away, unless the ERP took it before; which of the two, is known at once."""

    ASKED = "asked"
    """Its ERP is asked, and decides."""

    REFUSED = "refused"
    """It is not."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How some orders stand, as far as a recall depends on it.

    Attributes:
        waits: Their push waits for a route.
        on_hold: Somebody has a hold on them.
        connection_id: Where the delivery went that their ERP has, or may have.
        arrived: It has it.
        in_doubt: Nobody knows whether it has.
        unsent: Nothing of their last delivery was sent, and no worker is at it.
    """

    status: OrderStatus
    waits: bool
    on_hold: bool
    connection_id: UUID | None
    arrived: bool
    in_doubt: bool
    unsent: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would become of some of the orders, and over which connection; `reason`: why they would be refused."""

    way: RecallWay
    connection_id: UUID | None = None
    reason: StateError | None = None


def outlooks(wiring: Wiring, work: Work, orders: Mapping[Standing, int]) -> list[tuple[Outlook, int]]:
    """Return what would become of orders, and of how many of them, most first; changes nothing.

    Args:
        orders: How many stand how.
    """
    there = {standing.connection_id for standing in orders if standing.connection_id}
    ways = {connection_id: _way_at(wiring, work, connection_id) for connection_id in _existing(work, there)}
    found: dict[tuple[object, ...], Outlook] = {}
    counts: Counter[tuple[object, ...]] = Counter()
    for standing, count in orders.items():
        outlook = _outlook(standing, ways)
        key = (outlook.way, outlook.connection_id, outlook.reason.message if outlook.reason else None)
        counts[key] += count
        found.setdefault(key, outlook)
    return [(found[key], count) for key, count in counts.most_common()]


def _existing(work: Work, connection_ids: Iterable[UUID]) -> Iterable[UUID]:
    return work.routes.states(sorted(connection_ids))


def _way_at(wiring: Wiring, work: Work, connection_id: UUID) -> RecallWay:
    try:
        to = with_connector(wiring, work.connections.open(connection_id))
    except (ConnectorError, EncryptionError, NotFoundError):  # its own health says what is wrong; the recall waits
        return RecallWay.ASKED
    if Kind.RECALL not in to.kinds:
        return RecallWay.REFUSED
    return RecallWay.TAKEN_BACK if to.takes_back else RecallWay.ASKED


def _outlook(one: Standing, ways: Mapping[UUID, RecallWay]) -> Outlook:
    """Decide as `recall.recall_or_withdraw` does."""
    if one.waits or (one.status in OrderAction.WITHDRAW.change.if_sure and one.unsent):
        return Outlook(RecallWay.WITHDRAWN)
    if one.status in OrderAction.WITHDRAW.change.if_sure and not one.in_doubt:
        return Outlook(RecallWay.REFUSED, reason=under_way())
    if one.status not in OrderAction.RECALL.change.starts or not one.arrived or one.connection_id is None:
        return Outlook(RecallWay.REFUSED, reason=nothing_to_recall(one.status, in_doubt=one.in_doubt))
    if one.on_hold:
        return Outlook(RecallWay.REFUSED, reason=on_hold())
    way = ways.get(one.connection_id, RecallWay.REFUSED)
    return Outlook(way, one.connection_id, cannot_be_asked() if way is RecallWay.REFUSED else None)
