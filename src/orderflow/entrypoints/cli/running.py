"""`orderflow serve` and `orderflow worker`: what runs until it is stopped."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from orderflow.engine.logs import configure_logs_by, log_deliveries
from orderflow.entrypoints.cli.workplace import opened


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


def worker() -> None:
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
