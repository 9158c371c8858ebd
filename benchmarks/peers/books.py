"""What a program of a user's own notes so that a crash doubles no order and loses none: a key before, a number after.

It is the least that does the same as we do: two commits for an order, on the same PostgreSQL with fsync.
"""

from __future__ import annotations

from typing import Any, Protocol
from uuid import uuid4

from psycopg_pool import ConnectionPool

_TABLE = """
    CREATE TABLE IF NOT EXISTS book (key uuid PRIMARY KEY, reference text NOT NULL, number text, told_at timestamptz)
"""
_BEGIN = "INSERT INTO book (key, reference) VALUES (%s, %s)"
_DONE = "UPDATE book SET number = %s, told_at = now() WHERE key = %s"


class Books(Protocol):
    """What is noted of orders."""

    def begin(self, reference: str) -> str:
        """Note that an order is about to be sent, and return the key that it is sent with."""

    def done(self, key: str, number: object) -> None:
        """Note which number the ERP gave it."""


class NoBooks:
    """Nothing is noted: after a crash nobody knows what was sent."""

    def begin(self, reference: str) -> str:
        return str(uuid4())

    def done(self, key: str, number: object) -> None:
        pass


class KeptBooks:
    """A row for each order, committed before it is sent and after it was taken."""

    def __init__(self, database: str, at_once: int) -> None:
        self._pool = ConnectionPool(database, min_size=at_once, max_size=at_once, open=True)
        self._pool.wait()
        self._do(_TABLE)

    def begin(self, reference: str) -> str:
        key = str(uuid4())
        self._do(_BEGIN, key, reference)
        return key

    def done(self, key: str, number: object) -> None:
        self._do(_DONE, str(number), key)

    def _do(self, statement: str, *values: str) -> None:
        with self._pool.connection() as connection:
            connection.execute(statement, values)  # type: ignore[arg-type]  # a constant of this module


def books_of(given: dict[str, Any]) -> Books:
    """Return the books that `{"books", "at_once"}` asks for; `books` is the database's URL, or missing."""
    return KeptBooks(given["books"], given.get("at_once", 1)) if "books" in given else NoBooks()
