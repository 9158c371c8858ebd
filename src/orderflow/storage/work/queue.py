"""Which exports a claim may take: one order of the queue, one condition, for whoever asks."""

from __future__ import annotations

from orderflow.domain.states import ExportStep
from orderflow.storage.tables.states import may, queued_at
from orderflow.storage.work.clock import unleased


def due(table: str) -> str:
    """Return SQL for: this export is to be worked on now. Found by an index, in the order of `queued_at`.

    A head start brings an export forward among those that are due, and makes none due that is not.
    """
    return f"""
        {may(ExportStep.WORK, f"{table}.status")} AND NOT {table}.on_hold
        AND {queued_at(table)} <= now() AT TIME ZONE 'UTC' AND {table}.next_attempt_at <= now()
        AND ({table}.held_at IS NULL OR {table}.asking) AND {unleased(table)}
    """
