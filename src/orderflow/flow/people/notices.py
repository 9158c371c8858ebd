"""A user chooses what they are told of, by which way, and when."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from orderflow.domain.errors import InputError, StateError
from orderflow.domain.notices import Wanted
from orderflow.domain.opening_hours.written import time_zones
from orderflow.domain.reach import Reach
from orderflow.flow.ports import Actor, Audit
from orderflow.flow.setup.webhooks import Refusal, make_secret, require_usable

Way = Literal["mail", "webhook"]


@dataclass(frozen=True, slots=True)
class WayState:
    """How one way to a user does.

    Attributes:
        sent_at: When something last went out by it.
        error: Why the last attempt did not succeed, without secrets; None: it did, or there was none.
        stopped_at: Since when it is not tried any more, because it took nothing for days.
    """

    way: Way
    sent_at: datetime | None
    error: dict[str, Any] | None
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class Signing:
    """What signs the notices that a user's webhook gets.

    Attributes:
        secret: As https://www.standardwebhooks.com has it; None: nothing signs them.
        lost: There is one, and no key at hand opens it.
    """

    secret: str | None = field(default=None, repr=False)
    lost: bool = False


UNSIGNED = Signing()


@dataclass(frozen=True, slots=True)
class NoticeChoice:
    """What a user chose.

    Attributes:
        mail: By e-mail, to the address that they sign in with.
        webhook_url: By a request to this address; None: by none.
        signed: There is a secret that signs these requests.
        ways: How the ways do that were chosen.
    """

    wanted: Wanted = field(default_factory=Wanted)
    mail: bool = False
    webhook_url: str | None = None
    signed: bool = False
    version: int = 1
    ways: tuple[WayState, ...] = ()

    @property
    def by(self) -> dict[Way, str | None]:
        """The ways that are chosen, each with where it leads."""
        chosen: dict[Way, str | None] = {"mail": None} if self.mail else {}
        return chosen | ({"webhook": self.webhook_url} if self.webhook_url else {})


class Notices(Protocol):
    """What the users of one organization chose."""

    def get(self, user_id: UUID) -> NoticeChoice:
        """Return and lock what a user chose, or what counts as long as they chose nothing."""

    def put(self, user_id: UUID, choice: NoticeChoice, anew: Collection[Way], *, digest_anew: bool) -> None:
        """Store it, and try each way again that is chosen. Where it has no webhook, there is no secret any more.

        Args:
            anew: The ways that tell only of what comes from now on.
            digest_anew: No digest is due any more that was due before.
        """

    def sign(self, user_id: UUID, secret: str) -> None:
        """Keep what signs the webhook's notices from now on."""

    def look(self) -> None:
        """Note which groups there are now, so that those are new that come from now on."""


class NoticeWork(Protocol):
    """One transaction in one organization."""

    @property
    def notices(self) -> Notices:
        """What its users chose."""

    @property
    def slug(self) -> str:
        """Its short name."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""


class NoticeStore(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[NoticeWork]:
        """Open a transaction in an organization."""


def choose_notices(
    store: NoticeStore, refusal: Refusal, org_id: UUID, user_id: UUID, actor: Actor, choice: NoticeChoice
) -> None:
    """Tell a user of what they want from now on; what is there already is not told as new.

    Raises:
        InputError: The time zone, the quiet hours or the address cannot be used.
    """
    _check(choice.wanted)
    with store.work(org_id) as work:
        if choice.webhook_url is not None:
            require_usable(choice.webhook_url, refusal, Reach(work.slug, actor.restricted), "webhook_url")
        before = work.notices.get(user_id)
        work.notices.look()
        digest_anew = before.wanted.digest_at != choice.wanted.digest_at
        work.notices.put(user_id, choice, _anew(before, choice), digest_anew=digest_anew)
        work.audit.add("NOTICES_CHANGED", actor, "app_user", [user_id], _shown(before), _shown(choice))


def sign_notices(store: NoticeStore, org_id: UUID, user_id: UUID, actor: Actor) -> str:
    """Sign what a user's webhook gets from now on; returns the secret, which cannot be had again.

    It takes the place of one before.

    Raises:
        StateError: They chose no webhook.
    """
    secret = make_secret()
    with store.work(org_id) as work:
        if work.notices.get(user_id).webhook_url is None:
            raise StateError("No webhook is chosen.", code="NO_WAY_CHOSEN", hint="Enter its address, and save it.")
        work.notices.sign(user_id, secret)
        work.audit.add("NOTICES_SIGNED", actor, "app_user", [user_id], None, None)
    return secret


def _check(wanted: Wanted) -> None:
    if wanted.time_zone not in time_zones():
        raise _refused("time_zone", "is no time zone, as Europe/Berlin is one")
    if wanted.quiet is not None and wanted.quiet.start == wanted.quiet.end:
        raise _refused("quiet", "must begin and end at different times")


def _refused(field: str, message: str) -> InputError:
    details = {"fields": [{"field": field, "message": message}]}
    return InputError("These notices cannot be chosen.", details=details)


def _anew(before: NoticeChoice, now: NoticeChoice) -> list[Way]:
    was = before.by if before.wanted.anything else {}
    more = (now.wanted.first and not before.wanted.first) or (now.wanted.mine and not before.wanted.mine)
    return [way for way, address in now.by.items() if more or way not in was or was[way] != address]


def _shown(choice: NoticeChoice) -> dict[str, Any]:
    """Return it for the audit log; of the address the host alone, for the rest may be a secret."""
    host = urlsplit(choice.webhook_url).hostname if choice.webhook_url else None
    return {**asdict(choice.wanted), "mail": choice.mail, "webhook_host": host}
