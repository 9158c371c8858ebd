"""What is kept no longer: orders that ended long ago, old audit rows, and one order's personal data on request."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, text

from orderflow.documents.object_store import ObjectStore
from orderflow.domain.delivery import arrived_id
from orderflow.domain.errors import StateError
from orderflow.domain.orders import TEXTS_BY_NAME
from orderflow.domain.states import ENDED
from orderflow.flow.ports import Actor
from orderflow.postgres.errors import DatabaseError
from orderflow.storage.database import Database, translated
from orderflow.storage.store import SqlStore
from orderflow.storage.tables.roles import SYSTEM_ROLE
from orderflow.storage.tables.states import among
from orderflow.storage.work.events import number_events
from orderflow.storage.work.kept_answers import KEPT_HOURS

BATCH = 500
"""Orders in one transaction."""

# Both walk an index from the oldest on, and go on where the step before ended instead of passing what that deleted.
_OLD_ORDERS = text(f"""
    SELECT o.id, o.updated_at FROM draft_order o
    WHERE {among(ENDED, "o.status")}
      AND o.updated_at >= :since AND o.updated_at < now() - make_interval(days => :days)
      AND NOT EXISTS (SELECT FROM audit_log a WHERE a.org_id = o.org_id AND a.entity_id = o.id
                      AND a.created_at >= now() - make_interval(days => :days))
    ORDER BY o.updated_at LIMIT :batch FOR UPDATE OF o SKIP LOCKED
""")  # noqa: S608  # built from a constant
_OLD_AUDIT = text("""
    WITH old AS (
        SELECT org_id, created_at, id FROM audit_log
        WHERE entity_type IS DISTINCT FROM 'draft_order'
          AND created_at >= :since AND created_at < now() - make_interval(days => :days)
        ORDER BY created_at LIMIT :batch
    )
    DELETE FROM audit_log a USING old
    WHERE a.org_id = old.org_id AND a.created_at = old.created_at AND a.id = old.id RETURNING a.created_at
""")
_OLD_ANSWERS = text(f"""
    WITH old AS (
        SELECT id FROM kept_answer
        WHERE created_at >= :since AND created_at < now() - interval '{KEPT_HOURS} hours'
        ORDER BY created_at LIMIT :batch
    )
    DELETE FROM kept_answer a USING old WHERE a.id = old.id RETURNING a.created_at
""")  # noqa: S608  # built from a constant
# What is still to be read stays, however long no process can: whoever sent it was told that it will be.
_OLD_INBOUND = text("""
    WITH old AS (
        SELECT id FROM inbound
        WHERE received_at >= :since AND received_at < now() - make_interval(days => :days)
          AND (next_read_at IS NULL OR connection_id IN (
              SELECT id FROM erp_connection WHERE deleted_at IS NOT NULL))
        ORDER BY received_at LIMIT :batch
    )
    DELETE FROM inbound i USING old WHERE i.id = old.id RETURNING i.received_at
""")
# The cancellation stays, so that its order is not sent should it come after all. Its id begins with its milliseconds.
_OLD_CANCELLATIONS = text("""
    UPDATE order_key SET cancelled_by = 'forgotten', cancel_reason = 'forgotten'
    WHERE cancelled_by <> 'forgotten' AND order_id < CAST(rpad(lpad(to_hex(CAST(
        extract(epoch FROM now() - make_interval(days => :days)) * 1000 AS bigint)), 12, '0'), 32, '0') AS uuid)
""")
# Where the oldest without a number is old: numbered it goes like all others, whether anybody reads them or not.
_UNTOLD = text("""
    SELECT g.id FROM organization g
    WHERE (SELECT e.at FROM event e WHERE e.org_id = g.id AND e.number IS NULL ORDER BY e.id LIMIT 1)
        < now() - make_interval(days => :event_days)
""")
# Of one organization, up to the first that is not old: an event of a long transaction stays a little longer, and those
# behind it.
_OLD_EVENTS = text("""
    SELECT o.org_id, max(o.number) AS upto, count(*) AS events
    FROM (
        SELECT c.org_id, c.pruned FROM event_counter c
        WHERE (SELECT e.at FROM event e WHERE e.org_id = c.org_id AND e.number > c.pruned ORDER BY e.number LIMIT 1)
            < now() - make_interval(days => :event_days)
        LIMIT 1
    ) c CROSS JOIN LATERAL (
        SELECT e.org_id, e.number,
               bool_and(e.at < now() - make_interval(days => :event_days)) OVER (ORDER BY e.number) AS old
        FROM (SELECT * FROM event WHERE org_id = c.org_id AND number > c.pruned ORDER BY number LIMIT :batch) e
    ) o
    WHERE o.old GROUP BY o.org_id
""")
_HOLD_COUNTER = text("SELECT FROM event_counter WHERE org_id = :org_id FOR UPDATE")
_DELETE_EVENTS = (
    text("DELETE FROM event WHERE org_id = :org_id AND number <= :upto"),
    text("UPDATE event_counter SET pruned = GREATEST(pruned, :upto) WHERE org_id = :org_id"),
)
# An endpoint that takes nothing for so long is told what it will never get, and so is whoever looks at it.
_NOTE_MISSED = text("""
    WITH lost AS (
        SELECT w.id, w.org_id, count(*) AS events, max(e.number) AS number
        FROM event e JOIN webhook_endpoint w ON w.org_id = e.org_id AND (w.kinds = '{}' OR e.kind = ANY(w.kinds))
        WHERE e.org_id = :org_id AND e.number <= :upto
          AND (e.number > w.position
               OR EXISTS (SELECT FROM webhook_delivery d
                          WHERE d.endpoint_id = w.id AND d.number = e.number AND d.delivered_at IS NULL))
        GROUP BY w.id
    ), noted AS (
        UPDATE webhook_endpoint w SET missed = w.missed + l.events, missed_at = now() FROM lost l WHERE w.id = l.id
    )
    INSERT INTO webhook_attempt (id, org_id, endpoint_id, number, attempt, error, ms)
    SELECT gen_random_uuid(), l.org_id, l.id, l.number, 0, jsonb_build_object(
        'code', 'EVENTS_GONE',
        'message', format('%s event(s) were deleted before they were sent: they are kept for %s day(s).',
                          l.events, CAST(:event_days AS integer)),
        'hint', 'Have the receiver read what changed meanwhile (GET /draft-orders?updated_since=…).'), 0
    FROM lost l
""")
_DELETE_TOLD = (
    text("""
        DELETE FROM webhook_delivery d USING webhook_endpoint w, event_counter c
        WHERE w.org_id = :org_id AND c.org_id = w.org_id AND d.endpoint_id = w.id AND d.number <= c.pruned
    """),
    text("""
        DELETE FROM webhook_attempt a USING webhook_endpoint w, event_counter c
        WHERE w.org_id = :org_id AND c.org_id = w.org_id AND a.endpoint_id = w.id AND a.number <= c.pruned
          AND (a.attempt > 0 OR a.created_at < now() - make_interval(days => :event_days))
    """),
)
# A long job's orders go some at a time, and the job with the last of them.
_OLD_JOB = text("""
    SELECT id, ended_at FROM bulk_job
    WHERE ended_at >= :since AND ended_at < now() - make_interval(days => :days) ORDER BY ended_at LIMIT 1
""")
_JOB_ORDERS = text("""
    DELETE FROM bulk_job_order WHERE job_id = :id AND position IN (
        SELECT position FROM bulk_job_order WHERE job_id = :id ORDER BY position LIMIT :batch)
""")
_JOB = text("DELETE FROM bulk_job WHERE id = :id")
_LOCK = 0x0F_DB_00_02  # any number that no other program takes in the same database
_EVER = datetime(1, 1, 1, tzinfo=UTC)
_DOCUMENTS = text("""
    SELECT e.export_storage_key FROM erp_export e JOIN draft_order o ON o.id = e.draft_order_id AND o.org_id = e.org_id
    WHERE o.id = ANY(:ids) AND e.export_storage_key IS NOT NULL
""")
_DELETE = (
    text("""
        DELETE FROM erp_push_log l USING draft_order o
        WHERE o.id = ANY(:ids) AND l.org_id = o.org_id AND l.draft_order_id = o.id
    """),
    text("""
        DELETE FROM erp_export e USING draft_order o
        WHERE o.id = ANY(:ids) AND e.org_id = o.org_id AND e.draft_order_id = o.id
    """),
    text("""
        DELETE FROM audit_log a USING draft_order o
        WHERE o.id = ANY(:ids) AND a.org_id = o.org_id AND a.entity_id = o.id
    """),
    text("DELETE FROM draft_order WHERE id = ANY(:ids)"),
)
_FORGET_ORDER = text("""
    UPDATE draft_order
    SET customer_name = NULL, ship_to = NULL, bill_to = NULL, buyer = NULL, seller = NULL, contact = NULL,
        shipping = NULL, metadata = NULL, notes = NULL, source_file_name = NULL, error_json = NULL
    WHERE id = :id
""")
_FORGET_LINES = text("UPDATE draft_order_line SET line_notes = NULL WHERE draft_order_id = :id")
_FORGET_LOG = text("""
    UPDATE erp_push_log
    SET request_json = NULL, response_json = NULL,
        error_message = CASE WHEN error_message IS NOT NULL THEN 'Forgotten on request.' END
    WHERE org_id = :org_id AND draft_order_id = :id
""")
_AS_SYSTEM = text(f"SET LOCAL ROLE {SYSTEM_ROLE}")  # until the commit: else what is logged or approved stays as it is
_FORGET_AUDIT = text("""
    UPDATE audit_log SET before = before - CAST(:names AS text[]), after = after - CAST(:names AS text[])
    WHERE org_id = :org_id AND entity_id = :id
""")
_FORGET_REVISIONS = text("""
    UPDATE draft_order_revision SET content = NULL WHERE org_id = :org_id AND draft_order_id = :id
""")
_FORGET_CONFIRMATION = text("""
    UPDATE draft_order_confirmation SET details = '{}', differences = '[]'
    WHERE org_id = :org_id AND draft_order_id = :id
""")
_FORGET_PROOFS = text("DELETE FROM delivery_proof WHERE org_id = :org_id AND draft_order_id = :id")
_FORGET_HOLDS = text("DELETE FROM order_hold WHERE org_id = :org_id AND draft_order_id = :id")
# What came by itself and could not be read names its order only here; what was read was not kept.
_UNREADABLE = text("""
    SELECT e.unreadable_answer->>'file' FROM erp_export e WHERE e.org_id = :org_id AND e.draft_order_id = :id
    UNION
    SELECT a.after->>'file' FROM erp_export e
    JOIN audit_log a ON a.org_id = e.org_id AND a.entity_id = e.id AND a.action = 'ACK_UNREADABLE'
    WHERE e.org_id = :org_id AND e.draft_order_id = :id
""")
_FORGET_ARRIVED = text("""
    UPDATE inbound SET content = NULL, told = NULL, next_read_at = NULL, put_aside = true
    WHERE org_id = :org_id AND id = ANY(:ids)
""")
_PERSONAL = ["customer", *TEXTS_BY_NAME, "notes", "lines", "source_document", "reason"]
"""What an edit, a rejection or a hold may have written to the audit log of an order."""

_FORGET_EXPORTS = text("""
    UPDATE erp_export e
    SET export_storage_key = NULL, error_json = NULL, reason = NULL, unreadable_answer = NULL,
        updated_at = now()  -- so that what was counted by a name is counted anew
    FROM (SELECT id, export_storage_key FROM erp_export WHERE org_id = :org_id AND draft_order_id = :id) old
    WHERE e.id = old.id
    RETURNING old.export_storage_key
""")


@dataclass
class Pruned:
    """What has been deleted so far."""

    orders: int = 0
    documents: int = 0
    audit_rows: int = 0
    events: int = 0


def prune(
    database: Database, documents: ObjectStore, days: int, batch: int = BATCH, *, event_days: int | None = None
) -> Generator[Pruned, None, None]:
    """Delete what ended more than `days` ago, a batch at a time; yields what is done so far after each.

    CONFIRMED and REJECTED orders go with their lines, revisions, exports, attempts, documents and audit rows, once
    nothing was noted of them for so long; their keys stay, so that they do not come in again. Audit rows of all else,
    bulk jobs, and who cancelled an order that never came, and why, go by their own age; answers that are kept for
    requests that may be sent again, after a day. Events go after `event_days`, if those are fewer. May be broken off.

    Raises:
        StateError: Another process prunes.
        DatabaseError, ObjectStoreError: Try again later; what was deleted stays so.
    """
    done = Pruned()
    with _alone(database) as stay:
        steps = (
            (_prune_answers, batch),
            (_prune_inbound, batch),
            (_prune_orders, batch),
            (_prune_audit, batch * 10),
            (_prune_jobs, batch * 10),
            (_forget_cancellations, batch),
            (_number_events, batch * 10),
            (_prune_events, batch * 10),
        )
        ages = {"days": days, "event_days": min(days, event_days or days)}
        for step, most in steps:
            since: datetime | None = _EVER
            while (since := step(database, documents, done, ages | {"batch": most, "since": since})) is not None:
                stay()
                yield done


@contextmanager
def _told() -> Iterator[None]:
    try:
        with translated():
            yield
    except psycopg.InternalError as error:  # how the server says that a transaction idled, or took, too long
        words = " ".join(str(error).split())
        raise DatabaseError(
            f"The database ended the transaction that keeps others from pruning: {words}",
            hint="Run this again: what was deleted stays so. A batch took longer than the server's timeout for "
            "transactions allows, as idle_in_transaction_session_timeout.",
        ) from error


@contextmanager
def _alone(database: Database) -> Iterator[Callable[[], object]]:
    """Keep all others from pruning; what it yields is called after each batch.

    Raises:
        StateError: Another process prunes.
        DatabaseError: The database is away, or took the lock back.
    """
    # The lock belongs to a transaction that does nothing else, and ends when the connection is closed or we are killed.
    # It says something now and then: a server or PgBouncer may end what idles in a transaction, and the lock with it.
    with _told(), closing(database.dedicated()) as connection, connection.transaction():
        if connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone() != (True,):
            raise StateError(
                "Another process is pruning at this moment.",
                code="PRUNING_ALREADY",
                hint="It deletes the same. Run this again later if you wish to see that nothing is left.",
            )
        yield partial(connection.execute, "SELECT 1")


def _prune_answers(
    database: Database, _documents: ObjectStore, _done: Pruned, limits: dict[str, Any]
) -> datetime | None:
    with database.system() as connection:
        return max(connection.execute(_OLD_ANSWERS, limits).scalars().all(), default=None)


def _prune_inbound(
    database: Database, _documents: ObjectStore, _done: Pruned, limits: dict[str, Any]
) -> datetime | None:
    with database.system() as connection:
        return max(connection.execute(_OLD_INBOUND, limits).scalars().all(), default=None)


def _prune_jobs(database: Database, _documents: ObjectStore, _done: Pruned, limits: dict[str, Any]) -> datetime | None:
    with database.system() as connection:
        old = connection.execute(_OLD_JOB, limits).first()
        if old is None:
            return None
        if connection.execute(_JOB_ORDERS, {"id": old.id, "batch": limits["batch"]}).rowcount < limits["batch"]:
            connection.execute(_JOB, {"id": old.id})
        ended: datetime = old.ended_at
    return ended


def _number_events(
    database: Database, _documents: ObjectStore, _done: Pruned, limits: dict[str, Any]
) -> datetime | None:
    with database.system() as connection:
        untold = connection.execute(_UNTOLD, limits).scalars().all()
    for org_id in untold:
        with database.system() as connection:
            number_events(connection, org_id)
    return _EVER if untold else None


def _prune_events(database: Database, _documents: ObjectStore, done: Pruned, limits: dict[str, Any]) -> datetime | None:
    with database.system() as connection:
        old = connection.execute(_OLD_EVENTS, limits).first()
        if old is None:
            return None
        place = {"org_id": old.org_id, "upto": old.upto, "event_days": limits["event_days"]}
        _run(connection, (_HOLD_COUNTER, _NOTE_MISSED, *_DELETE_EVENTS, *_DELETE_TOLD), place)
    done.events += old.events
    return _EVER


def _forget_cancellations(
    database: Database, _documents: ObjectStore, _done: Pruned, limits: dict[str, Any]
) -> datetime | None:
    with database.system() as connection:
        connection.execute(_OLD_CANCELLATIONS, limits)
    return None


def _prune_orders(database: Database, documents: ObjectStore, done: Pruned, limits: dict[str, Any]) -> datetime | None:
    with database.system() as connection:
        old = connection.execute(_OLD_ORDERS, limits).all()
        if not old:
            return None
        ids = {"ids": [row.id for row in old]}
        keys = list(connection.execute(_DOCUMENTS, ids).scalars())
        documents.delete(keys)  # first: a document without its order would never be found again
        _run(connection, _DELETE, ids)
    done.orders += len(old)
    done.documents += len(keys)
    last: datetime = old[-1].updated_at
    return last


def _prune_audit(database: Database, _documents: ObjectStore, done: Pruned, limits: dict[str, Any]) -> datetime | None:
    with database.system() as connection:
        times = connection.execute(_OLD_AUDIT, limits).scalars().all()
    done.audit_rows += len(times)
    return max(times, default=None)


def forget(store: SqlStore, documents: ObjectStore, org_id: UUID, order_id: UUID, actor: Actor) -> None:
    """Delete an ended order's personal data: names, addresses, notes, what was logged of it, documents, unread answers.

    Raises:
        NotFoundError: There is no such order.
        StateError: It has not ended: an ERP may still need what would be deleted.
        ObjectStoreError: The documents could not be deleted; nothing was.
    """
    with store.work(org_id) as work:
        status = work.orders.lock_status(order_id)
        if status not in ENDED:
            raise StateError(
                f"The order is {status}; only a {' or '.join(ENDED)} one can be forgotten.",
                code="ORDER_NOT_ENDED",
                hint="Confirm it by hand or reject it first.",
            )
        place = {"org_id": org_id, "id": order_id}
        beside = (_FORGET_LINES, _FORGET_LOG, _FORGET_CONFIRMATION, _FORGET_HOLDS, _FORGET_PROOFS)
        _run(work.connection, (_FORGET_ORDER, *beside), place)
        unreadable = work.connection.execute(_UNREADABLE, place).scalars()
        arrived = {"ids": [item for file in unreadable if (item := arrived_id(file))]}
        work.connection.execute(_FORGET_ARRIVED, place | arrived)
        keys = work.connection.execute(_FORGET_EXPORTS, place).scalars()
        documents.delete([key for key in keys if key])
        work.audit.add("ORDER_FORGOTTEN", actor, "draft_order", [order_id])
        _run(work.connection, (_AS_SYSTEM, _FORGET_AUDIT, _FORGET_REVISIONS), place | {"names": _PERSONAL})


def _run(connection: Connection, statements: Sequence[Any], parameters: dict[str, Any]) -> None:
    for statement in statements:
        connection.execute(statement, parameters)
