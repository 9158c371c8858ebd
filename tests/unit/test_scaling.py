"""The simulation of many workers bends where what it is given says."""

from __future__ import annotations

import pytest
from benchmarks.scaling import Costs, Layout, simulated

COSTS = Costs(worker=0.0005, database=0.0002, server=0.0002, flush=0.001)


def test_one_worker_delivers_what_its_python_can() -> None:
    outcome = simulated(COSTS, Layout(workers=1, connections=40, cores=8), 10)
    assert outcome.rate == pytest.approx(1 / COSTS.worker, rel=0.1)
    assert outcome.bends_at == "the workers' Python"


def test_many_workers_deliver_what_the_database_can() -> None:
    outcome = simulated(COSTS, Layout(workers=16, connections=40, cores=2), 10)
    assert outcome.rate == pytest.approx(2 / COSTS.database, rel=0.1)
    assert outcome.bends_at == "the database's cores"


def test_one_connection_is_bound_by_its_batches_at_a_time() -> None:
    few, many = (simulated(COSTS, Layout(8, 1, 8, lanes=lanes), 10) for lanes in (3, 16))
    assert few.bends_at == "batches at a time of a connection"
    assert few.rate < many.rate / 2


def test_a_slow_disk_is_shared_by_all_who_commit() -> None:
    slow = Costs(COSTS.worker, COSTS.database, COSTS.server, flush=0.05)
    one, many = (simulated(slow, Layout(workers, 40, 8), 10) for workers in (1, 8))
    assert many.rate > 4 * one.rate
