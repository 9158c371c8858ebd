"""How the fields of an answer file are read: by their names in any case, texts without what cannot be seen."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from orderflow.domain.answer_files import UnreadableError

LONGEST_MESSAGE = 2_000
LONGEST_NUMBER = 200
LONGEST_CODE = 100
"""Characters. Messages and codes are cut; a number that is cut would be another number."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def named(found: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the fields of an object that have one of the names, in any case.

    Raises:
        UnreadableError: It has one of them twice.
    """
    fields = {name: value for name, value in found.items() if name in names}
    for name, value in found.items():
        plain = name.strip().lower()
        if name not in names and plain in names:
            if plain in fields:
                raise UnreadableError("It has a field twice.")
            fields[plain] = value
    return fields


def number(value: str | int | None, name: str = "erp_order_id") -> str | None:
    """Return a number by which something is known.

    Raises:
        UnreadableError: It is too long, or holds what cannot be seen: controls, marks that turn the direction of text.
    """
    if value is None:
        return None
    text = str(value).strip()
    if len(text) > LONGEST_NUMBER:
        raise UnreadableError(f"Its {name} is longer than {LONGEST_NUMBER} characters.")
    if not text.isprintable():
        raise UnreadableError(f"Its {name} holds characters that cannot be seen.")
    return text or None


def words(value: str | int | None, longest: int = LONGEST_MESSAGE) -> str | None:
    """Return a text for people, cut, without control characters."""
    if value is None or value == "":
        return None
    text = str(value)
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    return text.strip()[:longest] or None
