"""The books of all organizations, held against each other. Runs as `orderflow_system`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from orderflow.domain.answer_details import Level
from orderflow.domain.bulk import BulkStatus
from orderflow.domain.ids import new_id
from orderflow.domain.states import (
    ARRIVED,
    ENDED,
    FITTING,
    OPEN,
    AttemptStatus,
    AttemptStep,
    ERPExportStatus,
    ExportStep,
    Kind,
    OrderAction,
    OrderEvent,
    OrderStatus,
)
from orderflow.flow.doctor import EndedRecall, Finding, OpenDocument
from orderflow.storage.database import Database
from orderflow.storage.tables.states import WITHIN, among, fitting, in_doubt, may, overdue, quoted, tells_order, unsent
from orderflow.storage.work.clock import CERTIFICATE_ENDS, IN_USE, awaited, unleased

_MOST = 1_000
"""Findings of one kind that are listed."""

# The newest export decides what an order's state has to be; a change that failed does so as long as it is in ERROR.
_LATEST = f"""
    SELECT DISTINCT ON (e.draft_order_id) e.* FROM erp_export e
    JOIN draft_order d ON d.id = e.draft_order_id AND {among(FITTING.values(), "d.status")}
    WHERE e.error_json ->> 'code' IS DISTINCT FROM 'SUPERSEDED' AND {tells_order("e")}
      AND NOT (e.follows IS NOT NULL AND {among([ERPExportStatus.FAILED], "e.status")}
               AND NOT {among([OrderStatus.ERROR], "d.status")})
    ORDER BY e.draft_order_id, e.created_at DESC, e.id DESC
"""  # built from constants
_FITTING = fitting("e.status")
_FORWARD = f"""(
    ({may(OrderEvent.REPAIR, "o.status")} AND {among(OrderEvent.REPAIR.change.ends, _FITTING)})
    OR ({may(OrderEvent.REPAIR_ANSWERED, "o.status")} AND {among(OrderEvent.REPAIR_ANSWERED.change.ends, _FITTING)}))
"""
_WAITS = may(ExportStep.WORK, "e.status")
_IS_SENT = may(ExportStep.CONFIRM, "e.status")
_OPEN = among(OPEN, "e.status")
_SURELY_UNSENT = f"{_WAITS} AND {unsent('e')} AND {unleased('e')}"
# Nothing waits for longer than this, and nothing was written in the future: else a clock was ahead then.
_FAR = "now() + interval '15 minutes'"
_AHEAD = "now() + interval '10 seconds'"
_STUCK = f"e.lease_token IS NOT NULL AND (NOT {_WAITS} OR e.lease_until > {_FAR})"
_DUE_FAR = f"""
    {_WAITS} AND e.held_at IS NULL AND e.next_attempt_at > {_AHEAD}
    AND (GREATEST(e.created_at, e.updated_at) > {_AHEAD}
         OR e.next_attempt_at > GREATEST(now(), e.not_before) + make_interval(secs => :longest_wait + {awaited("e")}))
"""
_LANE_FAR = f"SELECT FROM erp_lane l WHERE l.connection_id = c.id AND l.lease_until > {_FAR}"
_CONNECTION_FAR = f"""
    c.deleted_at IS NULL AND (
        GREATEST(c.probe_at, c.poll_lease_until) > {_FAR} OR EXISTS ({_LANE_FAR})
        OR c.next_poll_at > now() + make_interval(secs => :longest_poll))
"""
_OPEN_LOG = f"""
    {may(AttemptStep.END, "l.status")}
    AND (NOT {_WAITS} OR e.lease_until IS NULL OR e.lease_until < now() - interval '1 hour')
"""
_WHO = "g.slug AS organization, e.draft_order_id AS order_id, e.id AS export_id"
_FROM = "FROM erp_export e JOIN organization g ON g.id = e.org_id"

_NEED_AN_EXPORT = tuple(FITTING[status] for status in OPEN)
_DISAGREEMENTS = {
    "ORDER_DISAGREES": f"""
        SELECT {_WHO}, format('The order is %s, its delivery %s.', o.status, e.status) AS message,
               {_FORWARD} AS repairable
        FROM ({_LATEST}) e JOIN organization g ON g.id = e.org_id JOIN draft_order o ON o.id = e.draft_order_id
        WHERE o.status <> {_FITTING}
    """,
    "EXPORT_MISSING": f"""
        SELECT g.slug AS organization, o.id AS order_id, NULL::uuid AS export_id, false AS repairable,
               format('The order is %s, and there is no delivery of it.', o.status) AS message
        FROM draft_order o JOIN organization g ON g.id = o.org_id
        WHERE {among(_NEED_AN_EXPORT, "o.status")}
          AND NOT EXISTS (SELECT FROM erp_export e WHERE e.draft_order_id = o.id AND {tells_order("e")})
    """,
    "LEASE_STUCK": f"""
        SELECT {_WHO}, format('The delivery is %s, and its lease ends %s.', e.status, e.lease_until) AS message,
               true AS repairable
        {_FROM} WHERE {_STUCK}
    """,
    "DUE_FAR_AHEAD": f"""
        SELECT {_WHO}, format('It is not due before %s: a clock was ahead.', e.next_attempt_at) AS message,
               true AS repairable
        {_FROM} WHERE {_DUE_FAR}
    """,
    "CONNECTION_FAR_AHEAD": f"""
        SELECT g.slug AS organization, NULL::uuid AS order_id, NULL::uuid AS export_id, true AS repairable,
               format('%s rests until a day far ahead: a clock was ahead.', COALESCE(c.name, c.connector_type))
               AS message
        FROM erp_connection c JOIN organization g ON g.id = c.org_id WHERE {_CONNECTION_FAR}
    """,
    "ATTEMPT_OPEN": f"""
        SELECT {_WHO}, format('Attempt %s is open, and nobody works on it.', l.attempt_no) AS message,
               true AS repairable
        {_FROM} JOIN erp_push_log l ON l.erp_export_id = e.id WHERE {_OPEN_LOG}
    """,
    "SUCCESS_MISSING": f"""
        SELECT {_WHO}, format('The delivery is %s, and no attempt in the log succeeded.', e.status) AS message,
               false AS repairable
        {_FROM}
        WHERE {_IS_SENT} AND NOT e.inferred
          AND NOT EXISTS (SELECT FROM erp_push_log l
                          WHERE l.erp_export_id = e.id AND l.status = {quoted(AttemptStatus.SUCCESS)})
    """,
    "REVISION_CHANGED": f"""
        SELECT {_WHO}, format('Revision %s of the order is not what was approved.', e.revision) AS message,
               false AS repairable
        {_FROM} JOIN draft_order o ON o.id = e.draft_order_id AND NOT {among(ENDED, "o.status")}
        LEFT JOIN draft_order_revision v ON v.draft_order_id = e.draft_order_id AND v.revision = e.revision
        WHERE e.revision IS NOT NULL
          AND (encode(sha256(convert_to(v.content, 'UTF8')), 'hex') = v.sha256) IS NOT TRUE
    """,
}
_ENDED_AS = f"""
    CASE WHEN {_WAITS} THEN {quoted(AttemptStatus.RETRYING)}
         WHEN {among(ARRIVED, "e.status")} THEN {quoted(AttemptStatus.SUCCESS)} ELSE {quoted(AttemptStatus.FAILED)} END
"""
_REPAIRS = (
    f"UPDATE erp_export e SET lease_token = NULL, lease_until = NULL WHERE {_STUCK}",
    f"UPDATE erp_export e SET next_attempt_at = GREATEST(now(), e.not_before) WHERE {_DUE_FAR}",
    f"""
        UPDATE erp_connection c
        SET probe_at = LEAST(probe_at, now()), next_poll_at = LEAST(next_poll_at, now()),
            poll_lease_until = LEAST(poll_lease_until, now())
        WHERE {_CONNECTION_FAR}
    """,
    f"DELETE FROM erp_lane WHERE lease_until > {_FAR}",
    f"""
        UPDATE erp_push_log l
        SET status = {_ENDED_AS},
            error_message = COALESCE(l.error_message, 'Closed by orderflow doctor: nobody worked on it.')
        FROM erp_export e WHERE e.id = l.erp_export_id AND {_OPEN_LOG}
    """,
    f"""
        UPDATE draft_order o
        SET status = {_FITTING}, erp_order_id = COALESCE(o.erp_order_id, e.erp_order_id), updated_at = now(),
            error_json = CASE WHEN e.status = {quoted(ERPExportStatus.FAILED)} THEN e.error_json END
        FROM ({_LATEST}) e WHERE o.id = e.draft_order_id AND {_FORWARD}
        RETURNING o.org_id, o.id, o.status
    """,
)
_AUDIT = text("""
    INSERT INTO audit_log (id, org_id, actor, action, entity_type, entity_id, after)
    VALUES (:id, :org_id, 'orderflow doctor', 'ORDER_REPAIRED', 'draft_order', :order_id,
            jsonb_build_object('status', CAST(:status AS text)))
""")
_LATE = " ".join(
    f"WHEN {overdue(level)} THEN format('is not {level} yet; the limit is %s s', c.{WITHIN[level]})" for level in Level
)
_OVERDUE = f"""
    SELECT {_WHO}, false AS repairable,
           format('%s was %s %s and %s.', e.filename,
                  CASE WHEN e.inferred THEN 'taken to be delivered' ELSE 'delivered' END, e.sent_at, CASE {_LATE} END)
           AS message
    {_FROM} JOIN erp_connection c ON c.id = e.connection_id
    WHERE {_IS_SENT} AND ({" OR ".join(map(overdue, Level))})
    ORDER BY e.inferred DESC, e.sent_at
"""
_UNKNOWN = f"""
    SELECT {_WHO}, false AS repairable,
           format('It is unknown whether %s arrived: %s', COALESCE(e.filename, 'the order'), e.error_json ->> 'message')
           AS message
    {_FROM}
"""
# Also what an earlier release let fail although it may have arrived, and what a change waits for: nobody works on it.
_HELD = f"""
    ({_UNKNOWN} WHERE {_WAITS} AND e.held_at IS NOT NULL ORDER BY e.held_at)
    UNION ALL
    ({_UNKNOWN} JOIN erp_export n ON n.follows = e.id AND {may(ExportStep.WORK, "n.status")}
     WHERE {among([ERPExportStatus.FAILED], "e.status")} AND {in_doubt("e")} AND {tells_order("e")})
"""
_NAME = "COALESCE(c.name, c.connector_type)"
_CONNECTIONS = "erp_connection c JOIN organization g ON g.id = c.org_id"
_WAITING = f"(SELECT count(*) FROM erp_export e WHERE e.connection_id = c.id AND {_WAITS})"  # as above
_NO_ORDER = "g.slug AS organization, NULL::uuid AS order_id, NULL::uuid AS export_id, false AS repairable"
_PAUSED = f"""
    SELECT {_NO_ORDER},
           format('%s is paused until somebody acts, %s order(s) wait: %s', {_NAME}, {_WAITING},
                  c.breaker_error ->> 'message') AS message
    FROM {_CONNECTIONS}
    WHERE c.deleted_at IS NULL AND c.breaker_state = 'PAUSED' AND ({IN_USE} OR {_WAITING} > 0)
    ORDER BY c.breaker_since
"""
_OFF = f"""
    SELECT {_NO_ORDER}, format('%s is DISABLED, and %s order(s) wait for it.', {_NAME}, {_WAITING}) AS message
    FROM {_CONNECTIONS}
    WHERE c.deleted_at IS NULL AND c.status = 'DISABLED' AND c.breaker_state <> 'PAUSED' AND {_WAITING} > 0
"""
_NOT_READ = f"""
    SELECT {_NO_ORDER},
           format('Answers of %s are not read as they should be, since %s: %s', {_NAME}, c.poll_failing_since,
                  c.poll_error ->> 'message') AS message
    FROM {_CONNECTIONS} WHERE c.deleted_at IS NULL AND c.poll_error IS NOT NULL
    UNION ALL
    SELECT {_NO_ORDER},
           format('%s answer(s) that were sent to %s are not read, the oldest since %s: see that an engine runs that '
                  'can open it.', count(*), {_NAME}, min(i.received_at))
    FROM inbound i JOIN {_CONNECTIONS} ON c.id = i.connection_id
    WHERE c.deleted_at IS NULL AND i.next_read_at IS NOT NULL AND i.received_at < now() - interval '1 hour'
      AND (i.read_at IS NULL OR i.read_at < i.received_at)
    GROUP BY g.slug, c.id
"""
_UNREADABLE = f"""
    SELECT {_NO_ORDER}, format('%s answer(s) of %s cannot be read.', count(*), {_NAME}) AS message
    FROM erp_export e JOIN {_CONNECTIONS} ON c.id = e.connection_id
    WHERE e.unreadable_answer IS NOT NULL AND {_OPEN} GROUP BY g.slug, c.id
"""
_IN_ERROR = f"""
    SELECT {_NO_ORDER}, format('%s order(s) are in ERROR, since %s.', count(*), min(o.updated_at)) AS message
    FROM draft_order o JOIN organization g ON g.id = o.org_id
    WHERE o.status = {quoted(OrderStatus.ERROR)} GROUP BY g.slug
"""
_HOURS_STUCK = f"""
    SELECT {_NO_ORDER},
           format('%s is closed since %s, and nobody has worked out when it opens: %s order(s) wait.', {_NAME},
                  c.open_until, {_WAITING}) AS message
    FROM {_CONNECTIONS}
    WHERE c.deleted_at IS NULL AND c.opening_hours IS NOT NULL AND c.open_until < now() - interval '15 minutes'
"""
_JOB_STUCK = f"""
    SELECT {_NO_ORDER},
           format('The bulk job %s (%s) has not moved since %s: %s order(s) are left. See that an engine runs whose '
                  'release knows it, and its log; or cancel it.', j.id, j.action, COALESCE(j.worked_at, j.created_at),
                  j.total - j.done - j.waiting - j.refused) AS message
    FROM bulk_job j JOIN organization g ON g.id = j.org_id
    WHERE {among([BulkStatus.RUNNING], "j.status")}
      AND COALESCE(j.worked_at, j.created_at) < now() - interval '15 minutes'
"""
_TALLIES_LATE = f"""
    SELECT {_NO_ORDER},
           format('The deliveries were last counted at %s, so that statistics count them one by one, and are slow.',
                  COALESCE(s.seen_at, s.checked_at)) AS message
    FROM delivery_tally_state s JOIN organization g ON g.id = s.org_id
    WHERE COALESCE(s.seen_at, s.checked_at) < now() - interval '15 minutes'
"""
_WEBHOOK = "concat_ws(' ', w.id, w.name)"
_WEBHOOKS = "webhook_endpoint w JOIN organization g ON g.id = w.org_id"
_WEBHOOK_OFF = f"""
    SELECT {_NO_ORDER},
           format('The webhook %s was disabled at %s, since it took nothing for days: %s', {_WEBHOOK}, w.disabled_at,
                  w.last_error ->> 'message') AS message
    FROM {_WEBHOOKS} WHERE w.status = 'DISABLED' AND w.disabled_at IS NOT NULL ORDER BY w.disabled_at
"""
_WEBHOOK_FAILING = f"""
    SELECT {_NO_ORDER},
           format('The webhook %s takes nothing since %s: %s', {_WEBHOOK}, w.failing_since,
                  w.last_error ->> 'message') AS message
    FROM {_WEBHOOKS} WHERE w.status = 'ACTIVE' AND w.failing_since < now() - interval '15 minutes'
    ORDER BY w.failing_since
"""
# Due, and not tried; or not even noted for it, or numbered.
_IS_BEHIND = " OR ".join(
    f"EXISTS (SELECT FROM {waiting} AND {since} < now() - interval '15 minutes')"
    for waiting, since in (
        ("webhook_delivery d WHERE d.endpoint_id = w.id AND d.delivered_at IS NULL", "d.next_attempt_at"),
        ("event e WHERE e.org_id = w.org_id AND e.number > w.position", "e.at"),
        ("event e WHERE e.org_id = w.org_id AND e.number IS NULL", "e.at"),
    )
)
_WEBHOOK_BEHIND = f"""
    SELECT {_NO_ORDER},
           format('Events have waited for more than a quarter of an hour for the webhook %s, and nobody sends them.',
                  {_WEBHOOK}) AS message
    FROM {_WEBHOOKS} WHERE w.status = 'ACTIVE' AND w.failing_since IS NULL AND ({_IS_BEHIND})
"""
_WEBHOOK_MISSED = f"""
    SELECT {_NO_ORDER},
           format('%s event(s), the last at %s, were deleted before the webhook %s took them.', w.missed, w.missed_at,
                  {_WEBHOOK}) AS message
    FROM {_WEBHOOKS} WHERE w.missed > 0 ORDER BY w.missed_at
"""
_CERTIFICATE_ENDS = f"""
    SELECT {_NO_ORDER},
           format('The last certificate of %s ends at %s: add the one that follows it to the connection.',
                  COALESCE(c.name, c.connector_type), c.certificate_ends_at) AS message
    FROM erp_connection c JOIN organization g ON g.id = c.org_id WHERE {CERTIFICATE_ENDS}
"""
_RECALL_OPEN = f"""
    SELECT {_WHO}, false AS repairable,
           format('It is being recalled since %s, and the ERP has not answered: confirm the recall or end it, as its '
                  'people say.', e.created_at) AS message
    {_FROM} JOIN draft_order o ON o.id = e.draft_order_id AND {may(OrderAction.END_RECALL, "o.status")}
    WHERE e.kind = {quoted(Kind.RECALL)} AND {_OPEN} AND e.created_at < now() - interval '3 days' ORDER BY e.created_at
"""
_RECALL_ENDED = f"""
    SELECT {_WHO}, e.org_id, true AS repairable,
           format('The order is RECALLING, and its recall %s.', e.status) AS message
    FROM (
        SELECT DISTINCT ON (r.draft_order_id) r.* FROM erp_export r
        JOIN draft_order o ON o.id = r.draft_order_id AND {may(OrderAction.END_RECALL, "o.status")}
        WHERE r.kind = {quoted(Kind.RECALL)} ORDER BY r.draft_order_id, r.created_at DESC, r.id DESC
    ) e JOIN organization g ON g.id = e.org_id
    WHERE NOT {_OPEN} LIMIT {_MOST}
"""
_KEYS_OF_NOBODY = """
    SELECT g.slug AS organization, NULL::uuid AS order_id, NULL::uuid AS export_id, false AS repairable, true AS remark,
           format('The API key %s (ofk_%s_…) is from before keys belonged to a user, so that it ends with nobody: '
                  'assign it with PATCH /api/v1/api-keys/%s, or make a new one and revoke it.', k.name, k.prefix, k.id)
           AS message
    FROM api_key k JOIN organization g ON g.id = k.org_id
    WHERE k.user_id IS NULL AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
    ORDER BY k.created_at
"""
_IN_DOUBT_CHANGED = """
    SELECT g.slug AS organization, NULL::uuid AS order_id, NULL::uuid AS export_id, false AS repairable, true AS remark,
           format('The connection %s sent again what was in doubt; the upgrade made it hold such orders for a person. '
                  'If its ERP may get an order twice, this restores it: '
                  'orderflow connections edit %s --in-doubt resend --org %s',
                  COALESCE(c.name, c.connector_type), c.id, g.slug) AS message
    FROM erp_connection c JOIN organization g ON g.id = c.org_id
    WHERE c.in_doubt_before = 'resend' AND c.deleted_at IS NULL
    ORDER BY g.slug, c.created_at
"""
_ATTENTION = {
    "ANSWER_OVERDUE": _OVERDUE,
    "DELIVERY_HELD": _HELD,
    "CONNECTION_PAUSED": _PAUSED,
    "CONNECTION_OFF": _OFF,
    "ANSWERS_NOT_READ": _NOT_READ,
    "ANSWERS_UNREADABLE": _UNREADABLE,
    "HOURS_STUCK": _HOURS_STUCK,
    "BULK_JOB_STUCK": _JOB_STUCK,
    "TALLIES_LATE": _TALLIES_LATE,
    "CERTIFICATE_ENDS": _CERTIFICATE_ENDS,
    "RECALL_OPEN": _RECALL_OPEN,
    "WEBHOOK_OFF": _WEBHOOK_OFF,
    "WEBHOOK_FAILING": _WEBHOOK_FAILING,
    "WEBHOOK_BEHIND": _WEBHOOK_BEHIND,
    "WEBHOOK_MISSED": _WEBHOOK_MISSED,
    "ORDERS_IN_ERROR": _IN_ERROR,
    "KEY_OF_NOBODY": _KEYS_OF_NOBODY,
    "IN_DOUBT_CHANGED": _IN_DOUBT_CHANGED,
}
_OPEN_DOCUMENTS = text(f"""
    SELECT {_WHO}, e.export_storage_key AS storage_key,
           {_SURELY_UNSENT} AS sent_nothing
    {_FROM} WHERE {_OPEN} AND e.document_sha256 IS NOT NULL ORDER BY e.created_at LIMIT :most
""")  # built from constants
_BUILD_ANEW = text(f"""
    UPDATE erp_export e SET document_sha256 = NULL, export_storage_key = NULL, document_size = NULL, filename = NULL
    WHERE id = ANY(:ids) AND {_SURELY_UNSENT}
""")  # built from constants
# Also what was held before, whether asked about or not: it may have been sent again since then, so that its doubt is
# another one, and what was seen of the one before resolves nothing.
_HOLD = text(f"""
    WITH held AS (
        UPDATE erp_export e
        SET held_at = COALESCE(held_at, now()), asking = false, lease_token = NULL, lease_until = NULL,
            begun_at = COALESCE(begun_at, now()),
            last_begun_at = CASE WHEN begun_at IS NOT NULL THEN now() ELSE last_begun_at END,
            error_json = jsonb_build_object(
                'code', CAST(:code AS text), 'message', CAST(:message AS text),
                'hint', 'Look in the ERP whether the order is there, then resolve it as delivered or send it again.')
        FROM organization g
        WHERE g.id = e.org_id AND {may(ExportStep.HOLD, "e.status")} AND e.staged_at IS NULL
        RETURNING g.slug AS organization, e.draft_order_id AS order_id, e.id AS export_id
    ), closed AS (
        UPDATE erp_push_log l SET status = {quoted(AttemptStatus.RETRYING)}, error_message = :message
        FROM held WHERE l.erp_export_id = held.export_id AND {may(AttemptStep.END, "l.status")}
    )
    SELECT * FROM held
""")  # built from constants
_JUMP = text("""
    INSERT INTO control_counter AS c (connection_id, org_id, last) SELECT id, org_id, :jump FROM erp_connection
    ON CONFLICT (connection_id) DO UPDATE SET last = c.last + excluded.last
""")
CONTROL_NUMBER_JUMP = 100_000
"""What may have been counted since a backup was made, and was lost with it."""

# Both would push by themselves what may have been pushed since.
_END_JOBS = text(f"""
    UPDATE bulk_job j
    SET status = {quoted(BulkStatus.CANCELLED)}, cancelled_by = 'orderflow doctor', ended_at = now()
    FROM organization g WHERE g.id = j.org_id AND {among([BulkStatus.RUNNING], "j.status")}
    RETURNING g.slug AS organization,
              format('The bulk job %s (%s) was cancelled: begin another one for what is left of it.', j.id, j.action)
              AS message
""")  # built from constants
_FORGET_REQUESTS = text("""
    UPDATE draft_order SET push_requested_at = NULL, push_request = NULL, waits_for = NULL, waits_seen = NULL
    WHERE waits_for IS NOT NULL
""")
_NOT_YET_ASKED = """
    SELECT g.slug AS organization, o.id AS order_id, NULL::uuid AS export_id, false AS repairable,
           format('It is %s here, and may have been pushed since: look in the ERP first.', o.status) AS message
    FROM draft_order o JOIN organization g ON g.id = o.org_id
    WHERE {} ORDER BY o.created_at
"""
_NOT_YET_APPROVED = f"""
    SELECT {_NO_ORDER},
           format('%s order(s) are not approved here, and may have been, and pushed, since: look in the ERP before you '
                  'push one that came in before.', count(*)) AS message
    FROM draft_order o JOIN organization g ON g.id = o.org_id
    WHERE {among(OrderEvent.ACCEPT.change.ends, "o.status")} GROUP BY g.slug
"""


class SqlBooks:
    """`flow.doctor.Books` on PostgreSQL."""

    def __init__(self, connection: Connection, limits: dict[str, float]) -> None:
        self._connection = connection
        self._limits = limits

    def disagreements(self) -> list[Finding]:
        """Return what contradicts itself."""
        return [finding for code, query in _DISAGREEMENTS.items() for finding in self._found(code, query)]

    def repair(self) -> int:
        """Put right what is safe."""
        *others, orders = (self._connection.execute(text(statement), self._limits) for statement in _REPAIRS)
        moved = orders.all()
        for org_id, order_id, status in moved:
            row = {"id": new_id(), "org_id": org_id, "order_id": order_id, "status": status}
            self._connection.execute(_AUDIT, row)
        return sum(result.rowcount for result in others) + len(moved)

    def ended_recalls(self) -> list[EndedRecall]:
        """Return the recalls that have ended, of orders that are RECALLING."""
        rows = self._connection.execute(text(_RECALL_ENDED)).mappings()
        return [EndedRecall(row["org_id"], Finding("RECALL_ENDED", **_known(row))) for row in rows]

    def attention(self) -> list[Finding]:
        """Return what a person has to decide."""
        return [finding for code, query in _ATTENTION.items() for finding in self._found(code, query)]

    def open_documents(self, most: int) -> list[OpenDocument]:
        """Return documents that may still be needed."""
        rows = self._connection.execute(_OPEN_DOCUMENTS, {"most": most}).mappings()
        return [OpenDocument(**row) for row in rows]

    def build_anew(self, export_ids: Iterable[UUID]) -> None:
        """Forget documents of which nothing was sent; the next claim builds them again."""
        self._connection.execute(_BUILD_ANEW, {"ids": list(export_ids)})

    def hold_unsent(self, code: str, message: str) -> list[Finding]:
        """Hold what may have been sent since; `message` says since when, and why nobody knows.

        What would push by itself ends: bulk jobs, and orders that wait for a route.
        Control numbers go on beyond those that may have been given out since.
        """
        self._connection.execute(_JUMP, {"jump": CONTROL_NUMBER_JUMP})
        self._connection.execute(_FORGET_REQUESTS)
        ended = self._connection.execute(_END_JOBS).mappings()
        found = [Finding(f"{code}_JOB", repaired=True, **row) for row in ended]
        held = self._connection.execute(_HOLD, {"code": code, "message": message}).mappings()
        found += [Finding(f"{code}_HELD", message=f"Held. {message}", repaired=True, **row) for row in held]
        for kind, action in (("APPROVED", OrderAction.PUSH), ("ERROR", OrderAction.RETRY)):
            found += self._found(f"{code}_{kind}", _NOT_YET_ASKED.format(may(action, "o.status")))
        return found + self._found(f"{code}_NOT_APPROVED", _NOT_YET_APPROVED)

    def _found(self, code: str, query: str) -> list[Finding]:
        limited: TextClause = text(f"{query} LIMIT {_MOST}")
        return [Finding(code, **_known(row)) for row in self._connection.execute(limited, self._limits).mappings()]


def _known(row: Any) -> dict[str, Any]:
    names = ("organization", "message", "order_id", "export_id", "repairable", "remark")
    return {name: row[name] for name in names if name in row}


class SqlBookKeeping:
    """`flow.doctor.BookKeeping` on PostgreSQL.

    Args:
        longest_wait, longest_poll: Seconds that a delivery, or a look for answers, may be put off at most.
    """

    def __init__(self, database: Database, longest_wait: float = 4_500, longest_poll: float = 900) -> None:
        self._database = database
        self._limits = {"longest_wait": longest_wait, "longest_poll": longest_poll}

    @contextmanager
    def books(self) -> Iterator[SqlBooks]:
        """Open a transaction across organizations. Raises DatabaseError."""
        with self._database.system() as connection:
            yield SqlBooks(connection, self._limits)
