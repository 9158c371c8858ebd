"""What an answer to a question shows about an API, in a test that creates nothing there."""

from __future__ import annotations

from orderflow.domain.errors import NeedsAttentionError
from orderflow.domain.redaction import Redactor
from orderflow.http import Answer

NOT_LET_IN = (401, 403, 407, 429)
_CORRECT = "Correct the URL or the method in the connection, then test again."


def check_place(answer: Answer, redactor: Redactor) -> None:
    """Raise NeedsAttentionError if the API sends us elsewhere: documents would not be taken there."""
    if 300 <= answer.status < 400:
        place = redactor.text(answer.headers.get("Location", ""))[:200] or "another URL"
        raise NeedsAttentionError(f"The API sends us on to {place}.", code="REDIRECT", hint=_CORRECT)


def check_method(answer: Answer, method: str) -> None:
    """Raise NeedsAttentionError if the answer to OPTIONS says that there is no such URL, or no `method` at it."""
    if answer.status == 404:
        raise NeedsAttentionError("The API knows no such URL (status 404).", code="WRONG_URL", hint=_CORRECT)
    # Not of a refusal (405): Starlette, and so every FastAPI, names there the methods of one of several routes only.
    allow = answer.headers.get("Allow", "") if 200 <= answer.status < 300 else ""
    allowed = {method.strip().upper() for method in allow.split(",") if method.strip()}
    if allowed and method not in allowed:
        raise NeedsAttentionError(f"The API takes no {method} at this URL.", code="WRONG_REQUEST", hint=_CORRECT)
