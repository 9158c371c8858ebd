"""Letters that a format cannot hold, and which field of the order brought them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orderflow.domain.errors import RejectedError


class CharacterError(Exception):
    """A value holds a letter that cannot be written where it should go.

    Args:
        letter: Which.
        where: What cannot hold it, as `XML`.
    """

    def __init__(self, letter: str, where: str) -> None:
        super().__init__(f"the character U+{ord(letter):04X}, which {where} cannot hold")
        self.letter = letter


def not_allowed(error: CharacterError, fields: Mapping[str, Any]) -> RejectedError:
    """Return the refusal of an order whose `fields` hold the letter; it names the field."""
    return RejectedError(
        f"{_place_of(error.letter, fields)} holds {error}.",
        code="CHARACTER_NOT_ALLOWED",
        hint="Correct the order's field, then push again.",
    )


def _place_of(letter: str, fields: Mapping[str, Any]) -> str:
    """Return the name of the first field that holds the letter, as `lines[2].description`."""
    return next((place for place, text in _texts("", fields) if letter in text), "A value")


def _texts(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(f"{place}.{name}" if place else str(name), item)
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _texts(f"{place}[{number}]", item)
