"""Whether an answer is only a part of one: what is not in it may be in the rest."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from orderflow.http.refusals import says_nothing

NOT_THE_WHOLE = frozenset({202, 203, 206})
"""Accepted but not done, changed on the way, a part. Source: RFC 9110, sections 15.3.3, 15.3.4, 15.3.7."""

_CUT = frozenset({"partial", "incomplete", "incompleteresults", "timedout", "truncated", "istruncated", "hasmore"})
_GOES_ON = frozenset({"next", "nextlink", "nextpage", "nextpagetoken", "nextcursor", "nexturl", "odatanextlink"})
_TOTALS = frozenset({"total", "totalcount", "totalitems", "totalresults", "totalhits", "count", "odatacount"})
_ABOUT_IT = frozenset({"meta", "metadata", "pagination", "paging", "page", "links"})


def is_part(value: Any) -> bool:
    """Tell whether a JSON answer says of itself that it is cut, goes on, or counts more than it holds."""
    if not isinstance(value, dict):
        return False
    held = max((len(inner) for inner in value.values() if isinstance(inner, list)), default=0)
    return any(_says_so(name, inner, held) for name, inner in _facts(value))


def _facts(value: dict[str, Any]) -> list[tuple[str, Any]]:
    named = [(_plain(name), inner) for name, inner in value.items()]
    about = [inner for name, inner in named if name in _ABOUT_IT and isinstance(inner, dict)]
    return named + [(_plain(name), inner) for one in about for name, inner in one.items()]


def _says_so(name: str, inner: Any, held: int) -> bool:
    if name in _CUT or name in _GOES_ON:
        return not says_nothing(inner)
    return name in _TOTALS and _number(inner) > held


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return Decimal(0)
    return Decimal(value) if not isinstance(value, str) or (value.isascii() and value.isdigit()) else Decimal(0)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
