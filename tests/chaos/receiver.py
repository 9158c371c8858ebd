"""The ERP of the chaos run: an SFTP server in a process of its own that takes files and answers them.

A take is one rename out of the inbox under a name that is never used twice, so that the folder of takes is a log
that a kill -9 at any moment leaves right: nothing is taken without being noted, or noted without being taken.

The first line on stdin is `{"root", "port", "password"}`, the first on stdout says where it listens. Every further
line on stdin changes how it misbehaves (`orderflow.testing.sftp_server.Faults`). It ends when its stdin does.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import asyncssh

from orderflow.testing.sftp_server import SFTPServer

PAUSE = 0.2
"""Seconds between two looks into the inbox, and at what is to be answered."""


class Receiver:
    """Takes half of the files the moment they have their final name, the others when it next looks."""

    def __init__(self, root: Path) -> None:
        self.inbox, self.answers = root / "orders", root / "answers"
        self.taken, self.answered = root / "taken", root / "answered"
        for folder in (self.inbox, self.answers, self.taken, self.answered):
            folder.mkdir(parents=True, exist_ok=True)

    def arrived(self, path: Path) -> None:
        if path.parent.name == self.inbox.name and path.suffix == ".json" and random.random() < 0.5:
            self.take(path)

    def take(self, path: Path) -> None:
        with suppress(FileNotFoundError):  # the other thread was quicker
            path.rename(self.taken / f"{path.name}.{uuid4().hex}")

    def live(self) -> None:
        while True:
            for path in self.inbox.glob("*.json"):
                self.take(path)
            for path in self.taken.iterdir():
                self._answer(path)
            time.sleep(PAUSE)

    def _answer(self, path: Path) -> None:
        order_id = json.loads(path.read_bytes())["draft_order_id"]
        answer = {"status": "ACKED", "erp_order_id": number_of(order_id), "processed_at": "2026-01-01T00:00:00Z"}
        name = f"ack_{path.name.rpartition('.')[0]}"
        draft = self.answers / f"{name}.tmp"
        draft.write_text(json.dumps(answer), encoding="utf-8")
        draft.rename(self.answers / name)
        path.rename(self.answered / path.name)


def number_of(order_id: str) -> str:
    """Return the number that the ERP gives an order; always the same, so that a mix-up would show."""
    return f"SO-{order_id[-12:]}"


def takes(root: Path) -> list[Path]:
    """Return every file that was ever taken."""
    return [path for folder in ("taken", "answered") for path in (root / folder).iterdir()]


def order_of(take: Path) -> str:
    """Return the order's id out of a taken file's name, `sales_order_<id>_…`."""
    return take.name.split("_")[2]


def _host_key(root: Path) -> asyncssh.SSHKey:
    file = root / "host_key"
    if not file.exists():
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(file)
    return asyncssh.read_private_key(file)


def main() -> None:
    wanted = json.loads(sys.stdin.readline())
    root = Path(wanted["root"])
    receiver = Receiver(root)
    threading.Thread(target=receiver.live, daemon=True).start()
    server = SFTPServer(root, password=wanted["password"], host_keys=[_host_key(root)], on_rename=receiver.arrived)
    server.port = wanted["port"]
    with server:
        print(json.dumps({"port": server.port, "fingerprint": server.fingerprint}), flush=True)
        for line in sys.stdin:
            for name, value in json.loads(line).items():
                setattr(server.faults, name, value)


if __name__ == "__main__":
    main()
