"""Rows as one JSON parameter: bulk statements read them with `jsonb_to_recordset`, named and typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(decimal_format="number", uuid_format="canonical").encode


def as_json(value: Any) -> str:
    """Return `value` as JSON text; UUIDs, dates and decimals included, decimals exact.

    NUL, which PostgreSQL can store in neither text nor JSON, becomes U+FFFD.
    """
    return _encode(value).decode().replace("\\u0000", "\\ufffd")


def records(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as the JSON array that `jsonb_to_recordset(CAST(:rows AS jsonb))` reads."""
    return as_json(list(rows))
