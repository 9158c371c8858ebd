"""Live sessions of connections, kept between calls: one cache for all connectors of this process.

A configuration is one thing, the session that lives by it another: its open connections, its access token. Sessions
are known by a digest of the configuration, so that no secret is a key. Of the organization that has most, the one that
was not used for longest gives way; one that nobody used for some minutes is closed.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import structlog
from pydantic import SecretStr

from orderflow.domain.port_redaction import ByConfig
from orderflow.domain.reach import Reach, current

log = structlog.get_logger(__name__)
MOST = 256
"""Sessions that are kept, of all organizations; each has a handful of connections."""

IDLE = 600.0
"""Seconds for which a session that nobody uses is kept."""


class Session(Protocol):
    """Something that holds connections open, and can be shared by threads."""

    def close(self) -> None:
        """Close them."""


S = TypeVar("S", bound=Session)


class _Kept(Generic[S]):
    def __init__(self, digest: bytes, owner: object, session: S) -> None:
        self.digest, self.owner, self.session = digest, owner, session
        self.organization = current().organization
        self.users, self.used_at, self.dropped = 0, time.monotonic(), False


class Sessions:
    """A cache of sessions.

    Args:
        most: How many are kept that nobody uses.
        idle: Seconds for which one is kept that nobody uses.
    """

    def __init__(self, most: int = MOST, idle: float = IDLE) -> None:
        self._most, self._idle = most, idle
        self._kept: OrderedDict[bytes, _Kept[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._digests = ByConfig(self._digest_of)  # one is asked for at each order
        self._inherited: list[object] = []
        os.register_at_fork(after_in_child=self._forget)

    @contextmanager
    def use(self, owner: object, config: Any, open_session: Callable[[], S]) -> Iterator[S]:
        """Lend the session of `config`; it stays open until the block ends, even if it falls out meanwhile.

        Args:
            owner: Whose session it is, usually the connector; others have their own for the same configuration.
            config: What it depends on, as JSON has it.
            open_session: Makes it, if there is none. What it raises is passed on.
        """
        kept = self._take(owner, config, open_session)
        try:
            yield kept.session
        finally:
            self._give_back(kept)

    def peek(self, owner: object, config: Any) -> Any:
        """Return the session of `config` if there is one, else None. Opens nothing."""
        with self._lock:
            kept = self._kept.get(self._digest(owner, config))
        return kept.session if kept else None

    def close(self, owner: object = None) -> None:
        """Close the sessions of `owner`, by default all; one that is in use is closed when its user is done."""
        with self._lock:
            mine = [digest for digest, kept in self._kept.items() if owner is None or kept.owner is owner]
            spare = self._drop(mine)
        _close(spare)

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)

    def _take(self, owner: object, config: Any, open_session: Callable[[], S]) -> _Kept[S]:
        digest = self._digest(owner, config)
        with self._lock:
            if kept := self._lend(digest):
                return kept
        made = _Kept(digest, owner, open_session())  # not under the lock: others need not wait for it
        with self._lock:
            if kept := self._lend(digest):
                spare = [made]
            else:
                kept = self._kept[digest] = made
                kept.users += 1
                spare = self._drop(self._overdue())
        _close(spare)
        return kept

    def _lend(self, digest: bytes) -> _Kept[Any] | None:
        kept = self._kept.get(digest)
        if kept is not None:
            kept.users += 1
            self._kept.move_to_end(digest)
        return kept

    def _give_back(self, kept: _Kept[Any]) -> None:
        with self._lock:
            kept.users -= 1
            kept.used_at = time.monotonic()
            if self._kept.get(kept.digest) is kept:
                self._kept.move_to_end(kept.digest)
            spare = [kept] if kept.dropped and not kept.users else self._drop(self._overdue())
        _close(spare)

    def _overdue(self) -> list[bytes]:
        """Return which are too many, or were not used for too long; the longest unused stand first."""
        too_many, oldest = len(self._kept) - self._most, time.monotonic() - self._idle
        first = next(iter(self._kept.values()), None)
        if too_many <= 0 and (first is None or first.used_at >= oldest):  # it is asked after each order
            return []
        unused = [kept for kept in self._kept.values() if not kept.users]
        gone = [kept for kept in unused if kept.used_at < oldest]
        spare = [kept for kept in unused if kept.used_at >= oldest]
        held = Counter(kept.organization for kept in self._kept.values())
        for _ in range(min(too_many - len(gone), len(spare))):
            gone.append(max(spare, key=lambda kept: held[kept.organization]))
            spare.remove(gone[-1])
            held[gone[-1].organization] -= 1
        return [kept.digest for kept in gone]

    def _drop(self, digests: list[bytes]) -> list[_Kept[Any]]:
        """Take some out; returns those that can be closed at once."""
        dropped = [self._kept.pop(digest) for digest in digests]
        for kept in dropped:
            kept.dropped = True
        return [kept for kept in dropped if not kept.users]

    def _digest(self, owner: object, config: Any) -> bytes:
        return self._digests.of(config, id(owner), current(), owner)

    def _digest_of(self, config: Any, owner: int, reach: Reach, _: object) -> bytes:
        # By the owner's id: its class may call two of them equal. That it is kept, too, keeps the id from another.
        # Where one organization may lead, another may not: they share nothing.
        text = f"{owner} {reach.organization!r} {reach.restricted} ".encode() + _as_text(config)
        return hashlib.blake2b(text, key=self._key, digest_size=32).digest()

    def _forget(self) -> None:
        # A forked process must neither use nor end its parent's connections: what is collected may say goodbye.
        self._inherited.append(self._kept)
        self._kept, self._lock = OrderedDict(), threading.Lock()


def _close(spare: list[_Kept[Any]]) -> None:
    for kept in spare:
        try:
            kept.session.close()
        except Exception as error:  # noqa: BLE001  # a third party's session; the others are closed all the same
            log.warning("session not closed", error=type(error).__name__)


def _as_text(config: Any) -> bytes:
    try:
        return msgspec.json.encode(config, enc_hook=_plain, order="deterministic")
    except UnicodeEncodeError:  # half of a surrogate pair, which only Python's own JSON writes
        return json.dumps(config, sort_keys=True, default=_plain).encode()


def _plain(value: Any) -> Any:
    """Write what JSON has no form for; two secrets must not look alike."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return repr(value)


SESSIONS = Sessions()
"""Those of this process."""
