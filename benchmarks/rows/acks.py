"""A poll of an answer folder full of files: 1,000 answers to our orders, and what nobody ever tidied up.

The others are the worst there can be: every one is named as an answer, to an order of another system.
`make bench` has 10,000 files there, `make bench-full` 100,000.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from benchmarks.installation import Installation
from benchmarks.interleaved import Figures, medians
from benchmarks.orders import SMALL
from benchmarks.peers import paramiko_steps
from benchmarks.table import Row
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.testing.openssh_server import OpenSSHServer

NEW = 1_000
NAMES = 50_000
"""Of one file; ext4 has room for 65,000 (EXT4_LINK_MAX)."""

PEER = "paramiko: list, read, move; no database"
ANSWER = json.dumps({"status": "ACKED", "erp_order_id": "SO-2025-000123", "processed_at": "2025-12-26T10:00:00Z"})


def measure(full: bool) -> Iterator[Row]:
    files, rounds, once = (100_000, 5, set[str]()) if full else (10_000, 3, {PEER})
    with Installation() as place, OpenSSHServer() as sshd:
        answers = sshd.root / "answers"
        (answers / "processed").mkdir(parents=True)
        _fill(answers, files - NEW)
        target = paramiko_steps.Target.of(sshd)
        connection = place.connect(sshd, ack_path=str(answers))
        programs = {
            "ours": lambda: _poll(place, connection, answers),
            PEER: lambda: _peer(target, answers),
        }
        yield _row(files, "over SFTP, OpenSSH on loopback", medians(programs, rounds, once))
        folder = place.connect(sshd, mode="filesystem", ack_path=str(answers))
        yield _row(files, "in a folder", medians({"ours": lambda: _poll(place, folder, answers)}, rounds))


def _fill(answers: Path, files: int) -> None:
    """Lay so many names into the folder, thousands to each empty file: names are made ten times as fast as files."""
    for start in range(0, files, NAMES):
        names = (
            answers / f"ack_sales_order_{uuid4()}_20250101T000000Z_00000000.json"
            for _ in range(start, min(start + NAMES, files))
        )
        first = next(names)
        first.touch()
        for name in names:
            name.hardlink_to(first)


def _poll(place: Installation, connection_id: UUID, answers: Path) -> float:
    """Deliver orders, let the ERP answer them, and return the seconds until every answer is recorded and put away."""
    place.request(NEW, SMALL)
    while push_batch(place.app.wiring, place.org_id, connection_id):
        pass
    for name in _filenames(place, connection_id):
        (answers / f"ack_{name}").write_text(ANSWER)
    started = time.monotonic()
    verdicts = poll_acks(place.app.wiring, place.org_id, connection_id)
    seconds = time.monotonic() - started
    assert verdicts["acknowledge"] == NEW, verdicts
    assert not _filenames(place, connection_id)
    return seconds


def _filenames(place: Installation, connection_id: UUID) -> list[str]:
    query = text("SELECT filename FROM erp_export WHERE connection_id = :id AND status = 'SENT'")
    with place.app.database.transaction(place.org_id) as connection:
        return list(connection.execute(query, {"id": connection_id}).scalars())


def _peer(target: paramiko_steps.Target, answers: Path) -> float:
    wanted = {f"ack_{uuid4()}.json" for _ in range(NEW)}
    for name in wanted:
        (answers / name).write_text(ANSWER)
    started = time.monotonic()
    assert paramiko_steps.read_answers(target, str(answers), wanted) == NEW
    return time.monotonic() - started


def _row(files: int, where: str, figures: Figures) -> Row:
    ours = figures.pop("ours")
    name = f"{NEW:,} answers among {files:,} files settled, {where}"
    return Row(name, ours, "s", figures, target="< 10 s", reached=ours < 10, spread=figures.spread)
