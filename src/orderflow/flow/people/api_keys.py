"""Keys for programs: `ofk_<prefix>_<secret>`, shown once and stored as a hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.access import Role
from orderflow.domain.errors import InputError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.people.users import User
from orderflow.flow.ports import Actor, Audit

MARK = "ofk_"


@dataclass(slots=True)
class KeyInfo:
    """What is known of a key once it was shown; `prefix` is for people to tell keys apart.

    Attributes:
        user_id: Whom it belongs to: it may do no more than they may, and ends with them. None for a key from before.
        ended: Its user is not active any more.
        scopes: What it may do at most, by the names of permissions; None: all that its role may.
    """

    id: UUID
    name: str
    role: Role
    prefix: str
    created_by: str | None = None
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    user_id: UUID | None = None
    user_email: str | None = None
    ended: bool = False
    scopes: list[str] | None = None


class ApiKeys(Protocol):
    """The API keys of one organization."""

    def add(self, key: KeyInfo, key_hash: bytes) -> KeyInfo:
        """Insert a key and return it as stored."""

    def revoke(self, key_id: UUID) -> KeyInfo:
        """Revoke a key. Raises NotFoundError."""

    def assign(self, key_id: UUID, user_id: UUID) -> KeyInfo:
        """Let a key belong to a user. Raises NotFoundError."""


class KeyOwners(Protocol):
    """The users of one organization."""

    def get(self, user_id: UUID) -> User:
        """Return and lock one user. Raises NotFoundError."""


class KeyWork(Protocol):
    """One transaction in one organization."""

    @property
    def api_keys(self) -> ApiKeys:
        """Its keys."""

    @property
    def users(self) -> KeyOwners:
        """Its users."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""


class KeyStore(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[KeyWork]:
        """Open a transaction in an organization."""


def hash_key(key: str) -> bytes:
    """Return what is stored of a key. It holds 256 random bits, so that one SHA-256 is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def create_key(
    store: KeyStore,
    org_id: UUID,
    actor: Actor,
    name: str,
    role: Role,
    expires_at: datetime | None = None,
    user_id: UUID | None = None,
    scopes: Sequence[str] | None = None,
) -> tuple[KeyInfo, str]:
    """Make a key; return what is known of it, and the key itself, which cannot be had again.

    Args:
        user_id: Whom it belongs to.
        scopes: What it may do at most, by the names of permissions; None: all that its role may.

    Raises:
        InputError: It would have expired already.
    """
    if expires_at is not None and expires_at <= datetime.now(UTC):
        fields = [{"field": "expires_at", "message": "must be in the future"}]
        raise InputError("A key cannot have expired before it is made.", details={"fields": fields})
    prefix = secrets.token_hex(4)
    key = f"{MARK}{prefix}_{secrets.token_urlsafe(32)}"
    info = KeyInfo(new_id(), name, role, prefix, actor.name, expires_at=expires_at, user_id=user_id)
    info.scopes = sorted(set(scopes)) if scopes is not None else None
    with store.work(org_id) as work:
        stored = work.api_keys.add(info, hash_key(key))
        after: dict[str, Any] = {"name": name, "role": role, "prefix": prefix, "expires_at": expires_at}
        after |= {"user_id": user_id} | ({} if info.scopes is None else {"scopes": info.scopes})
        work.audit.add("API_KEY_CREATED", actor, "api_key", [info.id], None, after)
    return stored, key


def assign_key(store: KeyStore, org_id: UUID, key_id: UUID, user_id: UUID, actor: Actor) -> KeyInfo:
    """Let a key, one from before keys belonged to somebody, belong to a user and end with them.

    Raises:
        NotFoundError: There is no such key or user.
        StateError: The user is not active.
    """
    with store.work(org_id) as work:
        user = work.users.get(user_id)
        if not user.active:
            raise StateError("The user is not active, so the key would end at once.", code="USER_ENDED")
        assigned = work.api_keys.assign(key_id, user_id)
        work.audit.add("API_KEY_ASSIGNED", actor, "api_key", [key_id], None, {"user": user.email})
    return assigned


def revoke_key(store: KeyStore, org_id: UUID, key_id: UUID, actor: Actor) -> KeyInfo:
    """Revoke a key for good. Raises NotFoundError."""
    with store.work(org_id) as work:
        revoked = work.api_keys.revoke(key_id)
        work.audit.add("API_KEY_REVOKED", actor, "api_key", [key_id], None, {"prefix": revoked.prefix})
    return revoked
