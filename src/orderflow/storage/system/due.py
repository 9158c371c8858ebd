"""What must see across organizations: where there is work to do. Runs as `orderflow_system`, reads ids only."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import TextClause, text

from orderflow.storage.database import Database

Place = tuple[UUID, UUID]
"""Organization and connection."""

_NOT_PAUSED = """
    (g.deliveries_paused_at IS NULL OR (g.deliveries_paused_until IS NOT NULL AND g.deliveries_paused_until <= now()))
"""
MAY_DELIVER = f"c.status = 'ACTIVE' AND c.breaker_state = 'CLOSED' AND {_NOT_PAUSED}"
"""Of a connection `c` of an organization `g`."""
_DUE = text(f"""
    SELECT c.org_id, c.id FROM erp_connection c JOIN organization g ON g.id = c.org_id
    WHERE {MAY_DELIVER}
      AND EXISTS (
        SELECT FROM erp_export e
        WHERE e.connection_id = c.id AND e.status = 'PENDING' AND e.held_at IS NULL AND e.next_attempt_at <= now()
          AND (e.lease_until IS NULL OR e.lease_until < now()))
""")  # noqa: S608  # built from a constant
_DUE_PROBES = text("""
    SELECT org_id, id FROM erp_connection WHERE status = 'ACTIVE' AND breaker_state = 'OPEN' AND probe_at <= now()
    ORDER BY probe_at
""")
_DUE_POLLS = text("""
    SELECT c.org_id, c.id FROM erp_connection c
    WHERE c.deleted_at IS NULL AND (c.next_poll_at IS NULL OR c.next_poll_at <= now())
      AND (c.poll_lease_until IS NULL OR c.poll_lease_until < now())
      AND (EXISTS (SELECT FROM erp_export e WHERE e.connection_id = c.id AND e.status = 'SENT')
           OR EXISTS (SELECT FROM erp_export e WHERE e.connection_id = c.id AND e.status = 'PENDING'
                      AND (e.staged_at IS NOT NULL AND e.lease_until < now() OR e.held_at IS NOT NULL)))
    ORDER BY c.next_poll_at NULLS FIRST
""")
_POLLING = text("SELECT org_id, count(*) FROM erp_connection WHERE poll_lease_until > now() GROUP BY org_id")
_CLEANABLE = text("""
    SELECT org_id, id FROM erp_connection
    WHERE deleted_at IS NULL AND status = 'ACTIVE' AND breaker_state = 'CLOSED'
""")
_SLUGS = text("SELECT id, slug FROM organization ORDER BY slug")


class SqlSystem:
    """The sweep's view of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due_deliveries(self) -> list[Place]:
        """Return the connections that have exports due and may deliver."""
        return self._places(_DUE)

    def due_probes(self) -> list[Place]:
        """Return the connections whose open breaker is due for a probe."""
        return self._places(_DUE_PROBES)

    def due_polls(self) -> list[Place]:
        """Return the connections, disabled ones too, whose answers are due for a look."""
        return self._places(_DUE_POLLS)

    def polling(self) -> dict[UUID, int]:
        """Return how many connections of each organization are being polled at this moment."""
        with self._database.system() as connection:
            return {row[0]: row[1] for row in connection.execute(_POLLING)}

    def cleanable(self) -> list[Place]:
        """Return the connections whose target may be looked at for what attempts left there."""
        return self._places(_CLEANABLE)

    def organizations(self) -> dict[str, UUID]:
        """Return every organization's id by slug."""
        with self._database.system() as connection:
            return {row.slug: row.id for row in connection.execute(_SLUGS)}

    def add_organization(self, org_id: UUID, slug: str, name: str) -> None:
        """Insert an organization. Raises `sqlalchemy.exc.IntegrityError` if the slug is taken."""
        query = text("INSERT INTO organization (id, slug, name) VALUES (:id, :slug, :name)")
        with self._database.system() as connection:
            connection.execute(query, {"id": org_id, "slug": slug, "name": name})

    def _places(self, query: TextClause) -> list[Place]:
        with self._database.system() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]
