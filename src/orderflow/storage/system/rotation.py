"""Every configuration and secret is sealed anew with the present key, a few rows at a time, beside all else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from orderflow.domain.errors import EncryptionError
from orderflow.flow.ports import Actor
from orderflow.secrets.encryption import EncryptionService, bind
from orderflow.storage.database import Database
from orderflow.storage.people.notices import bind as bind_notices
from orderflow.storage.people.second_factors import bind as bind_factor
from orderflow.storage.work.webhooks import bind as bind_webhook

AT_ONCE = 50
"""Rows locked and sealed in one transaction."""

_COUNT = text(
    "SELECT (SELECT count(*) FROM erp_connection) + (SELECT count(*) FROM webhook_endpoint)"
    " + (SELECT count(*) FROM second_factor) + (SELECT count(*) FROM notice_secret)"
)
_PAGE = text("""
    SELECT id, org_id, connector_type, config_encrypted, key_id FROM erp_connection
    WHERE id > :after ORDER BY id LIMIT :limit FOR NO KEY UPDATE
""")
_DISABLE = text("""
    WITH disabled AS (
        UPDATE erp_connection
        SET status = 'DISABLED', is_default = false, version = version + 1, breaker_state = 'PAUSED',
            breaker_since = now(),
            breaker_error = jsonb_build_object(
                'code', 'KEY_LOST', 'message', 'The key that its configuration was sealed with is lost.',
                'hint', 'Enter its configuration again, test it and enable it.')
        WHERE key_id = :key_id AND deleted_at IS NULL AND status = 'ACTIVE'
        RETURNING org_id, id, 'CONNECTION_DISABLED' AS action, 'erp_connection' AS entity
    ), webhooks AS (
        UPDATE webhook_endpoint
        SET status = 'DISABLED', disabled_at = now(), version = version + 1,
            last_error = jsonb_build_object(
                'code', 'KEY_LOST', 'message', 'The key that its secret was sealed with is lost.',
                'hint', 'Give it another secret, tell the receiver, and enable it.')
        WHERE key_id = :key_id AND status = 'ACTIVE'
        RETURNING org_id, id, 'WEBHOOK_CHANGED' AS action, 'webhook' AS entity
    )
    INSERT INTO audit_log (id, org_id, actor, action, entity_type, entity_id, after)
    SELECT gen_random_uuid(), org_id, :actor, action, entity, id, '{"error": {"code": "KEY_LOST"}}'
    FROM (SELECT * FROM disabled UNION ALL SELECT * FROM webhooks) ended
""")
_SEAL = text("UPDATE erp_connection SET config_encrypted = :config, key_id = :key_id WHERE id = :id")
_WEBHOOKS = text("""
    SELECT id, org_id, sealed AS config_encrypted, key_id FROM webhook_endpoint
    WHERE id > :after ORDER BY id LIMIT :limit FOR UPDATE
""")
_SEAL_WEBHOOK = text("UPDATE webhook_endpoint SET sealed = :config, key_id = :key_id WHERE id = :id")

_FACTORS = text("""
    SELECT user_id AS id, org_id, sealed AS config_encrypted, key_id FROM second_factor
    WHERE user_id > :after ORDER BY user_id LIMIT :limit FOR UPDATE
""")
_SEAL_FACTOR = text("UPDATE second_factor SET sealed = :config, key_id = :key_id WHERE user_id = :id")
_NOTICES = text("""
    SELECT user_id AS id, org_id, sealed AS config_encrypted, key_id FROM notice_secret
    WHERE user_id > :after ORDER BY user_id LIMIT :limit FOR UPDATE
""")
_SEAL_NOTICES = text("UPDATE notice_secret SET sealed = :config, key_id = :key_id WHERE user_id = :id")


@dataclass
class Rotation:
    """How far a rotation has come; `unreadable` names what no key opens: connections, webhooks, and users' secrets."""

    total: int = 0
    sealed: int = 0
    current: int = 0
    unreadable: list[tuple[UUID, UUID]] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """Rows looked at so far."""
        return self.sealed + self.current + len(self.unreadable)


def rotate(database: Database, encryption: EncryptionService, at_once: int = AT_ONCE) -> Iterator[Rotation]:
    """Seal every configuration and secret of every organization with the master key; yields after each batch.

    Each batch is a transaction of its own: interrupted at any time, a rotation is just begun again. Rows that the
    master key seals already are left alone.

    Raises:
        DatabaseError: The database is away; what was committed stays.
    """
    with database.system() as connection:
        progress = Rotation(connection.execute(_COUNT).scalar_one())
    for page, seal, place in (
        (_PAGE, _SEAL, _of_connection),
        (_WEBHOOKS, _SEAL_WEBHOOK, _of_webhook),
        (_FACTORS, _SEAL_FACTOR, _of_factor),
        (_NOTICES, _SEAL_NOTICES, _of_notices),
    ):
        after = UUID(int=0)
        while True:
            with database.system() as connection:
                rows = connection.execute(page, {"after": after, "limit": at_once}).mappings().all()
                for row in rows:
                    _rotate_row(connection, encryption, row, progress, seal, place(row))
            if not rows:
                break
            after = rows[-1]["id"]
            yield progress


def disable_sealed_with(database: Database, key_id: str, actor: Actor) -> int:
    """Disable every ACTIVE connection and webhook that a lost key sealed; returns how many. Raises DatabaseError."""
    with database.system() as connection:
        return connection.execute(_DISABLE, {"key_id": key_id, "actor": actor.name}).rowcount


def _of_connection(row: Any) -> bytes:
    return bind(row["org_id"], row["id"], row["connector_type"])


def _of_webhook(row: Any) -> bytes:
    return bind_webhook(row["org_id"], row["id"])


def _of_factor(row: Any) -> bytes:
    return bind_factor(row["org_id"], row["id"])


def _of_notices(row: Any) -> bytes:
    return bind_notices(row["org_id"], row["id"])


def _rotate_row(
    connection: Connection, encryption: EncryptionService, row: Any, progress: Rotation, seal: TextClause, place: bytes
) -> None:
    blob = bytes(row["config_encrypted"])
    if row["key_id"] == encryption.key_id and encryption.is_current(blob, place):
        progress.current += 1
        return
    try:
        sealed = encryption.rebind(blob, place, row["key_id"])
    except EncryptionError:
        progress.unreadable.append((row["org_id"], row["id"]))
        return
    connection.execute(seal, {"id": row["id"], "config": sealed, "key_id": encryption.key_id})
    progress.sealed += 1
