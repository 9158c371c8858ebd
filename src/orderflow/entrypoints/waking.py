"""Which engines a request wakes: those that listen to PostgreSQL, and Celery's where a broker is set."""

from __future__ import annotations

import structlog

from orderflow.bootstrap import App

log = structlog.get_logger(__name__)


def wake_every_engine(app: App) -> None:
    """Let `app` send its wake-ups to Celery too, if `CELERY_BROKER_URL` or `REDIS_URL` is set."""
    if app.settings.broker_url is None:
        return
    try:
        from orderflow.engine.celery.tasks import wake_by_celery
    except ModuleNotFoundError:
        log.warning("a broker is set, but Celery is not installed", install="pip install 'orderflow-connect[celery]'")
        return
    wake_by_celery(app)
