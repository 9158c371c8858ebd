"""What the answer to a document means, where nobody configured how it is to be read."""

from __future__ import annotations

from orderflow.domain.errors import InDoubtError, RejectedError
from orderflow.domain.redaction import Redactor
from orderflow.http import Answer, UnreadableError, error_of
from orderflow.http.answer import words_of
from orderflow.http.refusals import Sign, perhaps_refused, refusal_in
from orderflow.http.sorting import IN_ITS_WORDS


def check_taken(answer: Answer, redactor: Redactor) -> None:
    """Return if the API took the document: a 2xx that neither says nor may mean that it refuses it.

    Raises:
        ConnectorError: It did not, or that is not known; sorted by what follows.
    """
    words = words_of(answer, redactor) or "It gave no reason."
    if not answer.ok:
        raise error_of(answer, "The API", words=words)
    sign = _sign(answer)
    if sign == "refused":
        raise RejectedError(words, code="TARGET_REJECTED", hint=IN_ITS_WORDS)
    if sign == "unclear":
        raise unclear(words)


def unclear(words: str) -> InDoubtError:
    """Return the error for an answer of 2xx that may mean either."""
    return InDoubtError(
        f"The API's answer may mean that it took the document, or that it refuses it: {words}",
        code="ANSWER_UNCLEAR",
        hint="Look in the ERP whether the order is there, then resolve it.",
    )


def _sign(answer: Answer) -> Sign:
    try:
        return refusal_in(answer.said())
    except UnreadableError:
        return "unclear" if answer.broken is None and perhaps_refused(answer.text) else None
