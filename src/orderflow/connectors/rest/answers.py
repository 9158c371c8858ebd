"""What an answer means for the order, in the target's own words.

The rule for an answer of 2xx, in this order:

1. It is never followed by a second send.
2. What the connection needs from the body (`order_number`, `success`) and the body does not give leaves the order in
   doubt: `find` is asked, else a person. What it does not need, it does not read.
3. `retry_when` and `refused_when` decide if they are true; `success` decides if it is true or false.
4. Else an answer that surely says no refuses the order, and one that might mean either leaves it in doubt; see
   `orderflow.http.refusals`.

Secrets of the connection are taken out of an answer before any expression sees it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.connectors.rest.expressions import clearly_false, clearly_nothing, names_in, pick
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    PerhapsThereError,
    RejectedError,
    TransientError,
)
from orderflow.domain.redaction import HIDDEN, Redactor
from orderflow.domain.strict_json import contradicted
from orderflow.http import Answer, UnreadableError
from orderflow.http.answer import LONGEST_REST, words_of
from orderflow.http.parts import is_part, leaves_open
from orderflow.http.refusals import Sign, perhaps_refused, refusal_in, says_nothing, yes_or_no
from orderflow.http.sorting import IN_ITS_WORDS, USUAL_REST, error_of
from orderflow.http.words import LONGEST, as_text

NOBODY = Redactor([])
LONGEST_NUMBER = 200
"""Characters; what is longer is no order number."""

_HIDDEN = "what cannot be shown, since the connection holds more secrets than can be hidden in it,"

MISSING = (404, 410)
"""What an API answers about an order that it does not have, and a gateway about an API."""


def order_number(
    answer: Answer, config: RestJsonConfig, redactor: Redactor = NOBODY, *, sent_before: bool = False
) -> str | None:
    """Return the ERP's number from the answer to a create; None if it gives none, or none is looked for.

    Args:
        sent_before: An earlier attempt may have brought the order there already.

    Raises:
        ConnectorError: The answer is no success; sorted by what follows.
    """
    if not answer.ok:
        raise status_error(answer, config, redactor, sent_before=sent_before)
    if answer.empty:
        if config.order_number is not None or config.success is not None:
            raise _unreadable(answer, "with nothing instead of its JSON")
        return None
    try:
        value = read(answer, redactor)
    except UnreadableError as error:
        if _looks_into(config) or redactor.hides_all:
            raise _unreadable(answer, f"with {error} instead of its JSON") from None
        if answer.broken is None and perhaps_refused(answer.text):
            raise _perhaps_refused(answer, config, redactor) from None
        return None
    return _number_in(value, answer, config, redactor)


def _number_in(value: Any, answer: Answer, config: RestJsonConfig, redactor: Redactor) -> str | None:
    if config.retry_when and pick(config.retry_when, value):
        raise _try_again(answer, words(answer, config, redactor))
    number = as_number(pick(config.order_number, value)) if config.order_number else None
    sign = _sign(value, config)
    if sign == "refused" and number is None:
        raise RejectedError(words(answer, config, redactor), code="TARGET_REJECTED", hint=IN_ITS_WORDS)
    if sign in ("refused", "unclear"):
        raise _perhaps_refused(answer, config, redactor)
    if config.order_number is not None and number is None:
        raise InDoubtError(
            "The API answered that all went well, but without an order number where one should be: "
            f"{words(answer, config, redactor)}",
            code="ANSWER_INCOMPLETE",
        )
    return number


def _sign(value: Any, config: RestJsonConfig) -> Sign:
    """Return what the answer says about the order: as configured, else as it surely says."""
    refuses = bool(pick(config.refused_when, value)) if config.refused_when else None
    said = pick(config.success, value) if config.success else None
    takes = None if said in (None, "", [], {}) else yes_or_no(said) is not False
    if refuses is True or takes is not None:
        return "unclear" if refuses and takes else "taken" if takes else "refused"
    if config.error_message and not says_nothing(pick(config.error_message, value)):
        return "refused"
    sign = None if refuses is False else refusal_in(value)
    return "unclear" if config.success and sign != "refused" else sign


def _looks_into(config: RestJsonConfig) -> bool:
    return any((config.order_number, config.success, config.refused_when, config.error_message, config.retry_when))


def found_number(answer: Answer, config: RestJsonConfig, redactor: Redactor = NOBODY) -> tuple[bool, str | None]:
    """Return whether the answer to `find_url` clearly says that the order is there, and the ERP's number.

    Raises:
        ConnectorError: The answer is no clear one; it is to be asked again.
    """
    if redactor.hides_all:  # the order may be there, and what would name it is hidden
        raise _unclear(f"it answered with {_HIDDEN}")
    if _not_there_by_status(answer, config, redactor):
        return False, None
    if not answer.ok:
        raise _no_answer(answer, words(answer, config, redactor))
    try:
        value = read(answer, redactor)
    except UnreadableError as error:
        raise _unclear(f"it answered with {error}") from None
    found = pick(config.found or "", value)
    if found is True:
        return True, None
    number = as_number(found)
    if number is not None:
        return True, number
    if (name := contradicted(value)) is not None:
        raise _unclear(f"its answer gives different values for the one name {name[:50]!r}")
    if is_part(answer, value):
        raise _unclear(
            f"what it answered (status {answer.status}) is only a part, or not what is so now: "
            f"{words(answer, config, redactor)}"
        )
    if _says_not_there(found, value, config):
        return False, None
    raise _unclear(f"its answer has no place for it: {words(answer, config, redactor)}")


def _not_there_by_status(answer: Answer, config: RestJsonConfig, redactor: Redactor) -> bool:
    """Return whether the status counts, which a gateway or a wrong path may give as well as the API."""
    if config.not_there_when is None:
        return answer.status in config.not_there_statuses and (answer.empty or _is_json(answer))
    if answer.status not in (config.not_there_statuses or MISSING):
        return False
    return pick(config.not_there_when, _json_or_none(answer, redactor)) is True


def _says_not_there(found: Any, value: Any, config: RestJsonConfig) -> bool:
    if config.not_there_when and pick(config.not_there_when, value) is True:
        return True
    if value is not False and (
        refusal_in(value, answers_question=True) in ("refused", "unclear") or leaves_open(value, _read_by(config))
    ):
        return False
    if found is False:
        return clearly_false(config.found or "", value)
    return found in (None, "", []) and clearly_nothing(config.found or "", value)


def _read_by(config: RestJsonConfig) -> frozenset[str]:
    return names_in(config.found or "") | names_in(config.not_there_when or "")


def as_number(value: Any) -> str | None:
    """Return an order number from what an expression picks; None if that is none."""
    if isinstance(value, list) and value:
        value = value[0]
    if value is None or isinstance(value, bool | dict | list):
        return None
    text = (_whole(value) if isinstance(value, int | float | Decimal) else as_text(value)).strip()
    odd = HIDDEN in text or "\ufffd" in text or not text.isprintable()
    return None if not text or odd or len(text) > LONGEST_NUMBER else text


def _whole(value: float | Decimal) -> str:
    """Return a number as an ERP writes it (`1.0` is 1); nothing for what counts no orders: NaN, infinity, a -1."""
    number = Decimal(value)
    if not number.is_finite() or number < 0 or number.adjusted() > LONGEST_NUMBER:
        return ""
    return str(int(number)) if number == number.to_integral_value() else as_text(value)


def status_error(
    answer: Answer, config: RestJsonConfig, redactor: Redactor = NOBODY, *, sent_before: bool = False
) -> ConnectorError:
    """Return what a status other than 2xx stands for."""
    said, status = words(answer, config, redactor), answer.status
    if status in config.retry_statuses:
        return _try_again(answer, said)
    value = _json_or_none(answer, redactor)
    if config.retry_when and value is not None and pick(config.retry_when, value):
        return _try_again(answer, said)
    if status >= 500 and config.server_errors == "retry":
        if status == 503:
            return _try_again(answer, said)
        return TransientError(
            f"The API failed (status {status}): {said}", retry_after=answer.retry_after, nothing_done=True
        )
    if status == 409 and sent_before:
        return PerhapsThereError(
            f"The API says that there is a conflict (status 409), perhaps with what an earlier attempt left: {said}",
            hint="Look in the ERP whether the order is there, then resolve it. If this status always says that it is, "
            "put it under 'Known already' of the connection.",
        )
    return error_of(answer, "The API", words=said)


def _try_again(answer: Answer, said: str) -> BusyError:
    asked = answer.retry_after
    rests_for = USUAL_REST if asked is None else min(max(asked, 1.0), LONGEST_REST)
    return BusyError(f"The API asks us to wait (status {answer.status}): {said}", rests_for=rests_for)


def words(answer: Answer, config: RestJsonConfig, redactor: Redactor = NOBODY) -> str:
    """Return the target's own words about what is wrong."""
    said = _picked_words(config.error_message, _json_or_none(answer, redactor))
    told = as_text(said) if said not in (None, "", [], {}) else words_of(answer, redactor)
    return " ".join(told.split())[:LONGEST] or "It gave no reason."


def _picked_words(expression: str | None, value: Any) -> Any:
    try:
        return pick(expression, value) if expression and value is not None else None
    except InDoubtError:  # about its words, not about the order
        return None


def read(answer: Answer, redactor: Redactor = NOBODY) -> Any:
    """Return the answer's JSON, exact and without secrets, for `pick`. Raises UnreadableError."""
    if redactor.hides_all:
        raise UnreadableError(_HIDDEN)
    return redactor.value(answer.said())


def _json_or_none(answer: Answer, redactor: Redactor) -> Any:
    try:
        return read(answer, redactor)
    except UnreadableError:
        return None


def _is_json(answer: Answer) -> bool:
    try:
        answer.said()
    except UnreadableError:
        return False
    return True


def _perhaps_refused(answer: Answer, config: RestJsonConfig, redactor: Redactor) -> InDoubtError:
    return InDoubtError(
        f"The API's answer may mean that it took the order, or that it refuses it: {words(answer, config, redactor)}",
        code="ANSWER_UNCLEAR",
        hint="Look in the ERP whether the order is there, then resolve it. Say under 'Success' or 'Refused when' "
        "of the connection how its answers are to be read.",
    )


def _unreadable(answer: Answer, how: str) -> InDoubtError:
    return InDoubtError(
        f"The API answered {answer.status}, but {how}: whether it took the order cannot be read from that.",
        code="ANSWER_UNREADABLE",
    )


def _no_answer(answer: Answer, said: str) -> ConnectorError:
    error = error_of(answer, "The API", changes=False, words=said)
    if isinstance(error, NeedsAttentionError | BusyError):
        return error
    why = f"it answered with status {answer.status}: {said}"
    return _unclear(f"{why.rstrip('.')}. {ANYBODYS}" if answer.status in MISSING else why)


ANYBODYS = (
    "A gateway or a wrong path answers so too; if the API says by it that it does not have the order, have 'Not there "
    "when' of the connection name how"
)


def _unclear(why: str) -> TransientError:
    return TransientError(
        f"The API does not clearly say whether the order is there: {why.rstrip('.')}.", code="FIND_FAILED"
    )
