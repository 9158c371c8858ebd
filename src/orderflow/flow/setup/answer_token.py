"""A token with which an ERP may send its answers by itself: shown once, and kept as a hash."""

from __future__ import annotations

import secrets
from uuid import UUID

from orderflow.domain.errors import StateError
from orderflow.flow.people.api_keys import hash_key
from orderflow.flow.ports import Actor, Wiring

MARK = "ofa_"


def make_answer_token(wiring: Wiring, org_id: UUID, connection_id: UUID, actor: Actor) -> str:
    """Make a token for a connection, in place of any former, and return it; it cannot be had again.

    Raises:
        NotFoundError: There is no such connection.
        StateError: Its connector reads no answers that come by themselves.
    """
    prefix = secrets.token_hex(4)
    token = f"{MARK}{prefix}_{secrets.token_urlsafe(32)}"
    with wiring.store.work(org_id) as work:
        target = work.connections.open(connection_id)
        if not wiring.connector(target.connector_type).takes_answers(target.config):
            raise StateError(
                f"{target.connector_type} reads no answers that come by themselves.",
                code="NO_ANSWERS_TAKEN",
                hint="It asks the ERP for them itself, or needs none.",
            )
        work.connections.set_answer_token(connection_id, hash_key(token), prefix)
        work.audit.add("ANSWER_TOKEN_MADE", actor, "erp_connection", [connection_id], None, {"prefix": prefix})
    return token


def revoke_answer_token(wiring: Wiring, org_id: UUID, connection_id: UUID, actor: Actor) -> None:
    """Let nobody send answers with the connection's token any more. Raises NotFoundError."""
    with wiring.store.work(org_id) as work:
        work.connections.set_answer_token(connection_id, None, None)
        work.audit.add("ANSWER_TOKEN_REVOKED", actor, "erp_connection", [connection_id])
