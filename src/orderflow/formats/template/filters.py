"""What a template can do with a value, and how a value is written in JSON, XML, a form or a URL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import msgspec
from jinja2 import TemplateError, Undefined

from orderflow.domain.document import exact

LONGEST_TEXT = 100_000
"""Characters of one value."""

_encode = msgspec.json.Encoder().encode


def text_of(value: Any) -> str:
    """Return a value as plain text: numbers exact, dates by ISO 8601, nothing for None."""
    match value:
        case Undefined():
            str(value)  # raises, and names the field
            return ""
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case int() | Decimal():
            number = exact(Decimal(value))
            return f"{number:f}" if isinstance(number, Decimal) else str(number)
        case float():
            return text_of(Decimal(str(value)))
        case _:
            raise TemplateError(f"it writes a {_name(value)} where one value is needed")


def as_json(value: Any) -> str:
    """Write a value as JSON; a list or a group of fields too."""
    match value:
        case None:
            return "null"
        case bool() | int() | float() | Decimal():
            return text_of(value)
        case dict():
            return "{" + ",".join(f"{as_json(str(name))}:{as_json(item)}" for name, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(as_json, value)) + "]"
        case _:
            return _encode(text_of(value)).decode()


def in_xml(value: Any) -> str:
    """Write a value as XML text or attribute."""
    return escape(text_of(value), {'"': "&quot;"})


def in_form(value: Any) -> str:
    """Write a value in application/x-www-form-urlencoded."""
    return quote_plus(text_of(value))


def in_url(value: Any) -> str:
    """Write a value as one part of a URL, which it cannot leave."""
    text = text_of(value)
    if text in {"", ".", ".."}:
        raise TemplateError("a field that the URL needs is empty or no name")
    return quote(text, safe="")


def in_header(value: Any) -> str:
    """Write a value as a header's: visible ASCII characters and spaces (RFC 9110, section 5.5)."""
    text = text_of(value)
    if not text.isascii() or not (text.isprintable() or not text):
        raise TemplateError("a header can hold ASCII characters only")
    return text


def _default(value: Any, default: Any = "") -> Any:
    return default if isinstance(value, Undefined) or value in (None, "") else value


def _date(value: Any, form: str = "%Y-%m-%d") -> str:
    if value is None:
        return ""
    if not isinstance(value, date):
        raise TemplateError("date needs a date")
    if len(form) > 100:
        raise TemplateError("date needs a shorter format")
    return value.strftime(form)


def _fixed(value: Any, decimals: int = 2) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= decimals <= 10:
        raise TemplateError("fixed needs a number, and 0 to 10 decimals")
    with localcontext(prec=60):
        return f"{Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def _replace(value: Any, old: str, new: str) -> str:
    text = text_of(value)
    if len(text) + text.count(old) * len(new) > LONGEST_TEXT:
        raise TemplateError("replace makes too long a text")
    return text.replace(old, new)


def _join(values: Any, separator: str = "") -> str:
    texts = [text_of(value) for value in values] if isinstance(values, list | tuple) else [text_of(values)]
    if sum(map(len, texts)) + len(texts) * len(separator) > LONGEST_TEXT:
        raise TemplateError("join makes too long a text")
    return separator.join(texts)


def _all_of(values: Any, name: str) -> list[Any]:
    if not isinstance(values, list):
        raise TemplateError("all_of needs a list")
    return [value[name] for value in values if isinstance(value, dict) and name in value]


def _left(value: Any, length: int) -> str:
    return text_of(value)[: max(length, 0)]


def _length(value: Any) -> int:
    if not isinstance(value, str | list | tuple | dict):
        raise TemplateError("length needs a text or a list")
    return len(value)


FILTERS: dict[str, Callable[..., Any]] = {
    "all_of": _all_of,
    "date": _date,
    "default": _default,
    "fixed": _fixed,
    "join": _join,
    "left": _left,
    "length": _length,
    "lower": lambda value: text_of(value).lower(),
    "replace": _replace,
    "text": text_of,
    "trim": lambda value: text_of(value).strip(),
    "upper": lambda value: text_of(value).upper(),
}


def _name(value: Any) -> str:
    return {"dict": "group of fields", "list": "list", "tuple": "list"}.get(type(value).__name__, "thing")
