"""What a template can do with a value, and how a value is written in JSON, XML, a form, a URL or plain text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any
from urllib.parse import quote, quote_plus
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from jinja2 import TemplateError, Undefined

from orderflow.domain.document import exact
from orderflow.formats.template.letters import CharacterError
from orderflow.formats.xml_text import NOT_IN_XML, escaped

LONGEST_TEXT = 100_000
"""Characters of one value."""

LONGEST_FIELD = 10_000
"""Characters to which `width` fills a text up."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Among them all that may end a line."""


class Fixed(str):
    """A number that is written with so many decimals, where it stands for a number too: 1.20."""

    __slots__ = ()


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
            return str(value)  # of Fixed: the text alone
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
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
        case bool() | int() | float() | Decimal() | Fixed():
            return text_of(value)
        case dict():
            return "{" + ",".join(f"{as_json(str(name))}:{as_json(item)}" for name, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(as_json, value)) + "]"
        case _:
            return _encode(text_of(value)).decode()


def in_xml(value: Any) -> str:
    """Write a value as XML text or attribute, from which a reader gets the same value.

    Raises:
        CharacterError: It holds a character that XML cannot hold, also not as a reference.
    """
    text = text_of(value)
    if found := NOT_IN_XML.search(text):
        raise CharacterError(found[0], "XML")
    return escaped(text)


def in_form(value: Any) -> str:
    """Write a value in application/x-www-form-urlencoded."""
    return quote_plus(text_of(value))


def in_text(value: Any, separators: str = "") -> str:
    """Write a value in a plain text, where nothing could tell a line break or a separator from the template's own.

    Raises:
        CharacterError: It holds such a one.
    """
    text = text_of(value)
    if found := _CONTROL.search(text):
        raise CharacterError(found[0], "a plain text")
    if mark := next((mark for mark in separators if mark in text), None):
        raise CharacterError(mark, "a text with that separator")
    return text


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


def _date(value: Any, form: str = "%Y-%m-%d", zone: str | None = None) -> str | None:
    if value is None:
        return None
    if not isinstance(value, date):
        raise TemplateError("date needs a date")
    if len(form) > 100:
        raise TemplateError("date needs a shorter format")
    if isinstance(value, datetime):
        return value.astimezone(_zone(zone) if zone else UTC).strftime(form)
    return str(value.strftime(form))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TemplateError(f"there is no time zone {name[:60]!r}; as Europe/Berlin") from None


def _fixed(value: Any, decimals: int = 2) -> Fixed | None:
    if value is None:
        return None
    made = _rounded(value, decimals, "fixed")
    if Decimal(made) != Decimal(value):
        raise TemplateError(
            f"fixed({decimals}) does not round, and {text_of(value)} has more decimals; round({decimals}) rounds"
        )
    return made


def _round(value: Any, decimals: int = 2) -> Fixed | None:
    return None if value is None else _rounded(value, decimals, "round")


def _rounded(value: Any, decimals: int, name: str) -> Fixed:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | Fixed) or not 0 <= decimals <= 10:
        raise TemplateError(f"{name} needs a number, and 0 to 10 decimals")
    with localcontext(prec=60):
        return Fixed(f"{Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}")


def _sum(values: Any, *names: str) -> Decimal:
    """Add numbers; with names, of each line the product of the fields so named."""
    if not isinstance(values, list | tuple):
        raise TemplateError("sum needs a list")
    with localcontext(prec=60):
        return sum((_product(value, names, number) for number, value in enumerate(values, 1)), Decimal(0))


def _product(value: Any, names: tuple[str, ...], number: int) -> Decimal:
    factors = [value.get(name) if isinstance(value, dict) else None for name in names] if names else [value]
    made = Decimal(1)
    for name, factor in zip(names or ("number",), factors, strict=True):
        if isinstance(factor, bool) or not isinstance(factor, int | Decimal):
            raise TemplateError(f"sum finds no {name} in line {number}")
        made *= factor
    return made


def _replace(value: Any, old: str, new: str) -> str | None:
    if value is None:
        return None
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


def _left(value: Any, length: int) -> str | None:
    return None if value is None else text_of(value)[: max(length, 0)]


def _width(value: Any, width: int, align: str = "left", fill: str = " ") -> str:
    """Fill a text up to so many characters; one that has more is refused, not cut."""
    text = text_of(value)
    if align not in _ALIGN or len(fill) != 1 or not 1 <= width <= LONGEST_FIELD:
        raise TemplateError(f"width needs 1 to {LONGEST_FIELD:,} characters, 'left' or 'right', and one to fill with")
    if len(text) > width:
        raise TemplateError(f"width({width}) does not cut, and {text[:40]!r} has {len(text)} characters; left cuts")
    return _ALIGN[align](text, width, fill)


_ALIGN: dict[str, Callable[[str, int, str], str]] = {"left": str.ljust, "right": str.rjust}


def _length(value: Any) -> int:
    if not isinstance(value, str | list | tuple | dict):
        raise TemplateError("length needs a text or a list")
    return len(value)


def _as_text(change: Callable[[str], str]) -> Callable[[Any], str | None]:
    """Return a filter that changes a text; what is missing stays missing, which JSON writes as null."""
    return lambda value: None if value is None else change(text_of(value))


FILTERS: dict[str, Callable[..., Any]] = {
    "all_of": _all_of,
    "date": _date,
    "default": _default,
    "fixed": _fixed,
    "join": _join,
    "left": _left,
    "length": _length,
    "lower": _as_text(str.lower),
    "replace": _replace,
    "round": _round,
    "sum": _sum,
    "text": text_of,
    "trim": _as_text(str.strip),
    "upper": _as_text(str.upper),
    "width": _width,
}


def _name(value: Any) -> str:
    return {"dict": "group of fields", "list": "list", "tuple": "list"}.get(type(value).__name__, "thing")
