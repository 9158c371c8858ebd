"""A view is what its fields declare: SELECT list, types, and where its pages go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from orderflow.domain.errors import InputError
from orderflow.storage.views.view import (
    Ask,
    Condition,
    Sql,
    Stored,
    Table,
    View,
    after,
    cut,
    plain,
    select_list,
)


@dataclass(frozen=True, slots=True)
class Inner:
    word: str


@dataclass(frozen=True, slots=True)
class Thing:
    id: int
    size: Annotated[int, Sql("t.width * t.height")]
    inner: Inner | None = None
    stored: Stored | None = None
    beside: Annotated[list[Inner], Sql(None)] = ()  # type: ignore[assignment]  # as short as it gets
    created_at: datetime | None = None


class Rows:
    """A connection that finds what it was given."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self._rows = rows

    def execute(self, *_: object) -> Rows:
        return self

    def mappings(self) -> Rows:
        return self

    def all(self) -> tuple[dict[str, Any], ...]:
        return self._rows


def view(**row: Any) -> View:
    found: Any = Rows({"id": 1, "size": 6, "inner": None, "stored": None, "created_at": None} | row)
    connection: Connection = found
    return View(connection, uuid4())


def test_the_fields_are_the_select_list():
    assert select_list(Thing, "t") == "t.id, t.width * t.height AS size, t.inner, t.stored, t.created_at"
    assert Table("t", "FROM thing t").select(Thing).endswith(" FROM thing t")


def test_what_is_found_has_the_types_that_the_fields_declare():
    (found,) = view(inner={"word": "yes", "more": 1}).rows(Thing, "", {}, beside=[Inner("no")])
    assert found == Thing(1, 6, Inner("yes"), None, [Inner("no")])


def test_a_value_of_another_type_is_no_view():
    with pytest.raises(msgspec.ValidationError, match=r"\$.size"):
        view(size="six").rows(Thing, "", {}, beside=[])


def test_what_an_earlier_release_nested_too_deeply_is_cut():
    deep: Any = {}
    for _ in range(5_000):
        deep = {"a": deep}
    found = view(stored=deep).one(Thing, "", {}, beside=[])
    assert b"\xe2\x80\xa6" in msgspec.json.encode(found)


def test_the_command_line_gets_plain_values():
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    shown = plain(Thing(1, 6, Inner("yes"), created_at=moment))
    assert (shown["inner"], shown["created_at"]) == ({"word": "yes"}, moment)


def test_a_page_ends_with_the_place_where_the_next_one_begins():
    rows = [Thing(n, n, created_at=datetime(2026, 1, 5, n, tzinfo=UTC)) for n in range(3)]
    assert cut(rows, Ask(3)) == (rows, None)
    shown, cursor = cut(rows, Ask(2))
    assert shown == rows[:2]
    assert Ask(2, cursor).place(2) == ("2026-01-05T01:00:00+00:00", "1")


@pytest.mark.parametrize("cursor", ["x", "bm90IGEgdGltZQ", "MjAyNi0wMS0wNVQwMDowMDowMCAx"])
def test_a_cursor_that_we_did_not_give_out_is_refused(cursor):
    with pytest.raises(InputError, match="cursor"):
        list(after("t", iter(()), Ask(1, cursor)))


def test_a_cursor_of_ours_narrows_what_is_wanted():
    row_id, moment = uuid4(), datetime(2026, 1, 5, tzinfo=UTC)
    wanted: Condition = ("t.size > :size", {"size": 1})
    first, second = after("t", iter([wanted]), Ask(1, Ask().next_cursor(moment.isoformat(), row_id)))
    assert first == wanted
    assert second == ("(t.created_at, t.id) < (:after, :after_id)", {"after": moment, "after_id": row_id})


@dataclass(frozen=True, slots=True)
class Number:
    number: str


@dataclass(frozen=True, slots=True)
class Filter:
    words: Sequence[str] = ()
    open: bool | None = None
    most: int | None = None
    since: datetime | None = None
    number: Number | None = None


@dataclass(frozen=True, slots=True)
class Other(Filter):
    pass


HERE, THERE = view(), view()
MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]))
FILTERS = st.builds(
    Filter,
    st.lists(st.sampled_from(["READY", "SENT"]), unique=True).map(sorted).map(tuple),
    st.none() | st.booleans(),
    st.none() | st.integers(0, 2),
    st.none() | st.sampled_from([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)]),
    st.none() | st.builds(Number, st.sampled_from(["1", "2"])),
)
OTHERS = FILTERS.map(lambda one: Other(one.words, one.open, one.most, one.since, one.number))
LISTS = st.tuples(st.sampled_from([HERE, THERE]), FILTERS | OTHERS, st.none() | st.sampled_from("ab"))


@given(LISTS, LISTS)
def test_a_cursor_leads_on_in_the_list_that_gave_it_and_in_no_other(one: Any, another: Any) -> None:
    cursor = Ask().of(*one).next_cursor("x", 1)
    assert Ask(1, cursor).of(*one).place(2) == ("x", "1")
    if one != another:
        with pytest.raises(InputError) as refused:
            Ask(1, cursor).of(*another).place(2)
        assert refused.value.code == "CURSOR_OF_ANOTHER_LIST"


@given(MOMENTS)
def test_a_filter_written_otherwise_is_the_same_list(moment: datetime) -> None:
    cursor = Ask().of(HERE, Filter(words=("READY", "SENT"), since=moment)).next_cursor("x")
    again = Filter(words=["SENT", "READY"], since=moment.astimezone(timezone(timedelta(hours=-5))))
    assert Ask(1, cursor).of(HERE, again).place(1) == ("x",)


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEF0123456789_-"), max_size=200))
def test_no_text_makes_a_cursor(text: str) -> None:
    if text:
        with pytest.raises(InputError):
            Ask(1, text).of(HERE, Filter()).place(2)
