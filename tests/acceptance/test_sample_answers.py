"""Real files of others, where they are at hand: each answer among them is read, or refused with a reason.

They are not ours to ship. ORDERFLOW_TEST_SAMPLES names a folder that has them in `x12`, `edifact`, `idoc` and
`peppol-ubl`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.edifact import EdifactFormat, EdifactSettings
from orderflow.formats.format import Format
from orderflow.formats.idoc import IdocFormat, IdocSettings
from orderflow.formats.ubl import UblFormat, UblSettings
from orderflow.formats.x12 import X12Format, X12Settings

FOLDER = os.environ.get("ORDERFLOW_TEST_SAMPLES")
SAMPLES = sorted(path for path in Path(FOLDER).rglob("*") if path.is_file()) if FOLDER else []
ADDRESSES = {
    "x12": rb"ISA(?P<mark>.)(?:[^\n]*?(?P=mark)){5}([^*|\n]*?)(?P=mark)[^\n]*?(?P=mark)([^*|\n]*?)(?P=mark)",
    "edifact": rb"UNB\+[^+]*\+([^+:']*)[^+]*\+([^+:']*)",
    "idoc": rb"<SNDPRN>([^<]*).*<RCVPRN>([^<]*)",
}
FORMATS: dict[str, tuple[Format, Any]] = {
    "x12": (X12Format(), X12Settings),
    "edifact": (EdifactFormat(), EdifactSettings),
    "idoc": (IdocFormat(), IdocSettings),
    "peppol-ubl": (UblFormat(), UblSettings),
}
pytestmark = pytest.mark.skipif(not SAMPLES, reason="ORDERFLOW_TEST_SAMPLES names no folder of samples")


def dialect_of(path: Path) -> str:
    return next((part for part in path.parts if part in FORMATS), "")


def settings_for(path: Path, content: bytes) -> Any:
    """Return the settings of whoever the file is for."""
    dialect = dialect_of(path)
    if dialect == "peppol-ubl":
        return UblSettings()
    found = re.search(ADDRESSES[dialect], content, re.DOTALL)
    partner, ours = (one.decode("latin-1").strip() for one in found.groups()[-2:]) if found else ("THEY", "WE")
    return FORMATS[dialect][1](sender=ours[:35], receiver=partner[:35], test=True)


def read(path: Path) -> Iterator[str]:
    content = path.read_bytes()
    try:
        for answer in FORMATS[dialect_of(path)][0].read(path.name, content, settings_for(path, content)):
            yield answer.status
    except UnreadableError as reason:
        yield str(reason)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_each_is_read_or_refused_with_a_reason(path: Path) -> None:
    if dialect_of(path):
        said = list(read(path))
        assert said
        assert all(re.fullmatch(r"ACKED|FAILED|[A-Z].*\.", one, re.DOTALL) for one in said), (
            "or a sentence for a person"
        )


def test_answers_are_read_and_nothing_else() -> None:
    verdicts = {path.name: list(read(path)) for path in SAMPLES if dialect_of(path)}
    taken = {name for name, said in verdicts.items() if {"ACKED", "FAILED"}.issuperset(said)}
    assert {name for name in taken if not re.search(r"855|997|aperak|response|mailbag", name, re.IGNORECASE)} == set()
    assert len(taken) > 5
