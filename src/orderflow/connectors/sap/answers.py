"""What SAP answered, and what follows from it.

| answer | what follows |
|---|---|
| 401; 403 | it does not let us in, or not do this: `NeedsAttentionError` |
| 403 with `x-csrf-token: Required` | it did nothing: a fresh token, once; then `NeedsAttentionError` |
| 404 | there is no such service: `NeedsAttentionError` |
| 412, 423, a message that says "locked" | somebody else is at it, nothing was done: `TransientError` |
| other 4xx | a rule of SAP's says no: `RejectedError`, in SAP's words |
| all else | as `orderflow.http.error_of` |

Sources: "SAP Gateway Foundation: Message Container, HTTP Return Codes" and "Cross-Site Request Forgery Protection"
(help.sap.com).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, RejectedError, TransientError
from orderflow.http import Answer, UnreadableError, error_of
from orderflow.http.answer import ContradictoryError
from orderflow.http.odata import Message, entity_in, message_of, messages_in

LOCKED = ("MC/601", "V1/042")
"""Messages that say that somebody else has the document open."""

_IN_LOCATION = re.compile(r"A_SalesOrder\((?:SalesOrder=)?'([^'/]{1,10})'\)\s*\Z")
_CLASS_AND_NUMBER = re.compile(r"[A-Z0-9_/]{1,30}/\d{3}")
_MOST_TOLD = 8


def is_stale(answer: Answer) -> bool:
    """Return whether SAP refuses the token, and so did nothing."""
    return answer.status == 403 and answer.headers.get("x-csrf-token", "").strip().lower() == "required"


def refusal(answer: Answer, *, changes: bool = True) -> ConnectorError:
    """Return the error that an answer other than 2xx stands for; `changes`: it would have changed something."""
    words = said(answer)
    status = answer.status
    if is_stale(answer):
        return NeedsAttentionError(
            "SAP refuses the token that it has just given (CSRF).",
            code="TOKEN_REFUSED",
            hint="What stands between OrderFlow and SAP must pass cookies on, and keep to one server. Then test.",
        )
    if status == 401:
        return NeedsAttentionError(
            f"SAP does not accept our sign-in: {words}",
            code="AUTH_FAILED",
            hint="Correct the sign-in, or the user in SAP (locked, or with an initial password), then test.",
        )
    if status == 403:
        return NeedsAttentionError(
            f"SAP does not let our user do this: {words}",
            code="PERMISSION_DENIED",
            hint="Give the user the right for the service and the sales area (SU53 shows what is missing; in the "
            "public cloud the communication scenario SAP_COM_0109), then test the connection.",
        )
    if status == 404:
        return NeedsAttentionError(
            f"SAP has no such service: {words}",
            code="SERVICE_MISSING",
            hint="Activate API_SALES_ORDER_SRV (/IWFND/MAINT_SERVICE), or correct address and service; then test.",
        )
    if status in (412, 423) or (400 <= status < 500 and _is_locked(answer)):
        return TransientError(f"Somebody else is at it in SAP: {words}", code="ERP_BUSY")
    if changes and 400 <= status < 500 and status not in (405, 407, 408, 415, 425, 429):
        return RejectedError(
            f"SAP refuses the order: {words}",
            code="ERP_REJECTED",
            hint="Correct the order, or what SAP names in its own data; then approve it and push it again.",
        )
    return error_of(answer, "SAP", changes=changes, words=words)


def number_in(answer: Answer) -> str:
    """Return the number of the order that SAP made, from a 2xx.

    Raises:
        InDoubtError: It gives none, so that nobody knows what became of the order.
    """
    try:
        number = entity_in(answer).get("SalesOrder")
        problem = "no number"
    except ContradictoryError as error:
        raise _without_number(answer, str(error)) from None
    except UnreadableError as error:
        number, problem = None, str(error)
    if isinstance(number, str) and number.strip():
        return number.strip()[:10]
    if answer.status == 201 and (found := _IN_LOCATION.search(unquote(answer.headers.get("Location", "")))):
        return found[1]
    raise _without_number(answer, problem)


def _without_number(answer: Answer, problem: str) -> InDoubtError:
    return InDoubtError(
        f"SAP took the order, it seems (status {answer.status}), but gave {problem} instead of its number.",
        code="ANSWER_UNREADABLE",
        hint="Look in SAP whether the order is there, then resolve it.",
    )


def said(answer: Answer) -> str:
    """Return what SAP says is wrong, with the numbers of its messages, without secrets."""
    messages = messages_in(answer)
    wrong = [message for message in messages if message.severity in ("", "error", "abort")] or messages
    told = [_told(message) for message in wrong]
    if len(told) > _MOST_TOLD:
        told[_MOST_TOLD:] = [f"and {len(told) - _MOST_TOLD} more"]
    return ("; ".join(text.rstrip(".;") for text in told) if told else answer.words)[:1_000]


def told_beside(answer: Answer) -> list[str]:
    """Return what SAP says beside a success, in the header `sap-message`: warnings, mostly."""
    try:
        value = json.loads(answer.hides.text(answer.headers.get("sap-message", "")) or "null")
    except (ValueError, RecursionError):
        return []
    return [_told(message)[:300] for message in _messages(value)][:20]


def _messages(value: Any) -> list[Message]:
    if not isinstance(value, Mapping):
        return []
    details = value.get("details")
    all_of_it = [value, *(details[:100] if isinstance(details, list) else ())]
    return [message for one in all_of_it if isinstance(one, Mapping) and (message := message_of(one))]


def _told(message: Message) -> str:
    known = _CLASS_AND_NUMBER.fullmatch(message.code) and not message.code.startswith("/IWBEP/")
    return f"{message.text.rstrip('.')} ({message.code})" if known else message.text


def _is_locked(answer: Answer) -> bool:
    return any(message.code in LOCKED for message in messages_in(answer))
