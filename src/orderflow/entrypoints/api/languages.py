"""What is said in the language that a request asks for (`Accept-Language`, RFC 9110, section 12.5.4).

Codes, names and values are the same in each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
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
    `details.english`; what is wrong with a field is said as exactly as in English, which stays beside it too.
    """
    words = catalogue(language.get()).get(str(details.get("reason")))
    if words is None:
        return message, details
    fields = {"fields": [_told_field(field) for field in details["fields"]]} if "fields" in details else {}
    return words["message"], details | fields | {"hint": words["hint"], "english": message}


def _told_field(field: dict[str, Any]) -> dict[str, Any]:
    translated = told_of_field(str(field["message"]), language.get())
    return field if translated is None else field | {"message": translated, "english": field["message"]}


def told_of_field(message: str, name: str) -> str | None:
    """Return what is wrong with a field in a language; None where nobody has said it there.

    A catalogue has the sentences with `{0}` for what changes; the longest that fits is meant, if none is the same.
    A sentence may be about a part of the field, which stands before it: `X-Key: is given twice`.
    """
    words: dict[str, str] = _of_language(name)["words"]
    for pattern, sentence in _sentences(name):
        if found := pattern.fullmatch(message):
            return _filled(sentence, [words.get(part, part) for part in found.groups("")])
    part, colon, rest = message.partition(": ")
    told = told_of_field(rest, name) if colon and part.split() == [part] else None
    return None if told is None else f"{part}: {told}"


def _filled(sentence: str, parts: Sequence[str]) -> str:
    return _PLACE.sub(lambda place: parts[int(place[1])], sentence)


@cache
def _sentences(name: str) -> list[tuple[re.Pattern[str], str]]:
    given = sorted(_of_language(name)["fields"].items(), key=lambda pair: ("{0}" in pair[0], -len(pair[0])))
    return [(_pattern(english), sentence) for english, sentence in given]


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, _PLACE.split(english)[::2])), re.DOTALL)


_PLACE = re.compile(r"\{([0-9])\}")


def told_form(schema: Any, name: str) -> Any:
    """Return the JSON Schema of a connector's form with its texts in a language, by what they are in English.

    `labels` says what the values of an `enum` mean. What a language has no words for stays as the connector says it.
    """
    if isinstance(schema, list):
        return [told_form(part, name) for part in schema]
    if not isinstance(schema, dict) or name == OURS:
        return schema
    texts, choices = _of_language(name)["form"], _of_language(name)["choices"]
    told = {key: part if key in _VALUES else told_form(part, name) for key, part in schema.items()}
    told |= {key: texts.get(told[key], told[key]) for key in ("title", "description") if isinstance(told.get(key), str)}
    values = schema["enum"] if isinstance(schema.get("enum"), list) else []
    labels = {value: choices[value] for value in values if value in choices}
    return told | {"labels": labels} if labels else told


_VALUES = frozenset({"const", "default", "enum", "examples", "show_when"})


def told_text(text: str, name: str) -> str:
    """Return a text of a connector in a language; as it is where nobody has said it there."""
    told: str = _of_language(name)["form"].get(text, text)
    return told


def catalogue(name: str) -> dict[str, dict[str, str]]:
    """Return a language's sentences of errors by their codes; none for English, which is where they are declared."""
    return _of_language(name)["errors"]


@cache
def _of_language(name: str) -> dict[str, dict[str, Any]]:
    if name == OURS:
        return {"errors": {}, "fields": {}, "words": {}, "form": {}, "choices": {}}
    told: dict[str, dict[str, Any]] = json.loads((files("orderflow.locales") / f"{name}.json").read_text("utf-8"))
    return told
