"""Whether an answer is only a part of one, or an old or unfinished one: what is not in it may be there all the same.

Nobody can list all the names that APIs have for this, so that what is looked for are kinds: flags that say "cut" or
"not done yet", ways on to a next page, counts of more than is held, counts of pages, parts of a search that failed;
what the headers of HTTP say of it. Beside these, words and states that may mean anything: they leave it open unless
they are known to be harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from orderflow.http.answer import Answer
from orderflow.http.refusals import says_nothing, yes_or_no

NOT_THE_WHOLE = frozenset({202, 203, 206})
"""Accepted but not done, changed on the way, a part. Source: RFC 9110, sections 15.3.3, 15.3.4, 15.3.7."""

FULL_PAGE = 10
"""Entries of a list from which on it is taken for one page of many, unless a total says that it is all."""

_DEEP = 4
_CUT = re.compile(r"partial|incomplete|truncat|clipped|^cut|hasmore|^more|more$|morere|moreava|hasnext")
_CUT_IF_TRUE = re.compile(
    r"timedout|timeout|exceed|overflow|capped|limited|sampled|approx|estimat|stale|cached|degraded"
)
_NOT_YET = re.compile(
    r"complete|^isdone|^done|final|finished|^(is)?last|ready|exhaustive|uptodate|synced|indexed|loaded"
)
_GOES_ON = re.compile(r"^next|next$|nextlink|nextpage|nextcursor|nexttoken|continu|^cursor$|resumptiontoken")
_TOTAL = re.compile(
    r"^(total(count|items|results|hits|records|elements|rows|matches|found|number)?|odatacount|count|numfound|nbhits"
    r"|(result|record|item|full)scount|(result|record|item|full)count)$"
)
_PAGES = re.compile(r"^(pages|total_?pages|pagestotal|pagecount|numpages|nbpages|lastpage|pagesnumber|numberofpages)$")
_PLACE = re.compile(r"^(page|pagenumber|currentpage|pageindex|pageno|offset|skip|start|startat|startindex|from)$")
_LIMIT = re.compile(r"^(limit|pagesize|perpage|maxresults|pagelimit|rows|top|size|itemsperpage|maxitems|batchsize)$")
_PROGRESS = re.compile(r"progress|percent")
_OF = re.compile(r"(?<!\d)(\d++)\s*+(?:of|/|von|de|sur|di|van|out of)\s*+(\d++)", re.IGNORECASE)
_STATES = ("status", "state", "outcome", "phase", "stage", "health", "result")
_DONE = frozenset(
    {
        *("complete", "completed", "done", "finished", "final", "ready", "found", "green", "healthy", "200"),
        *(
            "not found",
            "notfound",
            "no results",
            "zero results",
            "no data",
            "nothing found",
            "empty",
            "none",
            "missing",
        ),
        *("no content", "no match", "no matches", "absent"),
    }
)
_WARNS = re.compile(r"warn|caution|alert|advisor")
_WORDS = re.compile(
    r"^(messages?|msg|info|information|notices?|notes?|hint|details?|description|reason|comment|remark)$"
)
_THING = r"(order|record|result|match(e)?|document|entr(y|ie)|item|hit|row|object|resource|data)s?"
_HARMLESS = re.compile(
    r"(ok|okay|success\w*|done|complete[d]?|found|not found|nothing found|request (was )?successful"
    rf"|(there (is|are|was|were) )?(no|zero|0)( \w+)? {_THING}( (were |was )?(found|exists?|matched))?"
    rf"|(the )?(\w+ )?{_THING} (was |were |could )?not (be )?found)",
    re.IGNORECASE,
)


def is_part(answer: Answer, value: Any) -> bool:
    """Return whether a JSON answer or its head says that it is cut, old, goes on, or counts more than it holds."""
    objects = list(_objects(value, _DEEP))
    lists = [value, *(inner for one in objects for inner in one.values())]
    held = max((len(inner) for inner in lists if isinstance(inner, list)), default=0)
    if answer.status in NOT_THE_WHOLE or _head_says_so(answer, held):
        return True
    if any(_says_so(_plain(name), inner) for one in objects for name, inner in one.items()):
        return True
    if any(_less_than_all(one) or _counts_more(one, held) for one in objects):
        return True
    return held >= FULL_PAGE and not any(_is_all(one, held) for one in objects)


def leaves_open(value: Any, but: frozenset[str] = frozenset()) -> bool:
    """Return whether words or a state in a JSON answer may say that it is not to be relied on.

    Args:
        but: Names that the connection's own expressions decide on.
    """
    facts = [(_plain(name), inner) for one in _objects(value, _DEEP) for name, inner in one.items() if name not in but]
    return any(_open_state(name, inner) or _open_words(name, inner) for name, inner in facts)


def _objects(value: Any, deep: int) -> Iterator[dict[str, Any]]:
    """Yield the objects of an answer, but for those in lists: these are what was asked for."""
    if isinstance(value, dict) and deep:
        yield value
        for inner in value.values():
            yield from _objects(inner, deep - 1)


def _says_so(name: str, inner: Any) -> bool:
    if isinstance(inner, dict):  # what is in it speaks for itself
        return name in ("next", "nextpage") and not says_nothing(inner)
    said, number = _yes(inner), _number(inner)
    if _CUT.search(name) or _GOES_ON.search(name):
        return said is not False and not says_nothing(inner)
    if name == "links" and isinstance(inner, list):
        return any(isinstance(one, dict) and one.get("rel") == "next" for one in inner)
    if isinstance(inner, str) and "page" in f"{name} {inner.lower()}" and (of := _OF.search(inner)):
        return "/page" not in inner and int(of[2][:9]) > 1
    if number is not None and not isinstance(inner, bool):
        return _number_says_so(name, number)
    return (said is True and bool(_CUT_IF_TRUE.search(name))) or (said is False and bool(_NOT_YET.search(name)))


def _number_says_so(name: str, number: Decimal) -> bool:
    if _PAGES.match(name) or _PLACE.match(name):
        return number > 1
    return bool(_PROGRESS.search(name)) and number not in (1, 100)


def _counts_more(one: dict[str, Any], held: int) -> bool:
    """Return whether an object counts more than is held, does not know how much there is, or is full to its limit."""
    named = {_plain(name): inner for name, inner in one.items()}
    if "successful" in named or "failed" in named:  # counts what searched, not what was found
        return False
    totals = [number for name, inner in named.items() if _TOTAL.match(name) and (number := _total(inner)) is not None]
    if totals:
        return any(number > held or number < 0 for number in totals)
    limits = [number for name, inner in named.items() if _LIMIT.match(name) and (number := _number(inner)) is not None]
    return any(0 < number <= held for number in limits)


def _is_all(one: dict[str, Any], held: int) -> bool:
    return any(_TOTAL.match(_plain(name)) and _total(inner) == held for name, inner in one.items())


def _less_than_all(one: dict[str, Any]) -> bool:
    """Return whether something searched in parts, and not all of these answered, as Elasticsearch's `_shards`."""
    named = {_plain(name): inner for name, inner in one.items()}
    total, successful = _number(named.get("total")), _number(named.get("successful"))
    fewer = total is not None and successful is not None and successful < total
    return fewer or (_number(named.get("failed")) or 0) > 0 or named.get("relation") in ("gte", "gt")


_RELATIONS = re.compile(r"rel\s*+=\s*+\"?+([^\";,]*+)", re.IGNORECASE)
_NEXT = re.compile(r"\bnext\b", re.IGNORECASE)


def _head_says_so(answer: Answer, held: int) -> bool:
    """Tell what HTTP's own fields say: RFC 9110 (Content-Range), 9111 (Age, Warning), 8288 (Link)."""
    head = answer.headers
    range_of = re.search(r"(\d+)\s*$", head.get("Content-Range", "")[-40:])
    total = max((_number(head.get(name, "")) or 0 for name in ("X-Total-Count", "X-Total")), default=0)
    return (
        any(_NEXT.search(relation[1]) for relation in _RELATIONS.finditer(head.get("Link", "")))
        or bool(head.get("Warning", "").strip())
        or (_number(head.get("Age", "")) or 0) > 0
        or (range_of is not None and int(range_of[1]) > held)
        or total > held
        or (_number(head.get("X-Total-Pages", "")) or 0) > 1
    )


def _open_state(name: str, inner: Any) -> bool:
    if name not in _STATES or not isinstance(inner, str):
        return False
    text = re.sub(r"[\W_]+", " ", inner).strip().lower()
    return not (says_nothing(inner) or yes_or_no(inner) is True or text in _DONE)


def _open_words(name: str, inner: Any) -> bool:
    if _WARNS.search(name):
        return not says_nothing(inner)
    if not _WORDS.match(name):
        return False
    texts = [one for one in (inner if isinstance(inner, list) else [inner]) if isinstance(one, str)]
    return any(not (says_nothing(text) or _HARMLESS.fullmatch(text.strip().strip(".!"))) for text in texts)


def _yes(value: Any) -> bool | None:
    return yes_or_no(value) if isinstance(value, bool | str) else None


def _total(value: Any) -> Decimal | None:
    return _number(value.get("value")) if isinstance(value, dict) else _number(value)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip(), re.ASCII):
        return Decimal(value.strip())
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
