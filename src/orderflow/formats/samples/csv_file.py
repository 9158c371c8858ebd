"""A CSV file: how it is written, and what its columns seem to mean."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.samples.beginning import Beginning, Found, listed, place_of
from orderflow.formats.samples.names import field_named
from orderflow.formats.samples.writing import AMBIGUOUS, date_format, decimal_separator, is_number

_DELIMITERS = {";": ";", "\t": "tab", "|": "|", ",": ","}
_ENOUGH = 100
"""Rows that are looked at."""
_MOST_COLUMNS = 500

Row = list[str]


def beginning(content: bytes, _connector_type: str | None) -> Beginning:
    """Return settings of DROPZONE_CSV_V1. Raises UnreadableError: it has no columns."""
    text, encoding = _decoded(content)
    delimiter, rows = _table(text)
    headings = not any(is_number(cell.strip()) for cell in rows[0])
    values = rows[1:] if headings else rows
    columns, found = _columns(rows[0] if headings else None, values)
    notes = _notes(columns, found, values, headings=headings, mixed=len({len(row) for row in rows}) > 1)
    how: dict[str, Any] = {
        "columns": columns,
        "headings": headings,
        "delimiter": _DELIMITERS[delimiter],
        "quoting": "all" if _all_quoted(text, delimiter) else "minimal",
        "line_end": "crlf" if "\r\n" in text else "lf",
        "encoding": encoding,
    }
    sign = decimal_separator(_cells(found, values, "line.qty", "line.unit_price"))
    if sign:
        how["decimal_separator"] = sign
    dates = date_format(_cells(found, values, *_DATE_FIELDS))
    if dates:
        how["date_format"] = dates
        if other := AMBIGUOUS.get(dates):
            notes.append(f"The dates may be {dates} or {other}: ask which.")
    return Beginning("DROPZONE_CSV_V1", how, found, notes)


_DATE_FIELDS = ("order.order_date", "order.requested_delivery_date", "line.requested_delivery_date")


def _decoded(content: bytes) -> tuple[str, str]:
    for start, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16")):
        if content.startswith(start):
            return _in(content, encoding), encoding
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _in(content, "windows-1252"), "windows-1252"


def _in(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise UnreadableError("It is no text in UTF-8, UTF-16 or windows-1252.") from None


def _table(text: str) -> tuple[str, list[Row]]:
    """Return what separates columns, and the first rows: the separator that gives most rows the same width."""
    tables = {delimiter: _rows(text, delimiter) for delimiter in _DELIMITERS}
    delimiter, rows = max(tables.items(), key=lambda table: _evenness(table[1]))
    if not rows or len(rows[0]) < 2:
        raise UnreadableError("It has no columns that a semicolon, comma, tab or | separates.")
    if len(rows[0]) > _MOST_COLUMNS:
        raise UnreadableError(f"It has more than {_MOST_COLUMNS} columns.")
    return delimiter, rows


def _rows(text: str, delimiter: str) -> list[Row]:
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    rows: list[Row] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
            if len(rows) > _ENOUGH:
                break
    except csv.Error:
        return []
    return rows


def _evenness(rows: Sequence[Row]) -> tuple[int, int]:
    width = len(rows[0]) if rows else 0
    return (sum(len(row) == width for row in rows) if width > 1 else 0, width)


def _all_quoted(text: str, delimiter: str) -> bool:
    first = text.lstrip("\ufeff").splitlines()[0]
    return first.startswith('"') and first.endswith('"') and f'"{delimiter}"' in first


def _columns(headings: Row | None, rows: Sequence[Row]) -> tuple[list[dict[str, Any]], list[Found]]:
    columns: list[dict[str, Any]] = []
    found: list[Found] = []
    taken: set[str] = set()
    width = len(headings or rows[0])
    for number in range(width):
        heading = headings[number].strip() if headings else ""
        example = next((row[number] for row in rows if number < len(row) and row[number].strip()), "")
        field = field_named(heading) if heading else None
        field = None if field in taken else field
        column: dict[str, Any] = {"name": heading or (f"Column {number + 1}" if headings else "")}
        if field:
            taken.add(field)
            column["field"] = field
        else:
            column["constant"] = " ".join(example.split())[:1_000]
        columns.append(column)
        found.append(Found(place_of(heading or f"Column {number + 1}"), field, example[:200]))
    return columns, found


def _cells(found: Sequence[Found], rows: Sequence[Row], *fields: str) -> list[str]:
    numbers = [number for number, column in enumerate(found) if column.field in fields]
    return [row[number].strip() for row in rows for number in numbers if number < len(row)]


def _notes(
    columns: Sequence[dict[str, Any]], found: Sequence[Found], rows: Sequence[Row], *, headings: bool, mixed: bool
) -> list[str]:
    notes = []
    if not headings:
        notes.append("Its first row holds no headings: say for each column what it is.")
    unknown = [column.place for column in found if column.field is None]
    if unknown and headings:
        notes.append(f"What these columns mean is not known, so each holds the sample's text: {listed(unknown)}.")
    if not any((column.get("field") or "").startswith("line.") for column in columns):
        notes.append("No column is known as one of a line, such as the article or the quantity: choose one.")
    if mixed:
        notes.append("Its rows differ in width: if one is of the order and the others of lines, choose that layout.")
    if not rows:
        notes.append("It holds headings alone: check how numbers and dates are written.")
    return notes
