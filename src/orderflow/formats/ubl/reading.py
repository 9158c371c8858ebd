"""XML from outside: no document type, no entities, no more than a document of business needs, each value once.

Source: XML 1.0 (fifth edition); CWE-776 and CWE-611, what document types are misused for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from lxml import etree

from orderflow.domain.answer_files import UnfinishedError, UnreadableError
from orderflow.domain.text import visible
from orderflow.formats.ubl.writing import AGGREGATE, BASIC

LARGEST = 10_485_760
"""Bytes."""

MOST_ELEMENTS = 300_000

_ENDS = b"\0\x1a \t\r\n"
_BEGINNING = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*<(?:\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["'])?""", re.DOTALL
)
_ENCODINGS = {"utf-8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}
_UTF_16 = (b"\xff\xfe<\0", b"\xfe\xff\0<")
_OURS = {f"{{{AGGREGATE}", f"{{{BASIC}"}


class Part:
    """An element of UBL. What lies in it is found by its name; what else lies there is nobody's concern here."""

    __slots__ = ("_element", "_inner")

    def __init__(self, element: etree._Element) -> None:
        self._element = element
        self._inner: dict[str, list[Part]] | None = None

    def all(self, name: str) -> Sequence[Part]:
        """Return the elements with a name."""
        return (self._inner or self._by_name()).get(name, ())

    def one(self, *names: str) -> Part | None:
        """Return the element at the end of a path. Raises UnreadableError: there is more than one on the way."""
        part = self
        for name in names:
            found = (part._inner or part._by_name()).get(name)
            if found is None:
                return None
            if len(found) > 1:
                raise UnreadableError(f"It has {name} {len(found)} times where it may have one.")
            part = found[0]
        return part

    def _by_name(self) -> dict[str, list[Part]]:
        inner: dict[str, list[Part]] = {}
        for child in self._element:
            name = _name_of(child.tag)
            if name in inner:
                inner[name].append(Part(child))
            elif name:
                inner[name] = [Part(child)]
        self._inner = inner
        return inner

    def value(self, *names: str) -> str:
        """Return the text at the end of a path; empty if there is none.

        Raises:
            UnreadableError: There is more than one, or it is no text alone.
        """
        part = self.one(*names)
        return part.text if part else ""

    @property
    def text(self) -> str:
        """Its text. Raises UnreadableError: other elements are in it."""
        if len(self._element):
            raise UnreadableError(f"{self.name} holds elements where it should hold a value.")
        return (self._element.text or "").strip()

    @property
    def name(self) -> str:
        """Its name."""
        return etree.QName(self._element).localname

    @property
    def space(self) -> str:
        """The namespace of its name."""
        return etree.QName(self._element).namespace or ""

    def attribute(self, name: str) -> str:
        """Return an attribute; empty if there is none."""
        return (self._element.get(name) or "").strip()


@lru_cache(maxsize=1024)
def _name_of(tag: str) -> str:
    """Return the name of an element of UBL; nothing for those of others."""
    space, _, name = tag.rpartition("}")
    return name if space in _OURS else ""


def read_xml(content: bytes) -> Part:
    """Return the root of a document.

    Raises:
        UnfinishedError: It breaks off.
        UnreadableError: It is no XML, is too large, or holds what no document of business needs.
    """
    if len(content) > LARGEST:
        raise UnreadableError(f"It is larger than {LARGEST:,} bytes.")
    content = content.strip(_ENDS) if not content.startswith(_UTF_16) else content
    _check(content)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        open_yet = "Premature end of data" in str(error) or not content.endswith((b">", b">\0"))
        kind = UnfinishedError if open_yet else UnreadableError
        raise kind(f"It is no XML: {visible(str(error))[:200]}.") from None
    if etree.ElementTree(root).docinfo.internalDTD is not None:
        raise UnreadableError("It has a document type (DOCTYPE), which is never read.")
    return Part(root)


def _check(content: bytes) -> None:
    if not content:
        raise UnfinishedError("The file is empty.")
    if not content.startswith(_UTF_16):
        found = _BEGINNING.match(content)
        if found is None:
            raise UnreadableError("It is no XML: it does not begin with an element.")
        if found[1] and found[1].decode().lower() not in _ENCODINGS:
            raise UnreadableError(f"It is written in {found[1].decode()}, which is not read here. Write it as UTF-8.")
    if content.count(b"<") > 2 * MOST_ELEMENTS:
        raise UnreadableError(f"It has more than {MOST_ELEMENTS:,} elements.")
    if b"<!DOCTYPE" in content:
        raise UnreadableError("It has a document type (DOCTYPE), which is never read.")
