"""What a caller sees of their organization, and what of each order they may do there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from orderflow.domain.bulk import BulkAction
from orderflow.domain.states import OrderAction
from orderflow.entrypoints.api.deps import Caller, app_of
from orderflow.entrypoints.api.permissions import Permission
from orderflow.storage.store import SqlWork
from orderflow.storage.views.view import View

NEEDED: dict[OrderAction, Permission] = {
    OrderAction.EDIT: Permission.ORDERS_EDIT,
    OrderAction.REJECT: Permission.ORDERS_EDIT,
    OrderAction.APPROVE: Permission.ORDERS_APPROVE,
    OrderAction.DISCARD_CHANGE: Permission.ORDERS_EDIT,
} | dict.fromkeys(
    (
        OrderAction.PUSH,
        OrderAction.RETRY,
        OrderAction.HOLD,
        OrderAction.RELEASE,
        OrderAction.WITHDRAW,
        OrderAction.CONFIRM,
        OrderAction.RESOLVE_DELIVERED,
        OrderAction.RESOLVE_NOT_DELIVERED,
        OrderAction.RESOLVE_SEND_AGAIN,
        OrderAction.ACCEPT_DIFFERENCES,
        OrderAction.RECALL,
        OrderAction.CONFIRM_RECALL,
        OrderAction.END_RECALL,
        OrderAction.CONFIRM_CHANGE,
    ),
    Permission.ORDERS_PUSH,
)

NEEDED_FOR_MANY: dict[BulkAction, Permission] = {
    BulkAction.APPROVE: Permission.ORDERS_APPROVE,
    BulkAction.REJECT: Permission.ORDERS_EDIT,
}
"""All else that is done to many is about deliveries: `ORDERS_PUSH`."""


@contextmanager
def looking(request: Request, caller: Caller) -> Iterator[View]:
    """Look at the caller's organization, in one transaction."""
    with app_of(request).store.work(caller.org_id) as work:
        yield seen_by(caller, work)


def seen_by(caller: Caller, work: SqlWork) -> View:
    """Return what the caller sees in a transaction of theirs."""
    may_release = caller.may(Permission.HOLDS_RELEASE)
    return View(
        work.connection,
        work.org_id,
        lambda action: caller.may(NEEDED[action]),
        lambda name: may_release or name == caller.actor.name,
    )


def allowed_for_many(caller: Caller, action: BulkAction) -> None:
    """Raise ForbiddenError if the caller may not do this to orders."""
    caller.must_be_allowed(NEEDED_FOR_MANY.get(action, Permission.ORDERS_PUSH))
