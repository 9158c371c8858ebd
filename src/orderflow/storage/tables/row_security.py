"""The roles and the row-level security of `orderflow.storage.tables.roles`, for migrations to put up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import op
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, exc, text

from orderflow.storage.tables.roles import APP_ROLE, SYSTEM_ROLE

ALL = "SELECT, INSERT, UPDATE, DELETE"
_THIS_ORG = "(SELECT NULLIF(current_setting('orderflow.org_id', true), '')::uuid)"

# Roles belong to the whole server: another database may have made them, at this moment even.
_ROLES = f"""
DO $$
DECLARE
    newer boolean := current_setting('server_version_num')::int >= 160000;
    -- Since 16 who makes a role is a member of it, who may neither become it nor has its rights.
    become text := CASE WHEN newer THEN 'SET' ELSE 'MEMBER' END;
    joining text := 'GRANT {SYSTEM_ROLE} TO {APP_ROLE}' || CASE WHEN newer THEN ' WITH INHERIT FALSE' ELSE '' END;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SYSTEM_ROLE}') THEN
        BEGIN
            CREATE ROLE {SYSTEM_ROLE} NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        BEGIN
            CREATE ROLE {APP_ROLE} LOGIN NOINHERIT;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    IF NOT pg_has_role('{APP_ROLE}', '{SYSTEM_ROLE}', become) THEN
        BEGIN
            EXECUTE joining;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                MESSAGE = format('{APP_ROLE} has to be a member of {SYSTEM_ROLE}, and %I may not make it one.',
                                 current_user),
                HINT = format('A superuser has to run: %s', joining);
        END;
    END IF;
    -- Only an owner whom DATABASE_URL names needs this; it may not where somebody else made the role.
    IF NOT pg_has_role(current_user, '{APP_ROLE}', become) THEN
        BEGIN
            GRANT {APP_ROLE} TO CURRENT_USER;
        EXCEPTION WHEN insufficient_privilege THEN NULL;
        END;
    END IF;
END $$
"""  # noqa: S608  # two constants of ours
# Before 16 it is the role that inherits or does not, since then each membership: as who granted it says.
_APART = f"""
DO $$
DECLARE
    newer boolean := current_setting('server_version_num')::int >= 160000;
    ways text[] := ARRAY['ALTER ROLE {APP_ROLE} NOINHERIT'];
    way text;
BEGIN
    IF NOT pg_has_role('{APP_ROLE}', '{SYSTEM_ROLE}', 'USAGE') THEN
        RETURN;
    END IF;
    IF newer THEN
        EXECUTE $of$
            SELECT array_agg(format('GRANT {SYSTEM_ROLE} TO {APP_ROLE} WITH INHERIT FALSE GRANTED BY %s',
                                    grantor::regrole))
            FROM pg_auth_members
            WHERE roleid = '{SYSTEM_ROLE}'::regrole AND member = '{APP_ROLE}'::regrole AND inherit_option
        $of$ INTO ways;
    END IF;
    FOREACH way IN ARRAY COALESCE(ways, ARRAY[]::text[]) LOOP
        BEGIN
            EXECUTE way;
        EXCEPTION WHEN insufficient_privilege THEN NULL;
        END;
    END LOOP;
    IF pg_has_role('{APP_ROLE}', '{SYSTEM_ROLE}', 'USAGE') THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = '{APP_ROLE} has the rights of {SYSTEM_ROLE} at all times: organizations are not kept apart.',
            HINT = 'A superuser has to run: ' || CASE
                WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = '{APP_ROLE}')
                THEN 'ALTER ROLE {APP_ROLE} NOSUPERUSER'
                ELSE COALESCE(array_to_string(ways, '; '), 'REVOKE … FROM {APP_ROLE}, of the role it has them by')
            END;
    END IF;
END $$
"""  # noqa: S608  # two constants of ours


# Of what PostgreSQL lets everybody do. Functions of its own only their owner may take away: a superuser, as of the
# embedded server, but no owner of a managed database. Where we may not, they stay; docs/security.md says what that is.
_TAKEN = """
DO $$
DECLARE taken regprocedure;
BEGIN
    FOR taken IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace
          AND (proname ~ '^lo_' OR proname IN
               ('loread', 'lowrite', 'pg_cancel_backend', 'pg_terminate_backend', 'pg_logical_emit_message'))
          AND has_function_privilege('public', oid, 'EXECUTE') AND pg_has_role(current_user, proowner, 'USAGE')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', taken);
    END LOOP;
    IF (SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database WHERE datname = current_database()) THEN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
END $$
"""

# Each is a transaction of its own, as its lock keeps all others out; who gets none is tried again by `upgrade`. A
# superuser needs neither, and takes no lock. The second also mends what an upgrade that broke off has left.
_LET_OWNER_SEE = """
DO $$
BEGIN
    IF row_security_active('{table}') THEN
        PERFORM set_config('lock_timeout', '2000', true);
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
    END IF;
END $$
"""
_HOLD_OWNER = """
DO $$
BEGIN
    IF NOT (SELECT relforcerowsecurity FROM pg_class WHERE oid = '{table}'::regclass) THEN
        PERFORM set_config('lock_timeout', '2000', true);
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
    END IF;
END $$
"""


def create_roles() -> None:
    """Create both roles unless they are there, and let them into the schema; nobody may create things in it."""
    op.execute(_ROLES)
    op.execute(_APART)
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}, {SYSTEM_ROLE}")
    op.execute(f"GRANT SELECT ON alembic_version TO {APP_ROLE}, {SYSTEM_ROLE}")


def keep_apart(connection: Connection) -> None:
    """See that `orderflow_app` has the rights of `orderflow_system` only where it becomes that role.

    Whoever made the role may have let it inherit them, and anybody may do so later: no organization would be kept from
    another then. It is mended if the login may.

    Raises:
        DBAPIError: It may not; the message says what a superuser has to run.
    """
    connection.execute(text(_APART))


def schema_is_open(connection: Connection) -> bool:
    """Return whether `orderflow_app` may make tables.

    Before PostgreSQL 15, and in a database restored from there, `public` belongs to a superuser: to its owner's REVOKE
    PostgreSQL answers with a warning alone.
    """
    query = text(f"SELECT has_schema_privilege('{APP_ROLE}', 'public', 'CREATE')")
    return bool(connection.execute(query).scalar())


def wall_off(table: str, app_rights: str = ALL) -> None:
    """Let `orderflow_app` at the rows of the transaction's organization only, and `orderflow_system` at all."""
    _secure(table)
    rule = f"org_id = {_THIS_ORG}"
    op.execute(f"CREATE POLICY one_organization ON {table} TO {APP_ROLE} USING ({rule}) WITH CHECK ({rule})")
    op.execute(f"GRANT {app_rights} ON {table} TO {APP_ROLE}")


def keep_policy_from_indexes(table: str) -> None:
    """Give a table that grows the same policy in a form by which no index can be searched.

    With `=`, a planner that has not counted yet looks for a row's key among all rows of the organization, in any index
    that begins with `org_id`. Lists name the organization themselves. `org_id` is never null, so both mean the same.
    """
    rule = f"org_id IS NOT DISTINCT FROM {_THIS_ORG}"
    op.execute(f"ALTER POLICY one_organization ON {table} USING ({rule}) WITH CHECK ({rule})")


@contextmanager
def all_rows(*tables: str) -> Iterator[None]:
    """Let the owner of tables, as whom a migration runs, at the rows of every organization in them meanwhile.

    Row-level security holds the owner as well. Only a superuser is above it, which the owner of a managed database is
    not: without this a migration finds no row to change, and no error says so. In a transaction the tables are locked
    until its end, in an autocommit block for a moment only.
    """
    for table in tables:
        op.execute(_LET_OWNER_SEE.format(table=table))
    try:
        yield
    except exc.DBAPIError as error:
        if not error.connection_invalidated and not _undone_anyway():
            _hold_owner(tables)
        raise
    _hold_owner(tables)


def _undone_anyway() -> bool:
    """Return whether a transaction has failed, with all that was done in it."""
    driver: Any = op.get_bind().connection.dbapi_connection
    return bool(driver.info.transaction_status == TransactionStatus.INERROR)


def _hold_owner(tables: tuple[str, ...]) -> None:
    for table in tables:
        op.execute(_HOLD_OWNER.format(table=table))


def validate_key(table: str, key: str, referenced: str) -> None:
    """Look, in an autocommit block, whether every row has what its foreign key names: as the owner, PostgreSQL does."""
    with all_rows(referenced, table):
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {key}")


def protect_organizations(table: str, app_may_update: str) -> None:
    """Let `orderflow_app` read every organization, and change the named columns of the transaction's own."""
    _secure(table)
    rule = f"id = {_THIS_ORG}"
    op.execute(f"CREATE POLICY read_all ON {table} FOR SELECT TO {APP_ROLE} USING (true)")
    op.execute(f"CREATE POLICY change_own ON {table} FOR UPDATE TO {APP_ROLE} USING ({rule}) WITH CHECK ({rule})")
    op.execute(f"GRANT SELECT, UPDATE ({app_may_update}) ON {table} TO {APP_ROLE}")


def let_each_read_itself(table: str) -> None:
    """Let `orderflow_app` read the transaction's own organization only, no more all as `protect_organizations` does."""
    op.execute(f"ALTER POLICY read_all ON {table} USING (id = {_THIS_ORG})")


def take_what_nobody_needs() -> None:
    """Take large objects, ending others' sessions, and temporary tables from everybody, as far as it is ours to."""
    op.execute(_TAKEN)


def let_one_organization_change(table: str, columns: str) -> None:
    """Let `orderflow_app` change further columns of the table that `protect_organizations` has protected."""
    op.execute(f"GRANT UPDATE ({columns}) ON {table} TO {APP_ROLE}")


def wall_off_from_all(table: str) -> None:
    """Keep a table that belongs to no organization from all of them: only `orderflow_system` gets at its rows."""
    _secure(table)


def let_all_read(table: str, columns: str) -> None:
    """Let `orderflow_app` read the named columns of every row of a table that belongs to no organization."""
    _secure(table)
    op.execute(f"CREATE POLICY read_all ON {table} FOR SELECT TO {APP_ROLE} USING (true)")
    op.execute(f"GRANT SELECT ({columns}) ON {table} TO {APP_ROLE}")


def _secure(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY every_organization ON {table} TO {SYSTEM_ROLE} USING (true) WITH CHECK (true)")
    op.execute(f"GRANT {ALL} ON {table} TO {SYSTEM_ROLE}")
