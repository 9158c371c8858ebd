"""What an ERP sent by itself, and what was read from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from orderflow.domain.answers import Verdict
from orderflow.domain.delivery import Arrived

Reading = Verdict | Literal["unreadable", "unmatched"]
"""What became of something that came by itself."""


@dataclass(frozen=True, slots=True)
class Read:
    """What became of something that came by itself, as it was read last.

    Attributes:
        told: What a person should know of it.
        again_in: Seconds until it is read once more; None: it is done with, or waits for a person.
    """

    id: UUID
    verdict: Reading
    told: str | None = None
    again_in: float | None = None

    @property
    def keeps_content(self) -> bool:
        """True if it may be read once more, by itself or by a person."""
        return self.again_in is not None or self.verdict in ("unreadable", "unmatched", "misfit")


class Inbound(Protocol):
    """What partners sent by themselves to one organization: kept before it is read."""

    def add(self, connection_id: UUID, item: Arrived, identity: str) -> bool:
        """Keep what came; False if it is here already, and nothing of it is to be read once more.

        Args:
            identity: What it is known by. One that is the sender's own (`item.message_id`) comes once; any other is
                read once more when it comes again, since it may be about another delivery by then.

        Raises:
            NotFoundError: There is no such connection.
            StateError: Something else came under the sender's `message_id`.
        """

    def kept_bytes(self) -> int:
        """Return how many bytes are kept to be read, or read once more; each item counts as `LIGHTEST` at least."""

    def take(self, connection_id: UUID, limit: int, seconds: float, *, begun: bool = False) -> list[Arrived]:
        """Return what is due, the oldest first, and count that its reading begins; nobody else takes it for `seconds`.

        Args:
            begun: Only what was begun before, and not noted since: its reader may have died of it. Else all the others.
        """

    def set_aside(self, connection_id: UUID, told: str) -> int:
        """Let be what is due and was begun `MOST_BEGUN` times, until a person asks for it. Returns how many."""

    def note(self, items: Sequence[Read]) -> None:
        """Write down what became of each; what is not kept any more for a further look is emptied."""

    def read_again(self, connection_id: UUID, item_id: UUID) -> bool:
        """Make something due now; False if it is not there any more. What was set aside is begun once more at most."""

    def put_aside(self, connection_id: UUID, item_id: UUID) -> None:
        """Let something be that nobody understood; it is told no more.

        Raises:
            NotFoundError: There is no such thing, or it was understood.
        """

    def count_unmatched(self, connection_id: UUID) -> int:
        """Count what belongs to no export of the connection, or says of none what it is."""

    def count_set_aside(self, connection_id: UUID) -> int:
        """Count what its readers died of."""
