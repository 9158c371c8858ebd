"""Which exports a claim may take, and in which order: in one place, for whoever asks."""

from __future__ import annotations

from orderflow.domain.states import ExportStep
from orderflow.storage.tables.states import may, on_hold, undecided, unsent
from orderflow.storage.work.clock import unleased

IN_TURN = "queued_at, next_attempt_at"
"""SQL for the order of the queue: an export stands in it by when it is due, less its order's head start."""


def due(table: str) -> str:
    """Return SQL for: this export is to be worked on now. Found by an index, in turn.

    A head start brings an export forward among those that are due, and makes none due that is not. The column `on_hold`
    is for the index, and may be false of an order on hold; the holds themselves decide.
    """
    return f"""
        {may(ExportStep.WORK, f"{table}.status")} AND NOT {table}.on_hold
        AND {table}.queued_at <= now() AND {table}.next_attempt_at <= now()
        AND ({table}.held_at IS NULL OR {table}.asking) AND {unleased(table)}
        AND NOT ({unsent(table)} AND {on_hold(f"{table}.draft_order_id")})
        AND ({table}.follows IS NULL
             OR NOT EXISTS (SELECT FROM erp_export f WHERE f.id = {table}.follows AND {undecided("f")}))
    """
