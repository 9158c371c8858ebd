"""A small ERP behind a real SFTP server or a partner's gateway: `python -m orderflow.entrypoints.demo.erp`.

It takes each order's file the moment it has its final name, checks it against the published JSON Schema, and answers
a moment later. Its own log of takes, `takes.jsonl`, is what shows that no order came twice.

It is a process of its own. Its first line on stdin is `{"root", "receiver", "password"}`, the password that of the SFTP
server, null for none: files then come into its folder another way. Its first on stdout says where it listens. It ends
when its stdin does.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import PriorityQueue
from typing import Any

import fastjsonschema

from orderflow.domain.document import export_schema
from orderflow.testing.sftp_server import SFTPServer

PLANTS = ("domestic", "abroad")
"""Each has folders of its own, and a connection."""

BETWEEN_LOOKS = 0.05
"""Seconds between two looks at a folder of orders that no server of ours fills."""

LONGEST_THINKING = 1.5
"""Seconds from a take to its answer at most."""

UNANSWERED, GARBAGE = 5, 9
"""Which of the takes gets no answer, and which an unreadable one."""

_REFUSALS = (
    ("CUSTOMER_BLOCKED", "Customer {customer} is blocked for deliveries (credit limit)."),
    ("MATERIAL_UNKNOWN", "Material {sku} is not maintained in plant 1000."),
    ("DATE_IN_THE_PAST", "Requested delivery date {date} is in a closed period."),
)


class DemoERP:
    """What happens to the files that arrive.

    Args:
        root: Holds `orders/` and `answers/` of each of its `PLANTS`, and the log of takes.
        keeps: Leave the files where they are instead of taking them away.
    """

    def __init__(self, root: Path, *, keeps: bool = False) -> None:
        self.log = root / "takes.jsonl"
        for plant in PLANTS:
            for folder in ("orders", "answers"):
                (root / plant / folder).mkdir(parents=True, exist_ok=True)
        self._keeps = keeps
        self._validate = fastjsonschema.compile(export_schema(), use_default=False)
        self._takes = 0
        self._due: PriorityQueue[tuple[float, int, Path, str]] = PriorityQueue()

    def arrived(self, path: Path) -> None:
        """Take the file that just got its final name."""
        if path.parent.name != "orders" or path.suffix != ".json":
            return
        content = path.read_bytes()
        if not self._keeps:
            path.unlink()
        self._takes += 1
        order, fault = self._read(content)
        self._note_take(path.name, content, order)
        name, answer = self._answer(path.name, order, fault)
        if name:
            due = time.monotonic() + random.uniform(0.2, LONGEST_THINKING)  # noqa: S311  # a pause, not a secret
            self._due.put((due, self._takes, path.parents[1] / "answers" / name, answer))

    def watch_for_ever(self, folder: Path) -> None:
        """Take each file that gets its final name in a folder."""
        seen: set[tuple[Path, int]] = set()  # with the moment: one that comes again under its name is another take
        while True:
            there = {(path, path.stat().st_ctime_ns) for path in folder.iterdir()}
            for path, _ in sorted(there - seen):
                self.arrived(path)
            seen = there
            time.sleep(BETWEEN_LOOKS)

    def answer_for_ever(self) -> None:
        """Write each answer when its time has come, whole at once."""
        while True:
            due, _, path, answer = self._due.get()
            time.sleep(max(0.0, due - time.monotonic()))
            draft = path.with_name(f"{path.name}.tmp")
            draft.write_text(answer, encoding="utf-8")
            draft.rename(path)

    def _read(self, content: bytes) -> tuple[dict[str, Any], str | None]:
        try:
            order = self._validate(json.loads(content))
        except (ValueError, fastjsonschema.JsonSchemaValueException) as error:
            return {}, str(error)
        return order, None

    def _note_take(self, filename: str, content: bytes, order: dict[str, Any]) -> None:
        take = {
            "order_id": order.get("draft_order_id"),
            "filename": filename,
            "sha256": hashlib.sha256(content).hexdigest(),
            "at": datetime.now(UTC).isoformat(),
        }
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(take) + "\n")

    def _answer(self, filename: str, order: dict[str, Any], fault: str | None) -> tuple[str, str]:
        """Return the answer's file name and text; an empty name for none at all."""
        if fault:
            return _refusal(filename, "SCHEMA_INVALID", fault)
        if self._takes == UNANSWERED:
            return "", ""
        if self._takes == GARBAGE:
            return f"ack_{filename}", "Sales order created, see job log."
        if self._takes in (3, 11, 19) or self._takes % 100 == 0:
            code, words = _REFUSALS[self._takes % len(_REFUSALS)]
            return _refusal(filename, code, words.format(**_facts(order)))
        number = f"SO-{datetime.now(UTC).year}-{self._takes:06}"
        return f"ack_{filename}", json.dumps({"status": "ACKED", "erp_order_id": number, "processed_at": _now()})


def _refusal(filename: str, code: str, message: str) -> tuple[str, str]:
    answer = {"status": "FAILED", "error_code": code, "message": message, "processed_at": _now()}
    return f"error_{filename}", json.dumps(answer)


def _facts(order: dict[str, Any]) -> dict[str, Any]:
    return {
        "customer": order["customer"]["erp_customer_number"],
        "sku": order["lines"][0]["internal_sku"],
        "date": order["header"]["requested_delivery_date"] or "(none)",
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    """Serve until stdin ends."""
    wanted = json.loads(sys.stdin.readline())
    root = Path(wanted["root"])
    erp = DemoERP(root, keeps=wanted["receiver"] == "keep")
    threading.Thread(target=erp.answer_for_ever, daemon=True).start()
    with _way_in(erp, root, wanted["password"]) as where:
        print(json.dumps(where), flush=True)  # noqa: T201  # the process that started us reads it
        sys.stdin.read()


@contextmanager
def _way_in(erp: DemoERP, root: Path, password: str | None) -> Iterator[dict[str, Any]]:
    """Let orders in; gives what the caller has to know of it."""
    if password is None:
        threading.Thread(target=erp.watch_for_ever, args=(root / PLANTS[0] / "orders",), daemon=True).start()
        yield {}
        return
    with SFTPServer(root, username="orderflow", password=password, on_rename=erp.arrived) as server:
        yield {"host": server.host, "port": server.port, "fingerprint": server.fingerprint}


if __name__ == "__main__":
    main()
