"""What Tryton answered, and what follows from its errors.

401                       not let in                       NeedsAttentionError
403                       a permission is missing          NeedsAttentionError
404                       no such database or address      NeedsAttentionError
400; JSON-RPC UserError   a rule of Tryton's says no       RejectedError, in Tryton's words
409; UserWarning          Tryton asks "are you sure?"      RejectedError, in Tryton's words
423, 429; Concurrency…    somebody else is at it           TransientError
500, anything else        a fault of Tryton's              InDoubtError, or TransientError for a question
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from orderflow.connectors.tryton.wire import decode
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
)
from orderflow.http import Answer


def from_rest(response: Answer, database: str, *, changes: bool) -> Any:
    """Return the result of a REST call.

    Raises:
        ConnectorError: As the table above says.
    """
    if response.status == 204:
        return None
    if response.ok:
        return _json(response, database, changes=changes)
    raise _by_status(response, database, changes=changes)


def from_rpc(response: Answer, database: str, *, changes: bool) -> Any:
    """Return the result of a JSON-RPC call, whose business errors come with HTTP 200. Raises as `from_rest` does."""
    if not response.ok:
        raise _by_status(response, database, changes=changes)
    answer = _json(response, database, changes=changes)
    if isinstance(answer, dict) and answer.get("error") and answer.get("id") is not None:
        raise _by_name(answer["error"], changes=changes)
    if not isinstance(answer, dict) or "result" not in answer or answer.get("error"):
        raise odd_answer("gave an answer that is not JSON-RPC", database, changes=changes)
    return answer["result"]


def odd_answer(what: str, database: str, *, changes: bool) -> ConnectorError:
    """Return the error for an answer that Tryton would not give: something else may answer in its place."""
    return _fault(what, changes=changes) if changes else no_database(database, f" It {what}.")


def not_let_in(what: str) -> NeedsAttentionError:
    """Return the error for a sign-in that Tryton refuses."""
    return NeedsAttentionError(
        f"Tryton does not accept {what}.",
        code="AUTH_FAILED",
        hint="An application key must be validated in Tryton by its user (their preferences → Applications) and "
        "not be cancelled; a user must be active. Correct it, then test the connection.",
    )


def _json(response: Answer, database: str, *, changes: bool) -> Any:
    try:
        return decode(response.text)
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):  # no JSON, or no tags of Tryton's
        error = odd_answer("gave an answer that is not its JSON", database, changes=changes)
    raise error


def _by_status(response: Answer, database: str, *, changes: bool) -> ConnectorError:
    words = _words(response)
    match response.status:
        case 401:
            return not_let_in("the application key")
        case 403:
            return forbidden(words)
        case 404:
            return no_database(database)
        case 400:
            return refused(words)
        case 409:
            return _warned(words)
        case 423 | 429:
            return TransientError(f"Tryton is busy: {words}", code="ERP_BUSY")
        case _:
            return _fault(f"failed with HTTP {response.status}: {words}", changes=changes)


def _by_name(error: Any, *, changes: bool) -> ConnectorError:
    name, *details = error if isinstance(error, list) and error else [str(error)]
    match name:
        case "UserError":
            return refused(_joined(details))
        case "UserWarning":
            return _warned(_joined(details))
        case "ConcurrencyException":
            return TransientError("Somebody else is changing the same record in Tryton.", code="ERP_BUSY")
        case "LoginException":
            return not_let_in("the user or the password")
        case _:
            return _fault(f"failed: {name}", changes=changes)


def no_database(database: str, more: str = "") -> NeedsAttentionError:
    """Return the error for a database that Tryton does not have."""
    return NeedsAttentionError(
        f"Tryton has no database {database!r}, or something else answers at this address.{more}",
        code="DATABASE_UNKNOWN",
        hint="Correct the database's name or the address, then test the connection.",
    )


def refused(words: str) -> RejectedError:
    """Return the error for an order that breaks a rule of Tryton's."""
    return RejectedError(
        f"Tryton refuses the order: {words}",
        code="ERP_REJECTED",
        hint="Correct the order, or what Tryton names in its own data; then approve it and push it again.",
    )


def forbidden(words: str) -> NeedsAttentionError:
    """Return the error for a missing permission."""
    return NeedsAttentionError(
        f"Tryton's user may not do this: {words}",
        code="PERMISSION_DENIED",
        hint="Put the user into Tryton's group 'Sales' (Administration → Users), then test the connection.",
    )


def _warned(words: str) -> RejectedError:
    return RejectedError(
        f"Tryton asks for a person's word: {words}",
        code="ERP_WARNING",
        hint="Set 'On arrival' to draft or quote, so that a person confirms in Tryton; then push the order again.",
    )


def _fault(what: str, *, changes: bool) -> ConnectorError:
    kind = InDoubtError if changes else TransientError
    return kind(f"Tryton {what}.", code="ERP_FAULT", hint="Look into Tryton's log; it is tried again by itself.")


def _joined(details: list[Any]) -> str:
    """Join the texts of an error: message and description, or a warning's name, message and description."""
    flat = [part for item in details for part in (item if isinstance(item, list) else [item])]
    return " ".join(dict.fromkeys(part.strip() for part in flat if isinstance(part, str) and part.strip()))


def _words(response: Answer) -> str:
    try:
        answer = decode(response.text)
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        page = re.sub(r"<title>.*?</title>|<h1>.*?</h1>|<[^>]*>", " ", response.text[:2_000], flags=re.DOTALL)
        return " ".join(unescape(page).split())[:300]
    parts = [answer.get("message"), answer.get("description")] if isinstance(answer, dict) else [str(answer)]
    return _joined(parts)[:1_000]
