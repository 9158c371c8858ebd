"""Tests wait for what happens, however busy the machine is, and never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

T = TypeVar("T")

PATIENCE = 240.0
"""Seconds; less than a test may take (`pyproject.toml`), so that one which waits in vain says for what."""

PAUSE = 0.05
"""Seconds between two looks."""


def wait_until(look: Callable[[], T], told: Callable[[], object] | None = None, *, seconds: float = PATIENCE) -> T:
    """Look until there is something to see; returns it.

    Args:
        told: What to say if it never comes; without it, what was seen last.
        seconds: How long to look; more only where a test may take more.

    Raises:
        AssertionError: It did not come.
    """
    ends = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < ends, f"it never came: {told() if told else seen!r}"
        time.sleep(PAUSE)
    return seen


def is_ready(url: str) -> bool:
    """Return whether the server at this address says that it is ready."""
    try:
        return httpx.get(f"{url}/readyz", timeout=60).status_code == 200
    except httpx.TransportError:
        return False
