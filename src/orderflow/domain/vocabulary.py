"""What people see of a state: one word, one colour, one meaning, on the page, in the docs and on the command line.

The word is the state's own name. A delivery is in the state of its order while it is the latest one, so it is shown as
that. `tests/unit/domain/test_vocabulary.py` holds the page (frontend/src/shared/states.tsx) and docs/states.md to this.
"""

from __future__ import annotations

from typing import NamedTuple

from orderflow.domain.states import AttemptStatus, ERPExportStatus, OrderStatus


class Shown(NamedTuple):
    """How a state is shown: its colour, and what it means."""

    color: str
    meaning: str


ORDERS: dict[OrderStatus, Shown] = {
    OrderStatus.NEW: Shown("gray", "Just arrived"),
    OrderStatus.NEEDS_REVIEW: Shown("yellow", "Something is missing"),
    OrderStatus.READY: Shown("blue", "Complete; waits for approval"),
    OrderStatus.APPROVED: Shown("indigo", "Approved; may be pushed"),
    OrderStatus.PUSHING: Shown("violet", "On its way to the ERP"),
    OrderStatus.PUSHED: Shown("cyan", "At the ERP; its answer is awaited"),
    OrderStatus.CONFIRMED: Shown("green", "The ERP has confirmed it"),
    OrderStatus.ERROR: Shown("red", "It did not arrive, or the ERP refused it"),
    OrderStatus.REJECTED: Shown("gray", "Rejected by a person"),
    OrderStatus.RECALLING: Shown("orange", "The ERP is asked to give it back; its answer is awaited"),
    OrderStatus.RECALLED: Shown("gray", "The ERP gave it back; it may be entered anew"),
}
DELIVERIES: dict[ERPExportStatus, OrderStatus] = {
    ERPExportStatus.PENDING: OrderStatus.PUSHING,
    ERPExportStatus.SENT: OrderStatus.PUSHED,
    ERPExportStatus.ACKED: OrderStatus.CONFIRMED,
    ERPExportStatus.FAILED: OrderStatus.ERROR,
}
"""As which state of its order a delivery is shown."""

ATTEMPTS: dict[AttemptStatus, Shown] = {
    AttemptStatus.PENDING: Shown("violet", "It has begun and not ended"),
    AttemptStatus.SUCCESS: Shown("green", "The document is at the ERP"),
    AttemptStatus.RETRYING: Shown("yellow", "It failed; another attempt follows"),
    AttemptStatus.FAILED: Shown("red", "It failed; no other attempt follows"),
}
