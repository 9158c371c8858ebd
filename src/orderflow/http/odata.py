"""OData of versions 2 and 4: keys, literals and filters escaped, JSON exact, pages, ETags, and what an error says.

Sources: "OData Version 2.0: URI Conventions, JSON Format" (odata.org/documentation/odata-version-2-0); "OData Version
4.01. Part 2: URL Conventions" and "OData JSON Format Version 4.01" (OASIS); of SAP's own fields "Message Container"
(SAP Gateway Foundation, help.sap.com).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote, urljoin, urlsplit
from uuid import UUID

import msgspec

from orderflow.http.answer import Answer, UnreadableError
from orderflow.net.deadline import Deadline

Version = Literal[2, 4]
Value = str | bool | int | Decimal | date | datetime | UUID | None

MOST_PAGES = 1_000
"""Pages of one answer that are read: a server may give a next page for ever."""

MOST_BYTES = 64 * 1024 * 1024
"""Of all pages together."""

LONGEST_READ = 120.0
"""Seconds for all pages together, after which no further one is asked for."""

_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_EPOCH = date(1970, 1, 1)


def literal(value: Value, version: Version = 4) -> str:
    """Return a value as it stands in a filter or a key, not yet encoded for a URL.

    Raises:
        ValueError: A moment without a zone, or a number that is none.
    """
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return "'" + value.replace("'", "''") + "'"
        case int():
            return str(value)
        case Decimal():
            return _number(value) + ("M" if version == 2 else "")
        case UUID():
            return f"guid'{value}'" if version == 2 else str(value)
        case datetime():
            return f"datetimeoffset'{_moment(value)}'" if version == 2 else _moment(value)
        case date():
            return f"datetime'{value}T00:00:00'" if version == 2 else value.isoformat()


def key(*only: Value, version: Version = 4, **named: Value) -> str:
    """Return the key of an entity, encoded, as it stands behind its set: `('4711')`, `(Order='1',Item='10')`."""
    parts = [quote(literal(value, version), safe="'") for value in only]
    parts += [f"{name}={quote(literal(value, version), safe=chr(39))}" for name, value in named.items()]
    return f"({','.join(parts)})"


def equal(version: Version = 4, /, **fields: Value) -> str:
    """Return the filter that all `fields` have these values."""
    return " and ".join(f"{name} eq {literal(value, version)}" for name, value in fields.items())


def any_of(name: str, values: Iterable[Value], version: Version = 4) -> str:
    """Return the filter that a field has one of these values. Raises ValueError: there are none."""
    parts = [f"{name} eq {literal(value, version)}" for value in values]
    if not parts:
        raise ValueError("a filter needs a value")
    return f"({' or '.join(parts)})"


def query(options: Mapping[str, str | int | Iterable[str] | None]) -> str:
    """Return options such as `$filter` and `$select` as they stand in a URL behind its `?`; those of None are left out.

    A blank is %20: a plus sign is a plus sign to many services.
    """
    texts = {
        name: ",".join(value) if not isinstance(value, str | int) else str(value)
        for name, value in options.items()
        if value is not None
    }
    return "&".join(f"{name}={quote(text, safe='')}" for name, text in texts.items())


def encode(entity: Mapping[str, Any], version: Version = 4) -> bytes:
    """Return an entity as JSON, with whatever is to be made with it (deep insert) as lists of entities in its fields.

    `Decimal` stays exact: a text in version 2, a number in version 4. Dates are as the version writes them.

    Raises:
        TypeError: It holds something that OData has no form for.
    """
    return (_AS_TEXT if version == 2 else _AS_NUMBER).encode(_plain(entity, version))


_AS_TEXT = msgspec.json.Encoder(decimal_format="string")
_AS_NUMBER = msgspec.json.Encoder(decimal_format="number")


def day_of(value: Any) -> date | None:
    """Return the day that a field of an answer holds, in either version's form; None of an empty one.

    A date of version 2 has no zone, and counts as if it were in UTC.

    Raises:
        UnreadableError: It is no date.
    """
    if value in (None, ""):
        return None
    try:
        if found := _DATE.fullmatch(str(value)):
            return _EPOCH + timedelta(days=int(found[1]) // 86_400_000)
        return date.fromisoformat(str(value)[:10])
    except (ValueError, OverflowError):
        raise UnreadableError("a date that is none") from None


def number_of(value: Any) -> Decimal | None:
    """Return the number that a field of an answer holds, exact; None of an empty one.

    Raises:
        UnreadableError: It is no number.
    """
    if value in (None, "") or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise UnreadableError("a number that is none") from None
    if not number.is_finite():
        raise UnreadableError("a number that is none")
    return number


@dataclass(frozen=True, slots=True)
class Page:
    """Entities, and where more of them are."""

    rows: list[dict[str, Any]]
    next: str | None


def page_in(answer: Answer) -> Page:
    """Return the entities in an answer, of either version.

    Raises:
        UnreadableError: It is no list of entities.
    """
    value = answer.json()
    inner = value.get("d", value) if isinstance(value, dict) else value
    if isinstance(inner, dict):
        rows = inner.get("results", inner.get("value"))
        further = inner.get("__next") or inner.get("@odata.nextLink") or inner.get("@nextLink")
    else:  # services of the first OData give the list itself
        rows, further = (inner if isinstance(value, dict) else None), None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableError("something else than a list of entities")
    return Page(rows, str(further) if further else None)


def entity_in(answer: Answer) -> dict[str, Any]:
    """Return the one entity in an answer, of either version.

    Raises:
        UnreadableError: It is none.
    """
    value = answer.json()
    entity = value.get("d", value) if isinstance(value, dict) else None
    if not isinstance(entity, dict) or "error" in entity:
        raise UnreadableError("something else than an entity")
    return entity


def pages(first: str, ask: Callable[[str], Answer], by: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the entities at a URL and on all pages that follow it.

    Args:
        ask: Returns the answer to GET of a URL; it raises where that is not 2xx.
        by: `$top` of the first URL, for services that name no next page then: they are asked on with `$skip`, until
            they give fewer entities.

    Raises:
        UnreadableError: An answer is no page, a page follows itself, or all of them together are more than
            `MOST_PAGES` or `MOST_BYTES`, or take longer than `LONGEST_READ`.
    """
    url, seen, ends = first, {first}, Deadline(LONGEST_READ)
    read = given = skipped = 0
    for _ in range(MOST_PAGES):
        answer = ask(url)
        read += len(answer.content)
        if read > MOST_BYTES or ends.passed:
            raise UnreadableError(f"more than {MOST_BYTES:,} bytes, or no end within {LONGEST_READ:g} seconds")
        page = page_in(answer)
        yield from page.rows
        given += len(page.rows)
        if page.next is not None:
            url = _same_server(url, page.next)
        elif by is not None and given >= by:
            skipped, given = skipped + given, 0
            url = f"{first}&$skip={skipped}"
        else:
            return
        if url in seen:
            raise UnreadableError("pages in a circle")
        seen.add(url)
    raise UnreadableError(f"more than {MOST_PAGES:,} pages")


def etag_of(entity: Mapping[str, Any]) -> str | None:
    """Return the version of an entity that was read, for `If-Match`; None if it has none."""
    metadata = entity.get("__metadata")
    held = metadata.get("etag") if isinstance(metadata, dict) else entity.get("@odata.etag", entity.get("@etag"))
    return str(held) if held else None


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that a service says.

    Attributes:
        code: The service's own, as `V1/384`.
        severity: As `error`, `warning`, `info`, `success`; empty where it says none.
        target: Of what.
    """

    text: str
    code: str = ""
    severity: str = ""
    target: str = ""


def messages_in(answer: Answer) -> list[Message]:
    """Return what an error says: its own words, then those of its details, each once, without the connection's secrets.

    None if it is no error of OData's.
    """
    try:
        value = answer.hides.value(answer.json())
    except UnreadableError:
        return []
    error = value.get("error", value.get("odata.error")) if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return []
    inner = error.get("innererror")
    details = [error.get("details"), inner.get("errordetails") if isinstance(inner, dict) else None]
    said = [error, *(one for some in details if isinstance(some, list) for one in some[:100])]
    found = [message for one in said if isinstance(one, dict) and (message := message_of(one))]
    return list({message.text: message for message in reversed(found)}.values())[::-1]


def message_of(value: Mapping[str, Any]) -> Message | None:
    """Return what an object of JSON says as a message; None if it has no words."""
    words = value.get("message")
    if isinstance(words, dict):
        words = words.get("value")
    if not isinstance(words, str) or not words.strip():
        return None
    code, severity, target = (str(value.get(name) or "") for name in ("code", "severity", "target"))
    return Message(" ".join(words.split()), code[:100], severity.lower()[:20], target[:200])


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("a number must be finite")
    return f"{value:f}"


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a moment must have a zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(value: Any, version: Version) -> Any:
    match value:
        case Mapping():
            return {name: _plain(inner, version) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner, version) for inner in value]
        case Decimal():
            return Decimal(_number(value))
        case datetime():
            return f"/Date({round(value.timestamp() * 1000)}+0000)/" if version == 2 else _moment(value)
        case date():
            return f"/Date({(value - _EPOCH).days * 86_400_000})/" if version == 2 else value.isoformat()
        case UUID():
            return str(value)
        case None | str() | bool() | int():
            return value
    raise TypeError(f"OData has no form for {type(value).__name__}")


def _same_server(url: str, following: str) -> str:
    target = urljoin(url, following)
    asked, wanted = urlsplit(url), urlsplit(target)
    if (asked.scheme, asked.netloc) != (wanted.scheme, wanted.netloc):
        raise UnreadableError("a next page on another server")
    return target
