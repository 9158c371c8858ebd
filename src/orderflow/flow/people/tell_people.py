"""Users are told of what needs somebody: the first of a new group, what they were given, and all of it once a day.

What is to be told is worked out from what is there now and from when a way to somebody last was told: nothing is
queued. So what was solved meanwhile is not told any more, what could not be sent is told as it is by then, and a crash
between sending and noting sends one message twice, under the same id.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid5

from orderflow.domain.notices import Wanted
from orderflow.flow.people.notices import UNSIGNED, Signing, Way
from orderflow.flow.tell import Outcome

APART = timedelta(minutes=15)
"""Between two notices by one way to one user, a digest aside; what comes between is told with the next."""

MOST_IN_AN_HOUR = 500
"""Ways of one organization by which something goes out within an hour; the others wait."""

TURN_SECONDS = 40.0
"""After so long a turn ends; the next one goes on with who was told longest ago."""

FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0
"""Seconds until what failed is tried again: doubled from one attempt to the next."""

LEASE_SECONDS = 300.0
"""For which a notice belongs to one turn; sending it takes a minute at most."""


@dataclass(frozen=True, slots=True)
class Group:
    """What needs somebody for one reason.

    Attributes:
        kind: As `storage.views.needs.NeedKind`.
        orders: How many it is about; 0: it is about a connector.
        new_at: When it was first there.
        assigned_at: When it was given to who has it now.
        assigned_by: Who did that.
    """

    key: str
    kind: str
    code: str | None
    connection_id: UUID | None
    connection: str | None
    orders: int
    new_at: datetime
    snoozed: bool = False
    assigned_to: str | None = None
    assigned_at: datetime | None = None
    assigned_by: str | None = None


@dataclass(frozen=True, slots=True)
class Watcher:
    """One way to one user.

    Attributes:
        email: What they sign in with.
        address: The webhook's; None for an e-mail.
        signing: What signs what the webhook gets.
        told_at: What was there then is told.
        digested_at: Digests that were due by then are done with.
        sent_at: When something last went out.
        attempts: That failed since then.
    """

    user_id: UUID
    email: str
    way: Way
    address: str | None
    wanted: Wanted
    told_at: datetime
    digested_at: datetime
    sent_at: datetime | None = None
    attempts: int = 0
    signing: Signing = UNSIGNED


@dataclass(frozen=True, slots=True)
class Look:
    """What needs somebody in one organization, and who wants to be told.

    Attributes:
        at: When it was looked.
        room: How many more may be told within this hour.
    """

    at: datetime
    org_id: UUID
    slug: str
    name: str
    groups: Sequence[Group]
    watchers: Sequence[Watcher]
    room: int = MOST_IN_AN_HOUR


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is told at once.

    Attributes:
        id: The same at each attempt.
        digest: It is about all that needs somebody, not only what is new.
        mine: The keys of what they were given.
        test: They tried whether it arrives.
    """

    id: UUID
    digest: bool
    groups: Sequence[Group]
    mine: frozenset[str] = frozenset()
    test: bool = False


Send = Callable[[Look, Watcher, Notice], Outcome]


class Outbox(Protocol):
    """Who is to be told, in the database."""

    def look(self, org_id: UUID) -> Look | None:
        """Look what is there, and note what is new; None if another process does, or there is nobody to tell."""

    def claim(self, look: Look, watcher: Watcher) -> UUID | None:
        """Take a way for `LEASE_SECONDS`, and return the token of that; None: it is another's, or was changed."""

    def settle(self, look: Look, watcher: Watcher, token: UUID, notice: Notice, outcome: Outcome, wait: float) -> None:
        """Note what became of a notice, unless the way was changed meanwhile.

        Args:
            wait: Seconds until it is tried again, if it was not taken.
        """


def tell_people(outbox: Outbox, ways: Mapping[Way, Send], org_id: UUID, stopped: Callable[[], bool]) -> int:
    """Tell the users of an organization what is due; returns how many notices were taken."""
    look = outbox.look(org_id)
    if look is None:
        return 0
    ends, sent, tried = time.monotonic() + TURN_SECONDS, 0, 0
    for watcher in look.watchers:
        notice = due(watcher, look) if watcher.way in ways else None
        if notice is None:
            continue
        if stopped() or time.monotonic() > ends or tried >= look.room:
            break
        tried += bool(notice.groups)
        sent += _tell(outbox, ways[watcher.way], look, watcher, notice)
    return sent


def _tell(outbox: Outbox, send: Send, look: Look, watcher: Watcher, notice: Notice) -> bool:
    token = outbox.claim(look, watcher)
    if token is None:
        return False
    outcome = send(look, watcher, notice) if notice.groups else NOTHING_TO_SEND
    wait = min(FIRST_WAIT * 2.0 ** min(watcher.attempts, 10), LONGEST_WAIT)
    outbox.settle(look, watcher, token, notice, outcome, wait)
    return bool(notice.groups) and outcome.taken


NOTHING_TO_SEND = Outcome(None, None, 0)


def due(watcher: Watcher, look: Look) -> Notice | None:
    """Return what somebody is to be told now; None: nothing. A digest of nothing is not sent, and counts as done."""
    wanted = watcher.wanted
    if wanted.is_quiet(look.at):
        return None
    mine = frozenset(group.key for group in look.groups if _is_of(group, watcher))
    digest_due = wanted.digest_was_due(look.at)
    if digest_due is not None and digest_due > watcher.digested_at:
        return Notice(_id(watcher, "digest"), True, [group for group in look.groups if not group.snoozed], mine)
    news = [group for group in look.groups if _is_news(group, watcher)]
    too_soon = watcher.sent_at is not None and look.at - watcher.sent_at < APART
    return Notice(_id(watcher, "news"), False, news, mine) if news and not too_soon else None


def _is_news(group: Group, watcher: Watcher) -> bool:
    wanted, given = watcher.wanted, group.assigned_at
    by_others = (group.assigned_by or "").lower() != watcher.email.lower()
    if wanted.mine and _is_of(group, watcher) and given is not None and given > watcher.told_at and by_others:
        return True
    return wanted.first and not group.snoozed and group.new_at > watcher.told_at


def _is_of(group: Group, watcher: Watcher) -> bool:
    return (group.assigned_to or "").lower() == watcher.email.lower()


def _id(watcher: Watcher, kind: str) -> UUID:
    """Return the id of the next notice by this way, which stays until it went out."""
    return uuid5(
        watcher.user_id, f"{kind} {watcher.way} {watcher.told_at.isoformat()} {watcher.digested_at.isoformat()}"
    )
