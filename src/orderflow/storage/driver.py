"""Short statements on psycopg itself, in a transaction that SQLAlchemy opened.

A request of the API is a handful of statements that take 15 µs each; SQLAlchemy adds 45 µs to every one of them, and
170 µs to an ORM's UPDATE. Waiting for each answer costs more than that again, so a statement whose answer nobody
looks at is kept until the next one that somebody does, or the commit, and goes in the same message
(docs/performance.md). They run in the order in which they were given, SQLAlchemy's own in between included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection, Engine, event, exc

Parameters = Mapping[str, Any]

MOST = 4_000
"""Characters in one message, of up to 4 bytes. Of a pipeline's end that the socket does not take at once psycopg 3.3
sends no more, and waits for ever; 16 KB fit into the buffer of any socket that has nothing else to send."""

_KEPT = "orderflow_kept"


def run(connection: Connection, statement: str, parameters: Parameters, rows: Any = dict_row) -> psycopg.Cursor[Any]:
    """Execute a statement whose parameters are written `%(name)s`; its rows are dicts, or what `psycopg.rows` makes.

    Raises:
        sqlalchemy.exc.DBAPIError: As from `connection.execute`; also for a statement that was kept.
    """
    if _too_much(connection, statement, parameters):
        _send(connection)
    with _sending(connection) as driver:
        return driver.cursor(row_factory=rows).execute(statement, parameters)  # type: ignore[no-any-return]  # psycopg's


def later(connection: Connection, statement: str, parameters: Parameters) -> None:
    """Execute such a statement before the next one, or before the commit; its errors come up there."""
    if _too_much(connection, statement, parameters):
        run(connection, statement, parameters)
    else:
        connection.info.setdefault(_KEPT, []).append((statement, parameters))


def listen(engine: Engine) -> None:
    """Let `engine` send what was kept in time."""
    event.listen(engine, "begin", _forget)
    event.listen(engine, "before_cursor_execute", _send)
    event.listen(engine, "commit", _send_and_commit)


def _too_much(connection: Connection, statement: str, parameters: Parameters) -> bool:
    """Tell whether this is too long for one message with what was kept."""
    return sum(map(_length, [*connection.info.get(_KEPT, ()), (statement, parameters)])) > MOST


def _length(kept: tuple[str, Parameters]) -> int:
    statement, parameters = kept
    long = (
        len(value) * (40 if isinstance(value, list) else 1)
        for value in parameters.values()
        if hasattr(value, "__len__")
    )
    return len(statement) + sum(long)


def _forget(connection: Connection) -> None:
    connection.info.pop(_KEPT, None)  # of a transaction that was rolled back


def _send(connection: Connection, *_: Any) -> None:
    if connection.info.get(_KEPT):
        with _sending(connection):
            pass


def _send_and_commit(connection: Connection) -> None:
    if connection.info.get(_KEPT):
        with _sending(connection) as driver:
            driver.commit()  # SQLAlchemy's own, which follows, finds nothing left to do


@contextmanager
def _sending(connection: Connection) -> Iterator[Any]:
    """Send what was kept, and what the block executes, in one message."""
    driver: Any = connection.connection.dbapi_connection
    kept = connection.info.pop(_KEPT, ())
    try:
        if not kept:
            yield driver
            return
        with driver.pipeline():
            for statement, parameters in kept:
                driver.execute(statement, parameters)
            yield driver
    except psycopg.Error as error:
        gone = bool(driver.closed)
        raise exc.DBAPIError.instance(
            "(on psycopg)", None, error, psycopg.Error, hide_parameters=True, connection_invalidated=gone
        ) from error
