"""An Order Response as texts and parts, of which each is found by its name and may stand once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Union

from lxml import etree

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.ubl.writing import AGGREGATE, BASIC

_OURS = {f"{{{AGGREGATE}", f"{{{BASIC}"}

_UNITS = {
    **dict.fromkeys(("Quantity", "MaximumBackorderQuantity", "BaseQuantity"), "unitCode"),
    **dict.fromkeys(("PriceAmount", "LineExtensionAmount"), "currencyID"),
    "EndpointID": "schemeID",
}
"""The attributes that values are read with: what a number counts, or who gave it."""

_Found = Union[str, tuple[str, str], "Part", list["_Found"]]


class Part(dict[str, _Found]):
    """What lies in an element of UBL, by name: a text, a text with its unit, a part, or a list of what is there
    several times. What is of others is nobody's concern here, and left out.
    """

    def value(self, name: str) -> str:
        """Return a text; empty if there is none. Raises UnreadableError: there are several, or it is no text alone."""
        found = self.get(name, "")
        return found if isinstance(found, str) else _text(name, found)

    def with_unit(self, name: str) -> tuple[str, str]:
        """Return a text and its unit; empty if there is none. Raises UnreadableError: as `value`."""
        found = self.get(name, _NO_TEXT)
        return found if isinstance(found, tuple) else (_text(name, found), "")

    def part(self, name: str) -> Part:
        """Return what lies in an element; nothing if there is none. Raises UnreadableError: there are several."""
        found = self.get(name, NOTHING)
        if isinstance(found, list):
            raise _several(name, found)
        return found if isinstance(found, Part) else NOTHING

    def parts(self, name: str) -> list[Part]:
        """Return what lies in each element with a name."""
        return [found if isinstance(found, Part) else NOTHING for found in self._all(name)]

    def texts(self, name: str) -> list[str]:
        """Return the texts of all elements with a name. Raises UnreadableError: one is no text alone."""
        return [_text(name, found) for found in self._all(name)]

    def check_without(self, name: str) -> None:
        """Check that an element is not there which changes what is agreed. Raises UnreadableError."""
        if name in self:
            raise UnreadableError(f"It has {name}, which changes what was agreed, and is not read.")

    def add(self, name: str, found: _Found) -> None:
        """Add one more of what is there already."""
        before = self[name]
        if isinstance(before, list):
            before.append(found)
        else:
            self[name] = [before, found]

    def _all(self, name: str) -> Sequence[_Found]:
        return _listed(self[name]) if name in self else ()


NOTHING = Part()
_NO_TEXT = ("", "")


def read_part(elements: Iterable[etree._Element]) -> Part:
    """Return what elements hold: those in an element, which is all of its children, or some of them."""
    part = Part()
    for element in elements:
        name = _name_of(element.tag)
        if not name:
            continue
        found: _Found
        if len(element):
            found = read_part(element)
        else:
            found = (element.text or "").strip()
            if name in _UNITS:
                found = (found, (element.get(_UNITS[name]) or "").strip())
        if name in part:
            part.add(name, found)
        else:
            part[name] = found
    return part


def read_lines(root: etree._Element) -> tuple[Part, Iterator[Part]]:
    """Return what a document holds but for its lines (OrderLine), and each of those as it is asked for."""
    lines = (element for element in root if _name_of(element.tag) == "OrderLine")
    return read_part(element for element in root if _name_of(element.tag) != "OrderLine"), map(read_part, lines)


def _listed(found: _Found) -> list[_Found]:
    return found if isinstance(found, list) else [found]


def _text(name: str, found: _Found) -> str:
    """Return the text of what was found. Raises UnreadableError: it is none, or there are several."""
    if isinstance(found, str):
        return found
    if isinstance(found, tuple):
        return found[0]
    if isinstance(found, list):
        raise _several(name, found)
    raise UnreadableError(f"{name} holds elements where it should hold a value.")


def _several(name: str, found: Sequence[object]) -> UnreadableError:
    return UnreadableError(f"It has {name} {len(found)} times where it may have one.")


@lru_cache(maxsize=1024)
def _name_of(tag: str) -> str:
    """Return the name of an element of UBL; nothing for those of others."""
    space, _, name = tag.rpartition("}")
    return name if space in _OURS else ""
