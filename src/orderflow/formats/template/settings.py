"""What a template asks of a person, and what can be known of it when it is saved: it is tried on a sample order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal
from xml.parsers import expat

import msgspec
from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.formats.format import FormatSettings
from orderflow.formats.order_fields import order_fields, sample_order
from orderflow.formats.template.filters import as_json, in_form, in_xml
from orderflow.formats.template.templates import Template


def _sample() -> DraftOrder:
    """Return a sample order of whole numbers: whether `fixed` suits an order is for that order to show."""
    order = sample_order()
    for line in order.lines:
        line.qty, line.unit_price = Decimal(2), Decimal(10)
    return order


ORDER_FIELDS = order_fields(_sample())
WRITERS: dict[str, Callable[[Any], str]] = {"json": as_json, "xml": in_xml, "form": in_form}
"""How a value is written into each kind of body."""

template = lru_cache(maxsize=1_024)(Template)
"""`Template`, compiled once per text."""

BodyFormat = Annotated[
    Literal["json", "xml", "form"],
    Field(
        title="Body's format",
        description="How values are written into the body, and its Content-Type.",
        json_schema_extra={"group": "Request", "destination": False},
    ),
]
BODY: Any = Field(
    title="Body",
    description='The body. In JSON a field brings its own quotes: {"number": {{ order.external_order_number }}}. '
    "Empty: the document orderflow_export_json_v1.",
    json_schema_extra={"group": "Request", "destination": False, "multiline": True},
)


class TemplateSettings(FormatSettings):
    """A text with fields of the order in it."""

    model_config = ConfigDict(title="Template")

    body_format: BodyFormat = "json"
    body: Annotated[str, BODY]

    @field_validator("body")
    @classmethod
    def _fit_the_format(cls, body: str, others: ValidationInfo) -> str:
        return check_body(body, others.data.get("body_format", "json"), others.context)


def check_body(text: str, body_format: str, context: dict[str, Any] | None = None) -> str:
    """Return the body's template as it is.

    Args:
        context: That of the validation: with `saving`, a person is there to correct what is only doubtful.

    Raises:
        ValueError: It makes no body, or no JSON, of a sample order; or it would be read back otherwise.
    """
    if body_format == "xml" and (context or {}).get("saving") and _FIELD_IN_CDATA.search(text):
        raise ValueError(
            "has a field within <![CDATA[ ]]>, where a reader takes & for &amp;: leave CDATA out there, a field is "
            "written so that it may stand by itself"
        )
    made = filled(text, WRITERS[body_format], ORDER_FIELDS)
    if fault := not_well_formed(made, body_format):
        raise ValueError(f"does not make {fault} of a sample order{_OWN_QUOTES if body_format == 'json' else ''}")
    return text


_FIELD_IN_CDATA = re.compile(r"<!\[CDATA\[(?:(?!\]\]>).)*?\{\{", re.DOTALL)
_OWN_QUOTES = ". A field brings its own quotes: leave yours out"


def not_well_formed(text: str, body_format: str) -> str | None:
    """Return what a body is not, and why, as "XML: mismatched tag: line 1, column 9"; None if it can be read back."""
    try:
        _READERS[body_format](text)
    except msgspec.DecodeError as error:
        return f"JSON: {error}"
    except (expat.ExpatError, _OtherEncodingError) as error:
        return f"XML: {error}"
    return None


def filled(source: str, write: Callable[[Any], str], fields: Mapping[str, Any]) -> str:
    """Return what a template makes of fields. Raises ValueError: it is none, or cannot be filled with them."""
    try:
        return template(source, write).render(fields)
    except RejectedError as error:
        raise ValueError(error.message.rstrip(".").replace("this order", "a sample order")) from None


class _OtherEncodingError(Exception):
    """XML says of itself that it is in another encoding than we write."""


def _read_xml(text: str) -> None:
    parser = expat.ParserCreate()
    parser.XmlDeclHandler = _check_encoding
    parser.Parse(text.encode(), True)


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() not in ("utf-8", "utf8"):
        raise _OtherEncodingError(f"its first line says encoding {encoding}, and it is written in UTF-8")


_READERS: dict[str, Callable[[str], Any]] = {"json": msgspec.json.decode, "xml": _read_xml, "form": str}
