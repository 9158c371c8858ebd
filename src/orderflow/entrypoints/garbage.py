"""What Python's garbage collector is told by a process that stays."""

from __future__ import annotations

import gc

THRESHOLD = 10_000
"""Objects made before the collector looks at the young ones, instead of 700: a request or an order makes some hundred
that end with it."""


def spare_what_stays() -> None:
    """Let the collector look no more at what the start has made: looking cost a third of all (docs/performance.md)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(THRESHOLD)
