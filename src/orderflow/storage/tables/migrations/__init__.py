"""Brings a database to the present tables, step by step (Alembic)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, event, exc, text

from orderflow.postgres.errors import DatabaseError, DatabaseSetupError
from orderflow.storage.connecting import SPEAK, check_encoding
from orderflow.storage.database import CONNECT, Database, normal_url
from orderflow.storage.tables.row_security import keep_apart, schema_is_open

_LOCK = 0x0F_DB_00_01  # any number that no other program takes in the same database
_LOCKED_OUT = ("55P03", "40P01")  # lock_not_available, deadlock_detected (PostgreSQL, Appendix A)
_LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout")
BRIEFLY = 2_000
"""Milliseconds for which a step waits for a table that is in use."""

TELL_AFTER = 5.0
"""Seconds after which who waits for another upgrade is told so."""

TRIES, PAUSE = 120, 1.0
"""How often a step is tried that found one in use, and the seconds between, in which the others work."""

SCHEMA_OPEN = (
    "orderflow_app may make tables in the schema public, which this login may not take from it. "
    "A superuser has to run: ALTER SCHEMA public OWNER TO pg_database_owner; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
)
"""The owner of the database is given the schema, or would be kept from making tables as well."""

Progress = Callable[[str], None]

OLDEST_CODE = "0005"
"""The revision that the release before this one needs: its code goes on working on this release's tables.

So processes may be replaced one after the other. A step therefore only adds; what the new code has no more use for
is dropped by the next release, which raises this.
"""


def upgrade(admin_url: str, progress: Progress | None = None) -> None:
    """Apply what is missing. Safe to call from several processes at once: one works, the others wait.

    Args:
        admin_url: URL of the database's owner, who may create roles (or finds them made).
        progress: Called with one line for each step, after it was applied.

    Raises:
        DatabaseError: The database cannot be reached.
        DatabaseSetupError: A step failed, and nothing of it was applied; or the tables are of a release with which
            this one cannot work.
    """
    engine = create_engine(normal_url(admin_url), connect_args=CONNECT, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _refuse_pooler)
    event.listen(engine, "connect", _settle)
    try:
        with engine.connect() as connection:
            _wait_for_lock(connection, progress)
            _apply(connection, progress)
            _keep_apart(connection)
            if progress and schema_is_open(connection):
                progress(SCHEMA_OPEN)
    except exc.OperationalError as error:
        raise DatabaseError(f"The database cannot be reached or upgraded: {error.orig}") from error
    except exc.DBAPIError as error:
        raise DatabaseSetupError(
            f"The database could not be upgraded: {error.orig}",
            hint="DATABASE_ADMIN_URL must name the owner of the database, who may create roles.",
        ) from error


def _refuse_pooler(connection: psycopg.Connection[Any], _record: Any) -> None:
    """Refuse what stands between us and the server, and so names another process as ours than the server does.

    In transaction mode our lock would stay behind on a connection of the pooler's, for which the next upgrade waits for
    ever, and limits that are set would be those of others. In what mode a pooler is nobody can ask it.
    """
    (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (None,)
    connection.commit()
    if pid != connection.info.backend_pid:
        connection.close()
        raise DatabaseSetupError(
            "DATABASE_ADMIN_URL leads to a pooler; an upgrade needs PostgreSQL itself.",
            hint="Set DATABASE_ADMIN_URL to the host and port of the PostgreSQL server behind the pooler.",
        )


def _settle(connection: psycopg.Connection[Any], _record: Any) -> None:
    """Unset the limits of the role or database: an index that is ended after a second is begun again and again.

    What else they set for others, as the pool's connections do.
    """
    check_encoding(connection)
    connection.execute(f"{SPEAK}; SET default_transaction_isolation = 'read committed'")
    limits = [*_LIMITS, *(["transaction_timeout"] if connection.info.server_version >= 170_000 else [])]
    connection.execute("; ".join(f"SET {limit} = 0" for limit in limits))
    connection.commit()


def _wait_for_lock(connection: Connection, progress: Progress | None) -> None:
    """Take the lock, which is freed when we disconnect.

    It is asked for again and again: who waits inside one statement keeps a snapshot open, for whose end the concurrent
    index of the process that holds the lock would wait in turn.
    """
    tell_at = time.monotonic() + TELL_AFTER
    while True:
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}).scalar_one()
        connection.commit()
        if taken:
            return
        if progress and time.monotonic() >= tell_at:
            progress("another upgrade of this database is at work; waiting for its end")
            tell_at = float("inf")
        time.sleep(0.1)


def current_and_head(connection: Connection) -> tuple[str | None, str]:
    """Return the revision that the database is at (None: empty) and the one that this version of OrderFlow needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision(), head or ""


def ensure_current(database: Database) -> None:
    """Make sure that the tables are those that this version needs.

    Those of the next release will do, for as long as that one says so: see `OLDEST_CODE`.

    Raises:
        DatabaseError: The database cannot be reached.
        DatabaseSetupError: They are not; the hint says what to run.
    """
    with database.system() as connection:
        current, head = current_and_head(connection)
        if current != head and not _is_newer_and_fits(connection, current, head):
            raise DatabaseSetupError(f"The database is at revision {current or 'none'}, this version needs {head}.")


def state(database: Database) -> str:
    """Return `ok`, or the code of what is wrong with the database."""
    try:
        ensure_current(database)
    except DatabaseError as error:
        return error.code
    return "ok"


def _is_newer_and_fits(connection: Connection, current: str | None, head: str) -> bool:
    """Return whether a later release upgraded the database. Raises DatabaseSetupError if it was one too many."""
    if current is None or current <= head:
        return False
    oldest = connection.execute(text("SELECT obj_description('alembic_version'::regclass)")).scalar()
    if oldest is None or head < oldest:
        raise DatabaseSetupError(
            f"The database is at revision {current}, this version needs {head}: a later release upgraded it.",
            hint="Run that release here too, or restore the backup that was made before the upgrade.",
        )
    return True


def _apply(connection: Connection, progress: Progress | None) -> None:
    before, head = current_and_head(connection)
    if _is_newer_and_fits(connection, before, head):
        return
    connection.commit()  # each step begins a transaction of its own
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["progress"] = progress
    event.listen(connection, "begin", _wait_briefly)
    _upgrade(connection, config, progress, before)
    connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{OLDEST_CODE}'"))
    connection.commit()


def _keep_apart(connection: Connection) -> None:
    try:
        keep_apart(connection)
        connection.commit()
    except exc.ProgrammingError as error:
        told = error.orig.diag if isinstance(error.orig, psycopg.Error) else None
        if told is None or told.sqlstate != "42501":  # insufficient_privilege
            raise
        raise DatabaseSetupError(
            told.message_primary or "", code="DATABASE_ROLE_UNSAFE", hint=told.message_hint
        ) from error


def _wait_briefly(connection: Connection) -> None:
    """Let no lock be waited for long: whoever wants the table queues up behind us, and works while this goes on.

    Not while an index is made beside the work, which is done outside of transactions, and has to wait.
    """
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BRIEFLY}")


def _upgrade(connection: Connection, config: Config, progress: Progress | None, before: str | None) -> None:
    """Take the steps; one that got no lock, or met others in a circle, is taken again: nothing of it was kept."""
    for _ in range(TRIES):
        try:
            command.upgrade(config, "head")
        except exc.DBAPIError as error:
            if error.connection_invalidated:
                raise
            connection.rollback()
            if getattr(error.orig, "sqlstate", None) in _LOCKED_OUT:
                if progress:
                    progress("a table is in use; the step is tried again")
                time.sleep(PAUSE)
                continue
            current, _ = current_and_head(connection)
            if current == before:
                raise
            raise DatabaseSetupError(
                f"The database could not be upgraded beyond revision {current}: the step after it failed: {error.orig}",
                hint="The steps that were told are done. Mend what it says, and run this again: it goes on from there.",
            ) from error
        else:
            return
    raise DatabaseSetupError(
        "A table that is to be changed was in use all the time.",
        hint="End what holds it (a dump, a long transaction: see pg_stat_activity), and run this again; "
        "the steps that were told are done.",
    )


def _config(**options: Any) -> Config:
    config = Config(**options)
    config.set_main_option("script_location", "orderflow.storage.tables:migrations")
    config.set_main_option("path_separator", "os")
    return config
