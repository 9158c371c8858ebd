"""Every answer is sorted by what follows from it, in the target's own words."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.connectors.rest.answers import error_of, order_number, retry_after
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.connectors.rest.session import Answer
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
)


def config(**more):
    return RestJsonConfig.model_validate({"url": "https://erp.example/orders"} | more)


def answer(status=200, body=b"", **headers):
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return Answer(status, httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}), content)


@pytest.mark.parametrize(
    ("settings", "got", "number"),
    [
        ({"order_number": "id"}, answer(201, {"id": "SO-1"}), "SO-1"),
        ({"order_number": "data.order.number"}, answer(200, {"data": {"order": {"number": 7}}}), "7"),
        ({"order_number": "id"}, answer(200, b'{"id": 12345678901234567890123}'), "12345678901234567890123"),
        ({"order_number": "id"}, answer(200, b'{"id": 0.10}'), "0.10"),
        ({}, answer(204), None),
        ({}, answer(200, {"ok": True}), None),
        ({}, answer(200, {"error": None, "errors": []}), None),
        ({"success": "status == 'ok'"}, answer(200, {"status": "ok"}), None),
    ],
)
def test_a_success_and_its_number(settings, got, number):
    assert order_number(got, config(**settings)) == number


@pytest.mark.parametrize(
    ("settings", "got", "kind", "words"),
    [
        ({}, answer(200, {"error": {"message": "Customer is locked"}}), RejectedError, "Customer is locked"),
        ({}, answer(200, {"errors": [{"detail": "no such SKU"}]}), RejectedError, "no such SKU"),
        ({"success": "ok"}, answer(200, {"ok": False, "message": "no"}), RejectedError, "no"),
        ({"error_message": "fault.text"}, answer(200, {"fault": {"text": "gesperrt"}}), RejectedError, "gesperrt"),
        ({"retry_when": "busy"}, answer(200, {"busy": True, "message": "later"}), TransientError, "later"),
        ({"retry_when": "busy"}, answer(409, {"busy": True, "message": "later"}), TransientError, "later"),
        ({}, answer(200, b"<html>"), InDoubtError, "a web page"),
        ({}, answer(200, b'{"id": "SO'), InDoubtError, "half of it"),
        ({}, answer(200, b""), InDoubtError, "nothing"),
        ({}, answer(200, None), InDoubtError, "more than can be read"),
        ({"order_number": "id"}, answer(204), InDoubtError, "nothing"),
        ({"order_number": "id"}, answer(200, {"ok": True}), InDoubtError, "no order number"),
        ({"order_number": "id"}, answer(200, {"ok": False, "message": "Kunde gesperrt"}), InDoubtError, "gesperrt"),
        ({}, answer(400, {"message": "qty missing"}), RejectedError, "qty missing"),
        ({}, answer(404, {"detail": "unknown customer"}), RejectedError, "unknown customer"),
        ({}, answer(409, b"<html>"), RejectedError, "It gave no reason"),
        ({}, answer(422, {"detail": [{"msg": "field required"}]}), RejectedError, "field required"),
        ({}, answer(401, {"message": "who are you"}), NeedsAttentionError, "who are you"),
        ({}, answer(403, {}), NeedsAttentionError, "does not let us"),
        ({}, answer(405, {}), NeedsAttentionError, "method"),
        ({}, answer(429, {"message": "slow down"}), TransientError, "slow down"),
        ({}, answer(503, b""), TransientError, "wait"),
        ({}, answer(500, {"message": "oops"}), InDoubtError, "oops"),
        ({"retry_statuses": [423]}, answer(423, {"message": "closed at night"}), TransientError, "closed at night"),
        ({"retry_statuses": [403]}, answer(403, {"message": "too many"}), TransientError, "too many"),
        ({"retry_statuses": []}, answer(503, b""), InDoubtError, "503"),
        ({"server_errors": "retry"}, answer(500, {"message": "oops"}), TransientError, "oops"),
        ({}, answer(502, b"<html>"), InDoubtError, "502"),
        ({}, answer(303, b""), InDoubtError, "303"),
    ],
)
def test_what_follows_from_an_answer(settings, got, kind, words):
    with pytest.raises(ConnectorError, match=words) as raised:
        order_number(got, config(**settings))
    assert type(raised.value) is kind
    assert raised.value.hint


def test_words_are_short_and_on_one_line():
    error = error_of(answer(422, {"message": "a\n" * 5_000}), config())
    assert len(error.message) <= 500
    assert "\n" not in error.message


def test_the_target_says_how_long_to_wait():
    moment = datetime.now(UTC) + timedelta(seconds=90)
    assert retry_after(answer(503, Retry_After="120")) == 120
    assert 80 < retry_after(answer(503, Retry_After=format_datetime(moment, usegmt=True))) <= 90
    assert error_of(answer(429, Retry_After="7"), config()).retry_after == 7


@pytest.mark.parametrize("text", ["", "soon", "-1", "٣", "Fri, 99 Foo"])
def test_a_wait_that_makes_no_sense_is_none(text):
    assert retry_after(Answer(503, httpx.Headers([(b"Retry-After", text.encode())]), b"")) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.integers(100, 599), st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_every_answer_gives_a_number_none_or_a_sorted_error(status, content):
    try:
        number = order_number(answer(status, content), config(order_number="id", success="ok"))
    except ConnectorError as error:
        sort = type(error)
    else:
        sort = None
        assert isinstance(number, str)
        assert 200 <= status < 300
    assert sort in (None, InDoubtError, NeedsAttentionError, RejectedError, TransientError)
