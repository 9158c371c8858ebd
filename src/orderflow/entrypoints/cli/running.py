"""`orderflow serve` and `orderflow worker`: what runs until it is stopped."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orderflow.engine.logs import configure_logs_by, log_deliveries
from orderflow.entrypoints.cli.workplace import opened

if TYPE_CHECKING:
    from orderflow.bootstrap import App
    from orderflow.engine.presence import Presence
    from orderflow.engine.threads import Engine


def add_to(app: typer.Typer) -> None:
    """Hang these commands into the tree."""
    app.command(epilog="Example: orderflow serve --port 8000")(serve)
    app.command(epilog="Example: orderflow worker")(worker)


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the address.")] = 1,
    engine: Annotated[bool, typer.Option(help="Deliver too; without, run `orderflow worker` somewhere.")] = True,
) -> None:
    """Run the API, and the engine that delivers. Ctrl-C stops it."""
    from orderflow.entrypoints.serving import listening, run
    from orderflow.settings import Settings

    settings = Settings.load()
    configure_logs_by(settings)
    with listening(host, port) as socket:
        run(settings, socket, workers=workers, engine=engine)


def worker(
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Answer /metrics, /healthz and /readyz there.")
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="The address for that; 0.0.0.0 for all.")] = "127.0.0.1",
) -> None:
    """Deliver orders and read answers until stopped. Any number of workers may share one database.

    SIGTERM or Ctrl-C lets it finish what is in hand, for 20 seconds at most; a second one kills it, and loses nothing.
    """
    from orderflow.engine.presence import Presence
    from orderflow.engine.threads import Engine
    from orderflow.engine.tracing import configure_tracing, trace_deliveries
    from orderflow.entrypoints.garbage import spare_what_stays
    from orderflow.settings import Settings

    settings = Settings.load()
    configure_logs_by(settings)
    configure_tracing()
    with opened(settings) as app:
        log_deliveries(app.wiring)
        trace_deliveries(app.wiring)
        app.require_key()
        stopped = stop_on_signal()
        engine = Engine(app)
        presence = Presence(app, "worker", slots=settings.worker_threads)
        if metrics_port is not None:
            _measure(app, engine, presence, metrics_host, metrics_port)
        spare_what_stays()
        engine.start()
        presence.start()
        while not stopped.wait(1) and engine.alive:
            pass
        ended = engine.stop()
        presence.stop()
    if not ended:  # a thread that still delivers would keep this process alive
        os._exit(0 if stopped.is_set() else 1)
    if not stopped.is_set():
        raise typer.Exit(1)


def _measure(app: App, engine: Engine, presence: Presence, host: str, port: int) -> None:
    """Open the worker's port. Raises InputError if it is taken."""
    from orderflow.engine.broker import answers
    from orderflow.engine.metrics import Metrics
    from orderflow.engine.metrics_port import MetricsPort
    from orderflow.storage.tables.migrations import state

    def ready() -> dict[str, Any]:
        troubles = sorted({trouble.code for trouble in presence.known()})
        database = state(app.database)
        return {"ready": engine.alive and database == "ok", "database": database, "troubles": troubles}

    metrics = Metrics(broker=answers(app.settings))
    app.wiring.observers.append(metrics.note_settled)
    token = app.settings.metrics_token
    MetricsPort(host, port, metrics.registry, ready, token.get_secret_value() if token else None).start()


def stop_on_signal() -> threading.Event:
    """Return an event that SIGTERM or SIGINT sets; the next one kills this process the plain way."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()
        signal.signal(signal.SIGTERM, kill)
        signal.signal(signal.SIGINT, kill)

    def kill(number: int, _frame: FrameType | None) -> None:
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopped
