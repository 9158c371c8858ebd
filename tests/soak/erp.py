"""The ERP of the long run: an SFTP server in a process of its own that takes files, answers them and keeps nothing.

The first line on stdin is `{"root", "port", "password"}`, the first on stdout says where it listens. Every further
line changes its password (`{"password": …}`). It ends when its stdin does.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

import asyncssh

from orderflow.testing.sftp_server import SFTPServer

PAUSE = 0.3
"""Seconds between two looks into the inbox."""

REFUSED, UNREADABLE = 0.03, 0.005
"""Shares of the documents that are refused, and of those that get an answer first that nobody can read."""


class Receiver:
    """Takes files, answers each, and forgets it."""

    def __init__(self, root: Path) -> None:
        self.inbox, self.answers = root / "orders", root / "answers"
        for folder in (self.inbox, self.answers, self.answers / "processed"):
            folder.mkdir(parents=True, exist_ok=True)

    def live(self) -> None:
        """Answer for ever."""
        while True:
            for path in self.inbox.glob("*.json"):
                self._take(path)
            for put_away in self.answers.rglob("processed/*"):  # what was read, and an ERP's people would delete
                put_away.unlink(missing_ok=True)
            time.sleep(PAUSE)

    def _take(self, path: Path) -> None:
        """Answer a file, then remove it: whoever is killed between answers it once more, and the same."""
        order_id = json.loads(path.read_bytes())["draft_order_id"]
        chance = random.Random(path.name).random()
        if chance < REFUSED:
            self._answer(f"error_{path.name}", {"status": "FAILED", "error_code": "NO_STOCK", "message": "No stock."})
        else:
            if chance > 1 - UNREADABLE:
                (self.answers / f"ack_{path.name}").write_text("<no/>")
                time.sleep(PAUSE)
            self._answer(f"ack_{path.name}", {"status": "ACKED", "erp_order_id": f"SO-{order_id[-12:]}"})
        path.unlink()

    def _answer(self, name: str, answer: dict[str, Any]) -> None:
        draft = self.answers / f"{name}.tmp"
        draft.write_text(json.dumps(answer))
        draft.rename(self.answers / name)


def main() -> None:
    """Serve until stdin ends."""
    wanted = json.loads(sys.stdin.readline())
    root = Path(wanted["root"])
    threading.Thread(target=Receiver(root).live, daemon=True).start()
    server = SFTPServer(root, password=wanted["password"], host_keys=[_host_key(root)])
    server.port = wanted["port"]
    with server:
        print(json.dumps({"port": server.port, "fingerprint": server.fingerprint}), flush=True)
        for line in sys.stdin:
            server.password = json.loads(line)["password"]
            server.kill_connections()


def _host_key(root: Path) -> asyncssh.SSHKey:
    file = root / "host_key"
    if not file.exists():
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(file)
    return asyncssh.read_private_key(file)


if __name__ == "__main__":
    main()
