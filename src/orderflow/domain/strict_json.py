"""JSON that comes in from people and programs, read by one set of rules wherever it enters.

Numbers stay exact; a name given twice in an object, nesting beyond `MOST_DEPTH`, and what RFC 8259 does not know are
errors, and so is half a character, which no UTF-8 can hold. What was read this way can be stored, and rendered again.

Answers of ERPs are taken as they are: in them a name that comes twice with the same value says one thing, and with
different ones it is a `Contradiction`, which nobody may read as any of them (RFC 8259, section 4).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

MOST_DEPTH = 64
"""Objects and lists within each other."""

MOST_DIGITS = 4_000
"""Of a whole number; Python's own limit is a little higher."""

MOST_VALUES = 400_000
"""In one text, counted by their commas; an order of 10,000 lines has 100,000."""


HALF_A_CHARACTER = "holds half a character (a lone surrogate)"

_HALF = re.compile("[\ud800-\udfff]")
_MAY_HOLD_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""How a text writes one, also of a pair, which is a whole character."""


MOST_READINGS = 8
"""Different values of one name that are told apart."""


Pairs = Callable[[list[tuple[str, Any]]], dict[str, Any]]
"""Makes an object of its names and values."""


class NotJSONError(ValueError):
    """A text is not JSON as it is taken here; shows none of it but the names of fields.

    Attributes:
        field: Where, as `lines[0].qty`; empty for the text as a whole.
        position: Characters before what is wrong.
    """

    def __init__(self, message: str, position: int = 0, field: str = "") -> None:
        super().__init__(message)
        self.message, self.position, self.field = message, position, field


class Contradiction(tuple[Any, ...]):
    """What a name is said to be that an object of an answer has several times: its different values, as they came."""

    __slots__ = ()


class GivenTwice:
    """Stands for the value of a name that an object has twice, so that the field can be named."""


def parse(text: str | bytes) -> Any:
    """Return the value of a JSON text, its numbers `int` and `Decimal`.

    Raises:
        NotJSONError: It is none, or breaks one of the rules above.
    """
    names_given_twice: list[str] = []
    value = _read(text, _once(names_given_twice))
    if (place := half_character_in(value, text)) is not None:
        raise NotJSONError(HALF_A_CHARACTER, field=place)
    if names_given_twice:
        raise NotJSONError("is given twice", field=next(_places(value, ""), names_given_twice[0])[:200])
    return value


def parse_answer(text: str | bytes) -> Any:
    """Return the value of a JSON text that an ERP wrote, with a `Contradiction` where a name has different values.

    Raises:
        NotJSONError: It is none, or breaks another of the rules above.
    """
    return _read(text, with_contradictions)


def half_character_in(value: Any, text: str | bytes) -> str | None:
    """Return the place in a value that holds half a character, in a name or a text, as `lines[0].qty`; None: no place.

    Args:
        text: What the value was read from. Hardly any has to be looked at value by value.
    """
    written = text if isinstance(text, str) else text.decode("utf-8", "replace")
    if not _MAY_HOLD_HALF.search(written):
        return None
    place = next(_halves(value, ""), None)
    return None if place is None else place.encode("utf-8", "backslashreplace").decode()[:200]


def depth_exceeds(value: Any, most: int) -> bool:
    """Return whether more than `most` objects and lists are within each other."""
    level = [value]
    for _ in range(most + 1):
        level = [outer for outer in level if isinstance(outer, dict | list)]
        if not level:
            return False
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
    return True


def cut_deep(value: Any, most: int = MOST_DEPTH) -> Any:
    """Return a value of which all can be rendered: what is nested too deeply, as older releases stored it, is `…`."""
    if isinstance(value, dict):
        return {name: cut_deep(inner, most - 1) for name, inner in value.items()} if most else "…"
    if isinstance(value, list):
        return [cut_deep(inner, most - 1) for inner in value] if most else "…"
    return value


def plain_numbers(value: Any) -> Any:
    """Return a value whose numbers are those of Python's own `json`: `float` where there is a decimal point."""
    if isinstance(value, dict):
        return {name: plain_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain_numbers(inner) for inner in value]
    return float(value) if isinstance(value, Decimal) else value


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of these names and values; the value of a name that comes twice is `GivenTwice`."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                found[name] = GivenTwice()
            seen.add(name)
    return found


def with_contradictions(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of these names and values; the value of a name that has different ones is a `Contradiction`."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    said: dict[str, list[Any]] = {}
    for name, value in pairs:
        values = said.setdefault(name, [])
        if len(values) <= MOST_READINGS and value not in values:
            values.append(value)
    return {name: values[0] if len(values) == 1 else Contradiction(values) for name, values in said.items()}


def contradicted(value: Any) -> str | None:
    """Return a name that contradicts itself somewhere in a value; None: none does."""
    return next((name for name, inner in _everything(value) if isinstance(inner, Contradiction)), None)


def readings(value: Any) -> list[Any]:
    """Return the ways to read a value: by the first value of each name that has several, by the second, and so on.

    There are more than `MOST_READINGS` where these are not all. What contradicts nothing is its own only reading.
    """
    most = _most_values(value)
    return [value] if most == 1 else [_reading(value, which, 0) for which in range(most)]


def _most_values(value: Any) -> int:
    return max([1, *(len(inner) for _, inner in _everything(value) if isinstance(inner, Contradiction))])


def _reading(value: Any, which: int, depth: int) -> Any:
    if depth > MOST_DEPTH:
        return value
    if isinstance(value, Contradiction):
        return _reading(value[min(which, len(value) - 1)], which, depth + 1)
    if isinstance(value, dict):
        return {name: _reading(inner, which, depth + 1) for name, inner in value.items()}
    return [_reading(inner, which, depth + 1) for inner in value] if isinstance(value, list) else value


def _everything(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield all that lies in a value, each with its name, and the value itself; what has no name, with an empty one."""
    waiting, seen = [("", value)], set()
    while waiting:
        name, inner = waiting.pop()
        yield name, inner
        if isinstance(inner, dict | list | Contradiction) and id(inner) not in seen:
            seen.add(id(inner))  # what was put together by a program may lie in itself
            waiting.extend(inner.items() if isinstance(inner, dict) else (("", one) for one in inner))


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotJSONError(f"is not JSON: byte that is not UTF-8 at character {error.start + 1}", error.start) from None


def _read(text: str | bytes, object_of: Pairs) -> Any:
    written = _decoded(text)
    if written.count(",") > MOST_VALUES:
        raise NotJSONError(f"holds more than {MOST_VALUES:,} values")
    decoder = json.JSONDecoder(
        object_pairs_hook=object_of, parse_float=_decimal, parse_int=_whole, parse_constant=_refused
    )
    try:
        value = decoder.decode(written)
    except json.JSONDecodeError as error:
        raise NotJSONError(f"is not JSON: {error.msg} at character {error.pos + 1}", error.pos) from None
    except RecursionError:
        raise _too_deep() from None
    if depth_exceeds(value, MOST_DEPTH):
        raise _too_deep()
    return value


def _once(twice: list[str]) -> Pairs:
    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = without_twins(pairs)
        if len(found) < len(pairs):
            twice.extend(name for name, value in found.items() if isinstance(value, GivenTwice))
        return found

    return object_of


def _halves(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, str) and _HALF.search(value):
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            place = f"{path}.{name}".removeprefix(".")
            if _HALF.search(name):
                yield place
            yield from _halves(inner, place)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _halves(inner, f"{path}[{index}]")


def _places(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, GivenTwice):
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, f"{path}.{name}".removeprefix("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, f"{path}[{index}]")


def _too_deep() -> NotJSONError:
    return NotJSONError(f"is nested more than {MOST_DEPTH} deep")


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond what even Decimal holds
        raise json.JSONDecodeError("a number is out of any range", "", 0) from None


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise json.JSONDecodeError(f"a number has more than {MOST_DIGITS} digits", "", 0)
    return int(digits)


def _refused(constant: str) -> Any:
    raise json.JSONDecodeError(f"JSON has no {constant}", "", 0)
