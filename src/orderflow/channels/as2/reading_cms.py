"""CMS (RFC 5652) as it comes from outside: whatever is wrong with it is one kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asn1crypto import cms

from orderflow.channels.as2.faults import Fault

LONGEST_SET = 64 * 1024
"""Bytes of all signers, recipients or attributes of a message; a parser makes an object of every few of them."""

MOST_PIECES = 20_000
"""Of a content, and of a whole message; who writes as it comes cuts it into pieces of a kilobyte or so."""

_PIECE = 0x04
_CONSTRUCTED = 0x20
_UNSAID = 0x80
_END = b"\0\0"


@contextmanager
def faults_are(modifier: str, reason: str) -> Iterator[None]:
    """Turn whatever a parser raises about garbage into the one fault that it is."""
    try:
        yield
    except Fault:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
        raise Fault(modifier, reason) from None


def content_of(der: bytes, *kinds: str) -> Any:
    """Return what a ContentInfo holds, which has to be one of `kinds`. Raises ValueError and its like: it is not."""
    info = _info(der)
    if info["content_type"].native not in kinds:
        raise ValueError(kinds)
    return info["content"]


def _info(der: bytes) -> Any:
    _check_pieces(der)
    return cms.ContentInfo.load(der)


def _check_pieces(der: bytes) -> None:
    """Walk through all values of a message. Raises ValueError, IndexError: they are too many, or none.

    Where a value does not say how long it is, a parser looks at all that it holds, and again for each value around it.
    """
    at = count = 0
    around: list[tuple[int, bool]] = []  # where each ends at the latest, and whether it says so
    while around or not count:  # what may stand behind the message is not looked at
        end, said = around[-1] if around else (len(der), True)
        if around and (at == end if said else der[at : at + 2] == _END):
            around.pop()
            at += 0 if said else len(_END)
            continue
        count += 1
        holds_values = der[at] & _CONSTRUCTED
        at, length = _header(der, at)
        if count > MOST_PIECES or at + (length or 0) > end:
            raise ValueError("pieces")
        if length is None:
            around.append((end, False))
        elif holds_values:
            around.append((at + length, True))
        else:
            at += length


def _header(der: bytes, at: int) -> tuple[int, int | None]:
    """Return where a value begins, and its length if that is said. Source: X.690, 8.1.2 and 8.1.3."""
    long_tag = der[at] & 0x1F == 0x1F
    at += 1
    while long_tag:
        long_tag, at = der[at] >= 0x80, at + 1
    length, at = der[at], at + 1
    if length == _UNSAID:
        return at, None
    if length > _UNSAID:
        end = at + length - _UNSAID
        return end, int.from_bytes(der[at:end])
    return at, length


def few(items: Any) -> list[Any]:
    """Return the members of a set that stays small. Raises ValueError: reading it would take a stranger's time."""
    if len(items.contents or b"") > LONGEST_SET:
        raise ValueError("too many")
    return list(items)


def octets(value: Any) -> bytes:
    """Return a content, also one in pieces. Raises ValueError, IndexError: they are none, or too many."""
    return b"".join(_pieces(value.contents)) if value.method else bytes(value)


def _pieces(content: bytes) -> Iterator[bytes]:
    at = count = 0
    while at < len(content) and content[at : at + 2] != _END:
        count += 1
        if content[at] != _PIECE or count > MOST_PIECES:
            raise ValueError("pieces")
        begin, length = at + 2, content[at + 1]
        if length > 0x80:  # so many bytes say how long it is (X.690, 8.1.3.5)
            begin += length - 0x80
            length = int.from_bytes(content[at + 2 : begin])
        at = begin + length
        yield content[begin:at]


def kind_of(der: bytes) -> str:
    """Return what a ContentInfo says that it holds; "" if it is none."""
    try:
        return str(_info(der)["content_type"].native)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
        return ""
