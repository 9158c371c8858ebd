"""An Order Response as a tree, in which each value is found by its name and may stand once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from lxml import etree

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.ubl.writing import AGGREGATE, BASIC

_OURS = {f"{{{AGGREGATE}", f"{{{BASIC}"}


class Part:
    """An element of UBL. What lies in it is found by its name; what else lies there is nobody's concern here."""

    __slots__ = ("_element", "_inner")

    def __init__(self, element: etree._Element) -> None:
        self._element = element
        self._inner: dict[str, list[etree._Element]] | None = None

    def all(self, name: str) -> Sequence[Part]:
        """Return the elements with a name."""
        return [Part(element) for element in self._by_name().get(name, ())]

    def one(self, *names: str) -> Part | None:
        """Return the element at the end of a path. Raises UnreadableError: there is more than one on the way."""
        part = self
        for name in names:
            found = part._by_name().get(name)
            if found is None:
                return None
            if len(found) > 1:
                raise UnreadableError(f"It has {name} {len(found)} times where it may have one.")
            part = Part(found[0])
        return part

    def _by_name(self) -> dict[str, list[etree._Element]]:
        inner = self._inner
        if inner is None:
            self._inner = inner = {}
            for child in self._element:
                name = _name_of(child.tag)
                if name in inner:
                    inner[name].append(child)
                elif name:
                    inner[name] = [child]
        return inner

    def value(self, *names: str) -> str:
        """Return the text at the end of a path; empty if there is none.

        Raises:
            UnreadableError: There is more than one, or it is no text alone.
        """
        part = self.one(*names)
        return part.text if part else ""

    def check_without(self, *names: str) -> None:
        """Check that elements are not there which change what is agreed. Raises UnreadableError."""
        for name in names:
            if self.all(name):
                raise UnreadableError(f"It has {name}, which changes what was agreed, and is not read.")

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
