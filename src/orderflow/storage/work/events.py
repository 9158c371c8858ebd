"""The numbers of events: given to what is committed, so that no reader passes one by that comes to light later."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

AT_ONCE = 1_000
"""Events that are numbered at a time."""

_WAITING = text("SELECT FROM event WHERE org_id = :org_id AND number IS NULL ORDER BY id LIMIT 1")
_COUNTER = text("INSERT INTO event_counter (org_id) VALUES (:org_id) ON CONFLICT DO NOTHING")
_LOCK = text("SELECT last FROM event_counter WHERE org_id = :org_id FOR UPDATE")
# A statement of its own, after the lock: it sees all that whoever held it before has numbered.
_NUMBER = text("""
    WITH fresh AS (
        SELECT id, row_number() OVER (ORDER BY id) AS place
        FROM (SELECT id FROM event WHERE org_id = :org_id AND number IS NULL ORDER BY id LIMIT :most) waiting
    ), numbered AS (
        UPDATE event e SET number = :last + fresh.place FROM fresh
        WHERE e.org_id = :org_id AND e.number IS NULL AND e.id = fresh.id RETURNING e.id
    )
    UPDATE event_counter SET last = last + (SELECT count(*) FROM numbered) WHERE org_id = :org_id
    RETURNING last
""")


def number_events(connection: Connection, org_id: UUID) -> bool:
    """Give the next numbers to what was committed since the last look; True if more is likely to be there.

    An event of an order is seen only with all earlier ones of that order, and `id` rises from one to the next, so
    that their numbers do too.
    """
    place = {"org_id": org_id}
    if connection.execute(_WAITING, place).first() is None:
        return False
    connection.execute(_COUNTER, place)
    last = connection.execute(_LOCK, place).scalar_one()
    now_last = connection.execute(_NUMBER, {**place, "last": last, "most": AT_ONCE}).scalar_one()
    return bool(now_last - last == AT_ONCE)
