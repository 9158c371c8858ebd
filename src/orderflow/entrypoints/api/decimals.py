"""Decimals as the client asks for them: numbers, or text (`Prefer: decimals=string`, RFC 7240).

Both are exact here. Many clients read a JSON number as a binary float, though, in which 0.1 + 0.2 is not 0.3 and
123456789012345.678 loses its end; for them there is text, and a document of the API in which every decimal is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

PREFERENCE = "decimals=string"
_ASKED = re.compile(r'(?:^|[,;])\s*decimals\s*=\s*"?string"?\s*(?:$|[,;])', re.ASCII | re.IGNORECASE)

as_text: ContextVar[bool] = ContextVar("decimals_as_text", default=False)
"""Whether the answer to the present request shows decimals as text."""


def note_preference(request: Request) -> None:
    """Let the answer show decimals as its request prefers."""
    as_text.set(any(_ASKED.search(line) for line in request.headers.getlist("prefer")))


def tell_preference(answer: Response) -> None:
    """Let an answer say that it does as preferred."""
    if as_text.get():
        answer.headers["Preference-Applied"] = PREFERENCE
        answer.headers.add_vary_header("Prefer")


def as_numbers_or_text(schema: Any) -> Any:
    """Return the schema of what comes in, whose decimals are text, with decimals that may be numbers too."""
    match schema:
        case {"anyOf": [{"type": "string", "format": "decimal", **rules}, *kinds], **others}:
            return {**_either(rules), **others, "anyOf": [*_either(rules)["anyOf"], *kinds]}
        case {"type": "string", "format": "decimal", **rules}:
            return _either(rules)
        case dict():
            return {name: as_numbers_or_text(inner) for name, inner in schema.items()}
        case list():
            return [as_numbers_or_text(inner) for inner in schema]
    return schema


_OF_TEXT = {"pattern"}


def _either(rules: Mapping[Any, Any]) -> dict[str, Any]:
    text = {name: value for name, value in rules.items() if name in _OF_TEXT}
    others = {name: value for name, value in rules.items() if name not in _OF_TEXT}
    return {
        "anyOf": [{"type": "number", "format": "decimal"}, {"type": "string", "format": "decimal", **text}],
        **others,
    }


def as_text_only(schema: Any) -> Any:
    """Return the schema of what goes out, whose decimals are numbers, with decimals that are text."""
    match schema:
        case {"type": "number", "format": "decimal", **others}:
            return {"type": "string", "format": "decimal", **others}
        case dict():
            return {name: as_text_only(inner) for name, inner in schema.items()}
        case list():
            return [as_text_only(inner) for inner in schema]
    return schema
