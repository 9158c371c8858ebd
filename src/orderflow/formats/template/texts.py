"""The text that a template makes of an order: filled, and well-formed; what can be known of it when it is saved."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal
from xml.parsers import expat

import msgspec

from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.formats.order_fields import order_fields, sample_order
from orderflow.formats.shared_cache import SharedCache
from orderflow.formats.template.filters import as_json, in_form, in_text, in_xml
from orderflow.formats.template.letters import CharacterError, not_allowed
from orderflow.formats.template.templates import Template

Kind = Literal["json", "xml", "form", "text"]
Writer = Callable[[Any], str]

MOST_KEPT = 2_000_000
"""Characters of templates that are kept compiled, which takes many times as much memory."""

template = SharedCache(Template, MOST_KEPT)
"""`Template`, compiled once per text."""

_WRITERS: dict[str, Writer] = {"json": as_json, "xml": in_xml, "form": in_form}


def _sample() -> DraftOrder:
    order = sample_order()
    for line in order.lines:
        line.qty, line.unit_price = Decimal(2), Decimal(10)
    return order


def _short(value: Any) -> Any:
    match value:
        case dict():
            return type(value)({name: _short(item) for name, item in value.items()})
        case list():
            return [_short(item) for item in value]
        case str():
            return value[-1:]
    return value


ORDER_FIELDS = order_fields(_sample())
"""Of a sample order of whole numbers: whether `fixed` suits an order is for that order to show."""

_SHORT_FIELDS = _short(ORDER_FIELDS)
"""The same with short texts, for `width` and separators likewise."""


def made(source: str, kind: Kind, fields: Mapping[str, Any], *, encoding: str = "utf-8", separators: str = "") -> str:
    """Return the text that a template makes of an order's fields.

    Args:
        encoding: In which it will be written; what it says of itself must agree.
        separators: Of a plain text: characters that no value may hold.

    Raises:
        RejectedError: The template needs what the order lacks, cannot hold what it has, or makes an ill-formed text.
    """
    text = template(source, writer(kind, separators)).render(fields)
    try:
        text.encode()
    except UnicodeEncodeError as error:  # half of a pair of surrogates
        raise not_allowed(CharacterError(text[error.start], "UTF-8"), fields) from None
    if fault := _not_well_formed(text, kind, encoding):
        raise RejectedError(
            f"The template makes no {fault}.",
            code="TEMPLATE_FAILED",
            hint="Correct the template in the connection, so that it fits this order too; then push again.",
        )
    return text


def check_template(
    source: str,
    kind: Kind,
    context: dict[str, Any] | None = None,
    *,
    encoding: str = "utf-8",
    separators: str = "",
    more: Mapping[str, Any] | None = None,
) -> str:
    """Return a template as it is.

    Args:
        context: That of the validation: with `saving`, a person is there to correct what is only doubtful.
        more: Fields that it has beside the order's.

    Raises:
        ValueError: It makes no text, or none of its kind, of a sample order; or it would be read back otherwise.
    """
    if kind == "xml" and (context or {}).get("saving") and _has_field_in_cdata(source):
        raise ValueError(
            "has a field within <![CDATA[ ]]>, where a reader takes & for &amp;: leave CDATA out there, a field is "
            "written so that it may stand by itself"
        )
    text = filled(source, writer(kind, separators), {**_SHORT_FIELDS, **(more or {})})
    if fault := _not_well_formed(text, kind, encoding):
        raise ValueError(f"does not make {fault} of a sample order{_OWN_QUOTES if kind == 'json' else ''}")
    return source


_CDATA = re.compile(r"<!\[CDATA\[|\]\]>|\{\{")
_OWN_QUOTES = ". A field brings its own quotes: leave yours out"


def _has_field_in_cdata(source: str) -> bool:
    within = False
    for mark in _CDATA.finditer(source):
        if mark[0] != "{{":
            within = mark[0] != "]]>"
        elif within:
            return True
    return False


def filled(source: str, write: Writer, fields: Mapping[str, Any]) -> str:
    """Return what a template makes of fields. Raises ValueError: it is none, or cannot be filled with them."""
    try:
        return template(source, write).render(fields)
    except RejectedError as error:
        raise ValueError(error.message.rstrip(".").replace("this order", "a sample order")) from None


def writer(kind: Kind, separators: str = "") -> Writer:
    """Return how a value is written where it goes."""
    return _text_writer(separators) if kind == "text" else _WRITERS[kind]


@lru_cache(maxsize=256)
def _text_writer(separators: str) -> Writer:
    return lambda value: in_text(value, separators)


def _not_well_formed(text: str, kind: Kind, encoding: str) -> str | None:
    """Return what a text is not, and why, as "XML: mismatched tag: line 1, column 9"; None if it can be read back."""
    try:
        _READERS[kind](text, encoding)
    except msgspec.DecodeError as error:
        return f"JSON: {error}"
    except (expat.ExpatError, _NotXmlError) as error:
        return f"XML: {error}"
    return None if text.strip() or kind == "form" else "text: it is empty"


class _NotXmlError(Exception):
    """XML says of itself what is not so, or what readers should not be asked to do."""


def _read_xml(text: str, encoding: str) -> None:
    parser = expat.ParserCreate("utf-8")
    declared: list[str | None] = []
    parser.XmlDeclHandler = lambda _version, name, _standalone: declared.append(name)
    parser.EntityDeclHandler = _refuse_entity
    parser.Parse(text.encode(), True)
    name = next(iter(declared), None)
    if name is None and encoding in _KNOWN_BY_THEMSELVES:
        return
    if name is None or not _are_same(name, encoding):
        said = f"says encoding {name}" if name else "says no encoding"
        raise _NotXmlError(f"its first line {said}, and it is written in {encoding.upper()}")


_KNOWN_BY_THEMSELVES = ("utf-8", "utf-8-sig", "utf-16")
"""Encodings that XML need not name. Source: https://www.w3.org/TR/xml/#charencoding"""


def _are_same(name: str, encoding: str) -> bool:
    with suppress(LookupError):
        return codecs.lookup(name).name == codecs.lookup(encoding.removesuffix("-sig")).name
    return False


def _refuse_entity(*_: Any) -> None:
    raise _NotXmlError("it declares entities, which many readers refuse")


_READERS: dict[str, Callable[[str, str], Any]] = {
    "json": lambda text, _: msgspec.json.decode(text),
    "xml": _read_xml,
    "form": lambda *_: None,
    "text": lambda *_: None,
}
