"""The states of an order, an export and an attempt, and every change that is allowed: by which step, and from where.

There is no other list of them. The guards in SQL and the CHECK constraints (`storage/tables/states.py`), the store in
memory, and what the API says may be done with an order (`actions`) are made from the tables below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

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
    RECALLING = "RECALLING"
    RECALLED = "RECALLED"


class ERPExportStatus(StrEnum):
    """Where one delivery of one order stands."""

    PENDING = "PENDING"
    SENT = "SENT"
    ACKED = "ACKED"
    FAILED = "FAILED"


class Kind(StrEnum):
    """What a delivery asks of the ERP: to take an order, to change one that it has, or to give one back."""

    ORDER = "order"
    CHANGE = "change"
    RECALL = "recall"


class AttemptStatus(StrEnum):
    """How one attempt ended: RETRYING failed and another follows, FAILED was the last."""

    PENDING = "PENDING"
    RETRYING = "RETRYING"
    FAILED = "FAILED"
    SUCCESS = "SUCCESS"


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


S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """What one step may do.

    Attributes:
        starts: The states that it may be taken from.
        ends: Those that it may lead to; none: it changes no state, or what it was taken with is gone.
        if_in_doubt: Further states to start from, as long as it is unknown whether the order arrived.
        if_sure: Likewise, as long as that is known.
        if_differs: Likewise, as long as nobody accepted what the ERP confirmed otherwise than it was ordered.
    """

    starts: tuple[S, ...]
    ends: tuple[S, ...]
    if_in_doubt: tuple[S, ...] = ()
    if_sure: tuple[S, ...] = ()
    if_differs: tuple[S, ...] = ()

    @property
    def end(self) -> S:
        """The one state that it leads to. Raises ValueError where there are several or none."""
        (end,) = self.ends
        return end

    def may_start(self, state: S, *, in_doubt: bool, differs: bool = False) -> bool:
        """Return whether the step may be taken from `state`."""
        further = (self.if_in_doubt if in_doubt else self.if_sure) + (self.if_differs if differs else ())
        return state in self.starts or state in further


class OrderAction(StrEnum):
    """What a person may do with an order. `resolve_…`: as the resolution of its delivery in doubt."""

    EDIT = "edit"
    APPROVE = "approve"
    REJECT = "reject"
    PUSH = "push"
    RETRY = "retry"
    HOLD = "hold"
    RELEASE = "release"
    WITHDRAW = "withdraw"
    CONFIRM = "confirm"
    RESOLVE_DELIVERED = "resolve_delivered"
    RESOLVE_NOT_DELIVERED = "resolve_not_delivered"
    RESOLVE_SEND_AGAIN = "resolve_send_again"
    ACCEPT_DIFFERENCES = "accept_differences"
    RECALL = "recall"
    CONFIRM_RECALL = "confirm_recall"
    END_RECALL = "end_recall"

    @property
    def change(self) -> Change[OrderStatus]:
        """What it may do."""
        return ORDER_CHANGES[self]


class OrderEvent(StrEnum):
    """What else changes an order."""

    ACCEPT = "accept"
    SETTLE = "settle"
    ANSWER = "answer"
    GIVE_UP = "give_up"
    REPAIR = "repair"
    REPAIR_ANSWERED = "repair_answered"
    RECALL_ANSWERED = "recall_answered"

    @property
    def change(self) -> Change[OrderStatus]:
        """What it may do."""
        return ORDER_CHANGES[self]


OrderStep = OrderAction | OrderEvent


class ExportStep(StrEnum):
    """What changes an export, or writes to it on condition of its state."""

    WORK = "work"
    SETTLE = "settle"
    ANSWER = "answer"
    NOTE_LEVEL = "note_level"
    NOTE_UNREADABLE = "note_unreadable"
    CONFIRM = "confirm"
    NOTE_DELIVERED = "note_delivered"
    NOTE_FAILED = "note_failed"
    SEND_AGAIN = "send_again"
    REVIVE = "revive"
    STOP = "stop"
    WITHDRAW = "withdraw"
    MOVE = "move"
    GIVE_UP = "give_up"
    HOLD = "hold"
    DROP = "drop"

    @property
    def change(self) -> Change[ERPExportStatus]:
        """What it may do."""
        return EXPORT_CHANGES[self]


class AttemptStep(StrEnum):
    """What changes an attempt in the log."""

    END = "end"
    ANSWER = "answer"

    @property
    def change(self) -> Change[AttemptStatus]:
        """What it may do."""
        return ATTEMPT_CHANGES[self]


def _order(
    starts: str, ends: str, *, if_in_doubt: str = "", if_sure: str = "", if_differs: str = ""
) -> Change[OrderStatus]:
    texts = (starts, ends, if_in_doubt, if_sure, if_differs)
    return Change(*(tuple(OrderStatus(name) for name in text.split()) for text in texts))


def _export(starts: str, ends: str) -> Change[ERPExportStatus]:
    return Change(*(tuple(ERPExportStatus(name) for name in text.split()) for text in (starts, ends)))


def _attempt(starts: str, ends: str) -> Change[AttemptStatus]:
    return Change(*(tuple(AttemptStatus(name) for name in text.split()) for text in (starts, ends)))


_A, _V = OrderAction, OrderEvent
ORDER_CHANGES: Mapping[OrderStep, Change[OrderStatus]] = {
    _V.ACCEPT: _order("NEW", "NEEDS_REVIEW READY"),
    # Changed after it may have arrived, it would arrive as another one.
    _A.EDIT: _order("NEW NEEDS_REVIEW READY APPROVED", "NEEDS_REVIEW READY", if_sure="ERROR"),
    _A.APPROVE: _order("READY", "APPROVED"),
    _A.REJECT: _order("NEW NEEDS_REVIEW READY APPROVED ERROR", "REJECTED"),
    # Never from PUSHED: what was pushed is never pushed again without the ERP's no.
    _A.PUSH: _order("APPROVED", "PUSHING"),
    _A.RETRY: _order("ERROR", "PUSHING"),
    # As long as it may be sent, or sent again. Released is what is on hold, in whatever state.
    _A.HOLD: _order("NEW NEEDS_REVIEW READY APPROVED PUSHING ERROR", ""),
    _A.RELEASE: _order("", ""),
    _A.WITHDRAW: _order("", "APPROVED", if_sure="PUSHING"),
    _A.CONFIRM: _order("PUSHED", "CONFIRMED", if_in_doubt="PUSHING ERROR"),
    _A.RESOLVE_DELIVERED: _order("", "PUSHED", if_in_doubt="PUSHING ERROR"),
    _A.RESOLVE_NOT_DELIVERED: _order("", "ERROR", if_in_doubt="PUSHING ERROR"),
    _A.RESOLVE_SEND_AGAIN: _order("", "PUSHING", if_in_doubt="PUSHING"),
    _A.ACCEPT_DIFFERENCES: _order("", "CONFIRMED", if_differs="CONFIRMED"),
    _A.RECALL: _order("PUSHED CONFIRMED", "RECALLING"),
    # Also where the ERP could not be asked: its people were.
    _A.CONFIRM_RECALL: _order("PUSHED CONFIRMED RECALLING", "RECALLED"),
    _A.END_RECALL: _order("RECALLING", "PUSHED CONFIRMED ERROR"),
    _V.SETTLE: _order("PUSHING", "PUSHED CONFIRMED ERROR"),
    # From PUSHING: it arrived, although nobody had settled it. From ERROR: it had, although we had given up on it.
    _V.ANSWER: _order("PUSHING PUSHED ERROR", "CONFIRMED ERROR"),
    _V.GIVE_UP: _order("PUSHING", "ERROR"),
    # Forward only: what is PUSHED or CONFIRMED is never sent again because a row says PENDING.
    _V.REPAIR: _order("PUSHING", "PUSHED CONFIRMED ERROR"),
    _V.REPAIR_ANSWERED: _order("PUSHED", "CONFIRMED"),
    # From PUSHED and CONFIRMED: a person had ended the recall, and the ERP gave the order back after all.
    _V.RECALL_ANSWERED: _order("RECALLING PUSHED CONFIRMED", "RECALLED PUSHED CONFIRMED ERROR"),
}

_X = ExportStep
EXPORT_CHANGES: Mapping[ExportStep, Change[ERPExportStatus]] = {
    _X.WORK: _export("PENDING", "PENDING"),
    _X.SETTLE: _export("PENDING", "PENDING SENT ACKED FAILED"),
    _X.ANSWER: _export("PENDING SENT FAILED", "ACKED FAILED"),
    # A receipt proves that it arrived, also where nobody had settled it; it confirms nothing.
    _X.NOTE_LEVEL: _export("PENDING SENT", "SENT"),
    _X.NOTE_UNREADABLE: _export("PENDING SENT", "PENDING SENT"),
    _X.CONFIRM: _export("SENT", "ACKED"),
    _X.NOTE_DELIVERED: _export("PENDING FAILED", "SENT"),
    _X.NOTE_FAILED: _export("PENDING FAILED", "FAILED"),
    _X.SEND_AGAIN: _export("PENDING", "PENDING"),
    # A person's retry, which goes on with the same name and bytes.
    _X.REVIVE: _export("FAILED", "PENDING"),
    _X.STOP: _export("PENDING", "FAILED"),
    _X.WITHDRAW: _export("PENDING", ""),
    _X.MOVE: _export("PENDING", "PENDING"),
    _X.GIVE_UP: _export("PENDING", "FAILED"),
    _X.HOLD: _export("PENDING", "PENDING"),
    # What its ERP need not answer any more: the order was recalled, or a person said how its recall ended.
    _X.DROP: _export("SENT", "FAILED"),
}
ATTEMPT_CHANGES: Mapping[AttemptStep, Change[AttemptStatus]] = {
    AttemptStep.END: _attempt("PENDING", "RETRYING FAILED SUCCESS"),
    # The answer proves that it arrived, also where we had been told otherwise.
    AttemptStep.ANSWER: _attempt("PENDING RETRYING FAILED", "SUCCESS"),
}

ARRIVED = (ERPExportStatus.SENT, ERPExportStatus.ACKED)
"""The states of an export that the ERP's side has."""

OPEN = EXPORT_CHANGES[ExportStep.NOTE_UNREADABLE].starts
"""The states of an export that the ERP is to answer yet."""

IN_DOUBT = EXPORT_CHANGES[ExportStep.NOTE_DELIVERED].starts
"""The states of an export of which it may be unknown whether it arrived."""

FITTING: Mapping[ERPExportStatus, OrderStatus] = {
    ERPExportStatus.PENDING: OrderStatus.PUSHING,
    ERPExportStatus.SENT: OrderStatus.PUSHED,
    ERPExportStatus.ACKED: OrderStatus.CONFIRMED,
    ERPExportStatus.FAILED: OrderStatus.ERROR,
}
"""Where an order stands whose newest export stands there, unless it is recalled."""

UPDATED = (OrderStatus.CONFIRMED, OrderStatus.RECALLING)
"""Where an order stands of which the ERP may confirm something else than before; being recalled it stays so."""

AS_APPROVED = (OrderStatus.APPROVED, *FITTING.values(), OrderStatus.RECALLING, OrderStatus.RECALLED)
"""Where an order says what was approved, so that its revision does."""


def _left(status: OrderStatus, *, unless: tuple[OrderStep, ...] = ()) -> set[OrderStatus]:
    """Return the states that come after `status`, but for those that these steps lead to."""
    steps = (step for step in ORDER_CHANGES if step not in unless and _starts_anyhow(step.change, status))
    return {end for step in steps for end in step.change.ends} - {status}


def _starts_anyhow(change: Change[OrderStatus], status: OrderStatus) -> bool:
    return any(change.may_start(status, in_doubt=in_doubt, differs=True) for in_doubt in (False, True))


DOUBT_MATTERS = tuple(
    status
    for status in OrderStatus
    if any(status in action.change.if_in_doubt + action.change.if_sure for action in OrderAction)
)
"""Where it depends on the delivery what may be done."""

_RECALLS = (OrderAction.RECALL, OrderAction.CONFIRM_RECALL, OrderEvent.RECALL_ANSWERED)
ENDED = tuple(status for status in OrderStatus if not _left(status, unless=_RECALLS))
"""Nothing follows, unless it is recalled."""


def next_order_status(step: OrderStep, current: OrderStatus, wanted: OrderStatus | None = None) -> OrderStatus:
    """Return where `step` takes an order that is `current`: to `wanted`, if it can lead to more than one state.

    Raises:
        StateError: The step is not to be taken from there; the message names both states.
    """
    change = step.change
    wanted = wanted or change.end
    if not _starts_anyhow(change, current) or wanted not in change.ends:
        allowed = ", ".join(sorted(_left(current))) or "nothing: it has ended"
        raise StateError(f"The order is {current} and cannot become {wanted}.", hint=f"From {current}: {allowed}.")
    return wanted


def actions_of(status: OrderStatus, *, in_doubt: bool, under_way: bool, differs: bool = False) -> list[OrderAction]:
    """Return what a person may do with an order.

    Args:
        in_doubt: It may have arrived, and nobody knows.
        differs: The ERP confirmed it otherwise than it was ordered, and nobody accepted that.
        under_way: A worker is at its delivery at this moment, so that everybody waits for what it finds out.
    """
    if under_way:
        return []
    changes = {action: action.change for action in OrderAction}
    return [one for one, change in changes.items() if change.may_start(status, in_doubt=in_doubt, differs=differs)]
