"""The states of an order, an export and an attempt, and every change that is allowed."""

from __future__ import annotations

from enum import StrEnum

from orderflow.domain.errors import StateError


class OrderStatus(StrEnum):
    """Where an order stands on its way from arrival to the ERP's confirmation."""

    NEW = "NEW"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    READY = "READY"
    APPROVED = "APPROVED"
    PUSHING = "PUSHING"
    PUSHED = "PUSHED"
    CONFIRMED = "CONFIRMED"
    ERROR = "ERROR"
    REJECTED = "REJECTED"


class ERPExportStatus(StrEnum):
    """Where one delivery of one order stands."""

    PENDING = "PENDING"
    SENT = "SENT"
    ACKED = "ACKED"
    FAILED = "FAILED"


class AttemptStatus(StrEnum):
    """How one attempt ended: RETRYING failed and another follows, FAILED was the last."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    RETRYING = "RETRYING"
    FAILED = "FAILED"


class ConnectionStatus(StrEnum):
    """ACTIVE delivers; DISABLED keeps its orders waiting and still listens for answers."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


class DoubtPolicy(StrEnum):
    """What follows when nobody can tell whether an order arrived: `hold` it for a person, or `resend` it."""

    HOLD = "hold"
    RESEND = "resend"


class BreakerState(StrEnum):
    """CLOSED delivers, OPEN waits for a probe to find the target back, PAUSED waits for a person."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    PAUSED = "PAUSED"


_O = OrderStatus
ORDER_TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    _O.NEW: frozenset({_O.NEEDS_REVIEW, _O.READY, _O.REJECTED}),
    _O.NEEDS_REVIEW: frozenset({_O.NEEDS_REVIEW, _O.READY, _O.REJECTED}),
    _O.READY: frozenset({_O.READY, _O.NEEDS_REVIEW, _O.APPROVED, _O.REJECTED}),
    _O.APPROVED: frozenset({_O.PUSHING, _O.READY, _O.NEEDS_REVIEW, _O.REJECTED}),
    _O.PUSHING: frozenset({_O.PUSHED, _O.ERROR, _O.APPROVED}),
    # PUSHED → PUSHING is not here: what was pushed is never pushed again without the ERP's no.
    _O.PUSHED: frozenset({_O.CONFIRMED, _O.ERROR}),
    # ERROR → CONFIRMED: the ERP's answer came after we had given up on the delivery. ERROR → PUSHED: a person found it.
    _O.ERROR: frozenset({_O.PUSHING, _O.NEEDS_REVIEW, _O.READY, _O.PUSHED, _O.CONFIRMED, _O.REJECTED}),
    _O.CONFIRMED: frozenset(),
    _O.REJECTED: frozenset(),
}

_E = ERPExportStatus
EXPORT_TRANSITIONS: dict[ERPExportStatus, frozenset[ERPExportStatus]] = {
    _E.PENDING: frozenset({_E.SENT, _E.FAILED}),
    _E.SENT: frozenset({_E.ACKED, _E.FAILED}),
    # FAILED → PENDING: an operator's retry that goes on with the same name and bytes. → SENT: a person found it.
    _E.FAILED: frozenset({_E.ACKED, _E.PENDING, _E.SENT}),
    _E.ACKED: frozenset(),
}


def next_order_status(current: OrderStatus, wanted: OrderStatus) -> OrderStatus:
    """Return `wanted` if an order may go there from `current`.

    Raises:
        StateError: The change is not allowed; the message names both states.
    """
    if wanted not in ORDER_TRANSITIONS[current]:
        allowed = ", ".join(sorted(ORDER_TRANSITIONS[current])) or "nothing: it has ended"
        raise StateError(f"The order is {current} and cannot become {wanted}.", hint=f"From {current}: {allowed}.")
    return wanted


def next_export_status(current: ERPExportStatus, wanted: ERPExportStatus) -> ERPExportStatus:
    """Return `wanted` if an export may go there from `current`.

    Raises:
        StateError: The change is not allowed; the message names both states.
    """
    if wanted not in EXPORT_TRANSITIONS[current]:
        raise StateError(f"The export is {current} and cannot become {wanted}.")
    return wanted
