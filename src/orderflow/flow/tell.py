"""Events are sent to the programs that want them: at least once, and those of one order in their order.

What is to be sent is in the database; an engine takes a turn at an endpoint and notes after each message what became
of it. So a crash sends one message twice, and none never. A message carries the same id each time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.reach import Reach

AT_ONCE = 100
"""Messages that are taken at a time."""

TURN_SECONDS = 20.0
"""After so long a turn ends, and the endpoint goes behind the others."""

LEASE_SECONDS = 60.0
"""For which an endpoint belongs to one turn; extended with each message, which takes 15 s at most."""

IN_A_ROW = 3
"""Failures without a success between, from which on the whole endpoint rests, and not one order's messages alone."""

FIRST_WAIT, LONGEST_WAIT = 5.0, 3600.0
"""Seconds between attempts: doubled from one to the next."""

GIVE_UP_DAYS = 5
"""An endpoint that took nothing for so long is disabled, and a person told; what waits for it goes on waiting."""

GONE = 410
"""An endpoint that answers so is disabled at once (Standard Webhooks; RFC 9110, section 15.5.11)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events go.

    Attributes:
        token: Proves that it belongs to this turn.
        secrets: What is signed with: the present one, and the one before for as long as both count.
        failures: In a row, until now.
    """

    id: UUID
    org_id: UUID
    token: UUID
    url: str
    reach: Reach
    secrets: Sequence[str] = field(repr=False)
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """An event on its way.

    Attributes:
        id: The same at each attempt, so that a receiver can tell a repetition.
        subject: The order or connection that it is about.
        attempts: Made before.
    """

    id: str
    number: int
    subject: UUID
    kind: str
    at: datetime
    data: dict[str, Any]
    attempts: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the payload, in the form that Standard Webhooks recommends."""
        return {"type": self.kind, "timestamp": self.at.isoformat(), "data": self.data}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt.

    Attributes:
        status: Of the answer; None: there was none.
        error: What went wrong, without secrets; None: it was taken.
        ms: How long it took, in milliseconds.
    """

    status: int | None
    error: dict[str, Any] | None
    ms: int

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return self.error is None

    @property
    def gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == GONE


class Outbox(Protocol):
    """What is to be sent, in the database."""

    def open(self, org_id: UUID, endpoint_id: UUID) -> Endpoint | None:
        """Take the endpoint for a turn, and note what is new for it; None if there is nothing to do."""

    def take(self, endpoint: Endpoint, most: int) -> list[Message]:
        """Return what is due, those of one subject in their order."""

    def settle(self, endpoint: Endpoint, message: Message, outcome: Outcome, wait: float, rest: float | None) -> bool:
        """Note what became of a message; False: it is another's turn, or was changed, and nothing was noted.

        Args:
            wait: Seconds until it is tried again, if it was not taken; what follows it waits for it.
            rest: Seconds for which the whole endpoint is left alone.
        """

    def close(self, endpoint: Endpoint) -> None:
        """End the turn."""


Send = Callable[[Endpoint, Message], Outcome]
Sender = Callable[[Endpoint], AbstractContextManager[Send]]
Stopped = Callable[[], bool]


def tell(outbox: Outbox, sender: Sender, org_id: UUID, endpoint_id: UUID, stopped: Stopped) -> bool:
    """Take a turn at an endpoint; True if more is likely to be there."""
    endpoint = outbox.open(org_id, endpoint_id)
    if endpoint is None:
        return False
    try:
        messages = outbox.take(endpoint, AT_ONCE)
        with sender(endpoint) as send:
            went_on = _send_all(outbox, send, endpoint, messages, stopped)
    finally:
        outbox.close(endpoint)
    return went_on and len(messages) == AT_ONCE


def _send_all(outbox: Outbox, send: Send, endpoint: Endpoint, messages: Sequence[Message], stopped: Stopped) -> bool:
    """Send one message after the other; False if the endpoint is to be left alone."""
    failed: set[UUID] = set()
    failures, ends = endpoint.failures, time.monotonic() + TURN_SECONDS
    for message in messages:
        if message.subject in failed:
            continue
        if stopped() or time.monotonic() > ends:
            return not stopped()
        outcome = send(endpoint, message)
        failures = 0 if outcome.taken else failures + 1
        rest = _rest(outcome, failures)
        if not outbox.settle(endpoint, message, outcome, backoff(message.attempts), rest) or rest is not None:
            return False
        if not outcome.taken:
            failed.add(message.subject)
    return True


def _rest(outcome: Outcome, failures: int) -> float | None:
    """Return for how long the endpoint rests: at once if nobody answers, else after some failures in a row."""
    if outcome.taken or (outcome.status is not None and failures < IN_A_ROW and not outcome.gone):
        return None
    return backoff(max(0, failures - IN_A_ROW))


def backoff(times: int) -> float:
    """Return the seconds to wait after something failed that had failed so many times before."""
    return min(FIRST_WAIT * 2.0 ** min(times, 20), LONGEST_WAIT)
