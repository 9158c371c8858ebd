"""A person is told when the state of a connection or of the installation changes: once per change, never per order.

What is to be told is derived from what the database says and noted there, so that a crash loses nothing and whoever
sweeps next finds it; then it is sent over every channel that is configured, each until it worked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from orderflow.domain.errors import OrderFlowError
from orderflow.flow.watch import Trouble

MOST_IN_A_TURN = 20
TO_SPARE = 30.0
"""Seconds for which a notification belongs to one turn beyond the longest that sending it takes."""

MOST_ATTEMPTS = 40
FIRST_WAIT, LONGEST_WAIT = 15.0, 3600.0
"""Seconds between attempts to send; 40 attempts take about a day and a half."""

Event = Literal[
    "connection.needs_attention",
    "connection.unavailable",
    "connection.recovered",
    "connection.disabled",
    "answers.overdue",
    "answers.contradicted",
    "answers.unreadable",
    "answers.not_read",
    "deliveries.held",
    "certificate.ends",
    "webhook.disabled",
    "installation.trouble",
    "installation.recovered",
]
_SUBJECTS: dict[Event, str] = {
    "connection.needs_attention": "{0} is paused until somebody acts",
    "connection.unavailable": "{0} cannot be reached",
    "connection.recovered": "{0} delivers again",
    "connection.disabled": "{0} was disabled: its settings do not open",
    "answers.overdue": "{0} leaves deliveries unanswered",
    "answers.contradicted": "{0} answered against what was known: look whether an order is there twice",
    "answers.unreadable": "{0} gives answers that cannot be read",
    "answers.not_read": "The answers of {0} are not read",
    "deliveries.held": "{0} has orders of which nobody knows whether they arrived: look for them there",
    "certificate.ends": "{0} soon has no certificate left: add the one that follows it",
    "webhook.disabled": "The webhook {2} of {3} was disabled, as it took nothing for days",
    "installation.trouble": "The installation needs somebody: {1}",
    "installation.recovered": "The installation is out of trouble: {1}",
}


class NotificationError(OrderFlowError):
    """A notification could not be sent over one channel."""

    code = "NOTIFICATION_FAILED"
    hint = "It is tried again by itself; check the ORDERFLOW_NOTIFY_* and ORDERFLOW_SMTP_* settings."


@dataclass(frozen=True, slots=True)
class Notification:
    """What a person is told.

    Attributes:
        organization, connection_id, connection: Whose it is; None for what concerns the whole installation.
        data: Facts about the event, without secrets; `error`, `deliveries` and `code` where there are any.
        sent: The channels over which it went out already.
        attempts: How often it was tried before.
    """

    id: UUID
    event: Event
    organization: str | None
    connection_id: UUID | None
    connection: str | None
    created_at: datetime
    data: dict[str, Any]
    sent: Collection[str] = field(default_factory=tuple)
    attempts: int = 0

    @property
    def subject(self) -> str:
        """One sentence."""
        facts = (self.data.get("code"), self.data.get("host"), self.organization)
        return _SUBJECTS[self.event].format(f"{self.connection} ({self.organization})", *facts)

    @property
    def text(self) -> str:
        """The whole, for a person."""
        error = self.data.get("error") or {}
        lines = [f"{self.subject}.", ""]
        lines += [f"{error['message']} [{error.get('code', '')}]"] if error.get("message") else []
        lines += [error["hint"]] if error.get("hint") else []
        if waiting := self.data.get("waiting"):
            lines.append(f"{waiting} deliveries wait; none is lost.")
        lines += [_line(delivery) for delivery in self.data.get("deliveries", ())]
        return "\n".join(lines)

    def as_json(self, base_url: str) -> dict[str, Any]:
        """Return the payload of a webhook, in the form that Standard Webhooks recommends."""
        connection_id = str(self.connection_id) if self.connection_id else None
        facts = {"organization": self.organization, "connection_id": connection_id, "connection": self.connection}
        facts |= {"message": self.subject, "url": base_url}
        return {"type": self.event, "timestamp": self.created_at.isoformat(), "data": {**self.data, **facts}}


def _line(delivery: dict[str, Any]) -> str:
    if "message" in delivery:
        return f"- {delivery['filename']}: {delivery['message']}"
    doubt = " (only taken to be delivered: look for it first)" if delivery["inferred"] else ""
    return f"- {delivery['filename']}, sent {delivery['sent_at']}{doubt}"


class Channel(Protocol):
    """A way to a person.

    Attributes:
        longest: Seconds that `send` takes at most.
    """

    name: str
    longest: float

    def send(self, notification: Notification) -> None:
        """Send it. Raises NotificationError."""


class Outbox(Protocol):
    """What is to be told, in the database."""

    def note_changes(self, down_after: float, troubles: Sequence[Trouble]) -> None:
        """Note what changed since the last look, unless another process is at it.

        Args:
            down_after: Seconds after which a target counts as down, or answers as not read.
            troubles: What the installation cannot do now.
        """

    def take(self, seconds: float) -> Notification | None:
        """Return one that is due, if any is; nobody else gets it for so long."""

    def settle(self, notification: Notification, sent: Collection[str], retry_in: float | None) -> None:
        """Note over which channels it went out, unless somebody else has taken it since; None: it is done with."""


def notify(
    outbox: Outbox, channels: Sequence[Channel], down_after: float, troubles: Sequence[Trouble] = ()
) -> list[NotificationError]:
    """Note what changed and send what is due; returns what could not be sent."""
    outbox.note_changes(down_after, troubles)
    failures: list[NotificationError] = []
    for notification in _taken(outbox, sum(channel.longest for channel in channels) + TO_SPARE):
        sent, problems = _send(notification, channels)
        failures += problems
        over = not problems or notification.attempts + 1 >= MOST_ATTEMPTS
        wait = min(FIRST_WAIT * 2 ** min(notification.attempts, 10), LONGEST_WAIT)
        outbox.settle(notification, sent, None if over else wait)
    return failures


def _taken(outbox: Outbox, seconds: float) -> Iterator[Notification]:
    """Take one after the other: what waits for its turn belongs to nobody."""
    for _ in range(MOST_IN_A_TURN):
        if (notification := outbox.take(seconds)) is None:
            return
        yield notification


def _send(notification: Notification, channels: Sequence[Channel]) -> tuple[list[str], list[NotificationError]]:
    sent, problems = list(notification.sent), []
    for channel in channels:
        if channel.name in sent:
            continue
        try:
            channel.send(notification)
        except NotificationError as problem:
            problems.append(problem)
        else:
            sent.append(channel.name)
    return sent, problems
