"""What a file says that an ERP left: the words between formats, which read it, and channels, which bring it."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from orderflow.domain.answer_details import Details, Level
from orderflow.domain.states import Kind

LIMIT = 1024 * 1024
"""Bytes; an answer that is larger is not read."""

LONGEST_EXCERPT = 500
"""Characters."""

MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""How a text may begin, and which encoding that says."""


_WIDE = re.compile(rb"(?P<le>(?:[\x20-\x7e]\0){2})|(?P<be>(?:\0[\x20-\x7e]){2})")
"""How UTF-16 without a mark begins, as nothing else does."""


class UnreadableError(Exception):
    """The answer is not what its format says; the text says why.

    Args:
        about: The delivery that it names all the same, so that the order can tell it.
    """

    def __init__(self, reason: str, about: Reference | None = None) -> None:
        super().__init__(reason)
        self.about = about


class UnfinishedError(UnreadableError):
    """The answer breaks off: it may still be being written."""


@dataclass(frozen=True, slots=True)
class OrderNumber:
    """An order's external number, as an answer may name it."""

    number: str


@dataclass(frozen=True, slots=True)
class ControlNumber:
    """The number under which a connection's documents are counted: interchange, group and message carry the same.

    A connection that was made anew counts from 1 again, so that what else the answer says must be right, too.

    Attributes:
        kinds: What the document may be.
        order: The order's number, where the answer names it.
    """

    number: int
    kinds: frozenset[Kind] = frozenset(Kind)
    order: OrderNumber | None = None

    def means(self, kind: Kind, order: str | None) -> bool:
        """Return whether the document with that number, of that kind and about that order, is the one that is meant."""
        return kind in self.kinds and (self.order is None or self.order.number == (order or "").strip())


Reference = str | UUID | OrderNumber | ControlNumber
"""What an answer may call the delivery that it is about: its file's name, its export's id, its order's number, or the
control number that the document went out with."""


LONGEST_REFERENCE = 1_000
"""Characters; no file, and no order, has a name that is longer."""

LARGEST_CONTROL_NUMBER = 2**63 - 1

_NOBODYS = re.compile(r"[\x00\ud800-\udfff]")


def can_be_meant(reference: Reference) -> bool:
    """Return whether anything can be called that: no name that we keep holds NUL, or half of a letter."""
    if isinstance(reference, UUID):
        return True
    if isinstance(reference, ControlNumber):
        return 0 <= reference.number <= LARGEST_CONTROL_NUMBER
    name = reference.number if isinstance(reference, OrderNumber) else reference
    return len(name) <= LONGEST_REFERENCE and not _NOBODYS.search(name)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ERP said about one delivery; the fields are those of `orderflow.domain.delivery.Ack`.

    Attributes:
        about: The delivery; None: the one that the file's own name means.
        level: What it proves. ACKED confirms an order at the level `answered` alone; FAILED is a refusal at any.
        details: What it says about lines; None: nothing, it is about the order as a whole.
    """

    status: Literal["ACKED", "FAILED"]
    erp_order_id: str | None = None
    error_code: str | None = None
    message: str | None = None
    processed_at: str | None = None
    about: Reference | None = None
    level: Level = Level.ANSWERED
    details: Details | None = None


def encoding_of(content: bytes) -> str | None:
    """Return the encoding that the beginning of a file surely tells, by its mark or as UTF-16 without one."""
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), None)
    if encoding is None and (wide := _WIDE.match(content)):
        return f"utf-16-{wide.lastgroup}"
    return encoding


def in_utf_8(content: bytes) -> bytes:
    """Return a file that is in UTF-16 or UTF-32 in UTF-8, with its mark; any other as it is.

    Raises:
        UnfinishedError, UnreadableError: It breaks off within a letter, or is not what its beginning says.
    """
    encoding = encoding_of(content)
    if encoding in (None, "utf-8"):
        return content
    try:
        return codecs.BOM_UTF8 + content.decode(str(encoding)).encode()
    except UnicodeDecodeError as error:
        if error.end >= len(content) - 2:
            raise UnfinishedError(f"It breaks off within a letter of {_named(encoding)}.") from None
        raise UnreadableError(f"It says that it is {_named(encoding)}, and is not. Write it as UTF-8.") from None


def _named(encoding: str | None) -> str:
    return str(encoding).upper()[:6]


def excerpt(content: bytes) -> str | None:
    """Return the beginning of what came, for a person: printable, at most `LONGEST_EXCERPT` characters."""
    encoding = encoding_of(content) or "utf-8"
    text = content[: LONGEST_EXCERPT * 4].decode(encoding, "replace").lstrip("\ufeff")
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())[:LONGEST_EXCERPT] or None
