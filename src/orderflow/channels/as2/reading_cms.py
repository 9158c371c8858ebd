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
"""Of a content; who writes as it comes cuts it into pieces of a kilobyte or so."""

_PIECE = 0x04
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
    info = cms.ContentInfo.load(der)
    if info["content_type"].native not in kinds:
        raise ValueError(kinds)
    return info["content"]


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
        return str(cms.ContentInfo.load(der)["content_type"].native)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
        return ""
