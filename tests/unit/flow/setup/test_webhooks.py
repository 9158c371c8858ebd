"""What a person may set up as a webhook, and what is noted of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from orderflow.domain.errors import ConnectorError, InputError, NeedsAttentionError
from orderflow.domain.events import EventKind
from orderflow.domain.reach import Place, Reach
from orderflow.flow.ports import Actor
from orderflow.flow.setup.webhooks import (
    LONGEST_URL,
    add_webhook,
    edit_webhook,
    make_secret,
    remove_webhook,
    replay,
    rotate_secret,
)
from orderflow.http.webhook_signature import webhook_key

ORG, ACTOR = uuid4(), Actor("ops", restricted=True)
URL = "https://shop.example/hooks?a=1"


def allowed(_place: Place, _reach: Reach) -> ConnectorError | None:
    return None


@dataclass
class Memory:
    """A store of endpoints, which is its own transaction and its own audit log."""

    slug: str = "acme"
    rows: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    actions: list[tuple[str, Any]] = field(default_factory=list)

    @contextmanager
    def work(self, _org_id: UUID) -> Iterator[Any]:
        yield self

    @property
    def webhooks(self) -> Any:
        return self

    @property
    def audit(self) -> Any:
        return Noting(self.actions)

    def add(self, endpoint_id: UUID, values: dict[str, Any], secret: str) -> None:
        self.rows[endpoint_id] = values
        self.secrets.append(secret)

    def change(self, endpoint_id: UUID, values: dict[str, Any]) -> dict[str, Any]:
        before = dict(self.rows[endpoint_id])
        self.rows[endpoint_id] |= values
        return before

    def rotate(self, endpoint_id: UUID, secret: str, overlap: float) -> None:
        self.secrets.append(secret)
        self.rows[endpoint_id]["overlap"] = overlap

    def remove(self, endpoint_id: UUID) -> str:
        return str(self.rows.pop(endpoint_id)["url"])

    def replay(self, endpoint_id: UUID, numbers: Sequence[int], after: int | None, until: int | None, most: int) -> int:
        return len(numbers) or most


@dataclass
class Noting:
    actions: list[tuple[str, Any]]

    def add(self, action: str, _actor: Actor, _type: str, _ids: Any, before: Any, after: Any) -> None:
        self.actions.append((action, after or before))


def test_a_webhook_is_kept_as_it_was_wanted_and_its_secret_told_once() -> None:
    store = Memory()
    kinds = [EventKind.ORDER_PUSHED, EventKind.ORDER_CONFIRMED, EventKind.ORDER_PUSHED]
    endpoint_id, secret = add_webhook(store, allowed, ORG, ACTOR, URL, kinds, " Shop ")
    wanted = {"url": URL, "kinds": ["order.confirmed", "order.pushed"], "name": "Shop", "restricted": True}
    assert store.rows[endpoint_id] == wanted | {"created_by": "ops"}
    assert len(webhook_key(secret)) == 32
    assert store.secrets == [secret]
    assert secret not in str(store.actions)


@pytest.mark.parametrize(
    "url",
    [
        *("shop.example", "ftp://shop.example", "https://", "https://user:pw@shop.example/", "https://a b/", ""),
        *("https://shop.example:x/", "https://[::1", "https://shop.example/\n", "https://é.example/", "/hooks"),
        *("https://shop.example/#part", "https://shop.example/" + "a" * LONGEST_URL),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    store = Memory()
    with pytest.raises(InputError) as refused:
        add_webhook(store, allowed, ORG, ACTOR, url)
    assert refused.value.details["fields"][0]["field"] == "url"
    assert store.rows == {}


def test_an_address_that_may_not_be_used_is_refused_as_a_connections_is() -> None:
    asked = []

    def refusal(place: Place, reach: Reach) -> ConnectorError:
        asked.append((place.name, reach))
        return NeedsAttentionError("It is in a network that is not allowed.", code="ADDRESS_NOT_ALLOWED")

    store = Memory()
    with pytest.raises(InputError) as refused:
        add_webhook(store, refusal, ORG, ACTOR, URL)
    assert refused.value.code == "ADDRESS_NOT_ALLOWED"
    assert asked == [("shop.example", Reach("acme", restricted=True))]


def test_an_edit_changes_what_it_names() -> None:
    store = Memory()
    endpoint_id, _ = add_webhook(store, allowed, ORG, ACTOR, URL)
    edit_webhook(store, allowed, ORG, endpoint_id, Actor("cli"), {"enabled": False, "kinds": None})
    assert store.rows[endpoint_id]["restricted"] is True, "it leads where it led"
    assert (store.rows[endpoint_id]["enabled"], store.rows[endpoint_id]["kinds"]) == (False, [])
    edit_webhook(store, allowed, ORG, endpoint_id, Actor("cli"), {"url": "http://10.0.0.1/"})
    assert store.rows[endpoint_id]["restricted"] is False


def test_a_secret_is_rotated_with_an_overlap() -> None:
    store = Memory()
    endpoint_id, first = add_webhook(store, allowed, ORG, ACTOR, URL)
    second = rotate_secret(store, ORG, endpoint_id, ACTOR, 2)
    assert store.secrets == [first, second]
    assert store.rows[endpoint_id]["overlap"] == 7200
    assert make_secret() != make_secret()


def test_events_are_sent_again_by_number_or_from_one_on() -> None:
    store = Memory()
    endpoint_id, _ = add_webhook(store, allowed, ORG, ACTOR, URL)
    assert replay(store, ORG, endpoint_id, ACTOR, [1, 2]) == 2
    assert replay(store, ORG, endpoint_id, ACTOR, after=0) == 10_000
    for given in ({}, {"numbers": [1], "after": 1}):
        with pytest.raises(InputError, match="either the numbers"):
            replay(store, ORG, endpoint_id, ACTOR, **given)  # type: ignore[arg-type]  # two dicts


def test_what_is_removed_is_noted() -> None:
    store = Memory()
    endpoint_id, _ = add_webhook(store, allowed, ORG, ACTOR, URL)
    remove_webhook(store, ORG, endpoint_id, ACTOR)
    assert store.rows == {}
    assert store.actions[-1] == ("WEBHOOK_REMOVED", {"url": URL})
