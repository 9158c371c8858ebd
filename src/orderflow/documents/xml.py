"""XML from outside: no document type, no entities, no more than a document of business needs.

Source: XML 1.0 (fifth edition); CWE-611 and CWE-776, what document types and entities are misused for.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

from lxml import etree

from orderflow.domain.answer_files import UnfinishedError, UnreadableError
from orderflow.domain.text import visible

LARGEST = 5 * 1024 * 1024
"""Bytes of a document; a response to 6,000 lines has some 5 MB, and takes 25 times as much memory while it is read."""

MOST_ELEMENTS = 300_000

_BEGINNING = re.compile(rb"""<(?:\?xml\s[^>]*?encoding\s*=\s*["']([\w.-]{1,40})["'])?""", re.DOTALL)
_ENCODINGS = {"utf-8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}
"""Those in which a mark is the same byte everywhere, so that what is counted and looked for here is what is parsed."""


def read_xml(content: bytes) -> etree._Element:
    """Return the root of a document; comments and processing instructions are left out.

    Raises:
        UnfinishedError: It breaks off.
        UnreadableError: It is no XML, is too large, or has what no document of business needs.
    """
    if len(content) > LARGEST:
        raise UnreadableError(f"It is larger than {LARGEST:,} bytes.")
    is_utf_16 = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    content = _plain(_in_utf_8(content) if is_utf_16 else content)
    return _parsed(content, "utf-8" if is_utf_16 else _encoding(content))


def _in_utf_8(content: bytes) -> bytes:
    try:
        return content.decode("utf-16").encode()
    except UnicodeDecodeError as error:
        kind = UnfinishedError if error.end == len(content) else UnreadableError
        raise kind("It is not in UTF-16, as its beginning says.") from None


def _plain(content: bytes) -> bytes:
    """Return what is to be parsed. Raises UnreadableError: it has what no document of business needs."""
    content = content.strip(b"\0\x1a \t\r\n").removeprefix(BOM_UTF8)
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
    if found is None:
        raise UnreadableError("It is no XML: it does not begin with an element.")
    name = found[1].decode() if found[1] else "utf-8"
    if name.lower() not in _ENCODINGS:
        raise UnreadableError(f"It is written in {name}, which is not read here. Write it as UTF-8.")
    return name


def _parsed(content: bytes, encoding: str) -> etree._Element:
    """Parse it in the encoding in which it was looked at, whatever it says of itself."""
    parser = etree.XMLParser(
        encoding=encoding,
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
