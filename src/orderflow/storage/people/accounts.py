"""Who a set of credentials belongs to: asked before an organization is known, as the system role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from orderflow.domain.access import Role
from orderflow.flow.people.sign_in import Account, AnswerSender
from orderflow.storage.database import Database

_USER = """
    SELECT u.id, u.org_id, u.email, u.role, u.active, u.password_hash,
           (extract(epoch FROM u.tokens_valid_from) * 1000000)::bigint AS version,
           NULL AS cap, u.id AS owner_id, NULL AS scopes, o.second_factor_required,
           EXISTS (SELECT FROM second_factor f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL) AS second_factor
    FROM app_user u JOIN organization o ON o.id = u.org_id WHERE
"""
_BY_EMAIL = text(f"{_USER} lower(u.email) = lower(:email)")
_BY_ID = text(f"{_USER} u.id = :id AND NOT EXISTS (SELECT FROM ended_session e WHERE e.id = :session)")
_BY_KEY = text("""
    SELECT k.id, k.org_id, k.name AS email, k.role,
           k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND coalesce(u.active, true)
               AS active, u.role AS cap, k.user_id AS owner_id, k.scopes,
           '' AS password_hash, 0 AS version, false AS second_factor, false AS second_factor_required,
           k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute' AS note_use
    FROM api_key k LEFT JOIN app_user u ON u.id = k.user_id WHERE k.key_hash = :hash
""")
_BY_CONNECTION = text("""
    SELECT org_id, answer_token_hash AS token_hash FROM erp_connection WHERE id = :id AND deleted_at IS NULL
""")
_NOTE_USE = text("UPDATE api_key SET last_used_at = now() WHERE id = :id")


class SqlAccounts:
    """Finds accounts in all organizations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_email(self, email: str) -> Account | None:
        """Return the user with this address, in any spelling."""
        return self._one(_BY_EMAIL, {"email": email})

    def by_session(self, user_id: UUID, session_id: UUID) -> Account | None:
        """Return the user; None if they have signed out of this session."""
        return self._one(_BY_ID, {"id": user_id, "session": session_id})

    def by_key(self, key_hash: bytes) -> Account | None:
        """Return the account of an API key; notes its use, at most once a minute."""
        with self._database.system() as connection:
            row = connection.execute(_BY_KEY, {"hash": key_hash}).mappings().one_or_none()
            if row is not None and row["active"] and row["note_use"]:
                connection.execute(_NOTE_USE, {"id": row["id"]})
        return _account(row) if row is not None else None

    def by_connection(self, connection_id: UUID) -> AnswerSender | None:
        """Return who may send answers to a connection."""
        with self._database.system() as connection:
            row = connection.execute(_BY_CONNECTION, {"id": connection_id}).one_or_none()
        return AnswerSender(row.org_id, row.token_hash and bytes(row.token_hash)) if row is not None else None

    def _one(self, query: TextClause, parameters: dict[str, Any]) -> Account | None:
        with self._database.system() as connection:
            row = connection.execute(query, parameters).mappings().one_or_none()
        return _account(row) if row is not None else None


def _account(row: Mapping[Any, Any]) -> Account:
    return Account(
        id=row["id"],
        org_id=row["org_id"],
        email=row["email"],
        role=Role(row["role"]),
        active=row["active"],
        version=row["version"],
        password_hash=row["password_hash"],
        cap=Role(row["cap"]) if row["cap"] else None,
        owner_id=row["owner_id"],
        second_factor=row["second_factor"],
        second_factor_required=row["second_factor_required"],
        scopes=None if row["scopes"] is None else frozenset(row["scopes"]),
    )
