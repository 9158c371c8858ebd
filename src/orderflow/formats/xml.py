"""XML from outside: no document type, no entities, no more than a document of business needs.

Source: XML 1.0 (fifth edition); CWE-611 and CWE-776, what document types and entities are misused for.
"""

from __future__ import annotations

import re

from lxml import etree

from orderflow.domain.answer_files import UnfinishedError, UnreadableError

LARGEST = 10 * 1024 * 1024
"""Bytes of a document."""

MOST_ELEMENTS = 300_000

_AT_THE_END = b"\0\x1a \t\r\n"
_DOCTYPE = re.compile(rb"<\0?!\0?D\0?O\0?C\0?T\0?Y\0?P\0?E")
"""In UTF-16, too."""

_BREAKS_OFF = {
    "ERR_DOCUMENT_END",
    "ERR_DOCUMENT_EMPTY",
    "ERR_TAG_NOT_FINISHED",
    "ERR_GT_REQUIRED",
    "ERR_LTSLASH_REQUIRED",
}


def read_xml(content: bytes) -> etree._Element:
    """Return the root of a document; comments and processing instructions are left out.

    Raises:
        UnfinishedError: It breaks off.
        UnreadableError: It is no XML, is too large, or has what no document of business needs.
    """
    content = content.rstrip(b"\x1a \t\r\n").lstrip(b" \t\r\n")
    if not content:
        raise UnfinishedError("The file is empty.")
    if len(content) > LARGEST:
        raise UnreadableError(f"It is larger than {LARGEST:,} bytes.")
    if content.count(b"<") > 2 * MOST_ELEMENTS:
        raise UnreadableError(f"It has more than {MOST_ELEMENTS:,} elements.")
    if _DOCTYPE.search(content):
        raise UnreadableError("It has a document type (DOCTYPE), which is never read.")
    return _parsed(content)


def _parsed(content: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        last = parser.error_log.last_error
        kind = UnfinishedError if last is not None and last.type_name in _BREAKS_OFF else UnreadableError
        raise kind(f"It is no XML: {str(error)[:200]}.") from None
