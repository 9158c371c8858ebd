"""Which URLs and headers a connection may be configured with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MOST_HEADERS = 100
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*(.*)")
_OURS = {
    "authorization",
    "connection",
    "content-length",
    "host",
    "idempotency-key",
    "transfer-encoding",
}


def header_lines(text: str) -> list[tuple[str, str]]:
    """Return the names and values of a configuration's headers.

    Raises:
        ValueError: There are too many, or a line is no header, or one that OrderFlow sets itself.
    """
    headers = []
    lines = list(filter(None, map(str.strip, text.splitlines())))
    if len(lines) > MOST_HEADERS:
        raise ValueError(f"has more than {MOST_HEADERS} headers")
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise ValueError("every line must be as 'Name: value'")
        if found[1].lower() in _OURS:
            raise ValueError(f"{found[1]} is set by OrderFlow itself")
        headers.append((found[1], found[2]))
    return headers


def key_header(name: str, others: Iterable[str]) -> str:
    """Return the name of the header that carries the key of a document.

    Args:
        others: Names of headers that are sent anyway.

    Raises:
        ValueError: It is one of them: a key that is the same for all documents would make them one.
    """
    ours = _OURS - {"idempotency-key"} | {"content-type", "content-disposition"}
    if name.lower() in ours.union(map(str.lower, others)):
        raise ValueError(f"{name} carries something else, so that it cannot carry the key")
    return name


def without_twins(lines: list[tuple[str, str]], context: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the headers as they are.

    Args:
        context: That of the validation; without `saving`, of those that are there twice the last one counts.

    Raises:
        ValueError: One is there twice.
    """
    names = [name.lower() for name, _ in lines]
    twice = next((name for name, _ in lines if names.count(name.lower()) > 1), None)
    if twice is not None and (context or {}).get("saving"):
        raise ValueError(f"{twice} is there twice, and only one can be sent")
    return lines
