"""What Business Central answered, and what follows from it.

| answer | what follows |
|---|---|
| 401; 403; an error that names a permission | it does not let us in, or not do this: `NeedsAttentionError` |
| 404 | no such environment or company: `NeedsAttentionError` |
| 409, 412, `Request_EntityChanged` | somebody else has changed it, nothing was done: `TransientError` |
| `Internal_TenantUnavailable` and the like in a 4xx | nothing was done: `UnavailableError` |
| other 4xx | a rule of the company's says no: `RejectedError`, in its words |
| 429 | it did nothing, and the connection rests |
| 502, 503, 504 | nobody knows; the connection rests as long as `Retry-After` says |
| all else | as `orderflow.http.error_of` |

Sources: "Troubleshooting REST API/OData calls", "HTTP status codes", "API rate limits" (Business Central, Microsoft
Learn).
"""

from __future__ import annotations

import re

from orderflow.connectors.business_central.config import NAME
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.http import Answer, UnreadableError, error_of
from orderflow.http.odata import Message, entity_in, messages_in

_TABLE_DATA = re.compile(r"\(TableData \d+ ")
"""In each refusal for lack of a permission, in every language: the table, and what may not be done with it."""

_AWAY = ("Internal_TenantUnavailable", "Internal_TenantNotAccessible", "Internal_ServiceUnavailable")
_CHANGED = ("Request_EntityChanged", "BadRequest_InvalidToken")
_LET_IN = (
    "Correct tenant, client and secret; under 'Microsoft Entra applications' the client must be enabled. Then test."
)
_MAY = (
    "Give the application the permission that is named, under 'Microsoft Entra applications' in Business Central; "
    "then test the connection."
)


def refusal(answer: Answer, *, changes: bool = True) -> ConnectorError:
    """Return the error that an answer other than 2xx stands for; `changes`: it would have changed something."""
    told = next(iter(messages_in(answer)), Message(answer.words))
    status, words = answer.status, told.text
    if status == 401 or told.code.startswith("Authentication_"):
        return NeedsAttentionError(f"{NAME} does not accept our sign-in: {words}", code="AUTH_FAILED", hint=_LET_IN)
    if status == 403 or told.code.startswith("Authorization_") or (status < 500 and _TABLE_DATA.search(words)):
        return NeedsAttentionError(f"{NAME} does not let us do this: {words}", code="PERMISSION_DENIED", hint=_MAY)
    if status == 404:
        return NeedsAttentionError(
            f"{NAME} has nothing at this address: {words}",
            code="COMPANY_MISSING",
            hint="Correct tenant, environment and company in the connection, then test it.",
        )
    if status in (409, 412) or (status < 500 and told.code in _CHANGED):
        return TransientError(f"Somebody else is at it in {NAME}: {words}", code="ERP_BUSY")
    if 400 <= status < 500 and told.code in _AWAY:
        return UnavailableError(f"{NAME} is not available: {words}")
    if changes and 400 <= status < 500 and status not in (405, 407, 408, 415, 425, 429):
        return RejectedError(
            f"{NAME} refuses the order: {words}",
            code="ERP_REJECTED",
            hint="Correct the order, or what is named in the company's data; then approve it and push it again.",
        )
    error = error_of(answer, NAME, changes=changes, words=words)
    if status in (502, 504) and answer.retry_after is not None:
        error.rests_for = max(answer.retry_after, 1.0)
    return error


def number_in(answer: Answer) -> str:
    """Return the number of the order that was made, from a 2xx.

    Raises:
        InDoubtError: It gives none, so that nobody knows what became of the order.
    """
    try:
        number = entity_in(answer).get("number")
        problem = "no number"
    except UnreadableError as error:
        number, problem = None, str(error)
    if isinstance(number, str) and number.strip():
        return number.strip()[:20]
    raise InDoubtError(
        f"{NAME} took the order, it seems (status {answer.status}), but gave {problem} instead of its number.",
        code="ANSWER_UNREADABLE",
        hint="Look there whether the order exists, then resolve it.",
    )
