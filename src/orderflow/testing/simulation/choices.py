"""Every accident of a history is a number that was drawn; the same numbers make the same history.

Zero always means that nothing special happens: the first task goes on, nobody dies, no reply is lost. A failing
history is therefore made shorter by setting numbers to zero for as long as it fails (`shrink`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence


class Choices:
    """Draws numbers and keeps them, or plays kept ones.

    Args:
        seed: Decides all numbers beyond `played`; None makes those zero.
        played: Numbers drawn before, to be given out again in the same order.
    """

    def __init__(self, seed: int | None = None, played: Sequence[int] = ()) -> None:
        self._draw = None if seed is None else random.Random(seed).random  # noqa: S311  # repeatable, guards nothing
        self._played = played
        self.drawn: list[int] = []

    def below(self, limit: int) -> int:
        """Return a number from 0 to `limit - 1`, each as likely as the others."""
        at = len(self.drawn)
        if at < len(self._played):
            number = min(self._played[at], limit - 1)
        else:
            number = int(self._draw() * limit) if self._draw is not None else 0
        self.drawn.append(number)
        return number

    def one_in(self, odds: int) -> bool:
        """Return whether an accident of these odds happens."""
        return self.below(odds) == 1


def shrink(drawn: Sequence[int], fails: Callable[[Sequence[int]], bool], most: int = 2_000) -> list[int]:
    """Return numbers of which as many as possible are zero and which still fail.

    Args:
        drawn: The numbers of a history that failed.
        fails: Plays numbers and returns whether their history fails.
        most: Histories that are tried at most.
    """
    best, tries = list(drawn), 0
    size = max(len(best) // 2, 1)
    while size and tries < most:
        smaller = False
        for start in range(0, len(best), size):
            if not any(best[start : start + size]):
                continue
            tried = best[:start] + [0] * len(best[start : start + size]) + best[start + size :]
            tries += 1
            if fails(tried):
                best, smaller = tried, True
        size = size if smaller and size == 1 and tries < most else size // 2
    while best and best[-1] == 0:
        best.pop()
    return best
