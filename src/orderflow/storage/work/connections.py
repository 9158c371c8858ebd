"""Connections in PostgreSQL: their configuration, their breaker, and who polls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.reach import Reach
from orderflow.domain.readings import MOST_BEGUN, named
from orderflow.domain.states import BreakerState, ConnectionStatus
from orderflow.flow.ports import ActiveConnection, Outage, Target
from orderflow.flow.refusals import no_connection
from orderflow.secrets.encryption import EncryptionService, bind
from orderflow.storage.fast.holding import Holding
from orderflow.storage.fast.statements import run
from orderflow.storage.records import as_json, columns
from orderflow.storage.tables.models import ERPConnection
from orderflow.storage.tables.roles import ALIVE
from orderflow.storage.work import outages
from orderflow.storage.work.clock import CLOSED, LONGEST_LEASE, LONGEST_PROBE_WAIT, LONGEST_REST, RESTING, past
from orderflow.storage.work.connection_rows import SqlConnectionRows

_OPEN = text(f"""
    SELECT {columns(ERPConnection, "c")}, g.deliveries_paused_at IS NOT NULL
                AND (g.deliveries_paused_until IS NULL OR g.deliveries_paused_until > now()) AS paused,
           {CLOSED} AS closed, extract(epoch FROM now() - c.closed_until)::float8 AS open_for,
           CASE WHEN {RESTING} THEN extract(epoch FROM c.rests_until - now())::float8 END AS rests_for,
           g.slug
    FROM erp_connection c JOIN organization g ON g.id = c.org_id
    WHERE c.id = :id AND c.deleted_at IS NULL
""")  # noqa: S608  # built from a constant
# Not `FOR UPDATE` here and below: who asks for a push holds the key of its connection, and may wait for an order.
_REST = text("""
    UPDATE erp_connection c
    SET rests_until = GREATEST(CASE WHEN old.rests_until <= now() + interval '1 hour' THEN old.rests_until END,
                               now() + make_interval(secs => :seconds)),
        rest_error = CAST(:error AS jsonb)
    FROM (SELECT id, rests_until, rest_error FROM erp_connection WHERE id = :id FOR NO KEY UPDATE) old
    WHERE c.id = old.id
    RETURNING old.rest_error IS NULL
""")
_END_REST = text(f"""
    UPDATE erp_connection SET rests_until = NULL, rest_error = NULL
    WHERE id = :id AND {past("rests_until", LONGEST_REST)}
""")  # noqa: S608  # built from constants
_SET_BREAKER = text("""
    UPDATE erp_connection c
    SET breaker_state = :state,
        breaker_error = CAST(:error AS jsonb),
        breaker_since = CASE WHEN old.breaker_state = :state THEN old.breaker_since ELSE now() END,
        probe_failures = CASE WHEN :state = 'OPEN' THEN old.probe_failures + 1 ELSE 0 END,
        probe_at = now() + make_interval(secs => :probe_in)
    FROM (SELECT id, breaker_state, breaker_since, probe_failures FROM erp_connection WHERE id = :id
            AND version = COALESCE(CAST(:version AS bigint), version)
            AND (CAST(:probe AS timestamptz) IS NULL OR breaker_state = 'OPEN' AND probe_at = :probe)
          FOR NO KEY UPDATE) old
    WHERE c.id = old.id AND NOT (old.breaker_state = :state AND :state = 'CLOSED')
    RETURNING old.breaker_state <> :state
""")
_LEASE_PROBE = text(f"""
    UPDATE erp_connection SET probe_at = now() + make_interval(secs => :seconds)
    WHERE id = :id AND breaker_state = 'OPEN' AND probe_at IS NOT NULL AND {past("probe_at", LONGEST_PROBE_WAIT)}
    RETURNING probe_at
""")  # noqa: S608  # built from constants
_LEASE_POLL = text(f"""
    UPDATE erp_connection
    SET poll_lease_token = :token, poll_lease_until = now() + make_interval(secs => :seconds)
    WHERE id = :id AND ({past("poll_lease_until", LONGEST_LEASE)} OR poll_lease_token = :token)
      AND (key_id IS NULL OR key_id = ANY(:keys))
    RETURNING id
""")  # noqa: S608  # built from constants
_BEGUN = text("SELECT poll_lease_token IS NOT NULL AS broke_off, begun FROM erp_connection WHERE id = :id")
_NOTE_BEGUN = text("""
    UPDATE erp_connection SET begun = NULLIF(CAST(:counts AS jsonb), '{}')
    WHERE id = :id AND poll_lease_token = :token
""")
_TRY_AGAIN = text(f"""
    UPDATE erp_connection c
    SET begun = (SELECT jsonb_object_agg(key, CASE WHEN starts_with(key, :name) THEN LEAST(value::int, {MOST_BEGUN - 1})
                                              ELSE value::int END)
                 FROM jsonb_each_text(c.begun))
    WHERE id = :id AND EXISTS (SELECT FROM jsonb_object_keys(c.begun) key WHERE starts_with(key, :name))
""")  # noqa: S608  # built from a constant
_END_POLL = text("""
    UPDATE erp_connection
    SET poll_lease_token = NULL, poll_lease_until = NULL, next_poll_at = now() + make_interval(secs => :next_in),
        poll_error = CAST(:error AS jsonb),
        -- What lies there and is not understood is another matter than that nothing can be read.
        poll_failing_since = CASE
            WHEN CAST(:error AS jsonb) IS NULL THEN NULL
            WHEN starts_with(poll_error ->> 'code', 'ACKS_') = starts_with(CAST(:error AS jsonb) ->> 'code', 'ACKS_')
            THEN COALESCE(poll_failing_since, now())
            ELSE now() END
    WHERE id = :id AND poll_lease_token = :token
""")
_POLL_NOW = text("UPDATE erp_connection SET next_poll_at = now() WHERE id = :id")
_SET_ANSWER_TOKEN = text("""
    UPDATE erp_connection
    SET answer_token_hash = :hash, answer_token_prefix = :prefix,
        answer_token_at = CASE WHEN CAST(:hash AS bytea) IS NOT NULL THEN now() END
    WHERE id = :id AND deleted_at IS NULL RETURNING id
""")
_NOTE_TEST = text("""
    UPDATE erp_connection
    SET last_test_at = CASE WHEN CAST(:error AS jsonb) IS NULL THEN now() ELSE last_test_at END,
        test_error = CAST(:error AS jsonb) || jsonb_build_object('at', now())
    WHERE id = :id AND version = COALESCE(CAST(:version AS bigint), version)
""")
_NOTE_CERTIFICATE = text("""
    UPDATE erp_connection SET certificate_ends_at = :ends
    WHERE id = :id AND certificate_ends_at IS DISTINCT FROM CAST(:ends AS timestamptz)
""")
_NOTE_DELIVERY = text("""
    UPDATE erp_connection SET delivered_at = COALESCE(delivered_at, now()), test_error = NULL
    WHERE id = :id AND version = :version AND (delivered_at IS NULL OR test_error IS NOT NULL)
""")
_PROOF = text("""
    SELECT last_test_at, test_error, delivered_at FROM erp_connection WHERE id = :id AND deleted_at IS NULL
""")
# One that another process at work may open stays as it is, whatever is wrong here.
_DISABLE_UNREADABLE = text(f"""
    UPDATE erp_connection SET status = 'DISABLED', is_default = false, version = version + 1
    WHERE id = :id AND NOT (status = 'DISABLED' AND breaker_state = 'PAUSED')
      AND NOT EXISTS (SELECT FROM process p WHERE p.delivers AND {ALIVE} AND NOT p.key_ids <@ CAST(:keys AS text[])
                      AND NOT p.troubles @> '[{{"code": "KEY_MISMATCH"}}]')
    RETURNING id
""")  # noqa: S608  # built from a constant
_CONNECTOR_ELSEWHERE = text(f"""
    SELECT EXISTS (SELECT FROM process p WHERE p.delivers AND {ALIVE} AND :connector_type = ANY(p.connector_types))
""")  # noqa: S608  # built from a constant
# Who names one in an export keeps it from being deleted from here on: `connection_rows._LOCK_WHOLE` waits.
_ACTIVE = """
    SELECT id, name, connector_type, is_default FROM erp_connection
    WHERE deleted_at IS NULL AND status = 'ACTIVE' AND (CAST(%(id)s AS uuid) IS NULL OR id = %(id)s)
      AND (CAST(%(type)s AS text) IS NULL OR connector_type = %(type)s)
    ORDER BY is_default DESC, created_at, id
    FOR KEY SHARE
"""


class SqlConnections(SqlConnectionRows):
    """The connections of one organization, in one transaction."""

    def __init__(
        self, connection: Connection, org_id: UUID, encryption: EncryptionService, holding: Holding | None = None
    ) -> None:
        self._connection = connection
        self._org_id = org_id
        self._encryption = encryption
        self._holding = holding or Holding(connection, org_id)

    def active(self, connection_id: UUID | None, connector_type: str | None = None) -> Sequence[ActiveConnection]:
        """Return the ACTIVE connections, the default one first; a transaction asks once. Raises NotFoundError."""
        asked = (connection_id, connector_type)
        if asked not in self._holding.active:
            found = run(self._connection, _ACTIVE, {"id": connection_id, "type": connector_type}).fetchall()
            if not found and connection_id is not None:
                self.type_of(connection_id)
            self._holding.active[asked] = [ActiveConnection(**row) for row in found]
        return self._holding.active[asked]

    def open(self, connection_id: UUID) -> Target:
        """Return the connection with its configuration open.

        Raises:
            NotFoundError: There is no such connection.
            KeyMismatchError: It was sealed with a key that this process does not have.
            EncryptionError: It is damaged.
        """
        row = self._connection.execute(_OPEN, {"id": connection_id}).mappings().one_or_none()
        if row is None:
            raise no_connection(connection_id)
        place = bind(row["org_id"], row["id"], row["connector_type"])
        return Target(
            connection_id=row["id"],
            org_id=row["org_id"],
            connector_type=row["connector_type"],
            config=self._encryption.decrypt_config(row["config_encrypted"], place, row["key_id"] or ""),
            in_doubt=row["in_doubt"],
            change_by_recall=row["change_by_recall"],
            commit_within=row["commit_within"],
            status=ConnectionStatus(row["status"]),
            breaker_state=BreakerState(row["breaker_state"]),
            probe_failures=row["probe_failures"],
            paused=row["paused"],
            orders_per_minute=row["orders_per_minute"],
            closed=row["closed"],
            closed_until=row["closed_until"],
            open_for=row["open_for"],
            rests_for=row["rests_for"],
            rest_told=row["rest_error"] is not None,
            reach=Reach(row["slug"], row["restricted"]),
            version=row["version"],
            proven=row["delivered_at"] is not None and row["test_error"] is None,
        )

    def disable_unreadable(self, connection_id: UUID, error: dict[str, Any]) -> bool:
        """Disable a connection whose configuration does not open; False if it is so already, or another may open it."""
        if not self._took(_DISABLE_UNREADABLE, {"id": connection_id, "keys": list(self._encryption.known_key_ids)}):
            return False
        self.set_breaker(connection_id, BreakerState.PAUSED, error, None)
        return True

    def connector_elsewhere(self, connector_type: str) -> bool:
        """Return whether another process that delivers has this connector."""
        return bool(self._connection.execute(_CONNECTOR_ELSEWHERE, {"connector_type": connector_type}).scalar())

    def set_breaker(
        self,
        connection_id: UUID,
        state: BreakerState,
        error: dict[str, Any] | None,
        probe_in: float | None,
        *,
        version: int | None = None,
        probe: datetime | None = None,
    ) -> bool:
        """Change the breaker, unless what it follows from is out of date; True if its state is another one."""
        parameters = {"id": connection_id, "state": state, "probe_in": probe_in, "version": version, "probe": probe}
        changed = self._connection.execute(_SET_BREAKER, parameters | {"error": as_json(error) if error else None})
        return bool(changed.scalar())

    def outage(self, connection_id: UUID) -> Outage | None:
        """Return the outage of an OPEN connection whose orders do not wait for ever; None of any other."""
        return outages.outage(self._connection, connection_id)

    def rest(self, connection_id: UUID, seconds: float, error: dict[str, Any]) -> bool:
        """Let the connection rest; True if its target had taken something since it last did."""
        parameters = {"id": connection_id, "seconds": seconds, "error": as_json(error)}
        return bool(self._connection.execute(_REST, parameters).scalar())

    def end_rest(self, connection_id: UUID) -> None:
        """Note that the target takes orders again."""
        self._connection.execute(_END_REST, {"id": connection_id})

    def lease_probe(self, connection_id: UUID, seconds: float) -> datetime | None:
        """Take the right to probe an OPEN connection whose probe is due; returns until when it is held."""
        until: datetime | None = self._connection.execute(
            _LEASE_PROBE, {"id": connection_id, "seconds": seconds}
        ).scalar()
        return until

    def note_test(
        self, connection_id: UUID, error: dict[str, Any] | None = None, *, version: int | None = None
    ) -> None:
        """Note a test now: a good one, or what was wrong; `version` as for `set_breaker`."""
        values = {"id": connection_id, "error": as_json(error) if error else None, "version": version}
        self._connection.execute(_NOTE_TEST, values)

    def note_certificate(self, connection_id: UUID, ends: datetime | None) -> None:
        """Note when the last certificate of its configuration ends."""
        self._connection.execute(_NOTE_CERTIFICATE, {"id": connection_id, "ends": ends})

    def note_delivery(self, connection_id: UUID, version: int) -> None:
        """Note the first delivery with the configuration of this version."""
        self._connection.execute(_NOTE_DELIVERY, {"id": connection_id, "version": version})

    def proof(self, connection_id: UUID) -> Mapping[str, Any]:
        """Return `last_test_at`, `test_error` and `delivered_at`. Raises NotFoundError."""
        row = self._connection.execute(_PROOF, {"id": connection_id}).mappings().one_or_none()
        if row is None:
            raise no_connection(connection_id)
        return dict(row)

    def lease_poll(self, connection_id: UUID, token: UUID, seconds: float) -> bool:
        """Take, or with the same token extend, the right to poll the connection's answers."""
        keys = list(self._encryption.known_key_ids)  # who cannot open it leaves its turn to others
        return self._took(_LEASE_POLL, {"id": connection_id, "token": token, "seconds": seconds, "keys": keys})

    def begun(self, connection_id: UUID) -> tuple[bool, Mapping[str, int]]:
        """Return whether whoever polled last has not ended it, and how often files were begun that were never read."""
        row = self._connection.execute(_BEGUN, {"id": connection_id}).first()
        return (row.broke_off, row.begun or {}) if row else (False, {})

    def note_begun(self, connection_id: UUID, token: UUID, counts: Mapping[str, int]) -> None:
        """Write down how often files were begun, while the right to poll is held."""
        self._connection.execute(_NOTE_BEGUN, {"id": connection_id, "token": token, "counts": as_json(counts)})

    def try_again(self, connection_id: UUID, name: str) -> None:
        """Let a file of that name be begun once more, if it was set aside."""
        self._connection.execute(_TRY_AGAIN, {"id": connection_id, "name": named(name)})

    def end_poll(self, connection_id: UUID, token: UUID, next_in: float, error: dict[str, Any] | None) -> None:
        """Give the right back; due again in `next_in` seconds."""
        parameters = {"id": connection_id, "token": token, "next_in": next_in}
        self._connection.execute(_END_POLL, parameters | {"error": as_json(error) if error else None})

    def poll_now(self, connection_id: UUID) -> None:
        """Let the connection's answers be looked at, or what is told of them put right, at the next sweep."""
        self._connection.execute(_POLL_NOW, {"id": connection_id})

    def set_answer_token(self, connection_id: UUID, token_hash: bytes | None, prefix: str | None) -> None:
        """Keep what is known of the token for answers, in place of any former. Raises NotFoundError."""
        if not self._took(_SET_ANSWER_TOKEN, {"id": connection_id, "hash": token_hash, "prefix": prefix}):
            raise no_connection(connection_id)

    def _took(self, statement: Any, parameters: dict[str, Any]) -> bool:
        return self._connection.execute(statement, parameters).first() is not None
