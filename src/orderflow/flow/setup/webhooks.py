"""A person has events sent to a program: an endpoint with an address, the kinds that it wants, and a secret.

The secret signs what is sent (https://www.standardwebhooks.com, version 1, symmetric). It is shown once.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from orderflow.domain.errors import ConnectorError, InputError
from orderflow.domain.events import EventKind
from orderflow.domain.ids import new_id
from orderflow.domain.reach import Place, Reach
from orderflow.domain.text import checked_name
from orderflow.flow.ports import Actor, Audit

LONGEST_URL = 2_000
OVERLAP_HOURS, LONGEST_OVERLAP_HOURS = 24, 24 * 7
"""For so long the secret before counts too, so that the receiver can change over."""

MOST_REPLAYED = 10_000
"""Events that are sent again with one request."""


class Webhooks(Protocol):
    """The endpoints of one organization."""

    def add(self, endpoint_id: UUID, values: dict[str, Any], secret: str) -> None:
        """Insert an endpoint. Raises StateError if there are as many as may be."""

    def change(self, endpoint_id: UUID, values: dict[str, Any]) -> dict[str, Any]:
        """Change an endpoint, and return the values that it had. Raises NotFoundError."""

    def rotate(self, endpoint_id: UUID, secret: str, overlap: float) -> None:
        """Give it another secret; the one before counts for `overlap` seconds. Raises NotFoundError."""

    def remove(self, endpoint_id: UUID) -> str:
        """Delete it with its log, and return where it led. Raises NotFoundError."""

    def replay(self, endpoint_id: UUID, numbers: Sequence[int], after: int | None, until: int | None, most: int) -> int:
        """Have events sent again; returns how many. Raises NotFoundError."""


class WebhookWork(Protocol):
    """One transaction in one organization."""

    @property
    def webhooks(self) -> Webhooks:
        """Its endpoints."""

    @property
    def slug(self) -> str:
        """Its short name."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""


class WebhookStore(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[WebhookWork]:
        """Open a transaction in an organization."""


Refusal = Callable[[Place, Reach], ConnectorError | None]


def add_webhook(
    store: WebhookStore,
    refusal: Refusal,
    org_id: UUID,
    actor: Actor,
    url: str,
    kinds: Collection[EventKind] = (),
    name: str | None = None,
) -> tuple[UUID, str]:
    """Have events sent to `url`, from now on; returns the endpoint's id and its secret, which cannot be had again.

    Args:
        kinds: Only these; none: all, also those that later releases know.

    Raises:
        InputError: The address cannot be used, or may not be.
        StateError: The organization has as many endpoints as it may have.
    """
    endpoint_id, secret = new_id(), make_secret()
    with store.work(org_id) as work:
        values = _checked(work, refusal, actor, {"url": url, "kinds": kinds, "name": name})
        work.webhooks.add(endpoint_id, values | {"created_by": actor.name}, secret)
        work.audit.add("WEBHOOK_ADDED", actor, "webhook", [endpoint_id], None, values)
    return endpoint_id, secret


def edit_webhook(
    store: WebhookStore, refusal: Refusal, org_id: UUID, endpoint_id: UUID, actor: Actor, changes: dict[str, Any]
) -> None:
    """Change any of `url`, `kinds`, `name` and `enabled`. Enabled again, it goes on where it stopped.

    Raises:
        NotFoundError: There is no such endpoint.
        InputError: The address cannot be used, or may not be.
    """
    with store.work(org_id) as work:
        values = _checked(work, refusal, actor, changes)
        before = work.webhooks.change(endpoint_id, values)
        work.audit.add("WEBHOOK_CHANGED", actor, "webhook", [endpoint_id], before, values)


def rotate_secret(
    store: WebhookStore, org_id: UUID, endpoint_id: UUID, actor: Actor, overlap_hours: float = OVERLAP_HOURS
) -> str:
    """Return a new secret, which cannot be had again; for a while both sign. Raises NotFoundError."""
    secret = make_secret()
    with store.work(org_id) as work:
        work.webhooks.rotate(endpoint_id, secret, overlap_hours * 3600)
        after = {"overlap_hours": overlap_hours}
        work.audit.add("WEBHOOK_SECRET_ROTATED", actor, "webhook", [endpoint_id], None, after)
    return secret


def remove_webhook(store: WebhookStore, org_id: UUID, endpoint_id: UUID, actor: Actor) -> None:
    """Send nothing there any more, and delete its log. Raises NotFoundError."""
    with store.work(org_id) as work:
        url = work.webhooks.remove(endpoint_id)
        work.audit.add("WEBHOOK_REMOVED", actor, "webhook", [endpoint_id], {"url": url}, None)


def replay(
    store: WebhookStore,
    org_id: UUID,
    endpoint_id: UUID,
    actor: Actor,
    numbers: Sequence[int] = (),
    after: int | None = None,
    until: int | None = None,
) -> int:
    """Have events sent again that were sent before, the oldest first; returns how many, `MOST_REPLAYED` at most.

    Args:
        numbers: Just these; none: those after `after` up to `until`.

    Raises:
        NotFoundError: There is no such endpoint.
        InputError: Neither numbers nor `after` are given.
    """
    if bool(numbers) == (after is not None):
        raise InputError("Name either the numbers of the events, or the number after which all are sent again.")
    with store.work(org_id) as work:
        count = work.webhooks.replay(endpoint_id, numbers, after, until, MOST_REPLAYED)
        facts = {"numbers": list(numbers)} if numbers else {"after": after, "until": until}
        work.audit.add("WEBHOOK_REPLAYED", actor, "webhook", [endpoint_id], None, facts | {"events": count})
    return count


def make_secret() -> str:
    """Return a new secret: `whsec_` and base64 of 32 random bytes."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _checked(work: WebhookWork, refusal: Refusal, actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    values = dict(given)
    if values.get("name") is not None:
        values["name"] = checked_name(values["name"])
    if "kinds" in values:
        values["kinds"] = sorted(set(values["kinds"] or ()))
    if "url" in values:
        require_usable(values["url"], refusal, Reach(work.slug, actor.restricted))
        values["restricted"] = actor.restricted
    return values


def require_usable(url: str, refusal: Refusal, reach: Reach, field: str = "url") -> None:
    """Raise InputError, which names `field`, unless something may be posted to this address."""
    host = _host(url, field)
    if refused := refusal(Place(field, "host", host), reach):
        raise _unusable(field, refused.message, refused.code, refused.hint)


def _host(url: str, field: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST_URL
    if host is None or not plain or parts.scheme not in ("http", "https") or parts.fragment:
        raise _unusable(field, "must be an address such as https://shop.example/hooks")
    if parts.username is not None:
        raise _unusable(field, "must not hold a user or password: whoever may read it would see them")
    return host


def _unusable(field: str, message: str, code: str = "VALIDATION_ERROR", hint: str | None = None) -> InputError:
    fields = [{"field": field, "message": message}]
    return InputError("The webhook's address cannot be used.", code=code, hint=hint, details={"fields": fields})
