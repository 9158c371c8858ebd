"""What people look at: declared and read once, for API, command line and demo. Changes nothing, locks nothing.

A view is a dataclass. Its fields make the SELECT list, the rows of the command line and the schema of the API's answer:
a new field is one line. What comes from the database is checked against the types that the fields declare.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_type_hints
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import Connection, text

from orderflow.domain.errors import InputError
from orderflow.domain.states import OrderAction
from orderflow.domain.strict_json import cut_deep
from orderflow.domain.typed import typed

V = TypeVar("V")
Condition = tuple[str, dict[str, Any]]
"""A part of a WHERE, and its values."""

_AS_THEY_ARE = (datetime, date, Decimal, UUID)


Made = Callable[["View", dict[Any, Any], str], Any]
"""Returns a field's value: of the view, the row, and the field's name."""


@dataclass(frozen=True, slots=True)
class Sql:
    """Where a field comes from; one without it is the column of its name.

    Attributes:
        expression: What is read; None: it is given beside the row.
        made: What is made of it, where that is not a matter of types.
    """

    expression: str | None
    made: Made | None = None


@dataclass(frozen=True, slots=True)
class _Cut:
    """A field that is cut where it is nested too deeply to be rendered, as older releases stored it."""


Stored = Annotated[dict[str, Any], _Cut()]

COUNTS_CHANGES = "Counts what people change of it; send it as `If-Match` with an edit, in double quotes"
"""What a `version` is, where it goes out."""

NextCursor = Annotated[str | None, Field(description="Pass it as `cursor` for the next page; null: this is the last")]


@dataclass(frozen=True, slots=True)
class View:
    """One organization, looked at in one transaction.

    Attributes:
        may: Whether who looks may do something to an order.
        may_release: Whether they may release a hold that somebody of a name placed.
    """

    connection: Connection
    org_id: UUID
    may: Callable[[OrderAction], bool] = lambda _: True
    may_release: Callable[[str], bool] = lambda _: True

    def rows(self, kind: type[V], query: str, parameters: Mapping[str, Any], **beside: Any) -> list[V]:
        """Return what a query finds, whose columns are `select_list(kind, …)`.

        Args:
            parameters: Of the query; `org_id` is given beside them.
            beside: The fields that are read from elsewhere, as `Sql(None)` says.
        """
        found = self.connection.execute(text(query), {"org_id": self.org_id, **parameters})
        return [self._made(kind, {**row, **beside}) for row in found.mappings().all()]

    def mappings(self, query: str, parameters: Mapping[str, Any]) -> list[Mapping[Any, Any]]:
        """Return the rows of a query as they are, for what is made of them by hand."""
        found = self.connection.execute(text(query), {"org_id": self.org_id, **parameters})
        return [*found.mappings().all()]

    def one(self, kind: type[V], query: str, parameters: Mapping[str, Any], **beside: Any) -> V | None:
        """Return the first that a query finds, or None."""
        return next(iter(self.rows(kind, query, parameters, **beside)), None)

    def _made(self, kind: Any, values: dict[Any, Any]) -> Any:
        """Return a row as a view: its values checked, and of the types that the fields declare."""
        for name, made in _made_fields(kind):
            values[name] = made(self, values, name)
        return typed(values, kind)


@dataclass(frozen=True, slots=True)
class Found:
    """What a list finds, all of it, as a query for `id` and the `place` of each in turn."""

    query: str
    values: Mapping[str, Any]


def named(ids: Iterable[UUID]) -> Found:
    """Return these, each once, as if a list had found them."""
    query = "SELECT id, place FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY named(id, place)"
    return Found(query, {"ids": list(dict.fromkeys(ids))})


@dataclass(frozen=True, slots=True)
class Ask:
    """Which page of a list.

    Attributes:
        limit: Entries at most.
        cursor: `next_cursor` of the page before; None for the first.
        mark: Of the list, as `of` makes it: a cursor leads on only in the list that gave it.
    """

    limit: int = 50
    cursor: str | None = None
    mark: str = ""

    def of(self, view: View, *which: Any) -> Ask:
        """Return the same of one list: an organization's, with its filters and in its order.

        Args:
            which: What makes the list another one: filters, what it is of, how it is sorted.
        """
        told = repr([str(view.org_id), *map(_told, which)])
        digest = hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=9).digest()
        return replace(self, mark=base64.urlsafe_b64encode(digest).decode())

    def next_cursor(self, *place: object) -> str:
        """Return an opaque cursor that stands after a place in this list; its parts hold no blank."""
        written = " ".join(map(str, (*place, self.mark)))
        return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")

    def place(self, parts: int) -> tuple[str, ...] | None:
        """Return the place that the cursor stands after; None: there is none.

        Args:
            parts: Of which a place in this list consists.

        Raises:
            InputError: It is not one that we gave out, or not for this list.
        """
        if not self.cursor:
            return None
        try:
            written = base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4)).decode("ascii")
        except (ValueError, binascii.Error):
            raise no_cursor() from None
        *place, mark = written.split(" ")
        if mark != self.mark:
            raise _of_another_list()
        if len(place) != parts:
            raise no_cursor()
        return tuple(place)


def _told(which: Any) -> Any:
    """Return what a filter says, however it was written, and without what it leaves open: later ones may know more."""
    if is_dataclass(which):
        given = [(one.name, _told(getattr(which, one.name)), _told(one.default)) for one in fields(which)]
        return [type(which).__name__, {name: value for name, value, default in given if value != default}]
    if isinstance(which, datetime):
        return which.astimezone(UTC).isoformat()
    return sorted(map(str, which)) if isinstance(which, list | tuple) else str(which)


@dataclass(frozen=True, slots=True)
class Table:
    """Where a view's rows come from.

    Attributes:
        alias: Of the table that has its id, its organization and its age.
        source: FROM, and what is joined.
    """

    alias: str
    source: str

    def select(self, kind: Any) -> str:
        """Return `SELECT … FROM …` for a view."""
        return f"SELECT {select_list(kind, self.alias)} {self.source}"  # from constants

    def where(self, wanted: Iterator[Condition]) -> tuple[str, dict[str, Any]]:
        """Return the WHERE of these conditions, in one organization, and its values."""
        where = f"WHERE {self.alias}.org_id = :org_id"
        parameters: dict[str, Any] = {}
        for condition, values in wanted:
            where += f" AND {condition}"
            parameters |= values
        return where, parameters

    def page(self, view: View, kind: type[V], wanted: Iterator[Condition], ask: Ask) -> tuple[list[V], str | None]:
        """Return a page, newest first, and the cursor of the next one. Raises InputError as `after` does."""
        where, parameters = self.where(after(self.alias, wanted, ask))
        query = f"{self.select(kind)} {where} {self.newest()}"
        return cut(view.rows(kind, query, parameters | {"limit": ask.limit + 1}), ask)

    def newest(self) -> str:
        """Return the order of all lists."""
        return f"ORDER BY {self.alias}.created_at DESC, {self.alias}.id DESC LIMIT :limit"


def after(alias: str, wanted: Iterator[Condition], ask: Ask) -> Iterator[Condition]:
    """Yield the conditions, and that only what follows the page before is wanted. Raises InputError as `Ask.place`."""
    yield from wanted
    if place := ask.place(2):
        moment, row_id = _moment_and_id(*place)
        yield f"({alias}.created_at, {alias}.id) < (:after, :after_id)", {"after": moment, "after_id": row_id}


def cut(rows: list[V], ask: Ask) -> tuple[list[V], str | None]:
    """Return what of the rows, of which one too many was asked for, is on the page, and the next page's cursor."""
    shown = rows[: ask.limit]
    last: Any = shown[-1] if len(rows) > ask.limit else None
    return shown, None if last is None else ask.next_cursor(last.created_at.isoformat(), last.id)


@cache
def select_list(kind: type, alias: str) -> str:
    """Return `o.id, o.status, …`: what the fields of a view are read from."""
    wanted = ((name, _marks(hint)) for name, hint in get_type_hints(kind, include_extras=True).items())
    return ", ".join(_column(name, alias, marks) for name, marks in wanted if Sql(None) not in marks)


def _column(name: str, alias: str, marks: tuple[Any, ...]) -> str:
    expression = next((mark.expression for mark in marks if isinstance(mark, Sql)), None)
    return f"{alias}.{name}" if expression is None else f"{expression} AS {name}"


@cache
def _made_fields(kind: type) -> list[tuple[str, Made]]:
    hints = get_type_hints(kind, include_extras=True).items()
    marks = [(name, mark) for name, hint in hints for part in (hint, *get_args(hint)) for mark in _marks(part)]
    made = [(name, mark.made) for name, mark in marks if isinstance(mark, Sql) and mark.made is not None]
    return made + [(name, _rendered) for name, mark in marks if isinstance(mark, _Cut)]


def _rendered(_view: View, row: dict[Any, Any], name: str) -> Any:
    return cut_deep(row[name])


def _marks(hint: Any) -> tuple[Any, ...]:
    return getattr(hint, "__metadata__", ())


def plain(view: Any) -> dict[str, Any]:
    """Return a view as a dict of plain values, for the command line."""
    shown: dict[str, Any] = msgspec.to_builtins(view, builtin_types=_AS_THEY_ARE)
    return shown


def no_cursor() -> InputError:
    """Return the error for a cursor that nobody gave out."""
    faults = [{"field": "cursor", "message": "is not a cursor that we gave out"}]
    return InputError("The cursor cannot be used.", details={"fields": faults})


def _of_another_list() -> InputError:
    faults = [{"field": "cursor", "message": "is not a cursor that we gave out for this list"}]
    return InputError(
        "The cursor is of another list, or of this one with other filters or sorted otherwise.",
        code="CURSOR_OF_ANOTHER_LIST",
        hint="Begin with the first page, and keep filters and order from page to page.",
        details={"fields": faults},
    )


def _moment_and_id(moment: str, row_id: str) -> tuple[datetime, UUID]:
    try:
        return moment_of(moment), UUID(row_id)
    except ValueError:
        raise no_cursor() from None


def moment_of(written: str) -> datetime:
    """Return a time that a cursor holds. Raises ValueError."""
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError("a cursor's time has a zone")
    return moment
