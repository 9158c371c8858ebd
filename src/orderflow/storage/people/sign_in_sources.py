"""How sign-ins go, by account and by where they come from; as the system role, for most that is tried is no account."""

from __future__ import annotations

import hashlib

from sqlalchemy import text

from orderflow.flow.people.sign_in import FREE, KNOWN_FOR, LONGEST_WAIT, STRANGERS, STRANGERS_WAIT
from orderflow.storage.database import Database

_KNOWN = "coalesce(s.succeeded_at > now() - make_interval(secs => :known_for), false)"
_OWN_WAIT = """
    s.failed_at + make_interval(secs => CASE
        WHEN s.failures < :free OR s.failed_at < now() - interval '1 day' THEN 0
        ELSE least(:longest, power(2, least(s.failures - :free, 20))) END) - now()
"""
_STATE = text(f"""
    SELECT {_KNOWN} AS known, extract(epoch FROM {_OWN_WAIT}) AS wait
    FROM sign_in_source s WHERE account = :account AND source = :source
""")  # noqa: S608  # built from constants
_OF_STRANGERS = text(f"""
    SELECT coalesce(sum(s.failures), 0) AS failures, extract(epoch FROM now() - max(s.failed_at)) AS since
    FROM sign_in_source s WHERE account = :account AND failed_at > now() - interval '1 hour' AND NOT {_KNOWN}
""")  # noqa: S608  # as above
_COUNT = text(f"""
    INSERT INTO sign_in_source AS s (account, source, failures, failed_at) VALUES (:account, :source, 1, now())
    ON CONFLICT (account, source) DO UPDATE
    SET failures = CASE WHEN s.failed_at < now() - interval '1 day' THEN 1 ELSE s.failures + 1 END, failed_at = now()
    WHERE {_KNOWN} OR s.failed_at IS NULL OR {_OWN_WAIT} <= interval '0'
    RETURNING failures
""")  # noqa: S608  # as above
_SUCCEED = text("""
    UPDATE sign_in_source SET failures = 0, succeeded_at = now() WHERE account = :account AND source = :source
""")
_FAILURES = text("""
    SELECT coalesce(sum(failures), 0) FROM sign_in_source
    WHERE account = :account AND failed_at > now() - interval '1 day'
""")
_FORGET = text("UPDATE sign_in_source SET failures = 0, failed_at = NULL WHERE account = :account AND failures > 0")
_FORGET_OLD = text("""
    DELETE FROM sign_in_source WHERE (account, source) IN (
        SELECT account, source FROM sign_in_source
        WHERE failed_at < now() - interval '1 day'
          AND (succeeded_at IS NULL OR succeeded_at < now() - make_interval(secs => :known_for))
        LIMIT 100)
""")
_POLICY = {"free": FREE, "known_for": KNOWN_FOR, "longest": LONGEST_WAIT}


class SqlSignInSources:
    """`flow.people.sign_in.Sources` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, email: str, source: str) -> float:
        """Count an attempt as failed until `succeed`; returns the seconds to wait if it comes too soon, else 0."""
        given = {"account": _account(email), "source": source, **_POLICY}
        with self._database.system() as connection:
            found = connection.execute(_STATE, given).mappings().one_or_none()
            if not (found and found["known"]):
                strangers = connection.execute(_OF_STRANGERS, given).mappings().one()
                if strangers["failures"] >= STRANGERS and strangers["since"] < STRANGERS_WAIT:
                    return float(STRANGERS_WAIT - strangers["since"])
            count = connection.execute(_COUNT, given).scalar()
            if count == 1:
                connection.execute(_FORGET_OLD, given)
            return 0.0 if count else max(float(found["wait"]) if found else 0.0, 1.0)

    def succeed(self, email: str, source: str) -> None:
        """Note that the right password came from there: it gets in from there for `KNOWN_FOR`, whatever others try."""
        with self._database.system() as connection:
            connection.execute(_SUCCEED, {"account": _account(email), "source": source})

    def failures(self, email: str) -> int:
        """Return how many wrong passwords were tried for an account since a day ago, or since the last good one."""
        with self._database.system() as connection:
            return int(connection.execute(_FAILURES, {"account": _account(email)}).scalar_one())

    def forget_failures(self, email: str) -> int:
        """Forget wrong passwords for an account, so that nobody waits; returns from how many places they came."""
        with self._database.system() as connection:
            return connection.execute(_FORGET, {"account": _account(email)}).rowcount


def _account(email: str) -> bytes:
    return hashlib.sha256(email.strip().lower().encode("utf-8", "surrogatepass")).digest()
