"""Break everything, again and again, and count: `python -m tests.chaos --orders 20000 --faults 200 --seed 1`.

The last line is JSON: `{"orders", "faults", "lost", "doubled", "unaccounted"}`. Exits with 1 unless the last three
are 0.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chaos.faults import FAULTS, shuffled
from tests.chaos.installation import Installation
from tests.chaos.reckoning import Reckoning, reckon

DRAIN = 120.0
"""Seconds without any progress after which the rest counts as waiting."""

REQUESTED = "SELECT count(*) FROM erp_export"
OPEN = "SELECT count(*) FROM erp_export WHERE status IN ('PENDING', 'SENT')"


def main() -> int:
    wanted = _arguments()
    began = time.monotonic()
    # Not below a private folder: as root, PostgreSQL's own user must be able to pass through to its data.
    with tempfile.TemporaryDirectory(prefix="of-chaos-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o711)
        with Installation(Path(home)) as place:
            faults = _break_things(place, wanted, ends=began + wanted.seconds)
            _drain(place)
            books = reckon(place)
        _report(books, faults, time.monotonic() - began)
        if wanted.keep_log:
            wanted.keep_log.write_bytes((Path(home) / "processes.log").read_bytes())
    wrong = [len(found) for found in (books.lost, books.doubled, books.unaccounted)]
    result = {"orders": books.orders, "faults": faults.total()}
    print(json.dumps(result | dict(zip(("lost", "doubled", "unaccounted"), wrong, strict=True))))
    return 1 if any(wrong) or books.states["PENDING"] or books.states["SENT"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000, help="at least so many")
    parser.add_argument("--faults", type=int, default=200, help="at most so many")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="which faults, in which order")
    parser.add_argument("--seconds", type=float, default=3_600, help="break nothing further after so long")
    parser.add_argument("--keep-log", type=Path, help="where to copy what the processes wrote")
    return parser.parse_args()


def _break_things(place: Installation, wanted: argparse.Namespace, ends: float) -> Counter[str]:
    chance = random.Random(wanted.seed)
    print(f"seed {wanted.seed}: {wanted.orders} orders, {wanted.faults} faults of {len(FAULTS)} kinds", flush=True)
    faults: Counter[str] = Counter()
    portion = -(-wanted.orders // wanted.faults)
    for name, fault in shuffled(chance):
        if faults.total() >= wanted.faults or time.monotonic() > ends:
            break
        place.enter(portion)
        time.sleep(chance.uniform(0, 0.7))
        began = time.monotonic()
        came = fault(place, chance)
        faults[name] += came
        took = f"{time.monotonic() - began:.1f} s"
        print(f"{faults.total():4} {name} ({took}{'' if came else ', not reached'})", flush=True)
    while (missing := wanted.orders - place.rows(REQUESTED)[0][0]) > 0:
        place.enter(min(missing, 500))
    return faults


def _drain(place: Installation) -> None:
    """Wait until every order is answered, pressing "test" where a person would."""
    left, progress = -1, time.monotonic()
    while left and time.monotonic() - progress < DRAIN:
        place.resume()
        place.enter(0)
        before, left = left, place.rows(OPEN)[0][0]
        if left != before:
            progress = time.monotonic()
        time.sleep(0.3)


def _report(books: Reckoning, faults: Counter[str], seconds: float) -> None:
    for name, count in sorted(faults.items()):
        print(f"{count:5} x {name}")
    for complaint in books.complaints[:50]:
        print(complaint)
    for what in ("lost", "doubled", "unaccounted"):
        print(f"{what}: {sorted(getattr(books, what))[:10]}")
    states = ", ".join(f"{count} {state}" for state, count in books.states.items())
    print(f"{books.orders} orders requested: {states}; {faults.total()} faults; {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
