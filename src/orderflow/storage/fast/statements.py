"""Short statements on psycopg itself, in a transaction that SQLAlchemy opened.

A request of the API is a handful of statements that take 15 µs each; SQLAlchemy adds 45 µs to every one of them, and
170 µs to an ORM's UPDATE. Waiting for each answer costs more than that again, so a statement whose answer nobody
looks at is kept until the next one that somebody does, or the commit, and goes in the same message; so does what
begins the transaction (docs/performance.md). They run in the order in which they were given, SQLAlchemy's own in
between included; only rows for a statement that is kept already join it, unless one that is kept after it is about the
same row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection, Engine, event, exc

from orderflow.storage.records import as_json
from orderflow.storage.tables.roles import BEGIN

Parameters = Mapping[str, Any]

MOST = 16_000
"""Bytes in one message. Of a pipeline's end that the socket does not take at once psycopg 3.3 sends no more, and waits
for ever; 16 KB fit into the buffer of any socket that has nothing else to send."""

MOST_KEPT = 4_000_000
"""Bytes that are kept back; a file of orders is sent as it comes."""

_KEPT = "orderflow_kept"


@dataclass(slots=True)
class _Kept:
    """A statement to come, with its values, or with the rows, as JSON, that its `%(rows)s` takes.

    Attributes:
        about: The ids of the rows that it is about; None if it may be about any.
        begins: It is what begins the transaction, and may be more than one statement.
    """

    statement: str
    length: int
    about: set[UUID] | None
    values: Parameters = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    begins: bool = False

    def parameters(self) -> Parameters:
        return {**self.values, "rows": f"[{','.join(self.rows)}]"} if self.rows else self.values


def run(connection: Connection, statement: str, parameters: Parameters, rows: Any = dict_row) -> psycopg.Cursor[Any]:
    """Execute a statement whose parameters are written `%(name)s`; its rows are dicts, or what `psycopg.rows` makes.

    Raises:
        sqlalchemy.exc.DBAPIError: As from `connection.execute`; also for a statement that was kept.
    """
    with _sending(connection, _bytes(statement) + _length(parameters)) as driver:
        return driver.cursor(row_factory=rows).execute(statement, parameters)  # type: ignore[no-any-return]  # psycopg's


def run_together(connection: Connection, *asked: tuple[str, Parameters]) -> list[list[dict[str, Any]]]:
    """Execute such statements one after the other, but wait for their answers once; returns the rows of each.

    Raises:
        sqlalchemy.exc.DBAPIError: As `run` does; nothing after a statement that fails is executed.
    """
    length = sum(_bytes(statement) + _length(parameters) for statement, parameters in asked)
    with _sending(connection, length, together=True) as driver:
        cursors = [driver.cursor(row_factory=dict_row).execute(*one) for one in asked]
    return [cursor.fetchall() for cursor in cursors]


def later(connection: Connection, statement: str, parameters: Parameters, *, about: UUID | None = None) -> None:
    """Execute such a statement before the next one, or before the commit; its errors come up there.

    Args:
        about: The one row that it changes, if it is one.
    """
    length = _bytes(statement) + _length(parameters)
    _kept(connection).append(_Kept(statement, length, {about} if about else None, parameters))


def later_rows(
    connection: Connection, statement: str, rows: Iterable[Mapping[str, Any]], *, reads: str | None = None
) -> None:
    """Execute in the same way a statement that takes rows, each with its `id`, as a JSON array: `%(rows)s`.

    Args:
        reads: The column with the id of what it reads for each row, as it is by then.
    """
    kept = _kept(connection)
    for row in rows:
        encoded = as_json(row)
        joined = _to_join(kept, statement, {row["id"], row[reads]} if reads else {row["id"]})
        joined.rows.append(encoded)
        joined.length += _bytes(encoded) + 1
    if sum(one.length for one in kept) > MOST_KEPT:
        _send(connection)


def listen(engine: Engine) -> None:
    """Let `engine` send what was kept in time, at first what its option `orderflow_opening` says."""
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _send)
    event.listen(engine, "commit", _send_and_commit)


def _kept(connection: Connection) -> list[_Kept]:
    kept: list[_Kept] = connection.info.setdefault(_KEPT, [])
    return kept


def _to_join(kept: list[_Kept], statement: str, about: set[UUID]) -> _Kept:
    """Return what a row goes with: the same statement, unless one that is kept after it is about this row too."""
    for one in reversed(kept):
        if one.about is None or not about.isdisjoint(one.about):
            break
        if one.statement == statement:
            one.about |= about
            return one
    kept.append(_Kept(statement, _bytes(statement), about))
    return kept[-1]


def _length(parameters: Parameters) -> int:
    return sum(_bytes(value) for value in parameters.values() if hasattr(value, "__len__"))


def _bytes(value: Sized) -> int:
    """Return how many bytes a text takes in a message; of other values, how many they may take."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode())
    return len(value) * (40 if isinstance(value, list) else 1)


def _begin(connection: Connection) -> None:
    """Keep what begins a transaction, in the place of what is left of one that was rolled back."""
    opening = connection.get_execution_options().get("orderflow_opening", BEGIN)
    connection.info[_KEPT] = [_Kept(opening, len(opening), None, begins=True)]


def _send(connection: Connection, *_: Any) -> None:
    if connection.info.get(_KEPT):
        with _sending(connection):
            pass


def _send_and_commit(connection: Connection) -> None:
    kept = connection.info.get(_KEPT)
    if kept and not kept[-1].begins:
        with _sending(connection) as driver:
            # psycopg's own would wait for what was sent before; SQLAlchemy's, which follows, finds nothing left to do.
            driver.execute("COMMIT")


@contextmanager
def _sending(connection: Connection, length: int = 0, *, together: bool = False) -> Iterator[Any]:
    """Send what was kept, and what the block executes, which is `length` long, in as few messages as may be.

    Args:
        together: The block executes more than one statement, and looks at no answer before its end.
    """
    driver: Any = connection.connection.dbapi_connection
    kept = connection.info.pop(_KEPT, [])
    try:
        while sum(one.length for one in kept) + length > MOST and kept:
            _send_some(driver, kept)
        if kept and kept[-1].begins and not length:
            driver.execute(kept.pop().statement, prepare=False)
        if not kept and not together:
            yield driver
            return
        with driver.pipeline():
            _execute(driver, kept)
            yield driver
    except psycopg.Error as error:
        gone = bool(driver.closed)
        if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):  # a standby: another connection may be better
            connection.invalidate(error)
        raise exc.DBAPIError.instance(
            "(on psycopg)", None, error, psycopg.Error, hide_parameters=True, connection_invalidated=gone
        ) from error


def _send_some(driver: Any, kept: list[_Kept]) -> None:
    """Send the first of what is kept: alone if it is long, else with those that fit into one message with it."""
    some = [kept.pop(0)]
    while kept and sum(one.length for one in [*some, kept[0]]) <= MOST:
        some.append(kept.pop(0))
    if len(some) == 1:
        driver.execute(some[0].statement, some[0].parameters(), prepare=False if some[0].begins else None)
        return
    with driver.pipeline():
        _execute(driver, some)


def _execute(driver: Any, kept: list[_Kept]) -> None:
    """Execute statements in a pipeline, which takes no two in one."""
    for one in kept:
        if one.begins:
            for statement in one.statement.split("; "):
                driver.execute(statement, prepare=False)
        else:
            driver.execute(one.statement, one.parameters())
