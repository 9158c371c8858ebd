"""What docs/reliability.md and docs/security.md name is there: each test, and each fault of `make chaos`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.chaos.faults import FAULTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`((?:\w+/)*test_\w+\.py(?:::\w+)?|(?:\w+/)+test_\w+(?:\.py)?(?:::\w+)?)`", PAGE)))


def test_there_are_names_to_look_for():
    assert len(NAMED) > 30


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_the_page_names_is_there(name):
    file, _, function = name.partition("::")
    found = [path for path in (ROOT / file, ROOT / "tests" / "integration" / file) if path.exists()]
    assert found, file
    assert f"def {function}(" in found[0].read_text("utf-8") or not function


@pytest.mark.parametrize("name", sorted(set(re.findall(r"test_\w+\.py", SECURITY))))
def test_a_test_that_holds_a_finding_of_the_attack_is_there(name):
    assert list((ROOT / "tests").rglob(name))


def test_every_finding_of_the_attack_has_its_row():
    found = re.findall(r"^\| ([HML]\d+) \|", SECURITY, re.MULTILINE)
    assert found == [f"{kind}{n}" for kind, most in (("H", 9), ("M", 10), ("L", 17)) for n in range(1, most + 1)]


def test_every_kind_of_fault_has_its_row():
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| (\d+) \|", PAGE.partition("## `make chaos`")[2], re.MULTILINE)
    assert {kind.strip().replace("`", "") for kind, _ in rows} == set(FAULTS)
