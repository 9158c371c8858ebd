"""Rows on their way in and out: many as one JSON parameter, and all columns of a table by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from orderflow.storage.tables.models import Base

_encode = msgspec.json.Encoder(decimal_format="number", uuid_format="canonical").encode


def as_json(value: Any) -> str:
    """Return `value` as JSON text; UUIDs, dates and decimals included, decimals exact.

    NUL, which PostgreSQL can store in neither text nor JSON, becomes U+FFFD.
    """
    return _encode(value).decode().replace("\\u0000", "\\ufffd")


def records(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as the JSON array that `jsonb_to_recordset(CAST(:rows AS jsonb))` reads."""
    return as_json(list(rows))


def columns(table: type[Base], alias: str) -> str:
    """Return `alias.id, alias.org_id, …`: the columns that this release knows.

    Never `*`: a column that the next release adds would void the statements that running workers have prepared
    ("cached plan must not change result type").
    """
    return ", ".join(f"{alias}.{column.name}" for column in table.__table__.columns)
