"""`orderflow serve`: the API and, unless told otherwise, the engine, in one process or in several on one address."""

from __future__ import annotations

import os
import signal
import socket as sockets
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from orderflow.bootstrap import App, open_app
from orderflow.domain.errors import InputError
from orderflow.engine.logs import configure_logs
from orderflow.entrypoints.bounded_http import BoundedProtocol
from orderflow.entrypoints.garbage import spare_what_stays
from orderflow.settings import Settings

log = structlog.get_logger(__name__)
GRACE = 10
"""Seconds that requests under way get to end when the server is stopped."""

TURN = 0.0005
"""Seconds that a thread may compute while another one waits to, instead of 5 ms: as long as a transaction takes, which
would otherwise wait for the requests that come in meanwhile at each of its steps."""


def listening(host: str, port: int) -> sockets.socket:
    """Take an address before anything else is started; port 0 takes a free one.

    Raises:
        InputError: It is taken, or not this machine's.
    """
    try:
        family, kind, protocol, _, address = sockets.getaddrinfo(host, port, type=sockets.SOCK_STREAM)[0]
        socket = sockets.socket(family, kind, protocol)
        socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        socket.bind(address)
    except OSError as error:
        raise InputError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}.",
            code="ADDRESS_UNUSABLE",
            hint="Choose another one with --port or --host, or stop the program that uses it.",
        ) from None
    return socket


def url_of(socket: sockets.socket) -> str:
    """Return the web address of a bound socket."""
    host, port = socket.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(settings: Settings, socket: sockets.socket, *, workers: int = 1, engine: bool = True) -> None:
    """Serve on `socket` until SIGTERM or SIGINT.

    Args:
        workers: Processes; each has its own engine, if any, and they share the work through the database.
        engine: Also deliver.

    Raises:
        OrderFlowError: As `bootstrap.open_app` does.
    """
    app = open_app(settings)
    try:
        app.require_key()
        if workers > 1:
            app.database.close()  # each process opens connections of its own
            log.info("serving", url=url_of(socket), workers=workers, engine=engine)
            _serve_in_several(socket, workers, engine=engine)
            return
        ended = serve_app(app, socket, engine=engine)
    finally:
        app.close()
    if not ended:  # a thread that still delivers would keep this process alive
        os._exit(0)


def serve_app(app: App, socket: sockets.socket, *, engine: bool = True) -> bool:
    """Serve an application that is open already on `socket`, until SIGTERM or SIGINT.

    Returns:
        False if something is still being delivered, in a thread that cannot be ended but with the process.
    """
    from orderflow.entrypoints.api import create_app

    api = create_app(app, engine=engine)
    _tune()
    config = uvicorn.Config(api, **_options())
    # Once stopped, uvicorn sends itself the signal again, which would end us before the database is put away.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _Server(config, api, url_of(socket), drain=app.settings.drain_seconds).run(sockets=[socket])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return bool(getattr(api.state, "ended", True))


@contextmanager
def serving_aside(app: App) -> Iterator[str]:
    """Serve an application that is open already in a thread, on a free port of this machine, and give the address.

    It delivers nothing. Raises InputError: no port can be listened on.
    """
    from orderflow.entrypoints.api import create_app

    socket = listening("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(app, engine=False), **_options()))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        yield url_of(socket)
    finally:
        server.should_exit = True
        thread.join()


class _Server(uvicorn.Server):
    """Says that it serves once it does, and stops listening only after those before it could notice.

    Args:
        drain: Seconds from SIGTERM, when `/readyz` begins to say no, to the end of listening.
    """

    def __init__(self, config: uvicorn.Config, api: FastAPI, url: str, *, drain: float) -> None:
        super().__init__(config)
        self._api, self._url, self._drain = api, url, drain

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        """Start up, then tell: the database was found in order, and the socket listens."""
        await super().startup(sockets)
        if self.started:
            log.info("serving", url=self._url, workers=1, engine=self._api.state.engine is not None)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain at the first signal; a second one ends at once."""
        _drain(self._api, self._drain, super().handle_exit)(sig, frame)


Handler = Callable[[int, FrameType | None], Any]


def _drain(api: FastAPI, seconds: float, end: Handler) -> Handler:
    """Return what handles a signal: at the first one `/readyz` begins to say no, and `end` follows `seconds` later."""

    def handle(sig: int, frame: FrameType | None) -> None:
        if seconds <= 0 or api.state.draining:
            end(sig, frame)
            return
        api.state.draining = True
        timer = threading.Timer(seconds, end, (sig, frame))
        timer.daemon = True
        timer.start()

    return handle


def api_and_engine() -> FastAPI:
    """Return what one of several processes serves."""
    return _api(engine=True)


def api_only() -> FastAPI:
    """Return what one of several processes serves that deliver nothing."""
    return _api(engine=False)


def _api(*, engine: bool) -> FastAPI:
    from orderflow.entrypoints.api import create_app

    settings = Settings.load()
    configure_logs(settings.log_level, json=settings.log_format == "json")
    api = create_app(engine=engine)
    api.state.may_exit = True
    _tune()
    end = signal.getsignal(signal.SIGTERM)  # uvicorn's, which made this process and called us
    if callable(end) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _drain(api, settings.drain_seconds, end))
    return api


def _tune() -> None:
    """Prepare this process for serving, once all that stays is there."""
    spare_what_stays()
    sys.setswitchinterval(TURN)


def _serve_in_several(socket: sockets.socket, workers: int, *, engine: bool) -> None:
    factory = api_and_engine if engine else api_only
    config = uvicorn.Config(f"{__name__}:{factory.__name__}", factory=True, workers=workers, **_options())
    with tempfile.TemporaryDirectory(prefix="orderflow-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # one scrape sees the numbers of all processes
        Multiprocess(config, [socket]).run()


def _options() -> dict[str, Any]:
    return {
        "http": BoundedProtocol,
        "ws": "none",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE,
    }
