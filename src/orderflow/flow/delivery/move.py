"""What waits for one connection is sent over another one instead."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from orderflow.domain.bulk import BulkAction
from orderflow.domain.errors import InputError, StateError
from orderflow.flow.delivery.route import one_to_push_to
from orderflow.flow.ports import Actor, Store, Work
from orderflow.flow.refusals import bound_to_its_connection


def move_exports(
    store: Store, org_id: UUID, source: UUID, target: UUID, actor: Actor, *, export_ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Move waiting exports from one connection to another, and return the ids of those that were moved.

    Moved is only what surely never reached the former target: an export that is on its way, in doubt or staged
    stays where it is.

    Args:
        target: An ACTIVE connection.
        export_ids: Those to move; all that wait if not given.

    Raises:
        StateError: The target is not ACTIVE.
        NotFoundError: There is no such connection.
        InputError: Both are the same connection.
    """
    if source == target:
        raise InputError("The exports are there already: both connections are the same.")
    with store.work(org_id) as work:
        one_to_push_to(work, target)
        moved = work.exports.move(source, target, export_ids)
        if not moved:
            work.connections.type_of(source)
        before, after = {"connection_id": str(source)}, {"connection_id": str(target)}
        work.audit.add("EXPORT_MOVED", actor, "draft_order", moved.values(), before, after)
    if moved:
        store.wake(org_id, target)
    return list(moved)


def move_order(work: Work, order_id: UUID, target: UUID, actor: Actor) -> None:
    """Move one order's waiting export to another connection, on the same terms.

    Raises:
        NotFoundError: There is no such order.
        StateError: It is there already, nothing of it waits, or something of it may have been sent; or the target is
            not ACTIVE.
    """
    status = work.orders.lock_status(order_id)
    export = work.exports.latest(order_id)
    if export is None or status not in BulkAction.MOVE.starts:
        raise StateError(f"The order is {status}, so no push is waiting.", hint="Push it, and say where to.")
    if export.connection_id == target:
        raise StateError("The order waits for that connection already.", hint="Choose another one, if it is to move.")
    one_to_push_to(work, target)  # also where a job began when it was there
    if not work.exports.move(export.connection_id, target, [export.id]):
        raise bound_to_its_connection()
    before, after = {"connection_id": str(export.connection_id)}, {"connection_id": str(target)}
    work.audit.add("EXPORT_MOVED", actor, "draft_order", [order_id], before, after)
