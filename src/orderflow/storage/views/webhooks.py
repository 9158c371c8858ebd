"""Webhooks as people see them: where events go, how that does, and every attempt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from orderflow.domain.events import EventKind
from orderflow.storage.views.conditions import either, equal
from orderflow.storage.views.problem import Problem
from orderflow.storage.views.view import Ask, Condition, NextCursor, Sql, Table, View
from orderflow.storage.work.webhooks import MOST_WAITING, no_webhook

_WAITING = f"""
    (SELECT count(*) FROM (SELECT FROM webhook_delivery d WHERE d.endpoint_id = w.id AND d.delivered_at IS NULL
                           LIMIT {MOST_WAITING}) waiting)
"""  # noqa: S608  # built from a constant
_OLDEST = """
    (SELECT e.at FROM webhook_delivery d JOIN event e ON e.org_id = d.org_id AND e.number = d.number
     WHERE d.endpoint_id = w.id AND d.delivered_at IS NULL ORDER BY d.number LIMIT 1)
"""
_WEBHOOKS = Table("w", "FROM webhook_endpoint w")
_ATTEMPTS = Table("a", "FROM webhook_attempt a LEFT JOIN event e ON e.org_id = a.org_id AND e.number = a.number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where events are sent, and how that does. Its secret is shown once, when it is made."""

    id: UUID
    name: str | None
    url: Annotated[str, Field(description="Where events are posted", examples=["https://shop.example/hooks"])]
    kinds: Annotated[list[EventKind], Field(description="What it gets; empty: all")]
    status: Annotated[Literal["ACTIVE", "DISABLED"], Field(description="DISABLED: nothing is sent")]
    disabled_at: Annotated[datetime | None, Field(description="When it was disabled, as it took nothing for days")]
    position: Annotated[int, Field(description="The last event that was looked at for it")]
    waiting: Annotated[
        int, Sql(_WAITING), Field(description=f"Events that it has not taken yet, counted up to {MOST_WAITING:,}")
    ]
    oldest_waiting_at: Annotated[datetime | None, Sql(_OLDEST), Field(description="When the oldest of these happened")]
    delivered_at: Annotated[datetime | None, Field(description="When it took one last")]
    failing_since: Annotated[datetime | None, Field(description="It has taken none since")]
    last_error: Annotated[Problem | None, Field(description="Why not")]
    missed: Annotated[
        int,
        Field(
            description="Events that were deleted, being kept no longer, before they were sent; since it was changed"
        ),
    ]
    missed_at: Annotated[datetime | None, Field(description="When the last of these were deleted")]
    rests_until: Annotated[datetime | None, Field(description="Until then nothing is sent to it")]
    former_until: Annotated[datetime | None, Field(description="Until then the secret before signs too")]
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    version: Annotated[int, Field(description="Counts what people change of it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAttempt:
    """One attempt at sending an event."""

    id: UUID
    created_at: datetime
    number: Annotated[int, Field(description="The event's; of events that were deleted, the last one's")]
    kind: Annotated[EventKind | None, Sql("e.kind"), Field(description="null: the event is kept no longer")]
    order_id: Annotated[UUID | None, Sql("e.order_id")]
    attempt: Annotated[
        int, Field(description="1 for the first at this event; 0: events were deleted before they were sent")
    ]
    status: Annotated[int | None, Field(description="Of the answer; null: there was none", examples=[200])]
    error: Annotated[Problem | None, Field(description="What went wrong; null: it was taken")]
    ms: Annotated[int, Field(description="Milliseconds that it took")]


@dataclass(frozen=True, slots=True)
class WebhookAttempts:
    """Attempts, newest first."""

    items: list[WebhookAttempt]
    next_cursor: NextCursor = None


@dataclass(frozen=True, slots=True)
class WebhookList:
    """All webhooks, the oldest first."""

    items: list[Webhook]


def all_webhooks(view: View) -> WebhookList:
    """Return every endpoint."""
    query = f"{_WEBHOOKS.select(Webhook)} WHERE w.org_id = :org_id ORDER BY w.created_at, w.id"
    return WebhookList(view.rows(Webhook, query, {}))


def one_webhook(view: View, endpoint_id: UUID) -> Webhook:
    """Return one endpoint. Raises NotFoundError."""
    query = f"{_WEBHOOKS.select(Webhook)} WHERE w.org_id = :org_id AND w.id = :id"
    found = view.one(Webhook, query, {"id": endpoint_id})
    if found is None:
        raise no_webhook(endpoint_id)
    return found


def find_webhook_attempts(
    view: View,
    endpoint_id: UUID,
    ask: Ask,
    *,
    number: int | None = None,
    failed: bool | None = None,
    updated_from: datetime | None = None,
) -> WebhookAttempts:
    """Return a page of an endpoint's log. Raises NotFoundError, and InputError for a cursor of another list."""
    one_webhook(view, endpoint_id)
    ask = ask.of(view, "webhook attempts", endpoint_id, number, failed, updated_from)
    return WebhookAttempts(
        *_ATTEMPTS.page(view, WebhookAttempt, _wanted(endpoint_id, number, failed, updated_from), ask)
    )


def _wanted(
    endpoint_id: UUID, number: int | None, failed: bool | None, updated_from: datetime | None
) -> Iterator[Condition]:
    yield "a.endpoint_id = :endpoint", {"endpoint": endpoint_id}
    yield from equal("a.number", number)
    yield from either("a.error IS NOT NULL", failed)
    if updated_from:
        yield "a.created_at >= :updated_from", {"updated_from": updated_from}
