"""Parameters of function modules as XML, and back: a structure is its fields, a table its `item`s.

Source: "Serialization of RFC-enabled function modules" (SAP's SOAP runtime); in both directions names are ABAP's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

Structure = dict[str, Any]


def element(name: str, value: Any) -> etree._Element:
    """Return a value as an element: a structure, a table (a list of structures), or one value."""
    made = etree.Element(name)
    if isinstance(value, dict):
        made.extend(element(inner, one) for inner, one in value.items())
    elif isinstance(value, list):
        made.extend(element("item", one) for one in value)
    else:
        made.text = _text(value)
    return made


def value_of(found: etree._Element) -> Any:
    """Return what an element holds: a text, a table if all of it are `item`s, else a structure."""
    inner = list(found.iterchildren("*"))  # not comments
    if not inner:
        return (found.text or "").strip()
    names = [etree.QName(one).localname for one in inner]
    if set(names) == {"item"}:
        return [value_of(one) for one in inner]
    return {name: value_of(one) for name, one in zip(names, inner, strict=True)}


def table(answer: Structure, name: str) -> list[Structure]:
    """Return a table, or a structure as a table of one; what is none holds no rows."""
    value = answer.get(name)
    rows: Iterable[Any] = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, dict)]


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)
