"""A target's own words, wherever it says them."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.http import read_answer, refusal_in
from orderflow.http.words import EXCERPT, LONGEST, said_in


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"errors": {"address": ["is missing"], "vat": ["is wrong"]}}, "address is missing; vat is wrong"),
        ({"errors": [{"message": "no such field", "path": ["order", 0]}], "data": None}, "order.0: no such field"),
        ({"error": {"code": "V1/382", "message": {"lang": "en", "value": "Customer blocked"}}}, "Customer blocked"),
        ({"title": "Invalid", "detail": "Line 1: no such unit", "status": 400}, "Invalid: Line 1: no such unit"),
        ({"detail": [{"loc": ["body", "qty"], "msg": "field required"}]}, "body.qty: field required"),
        ({"message": "%field is required", "parameters": {"field": "sku"}}, "sku is required"),
        ({"message": "No %1 in %2", "parameters": ["bolt", "Ulm"]}, "No bolt in Ulm"),
        ({"error": "invalid_client", "error_description": "who are you"}, "invalid_client: who are you"),
        ({"data": {"make": {"userErrors": [{"field": ["qty"], "message": "is 0"}]}}}, "qty: is 0"),
        ({"sku": ["unknown"], "qty": ["too many"]}, "sku unknown; qty too many"),
        ({"non_field_errors": ["not today"]}, "not today"),
        ({"fault": {"faultstring": "Gesperrt"}}, "Gesperrt"),
        ({"error": {"code": 0, "message": ""}}, ""),
        ({"_server_messages": json.dumps([json.dumps({"message": "No such item"})])}, "No such item"),
        ({"message": "%a of %1", "parameters": {"a": "%b {b}", "b": "x", "1": ":a"}}, "%b {b} of :a"),
    ],
)
def test_words_are_found_where_apis_say_them(value, words):
    assert said_in(value) == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><head><title>413 Too Large</title></head><body>nginx</body></html>", "413 Too Large"),
        (
            b"<head><title>422 Unprocessable</title></head><h1>Error</h1><p>Customer 4711 is locked</p>",
            "422 Unprocessable; Error; Customer 4711 is locked",
        ),
        (b"<title>Error</title><h1>Error</h1><p>Item INT-9 is not for sale</p>", "Error; Item INT-9 is not for sale"),
        (
            b"<title>The customer 4711 is locked</title><p>Back to the start page of it</p>",
            "The customer 4711 is locked",
        ),
        (
            b"<s:Envelope><s:Fault><faultstring>SKU 9 &amp; 10 unknown</faultstring></s:Fault></s:Envelope>",
            "SKU 9 & 10 unknown",
        ),
        (b"Menge  fehlt\n", "Menge fehlt"),
        (b"<p>Menge &#" + b"9" * 5_000 + b"; &#252;brig</p>", "Menge \ufffd \xfcbrig"),
        (b'{"kaputt": 7}', '{"kaputt": 7}'),
        (b"", "It gave no reason."),
    ],
)
def test_a_body_that_says_it_in_no_known_way_is_shown_itself(body, words):
    assert read_answer(400, {}, body).words == words


def test_placeholders_within_placeholders_make_no_text_of_megabytes() -> None:
    names = [letter * (20 - number) for number, letter in enumerate("abcdefg")]
    marks = [f"{{{name}}}" * 10 for name in names]
    tracemalloc.start()
    words = said_in({"message": marks[0], "parameters": dict(zip(names, [*marks[1:5], "end"], strict=False))})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert words == (marks[1] * 10)[:LONGEST]
    assert peak < 1_000_000


@pytest.mark.parametrize(("levels", "times"), [(1, 9_000), (16, 3)])
def test_json_texts_within_each_other_are_read_a_few_times(
    levels: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters, loads = [0], json.loads

    def counting(text: str) -> Any:
        letters[0] += len(text)
        assert letters[0] < 200_000
        return loads(text)

    told: Any = {"error": {"detail": "no such article"}}
    for _ in range(levels):
        told = {"error": {"detail": json.dumps(told)}}
    monkeypatch.setattr(json, "loads", counting)
    assert said_in({"errors": [[told] * 99] * (times // 99 or 1)} if times > 99 else {"errors": [told] * times})


NAMES = ["error", "errors", "message", "data", "detail", "path", "x"]
CHARSETS = ["", "text/html", "x; charset=cp037", "x; charset=rot13", "x; charset=zip"]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["error", "errors", "message", "data", "detail", "path", "x"]), inner, max_size=4
        )
    ),
)


@given(anything)
def test_any_json_gives_words_of_a_length_and_a_sign(value):
    words = said_in(value)
    assert len(words) <= LONGEST
    assert "\n" not in words
    assert refusal_in(value) in (None, "taken", "refused", "unclear")


@given(
    st.binary(max_size=2_000),
    st.sampled_from(["", "text/html", "x; charset=cp037", "x; charset=rot13", "x; charset=zip"]),
)
def test_any_body_can_be_read(body, kind):
    words = read_answer(500, {"Content-Type": kind}, body).words
    assert words
    assert len(words) <= max(LONGEST, EXCERPT)
