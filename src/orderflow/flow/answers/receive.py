"""Something comes by itself, from an ERP that calls back or a partner: kept, and read by the engine soon after."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

from orderflow.domain.delivery import LIGHTEST, Arrived
from orderflow.flow.fault_points import reached
from orderflow.flow.people.sign_in import RateLimitedError
from orderflow.flow.ports import Store

MOST_KEPT = 100 * 1024 * 1024
"""Bytes of one organization that may wait to be read, or for a person who looks why they cannot be."""

RETRY_AFTER = 60


class AnswersPileUpError(RateLimitedError):
    """More came than was read, or understood."""

    code = "ANSWERS_PILE_UP"
    hint = "Have the connector's answers looked at that nobody understood: each is read again, or put aside."


def receive(store: Store, org_id: UUID, connection_id: UUID, item: Arrived) -> bool:
    """Keep what came; once this returns, it is surely read.

    Returns:
        False if it is here already.

    Raises:
        NotFoundError: There is no such connection.
        StateError: Something else came under its message id.
        AnswersPileUpError: Too much of the organization's waits already.
    """
    reached("ack come")
    with store.work(org_id) as work:
        if work.inbound.kept_bytes() + max(len(item.content), LIGHTEST) > MOST_KEPT:
            raise AnswersPileUpError("Too many answers of this organization wait to be understood.", RETRY_AFTER)
        new = work.inbound.add(connection_id, item, item.message_id or _digest(item))
    reached("ack kept")
    return new


def _digest(item: Arrived) -> str:
    """Return what something is known by that has no id of its own: its name and what it says."""
    said = b"\0".join((item.name.encode(), item.content))
    return f"sha256:{sha256(said).hexdigest()}"
