"""The benchmarks are run by hand, so that a change that breaks them would be noticed late."""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import benchmarks.rows
import pytest
from benchmarks.table import Row, save


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(benchmarks.rows.__path__)])
def test_whatever_is_measured_can_be_started(name: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.rows.{name}").measure)


def test_a_run_replaces_its_own_rows_and_keeps_the_others(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    save([Row("intake", 100, "requests/s"), Row("claim", 5, "ms")], results)
    save([Row("claim", 4, "ms", {"with 10,000": 3}, "< 10 ms", reached=True)], results)

    intake, claim = json.loads(results.read_text())
    assert (intake["row"], intake["ours"]) == ("intake", 100)
    assert (claim["row"], claim["ours"], claim["reached"]) == ("claim", 4, True)


def test_a_ratio_above_one_is_better_whatever_the_unit() -> None:
    assert Row("a", 200, "orders/s", {"peer": 100}).ratio("peer") == 2
    assert Row("b", 10, "ms", {"peer": 20}).ratio("peer") == 2
