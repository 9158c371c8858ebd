"""Second factors in PostgreSQL: secrets sealed as those of connections are, bound to their user."""

from __future__ import annotations

import hashlib
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.flow.people.second_factor import Factor
from orderflow.flow.people.sign_in import FREE, KNOWN_FOR, LONGEST_WAIT
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database

_GET = text("""
    SELECT sealed, key_id, confirmed_at IS NOT NULL AS confirmed, last_step, recovery
    FROM second_factor WHERE user_id = :user_id FOR UPDATE
""")
_PUT = text("""
    INSERT INTO second_factor (user_id, org_id, sealed, key_id, confirmed_at, last_step, recovery)
    VALUES (:user_id, :org_id, :sealed, :key_id, CASE WHEN :confirmed THEN now() END, :last_step, :recovery)
    ON CONFLICT (user_id) DO UPDATE
    SET sealed = excluded.sealed, key_id = excluded.key_id, last_step = excluded.last_step,
        recovery = excluded.recovery,
        confirmed_at = CASE WHEN :confirmed THEN coalesce(second_factor.confirmed_at, now()) END
""")
_REMOVE = text("DELETE FROM second_factor WHERE user_id = :user_id")
_HAVE = text("SELECT user_id FROM second_factor WHERE confirmed_at IS NOT NULL")


def bind(org_id: UUID, user_id: UUID) -> bytes:
    """Return the associated data of one user's secret: sealed with it, it opens for nobody else."""
    return b"orderflow/second_factor/1\0" + org_id.bytes + user_id.bytes


class SqlSecondFactors:
    """`flow.people.second_factor.SecondFactors` of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID, encryption: EncryptionService) -> None:
        self._connection = connection
        self._org_id = org_id
        self._encryption = encryption

    def get(self, user_id: UUID) -> Factor | None:
        """Return and lock what is stored. Raises EncryptionError if its key is not at hand."""
        row = self._connection.execute(_GET, {"user_id": user_id}).mappings().one_or_none()
        if row is None:
            return None
        opened = self._encryption.decrypt_config(bytes(row["sealed"]), bind(self._org_id, user_id), row["key_id"])
        return Factor(opened["secret"], row["confirmed"], row["last_step"], list(row["recovery"]))

    def put(self, user_id: UUID, factor: Factor) -> None:
        """Store it, in place of what was there."""
        sealed = self._encryption.encrypt_config({"secret": factor.secret}, bind(self._org_id, user_id))
        values = {"confirmed": factor.confirmed, "last_step": factor.last_step, "recovery": factor.recovery}
        place = {"user_id": user_id, "org_id": self._org_id, "sealed": sealed, "key_id": self._encryption.key_id}
        self._connection.execute(_PUT, place | values)

    def remove(self, user_id: UUID) -> bool:
        """Remove it; False if there was none."""
        return self._connection.execute(_REMOVE, {"user_id": user_id}).rowcount > 0

    def users(self) -> set[UUID]:
        """Return who has one."""
        return set(self._connection.execute(_HAVE).scalars())


_WAIT = """
    s.failed_at + make_interval(secs => CASE
        WHEN s.failures < :free OR s.failed_at < now() - interval '1 day' THEN 0
        ELSE least(:longest, power(2, least(s.failures - :free, 20))) END) - now()
"""
_IS_KNOWN = text("""
    SELECT true FROM sign_in_source
    WHERE account = :account AND source = :source AND succeeded_at > now() - make_interval(secs => :known_for)
""")
_COUNT = text(f"""
    INSERT INTO sign_in_source AS s (account, source, failures, failed_at) VALUES (:account, :bucket, 1, now())
    ON CONFLICT (account, source) DO UPDATE
    SET failures = CASE WHEN s.failed_at < now() - interval '1 day' THEN 1 ELSE s.failures + 1 END, failed_at = now()
    WHERE s.failed_at IS NULL OR {_WAIT} <= interval '0'
    RETURNING failures
""")  # noqa: S608  # built from a constant
_LEFT = text(f"""
    SELECT extract(epoch FROM {_WAIT}) FROM sign_in_source s WHERE account = :account AND source = :bucket
""")  # noqa: S608  # as above
_UNCOUNT = text("""
    UPDATE sign_in_source SET failures = greatest(failures - 1, 0) WHERE account = :account AND source = :bucket
""")
_KNOW = text("""
    INSERT INTO sign_in_source (account, source, failures, succeeded_at) VALUES (:account, :source, 0, now())
    ON CONFLICT (account, source) DO UPDATE SET failures = 0, succeeded_at = now()
""")
_FORGET = text("UPDATE sign_in_source SET failures = 0, failed_at = NULL WHERE account = :account AND failures > 0")
_ELSEWHERE = "elsewhere"
"""All places together where a user never signed in: so many do not make more guesses, and keep nobody out at home."""


class SqlCodeLimits:
    """`flow.people.second_factor.Limits` on PostgreSQL, as the system role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, user_id: UUID, source: str) -> float:
        """Count an attempt as failed until `succeed`; returns the seconds to wait if it comes too soon, else 0."""
        given = _given(user_id, source)
        with self._database.system() as connection:
            bucket = source if connection.execute(_IS_KNOWN, given).scalar() else _ELSEWHERE
            if connection.execute(_COUNT, given | {"bucket": bucket}).scalar():
                return 0.0
            return max(float(connection.execute(_LEFT, given | {"bucket": bucket}).scalar() or 0), 1.0)

    def succeed(self, user_id: UUID, source: str) -> None:
        """Note that the right code came from there: from now on the place counts by itself."""
        given = _given(user_id, source)
        with self._database.system() as connection:
            if not connection.execute(_IS_KNOWN, given).scalar():
                connection.execute(_UNCOUNT, given | {"bucket": _ELSEWHERE})
            connection.execute(_KNOW, given)

    def forget_failures(self, user_id: UUID) -> int:
        """Forget wrong codes of a user, so that nobody waits; returns from how many places they came."""
        with self._database.system() as connection:
            return connection.execute(_FORGET, _given(user_id, "")).rowcount


def _given(user_id: UUID, source: str) -> dict[str, object]:
    account = hashlib.sha256(b"second factor\0" + user_id.bytes).digest()
    policy = {"free": FREE, "longest": LONGEST_WAIT, "known_for": KNOWN_FOR}
    return {"account": account, "source": source, **policy}
