"""The rules by which an organization's orders go to its connections, and what waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.routing.router import Router
from orderflow.domain.states import BreakerState, ConnectionStatus
from orderflow.flow.ports.exports import Export
from orderflow.flow.ports.orders import PushRequest, Route

FIRST_VERSION = 1
"""Of rules; those that are saved first have the next one."""


@dataclass(frozen=True, slots=True)
class RouteSet:
    """The rules of an organization: as they were given, and ready to be asked. `FIRST_VERSION`: none ever were."""

    version: int
    given: list[dict[str, Any]]
    router: Router


class Routes(Protocol):
    """The routing rules of one organization, and what waits for them."""

    def current(self) -> RouteSet:
        """Return the rules as they were last saved."""

    def lock(self) -> int:
        """Lock the rules and the connections until the transaction ends; returns the version of the rules."""

    def connection_ids(self) -> set[UUID]:
        """Return the connections that rules may name."""

    def save(self, given: Sequence[Mapping[str, Any]], by: str) -> int:
        """Save rules as a new version, and return that."""

    def states(self, connection_ids: Sequence[UUID]) -> Mapping[UUID, tuple[ConnectionStatus, BreakerState]]:
        """Return how connections are; those that are not there are left out."""

    def wait(self, request: PushRequest, reason: str) -> bool:
        """Note that an APPROVED order waits for a route, and why; False if it did so before."""

    def request_of(self, order_id: UUID) -> PushRequest | None:
        """Return the request of an order that waits for a route; None of any other."""

    def waiting(self, limit: int) -> list[PushRequest]:
        """Lock orders that wait for a route since before rules or connections were what they are now.

        What others have locked is passed by.
        """

    def outdated(self, limit: int) -> list[Export]:
        """Lock exports that earlier rules sent where they are, of which nothing was sent and no attempt is open."""

    def movable(self, order_id: UUID) -> Export | None:
        """Lock and return the order's export if nothing of it was sent and no attempt is open; else None."""

    def reroute(self, export_id: UUID, route: Route) -> None:
        """Note where a locked export goes now; its document is built anew if that is elsewhere."""

    def fall_back(self, limit: int) -> list[Export]:
        """Send exports that wait for a connection that delivers nothing to their fallback, if that one delivers.

        Only those of which nothing was sent and no attempt is open; their former connection is their fallback then.
        """
