"""Connections to PostgreSQL whose every transaction belongs to one organization, or says that it spans them.

Round trips decide how fast short transactions are. The driver is therefore in autocommit mode, and what begins a
transaction, `BEGIN` and `SET LOCAL …`, is kept by `storage/fast/statements.py` until its first statement; psycopg
sends `COMMIT` and `ROLLBACK` for any transaction that is open, in autocommit mode too. A connection that the server
has closed meanwhile is noticed on checkout by looking whether its socket has anything to read, which costs no
round trip.
"""

from __future__ import annotations

import re
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, exc, make_url
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, with_loader_criteria

from orderflow.postgres.errors import DatabaseBusyError, DatabaseError
from orderflow.storage.connecting import become_app
from orderflow.storage.fast import statements
from orderflow.storage.tables.models import Base
from orderflow.storage.tables.roles import SYSTEM_OPENING, opening

CONNECT = {
    "connect_timeout": 10,  # seconds
    "application_name": "orderflow",
    # A peer that vanished without a word is noticed within a minute instead of the system's two hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds; with something on its way to the peer, no keepalives are sent
}
"""How a connection is made, whichever it is for; as libpq takes it."""


class Database:
    """The pool of connections, as the role `orderflow_app`.

    Args:
        app_url: SQLAlchemy or libpq URL of a login that is, or may become, `orderflow_app`.
        admin_url: URL of the database's owner, kept for `orderflow db upgrade`; never used by the pool.
        pool_size: Connections kept open; as many again are opened at need.
        pgbouncer: The server is PgBouncer in transaction mode: nothing is prepared, no state is kept in a session.
            Source: https://www.pgbouncer.org/features.html, "SQL feature map for pooling modes".

    Attributes:
        listens: LISTEN works; else who waits for wake-ups has to look by itself.
    """

    def __init__(
        self, app_url: str, admin_url: str | None = None, *, pool_size: int = 10, pgbouncer: bool = False
    ) -> None:
        self.admin_url = admin_url
        self.listens = not pgbouncer
        self._engine = _create_engine(app_url, pool_size, pgbouncer=pgbouncer)
        self._system = self._engine.execution_options(orderflow_opening=SYSTEM_OPENING)
        self.engine_for = lru_cache(maxsize=1024)(self._engine_for)

    def __repr__(self) -> str:
        return f"Database({self._engine.url.render_as_string(hide_password=True)!r})"

    def _engine_for(self, org_id: UUID) -> Engine:
        """Return an engine on the common pool whose every transaction belongs to `org_id`."""
        return self._engine.execution_options(orderflow_opening=opening(org_id))

    @contextmanager
    def transaction(self, org_id: UUID) -> Iterator[Connection]:
        """Run a transaction for one organization: committed at the end, rolled back on an exception.

        Raises:
            DatabaseError: The database cannot be reached, or went away before the commit was confirmed.
        """
        with translated(), self.engine_for(org_id).begin() as connection:
            yield connection

    @contextmanager
    def system(self) -> Iterator[Connection]:
        """Run a transaction that sees every organization, for the work that `docs/architecture.md` lists.

        Raises:
            DatabaseError: As for `transaction`.
        """
        with translated(), self._system.begin() as connection:
            yield connection

    def at_once(self, statement: str, parameters: Sequence[Any]) -> None:
        """Execute one statement, a transaction of its own, in one round trip. It is of no organization: it sees no row.

        Raises:
            DatabaseError: As for `transaction`.
        """
        with translated(), self._engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute(statement, parameters)

    def sessions(self, org_id: UUID, **info: Any) -> Session:
        """Return a new ORM session whose every transaction belongs to `org_id`; `info` goes to `Session.info`."""
        session = Session(self.engine_for(org_id), info={"org_id": org_id, **info}, expire_on_commit=False)
        event.listen(session, "do_orm_execute", _name_organization)
        return session

    def dedicated(self) -> psycopg.Connection[Any]:
        """Return a connection of its own, in autocommit mode and without an organization. Close it.

        Raises:
            DatabaseError: The database cannot be reached.
        """
        with translated():
            pooled = self._engine.raw_connection()
            pooled.detach()
            connection: psycopg.Connection[Any] = pooled.dbapi_connection  # type: ignore[assignment]  # psycopg's dialect
            return connection

    def close(self) -> None:
        """Close the pool's idle connections; those in use are closed when they come back."""
        self._engine.dispose()


def _name_organization(state: ORMExecuteState) -> None:
    """Add to a session's queries what row-level security does not let an index look for: the organization."""
    if state.is_select and not state.is_column_load and not state.is_relationship_load:
        org_id = state.session.info["org_id"]
        criteria = [with_loader_criteria(mapper, mapper.columns["org_id"] == org_id) for mapper in _owned()]
        state.statement = state.statement.options(*criteria)


@cache
def _owned() -> list[Mapper[Any]]:
    """Return the tables whose rows belong to an organization."""
    return [mapper for mapper in Base.registry.mappers if "org_id" in mapper.columns]


def normal_url(url: str) -> str:
    """Return `url` (`postgres://`, `postgresql://`, `postgresql+…://`) in the form that SQLAlchemy takes for psycopg 3.

    Raises:
        DatabaseError: It is no URL of a PostgreSQL database; never shows it, for it may hold a password.
    """
    try:
        parsed = _parsed(url)
    except (exc.ArgumentError, ValueError):
        raise DatabaseError("DATABASE_URL is not a URL.", hint=_URL_HINT) from None
    if parsed.drivername.partition("+")[0] not in {"postgres", "postgresql"}:
        raise DatabaseError("DATABASE_URL must name a PostgreSQL database.", hint=_URL_HINT)
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _parsed(url: str) -> URL:
    """Parse a URL; several hosts, `a:5432,b:5432` as libpq takes them, become those of its query, for SQLAlchemy."""
    found = _HOSTS.fullmatch(url)
    start, hosts, rest = found.groups() if found else (url, "", "")
    if "," not in hosts:
        return make_url(url)
    parsed = make_url(f"{start}{rest}")
    return parsed.update_query_pairs([("host", host) for host in hosts.split(",")], append=True)


_HOSTS = re.compile(r"([^:/]+://(?:[^@/]*@)?)([^/?@]*)(.*)", re.DOTALL)
_URL_HINT = "It looks like postgresql://user:password@host:5432/database."


def _create_engine(url: str, pool_size: int, *, pgbouncer: bool) -> Engine:
    # Of several hosts a standby may be the first, and takes no order.
    writable = {} if "target_session_attrs" in url else {"target_session_attrs": "read-write"}
    engine = create_engine(
        normal_url(url),
        isolation_level="AUTOCOMMIT",
        connect_args=CONNECT | writable | ({"prepare_threshold": None} if pgbouncer else {}),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_use_lifo=True,  # few warm connections, with their prepared statements, rather than many cold ones
        hide_parameters=True,  # an error must not carry the values of a row
    )
    event.listen(engine, "connect", lambda connection, _: become_app(connection, pgbouncer=pgbouncer))
    event.listen(engine, "checkout", _notice_closed)
    event.listen(engine, "handle_error", _end_where_nothing_is_written)
    statements.listen(engine)
    return engine


def _notice_closed(connection: psycopg.Connection[Any], _record: Any, _proxy: Any) -> None:
    if connection.closed:
        raise exc.DisconnectionError
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):  # an idle connection is only spoken to when the server ends it
        raise exc.DisconnectionError


def _end_where_nothing_is_written(context: ExceptionContext) -> None:
    """Have a connection replaced whose server has become a standby."""
    if isinstance(context.original_exception, psycopg.errors.ReadOnlySqlTransaction):
        context.is_disconnect = True


@contextmanager
def translated() -> Iterator[None]:
    """Raise DatabaseError where the block meets a database that is away or full."""
    try:
        yield
    except exc.TimeoutError as error:
        raise DatabaseError("No connection to the database became free in time.") from error
    except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as error:
        raise DatabaseBusyError from error
    except psycopg.OperationalError as error:
        raise _away(error) from error
    except exc.DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
            raise DatabaseBusyError from error
        if isinstance(error.orig, psycopg.errors.DiskFull):
            raise DatabaseError(
                "The database's disk is full.",
                code="DATABASE_FULL",
                hint="Make room on it and try again; what was confirmed before is kept.",
            ) from error
        if isinstance(error.orig, psycopg.errors.ReadOnlySqlTransaction):
            raise DatabaseError("The database takes no orders: it is a standby, or was set to be read only.") from error
        if error.connection_invalidated or (isinstance(error, exc.OperationalError) and error.statement is None):
            raise _away(error.orig) from error
        raise


def _away(reason: BaseException | None) -> DatabaseError:
    words = " ".join(str(reason).split())  # never a password: libpq
    if "certificate" in words or "does not support SSL" in words:
        return DatabaseError(
            f"The database's server does not prove who it is: {words}",
            code="DATABASE_TLS",
            hint="Name its authority's certificate in ORDERFLOW_CA_FILE; or say in DATABASE_URL how it is to be "
            "reached, as with ?sslmode=require where nobody else is on the way.",
        )
    return DatabaseError(f"The database cannot be reached: {words}")
