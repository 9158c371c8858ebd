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

import json
from typing import Any

import httpx

from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
)

_RULES = frozenset({"UserError", "ValidationError", "MissingError", "RedirectWarning", "UnprocessableEntity"})
_BUSY = frozenset({"SerializationFailure", "LockNotAvailable", "DeadlockDetected", "ConcurrencyError"})


def from_json2(response: httpx.Response, database: str, *, changes: bool) -> Any:
    """Return the result of a JSON-2 call.

    Raises:
        ConnectorError: As the table above says.
    """
    answer = _json(response)
    if response.is_success:
        if answer is _NO_JSON:
            raise _fault("gave an answer that is not JSON", changes=changes)
        return answer
    if isinstance(answer, dict) and "name" in answer:
        raise _by_name(answer["name"], str(answer.get("message", "")), database, changes=changes)
    raise _by_status(response.status_code, database, changes=changes)


def from_jsonrpc(response: httpx.Response, database: str, *, changes: bool) -> Any:
    """Return the result of a JSON-RPC call, whose errors come with HTTP 200. Raises as `from_json2` does."""
    answer = _json(response)
    if not response.is_success:
        raise _by_status(response.status_code, database, changes=changes)
    if not isinstance(answer, dict):
        raise _fault("gave an answer that is not JSON-RPC", changes=changes)
    if error := answer.get("error"):
        data = error.get("data") or {}
        words = str(data.get("message") or error.get("message", ""))
        raise _by_name(str(data.get("name", "")), words, database, changes=changes)
    return answer.get("result")


def loaded(result: dict[str, Any]) -> int:
    """Return the id of the one record that `load` made or updated.

    Raises:
        TransientError: It lost against another transaction; nothing was made.
        RejectedError: Odoo refuses a value; nothing was made.
    """
    if result["ids"]:
        return int(result["ids"][0])
    words = " ".join(dict.fromkeys(str(message.get("message", "")).strip() for message in result["messages"]))
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


def _json(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except ValueError:
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
    """Tell whether Odoo has no sales: by JSON-RPC it says so as if a rule were broken."""
    return words.startswith("Object sale.order ") or (kind == "KeyError" and "sale.order" in words)


def _by_status(status: int, database: str, *, changes: bool) -> ConnectorError:
    match status:
        case 401:
            return not_let_in()
        case 403:
            return forbidden("it said no more.")
        case 404:
            return _no_database(database)
        case 429:
            return TransientError("Odoo asks us to slow down.", code="ERP_BUSY")
        case _:
            return _fault(f"failed with HTTP {status}", changes=changes)


def _no_database(database: str) -> NeedsAttentionError:
    return NeedsAttentionError(
        f"Odoo has no database {database!r}, or something else answers at this address.",
        code="DATABASE_UNKNOWN",
        hint="Correct the database's name or the address, then test the connection. Odoo before 19 needs JSON-RPC.",
    )


def _fault(what: str, *, changes: bool) -> ConnectorError:
    kind = InDoubtError if changes else TransientError
    return kind(f"Odoo {what}.", code="ERP_FAULT", hint="Look into Odoo's log; it is tried again by itself.")


def _one_line(words: str) -> str:
    return " ".join(words.split())[:1_000]
