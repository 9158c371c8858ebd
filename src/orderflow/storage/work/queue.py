"""Which exports a claim may take, and in which order: in one place, for whoever asks."""

from __future__ import annotations

from orderflow.domain.states import ExportStep
from orderflow.storage.tables.states import may
from orderflow.storage.work.clock import unleased

IN_TURN = "queued_at, next_attempt_at"
"""SQL for the order of the queue: an export stands in it by when it is due, less its order's head start."""


def due(table: str) -> str:
    """Return SQL for: this export is to be worked on now. Found by an index, in turn.

    A head start brings an export forward among those that are due, and makes none due that is not.
    """
    return f"""
        {may(ExportStep.WORK, f"{table}.status")} AND NOT {table}.on_hold
        AND {table}.queued_at <= now() AND {table}.next_attempt_at <= now()
        AND ({table}.held_at IS NULL OR {table}.asking) AND {unleased(table)}
    """
