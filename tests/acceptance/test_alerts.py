"""The alerts, checked and played by Prometheus' own promtool."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.large
ROOT = Path(__file__).parents[2]


def promtool(*arguments: str, folder: Path) -> str:
    found = shutil.which("promtool", path=f"{Path(sys.prefix) / 'tools'}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip("promtool is not here: scripts/install-promtool")
    done = subprocess.run([found, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_them() -> None:
    folder = ROOT / "deploy/prometheus"
    assert "SUCCESS" in promtool("check", "rules", "--lint-fatal", "orderflow.rules.yml", folder=folder)
    promtool("check", "config", "--syntax-only", "prometheus.yml", folder=folder)


def test_they_ring_when_they_should_and_not_otherwise(tmp_path: Path) -> None:
    shutil.copy(ROOT / "deploy/prometheus/orderflow.rules.yml", tmp_path)
    shutil.copy(Path(__file__).with_name("alerts.yml"), tmp_path)
    assert "SUCCESS" in promtool("test", "rules", "alerts.yml", folder=tmp_path)
