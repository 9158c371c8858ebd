"""The engine on Celery: the same steps, on as many machines as there are workers.

    celery -A orderflow.engine.celery worker
    celery -A orderflow.engine.celery beat

A message only says "look at this connection". The orders are in the database, so a message that is lost costs one
sweep, and one that comes twice finds nothing left to do. Retry times live in the database, never in a message.
"""

from orderflow.settings import SettingsError

try:
    from orderflow.engine.celery.tasks import celery
except SettingsError as error:  # the command is Celery's, which would show a traceback
    raise SystemExit(f"{error.message} {error.hint}") from None

app = celery

__all__ = ["app", "celery"]
