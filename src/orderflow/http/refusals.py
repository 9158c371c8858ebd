"""Refusals inside an answer that says 2xx: what is surely one, and what only might be.

One rule for all: what an answer surely says is believed; where its signs contradict each other, or might mean either,
nobody knows, and the order is held. Signs of a refusal are

- `success` or `ok` that is false; `status` or `result` that is "error", "failed" or the like, or false with words
- `error`, `errors`, `fault` and the like with words in it; GraphQL's `errors` without `data`, its `userErrors`
- `errorCode` with words beside it

also where all of the answer lies in one wrapper, as `{"result": {…}}`. What only might be one: the same signs further
within, or beside an id that the target gave; `accepted`, `valid` or the like that is false; `isError`, `exception`;
SAP's messages of type E or A, and others of the severity "error"; a `statusCode` of 4xx or 5xx; a bare `false`; a
fault in XML; a text, or what a page shows, that speaks of an error or a refusal at its beginning; whatever is named
after errors, failures and rejections and says something (`failedCount`, `rejectedOrders`, `validationErrors`); a state
of any name that is "rejected"; a return code other than 0; an id that is null, or words of an error where no id is
given.

So may be one an answer that gives a name several times, and means different things by them.

An error that says nothing (null, empty, false, a code of zero, "none", "ok") is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Literal

from orderflow.domain.strict_json import MOST_READINGS, readings
from orderflow.http.words import said_in, said_in_text

Sign = Literal["taken", "refused", "unclear"] | None
Named = Mapping[str, Sequence[Any]]
"""What an object says, by plain names: small letters and digits."""

_FLAG = re.compile(r"(is|was)?(success|succeeded|successful|ok)")
_STATES = ("status", "result", "outcome")
_ERRORS = ("error", "Error", "errors", "Errors", "errorMessage", "error_message", "ErrorMessage", "fault", "Fault")
_ERROR_CODES = ("errorCode", "error_code", "ErrorCode", "errno", "errcode")
_CODES = ("code", "returnCode", "resultCode", "ResultCode", "retcode", "statusCode")
_PERHAPS_NO = ("accepted", "valid", "isvalid", "created", "processed", "imported")
_PERHAPS_WRONG = ("iserror", "haserror", "haserrors", "failed", "exception", "exceptions", "exceptionmessage")
_IDS = ("id", "number", "orderid", "ordernumber", "orderno", "documentnumber", "docnum", "docentry")
_PLAIN = re.compile(r"[^a-z0-9]")
_XML_LEAF = re.compile(r"<(?:[\w.-]{1,60}:)?([\w.-]{1,60})(?:\s[^<>]{0,300})?>([^<>]{1,500})</")
_MOST_LEAVES = 1_000
_XML_FAULT = re.compile(
    r"<(?:[\w.-]+:)?(fault|errors?|exception)\b[^<>]*(?<!/)>\s*+(?!0?\s*+</)\S", re.IGNORECASE
)  # in time in proportion to the text, which a target may make to be slow
_WORD = (
    r"(?:errors?|fehler|erreurs?|fail(?:ed|s|ures?)|exceptions?|faults?"
    r"|reject(?:ed|ions?)|refused|denied|declined|invalid)"
)
_NO_ERROR = re.compile(
    rf"\b(no|0|zero|without|keine?|ohne|aucune?|sans)\s+((orders?|lines?|records?|import|validation)\s+)?{_WORD}\b"
    rf"|\b{_WORD}\s*[:=]\s*(0|no|none|false|null)\b",
    re.IGNORECASE,
)
_ERROR = re.compile(
    rf"(\b|_)({_WORD}|nok|err|abgelehnt|fehlgeschlagen|rechazad[ao]|refusée?|could not"
    r"|not (accepted|created|imported|processed|found|saved|stored|booked|taken)"
    r"|nicht (angenommen|angelegt|erstellt|importiert|verarbeitet|gefunden|gespeichert|gebucht))(\b|_)|\Ako\b",
    re.IGNORECASE,
)
_BEGINNING = 500
"""Characters of a text that are looked at for an error: later, it is about something else."""

_NAMED_WRONG = re.compile(
    r"(is|has|validation|business|import|order)?(err(or)?s?|fail(ed|ures?)|fault(ed|s)?|reject(ed|ions?)|refus(ed|als?)"
    r"|declined|violations?|exceptions?)(type|code|no|text|msg|messages?|reasons?|list|count|details?|orders?|lines?"
    r"|records?|items?|rows?)?"
)
_STATE = re.compile(r"(status|state|ack|outcome|verdict)$")
_RETURN_CODE = re.compile(r"rc|returncode|retcode|resultcode|sqlcode")
_SAYS = ("message", "msg", "text", "reason", "returntext", "resulttext", "description", "warning", "info", "hint")
_XML_STATE = re.compile(
    r"\b(?:status|state|result|outcome|type)\s{0,9}=\s{0,9}[\"'](?:errors?|fail(?:ed|ure)|rejected|refused|denied|nok|ko)[\"']",
    re.IGNORECASE,
)

_SEVERITIES = ("type", "severity", "level", "msgtype", "msgty", "messagetype")
_SEVERE = frozenset({"error", "fatal", "critical", "abort"})
_HTTP_STATUS = ("statuscode", "httpstatus", "httpstatuscode", "httpcode")

_DEEP, _WIDE = 4, 100
"""How far within an answer is looked for signs."""

_YES = frozenset({"true", "yes", "y", "ok", "success", "succeeded", "successful", "1"})
_FAILED = frozenset(
    {
        *("error", "errors", "failed", "failure", "fail", "fault", "rejected", "refused", "denied", "declined"),
        *("ko", "nok", "nack", "not ok", "not accepted", "invalid", "unsuccessful"),
    }
)
_NO = _FAILED | {"false", "no", "n", "0"}
_NOTHING = frozenset({"", "none", "null", "nil", "n/a", "-", "false", "ok", "success", "no error", "no errors"})


def refusal_in(value: Any, *, answers_question: bool = False) -> Sign:
    """Return what the JSON of a 2xx answer surely says about the order, None if it says nothing either way.

    Args:
        answers_question: It answers whether the order is there, so that a "not found" or an id of null refuse nothing.
    """
    told = readings(value)
    signs = {_sign(one, answers_question=answers_question) for one in told[:MOST_READINGS]}
    return signs.pop() if len(signs) == 1 and len(told) <= MOST_READINGS else "unclear"


def _sign(value: Any, *, answers_question: bool) -> Sign:
    value = _unwrapped(value)
    if not isinstance(value, dict):
        no = value is False or (isinstance(value, str) and perhaps_refused(value))
        return "unclear" if no else _within(value, answers_question=answers_question)
    named = _plain(value.items())
    signs = {*_flags(named), *_states(value, named), *_errors(value), *_codes(value), *_graphql(value)}
    if "unclear" in signs or {"taken", "refused"} <= signs or _perhaps(value, named):
        return "unclear"
    if "refused" in signs:
        return "refused"
    perhaps = _failed_by_status(named) if answers_question else _weakly_of_an_order(named)
    if perhaps or _weakly(named):
        return "unclear"
    return _within(list(value.values()), answers_question=answers_question) or ("taken" if signs else None)


def perhaps_refused(text: str) -> bool:
    """Return whether a 2xx answer that is no JSON might be a refusal."""
    head = text[:100_000].lstrip("\ufeff \t\r\n")
    if not head.startswith("<"):
        return _is_no(head) or _speaks_of_an_error(head)
    if _XML_FAULT.search(head) or _XML_STATE.search(head) or _refuses_by_a_leaf(head):
        return True
    return _speaks_of_an_error(said_in_text(head))


def _refuses_by_a_leaf(head: str) -> bool:
    """Return whether an element of XML says no by its name and text, as the same name and text of JSON would."""
    leaves = [(one[1], one[2].strip()) for one in islice(_XML_LEAF.finditer(head), _MOST_LEAVES)]
    if len(leaves) == 1 and _is_no(leaves[0][1]):
        return True
    named = _plain(leaves)
    if "refused" in _flags(named) or _states(dict(leaves), named) or _weakly(named):
        return True
    return any(_perhaps({}, _plain([leaf])) for leaf in leaves)  # a type and a message may be of two things


def _is_no(text: str) -> bool:
    """Return whether a text is a no and nothing else; a 0 may be a return code."""
    return text.strip().lower() in {"false", "no", "-1", *_FAILED}


def yes_or_no(value: Any) -> bool | None:
    """Return what a value surely says, as JSON or as text; None if it says neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal) and value in (0, 1):
        return bool(value)
    text = value.strip().lower() if isinstance(value, str) else None
    return True if text in _YES else False if text in _NO else None


def says_nothing(value: Any) -> bool:
    """Return whether an error is none: null, empty, false, zero, "none", or an object of nothing but these."""
    if value is None:
        return True
    if isinstance(value, str):
        text = value.strip().strip(".!").lower()
        return text in _NOTHING or not text.strip("0")
    if isinstance(value, dict):
        code = next((value[name] for name in (*_CODES, *_ERROR_CODES) if name in value), None)
        return says_nothing(code) if code is not None else all(map(says_nothing, value.values()))
    if isinstance(value, list):
        return all(map(says_nothing, value))
    return value is False or (isinstance(value, int | float | Decimal) and value == 0)


def _unwrapped(value: Any) -> Any:
    """Return what an answer holds within lists of one and objects of one name."""
    for _ in range(_DEEP):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict) and len(value) == 1 and isinstance(inner := next(iter(value.values())), dict):
            if next(iter(value)) in (*_ERRORS, "data"):  # these mean something by themselves
                return value
            value = inner
    return value


def _within(value: Any, *, answers_question: bool) -> Sign:
    """Return "unclear" if a part of the answer holds a sign of a refusal, of whatever that part is about."""
    for part in _objects_in(value, _DEEP):
        named = _plain(part.items())
        if "refused" in {*_flags(named), *_states(part, named), *_errors(part)} or _perhaps(part, named):
            return "unclear"
        if _weakly(named) or any(not says_nothing(part.get(name)) for name in _ERROR_CODES):
            return "unclear"
        if answers_question and _failed_by_status(named):
            return "unclear"
    return None


def _objects_in(value: Any, deep: int) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list) and deep:
        for inner in value[:_WIDE]:
            yield from _objects_in(inner, deep - 1)


def _plain(pairs: Iterable[tuple[str, Any]]) -> Named:
    """Return what is said by its name, however that is written: `IS_OK` is `isok`; two such say both."""
    named: dict[str, list[Any]] = {}
    for name, said in pairs:
        named.setdefault(_PLAIN.sub("", name.lower()), []).append(said)
    return named


def _told(named: Named, names: Iterable[str]) -> list[Any]:
    return [said for name in names for said in named.get(name, ())]


def _perhaps(value: dict[str, Any], named: Named) -> bool:
    """Return whether it might be a refusal."""
    levels = [level for level in _told(named, _SEVERITIES) if isinstance(level, str)]
    return (
        any(yes_or_no(said) is False for said in _told(named, _PERHAPS_NO))
        or any(not says_nothing(said) for said in _told(named, _PERHAPS_WRONG))
        or any(400 <= (_number(said) or 0) <= 599 for said in _told(named, _HTTP_STATUS))
        or (any(level in ("E", "A") for level in levels) and "message" in named)
        or (any(level.lower() in _SEVERE for level in levels) and bool(_told(named, _SAYS)))
        or (bool(_errors(value)) and not _flags(named) and _has_id(named))
    )


def _has_id(named: Named) -> bool:
    return any(not says_nothing(said) for said in _told(named, _IDS))


def _weakly(named: Named) -> bool:
    """Return whether anything of an answer may speak against an order, by what it is called."""
    for name, said in ((name, one) for name, each in named.items() for one in each):
        if _NAMED_WRONG.fullmatch(name) and not says_nothing(said):
            return True
        if isinstance(said, str) and _STATE.search(name) and _words(said) in _FAILED:
            return True
        is_code = _RETURN_CODE.fullmatch(name) and isinstance(said, int | str)
        if is_code and not says_nothing(said) and not _is_success(said):
            return True
    return False


def _weakly_of_an_order(named: Named) -> bool:
    """Return whether it lacks what names an order that was made, or speaks of an error in words."""
    if _has_id(named):
        return None in named.get("data", ())
    if _told(named, _IDS) or None in named.get("data", ()):
        return True
    return any(isinstance(said, str) and _speaks_of_an_error(said) for said in _told(named, _SAYS))


def _failed_by_status(named: Named) -> bool:
    """Return whether an answer to a question failed, by its status; 404 and 410 say that nothing is there."""
    numbers = [_number(said) for said in _told(named, ("status", "code", *_HTTP_STATUS))]
    return any(400 <= number <= 599 and number not in (404, 410) for number in numbers if number is not None)


def _number(value: Any) -> int | None:
    """Return a whole number, also one that is written as a text; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, int):
        return value
    text = value.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _words(text: str) -> str:
    return text.strip().strip(".!").lower().replace("_", " ").replace("-", " ")


def _speaks_of_an_error(text: str) -> bool:
    return bool(_ERROR.search(_NO_ERROR.sub("", text.strip()[:_BEGINNING])))


def _flags(named: Named) -> set[Sign]:
    flags = [said for name, each in named.items() if _FLAG.fullmatch(name) for said in each]
    told = {yes_or_no(said) for said in flags if not isinstance(said, dict | list)}
    return {"taken" if flag else "refused" for flag in told if flag is not None}


def _states(value: dict[str, Any], named: Named) -> set[Sign]:
    told = _told(named, _STATES)
    texts = [_words(state) for state in told if isinstance(state, str)]
    if any(text in _FAILED for text in texts):
        return {"refused"}
    if not told:
        return set()
    has_words = bool(said_in(value)) or any(isinstance(said, str) for said in _told(named, _SAYS))
    if False in [state for state in told if isinstance(state, bool)] or "false" in texts:
        return {"refused" if has_words else "unclear"}
    if any(_speaks_of_an_error(text) or (text == "e" and has_words) for text in texts):
        return {"unclear"}
    return {"refused"} if has_words and any(400 <= (_number(state) or 0) <= 599 for state in told) else set()


def _errors(value: dict[str, Any]) -> set[Sign]:
    told: set[Sign] = set()
    for name in _ERRORS:
        error = value.get(name)
        if says_nothing(error):
            continue
        has_words = bool(said_in({name: error}) or (error is True and said_in(value)))
        told.add("refused" if has_words else "unclear")
    return told


def _codes(value: dict[str, Any]) -> set[Sign]:
    errors = [value[name] for name in _ERROR_CODES if not says_nothing(value.get(name))]
    if errors:
        return {"refused" if said_in(value) else "unclear"}
    codes = [value[name] for name in _CODES if isinstance(value.get(name), int | str)]
    odd = [code for code in codes if not says_nothing(code) and not _is_success(code)]
    return {"unclear"} if odd and said_in(value) else set()


def _is_success(code: Any) -> bool:
    text = str(code).strip()
    return yes_or_no(code) is True or (text.isascii() and text.isdigit() and 200 <= int(text[:6]) < 300)


def _graphql(value: dict[str, Any]) -> set[Sign]:
    data = value.get("data")
    if not isinstance(data, dict):
        return set()
    told: set[Sign] = {"unclear"} if not says_nothing(value.get("errors")) and any(data.values()) else set()
    for inner in (data, *data.values()):
        if isinstance(inner, dict):
            wrong = [inner[name] for name in ("userErrors", "user_errors") if not says_nothing(inner.get(name))]
            there = [one for name, one in inner.items() if "rror" not in name and one not in (None, "", [], {})]
            told |= {("unclear" if there and inner is not data else "refused") for _ in wrong}
    return told
