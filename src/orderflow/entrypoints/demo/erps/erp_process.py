"""An ERP's server as a process of ours: started, waited for, killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg
from sqlalchemy import make_url

from orderflow.bootstrap import App
from orderflow.domain.errors import OrderFlowError


class ErpProcess:
    """One server process, with all that it starts.

    Args:
        command: What to run.
        url: Answers with any HTTP status once the server is up.
        log: Where its output goes.
        environment: Beside our own.
    """

    def __init__(self, command: list[str], url: str, log: Path, environment: Mapping[str, str]) -> None:
        self._command = command
        self._url = url
        self._log = log
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, patience: float = 90) -> None:
        """Start the server and wait up to `patience` seconds for its first answer.

        Raises:
            OrderFlowError: It ended or did not answer; the message names its log.
        """
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # our own command, no shell
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ends = time.monotonic() + patience
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > ends:
                self.kill()
                raise OrderFlowError(f"{Path(self._command[0]).name} does not serve.", hint=f"See {self._log}.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Let the server end, and wait for it."""
        self._signal(signal.SIGTERM)
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
        self.kill()

    def kill(self) -> None:
        """End the server as a power failure would."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _answers(self) -> bool:
        try:
            httpx.get(self._url, timeout=5)
        except httpx.TransportError:
            return False
        return True


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def own_database(app: App, name: str) -> str:
    """Make an empty database on our embedded PostgreSQL; returns the SQLAlchemy URL of its owner, who is no superuser.

    Raises:
        OrderFlowError: We work on a database of one's own, where we make none.
    """
    if app.embedded is None:
        raise OrderFlowError("This needs the embedded PostgreSQL: unset DATABASE_URL.")
    socket_folder = str(make_url(app.embedded.url("postgres")).query["host"])
    with psycopg.connect(host=socket_folder, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN CREATEDB")
        connection.execute(f"CREATE DATABASE {name} OWNER {name}")
    return app.embedded.url(name, name)


def libpq_variables(database_url: str) -> dict[str, str]:
    """Return a SQLAlchemy URL as the environment that PostgreSQL's own library reads: `PGHOST` and its like."""
    url = make_url(database_url)
    port, host = url.port, url.query.get("host") or url.host
    values = {"PGHOST": host, "PGPORT": port, "PGUSER": url.username, "PGPASSWORD": url.password}
    return {name: str(value) for name, value in values.items() if value}
