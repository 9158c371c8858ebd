"""How values of a sample are written: dates and decimals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%d-%m-%Y", "%Y/%m/%d", "%d.%m.%y")
AMBIGUOUS = {"%d/%m/%Y": "%m/%d/%Y"}
_NUMBER = re.compile(r"[+-]?\d{1,3}(?:[.,' ]?\d{3})*(?:[.,]\d+)?|[+-]?\d+(?:[.,]\d+)?")


def date_format(values: Iterable[str]) -> str | None:
    """Return the format that all dates have, as strftime names it; None: there is none that fits."""
    given = [value for value in values if value]
    return next((form for form in _DATES if given and all(_fits(value, form) for value in given)), None)


def _fits(value: str, form: str) -> bool:
    try:
        return datetime.strptime(value, form).strftime(form) == value  # noqa: DTZ007  # only how it is written counts
    except ValueError:
        return False


def decimal_separator(values: Iterable[str]) -> str | None:
    """Return the sign before the decimals, `.` or `,`; None: no value has decimals."""
    for value in values:
        if _NUMBER.fullmatch(value) and (found := re.search(r"([.,])\d+$", value)):
            sign, decimals = found[1], len(value) - found.start() - 1
            if decimals != 3 or (value.count(sign) == 1 and value.startswith(("0", "-0"))):
                return sign
    return None


def is_number(value: str) -> bool:
    """Tell whether a text is a number in anybody's way."""
    return _NUMBER.fullmatch(value) is not None
