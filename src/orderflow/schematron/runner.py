"""Runs stylesheets in a process of their own, within a time; one that does not come back is ended and made anew."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock

from orderflow.domain.errors import OrderFlowError
from orderflow.schematron import child

SECONDS = 5.0
"""For one request; rules of Peppol take some milliseconds."""


LARGEST = 4 * 1024 * 1024
"""Bytes that are read of what the rules say."""


class RulesNotRunError(OrderFlowError):
    """The rules could not be tried on a document."""

    code = "RULES_NOT_RUN"
    hint = "Nothing was sent, and it is tried again. If it goes on, give the rules again: orderflow rules add."


class RulesTooSlowError(RulesNotRunError):
    """The rules did not come to an end with this document."""

    hint = "Nothing was sent. Push it again; if it goes on, split the order, or bring other rules."


class SaxonMissingError(RulesNotRunError):
    """The library that runs the rules is not installed here."""

    hint = "Install it where orders are delivered, pip install 'orderflow-connect[peppol]', and restart."
    default_message = "There are rules for this document, but the library that runs them (saxonche) is not installed."


class Runner:
    """One process, started when it is needed. Safe to share by threads: requests wait for each other."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds, self._lock = seconds, Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._started_by = 0
        self._loaded: set[str] = set()

    def run(self, name: str, stylesheet: str, document: str) -> str:
        """Return what a stylesheet makes of a document.

        Args:
            name: Of the stylesheet; under one name is always the same.

        Raises:
            RulesNotRunError: It cannot be compiled or run; RulesTooSlowError: not in time.
        """
        with self._lock:
            connection = self._load(name, stylesheet)
            return self._ask(connection, "check", name, document)

    def compile(self, sheets: Mapping[str, str]) -> None:
        """Make sure that stylesheets can be run. Raises RulesNotRunError."""
        with self._lock:
            for name, sheet in sheets.items():
                self._load(name, sheet)

    def _load(self, name: str, stylesheet: str) -> Connection:
        if self._connection is None or self._started_by != os.getpid():  # after a fork the process is the parent's
            self._connection = self._started()
        if name not in self._loaded:
            self._ask(self._connection, "load", name, stylesheet)
            self._loaded.add(name)
        return self._connection

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _started(self) -> Connection:
        if find_spec("saxonche") is None:
            raise SaxonMissingError
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-I", str(Path(child.__file__)), str(theirs.fileno())]
            self._process = subprocess.Popen(  # noqa: S603  # our own program, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd="/",
                env={"LC_ALL": "C.UTF-8"},
            )
        self._started_by = os.getpid()
        self._loaded.clear()
        return Connection(ours.detach())

    def _ask(self, connection: Connection, request: str, name: str, text: str) -> str:
        try:
            connection.send_bytes(json.dumps((request, name, text)).encode())
            if not connection.poll(self._seconds):
                self._end()
                # To load rules is no document's fault: then it may be tried again.
                kind = RulesTooSlowError if request == "check" else RulesNotRunError
                raise kind(f"The rules took more than {self._seconds:g} seconds.")
            outcome, answer = json.loads(connection.recv_bytes(LARGEST))
        except (EOFError, OSError, ValueError):
            self._end()
            raise RulesNotRunError("The process that tries the rules ended: they may take too much memory.") from None
        if outcome == "fault":
            raise RulesNotRunError(f"The rules cannot be run: {' '.join(answer.split())}")
        return str(answer)

    def _end(self) -> None:
        if self._process is not None and self._started_by == os.getpid():
            self._process.kill()
            self._process.wait()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None
