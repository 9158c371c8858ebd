"""`flow.ports.Routes` in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any
from uuid import UUID

from orderflow.domain.routing.router import Router
from orderflow.domain.routing.rules import read_rules
from orderflow.domain.states import AttemptStep, BreakerState, ConnectionStatus, ExportStep, Kind, OrderAction
from orderflow.flow.ports import FIRST_VERSION, Export, PushRequest, Route, RouteSet
from orderflow.testing.store_in_memory.exports import MemoryExports, moved_to
from orderflow.testing.store_in_memory.leases import is_unleased
from orderflow.testing.store_in_memory.tables import ExportRow, Tables, Waiter, changed


class MemoryRoutes:
    """The routing rules of one organization, and what waits for them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def current(self) -> RouteSet:
        """Return the rules as they were last saved."""
        versions = self._tables.route_sets
        given = versions[-1] if versions else []
        return RouteSet(FIRST_VERSION + len(versions), deepcopy(given), Router(read_rules(given)))

    def lock(self) -> int:
        """Return the version of the rules."""
        return self.current().version

    def connection_ids(self) -> set[UUID]:
        """Return the connections that rules may name."""
        return {row.id for row in self._tables.connections.values() if not row.deleted}

    def save(self, given: Sequence[Mapping[str, Any]], by: str) -> int:
        """Save rules as a new version, and return that."""
        self._tables.route_sets = [*self._tables.route_sets, [dict(one) for one in given]]
        return self.current().version

    def states(self, connection_ids: Sequence[UUID]) -> Mapping[UUID, tuple[ConnectionStatus, BreakerState]]:
        """Return how connections are; those that are not there are left out."""
        rows = [row for row in self._tables.connections.values() if not row.deleted and row.id in connection_ids]
        return {row.id: (ConnectionStatus(row.status), BreakerState(row.breaker_state)) for row in rows}

    def wait(self, request: PushRequest, reason: str) -> bool:
        """Note that an APPROVED order waits for a route, and why; False if it did so before."""
        before = self._tables.orders[request.order_id].waits
        waiter = Waiter(reason, self._stamp(), before.request if before else request)
        self._tables.orders[request.order_id] = changed(self._tables.orders[request.order_id], waits=waiter)
        return before is None

    def request_of(self, order_id: UUID) -> PushRequest | None:
        """Return the request of an order that waits for a route; None of any other."""
        row = self._tables.orders.get(order_id)
        return row.waits.request if row and row.waits else None

    def waiting(self, limit: int) -> list[PushRequest]:
        """Return orders that wait for a route since before rules or connections were what they are now."""
        rows = [row for row in self._tables.orders.values() if row.status in OrderAction.PUSH.change.starts]
        return [row.waits.request for row in rows if row.waits and row.waits.seen != self._stamp()][:limit]

    def outdated(self, limit: int) -> list[Export]:
        """Return exports that earlier rules sent where they are, of which nothing was sent and no attempt is open."""
        version = self.current().version
        rows = [row for row in self._movable() if row.route_version is not None and row.route_version < version]
        return [MemoryExports(self._tables).get(row.id) for row in rows[:limit]]

    def movable(self, order_id: UUID) -> Export | None:
        """Return the order's export if nothing of it was sent and no attempt is open; else None."""
        ids = (row.id for row in self._movable() if row.draft_order_id == order_id)
        return next((MemoryExports(self._tables).get(export_id) for export_id in ids), None)

    def reroute(self, export_id: UUID, route: Route) -> None:
        """Note where an export goes now; its document is built anew if that is elsewhere."""
        row = self._tables.exports[export_id]
        noted: dict[str, Any] = {
            "route": route.decision,
            "route_version": route.version,
            "fallback_id": route.fallback_id,
        }
        self._tables.exports[export_id] = changed(row, **noted)
        if row.connection_id != route.connection_id:
            self._send_to(export_id, route.connection_id)

    def fall_back(self, limit: int) -> list[Export]:
        """Send exports that wait for a connection that delivers nothing to their fallback, if that one delivers."""
        rows = [row for row in self._movable() if not self._delivers(row.connection_id)]
        better = [row for row in rows if row.fallback_id and self._delivers(row.fallback_id)][:limit]
        for row in better:
            assert row.fallback_id is not None
            self._tables.exports[row.id] = changed(row, fallback_id=row.connection_id)
            self._send_to(row.id, row.fallback_id)
        return [MemoryExports(self._tables).get(row.id) for row in better]

    def _send_to(self, export_id: UUID, connection_id: UUID) -> None:
        row = self._tables.exports[export_id]
        self._tables.exports[export_id] = changed(row, **moved_to(connection_id, row, self._tables.now()))

    def _delivers(self, connection_id: UUID) -> bool:
        states = self.states([connection_id])
        return states.get(connection_id) == (ConnectionStatus.ACTIVE, BreakerState.CLOSED)

    def _movable(self) -> Iterator[ExportRow]:
        for row in self._tables.exports.values():
            sent = row.begun_at or row.staged_at or row.held_at or row.sent_at
            attempts = self._tables.attempts_of(row.id)
            is_open = any(attempt.status in AttemptStep.END.change.starts for attempt in attempts)
            free = is_unleased(row, self._tables.now())
            waits = row.kind is Kind.ORDER and row.status in ExportStep.MOVE.change.starts
            if waits and not sent and not is_open and free:
                yield row

    def _stamp(self) -> object:
        active = (row for row in self._tables.connections.values() if row.status is ConnectionStatus.ACTIVE)
        return len(self._tables.route_sets), frozenset((row.id, row.is_default) for row in active)
