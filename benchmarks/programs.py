"""Servers of the benchmarks, each a program of its own that prints its port."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def listening(command: Sequence[str]) -> Iterator[int]:
    """Run a program that prints the port on which it listens, and yield that."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()
