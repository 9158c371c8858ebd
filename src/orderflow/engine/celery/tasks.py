"""Celery's side of the engine: its settings, its tasks, and what beat repeats."""

from __future__ import annotations

import threading
import time
from functools import cache, partial
from typing import Any
from uuid import UUID

import structlog
from celery import Celery, Task
from celery.signals import (
    beat_init,
    celeryd_after_setup,
    celeryd_init,
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
)

from orderflow.bootstrap import App, close_default_app, default_app
from orderflow.domain.errors import EncryptionError, OrderFlowError
from orderflow.engine.celery import measuring
from orderflow.engine.fairness import fairly
from orderflow.engine.jobs import DELIVER, JOBS, Job, guarded, take_turn
from orderflow.engine.logs import configure_logs_by, log_deliveries
from orderflow.engine.presence import Presence, note_beat
from orderflow.engine.tracing import configure_tracing, trace_deliveries
from orderflow.flow.watch import BEAT, require_key
from orderflow.server_tls import broker_options
from orderflow.settings import Settings
from orderflow.storage.database import Database
from orderflow.storage.system.database_clock import DatabaseClock, ask
from orderflow.storage.system.due import Place
from orderflow.storage.system.processes import SqlProcesses

log = structlog.get_logger(__name__)
TURN_SECONDS = 1.0
"""A task delivers for so long, then queues up again behind the other connections."""

_settings = Settings.load()
celery = Celery("orderflow", broker=_settings.broker_url)
celery.conf.update(
    broker_use_ssl=broker_options(_settings.broker_url, _settings.ca_file),
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
        },
        **{
            job.name: {"task": f"orderflow.{job.name}", "schedule": every}
            for job in JOBS
            if job.every and (every := job.every(_settings))
        },
    },
)

measuring.offer(celery, _settings)


def application() -> App:
    """Return this process's application. Made on first use, after the worker has forked: connections are not shared.

    Once, though several threads come for it at the same time: made twice, it would tell of each delivery twice.
    """
    with _making:
        return _made()


_making = threading.Lock()


@cache
def _made() -> App:
    app = default_app()
    configure_tracing()
    counting = measuring.observers()
    _tell_of_this_process(app)
    # What may fail is done: all of this is begun again then, and nobody may be told of a delivery twice.
    log_deliveries(app.wiring)
    trace_deliveries(app.wiring)
    app.wiring.observers.extend(counting)
    wake_by_celery(app)
    return app


def _tell_of_this_process(app: App) -> None:
    global _presence  # noqa: PLW0603  # one of a process, which says goodbye at its end
    presence = Presence(app, "celery", slots=_slots)
    presence.start()
    _presence = presence


_presence: Presence | None = None


_slots = 1
"""Tasks at a time in this process: one, where Celery forks."""


@celeryd_after_setup.connect
def _note_threads(instance: Any, **_: Any) -> None:
    global _slots  # noqa: PLW0603  # of this process, told once at its start
    if "prefork" not in str(instance.pool_cls):
        _slots = int(instance.concurrency or 1)


@worker_process_init.connect
def _show_up(**_: Any) -> None:
    """Tell of this worker before its first task comes, in the background: the database may be away."""
    threading.Thread(target=_until_there, name="show-up", daemon=True).start()


def _until_there() -> None:
    while guarded("start", application) is None:
        time.sleep(BEAT)


@setup_logging.connect
def _log_as_a_server_does(**_: Any) -> None:
    configure_logs_by(_settings)


def _at_connection(job: Job) -> Task:
    def turn(self: Task, org_id: str | None = None, connection_id: str | None = None) -> None:
        if org_id is None or connection_id is None:  # as beat sends it: look for what is due
            _send_due(job)
        elif not _is_over(self.request.get(SAID_AT)):
            _take_turns(job, (UUID(org_id), UUID(connection_id)))

    return celery.task(turn, name=f"orderflow.{job.name}", bind=True)


def _as_a_whole(job: Job) -> Task:
    def turn() -> None:
        if take_turn(job, application(), _never, job.name):
            tasks[job.name].apply_async()

    return celery.task(turn, name=f"orderflow.{job.name}")


tasks: dict[str, Task] = {job.name: _at_connection(job) if job.due else _as_a_whole(job) for job in JOBS}
"""Celery's tasks by the names of their jobs."""


@celery.task(name="orderflow.sweep")
def sweep() -> None:
    """Send a message for everything that is due: what a lost message would have missed included.

    Messages of beat that waited while all workers were busy are one. Beat has no database, and a time of its own clock
    would tell a worker with another clock that all of them are too old (Celery's `expires`).
    """
    if not guarded("sweep", note_beat, application(), _settings.sweep_seconds / 2):
        return
    for job in JOBS:
        if job.every is None:
            guarded("sweep", _look, job)


def _look(job: Job) -> None:
    if job.due is None:
        take_turn(job, application(), _never, job.name)
    else:
        _send_due(job)


def _send_due(job: Job) -> None:
    """Send a message for each connection that is due, of no organization for more than its share of the workers."""
    app = application()
    places = list(job.due(app)) if job.due else []
    slots = sum(process.slots for process in app.processes.alive() if process.kind == "celery")
    if slots and not job.delivers and len(app.system.organizations()) > 1:
        places = fairly(places, app.system.polling(), slots)
    for place in places:
        look_at(job, place)


def _take_turns(job: Job, place: Place) -> None:
    """Work at a place for a while; what is left then queues up again behind the others.

    Deliveries queue up by themselves, within their lanes; anything else by the next sweep, which sees to the shares.
    """
    ends = time.monotonic() + (TURN_SECONDS if job.delivers else _settings.sweep_seconds)
    # A further lane; where none is free it ends at once. A broker that is away keeps no batch in hand from its target.
    more = partial(guarded, "look", look_at, job, place)
    while take_turn(job, application(), _never, place, more):
        if time.monotonic() > ends:
            return


def _never() -> bool:
    return False


SAID_AT = "orderflow_said_at"
"""The header of a message that says when it was sent, by the database's clock. Other releases need not know it."""


def look_at(job: Job, place: Place) -> None:
    """Send one message. It is over when two sweeps have passed, so that messages cannot pile up."""
    arguments = [str(part) for part in place]
    said_at = _clock.now() if _clock else None
    tasks[job.name].apply_async(args=arguments, headers={} if said_at is None else {SAID_AT: said_at})


def _is_over(said_at: float | None) -> bool:
    """Return whether a message waited for too long. One of another release, or sent without a database, never did."""
    now = _clock.now() if _clock and said_at is not None else None
    return now is not None and said_at is not None and now - said_at > max(2 * _settings.sweep_seconds, 5.0)


_clock: DatabaseClock | None = None


def wake_by_celery(app: App) -> None:
    """Let `app` wake Celery's workers too, beside any embedded engine that listens."""
    global _clock  # noqa: PLW0603  # of this process: whoever sends or takes messages has one database
    _clock = DatabaseClock(lambda: ask(app.database))
    notify = app.waker.send
    celery.conf.broker_url = app.settings.broker_url  # a program that embeds us may have its settings from elsewhere
    celery.conf.broker_use_ssl = broker_options(app.settings.broker_url, app.settings.ca_file)

    def send(places: list[Place]) -> None:
        notify(places)
        for place in places:
            look_at(DELIVER, place)

    app.waker.send = send


@celeryd_init.connect
@beat_init.connect
def _need_a_broker(**_: Any) -> None:
    if _settings.broker_url is None:  # Celery would look for somebody's RabbitMQ on this machine
        raise SystemExit("CELERY_BROKER_URL is not set: name the Redis or RabbitMQ that all workers and the API share.")


@celeryd_init.connect
def _need_a_key(**_: Any) -> None:
    """Refuse to start with a key that opens nothing; a database that is away is no reason not to."""
    if not _settings.database_url:
        return
    database = Database(_settings.app_url, pool_size=1, pgbouncer=_settings.pgbouncer)
    try:
        require_key(SqlProcesses(database), _settings.encryption().known_key_ids)
    except EncryptionError as error:
        raise SystemExit(f"{error.message} [{error.code}] {error.hint}") from None
    except OrderFlowError as error:
        log.warning("not known yet whether the key is the right one", code=error.code, error=error.message)
    finally:
        database.close()


@worker_process_shutdown.connect
def _close(**_: Any) -> None:
    try:
        if _presence:
            _presence.stop()
        close_default_app()
    except OrderFlowError as error:
        log.warning("not closed cleanly", code=error.code, error=error.message)
