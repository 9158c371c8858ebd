"""Let everything work for long while things break, and tell what grows: `python -m tests.soak --minutes 60`.

Each series is said to be flat or growing. The last line is JSON: `{"orders", "faults", "growing", "left"}`. Exits with
1 if something grows, if orders are left that are not through, or if the API or our worker ended by itself.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from orderflow.domain.errors import OrderFlowError
from tests.soak.ageing import Ageing
from tests.soak.faults import Faults
from tests.soak.machine import Machine
from tests.soak.place import Place
from tests.soak.samples import SEEN_ONLY, STAYS, Samples, Series
from tests.soak.work import Work

SAMPLES = 60
LONG = 30
"""Minutes from which on a series may rise by a twentieth; in less the warm-up is still part of it."""

OURS = {"api", "worker"}
"""Processes that must not end by themselves. Celery's are Celery's."""

DRAIN = 180.0
"""Seconds that all that is under way gets to end."""

_LEFT = """
    SELECT count(*) FROM draft_order WHERE status IN ('READY', 'APPROVED', 'PUSHING', 'PUSHED', 'RECALLING')
"""


def main() -> int:
    """Run; returns 1 if something grows or is left, 0 otherwise."""
    wanted = _arguments()
    seconds = wanted.minutes * 60
    # Not below a private folder: as root, PostgreSQL's own user must be able to pass through to its data.
    with tempfile.TemporaryDirectory(prefix="of-soak-", dir="/var/tmp", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o711)
        with Place(Path(home), prune_seconds=max(1.0, seconds / 60)) as place:
            work, faults, ageing = Work(place, wanted.seed), Faults(place, seconds / 45), Ageing(place, seconds / 12)
            machine = Machine()
            samples = Samples(place, work.took, machine.took)
            print(f"{wanted.minutes:g} minutes, seed {wanted.seed}", flush=True)
            with ExitStack() as stack:
                for one in (machine, ageing, faults, work):
                    one.start()
                    stack.callback(one.stop)
                _measure(place, samples, seconds)
            left = _drain(place, work)
        if wanted.keep_log:
            wanted.keep_log.write_bytes((Path(home) / "processes.log").read_bytes())
    allowed = wanted.allowed or (0.05 if wanted.minutes >= LONG else 0.3)
    growing = _report(samples, allowed)
    print(f"work: {_counted(work.done)}; refused or broken off: {_counted(work.failed)}")
    print(f"faults: {_counted(faults.done)}; ended by themselves: {_counted(place.ended)}")
    result = {"orders": work.orders, "faults": faults.done.total(), "growing": growing, "left": left}
    print(json.dumps(result))
    return 1 if growing or left or place.ended.keys() & OURS else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of what is drawn")
    parser.add_argument("--allowed", type=float, help="share of its level by which a series may rise")
    parser.add_argument("--keep-log", type=Path, help="where to copy what the processes wrote")
    return parser.parse_args()


def _measure(place: Place, samples: Samples, seconds: float) -> None:
    began, every = time.monotonic(), seconds / SAMPLES
    for number in range(1, SAMPLES + 1):
        time.sleep(max(0.0, began + number * every - time.monotonic()))
        place.start_what_ended()
        samples.take(time.monotonic() - began, every)
        if number % 5 == 0:
            print(f"{number * every / 60:.1f} min: {_glance(samples.series)}", flush=True)


def _glance(series: dict[str, Series]) -> str:
    shown = [(name, one) for name, one in series.items() if name.startswith(("memory", "orders"))]
    return ", ".join(f"{name} {one.values[-1]:.0f}" for name, one in shown)


def _drain(place: Place, work: Work) -> int:
    """Wait until every order is through, doing what people would; returns how many are not."""
    ends, left = time.monotonic() + DRAIN, -1
    while left and time.monotonic() < ends:
        time.sleep(1)
        work.tidy_up()
        try:
            with place.app.database.transaction(place.org_id) as connection:
                left = int(connection.exec_driver_sql(_LEFT).scalar_one())
        except OrderFlowError:
            place.app.revive()
    return left


def _report(samples: Samples, allowed: float) -> list[str]:
    """Print what became of each series, and return those that grow."""
    growing = []
    print(f"{'':44} {'level':>10} {'rise':>10} {'noise':>8}")
    for name, one in sorted(samples.series.items()):
        verdict = one.judged(allowed, samples.machine)
        why = STAYS.get(name.removeprefix("size of ").removeprefix("dead rows of ")) or SEEN_ONLY.get(name)
        word = "growing" if verdict.grows else "flat"
        if verdict.grows and why is None:
            growing.append(name)
        told = f"{word} ({why})" if verdict.grows and why else word
        print(f"{name:44} {verdict.level:10.4g} {verdict.rise:+10.3g} {verdict.noise:8.2g} {one.unit:12} {told}")
    return growing


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()) or "none"


if __name__ == "__main__":
    sys.exit(main())
