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
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from orderflow.domain.strict_json import MOST_READINGS, readings
from orderflow.http.words import said_in, said_in_text

Sign = Literal["taken", "refused", "unclear"] | None

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
    signs = {*_flags(value), *_states(value), *_errors(value), *_codes(value), *_graphql(value), *_perhaps(value)}
    if "unclear" in signs or {"taken", "refused"} <= signs:
        return "unclear"
    if "refused" not in signs and (_weakly(value) or (not answers_question and _weakly_of_an_order(value))):
        return "unclear"
    if answers_question and _failed_by_status(value):
        return "unclear"
    sure: Sign = "refused" if "refused" in signs else "taken" if "taken" in signs else None
    return sure if sure == "refused" else _within(list(value.values()), answers_question=answers_question) or sure


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
    leaves = [(one[1], one[2].strip()) for one, _ in zip(_XML_LEAF.finditer(head), range(_MOST_LEAVES), strict=False)]
    told = dict(leaves)
    if len(leaves) == 1 and _is_no(leaves[0][1]):
        return True
    each = ({name: said} for name, said in leaves)
    return any(_flags(one) == {"refused"} or _perhaps(one) or _weakly(one) for one in each) or bool(_states(told))


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
        if "refused" in {*_flags(part), *_states(part), *_errors(part)} or _perhaps(part) or _weakly(part):
            return "unclear"
        if any(not says_nothing(part.get(name)) for name in _ERROR_CODES):
            return "unclear"
        if answers_question and _failed_by_status(part):
            return "unclear"
    return None


def _objects_in(value: Any, deep: int) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list) and deep:
        for inner in value[:_WIDE]:
            yield from _objects_in(inner, deep - 1)


def _perhaps(value: dict[str, Any]) -> set[Sign]:
    """Return "unclear" for what might be a refusal."""
    named = _plain(value)
    no = any(yes_or_no(named[name]) is False for name in _PERHAPS_NO if name in named)
    wrong = any(not says_nothing(named.get(name)) for name in _PERHAPS_WRONG)
    levels = [level for name in _SEVERITIES if isinstance(level := named.get(name), str)]
    of_sap = any(level in ("E", "A") for level in levels) and "message" in named
    severe = any(level.lower() in _SEVERE for level in levels) and any(name in named for name in _SAYS)
    status = any(400 <= (_number(named.get(name)) or 0) <= 599 for name in _HTTP_STATUS)
    both = bool(_errors(value)) and not _flags(value) and any(not says_nothing(named.get(name)) for name in _IDS)
    return {"unclear"} if no or wrong or of_sap or severe or status or both else set()


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Return the values by what they are called, however that is written: `IS_OK` is `isok`."""
    return {_PLAIN.sub("", name.lower()): inner for name, inner in value.items()}


def _weakly(value: dict[str, Any]) -> bool:
    """Return whether anything of an answer may speak against an order, by what it is called."""
    named = _plain(value)
    if any(_NAMED_WRONG.fullmatch(name) and not says_nothing(inner) for name, inner in named.items()):
        return True
    texts = [(name, inner) for name, inner in named.items() if isinstance(inner, str)]
    if any(_STATE.search(name) and _words(text) in _FAILED for name, text in texts):
        return True
    codes = [inner for name, inner in named.items() if _RETURN_CODE.fullmatch(name) and isinstance(inner, int | str)]
    return any(not says_nothing(code) and not _is_success(code) for code in codes)


def _weakly_of_an_order(value: dict[str, Any]) -> bool:
    """Return whether it lacks what names an order that was made, or speaks of an error in words."""
    named = _plain(value)
    ids = [named[name] for name in _IDS if name in named]
    has_id = any(not says_nothing(one) for one in ids)
    if (ids and not has_id) or ("data" in named and named["data"] is None):
        return True
    texts = [(name, inner) for name, inner in named.items() if isinstance(inner, str)]
    return not has_id and any(name in _SAYS and _speaks_of_an_error(text) for name, text in texts)


def _failed_by_status(value: dict[str, Any]) -> bool:
    """Return whether an answer to a question failed, by its status; 404 and 410 say that nothing is there."""
    named = _plain(value)
    told = [_number(named.get(name)) for name in ("status", "code", *_HTTP_STATUS)]
    return any(400 <= number <= 599 and number not in (404, 410) for number in told if number is not None)


def _number(value: Any) -> int | None:
    """Return a whole number, also one that is written as a text; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _words(text: str) -> str:
    return text.strip().strip(".!").lower().replace("_", " ").replace("-", " ")


def _speaks_of_an_error(text: str) -> bool:
    return bool(_ERROR.search(_NO_ERROR.sub("", text.strip()[:_BEGINNING])))


def _flags(value: dict[str, Any]) -> set[Sign]:
    flags = (
        said for name, said in _plain(value).items() if _FLAG.fullmatch(name) and not isinstance(said, dict | list)
    )
    said = map(yes_or_no, flags)
    return {"taken" if flag else "refused" for flag in said if flag is not None}


def _states(value: dict[str, Any]) -> set[Sign]:
    named = _plain(value)
    told = [named[name] for name in _STATES if name in named]
    texts = [_words(state) for state in told if isinstance(state, str)]
    if any(text in _FAILED for text in texts):
        return {"refused"}
    has_words = bool(said_in(value)) or any(isinstance(named.get(name), str) for name in _SAYS)
    if any(state is False or state == "false" for state in told):
        return {"refused" if has_words else "unclear"}
    if any(_speaks_of_an_error(text) or (text == "e" and has_words) for text in texts):
        return {"unclear"}
    numbers = [number for state in told if (number := _number(state)) is not None]
    return {"refused"} if has_words and any(400 <= number <= 599 for number in numbers) else set()


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
