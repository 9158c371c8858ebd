"""Measure and print: `python -m benchmarks [--full] [--only NAME …] [--list]`.

Each module of benchmarks/rows/ has `measure(full: bool) -> Iterator[Row]`: what it starts, it stops. `--full` means
more repetitions and larger numbers. Figures of different rows are measured one after the other, never at once; the
peers of a row take turns with us, run by run, because a machine's speed changes from minute to minute. A module that
fails is said at the end, with status 1; the others are measured all the same. What is not installed here is left out,
and said, too.
"""

from __future__ import annotations

import argparse
import atexit
import pkgutil
import shutil
import signal
import sys
import time
from dataclasses import replace
from typing import Any

import benchmarks.rows
from benchmarks.runs import measure, measured_code
from benchmarks.table import Row, compare, markdown, recorded, save, show, states


def main() -> None:
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.rows.__path__))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--full", action="store_true", help="larger numbers, more repetitions: an hour instead of minutes"
    )
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help="measure only these")
    parser.add_argument("--list", action="store_true", help="list what can be measured")
    parser.add_argument(
        "--compare", action="store_true", help="leave the recorded results as they are: only say what moved"
    )
    parser.add_argument("--markdown", action="store_true", help="print what was measured as docs/performance.md has it")
    wanted = parser.parse_args()
    if wanted.list:
        print("\n".join(names))
        return
    if wanted.markdown:
        print(markdown())
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what was started is stopped then too
    remove_at_the_end()
    before, start, code = recorded(), time.monotonic(), measured_code()
    rows: list[Row] = []
    failures: list[str] = []
    left_out: list[str] = []
    for row in measure(wanted.only, full=wanted.full, failures=failures, left_out=left_out):
        rows.append(replace(row, code=code, full=wanted.full))
        if not wanted.compare:
            save(rows[-1:])
    show(rows)
    print("Beside the recorded results:", *compare(before, rows), sep="\n  ")
    print(f"The recorded results are of {states(recorded().values())}.")
    print(f"{time.monotonic() - start:.0f} s in all")
    if left_out:
        print("Left out:", *left_out, sep="\n  ")
    if failures:
        sys.exit("\n  ".join(["Not measured to the end:", *failures]))


def remove_at_the_end() -> None:
    """Let folders lie until all is measured.

    On ext4 without a journal, making a file takes 1 ms instead of 0.1 for minutes after thousands were removed
    (`recently_deleted` in the kernel's fs/ext4/ialloc.c), which would be blamed on whoever is measured next.
    """
    remove, left = shutil.rmtree, list[Any]()
    atexit.register(lambda: [remove(folder, ignore_errors=True) for folder in left])
    shutil.rmtree = lambda folder, *_, **__: left.append(folder)


if __name__ == "__main__":
    main()
