"""The outbox of notifications in PostgreSQL. Runs as `orderflow_system`, for it serves every organization."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from orderflow.domain.answer_details import Level
from orderflow.domain.ids import new_id
from orderflow.domain.states import OPEN
from orderflow.flow.notify import Event, Notification
from orderflow.flow.watch import Trouble
from orderflow.storage.database import Database
from orderflow.storage.records import as_json
from orderflow.storage.tables.states import among, overdue
from orderflow.storage.work.clock import CERTIFICATE_ENDS, CERTIFICATE_WARNED_FROM, IN_USE

_CHANGES = text(f"""
    WITH changed AS (
        SELECT c.id, c.org_id, c.breaker_since AS since,
               CASE c.breaker_state WHEN 'PAUSED' THEN 'connection.needs_attention'
                                    WHEN 'OPEN' THEN 'connection.unavailable'
                                    ELSE 'connection.recovered' END AS event,
               c.breaker_error AS error, last.event AS last_event, last.since AS last_since
        FROM erp_connection c
        LEFT JOIN LATERAL (
            SELECT n.event, n.since FROM notification n
            WHERE n.connection_id = c.id AND n.event LIKE 'connection.%' ORDER BY n.since DESC LIMIT 1) last ON true
        WHERE {IN_USE} AND c.breaker_since IS NOT NULL
          AND (c.breaker_state <> 'OPEN' OR c.breaker_since < now() - make_interval(secs => :down_after))
    )
    SELECT id, org_id, event, since, error,
           (SELECT count(*) FROM erp_export e WHERE e.connection_id = changed.id AND e.status = 'PENDING') AS waiting
    FROM changed
    WHERE (last_since IS NULL OR last_since < since)
      AND (event <> 'connection.recovered' OR last_event <> 'connection.recovered')
    UNION ALL
    SELECT c.id, c.org_id, 'connection.disabled', c.breaker_since, c.breaker_error, 0
    FROM erp_connection c
    WHERE c.deleted_at IS NULL AND c.status = 'DISABLED' AND c.breaker_state = 'PAUSED'
      AND c.breaker_error ->> 'code' IN ('ENCRYPTION_ERROR', 'KEY_LOST')
      AND NOT EXISTS (SELECT FROM notification n WHERE n.connection_id = c.id AND n.event = 'connection.disabled'
                      AND n.since >= c.breaker_since)
""")  # noqa: S608  # built from a constant
_ALERTED = {
    Level.RECEIVED: "received_alerted_at",
    Level.UNDERSTOOD: "understood_alerted_at",
    Level.ANSWERED: "alerted_at",
}


def _overdue(level: Level) -> Any:
    """Return the statement for deliveries that should have got as far as this.

    One alert for a connection that begins to leave them there; while it goes on, one a day.
    """
    alerted = _ALERTED[level]
    return text(f"""
        WITH overdue AS (
            UPDATE erp_export e SET {alerted} = now()
            FROM erp_connection c
            WHERE c.id = e.connection_id AND e.{alerted} IS NULL AND {overdue(level)}
            RETURNING e.org_id, e.connection_id, e.id, e.filename, e.sent_at, e.inferred
        )
        SELECT o.connection_id AS id, o.org_id, clock_timestamp() AS since, count(*) AS unanswered,
               (array_agg(json_build_object('export_id', o.id, 'filename', o.filename, 'sent_at', o.sent_at,
                                            'inferred', o.inferred) ORDER BY o.inferred DESC, o.sent_at))[1:10]
                   AS deliveries
        FROM overdue o
        WHERE NOT EXISTS (SELECT FROM erp_export e JOIN erp_connection c ON c.id = e.connection_id
                          WHERE e.connection_id = o.connection_id AND e.{alerted} IS NOT NULL AND {overdue(level)})
           OR NOT EXISTS (SELECT FROM notification n WHERE n.connection_id = o.connection_id
                          AND n.event = 'answers.overdue' AND n.created_at > now() - interval '1 day'
                          AND COALESCE(n.data ->> 'level', 'answered') = '{level}')
        GROUP BY o.connection_id, o.org_id
    """)  # noqa: S608  # built from constants


_OVERDUE = {level: _overdue(level) for level in Level}
# What the ERP said against what it had said before: one for what came since the last look.
_CONTRADICTED = text("""
    SELECT c.id, c.org_id, max(a.created_at) AS since, count(*) AS answers,
           (array_agg(a.after ->> 'message' ORDER BY a.created_at DESC))[1] AS message
    FROM erp_connection c
    JOIN audit_log a ON a.org_id = c.org_id AND a.action = 'EXPORT_ALERT' AND a.created_at > now() - interval '1 day'
    JOIN erp_export e ON e.id = CAST(a.after ->> 'export_id' AS uuid) AND e.connection_id = c.id
    WHERE NOT EXISTS (SELECT FROM notification n WHERE n.connection_id = c.id AND n.event = 'answers.contradicted'
                      AND n.since >= a.created_at)
    GROUP BY c.id, c.org_id
""")


def _beginning(of: str) -> Any:
    """Return the statement for what begins at a connection: told when the first of it comes, then once a day at most.

    Args:
        of: A query for what is open now: connection_id, org_id, id and filename of an export, message, and since when.
    """
    return text(f"""
        SELECT o.connection_id AS id, o.org_id, max(o.at) AS since, count(*) AS orders,
               (array_agg(json_build_object('export_id', o.id, 'filename', o.filename, 'message', o.message)
                          ORDER BY o.at DESC))[1:10] AS deliveries
        FROM ({of}) o
        LEFT JOIN LATERAL (
            SELECT n.since, n.created_at FROM notification n
            WHERE n.connection_id = o.connection_id AND n.event = :event ORDER BY n.since DESC LIMIT 1) last ON true
        GROUP BY o.connection_id, o.org_id, last.since, last.created_at
        HAVING last.since IS NULL OR min(o.at) > last.since
            OR (max(o.at) > last.since AND last.created_at < now() - interval '1 day')
    """)  # noqa: S608  # `of` is one of the constants below


_BEGINNINGS: dict[Event, Any] = {
    "answers.unreadable": _beginning(f"""
        SELECT e.connection_id, e.org_id, e.id, e.filename, e.unreadable_answer ->> 'reason' AS message,
               CAST(e.unreadable_answer ->> 'read_at' AS timestamptz) AS at
        FROM erp_export e WHERE e.unreadable_answer IS NOT NULL AND {among(OPEN, "e.status")}
    """),  # noqa: S608  # built from a constant
    "deliveries.held": _beginning("""
        SELECT e.connection_id, e.org_id, e.id, COALESCE(e.filename, e.draft_order_id::text) AS filename,
               e.error_json ->> 'message' AS message, e.held_at AS at
        FROM erp_export e WHERE e.status = 'PENDING' AND e.held_at IS NOT NULL
    """),
}
# A target that is away is told as such; this is for answers alone.
_NOT_READ = text(f"""
    SELECT c.id, c.org_id, c.poll_failing_since AS since, c.poll_error AS error
    FROM erp_connection c
    WHERE {IN_USE} AND c.breaker_state = 'CLOSED'
      AND c.poll_failing_since < now() - make_interval(secs => :down_after)
      AND NOT starts_with(c.poll_error ->> 'code', 'ACKS_')
      AND NOT EXISTS (SELECT FROM notification n WHERE n.connection_id = c.id AND n.event = 'answers.not_read'
                      AND n.since >= c.poll_failing_since)
""")  # noqa: S608  # built from a constant
_CERTIFICATES = text(f"""
    SELECT c.id, c.org_id, {CERTIFICATE_WARNED_FROM} AS since, c.certificate_ends_at AS ends
    FROM erp_connection c
    WHERE {CERTIFICATE_ENDS}
      AND NOT EXISTS (SELECT FROM notification n WHERE n.connection_id = c.id AND n.event = 'certificate.ends'
                      AND n.since = {CERTIFICATE_WARNED_FROM})
""")  # noqa: S608  # built from a constant
# Of its address the host alone: the rest may hold a secret.
_DISABLED_WEBHOOKS = text("""
    SELECT NULL AS id, w.org_id, w.id AS webhook_id, w.disabled_at AS since, w.last_error AS error,
           substring(w.url FROM '://([^/?#]+)') AS host
    FROM webhook_endpoint w
    WHERE w.status = 'DISABLED' AND w.disabled_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM notification n WHERE n.org_id = w.org_id AND n.event = 'webhook.disabled'
                      AND n.data ->> 'webhook_id' = w.id::text AND n.since >= w.disabled_at)
""")
# Of each kind of trouble the last word: the installation is in it, or out of it again.
_LAST_WORDS = text("""
    SELECT DISTINCT ON (data ->> 'code') data ->> 'code' AS code, event FROM notification
    WHERE connection_id IS NULL ORDER BY data ->> 'code', since DESC
""")
_ADD_OF_INSTALLATION = text("""
    INSERT INTO notification (id, event, since, data) VALUES (:id, :event, clock_timestamp(), CAST(:data AS jsonb))
""")
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('orderflow notifications'))")
_ADD = text("""
    INSERT INTO notification (id, org_id, connection_id, event, since, data)
    VALUES (:id, :org_id, :connection_id, :event, :since, CAST(:data AS jsonb))
    ON CONFLICT (connection_id, event, since) DO NOTHING
""")
_ADD_TO_ORGANIZATION = text("""
    INSERT INTO notification (id, org_id, event, since, data)
    VALUES (:id, :org_id, :event, :since, CAST(:data AS jsonb)) ON CONFLICT DO NOTHING
""")
_TAKE = text("""
    UPDATE notification n SET next_attempt_at = now() + make_interval(secs => :seconds), attempts = n.attempts + 1
    FROM (SELECT d.id, d.attempts, g.slug, COALESCE(c.name, c.connector_type) AS connection
          FROM notification d
          LEFT JOIN organization g ON g.id = d.org_id LEFT JOIN erp_connection c ON c.id = d.connection_id
          WHERE d.done_at IS NULL AND d.next_attempt_at <= now()
          ORDER BY d.next_attempt_at LIMIT 1 FOR UPDATE OF d SKIP LOCKED) due
    WHERE n.id = due.id
    RETURNING n.id, n.event, due.slug AS organization, n.connection_id, due.connection, n.created_at, n.data, n.sent,
              due.attempts
""")
# Each time it is taken `attempts` rises: whoever took it before writes nothing more.
_SETTLE = text("""
    UPDATE notification
    SET sent = :sent, done_at = CASE WHEN CAST(:retry_in AS float8) IS NULL THEN now() END,
        next_attempt_at = now() + make_interval(secs => COALESCE(:retry_in, 0))
    WHERE id = :id AND attempts = :taken AND done_at IS NULL
""")


class SqlOutbox:
    """`flow.notify.Outbox` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note_changes(self, down_after: float, troubles: Sequence[Trouble] = ()) -> None:
        """Note what changed, unless another process is at it. Raises DatabaseError."""
        with self._database.system() as connection:
            if not connection.execute(_ALONE).scalar_one():
                return
            _note_installation(connection, troubles)
            _note_beginnings(connection)
            for row in connection.execute(_NOT_READ, {"down_after": down_after}).mappings().all():
                connection.execute(_ADD, _row(row, "answers.not_read", {"error": row["error"]}))
            for row in connection.execute(_CHANGES, {"down_after": down_after}).mappings().all():
                data = {"error": row["error"], "waiting": row["waiting"]}
                connection.execute(_ADD, _row(row, row["event"], data))
            for level, overdue_there in _OVERDUE.items():
                for row in connection.execute(overdue_there).mappings().all():
                    data = {"level": level, "unanswered": row["unanswered"], "deliveries": row["deliveries"]}
                    connection.execute(_ADD, _row(row, "answers.overdue", data))
            for row in connection.execute(_DISABLED_WEBHOOKS).mappings().all():
                data = {
                    "webhook_id": str(row["webhook_id"]),
                    "host": row["host"].rsplit(":", 1)[0],
                    "error": row["error"],
                }
                connection.execute(_ADD_TO_ORGANIZATION, _row(row, "webhook.disabled", data))
            for row in connection.execute(_CERTIFICATES).mappings().all():
                connection.execute(_ADD, _row(row, "certificate.ends", {"ends_at": row["ends"].isoformat()}))
            for row in connection.execute(_CONTRADICTED).mappings().all():
                error = {"code": "ANSWERS_CONTRADICT", "message": row["message"]}
                connection.execute(_ADD, _row(row, "answers.contradicted", {"error": error, "answers": row["answers"]}))

    def take(self, seconds: float) -> Notification | None:
        """Return one that is due, for so long. Raises DatabaseError."""
        with self._database.system() as connection:
            row = connection.execute(_TAKE, {"seconds": seconds}).mappings().one_or_none()
        return Notification(**row) if row else None

    def settle(self, notification: Notification, sent: Collection[str], retry_in: float | None) -> None:
        """Note what became of it, unless somebody else has taken it since. Raises DatabaseError."""
        taken = {"id": notification.id, "taken": notification.attempts + 1}
        with self._database.system() as connection:
            connection.execute(_SETTLE, taken | {"sent": list(sent), "retry_in": retry_in})


def _note_beginnings(connection: Connection) -> None:
    for event, began in _BEGINNINGS.items():
        for row in connection.execute(began, {"event": event}).mappings().all():
            data = {"orders": row["orders"], "deliveries": row["deliveries"]}
            connection.execute(_ADD, _row(row, event, data))


def _note_installation(connection: Connection, troubles: Sequence[Trouble]) -> None:
    told = {row.code for row in connection.execute(_LAST_WORDS) if row.event == "installation.trouble"}
    now = {trouble.code for trouble in troubles}
    for trouble in troubles:
        if trouble.code not in told:
            _add(connection, "installation.trouble", {"code": trouble.code, "error": trouble.as_json()})
    for code in sorted(told - now):
        _add(connection, "installation.recovered", {"code": code})


def _add(connection: Connection, event: Event, data: dict[str, Any]) -> None:
    connection.execute(_ADD_OF_INSTALLATION, {"id": new_id(), "event": event, "data": as_json(data)})


def _row(row: Mapping[Any, Any], event: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "org_id": row["org_id"],
        "connection_id": row["id"],
        "event": event,
        "since": row["since"],
        "data": as_json({name: value for name, value in data.items() if value}),
    }
