"""A file of orders: JSON Lines, one JSON object, or one JSON array. A bad order costs no good one."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, Protocol

from orderflow.domain.errors import InputError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.strict_json import without_twins
from orderflow.flow.order.reading import read_order, unreadable

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one line; an order of 10,000 lines has about 3 MiB."""

LONGEST_DOCUMENT = 256 * 1024 * 1024
"""Bytes of a file that is one JSON value; JSON Lines may be of any length."""

MOST_EMPTY = 50_000
"""Lines in a row without anything, after which a file is no list of orders; a line break is the shortest of lines."""

_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))
_ENDS = b"\x00\x1a \t\r\n"
"""What some systems write after the end of a text: zeros, Ctrl-Z."""

ReadOrder = tuple[int, DraftOrder | InputError]


class ByteStream(Protocol):
    """A file open for reading bytes."""

    def readline(self, size: int = -1, /) -> bytes:
        """Return the next line, or its first `size` bytes."""


def lines_of(stream: ByteStream) -> Iterator[bytes]:
    """Yield the lines of `stream`; of one that is too long only its first `LONGEST_LINE` + 1 bytes."""
    while line := stream.readline(LONGEST_LINE + 1):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE + 1)


def read_orders(lines: Iterable[bytes]) -> Iterator[ReadOrder]:
    """Yield the number of the line where each order begins, and the order or what is wrong with it."""
    lines = iter(lines)
    beginning = _beginning(lines)
    if beginning and (encoding := _other_encoding(beginning[0])):
        yield 1, unreadable([("", f"the file is {encoding}, and UTF-8 is read: save it as UTF-8")])
        return
    every = chain(beginning, lines)
    if _is_one_document([line.strip() for line in beginning if not line.isspace()]):
        yield from _read_document(every)
        return
    last = 0
    for number, line in enumerate(every, 1):
        if line.strip(_ENDS):
            last = number
            yield number, _read_line(line.rstrip(_ENDS))
        elif number - last >= MOST_EMPTY:
            empty = f"{MOST_EMPTY} lines in a row hold nothing, and what follows was not read"
            yield number, unreadable([("", empty)])
            return


def _beginning(lines: Iterator[bytes]) -> list[bytes]:
    """Take the lines up to the second that holds anything: they tell what kind of file it is."""
    taken: list[bytes] = []
    full = 0
    while full < 2 and len(taken) < MOST_EMPTY and (line := next(lines, None)) is not None:
        taken.append(line if taken else line.removeprefix(_BOM))
        full += not taken[-1].isspace()
    return taken


def _other_encoding(first: bytes) -> str | None:
    """Return the name of another encoding than UTF-8 that the first line is surely in: by its mark, or by its zeros."""
    marked = next((name for mark, name in _OTHER_BOMS if first.startswith(mark)), None)
    return marked or ("UTF-16 or UTF-32" if b"\0" in first[:4] and first.strip(_ENDS) else None)


def _is_one_document(beginning: list[bytes]) -> bool:
    """Return whether a file is one JSON value, over several lines or not; else it is JSON Lines."""
    first, *others = beginning or [b""]
    if first.startswith(b"["):
        return True
    return first.startswith(b"{") and not first.endswith(b"}") and bool(others) and not others[0].startswith(b"{")


def _read_line(line: bytes) -> DraftOrder | InputError:
    if len(line) > LONGEST_LINE:
        return unreadable([("", f"the line is longer than {LONGEST_LINE >> 20} MiB")])
    try:
        return _read_value(_DECODER.decode(line.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        return _not_json(error)


def _read_value(value: Any) -> DraftOrder | InputError:
    try:
        return read_order(value)
    except InputError as error:
        return error


def _read_document(lines: Iterable[bytes]) -> Iterator[ReadOrder]:
    content = bytearray()
    for line in lines:
        content += line
        if len(content) > LONGEST_DOCUMENT:
            limit = f"the file is one JSON value of more than {LONGEST_DOCUMENT >> 20} MiB: write it as JSON Lines"
            yield 1, unreadable([("", limit)])
            return
    try:
        text = content.rstrip(_ENDS).decode("utf-8").strip("\ufeff")
    except UnicodeDecodeError as error:
        yield content.count(b"\n", 0, error.start) + 1, _not_json(error)
        return
    number, seen = 1, 0
    start = len(text) - len(text.lstrip())
    text = text if text.startswith("[", start) else f"{text[:start]}[{text[start:]}]"
    for position, order in _values(text, start + 1):
        number += text.count("\n", seen, position)
        seen = position
        yield number, order


def _values(text: str, position: int) -> Iterator[tuple[int, DraftOrder | InputError]]:
    """Read a list's values one after another, so that those before a broken one are kept."""
    position = _skip_space(text, position)
    while not text.startswith("]", position):
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            yield getattr(error, "pos", position), _not_json(error)
            return
        yield position, _read_value(value)
        position = _skip_space(text, end)
        if text.startswith(",", position):
            position = _skip_space(text, position + 1)
        elif not text.startswith("]", position):
            yield position, unreadable([("", "a comma or the end of the list is missing: the file is cut or broken")])
            return
    if text[position + 1 :].strip():
        yield position, unreadable([("", "something follows after the end of the JSON value")])


def _skip_space(text: str, position: int) -> int:
    while text[position : position + 1].isspace():
        position += 1
    return position


def _not_json(error: Exception) -> InputError:
    match error:
        case UnicodeDecodeError():
            return unreadable([("", f"byte {error.start + 1} is not UTF-8")])
        case json.JSONDecodeError():
            return unreadable([("", f"this is not JSON: {error.msg} at character {error.colno}")])
        case RecursionError():
            return unreadable([("", "the JSON is nested too deeply")])
        case _:  # Python refuses to read integers of more than 4,300 digits
            return unreadable([("", "a number has too many digits")])


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond what even Decimal holds
        return Decimal("NaN")


_DECODER = json.JSONDecoder(parse_float=_decimal, parse_constant=Decimal, object_pairs_hook=without_twins)
