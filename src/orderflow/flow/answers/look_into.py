"""A person looks into what came by itself and was not understood: has it read again, or lets it be."""

from __future__ import annotations

from uuid import UUID

from orderflow.domain.errors import StateError
from orderflow.flow.ports import Actor, Store


def make_due(store: Store, org_id: UUID, connection_id: UUID, item_id: UUID, actor: Actor) -> None:
    """Have it read once more.

    Raises:
        NotFoundError: There is no such connection.
        StateError: Its content is not here any more.
    """
    with store.work(org_id) as work:
        work.connections.type_of(connection_id)
        if not work.inbound.read_again(connection_id, item_id):
            raise StateError(
                "There is no such answer here, or it was understood, so that its content was not kept.",
                hint="Have the ERP send it again: it is read then.",
            )
        work.audit.add("ANSWER_READ_AGAIN", actor, "inbound", [item_id])


def put_aside(store: Store, org_id: UUID, connection_id: UUID, item_id: UUID, actor: Actor) -> None:
    """Let it be: it is told no more, and its content is deleted.

    Raises:
        NotFoundError: There is no such answer, or it was understood.
    """
    with store.work(org_id) as work:
        work.inbound.put_aside(connection_id, item_id)
        work.connections.poll_now(connection_id)  # which tells what is left
        work.audit.add("ANSWER_PUT_ASIDE", actor, "inbound", [item_id])
