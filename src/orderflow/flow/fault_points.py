"""Named places where a test may kill the process, so that every promise about a crash can be tried.

`ORDERFLOW_FAULT=staged` kills this process with SIGKILL the first time it gets there, `staged:3` the third time.
Unset, as always outside of tests, a fault point costs one comparison.
"""

from __future__ import annotations

import os
import signal
from typing import Literal

FaultPoint = Literal[
    "requested",
    "claimed",
    "stored",
    "staged",
    "renamed",
    "settled",
    "ack come",
    "ack kept",
    "ack read",
    "ack recorded",
    "ack moved",
    "bulk batch",
]

_wanted, _, _nth = os.environ.get("ORDERFLOW_FAULT", "").partition(":")
_left = int(_nth or 1)


def reached(point: FaultPoint) -> None:
    """Note that the process got to `point`; it dies here if `ORDERFLOW_FAULT` says so."""
    global _left  # noqa: PLW0603  # counts down over the life of the process
    if point != _wanted:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
