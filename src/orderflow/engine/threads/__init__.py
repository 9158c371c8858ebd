"""The embedded engine: threads in one process, woken by PostgreSQL, swept every few seconds."""

from orderflow.engine.threads.engine import Engine

__all__ = ["Engine"]
