"""What a new connection of the pool has to be before anything goes over it: unsafe settings are put right, or refused.

They come from the server, the database or the login, by whoever set those up for something else. Only what a
transaction cannot say for itself is seen to here; its isolation level it names (`storage/tables/roles.py`).
"""

from __future__ import annotations

from typing import Any

import psycopg

from orderflow.postgres.errors import DatabaseError, DatabaseSetupError
from orderflow.storage.tables.roles import APP_ROLE, SYSTEM_ROLE

OLDEST_SERVER = 14
_HINT = (
    f"Set DATABASE_URL to a login of the role {APP_ROLE}, and DATABASE_ADMIN_URL to the owner for "
    "`orderflow db upgrade`."
)
# Whether the login, or the role that it works as, sees rows of every organization, and what a commit waits for. Before
# the first upgrade neither the role nor a table may be there.
_LOOK = f"""
    SELECT l.rolsuper OR l.rolbypassrls OR COALESCE(a.rolsuper OR a.rolbypassrls, false) AS above,
           COALESCE(pg_has_role(a.oid, s.oid, 'USAGE'), false) AS sees_all,
           COALESCE(pg_has_role(a.oid, t.relowner, 'USAGE'), false) AS owns,
           current_setting('synchronous_commit') AS waits_for
    FROM pg_roles l LEFT JOIN pg_roles a ON a.rolname = '{APP_ROLE}' LEFT JOIN pg_roles s ON s.rolname = '{SYSTEM_ROLE}'
    LEFT JOIN pg_class t ON t.oid = to_regclass('draft_order')
    WHERE l.rolname = session_user
"""  # noqa: S608  # two constants of ours
SPEAK = "SET datestyle = ISO; SET standard_conforming_strings = on"
"""What a server may read and write otherwise: times, and a backslash in a text."""


def become_app(connection: psycopg.Connection[Any], *, pgbouncer: bool) -> None:
    """Have a new connection work as `orderflow_app`, in autocommit mode; one that must not be used is closed.

    Raises:
        DatabaseSetupError: Its login would see other organizations, or may not take the role; or the server is too
            old, keeps another encoding than UTF-8, or forgets what it has committed.
    """
    login = connection.info.user
    connection.autocommit = True
    try:
        _check_server(connection)
        _check_login(connection, pgbouncer=pgbouncer)
        connection.execute(SPEAK)  # PgBouncer keeps these two for each of its clients
        if login != APP_ROLE:
            connection.execute(f"SET ROLE {APP_ROLE}")
    except psycopg.Error as error:
        connection.close()
        raise DatabaseSetupError(f"{login!r} may not work as {APP_ROLE}: {error}") from None
    except DatabaseError:
        connection.close()
        raise


def check_encoding(connection: psycopg.Connection[Any]) -> None:
    """Refuse a database in which not every letter has a place. Raises DatabaseSetupError."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseSetupError(
            f"The database keeps texts in {encoding}: not every order could be written down.",
            hint="Make it anew with ENCODING 'UTF8' TEMPLATE template0, and restore what is in it from a dump.",
        )


def _check_server(connection: psycopg.Connection[Any]) -> None:
    if connection.info.server_version < OLDEST_SERVER * 10_000:
        raise DatabaseSetupError(
            f"PostgreSQL {OLDEST_SERVER} or newer is needed; this is {connection.info.server_version // 10_000}.",
            hint="Upgrade the server, or unset DATABASE_URL to use the embedded one.",
        )
    check_encoding(connection)


def _check_login(connection: psycopg.Connection[Any], *, pgbouncer: bool) -> None:
    login = connection.info.user
    if pgbouncer and login != APP_ROLE:  # a role taken by `SET ROLE` would stay with whichever connection it gave us
        raise DatabaseSetupError(
            f"Behind PgBouncer DATABASE_URL has to log in as {APP_ROLE} itself, not as {login!r}.",
            hint=f"Give {APP_ROLE} a password, and PgBouncer and DATABASE_URL that login.",
        )
    above, sees_all, owns, waits_for = connection.execute(_LOOK).fetchone() or (True, True, True, "")
    if above:
        raise _unsafe(
            "DATABASE_URL logs in as a superuser or with BYPASSRLS: row-level security would protect no organization.",
            _HINT,
        )
    if sees_all:
        raise _unsafe(
            f"{APP_ROLE} has the rights of {SYSTEM_ROLE} in every transaction: no organization would be kept apart.",
            "Run `orderflow db upgrade` with DATABASE_ADMIN_URL: it takes them away, or says which statement a "
            "superuser has to run.",
        )
    if owns:
        raise _unsafe(
            f"{APP_ROLE} owns OrderFlow's tables, or has their owner's rights: it could take off what keeps "
            "organizations apart.",
            _HINT,
        )
    if waits_for == "off":
        _wait_for_disk(connection, pgbouncer=pgbouncer)


def _wait_for_disk(connection: psycopg.Connection[Any], *, pgbouncer: bool) -> None:
    """Have a commit be on the disk when it is answered: what a crash forgets would be sent a second time."""
    if pgbouncer:  # which keeps no setting of ours
        raise DatabaseSetupError(
            "The database answers before what it commits is on its disk (synchronous_commit is off): a crash would "
            "forget what was sent.",
            hint=f"ALTER ROLE {APP_ROLE} SET synchronous_commit = on; and let PgBouncer connect again (RECONNECT).",
        )
    connection.execute("SET synchronous_commit = on")


def _unsafe(message: str, hint: str) -> DatabaseSetupError:
    return DatabaseSetupError(message, code="DATABASE_ROLE_UNSAFE", hint=hint)
