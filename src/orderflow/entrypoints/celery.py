"""The address that installations name: `celery -A orderflow.entrypoints.celery`. The program is in `engine.celery`."""

from orderflow.engine.celery import app

__all__ = ["app"]
