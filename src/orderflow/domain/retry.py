"""When a failed attempt is tried again, and under which key every attempt is known."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from uuid import UUID

LONGEST_WAIT = 900.0
"""Seconds between two attempts at most, whatever the settings and the target say; a target that wants more rests."""

LONGEST_AWAITED = 3_600.0
"""Seconds for which a receipt that comes later is waited for at most, before it is asked for."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff, `base · 2^n` seconds with full jitter on the upper half, up to `cap`.

    Attributes:
        max_attempts: Attempts in all, the first included; after the last the export is FAILED.
        base: Seconds before the first retry.
        cap: The longest wait in seconds.
        jitter: Share of the wait that is drawn by chance, 0 to 1, so that retries do not come in step.
    """

    max_attempts: int = 4
    base: float = 5.0
    cap: float = 900.0
    jitter: float = 0.25

    def exhausted(self, attempts_spent: int) -> bool:
        """Return whether no further attempt follows after `attempts_spent`."""
        return attempts_spent >= self.max_attempts

    def delay(self, attempts_spent: int, retry_after: float | None = None) -> float:
        """Return the seconds to wait after the `attempts_spent`-th attempt (1 is the first) has failed.

        Args:
            retry_after: Seconds that the target asked for; never waited less than this, within `cap`.
        """
        exponent = min(max(attempts_spent - 1, 0), 62)
        wait = min(self.base * 2.0**exponent, self.cap)
        wait -= wait * self.jitter * random.random()  # noqa: S311  # spreads load, guards nothing
        return min(max(wait, retry_after or 0.0), max(self.cap, wait))


def idempotency_key(org_id: UUID, draft_order_id: UUID, attempt: int) -> str:
    """Return the key of one attempt: equal for equal arguments, 64 hex digits.

    Attempts count up per order and never restart, so that a retry by an operator can never meet the key of
    an earlier attempt; and the order is part of it, so that two orders never share one.
    """
    return hashlib.sha256(f"{org_id}:{draft_order_id}:{attempt}".encode()).hexdigest()
