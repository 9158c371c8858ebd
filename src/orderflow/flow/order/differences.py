"""What an edit changed, for the audit log."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from orderflow.domain.orders import CONTENT, DraftOrder, DraftOrderLine

MOST_LINES = 100
"""Changed lines that are written down; of more, only their number."""


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
    values = {name: getattr(order, name) for name in CONTENT}
    return {name: asdict(value) if hasattr(value, "__dataclass_fields__") else value for name, value in values.items()}


def _lines(lines: list[DraftOrderLine]) -> dict[int, dict[str, Any]]:
    return {line.line_no: {name: value for name, value in asdict(line).items() if name != "id"} for line in lines}


def _shown(lines: dict[int, dict[str, Any]], numbers: list[int]) -> list[dict[str, Any]] | str:
    found = [lines[number] for number in numbers if number in lines]
    return found if len(numbers) <= MOST_LINES else f"{len(found)} changed lines"
