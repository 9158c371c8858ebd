"""A file of orders: JSON Lines, one JSON object, or one JSON array. A bad order costs no good one."""

from __future__ import annotations

import codecs
import json
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, Protocol

from orderflow.domain.errors import InputError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.strict_json import HALF_A_CHARACTER, MOST_VALUES, half_character_in, without_twins
from orderflow.flow.order.reading import read_order, unreadable

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one line; an order of 10,000 lines has about 3 MiB."""

LONGEST_DOCUMENT = 256 * 1024 * 1024
"""Bytes of a file that is one JSON value; JSON Lines may be of any length."""

LARGE = 1024 * 1024
"""Bytes of an order from which on one is read at a time, whoever brings it in: it takes many times as much memory."""

MOST_EMPTY = 50_000
"""Lines in a row without anything, after which a file is no list of orders; a line break is the shortest of lines."""

_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))
_ENDS = b"\x00\x1a \t\r\n"
"""What some systems write after the end of a text: zeros, Ctrl-Z."""

_MARKS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
"""What matters to whoever only cuts JSON: whole texts, brackets, commas."""

_STEPS = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
_BLANK = re.compile(r"\s*+")
_large = threading.Lock()

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
    full = [line.strip() for line in beginning if not line.isspace()]
    if _is_one_document(full):
        yield from _read_document(every, listed=full[0].startswith(b"["))
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
        line = line if taken else line.removeprefix(_BOM)
        taken.append(b"\n" if line.isspace() else line)
        full += not line.isspace()
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
    if reason := _too_much(line):
        return unreadable([("", reason)])
    try:
        with _in_turn(line):
            text = line.decode("utf-8")
            return _read_value(_DECODER.decode(text), text)
    except UnicodeDecodeError as error:
        return _not_json(error, error.start + 1)
    except (ValueError, RecursionError) as error:
        return _not_json(error, getattr(error, "colno", 0))


def _read_value(value: Any, text: str) -> DraftOrder | InputError:
    try:
        if (place := half_character_in(value, text)) is not None:
            return unreadable([(place, HALF_A_CHARACTER)])
        return read_order(value)
    except InputError as error:
        return error
    except RecursionError as error:
        return _not_json(error, 0)


def _too_much(content: bytes | bytearray) -> str | None:
    """Return what an order has too much of to be decoded: before each value but the first there is a comma."""
    return f"holds more than {MOST_VALUES:,} values" if content.count(b",") > MOST_VALUES else None


def _in_turn(content: bytes | bytearray) -> AbstractContextManager[Any]:
    return _large if len(content) > LARGE else nullcontext()


def _read_document(lines: Iterable[bytes], *, listed: bool) -> Iterator[ReadOrder]:
    """Read the orders of a list one after another, and hold no more than one.

    Those behind one that cannot be taken are read all the same, unless it is broken so that nobody knows where it ends.
    """
    line, column = 1, 0
    for piece in _pieces(lines, listed=listed):
        if isinstance(piece, tuple):
            yield piece
            return
        with _in_turn(piece):
            found, next_one = _read_piece(piece, line, column)
        yield from found
        if next_one is None:
            return
        line, column = next_one


def _read_piece(piece: bytearray, line: int, column: int) -> tuple[list[ReadOrder], tuple[int, int] | None]:
    """Return what a piece of a list holds, and where the next one begins; None: nothing follows that can be read.

    Args:
        line: Where the piece begins, counted from 1.
        column: How many characters of that line are before it.
    """
    text = piece.decode("utf-8", "replace")
    start = _after_space(text, 0)
    number, at = _place(text, len(text), line, column)
    begins, next_one = _place(text, start, line, column)[0], (number, at + 1)
    if reason := _too_much(piece):
        return [(begins, unreadable([("", reason)]))], next_one
    try:
        if "\ufffd" in text:
            piece.decode("utf-8")
        value, end = _DECODER.raw_decode(text, start)
    except UnicodeDecodeError as error:
        number, at = _place(piece.decode("latin-1"), error.start, line, column)  # as many characters as bytes
        return [(number, _not_json(error, at + 1))], next_one
    except json.JSONDecodeError as error:
        number, at = _place(text, error.pos, line, column)
        ends = f"this is not JSON: {error.msg} at character {at + 1}, and what follows was not read"
        return [(number, unreadable([("", ends)]))], None
    except (ValueError, RecursionError) as error:
        return [(begins, _not_json(error, 0))], next_one
    if _after_space(text, end) < len(text):
        return [(begins, _read_value(value, text)), _broken(_place(text, end, line, column)[0])], None
    return [(begins, _read_value(value, text))], next_one


def _place(text: str, position: int, line: int, column: int) -> tuple[int, int]:
    """Return the line of a place in a text that begins there, and how many characters of that line are before it."""
    begin = text.rfind("\n", 0, position) + 1
    return line + text.count("\n", 0, position), position - begin + (0 if begin else column)


def _after_space(text: str, position: int) -> int:
    space = _BLANK.match(text, position)
    return space.end() if space else position


def _pieces(lines: Iterable[bytes], *, listed: bool) -> Iterator[bytearray | ReadOrder]:
    """Cut a list at its commas, and yield what stands between them; at last perhaps where and why nothing more is read.

    Args:
        listed: It is a list; else what would stand in one.
    """
    lines, piece, number, depth, size = iter(lines), bytearray(), 1, 0 if listed else 1, 0
    for number, line in enumerate(lines, 1):
        size += len(line)
        if size > LONGEST_DOCUMENT:
            limit = f"the file is one JSON value of more than {LONGEST_DOCUMENT >> 20} MiB: write it as JSON Lines"
            yield number, unreadable([("", limit)])
            return
        start = 0
        for mark in _MARKS.finditer(line):
            sign = mark[0]
            depth += _STEPS.get(sign, 0)
            if depth > 1 or (depth == 1 and sign not in (b"[", b",")):
                continue
            piece += line[start : mark.start()]
            start = mark.end()
            if sign == b"[":  # where the list begins
                piece += b" "
                continue
            if depth or not _is_blank(piece):
                yield piece
            if not depth:
                rest = chain([line[start:]], lines)
                over = listed and sign == b"]"
                yield from _what_follows(rest, number, LONGEST_DOCUMENT - size) if over else [_broken(number)]
                return
            piece = bytearray()
        piece += line[start:]
        if len(line) > LONGEST_LINE or len(piece) > LONGEST_LINE:
            limit = f"the line is longer than {LONGEST_LINE >> 20} MiB, and what follows was not read"
            if len(line) <= LONGEST_LINE:
                limit = f"the order is longer than {LONGEST_LINE >> 20} MiB, and what follows was not read"
            yield number, unreadable([("", limit)])
            return
    if not _is_blank(piece):
        yield piece.rstrip(_ENDS).removesuffix(_BOM)
    if listed:
        yield _broken(number)


def _what_follows(lines: Iterable[bytes], number: int, most: int) -> Iterator[ReadOrder]:
    """Say so if there is anything behind a list, or more than so many bytes of nothing."""
    for at, line in enumerate(lines, number):
        most -= len(line)
        if most < 0 or not _is_blank(line):
            yield at, unreadable([("", "something follows after the end of the JSON value")])
            return


def _broken(number: int) -> ReadOrder:
    cut = "a comma or the end of the list is missing: the file is cut or broken, and what follows was not read"
    return number, unreadable([("", cut)])


def _is_blank(content: bytes | bytearray) -> bool:
    return not content.strip(_ENDS + _BOM)


def _not_json(error: Exception, at: int) -> InputError:
    """Return what is wrong at a place of its line, counted from 1: at a byte or a character."""
    match error:
        case UnicodeDecodeError():
            return unreadable([("", f"byte {at} is not UTF-8")])
        case json.JSONDecodeError():
            return unreadable([("", f"this is not JSON: {error.msg} at character {at}")])
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
