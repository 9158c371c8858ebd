"""The states of an order, an export and an attempt, and every change that is allowed: by which step, and from where.

There is no other list of them. The guards in SQL and the CHECK constraints (`storage/tables/states.py`), the store in
memory, and what the API says may be done with an order (`actions`) are made from the tables below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
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
        if_there: Likewise, as long as the ERP has an earlier revision of the order.
        if_not_there: Likewise, as long as it has none.
    """

    starts: tuple[S, ...]
    ends: tuple[S, ...]
    if_in_doubt: tuple[S, ...] = ()
    if_sure: tuple[S, ...] = ()
    if_differs: tuple[S, ...] = ()
    if_there: tuple[S, ...] = ()
    if_not_there: tuple[S, ...] = ()

    @property
    def end(self) -> S:
        """The one state that it leads to. Raises ValueError where there are several or none."""
        (end,) = self.ends
        return end

    def may_start(self, state: S, *, in_doubt: bool, differs: bool = False, there: bool = False) -> bool:
        """Return whether the step may be taken from `state`."""
        further = (self.if_in_doubt if in_doubt else self.if_sure) + (self.if_differs if differs else ())
        further += self.if_there if there else self.if_not_there
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
    DISCARD_CHANGE = "discard_change"
    CONFIRM_CHANGE = "confirm_change"

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
    CHANGE_BY_RECALL = "change_by_recall"
    SEND_ANEW = "send_anew"

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
    TAKE_OVER = "take_over"

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
    starts: str,
    ends: str,
    *,
    if_in_doubt: str = "",
    if_sure: str = "",
    if_differs: str = "",
    if_there: str = "",
    if_not_there: str = "",
) -> Change[OrderStatus]:
    texts = (starts, ends, if_in_doubt, if_sure, if_differs, if_there, if_not_there)
    return Change(*(tuple(OrderStatus(name) for name in text.split()) for text in texts))


def _export(starts: str, ends: str) -> Change[ERPExportStatus]:
    return Change(*(tuple(ERPExportStatus(name) for name in text.split()) for text in (starts, ends)))


def _attempt(starts: str, ends: str) -> Change[AttemptStatus]:
    return Change(*(tuple(AttemptStatus(name) for name in text.split()) for text in (starts, ends)))


_A, _V = OrderAction, OrderEvent
ORDER_CHANGES: Mapping[OrderStep, Change[OrderStatus]] = {
    _V.ACCEPT: _order("NEW", "NEEDS_REVIEW READY"),
    # What was sent keeps its delivery, and is changed by another one once that is decided.
    _A.EDIT: _order("NEW NEEDS_REVIEW READY APPROVED PUSHING PUSHED CONFIRMED ERROR", "NEEDS_REVIEW READY"),
    _A.APPROVE: _order("READY", "APPROVED"),
    # What the ERP has is recalled: rejected, its number would be free.
    _A.REJECT: _order("NEW", "REJECTED", if_not_there="NEEDS_REVIEW READY APPROVED ERROR"),
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
    # Back to the revision that the ERP has, or may have.
    _A.DISCARD_CHANGE: _order("", "PUSHING PUSHED CONFIRMED ERROR", if_there="NEEDS_REVIEW READY APPROVED ERROR"),
    # The ERP took no change, and its people have changed the order there.
    _A.CONFIRM_CHANGE: _order("", "CONFIRMED", if_there="ERROR"),
    _V.SETTLE: _order("PUSHING", "PUSHED CONFIRMED ERROR"),
    # From PUSHING: it arrived, although nobody had settled it. From ERROR: it had, although we had given up on it.
    _V.ANSWER: _order("PUSHING PUSHED ERROR", "CONFIRMED ERROR"),
    _V.GIVE_UP: _order("PUSHING", "ERROR"),
    # Forward only: what is PUSHED or CONFIRMED is never sent again because a row says PENDING.
    _V.REPAIR: _order("PUSHING", "PUSHED CONFIRMED ERROR"),
    _V.REPAIR_ANSWERED: _order("PUSHED", "CONFIRMED"),
    # From PUSHED and CONFIRMED: a person had ended the recall, and the ERP gave the order back after all.
    _V.RECALL_ANSWERED: _order("RECALLING PUSHED CONFIRMED", "RECALLED PUSHED CONFIRMED ERROR"),
    # Recalled to be sent anew, changed: only once the ERP, or its people, gave it back.
    _V.CHANGE_BY_RECALL: _order("PUSHING", "RECALLING"),
    _V.SEND_ANEW: _order("RECALLING", "PUSHING"),
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
    # A change that its ERP did not take, and that its people made there.
    _X.TAKE_OVER: _export("FAILED", "ACKED"),
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
    known = ((in_doubt, there) for in_doubt in (False, True) for there in (False, True))
    return any(change.may_start(status, in_doubt=in_doubt, differs=True, there=there) for in_doubt, there in known)


DOUBT_MATTERS = tuple(
    status
    for status in OrderStatus
    if any(status in action.change.if_in_doubt + action.change.if_sure for action in OrderAction)
)
"""Where it depends on the delivery what may be done."""

PRESENCE_MATTERS = tuple(
    status
    for status in OrderStatus
    if any(status in action.change.if_there + action.change.if_not_there for action in OrderAction)
)
"""Where it depends on whether the ERP has an earlier revision what may be done."""

EDITED = (OrderStatus.NEEDS_REVIEW, OrderStatus.READY, OrderStatus.APPROVED)
"""Where an order stands that was changed since it was sent: what was sent is not sent again."""

CONTENT_KINDS = (Kind.ORDER, Kind.CHANGE)
"""The kinds that tell the ERP what the order says: the newest of them decides where the order stands."""

_AFTERWARDS = (OrderAction.EDIT, OrderAction.RECALL, OrderAction.CONFIRM_RECALL, OrderEvent.RECALL_ANSWERED)
ENDED = tuple(status for status in OrderStatus if not _left(status, unless=_AFTERWARDS))
"""Nothing follows, unless it is changed or recalled."""


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


def actions_of(
    status: OrderStatus, *, in_doubt: bool, under_way: bool, differs: bool = False, there: bool = False
) -> list[OrderAction]:
    """Return what a person may do with an order.

    Args:
        in_doubt: It may have arrived, and nobody knows.
        differs: The ERP confirmed it otherwise than it was ordered, and nobody accepted that.
        under_way: A worker is at its delivery at this moment, so that everybody waits for what it finds out.
        there: The ERP has an earlier revision of it, or may have.
    """
    return [] if under_way else [*_actions(status, in_doubt, differs, there)]


@cache  # a page of orders asks it for each, and they are in few states
def _actions(status: OrderStatus, in_doubt: bool, differs: bool, there: bool) -> tuple[OrderAction, ...]:
    known = {"in_doubt": in_doubt, "differs": differs, "there": there}
    return tuple(action for action in OrderAction if action.change.may_start(status, **known))
