"""The pages name what is there: tests, faults of `make chaos`, files; and the glossary is short."""

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


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
SOURCE = ROOT / "src" / "orderflow"


def section(title: str) -> str:
    return ARCHITECTURE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_page_lists_every_file_that_sees_all_organizations():
    rules = section("Organizations").partition("only these do:")[2]
    listed = {Path(name).name for name in re.findall(r"`([\w/]+\.py)`", rules)} | {"__init__.py"}
    seeing = {path for path in SOURCE.rglob("*.py") if re.search(r"database\.system\(\)", path.read_text("utf-8"))}
    assert seeing
    assert {path.name for path in seeing} <= listed


def test_the_glossary_is_short():
    words = re.findall(r"^\| (\w+) \|", section("Glossary"), re.MULTILINE)[1:]
    assert 15 <= len(words) == len(set(words)) <= 25


def test_no_page_speaks_of_a_design_that_a_reader_does_not_have():
    pages = [*SOURCE.rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    assert not [page for page in pages if re.search(r"\bDESIGN\b", page.read_text("utf-8"))]
