"""Edits of what somebody has looked at: `ETag` says its version, `If-Match` that nothing else is to be overwritten.

RFC 9110, sections 8.8.3 and 13.1.1, with one difference: who holds a stale version is answered 409 STALE_VERSION, with
what is there now, instead of 412 without it. The tag names what people edit, not the bytes of one answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request

from orderflow.domain.errors import InputError, StaleVersionError
from orderflow.storage.store import SqlStore, VersionOf

_ELEMENT = re.compile(r'\s*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*)?(?:,|$)')

CONDITIONAL: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "description": "The `ETag` of what you looked at. If somebody changed it since, nothing happens: 409 "
            "`STALE_VERSION`, with the present `version` and what is there now as `current`. Left out, or `*`: "
            "whatever is there.",
            "schema": {"type": "string", "examples": ['"7"']},
        }
    ]
}
"""The `openapi_extra=` of a route that edits."""


def seen(request: Request) -> frozenset[int] | None:
    """Return the versions that the caller has seen; None if any will do.

    Weak tags never match, as RFC 9110 has it for If-Match, nor do tags that are not ours.

    Raises:
        InputError: The header is not a list of entity tags.
    """
    lines = request.headers.getlist("if-match")
    given = ",".join(lines).strip()
    if not lines or given == "*":
        return None
    tags = list(_tags(given))
    if not tags:
        raise _no_tags()
    return frozenset(int(tag) for weak, tag in tags if not weak and _OURS.fullmatch(tag))


_OURS = re.compile(r"[1-9][0-9]{0,9}")


def _tags(given: str) -> Iterator[tuple[str | None, str]]:
    position = 0
    while position < len(given):
        found = _ELEMENT.match(given, position)
        if found is None:
            raise _no_tags()
        if found[2] is not None:
            yield found[1], found[2]
        position = found.end()


def _no_tags() -> InputError:
    fields = [{"field": "If-Match", "message": 'must be `*` or entity tags, as "7"'}]
    return InputError("The header If-Match cannot be used.", details={"fields": fields})


def note_version(request: Request, version: int) -> None:
    """Let the answer carry this version as its `ETag`."""
    noted(request)["version"] = version


def noted(request: Request) -> dict[str, Any]:
    """Return what was noted of a request for its answer: the values of `request.state`, without looking for each."""
    state: dict[str, Any] = request.scope["state"]
    return state


def tag(version: int) -> str:
    """Return a version as an entity tag."""
    return f'"{version}"'


@contextmanager
def editing(request: Request, store: SqlStore, version_of: VersionOf, current: Callable[[], Any]) -> Iterator[SqlStore]:
    """Give the store for one edit, which goes through only if what is there is what the caller has seen.

    Args:
        current: Returns what is there now, as it goes out, for a caller who has seen something else.

    Raises:
        StaleVersionError: The caller has seen something else.
    """
    versions = seen(request)
    try:
        yield store if versions is None else store.expecting(version_of, versions)
    except StaleVersionError as stale:
        stale.details["current"] = current()
        raise
