"""Webhooks: where an organization has its events sent."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import Field

from orderflow.domain.events import EventKind
from orderflow.domain.ids import new_id
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.headers import note_location
from orderflow.entrypoints.api.looking import looking
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import BASE, ApiRouter
from orderflow.entrypoints.api.schemas import CursorText, In, Limit, Name, Out, UpdatedSince, left_out
from orderflow.entrypoints.api.versions import CONDITIONAL, editing, note_version
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.setup import webhooks as steps
from orderflow.flow.tell import Message
from orderflow.notices.events import event_sender
from orderflow.storage.store import SqlStore
from orderflow.storage.views.view import Ask
from orderflow.storage.views.webhooks import (
    Webhook,
    WebhookAttempts,
    WebhookList,
    all_webhooks,
    find_webhook_attempts,
    one_webhook,
)

router = ApiRouter("/webhooks", "Webhooks")
Keeper = Annotated[Caller, Depends(require(Permission.WEBHOOKS_MANAGE))]
Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=steps.LONGEST_URL,
        description="Where events are posted",
        examples=["https://shop.example/hooks"],
    ),
]
Kinds = Annotated[list[EventKind], Field(max_length=len(EventKind), description="What it gets; empty: all")]
Number = Annotated[int, Field(ge=0, lt=2**62)]


class NewWebhook(In):
    """An endpoint to be."""

    url: Url
    kinds: Kinds = Field([])
    name: Name | None = None


class WebhookChange(In):
    """What is to be changed of an endpoint; what is left out stays."""

    url: Url = left_out()
    kinds: Kinds = left_out()
    name: Name | None = None
    enabled: Annotated[bool, Field(description="false: nothing is sent; true: it goes on where it stopped")] = (
        left_out()
    )


class WebhookSecret(Out):
    """An endpoint's id and its new secret, which is shown this once."""

    id: UUID
    secret: str = Field(
        description="Signs what is sent, as https://www.standardwebhooks.com has it. It cannot be had again",
        examples=["whsec_" + "bm90IGEgc2VjcmV0" * 2],
    )


class Rotation(In):
    """How to change over."""

    overlap_hours: float = Field(
        steps.OVERLAP_HOURS, ge=0, le=steps.LONGEST_OVERLAP_HOURS, description="For so long both secrets sign"
    )


class Replay(In):
    """Which events are to be sent again."""

    numbers: list[Number] = Field([], max_length=1_000, description="Just these")
    after: Number | None = Field(None, description="All that follow this one")
    until: Number | None = Field(None, description="With `after`: the last one")


class Replayed(Out):
    """How many events are sent again."""

    events: int = Field(description=f"{steps.MOST_REPLAYED:,} at most: ask again with a later `after`")


class TestAnswer(Out):
    """What an endpoint answered to a test."""

    status: int | None = Field(description="null: there was no answer", examples=[204])
    taken: bool = Field(description="Its answer was 2xx")
    error: dict[str, Any] | None = Field(description="What went wrong")
    ms: int = Field(description="Milliseconds that it took")


@router.get("")
def list_webhooks(request: Request, caller: Keeper) -> WebhookList:
    """List all webhooks with how they do."""
    with looking(request, caller) as view:
        return all_webhooks(view)


@router.post("", status_code=201, responses=answers(409))
def create_webhook(request: Request, caller: Keeper, body: NewWebhook) -> WebhookSecret:
    """Have events sent to an address, from now on. Its secret is in this answer and nowhere else."""
    app = app_of(request)
    endpoint_id, secret = steps.add_webhook(
        app.store, app.wiring.refusal, caller.org_id, caller.actor, body.url, body.kinds, body.name
    )
    note_location(request, f"{BASE}/webhooks/{endpoint_id}")
    return WebhookSecret(id=endpoint_id, secret=secret)


@router.get("/{webhook_id}", responses=answers(404))
def get_webhook(request: Request, caller: Keeper, webhook_id: UUID) -> Webhook:
    """Read one webhook with how it does."""
    with looking(request, caller) as view:
        found = one_webhook(view, webhook_id)
    note_version(request, found.version)
    return found


@router.patch("/{webhook_id}", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def change_webhook(request: Request, caller: Keeper, webhook_id: UUID, body: WebhookChange) -> Webhook:
    """Change a webhook, disable it, or enable it again: it then goes on where it stopped."""
    app = app_of(request)
    changes = body.model_dump(exclude_unset=True)
    with _editing(request, caller, webhook_id) as store:
        steps.edit_webhook(store, app.wiring.refusal, caller.org_id, webhook_id, caller.actor, changes)
    return get_webhook(request, caller, webhook_id)


@router.delete(
    "/{webhook_id}",
    status_code=204,
    response_class=Response,
    responses=answers(404, 409),
    openapi_extra=CONDITIONAL,
)
def delete_webhook(request: Request, caller: Keeper, webhook_id: UUID) -> Response:
    """Send nothing there any more, and delete its log."""
    with _editing(request, caller, webhook_id) as store:
        steps.remove_webhook(store, caller.org_id, webhook_id, caller.actor)
    return Response(status_code=204)


@router.post("/{webhook_id}/rotate-secret", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def rotate_webhook_secret(
    request: Request, caller: Keeper, webhook_id: UUID, body: Rotation | None = None
) -> WebhookSecret:
    """Make another secret. For a while what is sent carries two signatures, so that the receiver can change over."""
    hours = (body or Rotation()).overlap_hours
    with _editing(request, caller, webhook_id) as store:
        secret = steps.rotate_secret(store, caller.org_id, webhook_id, caller.actor, hours)
    return WebhookSecret(id=webhook_id, secret=secret)


@router.post("/{webhook_id}/test", responses=answers(404, 409))
@slow(Work.TEST)
def test_webhook(request: Request, caller: Keeper, webhook_id: UUID) -> TestAnswer:
    """Send an event of kind `webhook.test` now, and tell what was answered. It is not logged, nor sent again."""
    with app_of(request).store.work(caller.org_id) as work:
        endpoint = work.webhooks.endpoint(webhook_id)
    message = Message(
        f"evt_{new_id()}", 0, webhook_id, "webhook.test", datetime.now(UTC), {"webhook_id": str(webhook_id)}
    )
    with event_sender(endpoint) as send:
        return TestAnswer.model_validate(send(endpoint, message))


@router.get("/{webhook_id}/attempts", responses=answers(404))
def list_webhook_attempts(
    request: Request,
    caller: Keeper,
    webhook_id: UUID,
    number: Annotated[int | None, Query(ge=1, lt=2**62, description="Of this event")] = None,
    failed: Annotated[bool | None, Query(description="true: only those that failed; false: the others")] = None,
    updated_since: UpdatedSince = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> WebhookAttempts:
    """List every attempt at sending events there, newest first."""
    with looking(request, caller) as view:
        return find_webhook_attempts(
            view, webhook_id, Ask(limit, cursor), number=number, failed=failed, updated_from=updated_since
        )


@router.post("/{webhook_id}/replay", responses=answers(404))
def replay_webhook(request: Request, caller: Keeper, webhook_id: UUID, body: Replay) -> Replayed:
    """Send events again that were sent before, the oldest first, under the ids that they had."""
    store = app_of(request).store
    count = steps.replay(
        store, caller.org_id, webhook_id, caller.actor, body.numbers, after=body.after, until=body.until
    )
    return Replayed(events=count)


def _editing(request: Request, caller: Caller, webhook_id: UUID) -> AbstractContextManager[SqlStore]:
    """Give the store for an edit of what the caller has seen; raises as `versions.editing`."""
    store, current = app_of(request).store, lambda: get_webhook(request, caller, webhook_id)
    return editing(request, store, lambda work: work.webhooks.version(webhook_id), current)
