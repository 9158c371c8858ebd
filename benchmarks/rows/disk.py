"""What an order leaves on the disk, from its arrival to its answer: tables with indexes, WAL, and its document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import psycopg

from benchmarks.installation import Installation
from benchmarks.rows.acks import ANSWER
from benchmarks.table import Row
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.testing.openssh_server import OpenSSHServer

LINES = 2
_TABLES = """
    SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
_WAL = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"


def measure(full: bool) -> Iterator[Row]:
    orders = 5_000 if full else 1_000
    with Installation() as place, OpenSSHServer() as sshd, TemporaryDirectory(prefix="of-bench-") as folder:
        answers, out = Path(folder, "answers"), Path(folder, "out")
        (answers / "processed").mkdir(parents=True)
        out.mkdir()
        connection_id = place.connect(sshd, mode="filesystem", ack_path=str(answers), export_path=str(out))
        _live(place, connection_id, answers, 200)  # pages that the tables have from the start
        _do(place, "CHECKPOINT")
        tables, wal, documents = _used(place)
        _live(place, connection_id, answers, orders)
        used = [now - before for now, before in zip(_used(place), (tables, wal, documents), strict=True)]
    for what, amount in zip(("tables and indexes", "WAL", "documents, in a folder"), used, strict=True):
        yield Row(f"an order of {LINES} lines, from its arrival to its answer: {what}", amount / orders / 1_024, "KB")


def _live(place: Installation, connection_id: UUID, answers: Path, orders: int) -> None:
    """Bring orders in, approve, push and deliver them, and let the ERP confirm each."""
    place.request(orders, LINES)
    while push_batch(place.app.wiring, place.org_id, connection_id):
        pass
    for name in _sent(place):
        (answers / f"ack_{name}").write_text(ANSWER)
    assert poll_acks(place.app.wiring, place.org_id, connection_id)["acknowledge"] == orders


def _sent(place: Installation) -> list[str]:
    return [name for (name,) in _rows(place, "SELECT filename FROM erp_export WHERE status = 'SENT'")]


def _used(place: Installation) -> tuple[int, int, int]:
    """Return the bytes of tables and indexes, those of WAL so far, and those that documents take in blocks."""
    files = (file.stat() for file in (place.home / "objects").rglob("*") if file.is_file())
    ((tables,),), ((wal,),) = _rows(place, _TABLES), _rows(place, _WAL)
    return int(tables), int(wal), sum(file.st_blocks * 512 for file in files)


def _rows(place: Installation, query: str) -> list[tuple[object, ...]]:
    assert place.app.embedded is not None
    url = place.app.embedded.url("postgres", "orderflow").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]  # constants of this module


def _do(place: Installation, statement: str) -> None:
    assert place.app.embedded is not None
    url = place.app.embedded.url("postgres", "orderflow").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]  # a constant of this module
