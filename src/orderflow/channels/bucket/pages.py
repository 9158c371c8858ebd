"""Lists of a store, which come in pages: each has an end, in number and in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orderflow.channels.limits import too_many_names
from orderflow.domain.errors import UnavailableError
from orderflow.net.deadline import Deadline

MOST_PAGES = 1_000
"""Of a thousand names each, as stores give them; some hold none."""

LONGEST = 600.0
"""Seconds for all pages of a list."""


def pages(ask: Callable[..., dict[str, Any]], goes_on: Mapping[str, str], place: str) -> Iterator[dict[str, Any]]:
    """Yield the pages of a list.

    Args:
        ask: Asks for a page, given where it begins.
        goes_on: What tells the next request where to begin, and what an answer calls that.
        place: What is listed, for a person.

    Raises:
        NeedsAttentionError: The list never ends.
        UnavailableError: It takes too long.
        KeyError: A page does not say where the next one begins.
    """
    deadline = Deadline(LONGEST)
    begins: dict[str, Any] = {}
    for _ in range(MOST_PAGES):
        page = ask(**begins)
        yield page
        if not page.get("IsTruncated"):
            return
        if deadline.passed:
            raise UnavailableError(f"The list of {place} did not end within {LONGEST:.0f} seconds.", code="TIMEOUT")
        begins = {name: page[named] for name, named in goes_on.items()}
    raise too_many_names("the store", place)
