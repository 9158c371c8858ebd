"""`--metrics-port` of Celery's worker and beat. The worker's parent answers for the processes that it forks."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.signals import after_task_publish, beat_init, worker_ready, worker_shutting_down
from click import Context, Option, Parameter

from orderflow.domain.errors import InputError
from orderflow.engine.broker import answers
from orderflow.flow.ports import Observer
from orderflow.settings import Settings

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where the processes of a worker put their numbers; read by prometheus_client as it is imported, so not before."""

_wanted: dict[str, Any] = {"metrics_host": "127.0.0.1", "metrics_port": None}
_draining = False
_published = 0.0


def offer(celery: Celery, settings: Settings) -> None:
    """Add the options, and open the port once the worker or beat is up."""
    for command in ("worker", "beat"):
        celery.user_options[command].add(
            Option(
                ("--metrics-port",), type=int, expose_value=False, callback=_note, help="Measurements for Prometheus."
            )
        )
        celery.user_options[command].add(
            Option(("--metrics-host",), expose_value=False, callback=_note, help="127.0.0.1 unless given.")
        )

    def open_worker(**_: Any) -> None:
        _open(settings, lambda: {"ready": not _draining})

    def open_beat(**_: Any) -> None:
        global _published  # noqa: PLW0603  # when beat last had something sent
        _published = time.monotonic()
        longest = max(60.0, 10 * settings.sweep_seconds)
        _open(settings, lambda: {"ready": time.monotonic() - _published < longest})

    worker_ready.connect(open_worker, weak=False)
    beat_init.connect(open_beat, weak=False)


def observers() -> list[Observer]:
    """Return what counts the deliveries of this process, if somebody asks for them."""
    if _wanted["metrics_port"] is None:
        return []
    from orderflow.engine.metrics import Metrics

    return [Metrics().note_settled]


def _note(_context: Context, parameter: Parameter, value: Any) -> Any:
    if value is None:
        return value
    _wanted[str(parameter.name)] = value
    if parameter.name == "metrics_port" and _FOLDER not in os.environ:
        os.environ[_FOLDER] = tempfile.mkdtemp(prefix="orderflow-metrics-")
        atexit.register(_remove, os.environ[_FOLDER], os.getpid())
    return value


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # what was forked runs this at its end, too
        shutil.rmtree(folder, ignore_errors=True)


def _open(settings: Settings, ready: Callable[[], dict[str, Any]]) -> None:
    port = _wanted["metrics_port"]
    if port is None:
        return
    from orderflow.engine.metrics import Metrics
    from orderflow.engine.metrics_port import MetricsPort

    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    metrics = Metrics(broker=answers(settings))
    try:
        MetricsPort(_wanted["metrics_host"], port, metrics.registry, ready, token).start()
    except InputError as error:
        raise SystemExit(f"{error.message} [{error.code}] {error.hint}") from None


@worker_shutting_down.connect
def _drain(**_: Any) -> None:
    global _draining  # noqa: PLW0603  # of this process
    _draining = True


@after_task_publish.connect
def _note_published(**_: Any) -> None:
    global _published  # noqa: PLW0603  # of this process
    _published = time.monotonic()
