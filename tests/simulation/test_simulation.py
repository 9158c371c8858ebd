"""The protocol holds in many histories, and a protocol with a fault does not."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orderflow.testing.simulation import tell
from orderflow.testing.simulation.choices import Choices, shrink
from tests.simulation.faults import FAULTS, SOURCES, Fault

HISTORIES = 5_000
chance = random.SystemRandom()
"""Other histories in each run; one that goes wrong says its seed."""


def simulate(*arguments: object, sources: Path = SOURCES.parent) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orderflow.testing.simulation", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(sources)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_nothing_goes_wrong_in_thousands_of_histories():
    done = simulate("--histories", HISTORIES, "--seed", chance.randrange(10**9))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_seed_makes_the_same_history_every_time():
    seed = chance.randrange(10**9)
    assert tell(seed) == tell(seed), seed


def test_most_orders_arrive_in_spite_of_everything():
    stories = "\n".join(tell(seed) for seed in range(50))
    for happens in ("takes", "is killed", "is stopped", "resolves", "withdraws", "published"):
        assert happens in stories


def test_a_history_is_made_shorter_for_as_long_as_it_fails():
    drawn = Choices(7)
    numbers = [drawn.below(100) for _ in range(200)]
    numbers[60], numbers[130] = 41, 43
    shorter = shrink(numbers, lambda tried: len(tried) > 130 and (tried[60], tried[130]) == (41, 43))
    assert [number for number in shorter if number] == [41, 43]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    shutil.copytree(SOURCES, tmp_path / "orderflow", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def found(fault: Fault, sources: Path) -> str:
    fault.applied_to(sources / "orderflow")
    done = simulate("--histories", 200_000, "--seconds", 60, "--seed", chance.randrange(10**9), sources=sources)
    assert "goes wrong" in done.stdout, f"{fault.name}: not found.\n{done.stdout}{done.stderr}"
    return done.stdout


def test_each_fault_is_in_a_line_that_is_there():
    for fault in FAULTS:
        assert fault.made_in(SOURCES)


@pytest.mark.parametrize("draw", [1, 2, 3])
def test_a_drawn_fault_of_the_protocol_is_found(draw, sources):
    fault = chance.choice([fault for fault in FAULTS if not fault.rare])
    story = found(fault, sources)
    assert re.search(r"History \d+ goes wrong", story)


@pytest.mark.large
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_of_the_protocol_is_found_within_a_minute(fault, sources):
    found(fault, sources)
