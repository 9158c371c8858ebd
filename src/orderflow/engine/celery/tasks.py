"""Celery's side of the engine: its settings, its tasks, and what beat repeats."""

from __future__ import annotations

import time
from contextlib import closing
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from celery import Celery
from celery.signals import beat_init, celeryd_init, setup_logging, worker_process_shutdown

from orderflow.bootstrap import App, close_default_app, default_app
from orderflow.domain.errors import ObjectStoreError, OrderFlowError
from orderflow.engine.logs import configure_logs, log_deliveries
from orderflow.engine.tracing import configure_tracing, trace_deliveries
from orderflow.flow.answers.poll import poll_acks as poll
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.setup.probe import probe as ask
from orderflow.settings import Settings
from orderflow.storage.system.due import Place

log = structlog.get_logger(__name__)
TURN_SECONDS = 1.0
"""A task delivers for so long, then queues up again behind the other connections."""
PRUNE_SECONDS = 60.0
"""A task prunes for so long, so that it ends within what a worker is given to stop."""

_settings = Settings.load()
celery = Celery("orderflow", broker=_settings.broker_url)
celery.conf.update(
    # A message is acknowledged as it comes, not when its task ends: the sweep sends another one anyway. Late ones bring
    # no order back sooner than its lease ends, and one that finds Redis gone ends the whole worker (kombu 5.7).
    task_acks_late=False,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,  # no message waits behind a slow one while another worker is idle
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # however long the broker is away
    worker_hijack_root_logger=False,
    # Once, over a new connection: without it, one that a restarted RabbitMQ has closed is used for ever.
    task_publish_retry=True,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0},
    broker_transport_options={"visibility_timeout": 3600, "socket_timeout": 10, "socket_connect_timeout": 5},
    beat_schedule={
        "sweep": {
            "task": "orderflow.sweep",
            "schedule": _settings.sweep_seconds,
            "options": {"expires": _settings.sweep_seconds},
        },
        "clean_up": {"task": "orderflow.clean_up", "schedule": _settings.cleanup_seconds},
    },
)
if _settings.prune_seconds:
    celery.conf.beat_schedule["prune"] = {"task": "orderflow.prune", "schedule": _settings.prune_seconds}


@cache
def application() -> App:
    """Return this process's application. Made on first use, after the worker has forked: connections are not shared."""
    configure_tracing()
    app = default_app()
    log_deliveries(app.wiring)
    trace_deliveries(app.wiring)
    wake_by_celery(app)
    return app


@setup_logging.connect
def _log_as_a_server_does(**_: Any) -> None:
    configure_logs(_settings.log_level)


@celery.task(name="orderflow.deliver")
def deliver(org_id: str, connection_id: str) -> None:
    """Deliver what is due over one connection, batch by batch, then queue up again if more is left."""
    place = UUID(org_id), UUID(connection_id)
    wiring = application().wiring
    ends = time.monotonic() + TURN_SECONDS
    try:
        while (taken := push_batch(wiring, *place)) and time.monotonic() < ends:
            if taken == wiring.batch_size:
                look_at(deliver, place)  # a second lane; where none is free it ends at once
    except ObjectStoreError as error:  # what is due was given back, and the sweep finds it
        log.warning("document store away", code=error.code, error=error.message, connection_id=connection_id)
        return
    if taken:
        look_at(deliver, place)


@celery.task(name="orderflow.poll_acks")
def poll_acks(org_id: str, connection_id: str) -> None:
    """Read the answers that lie ready at one connection."""
    poll(application().wiring, UUID(org_id), UUID(connection_id))


@celery.task(name="orderflow.probe")
def probe(org_id: str, connection_id: str) -> None:
    """Ask whether an unavailable target is back."""
    ask(application().wiring, UUID(org_id), UUID(connection_id))


@celery.task(name="orderflow.sweep")
def sweep() -> None:
    """Send a message for everything that is due: what a lost message would have missed included."""
    system = application().system
    for task, places in (
        (deliver, system.due_deliveries()),
        (probe, system.due_probes()),
        (poll_acks, system.due_polls()),
    ):
        for place in places:
            look_at(task, place)
    application().upkeep()


@celery.task(name="orderflow.clean_up")
def clean_up() -> None:
    """Remove what dead attempts left at the targets."""
    for org_id, connection_id in application().system.cleanable():
        try:
            application().clean_up(org_id, connection_id)
        except OrderFlowError as error:
            log.warning("not cleaned up", code=error.code, connection_id=str(connection_id))


@celery.task(name="orderflow.prune")
def prune() -> None:
    """Delete what is kept no longer, for a while; the next one goes on."""
    ends = time.monotonic() + PRUNE_SECONDS
    try:
        with closing(application().prune()) as batches:
            for _ in batches:
                if time.monotonic() > ends:
                    return
    except OrderFlowError as error:
        log.warning("not pruned", code=error.code, error=error.message)


def look_at(task: Any, place: Place) -> None:
    """Send one message. It expires when two sweeps have passed, so that messages cannot pile up."""
    task.apply_async(args=[str(part) for part in place], expires=max(2 * _settings.sweep_seconds, 5.0))


def wake_by_celery(app: App) -> None:
    """Let `app` wake Celery's workers too, beside any embedded engine that listens."""
    notify = app.waker.send
    celery.conf.broker_url = app.settings.broker_url  # a program that embeds us may have its settings from elsewhere

    def send(places: list[Place]) -> None:
        notify(places)
        for place in places:
            look_at(deliver, place)

    app.waker.send = send


@celeryd_init.connect
@beat_init.connect
def _need_a_broker(**_: Any) -> None:
    if _settings.broker_url is None:  # Celery would look for somebody's RabbitMQ on this machine
        raise SystemExit("CELERY_BROKER_URL is not set: name the Redis or RabbitMQ that all workers and the API share.")


@worker_process_shutdown.connect
def _close(**_: Any) -> None:
    try:
        close_default_app()
    except OrderFlowError as error:
        log.warning("not closed cleanly", code=error.code, error=error.message)
