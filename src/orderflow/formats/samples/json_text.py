"""A JSON text: a template that writes the like, with the order's fields where their names are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.samples.beginning import MOST_PLACES, Beginning, Found, listed, place_of
from orderflow.formats.samples.names import field_named
from orderflow.formats.samples.writing import date_format

_DEEPEST = 20
_LINES = "[{% for line in lines %}"
_OF_LINES = {"line.internal_sku", "line.qty", "line.unit_price", "line.gtin", "line.customer_sku_raw"}


def beginning(content: bytes, connector_type: str | None) -> Beginning:
    """Return settings of REST_JSON, or of TEMPLATE_DOCUMENT if that is wanted. Raises UnreadableError."""
    try:
        sample = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"It begins as JSON and is none: {error}.") from None
    if isinstance(sample, list):
        sample = sample[0] if sample else {}
    if not isinstance(sample, dict) or not sample:
        raise UnreadableError("It holds no JSON object.")
    found: list[Found] = []
    template = "".join(_written(sample, (), found, of_line=False)) + "\n"
    notes = [] if _LINES in template else [_NO_LINES]
    unknown = [each.place for each in found if each.field is None]
    if unknown:
        notes.append(f"What these mean is not known, so the sample's values stand there: {listed(unknown)}.")
    if connector_type == "TEMPLATE_DOCUMENT":
        return Beginning(connector_type, {"content": "json", "template": template}, found, notes)
    return Beginning("REST_JSON", {"body_format": "json", "body": template}, found, notes)


_NO_LINES = "No list in it was recognized as the order's lines: write {% for line in lines %} where they belong."


def _written(value: Any, path: tuple[str, ...], found: list[Found], *, of_line: bool) -> Iterator[str]:
    """Yield the template's parts. Raises UnreadableError: it is nested too deeply."""
    if len(path) > _DEEPEST:
        raise UnreadableError(f"It is nested more than {_DEEPEST} deep.")
    indent = "  " * len(path)
    if isinstance(value, dict):
        yield "{"
        for number, (name, inner) in enumerate(value.items()):
            yield f"{',' if number else ''}\n{indent}  {_literal(name)}: "
            yield from _written(inner, (*path, name), found, of_line=of_line)
        yield f"\n{indent}}}" if value else "}"
    elif isinstance(value, list) and not of_line and _are_lines(value):
        yield _LINES
        yield from _written(value[0], path, found, of_line=True)
        yield "{% if not loop.last %}, {% endif %}{% endfor %}]"
    elif isinstance(value, list):
        yield "["
        for number, inner in enumerate(value):
            yield ", " if number else ""
            yield from _written(inner, path, found, of_line=of_line)
        yield "]"
    else:
        yield _leaf(value, path, found, of_line=of_line)


def _are_lines(value: list[Any]) -> bool:
    first = value[0] if value else None
    return isinstance(first, dict) and any(field_named(name) in _OF_LINES for name in first)


def _leaf(value: Any, path: tuple[str, ...], found: list[Found], *, of_line: bool) -> str:
    name, within = path[-1], path[-2] if len(path) > 1 else ""
    field = field_named(name, within)
    if field and field.startswith("line.") and not of_line:
        field = None
    if of_line and field and not field.startswith("line."):
        field = _LINE_TOO.get(field)
    if len(found) < MOST_PLACES:
        found.append(Found(place_of(*path), field, str(value)[:200]))
    if field is None:
        return _literal(value)
    return f"{{{{ {field}{_filter(field, value)} }}}}"


def _filter(field: str, value: Any) -> str:
    """Return the filter that writes a field as the sample does."""
    if not isinstance(value, str):
        return ""
    if field in _NUMBERS:
        return " | text"
    form = date_format([value]) if field.endswith("_date") else None
    return f" | date('{form}')" if form and form != "%Y-%m-%d" else ""


_NUMBERS = {"line.qty", "line.unit_price", "line.line_no"}
_LINE_TOO = {
    "order.currency": "line.currency",
    "order.requested_delivery_date": "line.requested_delivery_date",
    "order.notes": "line.line_notes",
}
"""What a name means of a line that else means it of the order."""


def _literal(value: Any) -> str:
    """Return a value as JSON that a template writes as it is."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("{", "\\u007b").replace("}", "\\u007d") if isinstance(value, str) else text
