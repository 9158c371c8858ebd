"""A connection is healthy only once something proved it: a test that passed, or an order that was delivered."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from orderflow.domain.errors import StateError
from orderflow.flow.ports import Actor, Wiring
from orderflow.flow.setup.probe import test_connection


class Proof(StrEnum):
    """What is known of a connection with its present configuration."""

    UNTESTED = "UNTESTED"
    TEST_FAILED = "TEST_FAILED"
    TESTED = "TESTED"
    DELIVERED = "DELIVERED"


def proof_of(connection: Mapping[str, Any]) -> Proof:
    """Return what proves a connection.

    Args:
        connection: Its `last_test_at`, `test_error` and `delivered_at`, each None where there was none.
    """
    if connection.get("test_error"):
        return Proof.TEST_FAILED
    if connection.get("delivered_at"):
        return Proof.DELIVERED
    return Proof.TESTED if connection.get("last_test_at") else Proof.UNTESTED


def prove(wiring: Wiring, org_id: UUID, connection_id: UUID, actor: Actor) -> None:
    """See to it that something proves the connection; it is tested if nothing does.

    Raises:
        NotFoundError: There is no such connection.
        EncryptionError: Its configuration does not open.
        StateError: Its test fails (TEST_FAILED); `details` and the hint are the test's.
    """
    with wiring.store.work(org_id) as work:
        proof = work.connections.proof(connection_id)
    if proof_of(proof) in (Proof.TESTED, Proof.DELIVERED):
        return
    result = test_connection(wiring, org_id, connection_id, actor)
    if not result.success:
        raise StateError(
            f"The connection is not enabled, for its test fails: {result.error_message}",
            code="TEST_FAILED",
            hint=f"{result.details.get('hint') or 'Correct it and test again.'} To enable it all the same, say so "
            "(untested: true; on the command line --no-test).",
            details={"test": result.details},
        )
