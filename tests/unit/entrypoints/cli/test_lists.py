"""Lists fit the terminal, one row a line, and are CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli.output import print_list
from orderflow.entrypoints.confirming import read_pairs

COLUMNS = {"number": "number", "status": "status", "customer": "customer", "since": "since", "note": "note", "id": "id"}
ROWS = [
    {
        "number": f"PO-2026-{number:04}",
        "status": "CONFIRMED",
        "customer": "Muster und Söhne Elektrogroßhandel GmbH & Co. KG",
        "since": datetime(2026, 11, 28, 7, number, tzinfo=UTC),
        "note": None,
        "id": f"01a2293c-bcfc-7ade-8ce7-{number:012}",
    }
    for number in range(3)
]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_row_is_a_line_and_tells_which_it_is(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    print_list(ROWS, COLUMNS, empty="")
    heading, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(ROWS)
    assert all(len(line) <= width for line in lines)
    for row, line in zip(ROWS, lines, strict=True):
        assert line.startswith(f"{row['number']} CONFIRMED")
    assert "note" not in heading
    assert ("id" in heading) == (width == 200)


def test_where_no_terminal_reads_nothing_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    print_list(ROWS, COLUMNS, empty="")
    told = capsys.readouterr().out
    assert all(str(row["customer"]) in told and str(row["id"]) in told for row in ROWS)


def test_csv_has_everything_and_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    print_list([*ROWS, {"number": "=1+1", "note": 'a, "b"', "since": None}], COLUMNS, empty="", csv=True)
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == list(COLUMNS)
    assert rows[1][3] == "2026-11-28T07:00:00+00:00"
    assert rows[4] == ["'=1+1", "", "", "", 'a, "b"', ""]
    print_list([], COLUMNS, empty="None.", csv=True)
    assert capsys.readouterr().out.splitlines() == [",".join(COLUMNS)]


@pytest.mark.parametrize(
    "text", ["PO-1;SO-1\nPO-2;SO-2", "PO-1,SO-1\r\n\r\nPO-2,SO-2\r\n", 'PO-1\t"SO-1"\nPO-2\tSO-2\tx']
)
def test_pairs_are_read_in_any_way(text: str) -> None:
    assert list(read_pairs(text)) == [("PO-1", "SO-1"), ("PO-2", "SO-2")]


def test_a_line_with_one_column_is_told_before_anything_is_done() -> None:
    with pytest.raises(InputError, match="Line 2"):
        list(read_pairs("PO-1;SO-1\nPO-2\n"))
