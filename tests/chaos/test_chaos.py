"""The short form of `make chaos`: every order arrives once while processes die and lines break."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ORDERS, SECONDS = 300, 25


@pytest.mark.slow
def test_no_order_is_lost_or_doubled_whatever_breaks() -> None:
    wanted = ["--orders", str(ORDERS), "--faults", "12", "--seconds", str(SECONDS)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *wanted],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    books = json.loads(done.stdout.splitlines()[-1])
    assert books["orders"] >= ORDERS
    assert books["faults"] >= 1
    assert (books["lost"], books["doubled"], books["unaccounted"]) == (0, 0, 0)
