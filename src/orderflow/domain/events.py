"""What a program is told of an order or a connection: every kind of event, and which change of state is which.

There is no other list of them. The database writes the events itself, in the transaction of the change
(`storage/tables/migrations/versions/0033_events.py`); a test walks each change and holds it to the tables below.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from orderflow.domain.states import BreakerState, ConnectionStatus, OrderAction, OrderStatus


class EventKind(StrEnum):
    """What happened."""

    ORDER_CREATED = "order.created"
    ORDER_NEEDS_REVIEW = "order.needs_review"
    ORDER_READY = "order.ready"
    ORDER_APPROVED = "order.approved"
    ORDER_REJECTED = "order.rejected"
    ORDER_REQUESTED = "order.requested"
    ORDER_WITHDRAWN = "order.withdrawn"
    ORDER_PUSHED = "order.pushed"
    ORDER_IN_DOUBT = "order.in_doubt"
    ORDER_CONFIRMED = "order.confirmed"
    ORDER_CHANGED = "order.changed"
    ORDER_REFUSED = "order.refused"
    ORDER_FAILED = "order.failed"
    ORDER_HELD = "order.held"
    ORDER_RELEASED = "order.released"
    ORDER_RECALLING = "order.recalling"
    ORDER_RECALLED = "order.recalled"
    ORDER_KEPT = "order.kept"
    CONNECTION_TROUBLED = "connection.troubled"
    CONNECTION_RECOVERED = "connection.recovered"
    CONNECTION_ENABLED = "connection.enabled"
    CONNECTION_DISABLED = "connection.disabled"

    @property
    def meaning(self) -> str:
        """What it tells, in one sentence."""
        return _MEANINGS[self]


_K = EventKind
_MEANINGS: Mapping[EventKind, str] = {
    _K.ORDER_CREATED: "An order came in; `status` says whether it is complete.",
    _K.ORDER_NEEDS_REVIEW: "An edit left it incomplete.",
    _K.ORDER_READY: "It is complete, and waits to be approved (again, if it was edited since).",
    _K.ORDER_APPROVED: "It was approved.",
    _K.ORDER_REJECTED: "Somebody rejected it; it will not be delivered.",
    _K.ORDER_REQUESTED: "Its delivery was asked for, by a push or a retry.",
    _K.ORDER_WITHDRAWN: "Its push was taken back; it is APPROVED again.",
    _K.ORDER_PUSHED: "It is with the ERP, which has not confirmed it yet.",
    _K.ORDER_IN_DOUBT: "Nobody knows whether it reached the ERP; a person decides.",
    _K.ORDER_CONFIRMED: "The ERP confirmed it, or a person did in its place.",
    _K.ORDER_CHANGED: "The ERP confirmed it otherwise than it was ordered; `confirmation` says CHANGED or PARTIAL.",
    _K.ORDER_REFUSED: "The ERP's answer to it is no; it is in ERROR, `error_code` says why.",
    _K.ORDER_FAILED: "It is in ERROR and was not delivered, or not taken on the spot; `error_code` says why.",
    _K.ORDER_HELD: "Somebody put it on hold.",
    _K.ORDER_RELEASED: "A hold on it was released; it is delivered once none is left.",
    _K.ORDER_RECALLING: "The ERP was asked to give it back.",
    _K.ORDER_RECALLED: "The ERP gave it back.",
    _K.ORDER_KEPT: "Its recall ended without its being given back; `status` says where it stands.",
    _K.CONNECTION_TROUBLED: "The connector stopped; `state` OPEN: its target is away, PAUSED: it needs a person.",
    _K.CONNECTION_RECOVERED: "It delivers again.",
    _K.CONNECTION_ENABLED: "It was enabled.",
    _K.CONNECTION_DISABLED: "It was disabled.",
}
_BY_STATUS: Mapping[OrderStatus, EventKind] = {
    OrderStatus.NEEDS_REVIEW: _K.ORDER_NEEDS_REVIEW,
    OrderStatus.READY: _K.ORDER_READY,
    OrderStatus.APPROVED: _K.ORDER_APPROVED,
    OrderStatus.PUSHING: _K.ORDER_REQUESTED,
    OrderStatus.PUSHED: _K.ORDER_PUSHED,
    OrderStatus.CONFIRMED: _K.ORDER_CONFIRMED,
    OrderStatus.ERROR: _K.ORDER_FAILED,
    OrderStatus.REJECTED: _K.ORDER_REJECTED,
    OrderStatus.RECALLING: _K.ORDER_RECALLING,
    OrderStatus.RECALLED: _K.ORDER_RECALLED,
}


def of_order(before: OrderStatus, after: OrderStatus, *, answered: bool = False) -> EventKind | None:
    """Return what it is that an order went from one state to another; None: nothing to tell.

    Args:
        answered: It was the ERP's answer to its newest delivery that led there.
    """
    if before is after:
        return None
    if before is OrderStatus.RECALLING and after in OrderAction.END_RECALL.change.ends:
        return EventKind.ORDER_KEPT
    if before is OrderStatus.PUSHING and after is OrderStatus.APPROVED:
        return EventKind.ORDER_WITHDRAWN
    if after is OrderStatus.ERROR and answered:
        return EventKind.ORDER_REFUSED
    return _BY_STATUS.get(after)


def of_breaker(before: BreakerState, after: BreakerState) -> EventKind | None:
    """Return what it is that a connection's breaker went from one state to another."""
    if before is after:
        return None
    return EventKind.CONNECTION_RECOVERED if after is BreakerState.CLOSED else EventKind.CONNECTION_TROUBLED


def of_connection(before: ConnectionStatus, after: ConnectionStatus) -> EventKind | None:
    """Return what it is that a connection was enabled or disabled."""
    if before is after:
        return None
    return EventKind.CONNECTION_ENABLED if after is ConnectionStatus.ACTIVE else EventKind.CONNECTION_DISABLED
