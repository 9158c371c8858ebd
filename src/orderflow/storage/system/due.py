"""What must see across organizations: where there is work to do. Runs as `orderflow_system`, reads ids only."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import TextClause, text

from orderflow.domain.bulk import BulkStatus
from orderflow.domain.readings import LONGEST_UNMATCHED
from orderflow.domain.states import ExportStep, OrderAction
from orderflow.flow.tell import LONGEST_WAIT
from orderflow.storage.database import Database
from orderflow.storage.people.notices import DUE as NOTICES_DUE
from orderflow.storage.tables.states import among, may
from orderflow.storage.work import tallies
from orderflow.storage.work.clock import CLOSED, LONGEST_LEASE, LONGEST_PROBE_WAIT, RESTING, awaited, past
from orderflow.storage.work.inbound import SET_ASIDE, UNMATCHED
from orderflow.storage.work.outages import IS_AWAY, WAITS_UNSENT, waits_for_longer
from orderflow.storage.work.queue import due
from orderflow.storage.work.rates import PACED
from orderflow.storage.work.routes import BETTER_ELSEWHERE, MOVABLE, stamp
from orderflow.storage.work.waiting import awaits

_SPARE = 5.0
"""Seconds by which a time may lie ahead of the longest wait: clocks are read one after the other."""

Place = tuple[UUID, UUID]
"""Organization, and one of its connections, bulk jobs or webhooks; itself where it is about all of it."""

_NOT_PAUSED = """
    (g.deliveries_paused_at IS NULL OR (g.deliveries_paused_until IS NOT NULL AND g.deliveries_paused_until <= now()))
"""
MAY_DELIVER = f"""
    c.status = 'ACTIVE' AND c.breaker_state = 'CLOSED' AND NOT {RESTING} AND NOT {CLOSED} AND {_NOT_PAUSED}
"""
"""Of a connection `c` of an organization `g`."""
COULD_DELIVER = f"({MAY_DELIVER} AND NOT {PACED})"
"""The same, and what is due for it waits for nothing but workers."""
_DUE = text(f"""
    SELECT c.org_id, c.id FROM erp_connection c JOIN organization g ON g.id = c.org_id
    WHERE {MAY_DELIVER}
      AND EXISTS (
        SELECT FROM erp_export e
        WHERE e.connection_id = c.id AND {due("e")})
""")  # noqa: S608  # built from a constant
_DUE_PROBES = text(f"""
    SELECT org_id, id FROM erp_connection
    WHERE status = 'ACTIVE' AND breaker_state = 'OPEN' AND probe_at IS NOT NULL
      AND {past("probe_at", LONGEST_PROBE_WAIT)}
    ORDER BY probe_at
""")  # noqa: S608  # built from constants
# What can be told of a connection whose answers were looked for is another matter than that this went wrong.
_LOOKED = "c.poll_error ->> 'code' IN ('ACKS_UNREADABLE', 'ACKS_UNMATCHED', 'READER_DIED', 'TARGET_CHANGED')"
# A wrong password that is tried each minute for ever locks an account. After the last order that waited it is tried
# ever less often: as long again as half of the time for which it failed, an hour at most.
_NOT_IN_VAIN = f"""
    (c.poll_error IS NULL OR COALESCE({_LOOKED}, true) OR c.status = 'DISABLED'
     OR c.next_poll_at <= now() - LEAST((now() - c.poll_failing_since) / 2, interval '1 hour'))
"""
_DUE_POLLS = text(f"""
    SELECT c.org_id, c.id FROM erp_connection c
    WHERE c.deleted_at IS NULL AND (c.next_poll_at IS NULL OR c.next_poll_at <= now())
      AND {past("c.poll_lease_until", LONGEST_LEASE)}
      AND ({awaits("c.id")}
           -- What is told of answers is put right, also after the last order that waited.
           OR {_NOT_IN_VAIN}
              AND (c.poll_error IS NOT NULL
                   OR EXISTS (SELECT FROM inbound i WHERE i.connection_id = c.id AND {UNMATCHED})
                   OR EXISTS (SELECT FROM inbound i WHERE i.connection_id = c.id AND {SET_ASIDE})))
    ORDER BY c.next_poll_at NULLS FIRST
""")  # noqa: S608  # built from constants
# Written before the clock was put back: no export waits for longer, and no connection is polled less often. Found by
# the queue's index, so that one with a head start may wait for that much longer.
_DUE_TOO_LATE = text(f"""
    UPDATE erp_export SET next_attempt_at = GREATEST(now(), not_before)
    WHERE id IN (
        SELECT e.id FROM erp_connection c
        JOIN erp_export e ON e.connection_id = c.id AND {may(ExportStep.WORK, "e.status")}
                         AND NOT e.on_hold AND e.queued_at > now() + make_interval(secs => :longest)
                         AND e.next_attempt_at > now() + make_interval(secs => :longest + {awaited("e")})
        WHERE e.not_before IS NULL OR e.next_attempt_at > e.not_before + make_interval(secs => :longest)
        FOR UPDATE OF e SKIP LOCKED)
""")  # noqa: S608  # built from a constant
_DUE_INBOUND = text("""
    SELECT c.org_id, c.id FROM erp_connection c
    WHERE c.deleted_at IS NULL
      AND EXISTS (SELECT FROM inbound i WHERE i.connection_id = c.id AND i.next_read_at <= now())
""")
_POLLED_TOO_LATE = text("""
    UPDATE erp_connection SET next_poll_at = now() WHERE next_poll_at > now() + make_interval(secs => :longest)
""")
# Neither who reads nor who has a turn at an endpoint has a longer lease.
_READ_TOO_LATE = text(f"""
    UPDATE inbound SET next_read_at = now()
    WHERE next_read_at > now() + make_interval(secs =>
        CASE WHEN verdict = 'unmatched' THEN {LONGEST_UNMATCHED + _SPARE} ELSE {LONGEST_LEASE} END)
""")  # noqa: S608  # built from constants
_RESTS_TOO_LONG = text(f"""
    UPDATE webhook_endpoint
    SET lease_until = CASE WHEN {past("lease_until", LONGEST_LEASE)} THEN NULL ELSE lease_until END,
        rests_until = CASE WHEN {past("rests_until", LONGEST_WAIT + _SPARE)} THEN NULL ELSE rests_until END
    WHERE lease_until > now() + interval '{LONGEST_LEASE} seconds'
       OR rests_until > now() + interval '{LONGEST_WAIT + _SPARE} seconds'
""")  # noqa: S608  # built from constants
# All that waits of one order waits for the same time, and for none as long as none of it has failed.
_SENT_TOO_LATE = text(f"""
    UPDATE webhook_delivery d SET next_attempt_at = now()
    WHERE d.delivered_at IS NULL AND d.next_attempt_at > now() + interval '{_SPARE} seconds'
      AND (d.next_attempt_at > now() + interval '{LONGEST_WAIT + _SPARE} seconds'
           OR NOT EXISTS (SELECT FROM webhook_delivery o
                          WHERE o.endpoint_id = d.endpoint_id AND o.subject = d.subject AND o.delivered_at IS NULL
                            AND o.attempts > 0))
""")  # noqa: S608  # built from constants
_POLLING = text(f"""
    SELECT org_id, count(*) FROM (
        SELECT org_id FROM erp_connection WHERE NOT {past("poll_lease_until", LONGEST_LEASE)}
        UNION ALL SELECT org_id FROM webhook_endpoint WHERE NOT {past("lease_until", LONGEST_LEASE)}) leased
    GROUP BY org_id
""")  # noqa: S608  # built from constants
_OUTAGES = text(f"""
    SELECT c.org_id, c.id FROM erp_connection c
    WHERE {IS_AWAY} AND EXISTS (
        SELECT FROM erp_export e
        WHERE e.connection_id = c.id AND {waits_for_longer("c.give_up_after")} AND {WAITS_UNSENT})
""")  # noqa: S608  # built from constants
# What it holds of a calendar is worked out anew as it ends, and now and then: holidays and time zones change.
_DUE_HOURS = text("""
    SELECT org_id, id FROM erp_connection
    WHERE opening_hours IS NOT NULL AND deleted_at IS NULL
      AND (open_until <= now() OR hours_seen_at > now() OR hours_seen_at < now() - interval '1 hour')
""")
_CLEANABLE = text("""
    SELECT org_id, id FROM erp_connection
    WHERE deleted_at IS NULL AND status = 'ACTIVE' AND breaker_state = 'CLOSED'
""")
_WAITS = f"""
    SELECT FROM draft_order w
    WHERE w.org_id = o.org_id AND w.waits_for IS NOT NULL AND {may(OrderAction.PUSH, "w.status")}
"""  # built from a constant
_UNROUTED = text(f"""
    SELECT o.org_id FROM (SELECT DISTINCT org_id FROM draft_order WHERE waits_for IS NOT NULL) o,
                         LATERAL (SELECT {stamp("o.org_id")} AS now) s
    WHERE EXISTS ({_WAITS} AND w.waits_seen < s.now) OR EXISTS ({_WAITS} AND w.waits_seen > s.now)
    UNION
    SELECT r.org_id FROM (SELECT org_id, max(version) AS version FROM route_set GROUP BY org_id) r
    WHERE EXISTS (SELECT FROM erp_export e WHERE e.org_id = r.org_id AND e.route_version < r.version AND {MOVABLE})
    UNION
    SELECT c.org_id FROM {BETTER_ELSEWHERE}
""")  # noqa: S608  # built from constants
_BULK_JOBS = text(f"""
    SELECT org_id, id FROM bulk_job WHERE {among([BulkStatus.RUNNING])} ORDER BY worked_at NULLS FIRST, created_at
""")  # noqa: S608  # built from a constant
# What has no number yet gets one in the first turn.
_DUE_WEBHOOKS = text("""
    SELECT w.org_id, w.id FROM webhook_endpoint w
    WHERE w.status = 'ACTIVE' AND (w.lease_until IS NULL OR w.lease_until <= now())
      AND (w.rests_until IS NULL OR w.rests_until <= now())
      AND (EXISTS (SELECT FROM webhook_delivery d
                   WHERE d.endpoint_id = w.id AND d.delivered_at IS NULL AND d.next_attempt_at <= now())
           OR EXISTS (SELECT FROM event_counter c WHERE c.org_id = w.org_id AND c.last > w.position)
           OR EXISTS (SELECT FROM event e WHERE e.org_id = w.org_id AND e.number IS NULL))
    ORDER BY w.delivered_at NULLS FIRST
""")
_DUE_NOTICES = text(f"SELECT DISTINCT c.org_id, c.org_id FROM notice_choice c WHERE {NOTICES_DUE}")  # noqa: S608  # from a constant
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

    def outages(self) -> list[Place]:
        """Return the connections whose target is away, and has been waited for for too long by some export."""
        return self._places(_OUTAGES)

    def due_polls(self) -> list[Place]:
        """Return the connections, disabled ones too, whose answers are due for a look."""
        return self._places(_DUE_POLLS)

    def due_inbound(self) -> list[Place]:
        """Return the connections, disabled ones too, to which something came that is to be read."""
        return self._places(_DUE_INBOUND)

    def bulk_jobs(self) -> list[Place]:
        """Return the bulk jobs that are running, the one that was worked on longest ago first."""
        return self._places(_BULK_JOBS)

    def due_webhooks(self) -> list[Place]:
        """Return the webhooks that have events to get, the one that took one longest ago first."""
        return self._places(_DUE_WEBHOOKS)

    def due_notices(self) -> list[Place]:
        """Return the organizations whose users are to be told of what needs them, if there is something."""
        return self._places(_DUE_NOTICES)

    def due_tallies(self) -> list[Place]:
        """Return the organizations with very many deliveries, or that had, whose deliveries nobody has just counted."""
        return self._places(tallies.DUE)

    def put_clock_right(self, longest_wait: float, longest_poll: float) -> int:
        """Make due what waits for longer than anything ever does, because the database's clock was put back.

        Args:
            longest_wait: Seconds between two attempts at an export, at most.
            longest_poll: Seconds between two looks for a connection's answers, at most.

        Returns:
            How many exports, connections, answers that came by themselves, webhooks and their messages that were.
        """
        with self._database.system() as connection:
            late = connection.execute(_DUE_TOO_LATE, {"longest": longest_wait + _SPARE})
            polled = connection.execute(_POLLED_TOO_LATE, {"longest": longest_poll + _SPARE})
            others = map(connection.execute, (_READ_TOO_LATE, _RESTS_TOO_LONG, _SENT_TOO_LATE))
            return late.rowcount + polled.rowcount + sum(result.rowcount for result in others)

    def polling(self) -> dict[UUID, int]:
        """Return how many connections and webhooks of each organization are being worked on at this moment."""
        with self._database.system() as connection:
            return {row[0]: row[1] for row in connection.execute(_POLLING)}

    def due_hours(self) -> list[Place]:
        """Return the connections of which it is to be worked out when they are open next."""
        return self._places(_DUE_HOURS)

    def cleanable(self) -> list[Place]:
        """Return the connections whose target may be looked at for what attempts left there."""
        return self._places(_CLEANABLE)

    def unrouted(self) -> list[UUID]:
        """Return the organizations that have something to be routed anew since rules or connections changed."""
        with self._database.system() as connection:
            return list(connection.execute(_UNROUTED).scalars())

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
