"""What an answer means for the order: the sort of DESIGN §7.6, in the target's own words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import jmespath

from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.connectors.rest.session import Answer
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
)

_compile = lru_cache(maxsize=1_024)(jmespath.compile)
_ERROR_INSIDE = "error.message || errors[0].message || errors[0].detail || errors[0] || error"
_WORDS = f"{_ERROR_INSIDE} || error_description || message || detail[0].msg || detail || title || description || reason"
_LONGEST_WORDS = 500
_NOT_US = {
    401: ("AUTH_FAILED", "does not accept our sign-in", "Correct the sign-in in the connection, then test it."),
    403: ("PERMISSION_DENIED", "does not let us create orders", "Have the account given that right, then test."),
    405: ("WRONG_REQUEST", "does not take this method here", "Correct URL or method in the connection, then test it."),
    407: ("AUTH_FAILED", "is behind a proxy that asks for a sign-in", "Have the proxy let OrderFlow through."),
    415: ("WRONG_REQUEST", "does not take this kind of body", "Correct the body's format in the connection."),
}


def order_number(answer: Answer, config: RestJsonConfig) -> str | None:
    """Return the ERP's number from the answer to a create; None if it gives none, or none is looked for.

    Raises:
        ConnectorError: The answer is no success; sorted by what follows.
    """
    if not 200 <= answer.status < 300:
        raise error_of(answer, config)
    if answer.status == 204 and config.order_number is None and config.success is None:
        return None
    value = read(answer)
    if value is _UNREADABLE:
        raise InDoubtError(
            f"The API answered {answer.status}, but with {_what_it_is(answer)} instead of its JSON.",
            code="ANSWER_UNREADABLE",
        )
    _refuse_error_inside(value, config)
    if config.order_number is None:
        return None
    number = pick(config.order_number, value)
    if number in (None, "", []):
        raise InDoubtError(
            f"The API's answer holds no order number where one should be: {words(value, config)}",
            code="ANSWER_INCOMPLETE",
        )
    return as_text(number)


def found_number(answer: Answer, config: RestJsonConfig) -> str | None:
    """Return the ERP's number from the answer to `find_url`; None if the order is not there.

    Raises:
        ConnectorError: The answer is no clear one; it is to be asked again.
    """
    if answer.status in (404, 410):
        return None
    if not 200 <= answer.status < 300:
        error = error_of(answer, config)
        if isinstance(error, NeedsAttentionError | TransientError):
            raise error
        raise TransientError(f"Is the order there? Status {answer.status}: {error.message}", code="FIND_FAILED")
    value = read(answer)
    if value is _UNREADABLE:
        raise TransientError("Is the order there? The API gave no JSON.", code="FIND_FAILED")
    number = pick(config.found or "", value)
    return None if number in (None, "", [], False) else as_text(number)


def _refuse_error_inside(value: Any, config: RestJsonConfig) -> None:
    if config.retry_when and pick(config.retry_when, value):
        raise TransientError(f"The API asks for another try: {words(value, config)}", code="TARGET_BUSY")
    if config.success is not None:
        refused = not pick(config.success, value)
    else:
        refused = bool(pick(config.error_message or _ERROR_INSIDE, value))
    if refused:
        raise RejectedError(words(value, config), code="TARGET_REJECTED", hint=_HINT)


_HINT = "These are the target's own words. Correct the order or the ERP's data, then push again."


def error_of(answer: Answer, config: RestJsonConfig) -> ConnectorError:
    """Return what a status other than 2xx stands for."""
    value = read(answer)
    said = words(None if value is _UNREADABLE else value, config)
    status = answer.status
    if status in config.retry_statuses:
        return TransientError(f"The API asks us to wait (status {status}): {said}", retry_after=retry_after(answer))
    if status in _NOT_US:
        code, what, hint = _NOT_US[status]
        return NeedsAttentionError(f"The API {what} (status {status}): {said}", code=code, hint=hint)
    if value is not _UNREADABLE and config.retry_when and pick(config.retry_when, value):
        return TransientError(f"The API asks for another try: {said}", code="TARGET_BUSY")
    if 400 <= status < 500:
        return RejectedError(said, code="TARGET_REJECTED", hint=_HINT, details={"status": status})
    if status >= 500 and config.server_errors == "retry":
        return TransientError(f"The API failed (status {status}): {said}", retry_after=retry_after(answer))
    return InDoubtError(
        f"The API failed (status {status}), perhaps after it took the order: {said}", code="SERVER_ERROR"
    )


def retry_after(answer: Answer) -> float | None:
    """Return the seconds that the target asks us to wait. Source: RFC 9110, section 10.2.3."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


_UNREADABLE: Any = object()


def read(answer: Answer) -> Any:
    """Return the answer's JSON with exact numbers, or a mark that there is none; see `readable`."""
    if answer.content is None:
        return _UNREADABLE
    try:
        return json.loads(answer.content, parse_float=Decimal)
    except (ValueError, RecursionError):
        return _UNREADABLE


def readable(answer: Answer) -> bool:
    """Tell whether the answer is JSON."""
    return read(answer) is not _UNREADABLE


def pick(expression: str, value: Any) -> Any:
    """Return what a JMESPath expression picks from `value`; None if it does not apply."""
    try:
        return _compile(expression).search(value)
    except (jmespath.exceptions.JMESPathError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def words(value: Any, config: RestJsonConfig) -> str:
    """Return the target's own words about what is wrong."""
    said = pick(config.error_message, value) if config.error_message else None
    text = as_text(said if said not in (None, "", []) else pick(_WORDS, value))
    return " ".join(text.split())[:_LONGEST_WORDS] or "It gave no reason."


def as_text(value: Any) -> str:
    """Return a JSON value as text for a person."""
    if value is None:
        return ""
    return str(value) if isinstance(value, str | Decimal) else json.dumps(value, ensure_ascii=False, default=str)


def _what_it_is(answer: Answer) -> str:
    if answer.content is None:
        return "more than can be read, or half of it,"
    if not answer.content.strip():
        return "nothing"
    return "a web page" if answer.content.lstrip()[:1] == b"<" else "half of it, or something else"
