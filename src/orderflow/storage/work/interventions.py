"""What a person does to exports, in PostgreSQL: confirm, resolve a doubt, move to another connection.

No statement here touches an export that a worker holds, or waits for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, text

_ORDER_OF = text("SELECT draft_order_id FROM erp_export WHERE id = :id")
_CONFIRM = text("""
    UPDATE erp_export
    SET status = 'ACKED', answered_at = now(), confirmed_by = :by, error_json = NULL, updated_at = now()
    WHERE id = :id AND status = 'SENT'
    RETURNING id
""")
_NOTE_DELIVERED = text("""
    UPDATE erp_export
    SET status = 'SENT', sent_at = now(), inferred = true, held_at = NULL, begun_at = NULL, error_json = NULL,
        updated_at = now()
    WHERE id = :id AND status = 'PENDING' AND held_at IS NOT NULL
    RETURNING id
""")
_SEND_AGAIN = text("""
    UPDATE erp_export
    SET held_at = NULL, begun_at = NULL, staged_at = NULL, staged_path = NULL, attempts_spent = 0,
        next_attempt_at = now(), updated_at = now()
    WHERE id = :id AND status = 'PENDING' AND held_at IS NOT NULL
    RETURNING id
""")
_MOVE = text("""
    UPDATE erp_export e
    SET connection_id = :target, next_attempt_at = now(), attempts_spent = 0, error_json = NULL,
        lease_token = NULL, lease_until = NULL, filename = NULL, export_storage_key = NULL, document_sha256 = NULL,
        document_size = NULL, export_format_version = NULL, export_media_type = NULL, updated_at = now()
    FROM (
        SELECT id FROM erp_export
        WHERE connection_id = :source AND status = 'PENDING' AND begun_at IS NULL AND staged_at IS NULL
          AND held_at IS NULL AND (lease_until IS NULL OR lease_until < now())
          AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(:ids))
        FOR UPDATE SKIP LOCKED
    ) waiting
    WHERE e.id = waiting.id
    RETURNING e.id, e.draft_order_id
""")


class SqlInterventions:
    """The part of `flow.ports.Exports` that people use."""

    _connection: Connection

    def order_of(self, export_id: UUID) -> UUID | None:
        """Return the order that the export belongs to, without locking either; None if there is no such export."""
        return self._connection.execute(_ORDER_OF, {"id": export_id}).scalar_one_or_none()

    def confirm(self, export_id: UUID, by: str) -> bool:
        """Note who confirmed a SENT export in its ERP's place; False if it is not SENT."""
        return self._connection.execute(_CONFIRM, {"id": export_id, "by": by}).first() is not None

    def note_delivered(self, export_id: UUID) -> bool:
        """Note that a held export had arrived; False if it is not held."""
        return self._connection.execute(_NOTE_DELIVERED, {"id": export_id}).first() is not None

    def send_again(self, export_id: UUID) -> bool:
        """Make a held export due, its doubt forgotten, name and bytes kept; False if it is not held."""
        return self._connection.execute(_SEND_AGAIN, {"id": export_id}).first() is not None

    def move(self, source: UUID, target: UUID, export_ids: Sequence[UUID] | None) -> dict[UUID, UUID]:
        """Move waiting exports of which nothing was sent, all of `source`'s or those named, to `target`.

        Their documents are built anew, for the other connection may write another format.

        Returns:
            The order of each export that was moved, by export.
        """
        ids = None if export_ids is None else list(export_ids)
        rows = self._connection.execute(_MOVE, {"source": source, "target": target, "ids": ids})
        return {row.id: row.draft_order_id for row in rows}
