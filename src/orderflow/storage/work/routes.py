"""Routing rules in PostgreSQL, and what waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.routing.router import Router
from orderflow.domain.routing.rules import read_rules
from orderflow.domain.states import AttemptStep, BreakerState, ConnectionStatus, ExportStep, OrderAction
from orderflow.flow.ports import FIRST_VERSION, Actor, Export, PushRequest, Route, RouteSet
from orderflow.storage.fast.holding import Holding
from orderflow.storage.fast.statements import run
from orderflow.storage.records import as_json, columns
from orderflow.storage.tables.models import ERPExport
from orderflow.storage.tables.states import is_order, may, unsent
from orderflow.storage.work.clock import unleased
from orderflow.storage.work.exports import export_in
from orderflow.storage.work.interventions import ANEW

_VERSION = "SELECT max(version) AS version FROM route_set WHERE org_id = %(org_id)s"
_RULES = text("SELECT rules FROM route_set WHERE org_id = :org_id AND version = :version")
_LOCK = text("SELECT FROM organization WHERE id = :org_id FOR NO KEY UPDATE")
_CONNECTIONS = text("SELECT id FROM erp_connection WHERE deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE")
_SAVE = text("""
    INSERT INTO route_set (org_id, version, rules, created_by)
    VALUES (:org_id, :version, CAST(:rules AS jsonb), :created_by)
""")
# None of them is deleted before an export that names it is committed.
_STATES = text("""
    SELECT id, status, breaker_state FROM erp_connection WHERE deleted_at IS NULL AND id = ANY(:ids)
    ORDER BY id FOR KEY SHARE
""")


def stamp(organization: str) -> str:
    """Return SQL for all that decides whether an order has a route: rules, ACTIVE connections, the default one."""
    return f"""
        (SELECT concat(r.version, ':', md5(string_agg(concat(c.id, c.is_default), ',' ORDER BY c.id)))
         FROM (SELECT max(version) AS version FROM route_set WHERE org_id = {organization}) r
         LEFT JOIN erp_connection c ON c.org_id = {organization} AND c.deleted_at IS NULL AND c.status = 'ACTIVE'
         GROUP BY r.version)
    """  # noqa: S608  # built from constants


_WAIT = text(f"""
    UPDATE draft_order o
    SET waits_for = :reason, waits_seen = {stamp("o.org_id")}, updated_at = now(),
        push_requested_at = COALESCE(old.push_requested_at, now()),
        push_request = COALESCE(old.push_request, CAST(:request AS jsonb))
    FROM (SELECT id, waits_for, push_requested_at, push_request FROM draft_order WHERE id = :id FOR UPDATE) old
    WHERE o.id = old.id
    RETURNING old.waits_for IS NULL
""")  # noqa: S608  # built from constants
_WAITS = "SELECT id, push_request FROM draft_order WHERE id = %(id)s AND waits_for IS NOT NULL"
_WAITING = text(f"""
    SELECT o.id, o.push_request FROM draft_order o, (SELECT {stamp(":org_id")} AS now) s
    WHERE o.org_id = :org_id AND o.waits_for IS NOT NULL AND (o.waits_seen < s.now OR o.waits_seen > s.now)
      AND {may(OrderAction.PUSH, "o.status")}
    ORDER BY o.id LIMIT :limit FOR UPDATE OF o SKIP LOCKED
""")  # noqa: S608  # built from constants
# Nothing of them was sent, and nobody is about to.
MOVABLE = f"""
    {may(ExportStep.MOVE, "e.status")} AND {is_order("e")} AND {unsent("e")} AND e.sent_at IS NULL AND {unleased("e")}
    AND NOT EXISTS (SELECT FROM erp_push_log l WHERE l.erp_export_id = e.id AND {may(AttemptStep.END, "l.status")})
"""
_COLUMNS = f"{columns(ERPExport, 'e')}, NOT {unleased('e')} AS lease_is_live"
_OUTDATED = text(f"""
    SELECT {_COLUMNS} FROM erp_export e
    WHERE e.org_id = :org_id AND e.route_version < (SELECT max(version) FROM route_set WHERE org_id = :org_id)
      AND {MOVABLE}
    ORDER BY e.route_version, e.id LIMIT :limit FOR UPDATE OF e SKIP LOCKED
""")  # noqa: S608  # built from constants
_MOVABLE_OF = text(f"""
    SELECT {_COLUMNS} FROM erp_export e WHERE e.draft_order_id = :id AND {MOVABLE} FOR UPDATE OF e SKIP LOCKED
""")  # noqa: S608  # built from constants
_NOTE_ROUTE = text("""
    UPDATE erp_export SET route = CAST(:route AS jsonb), route_version = :version, fallback_id = :fallback
    WHERE id = :id
""")
_SEND_ELSEWHERE = text(f"""
    UPDATE erp_export SET connection_id = :connection, {ANEW} WHERE id = :id AND connection_id <> :connection
""")  # noqa: S608  # built from a constant
_DELIVERS = "{0}.deleted_at IS NULL AND {0}.status = 'ACTIVE' AND {0}.breaker_state = 'CLOSED'"
# Of an export `e`: its connection `c` delivers nothing, and its fallback `f` does.
BETTER_ELSEWHERE = f"""
    erp_connection c JOIN erp_export e ON e.connection_id = c.id AND {MOVABLE} AND e.fallback_id IS NOT NULL
    JOIN erp_connection f ON f.id = e.fallback_id AND {_DELIVERS.format("f")}
    WHERE NOT ({_DELIVERS.format("c")})
"""
_FALL_BACK = text(f"""
    UPDATE erp_export e SET connection_id = e.fallback_id, fallback_id = e.connection_id, {ANEW}
    FROM (SELECT e.id FROM {BETTER_ELSEWHERE} AND c.org_id = :org_id LIMIT :limit
          FOR UPDATE OF e SKIP LOCKED FOR KEY SHARE OF f SKIP LOCKED) better
    WHERE e.id = better.id
    RETURNING {_COLUMNS}
""")  # noqa: S608  # built from constants


class SqlRoutes:
    """`flow.ports.Routes` of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID, holding: Holding | None = None) -> None:
        self._connection = connection
        self._org_id = org_id
        self._holding = holding or Holding(connection, org_id)

    def current(self) -> RouteSet:
        """Return the rules as they were last saved; a transaction asks once.

        Raises:
            InputError: They are not such as this release reads.
        """
        if self._holding.routes is None:
            self._holding.routes = self._of_version(self._holding.routes_version() or self._version())
        return self._holding.routes

    def lock(self) -> int:
        """Lock the rules and the connections until the transaction ends; returns the version of the rules."""
        self._connection.execute(_LOCK, {"org_id": self._org_id})
        self.connection_ids()
        self._holding.forget_routes()
        return self.current().version

    def connection_ids(self) -> set[UUID]:
        """Return the connections that rules may name, locked."""
        return set(self._connection.execute(_CONNECTIONS).scalars())

    def save(self, given: Sequence[Mapping[str, Any]], by: str) -> int:
        """Save rules as a new version, and return that."""
        version = self.lock() + 1
        values = {"org_id": self._org_id, "version": version, "rules": as_json(list(given)), "created_by": by}
        self._connection.execute(_SAVE, values)
        self._holding.forget_routes()
        return version

    def states(self, connection_ids: Sequence[UUID]) -> dict[UUID, tuple[ConnectionStatus, BreakerState]]:
        """Return how connections are; those that are not there are left out."""
        rows = self._connection.execute(_STATES, {"ids": list(connection_ids)})
        return {row.id: (ConnectionStatus(row.status), BreakerState(row.breaker_state)) for row in rows}

    def wait(self, request: PushRequest, reason: str) -> bool:
        """Note that an APPROVED order waits for a route, and why; False if it did so before."""
        asked: dict[str, Any] = {"by": request.actor.name, "request_id": request.actor.request_id}
        asked |= {"traceparent": request.actor.traceparent, "idempotency_key": request.idempotency_key}
        asked |= {"not_before": request.not_before.isoformat()} if request.not_before else {}
        asked |= {"digest": request.digest} if request.digest is not None else {}
        values = {"id": request.order_id, "reason": reason, "request": as_json(asked)}
        return bool(self._connection.execute(_WAIT, values).scalar())

    def request_of(self, order_id: UUID) -> PushRequest | None:
        """Return the request of an order that waits for a route; None of any other."""
        row = run(self._connection, _WAITS, {"id": order_id}).fetchone()
        return _request(row["id"], row["push_request"]) if row else None

    def waiting(self, limit: int) -> list[PushRequest]:
        """Lock orders that wait for a route since before rules or connections were what they are now."""
        rows = self._connection.execute(_WAITING, {"org_id": self._org_id, "limit": limit})
        return [_request(row.id, row.push_request) for row in rows]

    def outdated(self, limit: int) -> list[Export]:
        """Lock exports that earlier rules sent where they are, of which nothing was sent and no attempt is open.

        They come in the order of their orders' ids, which are locked next.
        """
        rows = self._connection.execute(_OUTDATED, {"org_id": self._org_id, "limit": limit}).mappings()
        return sorted(map(export_in, rows), key=lambda export: export.draft_order_id)

    def movable(self, order_id: UUID) -> Export | None:
        """Lock and return the order's export if nothing of it was sent and no attempt is open; else None."""
        row = self._connection.execute(_MOVABLE_OF, {"id": order_id}).mappings().first()
        return export_in(row) if row else None

    def reroute(self, export_id: UUID, route: Route) -> None:
        """Note where a locked export goes now; its document is built anew if that is elsewhere."""
        noted = {"route": as_json(route.decision), "version": route.version, "fallback": route.fallback_id}
        self._connection.execute(_NOTE_ROUTE, {"id": export_id} | noted)
        self._connection.execute(_SEND_ELSEWHERE, {"id": export_id, "connection": route.connection_id})

    def fall_back(self, limit: int) -> list[Export]:
        """Send exports that wait for a connection that delivers nothing to their fallback, if that one delivers."""
        rows = self._connection.execute(_FALL_BACK, {"org_id": self._org_id, "limit": limit}).mappings()
        return [export_in(row) for row in rows]

    def _version(self) -> int:
        row = run(self._connection, _VERSION, {"org_id": self._org_id}).fetchone()
        return (row and row["version"]) or FIRST_VERSION

    def _of_version(self, version: int) -> RouteSet:
        known = _KEPT.get(self._org_id)
        if known is None or known.version != version:
            given = self._connection.execute(_RULES, {"org_id": self._org_id, "version": version}).scalar() or []
            known = RouteSet(version, given, Router(read_rules(given)))
            _keep(self._org_id, known)
        return known


_MOST_KEPT = 200
"""Organizations."""

_KEPT: dict[UUID, RouteSet] = {}
"""The rules that an organization had last, for all transactions of this process: a version never changes."""

_keeping = Lock()


def _keep(org_id: UUID, routes: RouteSet) -> None:
    with _keeping:
        _KEPT.pop(org_id, None)
        while len(_KEPT) >= _MOST_KEPT:
            _KEPT.pop(next(iter(_KEPT)))
        _KEPT[org_id] = routes


def _request(order_id: UUID, asked: Mapping[str, Any]) -> PushRequest:
    actor = Actor(asked["by"], asked["request_id"], asked["traceparent"])
    moment = asked.get("not_before")  # what older releases noted has none
    not_before = None if moment is None else datetime.fromisoformat(moment)
    return PushRequest(order_id, actor, asked["idempotency_key"], not_before, asked.get("digest"))
