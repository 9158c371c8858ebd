"""JMESPath with an end: what it picks is what jmespath picks, and what would double is refused at once."""

import time
from decimal import Decimal

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.formats.expressions import ExpressionError, check, search

ANSWER = {"data": {"id": 7, "items": [{"id": "a", "n": 1}, {"id": "b", "n": 2}]}, "ok": True, "error": None}
LEGIT = [
    "data.id", "data.items[0].id", "data.items[?n > `1`].id | [0]", "data.items[*].n | sum(@)", "ok == `true`",
    "data.items[].{i: id, m: n}", "join(', ', data.items[*].id)", "sort_by(data.items, &n)[-1].id", "nope || data.id",
    "to_string(data)", "length(data.items)", "map(&id, data.items)", "data.items[?contains(id, 'a')]", "!error",
    "keys(@)", "reverse(data.items)[0].id", "not_null(error, ok)", "data.items[::-1]", "data.*",
]  # fmt: skip


@pytest.mark.parametrize("expression", LEGIT)
def test_it_picks_what_jmespath_picks(expression):
    assert search(expression, ANSWER) == jmespath.search(expression, ANSWER)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_an_answer_of_any_shape_is_no_fault(answer):
    for expression in LEGIT:
        search(expression, answer)


DOUBLING = [
    "|".join(["[@,@][]"] * 120),
    "|".join(["[@,@]"] * 150),
    "|".join(["[@,@]"] * 60) + "|to_string(@)",
    "|".join(["[@,@]"] * 40) + "|[@ == `[1]`]",
    "|".join(["{a: @, b: @}"] * 60),
    "|".join(["[@,@]"] * 30) + "|[0]|contains(@, `1`)",
    "join(text, texts)",
    "sort(texts)",
    "|".join(["items[*].[@,@][]"] * 1 + ["[@,@][]"] * 50),
    "items[*].to_string(@)|" + "|".join(["[@,@][]"] * 30) + "|join('', @)",
]


@pytest.mark.parametrize("expression", DOUBLING, ids=lambda text: text[:25])
def test_what_doubles_ends_at_once(expression):
    answer = {"text": "x" * 100_000, "texts": ["y" * 10_000] * 5_000, "items": [{"n": n} for n in range(2_000)]}
    started = time.thread_time()
    with pytest.raises(ExpressionError, match=r"cannot be applied to this answer: it "):
        search(expression, answer)
    assert time.thread_time() - started < 3


def test_a_large_answer_is_looked_through():
    items = [{"reference": f"PO-{n}", "state": "open", "id": Decimal(n)} for n in range(5_000)]
    assert search("items[?reference == 'PO-4711' && state == 'open'].id | [0]", {"items": items}) == 4711


@pytest.mark.parametrize("text", ["a[", "(" * 900, "[" * 999, "!" * 999 + "a", "a" * 1_001, "a.b..c", "\x00"])
def test_what_is_no_expression_is_refused_when_it_is_saved(text):
    with pytest.raises(ValueError, match=r"JMESPath|longer"):
        check(text)
