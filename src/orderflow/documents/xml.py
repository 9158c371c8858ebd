"""XML from outside: no document type, no entities, no more than a document of business needs.

Source: XML 1.0 (fifth edition); CWE-611 and CWE-776, what document types and entities are misused for.
"""

from __future__ import annotations

import codecs
import re
from codecs import BOM_UTF8

from lxml import etree

from orderflow.domain.answer_files import UnfinishedError, UnreadableError, in_utf_8
from orderflow.domain.text import visible

LARGEST = 5 * 1024 * 1024
"""Bytes of a document; a response to 6,000 lines has some 5 MB, and takes 25 times as much memory while it is read."""

MOST_ELEMENTS = 300_000

AT_THE_END = b"\0\x1a \t\r\n"
"""What some programs leave around a document."""

_BEGINNING = re.compile(rb"""<(?:\?xml\s[^>]*?encoding\s*=\s*["']([\w.-]{1,40})["'])?""", re.DOTALL)
_ENCODINGS = re.compile(r"ascii|iso8859-\d+|cp125\d|cp(437|85[0-9]|86[0-6])|koi8-[ru]|mac-roman")
"""Beside UTF-8: those of one byte a letter, by Python's names for them."""

_WIDE = re.compile(r"utf-?16|utf-?32|ucs-?[24]|unicode", re.IGNORECASE)
"""What programs write that make a text first, and then write it as UTF-8: such a file cannot be what it says."""


def read_xml(content: bytes) -> etree._Element:
    """Return the root of a document; comments and processing instructions are left out.

    Raises:
        UnfinishedError: It breaks off.
        UnreadableError: It is no XML, is too large, or has what no document of business needs.
    """
    if len(content) > LARGEST:
        raise UnreadableError(f"It is larger than {LARGEST:,} bytes.")
    content = in_utf_8(content)
    encoding = "utf-8" if content.startswith(BOM_UTF8) else _encoding(content.lstrip(AT_THE_END))
    return _parsed(_plain(content if encoding == "utf-8" else _decoded(content, encoding)))


def _decoded(content: bytes, encoding: str) -> bytes:
    """Return it in UTF-8, in which it is looked at and parsed. Raises UnreadableError: it is not what it says."""
    try:
        return content.decode(encoding).encode()
    except UnicodeDecodeError:
        raise UnreadableError(f"It says that it is written in {encoding}, and is not.") from None


def _plain(content: bytes) -> bytes:
    """Return what is to be parsed. Raises UnreadableError: it has what no document of business needs."""
    content = content.strip(AT_THE_END).removeprefix(BOM_UTF8).lstrip(AT_THE_END)
    if not content:
        raise UnfinishedError("The file is empty.")
    if content.count(b"<") > MOST_ELEMENTS and _elements_at_most(content) > MOST_ELEMENTS:
        raise UnreadableError(f"It has more than {MOST_ELEMENTS:,} elements.")
    if b"<!DOCTYPE" in content:
        raise UnreadableError("It has a document type (DOCTYPE), which is never read.")
    return content


def _elements_at_most(content: bytes) -> int:
    """Return how many elements it may begin: ends, comments and instructions begin otherwise."""
    return content.count(b"<") - sum(map(content.count, (b"</", b"<!", b"<?")))


def _encoding(content: bytes) -> str:
    """Return the encoding that it names, else UTF-8. Raises UnreadableError: it is not read."""
    found = _BEGINNING.match(content)
    name = found[1].decode() if found and found[1] else "utf-8"
    try:
        encoding = "utf-8" if _WIDE.match(name) else codecs.lookup(name).name
    except LookupError:
        encoding = ""
    if encoding != "utf-8" and not _ENCODINGS.fullmatch(encoding):
        raise UnreadableError(f"It is written in {name}, which is not read here. Write it as UTF-8.")
    return encoding


def _parsed(content: bytes) -> etree._Element:
    """Parse it in the encoding in which it was looked at, whatever it says of itself."""
    if not content.startswith(b"<"):
        raise UnreadableError("It is no XML: it does not begin with an element.")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=True,  # between elements, where it says nothing
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        breaks_off = "Premature end of data" in str(error) or not content.endswith(b">")
        kind = UnfinishedError if breaks_off else UnreadableError
        raise kind(f"It is no XML: {visible(str(error))[:200]}.") from None
