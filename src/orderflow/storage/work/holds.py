"""Holds on orders in PostgreSQL.

`order_hold` says what is on hold, and a claim asks it. `erp_export.on_hold` keeps what waits for a release out of the
part of the queue that a claim reads, so that a million orders on hold make none slower. It is written under the order's
lock only: true with a hold, if nobody works on the export and nothing of it was sent, and as a person ends its doubt;
false with the last release. So it may be false of an order on hold, and never true of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.states import ExportStep
from orderflow.flow.ports import Hold
from orderflow.storage.tables.states import may, unsent
from orderflow.storage.work.clock import UNLEASED

_OF = text("""
    SELECT id, draft_order_id, reason, placed_by, placed_at FROM order_hold
    WHERE draft_order_id = :id ORDER BY placed_at, id
""")
_PLACE = text("""
    INSERT INTO order_hold (id, org_id, draft_order_id, reason, placed_by)
    VALUES (:id, :org_id, :order_id, :reason, :placed_by)
""")
# A worker that is late finds its token void. One that has the row locked is at it: its attempt is not interrupted.
_PASS_BY = text(f"""
    UPDATE erp_export SET on_hold = true, lease_token = NULL, lease_until = NULL
    WHERE id IN (
        SELECT id FROM erp_export
        WHERE draft_order_id = :id AND {may(ExportStep.WORK)} AND NOT on_hold AND {unsent()} AND {UNLEASED}
        FOR UPDATE SKIP LOCKED)
""")  # noqa: S608  # built from constants
_PASSED_BY = "SELECT id FROM erp_export WHERE draft_order_id = :id AND on_hold"
_LOCK_PASSED_BY = text(f"{_PASSED_BY} FOR UPDATE SKIP LOCKED")
_ALL_PASSED_BY = text(_PASSED_BY)
_TAKE_AGAIN = text("UPDATE erp_export SET on_hold = false WHERE id = ANY(:ids)")
_RELEASE = text("DELETE FROM order_hold WHERE draft_order_id = :id AND id = ANY(:hold_ids)")
_ANY_LEFT = text("SELECT EXISTS (SELECT FROM order_hold WHERE draft_order_id = :id AND id <> ALL(:hold_ids))")


class SqlHolds:
    """`flow.ports.Holds` of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def of(self, order_id: UUID) -> list[Hold]:
        """Return the holds on an order, the oldest first."""
        return [Hold(**row) for row in self._connection.execute(_OF, {"id": order_id}).mappings()]

    def place(self, hold: Hold) -> None:
        """Store a hold; the order's export is passed by from now on."""
        values = {"id": hold.id, "org_id": self._org_id, "order_id": hold.draft_order_id}
        self._connection.execute(_PLACE, values | {"reason": hold.reason, "placed_by": hold.placed_by})
        self._connection.execute(_PASS_BY, {"id": hold.draft_order_id})

    def release(self, order_id: UUID, hold_ids: Sequence[UUID]) -> bool:
        """Delete holds; False, and nothing is changed, if somebody else has the order's export locked."""
        values = {"id": order_id, "hold_ids": list(hold_ids)}
        if not self._connection.execute(_ANY_LEFT, values).scalar():
            locked = set(self._connection.execute(_LOCK_PASSED_BY, values).scalars())
            if locked != set(self._connection.execute(_ALL_PASSED_BY, values).scalars()):
                return False
            self._connection.execute(_TAKE_AGAIN, {"ids": list(locked)})
        self._connection.execute(_RELEASE, values)
        return True
