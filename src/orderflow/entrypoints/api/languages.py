"""What is said in the language that a request asks for (`Accept-Language`, RFC 9110, section 12.5.4).

Codes, names and values are the same in each.
"""

from __future__ import annotations

import json
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response

from orderflow.locales.sentences import Sentences

OURS = "en"
_CATALOGUES = files("orderflow.locales")
LANGUAGES = (
    OURS,
    *sorted(one.name.removesuffix(".json") for one in _CATALOGUES.iterdir() if one.name.endswith(".json")),
)
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

    What is no sentence of ours is told by its code, as far as a catalogue has that. The English stays in
    `details.english`, and beside what is wrong with a field.
    """
    name = language.get()
    if name == OURS:
        return message, details
    general = catalogue(name).get(str(details.get("reason")))
    told_details: dict[str, Any] = _told_part("details", details, name)
    if "fields" in details:
        told_details["fields"] = [_told_field(field) for field in details["fields"]]
    if general and told_details.get("hint") == details.get("hint"):
        told_details["hint"] = general["hint"]
    said = told_sentence(message, name) or (general and general["message"])
    return (said, told_details | {"english": message}) if said else (message, told_details)


def told_problem(problem: dict[str, Any]) -> dict[str, Any]:
    """Return an error as it is stored (`code`, `message`, `hint`, `details`) in the request's language."""
    known = {"reason": problem["code"], "hint": problem["hint"]}
    message, details = told(problem["message"], problem["details"] | known)
    facts = {name: fact for name, fact in details.items() if name not in known}
    return problem | {"message": message, "hint": details["hint"], "details": facts}


def _told_field(field: dict[str, Any]) -> dict[str, Any]:
    translated = told_of_field(str(field["message"]), language.get())
    return field if translated is None else field | {"message": translated, "english": field["message"]}


def told_sentence(text: str, name: str) -> str | None:
    """Return a sentence of ours in a language; None if it is another's, or nobody has said it there."""
    return _sentences(name).told(text)


def told_here(text: str) -> str:
    """Return a sentence in the request's language; as it is where it is none of ours.

    For what `tell_in` does not find by its name in an answer: tables, and lines that are sent as they come.
    """
    name = language.get()
    return text if name == OURS else told_sentence(text, name) or text


def told_of_field(message: str, name: str) -> str | None:
    """Return what is wrong with a field in a language; None where nobody has said it there.

    A sentence may be about a part of the field, which stands before it: `X-Key: is given twice`.
    """
    if (said := told_sentence(message, name)) is not None:
        return said
    part, colon, rest = message.partition(": ")
    told = told_of_field(rest, name) if colon and part.split() == [part] else None
    return None if told is None else f"{part}: {told}"


@cache
def _sentences(name: str) -> Sentences:
    words = _of_language(name)
    return Sentences(words["fields"] | words["words"] | words["sentences"])


def tell_in(answer: Response, name: str) -> None:
    """Have our sentences in a JSON answer told in a language; what others said or wrote stays as it is."""
    body = bytes(getattr(answer, "body", b""))
    if answer.media_type != "application/json" or not any(key in body for key in _TELLING):
        return
    answer.body = _encode(_told_part("", _decode(body), name))
    answer.headers["Content-Length"] = str(len(answer.body))
    answer.headers["Content-Language"] = name


def _told_part(key: str, part: Any, name: str) -> Any:
    """Return what stands under a name, told in a language where that name is one of our sentences'."""
    match part:
        case dict():
            return {
                inner: value if inner in _APART else _told_part(_meant(key, inner), value, name)
                for inner, value in part.items()
            }
        case list():
            return [_told_part(f"{key}[]", value, name) for value in part]
        case str() if key in _SAID:
            return told_sentence(part, name) or part
        case _:
            return part


def _meant(within: str, key: str) -> str:
    return f"{within}.{key}" if f"{within}.{key}" in _SAID else key


_SAID = frozenset(
    {
        "message",
        "hint",
        "error_message",
        "latest_message",
        "missing[]",
        "notes[]",
        "details.note",
        "details.steps[]",
        "unreadable_answer.reason",
    }
)
"""Under which names answers hold our sentences."""

_TELLING = tuple(f'"{key.rpartition(".")[2].removesuffix("[]")}":'.encode() for key in _SAID)

_APART = frozenset(
    {"config", "config_schema", "document", "fields", "metadata", "request_json", "response_json", "source_document"}
)
"""What holds others' words under any name, or ours as machines read them."""

_decode = msgspec.json.Decoder(float_hook=lambda digits: msgspec.Raw(digits.encode())).decode
_encode = msgspec.json.Encoder().encode


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


_SECTIONS = ("errors", "fields", "words", "sentences", "form", "choices")
_NOTHING: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}


@cache
def _of_language(name: str) -> dict[str, dict[str, Any]]:
    if name == OURS:
        return _NOTHING
    told: dict[str, dict[str, Any]] = _NOTHING | json.loads((_CATALOGUES / f"{name}.json").read_text("utf-8"))
    return told
