"""Alerts and dashboard ask for what is measured, and each alert says what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orderflow.engine.metrics import Metrics

ROOT = Path(__file__).parents[2]
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy/prometheus/orderflow.rules.yml").read_text("utf-8"))[
    "groups"
][0]["rules"]
DASHBOARD = json.loads((ROOT / "deploy/grafana/orderflow.json").read_text("utf-8"))
PAGE = (ROOT / "docs/troubleshooting.md").read_text("utf-8").partition("\n## Alerts\n")[2].partition("\n## ")[0]
SUFFIXES = ("", "_total", "_bucket", "_count", "_sum")


@pytest.fixture(scope="module")
def measured() -> set[str]:
    families = Metrics(list, broker=lambda: True).registry().collect()
    names = {f"{family.name}{suffix}" for family in families for suffix in SUFFIXES}
    return {name.removesuffix("_info") for name in names} | names


def asked(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:orderflow|process)_[a-z_]+", re.sub(r'"[^"]*"', '""', expression)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_is_measured_and_says_what_to_do(rule: dict[str, Any], measured: set[str]) -> None:
    assert asked(rule["expr"])
    assert asked(rule["expr"]) <= measured
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"]
    assert re.search(rf"^\| `{rule['alert']}` \| .{{20,}} \| .{{20,}} \|$", PAGE, re.MULTILINE)


def test_no_line_is_about_an_alert_that_there_is_not() -> None:
    assert set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE)) == {rule["alert"] for rule in RULES}


def test_the_dashboard_shows_what_is_measured(measured: set[str]) -> None:
    expressions = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    assert len(expressions) > 15
    for expression in expressions:
        assert asked(expression)
        assert asked(expression) <= measured


def test_the_trouble_that_has_an_alert_of_its_own_is_one(measured: set[str]) -> None:
    codes = {code for rule in RULES for code in re.findall(r'code="(\w+)"', rule["expr"])}
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "src/orderflow").rglob("*.py"))
    assert codes
    assert all(f'"{code}"' in source for code in codes)
