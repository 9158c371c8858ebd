"""What was made of texts lately, kept for all organizations in one process: none pushes out what others use."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from orderflow.domain.reach import current

Made = TypeVar("Made")

BESIDE_A_TEXT = 1_000
"""What each thing that is kept counts for beside the characters of its text."""


class SharedCache(Generic[Made]):
    """Makes things of texts, and keeps the last ones; where there is no room, what takes most gives way first.

    Args:
        make: From a text, and what it depends on besides. What it raises is passed on, and not kept.
        most: Characters of the texts that are kept, of all organizations together.
    """

    def __init__(self, make: Callable[..., Made], most: int) -> None:
        self._make, self._most = make, most
        self._kept: dict[str, OrderedDict[tuple[Any, ...], Made]] = {}
        self._sizes: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, text: str, *beside: Hashable) -> Made:
        """Return what is made of a text: what was made for the same organization before, if it is still there."""
        organization, key = current().organization, (text, *beside)
        with self._lock:
            mine = self._kept.get(organization, OrderedDict())
            if key in mine:
                mine.move_to_end(key)
                return mine[key]
        made = self._make(*key)
        with self._lock:
            self._keep(organization, key, made)
        return made

    def _keep(self, organization: str, key: tuple[Any, ...], made: Made) -> None:
        mine = self._kept.setdefault(organization, OrderedDict())
        if key not in mine:
            self._sizes[organization] += _size(key)
        mine[key] = made
        while self._sizes.total() > self._most:
            largest = max(self._sizes, key=lambda one: self._sizes[one])
            oldest, _ = self._kept[largest].popitem(last=False)
            self._sizes[largest] -= _size(oldest)
            if not self._kept[largest]:
                del self._kept[largest], self._sizes[largest]


def _size(key: tuple[Any, ...]) -> int:
    return len(key[0]) + BESIDE_A_TEXT
