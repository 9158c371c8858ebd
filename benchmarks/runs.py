"""One run through the modules of benchmarks/rows/, and the state of the code that it measures."""

from __future__ import annotations

import importlib
import subprocess
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.table import Row


class LeftOutError(Exception):
    """What a module needs is not there; says what, and how to get it."""


def measure(names: Sequence[str], *, full: bool, failures: list[str], left_out: list[str]) -> Iterator[Row]:
    """Yield what the modules of these names measure, saying how far we are; one that fails does not end the others.

    Args:
        failures: Here it is added what failed.
        left_out: Here it is added what could not be measured here.
    """
    start = time.monotonic()
    for number, name in enumerate(names, start=1):
        began = time.monotonic()
        print(f"{number} of {len(names)}, after {began - start:.0f} s: {name} …", flush=True)
        try:
            for row in importlib.import_module(f"benchmarks.rows.{name}").measure(full):
                print(f"  {row.row}: {row.ours:,.4g} {row.unit}", flush=True)
                yield row
        except LeftOutError as error:
            left_out.append(f"{name}: {error}")
        except Exception as error:  # noqa: BLE001  # of whatever a module started; it is told, and told again at the end
            traceback.print_exc()
            failures.append(f"{name}: {type(error).__name__}: {error}")
        print(f"  {time.monotonic() - began:.0f} s", flush=True)


def measured_code() -> str:
    """Return the commit that is measured, with a `+` if there are changes beside it; empty where there is no git."""
    git = ["git", "-C", str(Path(__file__).parents[1])]
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    if commit.returncode:
        return ""
    beside = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", ".", ":!benchmarks/results.json"], check=False)
    return commit.stdout.strip() + ("+" if beside.returncode else "")
