"""What waits for one connection is sent over another one instead."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from orderflow.domain.errors import InputError
from orderflow.flow.ports import Actor, Store


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
        work.connections.for_push(target)
        moved = work.exports.move(source, target, export_ids)
        if not moved:
            work.connections.type_of(source)
        before, after = {"connection_id": str(source)}, {"connection_id": str(target)}
        work.audit.add("EXPORT_MOVED", actor, "draft_order", moved.values(), before, after)
    if moved:
        store.wake(org_id, target)
    return list(moved)
