"""What a target says about an error, found where APIs usually say it, for a person.

problem+json (RFC 9457), OData 4.0 section 19, GraphQL, JSON:API, SOAP 1.1 and 1.2, OAuth (RFC 6749 section 5.2), lists
of fields as Rails, Django, Laravel and ASP.NET write them, texts with placeholders as Magento's, pages of HTML, plain
text. Where none of that is found, the beginning of the body itself is what it said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from html import unescape
from typing import Any

LONGEST = 500
"""Characters."""

EXCERPT = 300
"""Characters of a body that says it in no known way."""

_TITLE = 3
"""Words of a page's title or heading, as "422 Unprocessable Entity", that may leave the reason to its text."""

_MOST = 8
"""Sentences."""

_MOST_VALUES = 20_000
"""Of an answer that are looked at; a target may write one in which each is within many."""

_MOST_WITHIN = 3
"""JSON texts within each other; Frappe sends a list of texts in a text."""

_LONGEST_WITHIN = 100_000
"""Characters of JSON texts that are read within an answer, in all."""

_LONGEST_FILLED = 4 * LONGEST
"""Characters of a text with placeholders that are looked at."""

_GROUPS = (
    "error",
    "errors",
    "Errors",
    "error_messages",
    "errorMessages",
    "messages",
    "userErrors",
    "user_errors",
    "fault",
    "Fault",
    "ModelState",
    "modelState",
    "violations",
    "invalid-params",
    "errordetails",
    "innererror",
    "details",
    "_server_messages",
    "detail",
)
"""Fields that hold errors, one or many."""

_SENTENCES = (
    "message",
    "Message",
    "errorMessage",
    "error_message",
    "ErrorMessage",
    "error_description",
    "faultstring",
    "detail",
    "Detail",
    "description",
    "Description",
    "title",
    "Title",
    "reason",
    "msg",
    "text",
    "value",
    "exception",
)
"""Fields that say it in words; the first that does is what counts, besides `title` and `detail`, which go together."""

_PLACES = ("field", "param", "parameter", "property", "propertyPath", "path", "target", "name", "loc", "key", "pointer")
"""Fields that name what is wrong."""

# A target's text may be made to be slow: each pattern takes time in proportion to its length. What is not closed ends
# where the text does.
_SOAP = re.compile(
    r"<(?:\w+:)?(faultstring|Text|Reason|[Mm]essage|error_description|detail)\b[^<>]*>(.*?)(?:</|\Z)", re.DOTALL
)
_PAGE = re.compile(r"<(title|h1)\b[^<>]*>(.*?)(?:</\1\s*+>|\Z)", re.DOTALL | re.IGNORECASE)
_HEAD = re.compile(r"\A.*</head\s*+>", re.DOTALL | re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*+>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_BEYOND = re.compile(r"&#[0-9]{8,}+;?")
"""The number of no letter, which Python may not even read."""


def said_in(value: Any) -> str:
    """Return what a JSON value says about an error; empty if it says nothing in a known way."""
    return _joined(_sentences(value, _At()))


def said_in_text(text: str) -> str:
    """Return what a body that is no JSON says: a SOAP fault, a page's title, or the beginning of the text."""
    if "<" not in text:
        return " ".join(text.split())[:EXCERPT]
    head = text[:100_000]
    found = _SOAP.findall(head) if re.search(r"<(?:\w+:)?(Fault|Envelope|error)\b", head) else _PAGE.findall(head)
    told = _joined(_stripped(inner) for _, inner in found)
    rest = _stripped(_UNSEEN.sub(" ", _HEAD.sub(" ", head)))
    if not told:
        return rest[:EXCERPT]
    more = rest
    for _, inner in found:
        more = more.removeprefix(_stripped(inner)).strip(" :-")
    says_more = len(told.split()) <= _TITLE < len(more.split())
    return _joined(iter([told, more]))[:EXCERPT] if says_more else told


def excerpt(value: Any) -> str:
    """Return the beginning of a JSON value, as text."""
    if value in (None, "", [], {}):
        return ""
    return " ".join(as_text(value).split())[:EXCERPT]


def as_text(value: Any) -> str:
    """Return a JSON value as text for a person."""
    if value is None:
        return ""
    return str(value) if isinstance(value, str | Decimal) else json.dumps(value, ensure_ascii=False, default=str)


def _joined(sentences: Iterator[str] | Any) -> str:
    told = list(dict.fromkeys(filter(None, (" ".join(one.split()) for one in sentences))))
    if len(told) == 1:
        return told[0][:LONGEST]
    more = [f"and {len(told) - _MOST} more"] if len(told) > _MOST else []
    return "; ".join([one.rstrip(".;") for one in told[:_MOST]] + more)[:LONGEST]


@dataclass(slots=True)
class _Left:
    """What may still be read of an answer: it has come, so that no deadline ends the reading of it."""

    values: int = _MOST_VALUES
    letters: int = _LONGEST_WITHIN


@dataclass(frozen=True, slots=True)
class _At:
    """Where in an answer something stands.

    Attributes:
        depth: Objects and lists around it, in its own JSON text.
        within: JSON texts around it.
        left: Of the whole answer, however its texts are within each other.
    """

    depth: int = 0
    within: int = 0
    left: _Left = field(default_factory=_Left)

    @property
    def deeper(self) -> _At:
        return replace(self, depth=self.depth + 1)

    def may_read(self, text: str) -> bool:
        """Count a JSON text; return whether it may be read, too."""
        self.left.letters -= len(text)
        return self.within < _MOST_WITHIN and self.left.letters >= 0


def _sentences(value: Any, at: _At) -> Iterator[str]:
    at.left.values -= 1
    if at.depth > 6 or at.left.values < 0:
        return
    if isinstance(value, str):
        yield _of_string(value, at)
    elif isinstance(value, list):
        for item in value[:100]:
            yield from _sentences(item, at.deeper)
    elif isinstance(value, dict):
        yield from _of_object(value, _own_words(value, at), at)


def _of_string(text: str, at: _At) -> str:
    if text.lstrip()[:1] in ("{", "[") and at.depth <= 3 and at.may_read(text):  # JSON within JSON, as Frappe sends it
        try:
            return _joined(_sentences(json.loads(text), replace(at, depth=0, within=at.within + 1))) or text
        except (ValueError, RecursionError):
            return text
    return _stripped(text) if "</" in text or "<br" in text else text


def _of_object(value: dict[str, Any], own: str, at: _At) -> Iterator[str]:
    """Yield what an object says: its own words, then what its groups say."""
    if own:
        yield own
    elif at.depth == 0 and _is_list_of_fields(value):
        yield from _of_group(value, at.deeper)
    for name in _GROUPS:
        if name in value and not (own and isinstance(value[name], str)):
            yield from _of_group(value[name], at.deeper)
    if not own and isinstance(value.get("data"), dict):
        yield from _of_data(value["data"], at.deeper)


def _of_data(data: dict[str, Any], at: _At) -> Iterator[str]:
    """Look into what GraphQL answers: each mutation may have errors of its own."""
    for inner in (data, *data.values()):
        if isinstance(inner, dict):
            for name in ("userErrors", "user_errors", "errors"):
                if name in inner:
                    yield from _of_group(inner[name], at.deeper)


def _of_group(value: Any, at: _At) -> Iterator[str]:
    if not isinstance(value, dict) or at.depth > 6:
        yield from _sentences(value, at)
        return
    own = _own_words(value, at)
    if own or any(name in value for name in _GROUPS):
        yield from _of_object(value, own, at)
        return
    for field_name, inner in list(value.items())[:100]:  # names of fields, each with what is wrong about it
        for told in _sentences(inner, at.deeper):
            yield f"{field_name} {told}" if told and not _is_general(field_name) else told


def _is_list_of_fields(value: dict[str, Any]) -> bool:
    """Return whether an object is nothing but names of fields with lists of texts, as Django REST framework's."""
    lists = [inner for inner in value.values() if isinstance(inner, list) and inner]
    return 0 < len(lists) == len(value) and all(isinstance(text, str) for inner in lists for text in inner)


def _is_general(field: str) -> bool:
    return field.lower() in ("", "base", "non_field_errors", "__all__", "*", "$", "code", "status", "type")


def _own_words(value: dict[str, Any], at: _At) -> str:
    told = {name: text for name in _SENTENCES if (text := _words_of(value.get(name), at))}
    if not told:
        return ""
    words = next(iter(told.values()))
    title, detail = told.get("title", ""), told.get("detail", "")
    if title and detail and title != detail and words in (title, detail):
        words = f"{title.rstrip('.:')}: {detail}"
    if value.get("error_description") and isinstance(value.get("error"), str):
        words = f"{value['error']}: {value['error_description']}"
    words = _filled(words, value.get("parameters") or value.get("params") or value.get("args"))
    place = _place(value)
    return f"{place}: {words}" if place and place not in words else words


def _words_of(value: Any, at: _At) -> str:
    if isinstance(value, dict):  # OData: {"message": {"lang": "en", "value": "…"}}
        value = value.get("value") or value.get("text")
    return _of_string(value, replace(at, depth=0)).strip() if isinstance(value, str) else ""


def _place(value: dict[str, Any]) -> str:
    source = value.get("source")
    if isinstance(source, dict):  # JSON:API
        value = value | source
    for name in _PLACES:
        found = value.get(name)
        if isinstance(found, str) and 0 < len(found) <= 100:
            return found
        if isinstance(found, list) and 0 < len(found) <= 10 and all(isinstance(part, str | int) for part in found):
            return ".".join(map(str, found))
    return ""


def _filled(text: str, given: Any) -> str:
    """Fill placeholders such as `%fieldName`, `%1` and `{0}`, once: what is filled in is not looked at again."""
    if isinstance(given, list):
        given = {str(number): value for number, value in enumerate(given, 1)} | {"{0}": given[0] if given else ""}
    if not isinstance(given, dict):
        return text
    names = sorted(filter(lambda name: 0 < len(name) <= 100, given), key=len, reverse=True)[:20]
    values = {
        mark: str(given[name])[:LONGEST]
        for name in names
        if isinstance(given[name], str | int | Decimal)
        for mark in (f"%{name}", f"{{{name}}}", f":{name}")
    }
    if not values:
        return text
    marks = "|".join(map(re.escape, values))
    return re.sub(marks, lambda found: values[found[0]], text[:_LONGEST_FILLED])


def _stripped(text: str) -> str:
    return " ".join(unescape(_BEYOND.sub("\ufffd", _TAG.sub(" ", text))).split())
