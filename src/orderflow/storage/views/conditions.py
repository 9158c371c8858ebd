"""Parts of a WHERE that several filters have.

Only what is asked for is in a statement, so that each can be answered from the index that fits it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from orderflow.storage.views.view import Condition


def common(
    table: str, statuses: Sequence[str], created_from: datetime | None, created_to: datetime | None
) -> Iterator[Condition]:
    """Yield what every list can be narrowed by; `created_from` is included, `created_to` is not."""
    if len(statuses) == 1:  # as one value: the index on it has them by age, which for several it has not
        yield f"{table}.status = :status", {"status": statuses[0]}
    elif statuses:
        yield f"{table}.status = ANY(:statuses)", {"statuses": list(statuses)}
    if created_from:
        yield f"{table}.created_at >= :created_from", {"created_from": created_from}
    if created_to:
        yield f"{table}.created_at < :created_to", {"created_to": created_to}


def changed(table: str, updated_from: datetime | None) -> Iterator[Condition]:
    """Yield that something changed since then, if that is asked for."""
    if updated_from:
        yield f"{table}.updated_at >= :updated_from", {"updated_from": updated_from}


def equal(expression: str, value: Any) -> Iterator[Condition]:
    """Yield that something is `value`, if that is asked for."""
    if value is not None:
        name = "".join(character for character in expression if character.isalpha())
        yield f"{expression} = :{name}", {name: value}


def either(condition: str, wanted: bool | None) -> Iterator[Condition]:
    """Yield a condition or its opposite, if one is asked for."""
    if wanted is not None:
        yield condition if wanted else f"NOT {condition}", {}


def like(search: str) -> str:
    """Return the pattern for LIKE that finds `search` anywhere, taken literally."""
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
