"""Webhook endpoints in PostgreSQL: as people set them up, and as an engine takes turns at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.errors import EncryptionError, KeyMismatchError, NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.reach import Reach
from orderflow.flow.tell import GIVE_UP_DAYS, LEASE_SECONDS, Endpoint, Message, Outcome
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.records import as_json, columns
from orderflow.storage.tables.models import WebhookEndpoint
from orderflow.storage.work.events import AT_ONCE, number_events

MOST_ENDPOINTS = 20
"""Of one organization."""

MOST_WAITING = 10_000
"""Events that are noted for an endpoint that takes none; the others wait in the log of events."""

_COUNT = text("SELECT count(*) FROM (SELECT FROM webhook_endpoint WHERE org_id = :org_id FOR UPDATE) locked")
# From now on: all that was committed before has its number by then.
_ADD = text("""
    INSERT INTO webhook_endpoint (id, org_id, name, url, kinds, sealed, key_id, restricted, created_by, position)
    VALUES (:id, :org_id, :name, :url, :kinds, :sealed, :key_id, :restricted, :created_by,
            COALESCE((SELECT last FROM event_counter WHERE org_id = :org_id), 0))
""")
_GET = text(f"SELECT {columns(WebhookEndpoint, 'w')} FROM webhook_endpoint w WHERE w.id = :id FOR UPDATE")  # noqa: S608  # built from constants
# A turn that goes on with what it was before ends after the message in hand, and notes nothing of it.
_CHANGE = text("""
    UPDATE webhook_endpoint
    SET name = :name, url = :url, kinds = :kinds, restricted = :restricted, status = :status, failures = 0,
        failing_since = NULL, rests_until = NULL, disabled_at = NULL, missed = 0, missed_at = NULL,
        lease_token = NULL, lease_until = NULL, version = version + 1, updated_at = now()
    WHERE id = :id
""")
_SEAL = text("""
    UPDATE webhook_endpoint
    SET sealed = :sealed, key_id = :key_id, former_until = now() + make_interval(secs => :overlap),
        version = version + 1, updated_at = now()
    WHERE id = :id
""")
_REMOVE = text("DELETE FROM webhook_endpoint WHERE id = :id RETURNING url")
# What waits goes out now, too: else what is sent again would overtake what comes before it. A turn that has one of them
# in hand ends, for it would note that it was delivered.
_REPLAY = text("""
    WITH again AS (
        INSERT INTO webhook_delivery (endpoint_id, number, org_id, subject)
        SELECT w.id, e.number, e.org_id, COALESCE(e.order_id, e.connection_id)
        FROM webhook_endpoint w JOIN event e ON e.org_id = w.org_id AND e.number <= w.position
        WHERE w.id = :id AND e.org_id = :org_id AND (w.kinds = '{}' OR e.kind = ANY(w.kinds))
          AND (e.number = ANY(CAST(:numbers AS bigint[])) OR e.number > :after AND e.number <= :until)
        ORDER BY e.number LIMIT :most
        ON CONFLICT (endpoint_id, number) DO UPDATE SET delivered_at = NULL, next_attempt_at = now()
        RETURNING number
    ), waiting AS (
        UPDATE webhook_delivery d SET next_attempt_at = now()
        WHERE d.endpoint_id = :id AND d.delivered_at IS NULL AND d.number NOT IN (SELECT number FROM again)
    ), rested AS (
        UPDATE webhook_endpoint SET rests_until = NULL, lease_token = NULL, lease_until = NULL WHERE id = :id
    )
    SELECT count(*) FROM again
""")
_OPEN = text(f"""
    UPDATE webhook_endpoint w
    SET lease_token = :token, lease_until = now() + interval '{LEASE_SECONDS:.0f} seconds'
    FROM organization g
    WHERE w.id = :id AND g.id = w.org_id AND w.status = 'ACTIVE'
      AND (w.lease_until IS NULL OR w.lease_until <= now()) AND (w.rests_until IS NULL OR w.rests_until <= now())
    RETURNING w.id, w.org_id, w.url, w.restricted, w.failures, w.sealed, w.key_id, g.slug,
              COALESCE(w.former_until > now(), false) AS overlaps
""")  # noqa: S608  # built from a constant
_NOTE_NEW = text("""
    WITH part AS (
        SELECT GREATEST(w.position, c.pruned) AS after, LEAST(c.last, GREATEST(w.position, c.pruned) + :most) AS upto,
               w.kinds
        FROM webhook_endpoint w JOIN event_counter c ON c.org_id = w.org_id
        WHERE w.id = :id AND c.last > w.position
          AND (SELECT count(*) FROM (SELECT FROM webhook_delivery d WHERE d.endpoint_id = w.id
                                     AND d.delivered_at IS NULL LIMIT :full) waiting) < :full
    ), added AS (
        INSERT INTO webhook_delivery (endpoint_id, number, org_id, subject, next_attempt_at)
        SELECT :id, e.number, e.org_id, COALESCE(e.order_id, e.connection_id), COALESCE((
                   SELECT min(d.next_attempt_at) FROM webhook_delivery d
                   WHERE d.endpoint_id = :id AND d.subject = COALESCE(e.order_id, e.connection_id)
                     AND d.delivered_at IS NULL), now())
        FROM part p JOIN event e ON e.org_id = :org_id AND e.number > p.after AND e.number <= p.upto
        WHERE p.kinds = '{}' OR e.kind = ANY(p.kinds)
        ON CONFLICT DO NOTHING
    )
    UPDATE webhook_endpoint w SET position = p.upto FROM part p WHERE w.id = :id
""")
_TAKE = text("""
    SELECT d.number, d.subject, d.attempts, e.kind, e.at, e.order_id, e.connection_id, e.data
    FROM webhook_delivery d JOIN event e ON e.org_id = d.org_id AND e.number = d.number
    WHERE d.endpoint_id = :id AND d.delivered_at IS NULL AND d.next_attempt_at <= now() AND e.org_id = :org_id
    ORDER BY d.next_attempt_at, d.number LIMIT :most
""")
_HELD = f"""
    WITH held AS (
        SELECT id FROM webhook_endpoint WHERE id = :id AND lease_token = :token FOR UPDATE
    ), logged AS (
        INSERT INTO webhook_attempt (id, org_id, endpoint_id, number, attempt, status, error, ms)
        SELECT :attempt_id, :org_id, id, :number, :attempt, :status, CAST(:error AS jsonb), :ms FROM held
    ), w AS (
        UPDATE webhook_endpoint w
        SET lease_until = now() + interval '{LEASE_SECONDS:.0f} seconds', {{changes}}
        FROM held WHERE w.id = held.id RETURNING w.id
    )
    UPDATE webhook_delivery d
"""  # noqa: S608  # built from a constant
_AT_EASE = "failures = 0, failing_since = NULL, rests_until = NULL, last_error = NULL, delivered_at = now()"
_TAKEN = text(f"""
    {_HELD.format(changes=_AT_EASE)} SET delivered_at = now(), attempts = :attempt
    FROM w WHERE d.endpoint_id = w.id AND d.number = :number RETURNING d.number
""")
# What follows in the same order waits with it. Disabled, it keeps what waits.
_LATE = f"COALESCE(w.failing_since < now() - interval '{GIVE_UP_DAYS} days', false) OR :gone"
_FAILING = f"""
    failures = w.failures + 1, failing_since = COALESCE(w.failing_since, now()),
    last_error = CAST(:error AS jsonb), rests_until = now() + make_interval(secs => :rest),
    status = CASE WHEN {_LATE} THEN 'DISABLED' ELSE w.status END,
    disabled_at = CASE WHEN {_LATE} THEN now() END
"""
_NOT_TAKEN = text(f"""
    {_HELD.format(changes=_FAILING)}
    SET attempts = CASE WHEN d.number = :number THEN :attempt ELSE d.attempts END,
        next_attempt_at = now() + make_interval(secs => :wait)
    FROM w WHERE d.endpoint_id = w.id AND d.subject = :subject AND d.delivered_at IS NULL RETURNING d.number
""")
_CLOSE = text("""
    UPDATE webhook_endpoint SET lease_token = NULL, lease_until = NULL WHERE id = :id AND lease_token = :token
""")
_UNREADABLE = text("""
    UPDATE webhook_endpoint
    SET status = 'DISABLED', disabled_at = now(), last_error = CAST(:error AS jsonb), lease_token = NULL,
        lease_until = NULL
    WHERE id = :id
""")


def bind(org_id: UUID, endpoint_id: UUID) -> bytes:
    """Return the associated data of one endpoint's secrets: sealed with it, they open in no other row."""
    return b"orderflow/webhook_endpoint/1\0" + org_id.bytes + endpoint_id.bytes


class SqlWebhooks:
    """`flow.setup.webhooks.Webhooks` on PostgreSQL, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID, encryption: EncryptionService) -> None:
        self._connection = connection
        self._org_id = org_id
        self._encryption = encryption

    def add(self, endpoint_id: UUID, values: dict[str, Any], secret: str) -> None:
        """Insert an endpoint. Raises StateError if there are as many as may be."""
        if self._connection.execute(_COUNT, {"org_id": self._org_id}).scalar_one() >= MOST_ENDPOINTS:
            raise StateError(
                f"An organization has {MOST_ENDPOINTS} webhooks at most.",
                code="TOO_MANY_WEBHOOKS",
                hint="Delete one, or let one program tell the others.",
            )
        while number_events(self._connection, self._org_id):
            pass
        place = {"id": endpoint_id, "org_id": self._org_id}
        self._connection.execute(_ADD, values | place | self._sealed(endpoint_id, {"present": secret}))

    def version(self, endpoint_id: UUID) -> int:
        """Lock the endpoint and return its version: how often people have changed it. Raises NotFoundError."""
        return int(self._get(endpoint_id)["version"])

    def change(self, endpoint_id: UUID, values: dict[str, Any]) -> dict[str, Any]:
        """Change an endpoint, and return the values that it had. Raises NotFoundError."""
        row = self._get(endpoint_id)
        names = ("name", "url", "kinds", "restricted")
        enabled = values.get("enabled", row["status"] == "ACTIVE")
        kept = {name: values[name] if name in values else row[name] for name in names}
        self._connection.execute(_CHANGE, kept | {"id": endpoint_id, "status": "ACTIVE" if enabled else "DISABLED"})
        return {name: row["status"] == "ACTIVE" if name == "enabled" else row[name] for name in values}

    def rotate(self, endpoint_id: UUID, secret: str, overlap: float) -> None:
        """Give it another secret; the one before counts for `overlap` seconds, unless no key opens it any more.

        Raises:
            NotFoundError: There is no such endpoint.
        """
        row, secrets = self._get(endpoint_id), {"present": secret}
        with suppress(EncryptionError):
            secrets["former"] = _secrets(self._encryption, row)["present"]
        sealed = self._sealed(endpoint_id, secrets)
        self._connection.execute(_SEAL, sealed | {"id": endpoint_id, "overlap": overlap})

    def remove(self, endpoint_id: UUID) -> str:
        """Delete it with its log, and return where it led. Raises NotFoundError."""
        removed = self._connection.execute(_REMOVE, {"id": endpoint_id}).first()
        if removed is None:
            raise no_webhook(endpoint_id)
        return str(removed.url)

    def replay(self, endpoint_id: UUID, numbers: Sequence[int], after: int | None, until: int | None, most: int) -> int:
        """Have events sent again; returns how many. Raises NotFoundError."""
        self._get(endpoint_id)
        wanted = {"numbers": list(numbers), "after": after, "until": until if until is not None else 2**62}
        values = {"id": endpoint_id, "org_id": self._org_id, "most": most, **wanted}
        return int(self._connection.execute(_REPLAY, values).scalar_one())

    def endpoint(self, endpoint_id: UUID) -> Endpoint:
        """Return it as a turn would have it, for a test. Raises NotFoundError, EncryptionError."""
        row = self._get(endpoint_id)
        slug = self._connection.execute(text("SELECT slug FROM organization WHERE id = :id"), {"id": self._org_id})
        return _endpoint(self._encryption, {**row, "slug": slug.scalar_one(), "overlaps": False}, new_id())

    def _get(self, endpoint_id: UUID) -> Mapping[Any, Any]:
        row = self._connection.execute(_GET, {"id": endpoint_id}).mappings().first()
        if row is None:
            raise no_webhook(endpoint_id)
        return row

    def _sealed(self, endpoint_id: UUID, secrets: dict[str, str]) -> dict[str, Any]:
        sealed = self._encryption.encrypt_config(secrets, bind(self._org_id, endpoint_id))
        return {"sealed": sealed, "key_id": self._encryption.key_id}


class SqlWebhookOutbox:
    """`flow.tell.Outbox` on PostgreSQL."""

    def __init__(self, database: Database, encryption: EncryptionService) -> None:
        self._database = database
        self._encryption = encryption

    def open(self, org_id: UUID, endpoint_id: UUID) -> Endpoint | None:
        """Take the endpoint for a turn, and note what is new for it; None if there is nothing to do."""
        try:
            return self._open(org_id, endpoint_id, new_id())
        except KeyMismatchError:  # another process may have the key; this one's health says that it lacks it
            return None

    def _open(self, org_id: UUID, endpoint_id: UUID, token: UUID) -> Endpoint | None:
        """Take the endpoint, as `open`. Raises KeyMismatchError: nothing was taken, since its key is not at hand."""
        with self._database.transaction(org_id) as connection:
            row = connection.execute(_OPEN, {"id": endpoint_id, "token": token}).mappings().first()
            if row is None:
                return None
            try:
                endpoint = _endpoint(self._encryption, row, token)
            except KeyMismatchError:
                raise
            except EncryptionError as error:  # nothing can be signed, now or later: a person has to look
                connection.execute(_UNREADABLE, {"id": endpoint_id, "error": as_json(error.as_json())})
                return None
            number_events(connection, org_id)
            values = {"id": endpoint_id, "org_id": org_id, "most": AT_ONCE, "full": MOST_WAITING}
            connection.execute(_NOTE_NEW, values)
        return endpoint

    def take(self, endpoint: Endpoint, most: int) -> list[Message]:
        """Return what is due, those of one subject in their order."""
        values = {"id": endpoint.id, "org_id": endpoint.org_id, "most": most}
        with self._database.transaction(endpoint.org_id) as connection:
            return [_message(endpoint, row) for row in connection.execute(_TAKE, values).mappings()]

    def settle(self, endpoint: Endpoint, message: Message, outcome: Outcome, wait: float, rest: float | None) -> bool:
        """Note what became of a message; False: it is another's turn, or was changed, and nothing was noted."""
        values: dict[str, Any] = {"id": endpoint.id, "token": endpoint.token, "org_id": endpoint.org_id}
        values |= {"number": message.number, "attempt": message.attempts + 1, "attempt_id": new_id()}
        values |= {"status": outcome.status, "ms": outcome.ms}
        values["error"] = None if outcome.taken else as_json(outcome.error)
        if not outcome.taken:
            values |= {"subject": message.subject, "wait": wait, "rest": rest, "gone": outcome.gone}
        with self._database.transaction(endpoint.org_id) as connection:
            return connection.execute(_TAKEN if outcome.taken else _NOT_TAKEN, values).first() is not None

    def close(self, endpoint: Endpoint) -> None:
        """End the turn."""
        with self._database.transaction(endpoint.org_id) as connection:
            connection.execute(_CLOSE, {"id": endpoint.id, "token": endpoint.token})


def no_webhook(endpoint_id: UUID) -> NotFoundError:
    """There is no such webhook."""
    return NotFoundError(f"There is no webhook {endpoint_id} in this organization.")


def _secrets(encryption: EncryptionService, row: Mapping[Any, Any]) -> dict[str, str]:
    return encryption.decrypt_config(row["sealed"], bind(row["org_id"], row["id"]), row["key_id"])


def _endpoint(encryption: EncryptionService, row: Mapping[Any, Any], token: UUID) -> Endpoint:
    secrets = _secrets(encryption, row)
    signing = [secrets["present"], *([secrets["former"]] if row["overlaps"] and "former" in secrets else [])]
    reach = Reach(row["slug"], row["restricted"])
    return Endpoint(row["id"], row["org_id"], token, row["url"], reach, signing, row["failures"])


def _message(endpoint: Endpoint, row: Mapping[Any, Any]) -> Message:
    about = {"number": row["number"], "order_id": row["order_id"], "connection_id": row["connection_id"]}
    data = {name: str(value) if isinstance(value, UUID) else value for name, value in about.items()}
    data |= row["data"]
    name = f"evt_{endpoint.org_id}_{row['number']}"
    return Message(name, row["number"], row["subject"], row["kind"], row["at"], data, row["attempts"])
