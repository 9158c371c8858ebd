"""Our own API in a process that a test may have killed: a fork of one that has loaded everything."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import uvicorn

from orderflow.bootstrap import open_app
from orderflow.entrypoints.api import create_app
from orderflow.flow import fault_points
from orderflow.settings import Settings
from tests.integration.connectors.crashing import Place

_processes = multiprocessing.get_context("forkserver")


class Api:
    """`orderflow serve` without an engine, in a process of its own that dies at a fault point if one is named."""

    def __init__(self, place: Place, admin_url: str, home: Path) -> None:
        self._settings = Settings(
            _env_file=None,
            database_url=place.app_url,
            database_admin_url=admin_url,
            encryption_master_key=place.master_key,
            jwt_secret=secrets.token_hex(32),
            password_pepper=secrets.token_hex(32),
            orderflow_home=home,
        )
        self._process: Any = None
        self.port = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, point: str = "") -> None:
        """Start it anew, to die at a point."""
        self.stop()
        here, there = _processes.Pipe()
        self._process = _processes.Process(target=_serve, args=(self._settings, point, there))
        self._process.start()
        there.close()
        self.port = here.recv()

    def stop(self) -> None:
        """End it with kill -9, if it is there still."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def died(self) -> bool:
        """Wait for its end, and return whether it was killed."""
        self._process.join(60)
        return bool(self._process.exitcode == -signal.SIGKILL)


def _serve(settings: Settings, point: str, told: Connection) -> None:
    fault_points._wanted = point
    app = open_app(settings)

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            told.send(self.servers[0].sockets[0].getsockname()[1])

    Server(uvicorn.Config(create_app(app, engine=False), port=0, log_config=None, access_log=False)).run()
    os._exit(0)
