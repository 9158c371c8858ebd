"""Figures to be compared are taken in turns: a machine's speed changes from minute to minute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median


def medians(programs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Run each program once in every round, each round beginning with another one; return each one's median."""
    names = list(programs)
    figures: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            figures[name].append(programs[name]())
    return {name: median(values) for name, values in figures.items()}
