"""Figures to be compared are taken in turns: a machine's speed changes from minute to minute."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from statistics import median


class Figures(dict[str, float]):
    """The median of each program's runs, by its name.

    Attributes:
        spread: How far from its median the farthest run of each lay, as a share of it; none for a single run.
    """

    def __init__(self, runs: Mapping[str, list[float]]) -> None:
        super().__init__({name: median(values) for name, values in runs.items()})
        self.spread = {
            name: max(abs(run / self[name] - 1) for run in values) for name, values in runs.items() if len(values) > 1
        }


def medians(programs: Mapping[str, Callable[[], float]], rounds: int, once: Container[str] = ()) -> Figures:
    """Run each program once in every round, each round beginning with another one; return each one's median.

    Args:
        once: Programs that run in the first round only, since they are slow, and far from all others.
    """
    names = list(programs)
    figures: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            if not (number and name in once):
                figures[name].append(programs[name]())
    return Figures(figures)
