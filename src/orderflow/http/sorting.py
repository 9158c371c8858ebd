"""What an answer means for an order, by its status: one rule for all connectors, theirs and yours.

| status | what follows |
|---|---|
| 2xx | taken; never followed by a second send, whatever the body |
| 400, 404, 409, 422, other 4xx | the target refuses this order: `RejectedError`, in its words |
| 401, 403, 405, 407, 415 | it does not let us in, or not so: `NeedsAttentionError` |
| 408, 425, 429 | it did nothing, and asks for time: `BusyError`; the connection rests, nothing is spent |
| 503 | it is busy, but who knows since when: `InDoubtError`; the connection rests |
| 1xx, 3xx, other 5xx | nobody knows: `InDoubtError` |

Of a question (`changes=False`) that is not answered by 2xx nothing is known: `UnavailableError`, or
`NeedsAttentionError` where we are not let in.
"""

from __future__ import annotations

from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    UnavailableError,
)
from orderflow.http.answer import Answer

USUAL_REST = 30.0
"""Seconds that a busy connection rests if the target does not say for how long."""

BUSY = frozenset({408, 425, 429})
"""It did nothing: the request came too slowly, too early, or too soon. Source: RFC 9110, 8470, 6585."""

IN_ITS_WORDS = "These are the target's own words. Correct the order or the ERP's data, then push again."
_NOT_US = {
    401: ("AUTH_FAILED", "does not accept our sign-in", "Correct the sign-in in the connection, then test it."),
    403: ("PERMISSION_DENIED", "does not let us do this", "Have the account given that right, then test."),
    405: ("WRONG_REQUEST", "does not take this method here", "Correct URL or method in the connection, then test it."),
    407: ("PROXY_AUTH", "is behind a proxy that asks for a sign-in", "Have the proxy let OrderFlow through."),
    415: ("WRONG_REQUEST", "does not take this kind of body", "Correct the body's format or its Content-Type."),
}


def error_of(answer: Answer, name: str, *, changes: bool = True, words: str | None = None) -> ConnectorError:
    """Return the error that an answer other than 2xx stands for.

    Args:
        name: What the target is called in messages: "The shop".
        changes: The request would have changed something.
        words: What it says is wrong, if that is known better than `answer.words`.
    """
    status, said = answer.status, words or answer.words
    if status in _NOT_US:
        code, what, hint = _NOT_US[status]
        return NeedsAttentionError(f"{name} {what} (status {status}): {said}", code=code, hint=hint)
    if status in BUSY:
        return busy(answer, name, said)
    if not changes:
        rests_for = _rest(answer) if status == 503 else None
        return UnavailableError(f"{name} does not answer as it should (status {status}): {said}", rests_for=rests_for)
    if 400 <= status < 500:
        return RejectedError(said, code="TARGET_REJECTED", hint=IN_ITS_WORDS, details={"status": status})
    if status == 503:
        return in_doubt_and_busy(answer, name, said)
    if 300 <= status < 400:
        return redirected(answer, name)
    return InDoubtError(
        f"{name} failed (status {status}), perhaps after it took the order: {said}", code="SERVER_ERROR"
    )


def busy(answer: Answer, name: str, said: str) -> BusyError:
    """Return the error for an answer that says: nothing was done, come again later."""
    return BusyError(f"{name} asks us to wait (status {answer.status}): {said}", rests_for=_rest(answer))


def in_doubt_and_busy(answer: Answer, name: str, said: str) -> InDoubtError:
    """Return the error for 503: the connection rests, and of this order nobody knows."""
    return InDoubtError(
        f"{name} is not available (status {answer.status}), perhaps since it took the order: {said}",
        code="SERVER_ERROR",
        rests_for=_rest(answer),
    )


def redirected(answer: Answer, name: str) -> InDoubtError:
    """Return the error for a redirect, which may be how the target says that it took the order."""
    place = answer.headers.get("Location", "")[:200]
    where = f" to {place}" if place else ""
    return InDoubtError(
        f"{name} answered with a redirect (status {answer.status}{where}). Many servers do so once they have taken an "
        "order, so it is not sent there as well.",
        code="REDIRECT",
        hint="Look in the ERP whether the order is there. If it is not, and orders belong there, give that as the "
        "connection's URL.",
        rests_for=USUAL_REST,
    )


def _rest(answer: Answer) -> float:
    asked = answer.retry_after
    return USUAL_REST if asked is None else max(asked, 1.0)
