"""Claiming in PostgreSQL: leases of lanes and of exports, with tokens, compared on the database's clock only.

The holder of a lease locks exports, then orders, then its lane; the exports of a lease in the order of their ids,
because its heartbeat writes to the same rows as the step that it keeps the lease for. Everybody else locks the order
first and takes exports with SKIP LOCKED. All lock several orders in the order of their ids. So no two can ever wait for
each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.delivery import Delivery, Lease
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.domain.revisions import not_as_approved
from orderflow.domain.states import EDITED, AttemptStatus, AttemptStep, ExportStep, Kind
from orderflow.flow.ports import SESSION_LINGERS, Attempt, Batch, Crew
from orderflow.storage.fast.statements import run
from orderflow.storage.records import as_json, records
from orderflow.storage.tables.states import changed_since, may, on_hold, quoted, unsent
from orderflow.storage.work import changes, revisions
from orderflow.storage.work import sent as sent_deliveries
from orderflow.storage.work.clock import LONGEST_LEASE, UNLEASED, past
from orderflow.storage.work.queue import IN_TURN, due
from orderflow.storage.work.rates import SqlRates

# A lane that its process has left, while the session is still open, has the process for its token.
_FREE = f"""
    ({{table}}.lease_token IS NOT DISTINCT FROM CAST(:process AS uuid) OR {past("{table}.lease_until", LONGEST_LEASE)})
"""
_TAKE_LANE = text(f"""
    INSERT INTO erp_lane AS held (connection_id, lane, org_id, lease_token, lease_until, process)
    SELECT :connection_id, n, :org_id, :token, now() + make_interval(secs => :seconds), CAST(:process AS uuid)
    FROM generate_series(1, :most) AS n
    WHERE NOT EXISTS (
        SELECT FROM erp_lane l
        WHERE l.connection_id = :connection_id AND l.lane = n AND NOT {_FREE.format(table="l")})
    -- Its own before others, or one process would have them all in a while; and two workers at the same moment should
    -- not both reach for the first.
    ORDER BY (SELECT l.lease_token = CAST(:process AS uuid) FROM erp_lane l
              WHERE l.connection_id = :connection_id AND l.lane = n) IS TRUE DESC, random()
    LIMIT 1
    ON CONFLICT (connection_id, lane) DO UPDATE
    SET lease_token = excluded.lease_token, lease_until = excluded.lease_until, process = excluded.process
    WHERE {_FREE.format(table="held")}
    RETURNING lane
""")  # noqa: S608  # built from constants
_OTHERS = text(f"""
    SELECT count(DISTINCT COALESCE(process, lease_token)) FROM erp_lane
    WHERE connection_id = :connection_id AND process IS DISTINCT FROM :process
      AND NOT {past("lease_until", LONGEST_LEASE)}
""")  # noqa: S608  # built from constants
# After the lane, as whoever settles does; not `FOR UPDATE`, since a lane holds its connection's key.
_LOCK_CONNECTION = text("SELECT FROM erp_connection WHERE id = :id FOR NO KEY UPDATE")
_DROP_LANE = text("DELETE FROM erp_lane WHERE connection_id = :connection_id AND lease_token = :token")
_LEAVE_LANE = text(f"""
    WITH left_open AS (
        UPDATE erp_lane SET lease_token = process, lease_until = now() + interval '{SESSION_LINGERS:.0f} seconds'
        WHERE connection_id = :connection_id AND lease_token = :token AND process IS NOT NULL)
    DELETE FROM erp_lane WHERE connection_id = :connection_id AND lease_token = :token AND process IS NULL
""")  # noqa: S608  # built from a constant
_DUE_FIRST = f"e.connection_id = %(connection_id)s AND {due('e')}"
_TAKE = """
    WITH due AS (
        SELECT id, lease_token, lease_until, created_at, control_number, document_sha256 FROM erp_export e
        WHERE {which}
        ORDER BY {in_turn}
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ){counting}
    UPDATE erp_export e
    SET lease_token = %(token)s, lease_until = now() + make_interval(secs => %(seconds)s),
        last_begun_at = COALESCE({begun}, e.last_begun_at){number}
    FROM due {counted} WHERE e.id = due.id
    RETURNING {columns}, due.lease_token AS orphan_token, {begun} AS begun, {doubt_age} AS doubt_age,
              extract(epoch FROM now() - {begun})::float8 AS begun_ago
"""
# The counter's row is locked after the exports, which nobody waits for; whoever holds it commits soon.
_NUMBERED = {
    "counting": """, fresh AS (
        SELECT id, row_number() OVER (ORDER BY created_at, id) AS place FROM due
        WHERE control_number IS NULL AND document_sha256 IS NULL
    ), counter AS (
        INSERT INTO control_counter AS c (connection_id, org_id, last)
        SELECT %(connection_id)s, %(org_id)s, count(*) FROM fresh HAVING count(*) > 0
        ON CONFLICT (connection_id) DO UPDATE SET last = c.last + excluded.last
        RETURNING last
    )""",
    "number": """,
        control_number = COALESCE(e.control_number, counter.last - (SELECT count(*) FROM fresh) + fresh.place)""",
    "counted": "LEFT JOIN fresh USING (id) LEFT JOIN counter ON true",
}
_NOT_NUMBERED = dict.fromkeys(_NUMBERED, "")
# Of what an older release began, the last attempt is in the log only. A time that is yet to come is one of a clock that
# was put back since: it counts as now. A worker that died may have sent until its lease ended, which is kept at once:
# the lease that says so is written over, and may be given back before anything is begun under it.
_BEGUN = """
    CASE WHEN e.begun_at IS NOT NULL THEN LEAST(now(), GREATEST(due.lease_until, COALESCE(e.last_begun_at, (
        SELECT max(l.created_at) FROM erp_push_log l WHERE l.erp_export_id = e.id), e.begun_at))) END
"""
_DOUBT_AGE = "extract(epoch FROM now() - LEAST(e.doubt_since, now()))::float8"
# By name, and no more than an attempt is made of: an export has more than twice as many, and each takes time.
_READ = (
    *("id", "org_id", "draft_order_id", "revision", "created_at", "kind", "reason", "control_number", "begun_at"),
    *("last_begun_at", "refusals", "staged_path", "staged_at", "attempts_spent", "request_id", "traceparent"),
    *("export_storage_key", "document_sha256", "filename", "export_media_type", "export_format_version", "held_at"),
)
_COLUMNS = ", ".join(f"e.{name}" for name in _READ)
_RETURNED = {"columns": _COLUMNS, "begun": _BEGUN, "doubt_age": _DOUBT_AGE, "in_turn": IN_TURN}
_ONE_DUE = f"e.id = %(only)s AND {_DUE_FIRST}"
_LEASE = {
    (one, numbered): _TAKE.format(which=which, **counting, **_RETURNED)
    for one, which in ((False, _DUE_FIRST), (True, _ONE_DUE))
    for numbered, counting in ((False, _NOT_NUMBERED), (True, _NUMBERED))
}
# For each by itself: as a condition it lets PostgreSQL read all that follows anything.
_CHANGED_SINCE = f"SELECT e.id, {changed_since('e')} AS changed FROM erp_export e WHERE e.id = ANY(%(ids)s)"  # noqa: S608  # built from constants
# What an attempt asked is what its export says (`REQUEST_OF_LOG`), but where it gives that another document, or none.
_ASKED = """
    CASE WHEN r.sha256 IS NOT NULL AND (held.document_sha256 IS NULL
              OR (held.filename, held.document_size, held.document_sha256) = (r.filename, r.size, r.sha256))
         THEN r.request - CAST('{file,size,sha256}' AS text[]) ELSE r.request END
"""
_BEGIN = text(f"""
    WITH r AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            id uuid, log_id uuid, filename text, storage_key text, sha256 text, size bigint, format text, media text,
            retry_count int, request_id text, request jsonb, begins bool, receipt_check text)
    ), held AS (
        SELECT id, draft_order_id, filename, document_size, document_sha256 FROM erp_export
        WHERE id IN (SELECT id FROM r) AND lease_token = :token
          AND NOT ({unsent("erp_export")} AND {on_hold("erp_export.draft_order_id")})
        ORDER BY id FOR UPDATE
    ), orders AS (
        -- With their exports, so that no step below joins two others: of what a step returns PostgreSQL expects a row,
        -- and it would look through all of one for each of the other.
        SELECT o.id, o.attempts + 1 AS attempts, h.ids, h.filenames, h.sizes, h.digests
        FROM (SELECT draft_order_id, array_agg(id) AS ids, array_agg(filename) AS filenames,
                     array_agg(document_size) AS sizes, array_agg(document_sha256) AS digests
              FROM held GROUP BY draft_order_id) h
        JOIN draft_order o ON o.id = h.draft_order_id
        ORDER BY o.id FOR NO KEY UPDATE OF o
    ), e AS (
        UPDATE erp_export e
        SET filename = r.filename, export_storage_key = r.storage_key, document_sha256 = r.sha256,
            document_size = r.size, export_format_version = r.format, export_media_type = r.media,
            receipt_check = CASE WHEN r.begins THEN COALESCE(r.receipt_check, e.receipt_check)
                                 ELSE COALESCE(e.receipt_check, r.receipt_check) END,
            begun_at = CASE WHEN r.begins THEN now() ELSE e.begun_at END,
            last_begun_at = CASE WHEN r.begins THEN now() ELSE e.last_begun_at END
        FROM r JOIN held USING (id) WHERE e.id = held.id
        RETURNING e.id
    ), counted AS (
        UPDATE draft_order o SET attempts = orders.attempts FROM orders WHERE o.id = orders.id
    ), lost AS (
        UPDATE erp_push_log l
        SET status = {quoted(AttemptStatus.RETRYING)},
            error_message = 'The worker stopped before it could say how this attempt ended.'
        FROM e WHERE l.erp_export_id = e.id AND {may(AttemptStep.END, "l.status")}
    )
    INSERT INTO erp_push_log (id, org_id, draft_order_id, erp_export_id, attempt_no, connector_type, status,
                              request_json, idempotency_key, retry_count, request_id)
    SELECT r.log_id, :org_id, held.order_id, r.id, held.attempts, :connector_type,
           {quoted(AttemptStatus.PENDING)}, {_ASKED}, encode(sha256(convert_to(
               concat_ws(':', CAST(:org_id AS text), held.order_id, held.attempts), 'UTF8')), 'hex'),
           r.retry_count, r.request_id
    FROM (SELECT id AS order_id, attempts, unnest(ids) AS id, unnest(filenames) AS filename,
                 unnest(sizes) AS document_size, unnest(digests) AS document_sha256 FROM orders) held
    JOIN r ON r.id = held.id
    RETURNING erp_export_id, attempt_no
""")  # noqa: S608  # built from constants
_MARK_BEGUN = text(f"""
    WITH held AS (
        SELECT id FROM erp_export
        WHERE id = ANY(:ids) AND lease_token = :token AND {may(ExportStep.WORK)}
          AND NOT {on_hold("erp_export.draft_order_id")}
        ORDER BY id FOR UPDATE
    )
    UPDATE erp_export e
    SET begun_at = COALESCE(e.begun_at, now()), last_begun_at = now(),
        -- Also where the worker died that sent it before, and settled nothing.
        doubt_since = COALESCE(e.doubt_since, LEAST(e.last_begun_at, now()))
    FROM held WHERE e.id = held.id
    RETURNING e.id
""")  # noqa: S608  # built from constants
_MARK_STAGED = text(f"""
    WITH r AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, path text)
    ), held AS (
        SELECT id FROM erp_export
        WHERE id IN (SELECT id FROM r) AND lease_token = :token AND {may(ExportStep.WORK)}
        ORDER BY id FOR UPDATE
    )
    UPDATE erp_export e SET staged_at = now(), staged_path = r.path
    FROM r JOIN held USING (id) WHERE e.id = held.id
    RETURNING e.id
""")  # noqa: S608  # built from constants
_RELEASE = text("""
    WITH held AS (SELECT id FROM erp_export WHERE id = ANY(:ids) AND lease_token = :token ORDER BY id FOR UPDATE)
    UPDATE erp_export e
    SET lease_token = NULL, lease_until = NULL, next_attempt_at = now() + make_interval(secs => :delay),
        error_json = CAST(:error AS jsonb)
    FROM held WHERE e.id = held.id
""")
# A lease that ended is not revived: people may have decided meanwhile on some of what the others of its batch share.
EXTEND = text(f"""
    WITH lanes AS (
        UPDATE erp_lane SET lease_until = now() + make_interval(secs => :seconds)
        WHERE lease_token = ANY(:tokens) AND NOT {past("lease_until", LONGEST_LEASE)}
    ), held AS (
        SELECT id FROM erp_export WHERE lease_token = ANY(:tokens) AND {may(ExportStep.WORK)} AND NOT {UNLEASED}
        ORDER BY id FOR UPDATE
    )
    UPDATE erp_export e SET lease_until = now() + make_interval(secs => :seconds)
    FROM held WHERE e.id = held.id
    RETURNING e.lease_token
""")  # noqa: S608  # built from constants


class SqlLeases(SqlRates):
    """The part of `flow.ports.Exports` that a worker uses before it delivers."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def take_lane(self, connection_id: UUID, lease: Lease, seconds: float, most: int, crew: Crew | None = None) -> bool:
        """Take one of the connection's `most` lanes; False if others hold them all, or as many as may are signed in."""
        parameters = {"connection_id": connection_id, "org_id": self._org_id, "token": lease.token, "most": most}
        parameters |= {"seconds": seconds, "process": crew and crew.process}
        taken = self._connection.execute(_TAKE_LANE, parameters).first() is not None
        if taken and crew is not None and not self._may_sign_in(connection_id, crew):
            self._connection.execute(_DROP_LANE, parameters)
            return False
        return taken

    def _may_sign_in(self, connection_id: UUID, crew: Crew) -> bool:
        """Return whether fewer other processes than may be are signed in; nobody else asks before this is committed."""
        self._connection.execute(_LOCK_CONNECTION, {"id": connection_id})
        others = self._connection.execute(_OTHERS, {"connection_id": connection_id, "process": crew.process})
        return int(others.scalar_one()) < crew.most

    def leave_lane(self, connection_id: UUID, lease: Lease) -> None:
        """Give the lane back; where sessions are counted, it is the process's own for as long as its session lasts."""
        self._connection.execute(_LEAVE_LANE, {"connection_id": connection_id, "token": lease.token})

    def lease(
        self,
        connection_id: UUID,
        lease: Lease,
        seconds: float,
        limit: int,
        *,
        only: UUID | None = None,
        numbered: bool = False,
    ) -> list[Attempt]:
        """Take up to `limit` due exports of the connection, oldest first, under `lease`; or just the one named."""
        parameters: dict[str, Any] = {"connection_id": connection_id, "token": lease.token, "limit": limit}
        parameters |= {"seconds": seconds, "only": only} if only else {"seconds": seconds}
        parameters |= {"org_id": self._org_id} if numbered else {}
        rows = run(self._connection, _LEASE[only is not None, numbered], parameters).fetchall()
        if not rows:
            return []
        unpinned = {row["id"]: row["draft_order_id"] for row in rows if row["revision"] is None}
        pinned = revisions.pin(self._connection, unpinned) if unpinned else {}
        places = [(row["draft_order_id"], row["revision"] or pinned[row["id"]]) for row in rows]
        orders = revisions.orders(self._connection, places)
        attempts = [_attempt(row, orders.get(place), lease) for row, place in zip(rows, places, strict=True)]
        self._note_superseded(attempts)
        if doubtful := [attempt for attempt in attempts if attempt.order.delivery.in_doubt]:
            led = sent_deliveries.begun_to(self._connection, [attempt.export_id for attempt in doubtful])
            for attempt in doubtful:
                attempt.begun_to = led.get(attempt.export_id)
        if later := [attempt for attempt in attempts if attempt.order.delivery.kind is not Kind.ORDER]:
            self._name_what_was_sent(later)
        return sorted(attempts, key=lambda attempt: attempt.requested_at)

    def _note_superseded(self, attempts: Sequence[Attempt]) -> None:
        """Note which attempts are of orders that were changed since.

        All are asked about: an export that a worker had when its order was changed may have been moved since, or put
        on hold, so that nothing of its own tells of that any more.
        """
        rows = run(self._connection, _CHANGED_SINCE, {"ids": [attempt.export_id for attempt in attempts]})
        newer = {row["id"] for row in rows if row["changed"]}
        for attempt in attempts:
            asks_content = attempt.order.delivery.kind is not Kind.RECALL
            attempt.superseded = asks_content and (attempt.order.status in EDITED or attempt.export_id in newer)

    def _name_what_was_sent(self, attempts: Sequence[Attempt]) -> None:
        sent = sent_deliveries.sent(self._connection, [attempt.order.id for attempt in attempts])
        for attempt in attempts:
            attempt.order.delivery.sent = sent.get(attempt.order.id)
        if changing := [attempt for attempt in attempts if attempt.order.delivery.kind is Kind.CHANGE]:
            changes.name_what_is_changed(self._connection, changing)

    def begin(self, batch: Batch) -> None:
        """Note documents and a new attempt for each; drop those from the batch whose lease is lost.

        What was put on hold since it was claimed is dropped, too, unless something of it was sent before. What is
        neither staged nor in doubt is noted as begun: nothing is asked before it is sent.
        """
        parameters = {
            "rows": records(
                _begin_row(
                    attempt,
                    batch.to.destination,
                    begins=not attempt.outcome and attempt.order.delivery.begins(batch.to.stages, batch.to.takes_back),
                )
                for attempt in batch.attempts
            ),
            "token": batch.lease.token,
            "org_id": self._org_id,
            "connector_type": batch.to.target.connector_type,
        }
        numbers = {row[0]: row[1] for row in self._connection.execute(_BEGIN, parameters)}
        batch.attempts = [attempt for attempt in batch.attempts if attempt.export_id in numbers]
        for attempt in batch.attempts:
            attempt.order.delivery.attempt_no = numbers[attempt.export_id]

    def mark_begun(self, lease: Lease, export_ids: Sequence[UUID]) -> set[UUID]:
        """Note which exports in doubt are about to be sent, and return them: not on hold, and held by `lease`."""
        parameters = {"ids": list(export_ids), "token": lease.token}
        return set(self._connection.execute(_MARK_BEGUN, parameters).scalars())

    def mark_staged(self, lease: Lease, paths: Mapping[UUID, str]) -> set[UUID]:
        """Note that files are staged; returns the ids of those that `lease` still holds."""
        rows = records({"id": export_id, "path": path} for export_id, path in paths.items())
        return set(self._connection.execute(_MARK_STAGED, {"rows": rows, "token": lease.token}).scalars())

    def release(self, lease: Lease, export_ids: Sequence[UUID], delay: float, error: dict[str, Any]) -> None:
        """Give back exports whose attempt never began because of `error`, due again in `delay` seconds."""
        values = {"ids": list(export_ids), "token": lease.token, "delay": delay, "error": as_json(error)}
        self._connection.execute(_RELEASE, values)


def _attempt(row: Mapping[Any, Any], approved: DraftOrder | None, lease: Lease) -> Attempt:
    """Return the attempt at what was approved; where that is lost, one that has its outcome already."""
    order = approved or DraftOrder(row["org_id"], id=row["draft_order_id"])
    order.delivery = Delivery(
        export_id=row["id"],
        requested_at=row["created_at"],
        kind=Kind(row["kind"]),
        reason=row["reason"],
        control_number=row["control_number"] or 0,
        in_doubt=row["begun_at"] is not None,
        last_begun_at=row["begun"] or row["last_begun_at"],
        refusals=row["refusals"],
        staged_path=row["staged_path"],
        orphan_token=row["orphan_token"] if row["staged_at"] is None else None,
        lease=lease,
    )
    return Attempt(
        export_id=row["id"],
        order=order,
        stored=row["document_sha256"] is not None,
        attempts_spent=row["attempts_spent"],
        requested_at=row["created_at"],
        request_id=row["request_id"],
        traceparent=row["traceparent"],
        storage_key=row["export_storage_key"],
        document_sha256=row["document_sha256"],
        filename=row["filename"],
        media_type=row["export_media_type"],
        format_version=row["export_format_version"],
        held=row["held_at"] is not None,
        begun_ago=row["begun_ago"],
        doubt_age=row["doubt_age"],
        outcome=None if approved else not_as_approved(staged=row["staged_at"] is not None),
    )


def _begin_row(attempt: Attempt, destination: str, *, begins: bool) -> dict[str, Any]:
    attempt.log_id = new_id()
    document = attempt.order.delivery.document
    size = len(document.content) if document else None
    return {
        "id": attempt.export_id,
        "log_id": attempt.log_id,
        "filename": attempt.filename,
        "storage_key": attempt.storage_key,
        "sha256": attempt.document_sha256,
        "size": size,
        "format": document.format_version if document else None,
        "media": document.media_type if document else None,
        "begins": begins,
        "receipt_check": attempt.check,
        "retry_count": attempt.attempts_spent,
        "request_id": attempt.request_id,
        "request": {"file": attempt.filename, "size": size, "sha256": attempt.document_sha256}
        | ({"destination": destination} if destination else {}),
    }
