"""The database's side of a delivery: claim, stage, settle, to a target in memory, beside pgbench writing the same rows.

Both change as many exports from PENDING to SENT on one server, with all that is written on the way: the lease, the
document's name, the attempt in the log, the staging, the outcome. pgbench does it order by order, as the peers do.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import psycopg

from benchmarks.installation import Installation
from benchmarks.interleaved import medians
from benchmarks.orders import SMALL
from benchmarks.table import Row
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.ports import Wiring
from orderflow.postgres.programs import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from orderflow.testing.memory import MemoryDropzone
from orderflow.testing.openssh_server import OpenSSHServer

ORDERS, CLIENTS = 1_000, 4
FOUR_COMMITS = "pgbench, four commits for each order"
ONE_COMMIT = "pgbench, one commit for each order"

_CLAIM = """
UPDATE erp_export SET lease_token = gen_random_uuid(), lease_until = now() + interval '60 seconds' WHERE id = :export;
"""
_BEGIN = """
UPDATE erp_export SET filename = 'sales_order_' || id || '.json', export_storage_key = 'exports/' || id,
       document_sha256 = repeat('a', 64), document_size = 1000, export_format_version = 'orderflow_export_json_v1'
 WHERE id = :export;
UPDATE draft_order SET attempts = attempts + 1 WHERE id = :draft;
INSERT INTO erp_push_log (id, org_id, draft_order_id, erp_export_id, attempt_no, connector_type, request_json,
                          idempotency_key)
VALUES (:log, :org, :draft, :export, 1, 'DROPZONE_JSON_V1', '{"size": 1000}', md5(:export::text));
"""
_STAGE = """
UPDATE erp_export SET staged_at = now(), staged_path = 'sftp://host/orders/' || id || '.tmp' WHERE id = :export;
"""
_SETTLE = """
UPDATE erp_export SET status = 'SENT', sent_at = now(), dropzone_path = '/orders/' || filename, lease_token = NULL,
       lease_until = NULL WHERE id = :export;
UPDATE draft_order SET status = 'PUSHED', updated_at = now() WHERE id = :draft;
UPDATE erp_push_log SET status = 'SUCCESS', response_json = '{}', latency_ms = 40 WHERE id = :log;
"""
_STEPS = (_CLAIM, _BEGIN, _STAGE, _SETTLE)
_NEXT = """
SELECT e.id AS export, e.draft_order_id AS draft, e.org_id AS org, gen_random_uuid() AS log
  FROM bench.queue q JOIN erp_export e ON e.id = q.id WHERE q.n = (SELECT nextval('bench.next')) \\gset
"""


@dataclass
class MemoryDocuments:
    """An object store that costs nothing."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def put_many(self, items: list[tuple[str, bytes]]) -> None:
        self.kept.update(items)

    def get(self, key: str) -> bytes:
        return self.kept[key]


def measure(full: bool) -> Iterator[Row]:
    with Installation() as place, OpenSSHServer() as sshd, tempfile.TemporaryDirectory() as scripts:
        zone = MemoryDropzone()
        wiring = replace(place.app.wiring, connector=lambda _: zone, documents=MemoryDocuments())
        connection_id = place.connect(sshd)
        programs = {
            "ours": lambda: _ours(place, wiring, connection_id),
            FOUR_COMMITS: lambda: _pgbench(place, Path(scripts), [f"BEGIN;{step}COMMIT;" for step in _STEPS]),
            ONE_COMMIT: lambda: _pgbench(place, Path(scripts), ["BEGIN;", *_STEPS, "COMMIT;"]),
        }
        figures = medians(programs, 5 if full else 3)
    yield Row(
        "the database's side of a delivery",
        figures.pop("ours"),
        "orders/s",
        figures,
        note=f"{ORDERS:,} orders; ours with 2 lanes, documents built too; pgbench -M prepared with {CLIENTS} clients",
        spread=figures.spread,
    )


def _ours(place: Installation, wiring: Wiring, connection_id: UUID) -> float:
    place.request(ORDERS, SMALL)

    def lane() -> int:
        taken = 0
        while count := push_batch(wiring, place.org_id, connection_id):
            taken += count
        return taken

    started = time.monotonic()
    with ThreadPoolExecutor(2) as lanes:
        done = sum(future.result() for future in [lanes.submit(lane), lanes.submit(lane)])
    seconds = time.monotonic() - started
    assert done == ORDERS
    return ORDERS / seconds


def _pgbench(place: Installation, scripts: Path, parts: list[str]) -> float:
    place.request(ORDERS, SMALL)
    assert place.app.embedded is not None
    url = place.app.embedded.url("postgres").replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS bench")
        connection.execute("DROP TABLE IF EXISTS bench.queue")
        connection.execute("DROP SEQUENCE IF EXISTS bench.next")
        connection.execute(
            "CREATE TABLE bench.queue AS SELECT row_number() OVER () AS n, id FROM erp_export WHERE status = 'PENDING'"
        )
        connection.execute("ALTER TABLE bench.queue ADD PRIMARY KEY (n)")
        connection.execute("CREATE SEQUENCE bench.next CACHE 1")
    script = scripts / "delivery.sql"
    script.write_text(_NEXT + "".join(parts))
    ends = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-t", str(ORDERS // CLIENTS), "-f", str(script), url]
    program = str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pgbench")
    done = subprocess.run([program, *ends], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(url) as connection:
        left = connection.execute("SELECT count(*) FROM erp_export WHERE status = 'PENDING'").fetchone()
    assert left == (0,), left
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])
