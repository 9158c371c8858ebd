"""What came back: its status, its body in the charset that it declares, its numbers exact, and its words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from orderflow.domain.redaction import Redactor
from orderflow.domain.strict_json import contradicted, with_contradictions
from orderflow.http.reading import decoded, unpacked
from orderflow.http.words import excerpt, said_in, said_in_text

LONGEST_ANSWER = 1024 * 1024
"""Bytes of an answer that are read, unpacked; an order's answer is a few hundred."""

LONGEST_REST = 3_600.0
"""Seconds for which a target may ask us to wait."""

NOBODY = Redactor([])
_NO_REASON = "It gave no reason."


class UnreadableError(ValueError):
    """The body of an answer cannot be read; the message says what it is instead."""


class ContradictoryError(UnreadableError):
    """An answer says two things at once, so that it says neither."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: As 201.
        headers: By name, whatever their case.
        content: The body, unpacked; what could be read of it.
        broken: Why the body is not whole, for a person: "half an answer"; None if it is.
        hides: Takes the connection's secrets out of what is told to a person.
    """

    status: int
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    content: bytes = b""
    broken: str | None = None
    hides: Redactor = field(default=NOBODY, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def empty(self) -> bool:
        """Whether the body is whole, and nothing."""
        return self.broken is None and not self.content.strip()

    @property
    def text(self) -> str:
        """The body as text, in the charset that it declares; see `orderflow.http.reading.decoded`."""
        return decoded(self.content, self.headers.get("Content-Type", ""))

    def json(self) -> Any:
        """Return the body's JSON, its numbers exact (`Decimal`).

        Raises:
            UnreadableError: There is none.
            ContradictoryError: A name in it stands there several times, with different values.
        """
        value = self.said()
        name = contradicted(value)
        if name is not None:
            raise ContradictoryError(f"JSON with different values for the one name {self.hides.text(name)[:50]!r}")
        return value

    def said(self) -> Any:
        """Return the body's JSON as `json` does, and a `Contradiction` where a name has different values.

        For whoever reads a part of it only, which need not be the one that contradicts itself.

        Raises:
            UnreadableError: There is none.
        """
        if self.broken is not None:
            raise UnreadableError(self.broken)
        try:
            return json.loads(self.text, parse_float=Decimal, object_pairs_hook=with_contradictions)
        except (ValueError, RecursionError):
            raise UnreadableError(self._what_it_is()) from None

    @property
    def words(self) -> str:
        """What the target says is wrong, for a person: found in the usual places, else the beginning of the body."""
        return words_of(self, self.hides) or _NO_REASON

    @property
    def retry_after(self) -> float | None:
        """Seconds for which the target asks us to wait, where it does."""
        return retry_after(self.headers.get("Retry-After", ""))

    def _what_it_is(self) -> str:
        text = self.text.lstrip()
        if not text:
            return "nothing"
        if text.startswith("<"):
            return "XML" if text.startswith("<?xml") or "html" not in text[:500].lower() else "a web page"
        return "half an answer" if text[0] in "{[" else "a text"


def words_of(answer: Answer, redactor: Redactor) -> str:
    """Return what the target says is wrong, without secrets; they are taken out before anything is cut."""
    try:
        value = redactor.value(answer.said())
    except UnreadableError:
        return said_in_text(redactor.text(answer.text))
    return said_in(value) or excerpt(value)


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Return an answer that did not come over the wire, read as if it had."""
    named = httpx.Headers(dict(headers))
    content = unpacked(body, named.get("Content-Encoding", ""), LONGEST_ANSWER)
    if content is None or len(content) > LONGEST_ANSWER:
        return Answer(status, named, b"", "an answer that is too long, or packed in a way that cannot be read")
    return Answer(status, named, content)


def retry_after(text: str) -> float | None:
    """Return the seconds in a `Retry-After`, at most an hour; None if it says none.

    Source: RFC 9110, section 10.2.3.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_REST)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_REST)
