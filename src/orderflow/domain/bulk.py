"""What can be done to many orders at once, and what becomes of each."""

from __future__ import annotations

from enum import StrEnum

from orderflow.domain.states import OrderAction, OrderStatus


class BulkAction(StrEnum):
    """What a bulk job does to each of its orders."""

    APPROVE = "approve"
    REJECT = "reject"
    PUSH = "push"
    RETRY = "retry"
    HOLD = "hold"
    RELEASE = "release"
    WITHDRAW = "withdraw"
    MOVE = "move"
    REROUTE = "reroute"
    ACCEPT_DIFFERENCES = "accept_differences"
    RECALL = "recall"
    CONFIRM = "confirm"

    @property
    def starts(self) -> tuple[OrderStatus, ...]:
        """The states in which an order may be fit for it."""
        if self is BulkAction.RECALL:  # what was not sent yet is withdrawn
            asked_for = OrderAction.PUSH.change.starts + OrderAction.WITHDRAW.change.if_sure
            return OrderAction.RECALL.change.starts + asked_for
        if self not in UNSENT:
            change = OrderAction(self).change
            return change.starts + change.if_differs + change.if_not_there
        on_its_way = OrderAction.WITHDRAW.change.if_sure
        return on_its_way if self is BulkAction.MOVE else OrderAction.PUSH.change.starts + on_its_way


UNSENT = (BulkAction.WITHDRAW, BulkAction.MOVE, BulkAction.REROUTE)
"""Is about what was pushed and not sent yet."""

PUSHES = (BulkAction.PUSH, BulkAction.RETRY)


class BulkStatus(StrEnum):
    """Where a bulk job stands."""

    RUNNING = "RUNNING"
    ENDED = "ENDED"
    CANCELLED = "CANCELLED"


class BulkOutcome(StrEnum):
    """What became of one order: it was done, it waits for a route, or its state forbade it."""

    DONE = "DONE"
    WAITING = "WAITING"
    REFUSED = "REFUSED"
