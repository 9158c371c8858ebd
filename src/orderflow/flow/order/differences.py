"""What an edit changed, for the audit log; and what one revision changed, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from orderflow.domain.document import exact
from orderflow.domain.orders import CONTENT, PARTS, DraftOrder, DraftOrderLine

MOST_LINES = 100
"""Changed lines that are written down; of more, only their number."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs.

    Attributes:
        path: `("notes",)`, `("customer", "name")`, `("lines", "2", "qty")` by the line's number; `("lines", "2")` is a
            line that one of the orders has and the other has not.
        before, after: None: it was, or is, empty or not there. Numbers without needless zeros.
    """

    path: tuple[str, ...]
    before: Any
    after: Any


def field_changes(before: DraftOrder, after: DraftOrder) -> list[FieldChange]:
    """Return what differs field by field, in the order of the fields, lines last and by their numbers."""
    old, new = _content(before), _content(after)
    found = [change for name in CONTENT for change in _changes(old[name], new[name], (name,), whole=name not in PARTS)]
    old_lines, new_lines = _lines(before.lines), _lines(after.lines)
    for number in sorted(old_lines.keys() | new_lines.keys()):
        was, now = old_lines.get(number), new_lines.get(number)
        found += _changes(was, now, ("lines", str(number)), whole=was is None or now is None)
    return found


def _changes(before: Any, after: Any, path: tuple[str, ...], *, whole: bool) -> Iterator[FieldChange]:
    if whole:
        if before != after:
            yield FieldChange(path, _plain(before), _plain(after))
        return
    before, after = before or {}, after or {}
    for name in (*before, *(name for name in after if name not in before)):
        yield from _changes(before.get(name), after.get(name), (*path, name), whole=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return exact(value) if value.is_finite() else str(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value] or None
    return {name: _plain(part) for name, part in value.items()} if isinstance(value, Mapping) else value


def differences(before: DraftOrder, after: DraftOrder) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields that differ, as they were and as they are."""
    old, new = _content(before), _content(after)
    changed = [name for name in new if old[name] != new[name]]
    was, now = ({name: content[name] for name in changed} for content in (old, new))
    old_lines, new_lines = _lines(before.lines), _lines(after.lines)
    numbers = [no for no in sorted(old_lines.keys() | new_lines.keys()) if old_lines.get(no) != new_lines.get(no)]
    if numbers:
        was["lines"], now["lines"] = _shown(old_lines, numbers), _shown(new_lines, numbers)
    return was, now


def _content(order: DraftOrder) -> dict[str, Any]:
    values = asdict(replace(order, lines=[], delivery_in_progress=None))
    return {name: values[name] for name in CONTENT}


def _lines(lines: list[DraftOrderLine]) -> dict[int, dict[str, Any]]:
    return {line.line_no: {name: value for name, value in asdict(line).items() if name != "id"} for line in lines}


def _shown(lines: dict[int, dict[str, Any]], numbers: list[int]) -> list[dict[str, Any]] | str:
    found = [lines[number] for number in numbers if number in lines]
    return found if len(numbers) <= MOST_LINES else f"{len(found)} changed lines"
