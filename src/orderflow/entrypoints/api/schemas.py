"""What the schemas of all routes share: strictness, text without NUL, one way to encode."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any

import msgspec
from fastapi import Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from orderflow.domain.strict_json import cut_deep
from orderflow.domain.text import LONGEST_NAME, name_for_people
from orderflow.entrypoints.api.decimals import as_text
from orderflow.entrypoints.api.errors import MOST_PROBLEMS, NO_OBJECT
from orderflow.storage.views.view import COUNTS_CHANGES

_encode = msgspec.json.Encoder(decimal_format="number", uuid_format="canonical").encode
_encode_as_text = msgspec.json.Encoder(decimal_format="string", uuid_format="canonical").encode

Text = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
"""Any text that PostgreSQL can store."""

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME, strip_whitespace=True),
    AfterValidator(name_for_people),
]
"""A short text of one line that is not empty, and that shows as what it is."""


def _as_moment(value: Any) -> Any:
    """Refuse what pydantic would take besides: seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise ValueError("must be written as in RFC 3339: 2031-01-31T12:00:00Z")


def _as_day(value: Any) -> Any:
    """Refuse what pydantic would take besides: midnight as a time, and seconds since 1970."""
    if (isinstance(value, date) and not isinstance(value, datetime)) or (
        isinstance(value, str) and _DAY.fullmatch(value)
    ):
        return value
    raise ValueError("must be a date, as 2025-12-31")


def _in_range(moment: datetime) -> datetime:
    """Return the moment in UTC, in years that everything on its way can name."""
    try:
        in_utc = moment.astimezone(UTC)
    except OverflowError:
        in_utc = datetime.min.replace(tzinfo=UTC)
    if in_utc.year not in YEARS:
        raise ValueError(f"must be in the years {YEARS[0]} to {YEARS[-1]}")
    return in_utc


YEARS = range(1900, 3000)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Moment = Annotated[AwareDatetime, BeforeValidator(_as_moment), AfterValidator(_in_range)]
"""A date and time with a zone."""

UpdatedSince = Annotated[
    Moment | None,
    Query(description="Changed since then. Leave a minute to spare: a change counts from when its transaction began"),
]
"""Which part of a list changed."""

Day = Annotated[date, BeforeValidator(_as_day)]
"""A date."""

Limit = Annotated[int, Query(ge=1, le=500, description="Entries at most")]
CursorText = Annotated[
    str | None, Query(max_length=1_000, pattern=r"^[A-Za-z0-9_-]*$", description="`next_cursor` of the page before")
]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def left_out() -> Any:
    """Return the default of a field that may be left out but not be null; `model_dump(exclude_unset=True)` tells."""
    return Field(default=None, json_schema_extra=_without_default)


Stored = Annotated[dict[str, Any], BeforeValidator(cut_deep)]
"""An object as it was stored, perhaps by a release that took what cannot be rendered."""

VERSION = Field(description=COUNTS_CHANGES)


class In(BaseModel):
    """A body, or a part of one, that comes in as a JSON object.

    Nothing else is one: FastAPI would read the fields of any value's attributes, and find all of them left out in a
    decimal. Unknown fields are an error, so that a misspelt one is not lost; of many, some are named.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)

    @model_validator(mode="before")
    @classmethod
    def _is_an_object(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError(NO_OBJECT, "must be a JSON object")
        known = cls._known()
        unknown = [name for name in value if name not in known]
        if len(unknown) > MOST_PROBLEMS:
            named = ", ".join(str(name)[:50] for name in unknown[:3])
            facts = {"count": len(unknown), "named": named}
            raise PydanticCustomError("unknown_fields", "has {count} fields that are not known, as {named}", facts)
        return value

    @classmethod
    @cache
    def _known(cls) -> frozenset[str]:
        return frozenset(field.alias or name for name, field in cls.model_fields.items())


class Out(BaseModel):
    """A body that goes out."""

    model_config = ConfigDict(from_attributes=True)


class JSON(Response):
    """An answer encoded once, with exact decimals: for views, and where every microsecond counts."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode plain values, UUIDs, dates, decimals and dataclasses."""
        return _encode_as_text(content) if as_text.get() else _encode(content)
