"""What people noted about what needs somebody, and when they last looked, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.storage.records import as_json
from orderflow.storage.views.needs import needs
from orderflow.storage.views.view import View

# As `views.needs.holds_for`: what was noted about orders of which none is there any more goes.
_CLEAR = text("""
    DELETE FROM need_mark m WHERE m.org_id = :org_id AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(CAST(:present AS jsonb)) AS p(key text, since timestamptz)
        WHERE p.key = m.key AND (p.since IS NULL OR p.since <= m.marked_at))
""")
_USER = text("SELECT EXISTS (SELECT FROM app_user WHERE lower(email) = lower(:email) AND active AND org_id = :org_id)")
_NOTE = text("""
    INSERT INTO need_mark AS m (org_id, key, assigned_to, note, snoozed_until, marked_by)
    VALUES (:org_id, :key, :assigned_to, :note, :snoozed_until, :marked_by)
    ON CONFLICT (org_id, key) DO UPDATE SET
        assigned_to = CASE WHEN 'assigned_to' = ANY(:given) THEN excluded.assigned_to ELSE m.assigned_to END,
        note = CASE WHEN 'note' = ANY(:given) THEN excluded.note ELSE m.note END,
        snoozed_until = CASE WHEN 'snoozed_until' = ANY(:given) THEN excluded.snoozed_until ELSE m.snoozed_until END,
        marked_by = excluded.marked_by, marked_at = now()
""")


class SqlNeedMarks:
    """`flow.people.needs.NeedMarks` of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def clear(self) -> set[str]:
        """Forget what was noted about what is solved; returns the keys of what needs somebody now."""
        present = needs(View(self._connection, self._org_id)).items
        told = [{"key": need.key, "since": need.since.isoformat() if need.since else None} for need in present]
        self._connection.execute(_CLEAR, {"org_id": self._org_id, "present": as_json(told)})
        return {need.key for need in present}

    def may_be_assigned(self, email: str) -> bool:
        """Return whether somebody signs in with this address."""
        return bool(self._connection.execute(_USER, {"org_id": self._org_id, "email": email}).scalar_one())

    def note(self, key: str, changes: Mapping[str, Any], actor: str) -> None:
        """Note what is given; the rest stays."""
        noted = dict.fromkeys(("assigned_to", "note", "snoozed_until")) | dict(changes)
        given = {"org_id": self._org_id, "key": key, "marked_by": actor, "given": list(changes)}
        self._connection.execute(_NOTE, noted | given)
