"""XML from outside: no document type, no entities, no more than a document of business needs.

Source: XML 1.0 (fifth edition); CWE-611 and CWE-776, what document types and entities are misused for.
"""

from __future__ import annotations

import re

from lxml import etree

from orderflow.domain.answer_files import UnfinishedError, UnreadableError
from orderflow.domain.text import visible

LARGEST = 10 * 1024 * 1024
"""Bytes of a document."""

MOST_ELEMENTS = 300_000

_DOCTYPE = re.compile(rb"<\0?!\0?D\0?O\0?C\0?T\0?Y\0?P\0?E")
"""In UTF-16, too."""

_BEGINNING = re.compile(
    rb"""(?:\xef\xbb\xbf)?<(?:\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.-]{1,40})["'])?""", re.DOTALL
)
_UTF_16 = (b"\xff\xfe<\0", b"\xfe\xff\0<")
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
    content = content.strip(b"\x1a \t\r\n" if content.startswith(_UTF_16) else b"\0\x1a \t\r\n")
    if not content:
        raise UnfinishedError("The file is empty.")
    if content.count(b"<") > 2 * MOST_ELEMENTS:
        raise UnreadableError(f"It has more than {MOST_ELEMENTS:,} elements.")
    if _DOCTYPE.search(content):
        raise UnreadableError("It has a document type (DOCTYPE), which is never read.")
    _check_encoding(content)
    return _parsed(content)


def _check_encoding(content: bytes) -> None:
    if content.startswith(_UTF_16):
        return
    found = _BEGINNING.match(content)
    if found is None:
        raise UnreadableError("It is no XML: it does not begin with an element.")
    if found[1] and found[1].decode().lower() not in _ENCODINGS:
        raise UnreadableError(f"It is written in {found[1].decode()}, which is not read here. Write it as UTF-8.")


def _parsed(content: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        breaks_off = "Premature end of data" in str(error) or not content.endswith((b">", b">\0"))
        kind = UnfinishedError if breaks_off else UnreadableError
        raise kind(f"It is no XML: {visible(str(error))[:200]}.") from None
