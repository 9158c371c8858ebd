"""The benchmarks are run by hand, so that a change that breaks them would be noticed late."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import benchmarks.rows
import pytest
from benchmarks.interleaved import medians
from benchmarks.runs import LeftOutError, measure
from benchmarks.table import Row, change, compare, markdown, recorded, save, states


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


def test_a_module_that_fails_does_not_end_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(full: bool) -> Iterator[Row]:
        yield Row("intake", 100, "requests/s")

    def failing(full: bool) -> Iterator[Row]:
        yield Row("claim", 5, "ms")
        raise OSError("no room")

    modules = {"claim": SimpleNamespace(measure=failing), "intake": SimpleNamespace(measure=measured)}
    monkeypatch.setattr(importlib, "import_module", lambda name: modules[name.rpartition(".")[2]])
    failures: list[str] = []
    left_out: list[str] = []
    rows = list(measure(["claim", "intake"], full=False, failures=failures, left_out=left_out))
    assert ([row.row for row in rows], failures) == (["claim", "intake"], ["claim: OSError: no room"])
    assert left_out == []
    assert "2 of 2" in capsys.readouterr().out


def test_what_is_not_installed_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(full: bool) -> Iterator[Row]:
        raise LeftOutError("no such ERP here")

    monkeypatch.setattr(importlib, "import_module", lambda _: SimpleNamespace(measure=missing))
    failures: list[str] = []
    left_out: list[str] = []
    assert list(measure(["odoo"], full=False, failures=failures, left_out=left_out)) == []
    assert (failures, left_out) == ([], ["odoo: no such ERP here"])


def test_both_sizes_of_a_row_are_kept_and_compared_apart(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    save([Row("claim", 8, "ms", full=True), Row("claim", 4, "ms")], results)
    save([Row("claim", 5, "ms")], results)
    known = recorded(results)
    assert {key: row.ours for key, row in known.items()} == {("claim", True): 8, ("claim", False): 5}
    assert "| claim | 8 ms |" in markdown(results)
    assert "| claim | 5 ms |" not in markdown(results)
    assert compare(known, [Row("claim", 5, "ms")]) == ["1 of 1 rows did not move beyond noise."]
    assert compare(known, [Row("claim", 8, "ms", full=True)]) == ["1 of 1 rows did not move beyond noise."]


def test_it_is_said_which_state_of_the_code_the_rows_are_of() -> None:
    rows = [Row("a", 1, "ms", code="1a2b"), Row("b", 1, "ms", code="1a2b"), Row("c", 1, "ms")]
    assert states(rows) == "1a2b (2 rows), a commit that was not noted (1 rows)"


def test_a_ratio_above_one_is_better_whatever_the_unit() -> None:
    assert Row("a", 200, "orders/s", {"peer": 100}).ratio("peer") == 2
    assert Row("b", 10, "ms", {"peer": 20}).ratio("peer") == 2


def test_the_runs_tell_how_far_they_lay_from_their_median() -> None:
    ours, peer = iter([90.0, 100.0, 130.0]), iter([10.0, 10.0, 10.0])
    figures = medians({"ours": lambda: next(ours), "peer": lambda: next(peer)}, 3)
    assert figures == {"ours": 100, "peer": 10}
    assert figures.spread == pytest.approx({"ours": 0.3, "peer": 0})


def test_what_is_slow_runs_once() -> None:
    ours, peer = iter([90.0, 100.0, 130.0]), iter([10.0])
    figures = medians({"ours": lambda: next(ours), "peer": lambda: next(peer)}, 3, once={"peer"})
    assert figures == {"ours": 100, "peer": 10}
    assert list(figures.spread) == ["ours"]


def test_a_machine_that_is_slower_for_all_moves_nothing() -> None:
    spread = {"ours": 0.1, "peer": 0.1}
    before = Row("intake", 200, "requests/s", {"peer": 100}, spread=spread)
    assert not change(before, Row("intake", 100, "requests/s", {"peer": 50}, spread=spread)).moved
    slower = change(before, Row("intake", 100, "requests/s", {"peer": 100}, spread=spread))
    assert (slower.moved, slower.times) == (True, 0.5)


@pytest.mark.parametrize(("now", "moved"), [(115, False), (160, True), (64, True), (95, False)])
def test_a_row_moves_if_it_changed_by_more_than_its_runs_differ(now: float, moved: bool) -> None:
    before = Row("claim", 100, "ms", spread={"ours": 0.1})
    assert change(before, Row("claim", now, "ms", spread={"ours": 0.1})).moved is moved


def test_what_moved_is_said_with_the_worst_first() -> None:
    before = {(name, False): Row(name, 10, "ms") for name in ("a", "b", "c")}
    lines = compare(before, [Row("a", 4, "ms"), Row("b", 40, "ms"), Row("c", 11, "ms"), Row("d", 1, "ms")])
    assert [line.split(":")[0] for line in lines[:3]] == ["b", "a", "d"]
    assert lines[-1] == "1 of 3 rows did not move beyond noise."
