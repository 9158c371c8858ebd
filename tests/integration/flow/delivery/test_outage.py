"""An ERP that is away for an hour while thousands of orders wait: the hour passes by moving the clock of the probe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orderflow.channels.sftp.store import close_all
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.flow.setup.probe import LONGEST_PROBE_WAIT, probe
from orderflow.testing.sftp_server import SFTPServer

COPY_ORDERS = """
    INSERT INTO draft_order SELECT r.* FROM draft_order o, generate_series(2, :count) n, jsonb_populate_record(o,
        jsonb_build_object('id', gen_random_uuid(), 'created_at', o.created_at + make_interval(secs => n / 1e3))) r
"""
COPY_LINES = """
    INSERT INTO draft_order_line SELECT r.* FROM draft_order_line l, draft_order o, jsonb_populate_record(l,
        jsonb_build_object('id', gen_random_uuid(), 'draft_order_id', o.id)) r
    WHERE o.id <> l.draft_order_id
"""
COPY_EXPORTS = """
    INSERT INTO erp_export SELECT r.* FROM erp_export e, draft_order o, jsonb_populate_record(e,
        jsonb_build_object('id', gen_random_uuid(), 'draft_order_id', o.id, 'created_at', o.created_at,
                           'next_attempt_at', o.created_at, 'revision', NULL)) r
    WHERE o.id <> e.draft_order_id
"""


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[SFTPServer]:
    (tmp_path / "out").mkdir()
    with SFTPServer(tmp_path) as server:
        yield server
        close_all()


@pytest.mark.parametrize("orders", [1_000, pytest.param(5_000, marks=pytest.mark.large)])
def test_an_hour_later_all_go_out_in_order_of_age_and_none_has_spent_an_attempt(
    installation: Any, erp: SFTPServer, orders: int
) -> None:
    connector = DropzoneJsonV1Connector()
    account = {"host": erp.host, "port": erp.port, "username": erp.username, "password": erp.password}
    config = account | {"host_key": erp.host_key, "export_path": "/out"}
    connection_id = installation.connect(connector, config=config)
    installation.pushed()
    for copy in (COPY_ORDERS, COPY_LINES, COPY_EXPORTS):
        installation.do(copy, **({"count": orders} if ":count" in copy else {}))
    erp.stop()

    installation.work_off(connection_id)
    waits = [round(wait) for wait in _probes_of_an_hour(installation, connection_id)]
    assert waits == sorted(waits), "they grow apart"
    assert (len(waits) < 20, waits[-1] <= LONGEST_PROBE_WAIT) == (True, True)
    assert _states(installation) == [("PENDING", 0, orders)]

    taken: list[str] = []
    erp.on_rename = lambda path: taken.append(path.name.split("_")[2]) if path.suffix == ".json" else None
    erp.start()
    assert probe(installation.wiring, installation.org_id, connection_id)
    installation.work_off(connection_id)
    assert _states(installation) == [("SENT", 0, orders)]
    by_age = [str(row["id"]) for row in installation.rows("SELECT id FROM draft_order ORDER BY created_at")]
    size = installation.wiring.batch_size
    assert [set(taken[at : at + size]) for at in range(0, orders, size)] == [
        set(by_age[at : at + size]) for at in range(0, orders, size)
    ]
    assert len(taken) == orders


def _probes_of_an_hour(installation: Any, connection_id: Any) -> Iterator[float]:
    """Yield the seconds before each probe that fails within an hour; then one more is due."""
    passed = 0.0
    while True:
        (row,) = installation.rows("SELECT extract(epoch FROM probe_at - now()) AS wait FROM erp_connection")
        passed += (wait := float(row["wait"]))
        installation.do("UPDATE erp_connection SET probe_at = now()")
        if passed > 3_600:
            return
        yield wait
        assert not probe(installation.wiring, installation.org_id, connection_id)


def _states(installation: Any) -> list[tuple[str, int, int]]:
    rows = installation.rows("SELECT status, attempts_spent AS spent, count(*) AS n FROM erp_export GROUP BY 1, 2")
    return [(row["status"], row["spent"], row["n"]) for row in rows]
