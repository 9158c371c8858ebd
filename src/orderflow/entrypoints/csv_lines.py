"""Lines of CSV for spreadsheets, of which none holds a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

_NUMBER = re.compile(r"-?\d+([.,]\d+)?", re.ASCII)
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_line(values: Iterable[object], separator: str = ",") -> str:
    """Return one line (RFC 4180); None is an empty cell."""
    written = io.StringIO()
    cells = (_harmless(str(value)) if value is not None else "" for value in values)
    csv.writer(written, delimiter=separator).writerow(list(cells))
    return written.getvalue()


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (OWASP, CSV Injection)."""
    acts = text.startswith(_BEGINS_A_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if acts else text
