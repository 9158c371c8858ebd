"""What Odoo answered, and what follows from its errors, which carry the name of a Python exception.

    AccessDenied, 401                        not let in                 NeedsAttentionError
    AccessError, 403                         a permission is missing    NeedsAttentionError
    404 without a name; no such database     wrong address or database  NeedsAttentionError
    UserError, ValidationError, …            a rule of Odoo's says no   RejectedError, in Odoo's words
    SerializationFailure, LockNotAvailable   somebody else is at it     TransientError
    anything else                            a fault of Odoo's          InDoubtError, or TransientError for a question

Source: Odoo 19, `odoo/http.py` (`Json2Dispatcher`, `JsonRPCDispatcher`), `odoo/exceptions.py`.
"""

from __future__ import annotations

from typing import Any

from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
)
from orderflow.http import Answer, UnreadableError

_RULES = frozenset({"UserError", "ValidationError", "MissingError", "RedirectWarning", "UnprocessableEntity"})
_BUSY = frozenset({"SerializationFailure", "LockNotAvailable", "DeadlockDetected", "ConcurrencyError"})


def from_json2(response: Answer, database: str, *, changes: bool) -> Any:
    """Return the result of a JSON-2 call.

    Raises:
        ConnectorError: As the table above says.
    """
    answer = _json(response)
    if response.ok:
        if answer is _NO_JSON:
            raise odd_answer("gave an answer that is not JSON", database, changes=changes)
        return answer
    if isinstance(answer, dict) and isinstance(answer.get("name"), str):
        raise _by_name(answer["name"], str(answer.get("message", "")), database, changes=changes)
    raise _by_status(response, database, changes=changes)


def from_jsonrpc(response: Answer, database: str, *, changes: bool) -> Any:
    """Return the result of a JSON-RPC call, whose errors come with HTTP 200. Raises as `from_json2` does."""
    answer = _json(response)
    if not response.ok:
        raise _by_status(response, database, changes=changes)
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        data = error.get("data")
        data = data if isinstance(data, dict) else {}
        words = str(data.get("message") or error.get("message", ""))
        raise _by_name(str(data.get("name", "")), words, database, changes=changes)
    if not isinstance(answer, dict) or error or not {"jsonrpc", "result"} & answer.keys():  # it leaves out what is None
        raise odd_answer("gave an answer that is not JSON-RPC", database, changes=changes)
    return answer.get("result")


def odd_answer(what: str, database: str, *, changes: bool) -> ConnectorError:
    """Return the error for an answer that Odoo would not give: something else may answer in its place."""
    return _fault(what, changes=changes) if changes else _no_database(database, f" It {what}.")


def loaded(result: Any) -> int:
    """Return the id of the one record that `load` made or updated.

    Raises:
        TransientError: It lost against another transaction; nothing was made.
        RejectedError: Odoo refuses a value; nothing was made.
        InDoubtError: This is no answer to `load`.
    """
    ids = result.get("ids") if isinstance(result, dict) else None
    if isinstance(ids, list) and ids and isinstance(ids[0], int) and not isinstance(ids[0], bool):
        return ids[0]
    messages = result.get("messages") if isinstance(result, dict) else None
    if ids or not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise _fault("gave an answer that is none to a new quotation", changes=True)
    words = " ".join(dict.fromkeys(str(message.get("message", "")).strip() for message in messages))
    if "could not serialize access" in words or "concurrent update" in words:
        raise busy()
    raise refused(words or "without a reason")


def not_let_in() -> NeedsAttentionError:
    """Return the error for a sign-in that Odoo refuses."""
    return NeedsAttentionError(
        "Odoo does not accept the API key.",
        code="AUTH_FAILED",
        hint="Make a new API key in Odoo (Preferences → Account Security); keys run out. Give it in the connection, "
        "for JSON-RPC with its user's sign-in name, then test the connection.",
    )


def forbidden(words: str) -> NeedsAttentionError:
    """Return the error for a missing permission."""
    return NeedsAttentionError(
        f"Odoo's user may not do this: {_one_line(words)}",
        code="PERMISSION_DENIED",
        hint="Give the user the right 'Sales: All Documents' in Odoo (Settings → Users), then test the connection.",
    )


def refused(words: str) -> RejectedError:
    """Return the error for an order that breaks a rule of Odoo's."""
    return RejectedError(
        f"Odoo refuses the order: {_one_line(words)}",
        code="ERP_REJECTED",
        hint="Correct the order, or what Odoo names in its own data; then approve it and push it again.",
    )


def busy() -> TransientError:
    """Return the error for a transaction that lost against another one."""
    return TransientError("Odoo was busy with the same records.", code="ERP_BUSY")


_NO_JSON = object()


def _json(response: Answer) -> Any:
    try:
        return response.json()
    except UnreadableError:
        return _NO_JSON


def _by_name(name: str, words: str, database: str, *, changes: bool) -> ConnectorError:
    kind = name.rsplit(".", 1)[-1]
    if kind in ("AccessDenied", "Unauthorized"):
        return not_let_in()
    if kind in ("AccessError", "Forbidden"):
        return forbidden(words)
    if kind in _BUSY:
        return busy()
    if kind == "NotFound" or _no_model(kind, words):
        return NeedsAttentionError(
            f"Odoo lacks what orders need: {_one_line(words)}",
            code="MODULE_MISSING",
            hint="Install the app 'Sales' in Odoo (Apps), then test the connection.",
        )
    if kind in _RULES:
        return refused(words)
    if kind == "OperationalError" and "does not exist" in words:
        return _no_database(database)
    return _fault(f"failed: {kind} {_one_line(words)}", changes=changes)


def _no_model(kind: str, words: str) -> bool:
    """Return whether Odoo has no sales: by JSON-RPC it says so as if a rule were broken."""
    return words.startswith("Object sale.order ") or (kind == "KeyError" and "sale.order" in words)


def _by_status(response: Answer, database: str, *, changes: bool) -> ConnectorError:
    match response.status:
        case 401:
            return not_let_in()
        case 403:
            return forbidden("it said no more.")
        case 404:
            return _no_database(database)
        case 429:
            return TransientError("Odoo asks us to slow down.", code="ERP_BUSY")
        case status:
            return _fault(f"failed with HTTP {status}: {_one_line(response.words)}", changes=changes)


def _no_database(database: str, more: str = "") -> NeedsAttentionError:
    return NeedsAttentionError(
        f"Odoo has no database {database!r}, or something else answers at this address.{more}",
        code="DATABASE_UNKNOWN",
        hint="Correct the database's name or the address, then test the connection. Odoo before 19 needs JSON-RPC.",
    )


def _fault(what: str, *, changes: bool) -> ConnectorError:
    kind = InDoubtError if changes else TransientError
    return kind(f"Odoo {what}.", code="ERP_FAULT", hint="Look into Odoo's log; it is tried again by itself.")


def _one_line(words: str) -> str:
    return " ".join(words.split())[:1_000]
