"""`python -m orderflow.testing.simulation`: play many histories, and tell the first that goes wrong as a story."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial

from orderflow.testing.simulation import play, tell
from orderflow.testing.simulation.choices import Choices
from orderflow.testing.simulation.day import Day

AT_ONCE = 250
"""Histories that a process plays before it says how it went."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play histories; returns 1 if one went wrong, 0 otherwise."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--histories", type=int, default=20_000, help="how many to play (default: 20000)")
    parser.add_argument("--seed", type=int, default=1, help="of the first; the others follow (default: 1)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one for each core")
    parser.add_argument("--seconds", type=float, help="stop after so many seconds, however many were played")
    parser.add_argument("--story", type=int, metavar="SEED", help="tell this one history, right or wrong")
    parser.add_argument("--hours", type=float, help="live through so many simulated hours without a break instead")
    options = parser.parse_args(arguments)
    if options.hours is not None:
        return _live(options.hours, options.seed)
    if options.story is not None:
        print(tell(options.story))
        return 0
    failed, played, took = _play_all(options)
    if failed is None:
        print(f"{played:,} histories in {took:.0f} s: nothing taken twice, nothing lost, all books agree.")
        return 0
    print(f"History {failed} goes wrong, after {played:,} histories and {took:.1f} s:\n\n{tell(failed, shrunk=True)}")
    return 1


def _live(hours: float, seed: int) -> int:
    started = time.monotonic()
    day = Day(Choices(seed))
    wrong = day.live(hours * 3_600)
    print(f"{day.clock.seconds / 3_600:.1f} hours in {time.monotonic() - started:.0f} s: {day.told()}")
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


def _play_all(options: argparse.Namespace) -> tuple[int | None, int, float]:
    started, played = time.monotonic(), 0
    starts = range(options.seed, options.seed + options.histories, AT_ONCE)
    with multiprocessing.Pool(options.processes) as pool:
        last = options.seed + options.histories
        for failed in pool.imap_unordered(partial(_first_wrong, last=last), starts):
            played = min(played + AT_ONCE, options.histories)
            took = time.monotonic() - started
            if failed is not None or (options.seconds is not None and took > options.seconds):
                pool.terminate()
                return failed, played, took
            if sys.stderr.isatty():
                print(f"\r{played:,} histories, {played / took:.0f} a second", end="", file=sys.stderr)
    return None, played, time.monotonic() - started


def _first_wrong(start: int, last: int) -> int | None:
    return next((seed for seed in _seeds(start, last) if play(seed)), None)


def _seeds(start: int, last: int) -> Iterator[int]:
    return iter(range(start, min(start + AT_ONCE, last)))


if __name__ == "__main__":
    sys.exit(main())
