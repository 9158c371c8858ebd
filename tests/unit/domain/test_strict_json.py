"""JSON is read by one set of rules wherever it enters."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.strict_json import (
    MOST_DEPTH,
    MOST_READINGS,
    MOST_VALUES,
    Contradiction,
    NotJSONError,
    contradicted,
    cut_deep,
    depth_exceeds,
    parse,
    parse_answer,
    readings,
)

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_json_writes_is_read_as_it_was(value: Any) -> None:
    assert parse(json.dumps(value)) == value
    assert parse(json.dumps(value).encode()) == value


@given(st.text(), VALUES, VALUES, st.integers(0, 5))
def test_a_name_given_twice_is_named(name: str, first: Any, second: Any, depth: int) -> None:
    twice = f"{{{json.dumps(name)}: {json.dumps(first)}, {json.dumps(name)}: {json.dumps(second)}}}"
    with pytest.raises(NotJSONError, match="given twice") as caught:
        parse('{"a": [' * depth + twice + "]}" * depth)
    assert caught.value.field == (".".join(["a[0]"] * depth) + f".{name}").removeprefix(".")[:200]


@given(VALUES, st.characters(categories=["Cs"]), st.booleans())
def test_half_a_character_is_named_by_its_place(value: Any, half: str, escaped: bool) -> None:
    for inner, field in ((half, "a[1].b"), ({half: value}, f"a[1].b.\\u{ord(half):04x}")):
        written = json.dumps({"a": [value, {"b": inner}]}, ensure_ascii=escaped)
        with pytest.raises(NotJSONError, match="half a character") as caught:
            parse(written)
        assert caught.value.field == field


@pytest.mark.parametrize("depth", [MOST_DEPTH - 1, MOST_DEPTH, MOST_DEPTH + 1, 900, 100_000])
def test_depth_has_an_end(depth: int) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        written = opening * depth + "1" + closing * depth
        if depth <= MOST_DEPTH:
            assert not depth_exceeds(parse(written), MOST_DEPTH)
        else:
            with pytest.raises(NotJSONError, match="deep"):
                parse(written)


def test_so_does_the_number_of_values() -> None:
    with pytest.raises(NotJSONError, match="values"):
        parse("[" + "1," * (MOST_VALUES + 1) + "1]")


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "{",
        "[1,]",
        "NaN",
        "-Infinity",
        "1" * 5_000,
        "1e99999999999999999999",
        b"\xff",
        '{"a": 1} x',
        "'a'",
        "01",
    ],
)
def test_what_is_no_json_is_told_so(written: str | bytes) -> None:
    with pytest.raises(NotJSONError):
        parse(written)


def test_numbers_are_exact() -> None:
    assert parse("[123456789012345.678, 0.1, 1e2]") == [Decimal("123456789012345.678"), Decimal("0.1"), Decimal("1e2")]


def test_what_is_too_deep_to_render_is_cut() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = {"a": [deep]}
    assert not depth_exceeds(cut_deep(deep), MOST_DEPTH)
    assert cut_deep({"a": [1, {"b": None}]}) == {"a": [1, {"b": None}]}


@given(VALUES)
def test_an_answer_that_gives_each_name_once_is_read_as_any(value: Any) -> None:
    read = parse_answer(json.dumps(value))
    assert read == value
    assert contradicted(read) is None
    assert readings(read) == [value]


@given(st.text(), st.lists(VALUES, min_size=2, max_size=4), st.integers(0, 5))
def test_an_answer_contradicts_itself_if_a_name_has_different_values(name: str, said: list[Any], depth: int) -> None:
    pairs = ", ".join(f"{json.dumps(name)}: {json.dumps(one)}" for one in said)
    read = parse_answer('{"a": [' * depth + f"{{{pairs}}}" + "]}" * depth)
    if all(one == said[0] for one in said):
        assert contradicted(read) is None
    else:
        assert contradicted(read) == name
        told = readings(read)
        for _ in range(depth):
            told = [one["a"][0] for one in told]
        assert all(one[name] in said for one in told)
        assert all({name: one} in told for one in said)


def test_names_that_are_many_or_have_many_values_end() -> None:
    names = ", ".join(f'"{number}": {one}' for one in (1, 2) for number in range(50_000))
    assert len(readings(parse_answer(f"{{{names}}}"))) == 2
    values = ", ".join(f'"a": {number}' for number in range(100_000))
    assert len(readings(parse_answer(f"{{{values}}}"))) == MOST_READINGS + 1
    deep = parse_answer('{"a": [' * 30 + '{"b": 1, "b": 2}' + "]}" * 30)
    assert contradicted(deep) == "b"
    assert isinstance(parse_answer('{"a": {"b": 1}, "a": {"b": 2}}')["a"], Contradiction)
