"""Whether a series stayed flat: how much it rose from its warm-up to its end, held against its own noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

WARM_UP = 1 / 3
"""Of a run that is not judged: pools, caches and tables fill to the size that they then keep."""

NOISE = 3.0
"""A rise is one that is larger than so many times the usual distance from the line."""

FEWEST = 6
"""Samples that can tell anything."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a series.

    Attributes:
        level: Its median.
        rise: By how much its line rose over what is judged.
        noise: How far samples usually lie from that line.
        grows: It rose beyond noise, and by more than is allowed.
    """

    level: float
    rise: float
    noise: float
    grows: bool


def judge(times: Sequence[float], values: Sequence[float], allowed: float, floor: float) -> Verdict:
    """Judge a series.

    The line is that of Theil and Sen, the median of all slopes, which outliers do not move
    (https://en.wikipedia.org/wiki/Theil%E2%80%93Sen_estimator).

    Args:
        times: Seconds, rising.
        values: What was measured then.
        allowed: Share of its level by which it may rise.
        floor: What it may rise by in any case, in its own unit.
    """
    judged = [(at, value) for at, value in zip(times, values, strict=True) if at >= times[-1] * WARM_UP]
    level = median(value for _, value in judged) if judged else 0.0
    if len(judged) < FEWEST:
        return Verdict(level, 0.0, 0.0, grows=False)
    slope = median((b - a) / (t - s) for (s, a), (t, b) in combinations(judged, 2) if t > s)
    start = median(value - slope * at for at, value in judged)
    noise = median(abs(value - (start + slope * at)) for at, value in judged)
    rise = slope * (judged[-1][0] - judged[0][0])
    return Verdict(level, rise, noise, rise > max(NOISE * noise, allowed * level, floor))
