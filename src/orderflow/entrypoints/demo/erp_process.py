"""The demo's ERP as the process that it is: started, introduced, stopped."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orderflow.domain.errors import OrderFlowError


@dataclass(frozen=True)
class ERPFolders:
    """Where the ERP keeps what came, what it answers, and its log."""

    root: Path
    signs: bool = field(default=False, kw_only=True)

    def takes(self) -> list[dict[str, str]]:
        """Return its own log of the files it took."""
        log = self.root / "takes.jsonl"
        return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


@dataclass(frozen=True)
class RunningERP(ERPFolders):
    """What the ERP's administrator tells us: where it is, and by which fingerprint to know it."""

    host: str
    port: int
    fingerprint: str
    password: str = field(repr=False)

    def connection(self, plant: str) -> dict[str, object]:
        """Return the configuration of a connection to a plant; the host key has still to be accepted."""
        return {
            "mode": "sftp",
            "host": self.host,
            "port": self.port,
            "username": "orderflow",
            "password": self.password,
            "export_path": f"/{plant}/orders",
            "ack_path": f"/{plant}/answers",
        }


@contextmanager
def running_erp(root: Path, receiver: str) -> Iterator[RunningERP]:
    """Start the ERP behind an SFTP server, and stop it at the end.

    Raises:
        OrderFlowError: It did not start.
    """
    password = secrets.token_urlsafe(16)
    with _process(root, receiver, password) as announced:
        yield RunningERP(root, **announced, password=password)


@contextmanager
def running_behind_gateway(root: Path, receiver: str) -> Iterator[ERPFolders]:
    """Start the ERP behind a gateway that signs for what it takes. Raises as `running_erp` does."""
    with _process(root, receiver, None):
        yield ERPFolders(root, signs=True)


@contextmanager
def _process(root: Path, receiver: str, password: str | None) -> Iterator[dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "orderflow.entrypoints.demo.erp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C on the terminal goes to the whole group; the ERP ends when we let go of its stdin.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509  # no thread of ours runs yet
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"root": str(root), "receiver": receiver, "password": password}) + "\n")
        process.stdin.flush()
        yield _announced(process.stdout.readline())
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _announced(line: str) -> dict[str, Any]:
    if not line:
        raise OrderFlowError(
            "The demo's ERP did not start.", code="DEMO_FAILED", hint="What it printed above says why."
        )
    announced: dict[str, Any] = json.loads(line)
    return announced
