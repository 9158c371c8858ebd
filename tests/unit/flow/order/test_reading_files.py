from __future__ import annotations

import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.errors import InputError
from orderflow.domain.orders import DraftOrder
from orderflow.flow.order import reading_files as read_order_file
from orderflow.flow.order.reading_files import MOST_EMPTY, lines_of, read_orders

GOOD = b'{"notes": "%d"}'


def read(content: bytes) -> list[tuple[int, str]]:
    """Each order's line, and its note or the words of its fault."""
    found = read_orders(lines_of(io.BytesIO(content)))
    return [
        (line, str(order.notes) if isinstance(order, DraftOrder) else f"! {order.message}") for line, order in found
    ]


@pytest.mark.parametrize(
    "content",
    [
        b'{"notes": "1"}\n\n{"notes": "2"}\n',
        b'\xef\xbb\xbf{"notes": "1"}\r\n\r\n{"notes": "2"}',
        b'[{"notes": "1"},\n\n{"notes": "2"}]',
        b'[\n{"notes": "1"},{\n"notes": "2"}]',
    ],
    ids=["json lines", "with a byte order mark", "array", "array over several lines"],
)
def test_lines_and_arrays_are_read_alike(content):
    assert [note for _, note in read(content)] == ["1", "2"]


def test_each_order_has_the_number_of_the_line_where_it_begins():
    assert read(b'\n{"notes": "1"}\n\n{"notes": "2"}') == [(2, "1"), (4, "2")]
    assert read(b'[\n  {"notes":\n"1"},\n  {"notes": "2"}\n]') == [(2, "1"), (4, "2")]
    assert read(b'\n{\n"notes": "1"\n}\n') == [(2, "1")]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"not json", "not JSON"),
        (b'{"notes": "1"', "not JSON"),
        (b'{"notes": "\xff"}', "byte 12 is not UTF-8"),
        (b'{"notes": "1", "notes": "2"}', "notes is given twice"),
        (b'{"no\\ud83dtes": "1"}', "no\\ud83dtes holds half a character"),
        (b'{"order_date": "\\ud83d"}', "order_date holds half a character"),
        (b'{"lines": [{"line_no": 1, "qty": NaN}]}', "lines[0].qty must be a number"),
        (b'{"lines": [{"line_no": 1, "qty": 1e99999999999999999999}]}', "lines[0].qty must be a number"),
        (b'{"lines": [{"line_no": ' + b"9" * 5000 + b"}]}", "too many digits"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "must be an object"),
        (b"5", "must be an object"),
    ],
)
def test_a_bad_line_costs_no_good_one(bad, words):
    first, middle, last = read(b'{"notes": "1"}\n' + bad + b'\n{"notes": "3"}')
    assert (first, last) == ((1, "1"), (3, "3"))
    assert middle[0] == 2
    assert str(middle[1]).startswith("! ")
    assert words in str(middle[1])


def test_what_comes_before_the_break_in_an_array_is_kept():
    whole, broken = read(b'[{"notes": "1"},\n{"notes": "2"')
    assert whole == (1, "1")
    assert broken[0] == 2
    assert "cut or broken" in read(b'[{"notes": "1"} {"notes": "2"}]')[1][1]
    assert "something follows" in read(b'[{"notes": "1"}] x')[1][1]
    assert "byte 13 is not UTF-8" in read(b'[{"notes": "\xff"}]')[0][1]


def test_numbers_keep_every_digit():
    ((_, order),) = read_orders([b'{"lines": [{"line_no": 1, "qty": 123456789012345.678, "unit_price": 0.0001}]}'])
    assert isinstance(order, DraftOrder)
    assert (order.lines[0].qty, order.lines[0].unit_price) == (Decimal("123456789012345.678"), Decimal("0.0001"))


def test_a_line_that_is_too_long_is_refused_and_the_next_one_read(monkeypatch):
    monkeypatch.setattr(read_order_file, "LONGEST_LINE", 100)
    long, good = read(b'{"notes": "' + b"x" * 1000 + b'"}\n{"notes": "2"}')
    assert "longer than" in str(long[1])
    assert good == (2, "2")


def test_a_document_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(read_order_file, "LONGEST_DOCUMENT", 10)
    ((_, fault),) = read(b'[{"notes": "1"}]')
    assert "JSON Lines" in str(fault)


def test_an_empty_file_holds_nothing():
    assert read(b"") == read(b"\n \n") == read(b"[]") == []


@given(st.binary() | st.text(alphabet='[]{}",:1e\n notes\\u').map(str.encode))
def test_no_bytes_end_in_anything_but_orders_and_faults(content):
    for line, order in read_orders(lines_of(io.BytesIO(content))):
        assert line >= 1
        assert isinstance(order, DraftOrder | InputError)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_another_encoding_is_named_as_such_once(encoding):
    content = "\n".join(json.dumps({"external_order_number": f"P-{number}"}) for number in range(3)).encode(encoding)
    [(line, error)] = read_orders(io.BytesIO(content))
    assert line == 1
    assert isinstance(error, InputError)
    assert re.search("the file is UTF-.*, and UTF-8 is read: save it as UTF-8", error.message)


@pytest.mark.parametrize("end", [b"\x1a", b"\n\x1a", b"\r\n\x00\x00", b"\x00"])
def test_marks_after_the_end_of_a_file_are_no_order(end):
    line = b'{"external_order_number": "P-1", "lines": []}'
    assert [isinstance(order, DraftOrder) for _, order in read_orders(io.BytesIO(line + end))] == [True]


@pytest.mark.parametrize("before", [[], [b'{"currency": "EUR"}\n'] * 3])
def test_lines_without_end_that_hold_nothing_are_not_all_read(before):
    found = list(read_orders(chain(before, repeat(b"\n"))))
    number, error = found[-1]
    assert (number, len(found)) == (len(before) + MOST_EMPTY, len(before) + 1)
    assert isinstance(error, InputError)
    assert "lines in a row hold nothing" in error.message


def peak(lines: Iterator[bytes]) -> tuple[int, int]:
    """The bytes in memory at most while a file is read, and how many orders it has."""
    tracemalloc.start()
    try:
        orders = sum(isinstance(order, DraftOrder) for _, order in read_orders(lines))
        return tracemalloc.get_traced_memory()[1], orders
    finally:
        tracemalloc.stop()


def test_of_a_list_one_order_is_in_memory_at_a_time() -> None:
    """Each letter beyond the others makes four bytes of all letters of a text."""
    wide = '{"notes": "😀"},'.encode() + b" " * 65_536 + b"\n"
    size, orders = peak(chain([b"[\n"], repeat(wide, 256), [b"{}]\n"]))
    assert orders == 257
    assert size < 2_000_000


def test_blank_lines_before_a_file_s_first_are_not_kept() -> None:
    size, orders = peak(chain(repeat(b" " * 1_000_000 + b"\n", 50), [b"{}\n", b"{}\n"]))
    assert orders == 2
    assert size < 10_000_000


@pytest.mark.parametrize(
    ("around", "good"),
    [(b"{}\n%s", 1), (b"[{},\n%s,\n{}]", 2), (b"[{},\n%s", 1)],
    ids=["line", "list", "list that is cut"],
)
def test_an_order_of_too_many_values_is_not_even_decoded(
    monkeypatch: pytest.MonkeyPatch, around: bytes, good: int
) -> None:
    """As lists, these would have 2.5 MB."""
    monkeypatch.setattr(read_order_file, "MOST_VALUES", 40_000)
    content = around % (b"[" + b"[]," * 40_000 + b"[],[]]")
    size, orders = peak(iter(content.splitlines(keepends=True)))
    assert size < 1_000_000
    assert orders == good
    assert "holds more than 40,000 values" in read(content)[1][1]


@pytest.mark.parametrize("before", ["", '{"notes": "ü"}, ', '{"notes": "[{,"},\n', '\n{\n"notes": "\\""\n}, {},'])
@pytest.mark.parametrize("bad", ['{"notes": x}', '{\n"notes"\n"1"}', "{},,", '{"notes": "1\n"}', '{"notes": [1 2]}'])
def test_what_is_wrong_in_a_list_is_named_by_its_place_in_the_file(before: str, bad: str) -> None:
    content = f"[{before}{bad}]"
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(content)
    number, said = read(content.encode())[-1]
    assert number == caught.value.lineno
    assert f"{caught.value.msg} at character {caught.value.colno}" in said


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"[1,2,3,4]", "holds more than 2 values"),
        (b'{"notes": "\xe4\xff"}', "byte 12 is not UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"notes": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"notes": "1", "notes": "2"}', "notes is given twice"),
        (b'{"no\\ud83dtes": "1"}', "no\\ud83dtes holds half a character"),
        (b'{"order_date": "\\ud83d"}', "order_date holds half a character"),
        (b"5", "must be an object"),
    ],
)
def test_an_order_of_a_list_that_cannot_be_taken_costs_none_behind_it(
    monkeypatch: pytest.MonkeyPatch, bad: bytes, words: str
) -> None:
    monkeypatch.setattr(read_order_file, "MOST_VALUES", 2)
    first, middle, last = read(b'[{"notes": "1"},\n' + bad + b',\n{"notes": "3"}]')
    assert (first, middle[0], last) == ((1, "1"), 2, (3, "3"))
    assert words in middle[1]
    behind = read(b"[{},\n" + bad + b", {x}]")[-1]
    column = len(bad.decode("utf-8", "replace")) + 4
    assert behind[0] == 2
    assert f"at character {column}, and what follows was not read" in behind[1]


def test_a_list_that_ends_where_it_is_broken_says_so() -> None:
    for broken in (b'[{"notes": x}, {}]', b"[{} {}, {}]", b"[{}}, {}]", b"[{}"):
        assert "and what follows was not read" in read(broken)[-1][1]


def test_what_would_close_more_than_a_list_is_no_end_of_it() -> None:
    assert [note[:30] for _, note in read(b'[{"notes": "1"}}')] == ["1", "! The order cannot be read: a co"[:30]]
    assert "cut or broken" in read(b'{\n"notes": "1"\n}\n}')[1][1]
    assert "cut or broken" in read(b'[{"notes": "1"},')[1][1]
    assert read(b'[{"notes": "1"},]\n\x1a') == [(1, "1")]


def test_an_order_over_several_lines_may_be_no_longer_than_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_order_file, "LONGEST_LINE", 100)
    whole, long = read(b'[{"notes": "1"},\n{' + b" " * 60 + b"\n" + b" " * 60 + b'\n"notes": "2"}]')
    assert whole == (1, "1")
    assert "the order is longer than" in long[1]
    assert "the line is longer than" in read(b'[{"notes": "1"}, {' + b" " * 100 + b"}]")[-1][1]
