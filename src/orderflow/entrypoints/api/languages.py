"""Errors in the language that a request asks for (`Accept-Language`, RFC 9110, section 12.5.4), with the same codes."""

from __future__ import annotations

import json
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

from starlette.datastructures import Headers

OURS = "en"
LANGUAGES = (OURS, "de")
_MOST = 20
"""Languages of a request that are looked at."""

language: ContextVar[str] = ContextVar("language", default=OURS)
"""What the present request's errors are told in."""


def chosen(headers: Headers) -> str:
    """Return the language that a request prefers among ours; English if it names none of them."""
    found, best = OURS, 0.0
    for one in headers.get("accept-language", "").split(",")[:_MOST]:
        tag, _, weight = one.partition(";")
        primary, q = tag.strip().lower().partition("-")[0], _weight(weight)
        if primary in LANGUAGES and q > best:
            found, best = primary, q
    return found


def _weight(given: str) -> float:
    name, _, value = given.replace(" ", "").partition("=")
    try:
        return min(float(value), 1.0) if name == "q" else 1.0
    except ValueError:
        return 0.0


def told(message: str, details: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return an error's sentence and details in the request's language.

    What a catalogue says of a code is general. So the English sentence, which says more of the case, stays in
    `details.english`.
    """
    words = catalogue(language.get()).get(str(details.get("reason")))
    if words is None:
        return message, details
    return words["message"], details | {"hint": words["hint"], "english": message}


@cache
def catalogue(name: str) -> dict[str, dict[str, str]]:
    """Return a language's sentences of errors by their codes; none for English, which is where they are declared."""
    if name == OURS:
        return {}
    errors: dict[str, dict[str, str]] = json.loads((files("orderflow.locales") / f"{name}.json").read_text("utf-8"))[
        "errors"
    ]
    return errors
