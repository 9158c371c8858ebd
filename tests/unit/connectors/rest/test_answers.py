"""Every answer is sorted by what follows from it, in the target's own words."""

import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.connectors.rest.answers import found_number, order_number, status_error
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
)
from orderflow.domain.redaction import Redactor
from orderflow.http import Answer, parts, read_answer
from orderflow.http.answer import retry_after


def config(**more):
    return RestJsonConfig.model_validate({"url": "https://erp.example/orders"} | more)


def answer(status=200, body=b"", **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


CUT = Answer(201, httpx.Headers(), b"{", "half an answer")


SAYS_NOTHING: list[Any] = ["0", "none", "false", "", None, False, 0, [], {}, "NULL", "No errors.", "00", {"errors": []}]


@pytest.mark.parametrize("number", ["-1", "NaN", "Infinity", "1e400", "1e999999999", "-0.5"])
def test_a_number_that_counts_no_orders_is_none(number: str) -> None:
    got = answer(201, f'{{"id": {number}}}'.encode())
    with pytest.raises(InDoubtError):
        order_number(got, config(order_number="id"))


@pytest.mark.parametrize(
    ("settings", "got", "number"),
    [
        ({"order_number": "id"}, answer(201, {"id": "SO-1"}), "SO-1"),
        ({"order_number": "data.order.number"}, answer(200, {"data": {"order": {"number": 7}}}), "7"),
        ({"order_number": "id"}, answer(200, b'{"id": 12345678901234567890123}'), "12345678901234567890123"),
        ({"order_number": "id"}, answer(200, b'{"id": 0.10}'), "0.10"),
        ({"order_number": "id"}, answer(200, b'{"id": 4711.0}'), "4711"),
        ({}, answer(204), None),
        ({}, answer(200, {"ok": True}), None),
        ({}, answer(200, {"error": None, "errors": []}), None),
        ({"success": "status == 'ok'"}, answer(200, {"status": "ok"}), None),
        # Nothing is wanted from the body, so that it is not read.
        ({}, answer(201, b""), None),
        ({}, answer(202, b"", Location="/orders/9"), None),
        ({}, answer(200, b"<html>taken</html>"), None),
        ({}, answer(200, b"OK"), None),
        ({}, answer(200, b'{"id": "SO'), None),
        ({}, CUT, None),
        ({"error_message": "fault.text"}, answer(201, b""), None),
        # An error that says nothing is none.
        ({"order_number": "n"}, answer(200, {"n": "SO-1", "error": {"code": 0, "message": ""}}), "SO-1"),
        ({"order_number": "n"}, answer(200, {"n": "SO-1", "error": {"code": "0", "message": "Done"}}), "SO-1"),
        *(({"order_number": "n"}, answer(200, {"n": 7, "error": nothing}), "7") for nothing in SAYS_NOTHING),
        ({"order_number": "n"}, answer(200, {"n": "SO-1", "status": "OK", "code": 200, "message": "Created"}), "SO-1"),
        ({"order_number": "d.c.o.name"}, answer(200, {"d": {"c": {"o": {"name": "#1"}, "userErrors": []}}}), "#1"),
        # What is declared, marked or packed is read.
        (
            {"order_number": "n"},
            answer(
                201, '{"n": "AB-7", "who": "Müller & Söhne"}'.encode("latin-1"), Content_Type="x/json; charset=latin1"
            ),
            "AB-7",
        ),
        ({"order_number": "n"}, answer(201, '\ufeff{"n": "É-1"}'.encode("utf-16")), "É-1"),
        ({"order_number": "n"}, answer(201, '{"n": "É-1"}'.encode("utf-16-le")), "É-1"),
        ({"order_number": "n"}, answer(201, b'\xef\xbb\xbf{"n": "SO-1"}'), "SO-1"),
        ({"order_number": "n"}, answer(201, '{"n": "SO-1", "who": "Müller"}'.encode("cp1252")), "SO-1"),
        ({"order_number": "n"}, answer(201, gzip.compress(b'{"n": "SO-1"}'), Content_Encoding="gzip"), "SO-1"),
        ({"order_number": "n"}, answer(201, gzip.compress(b'{"n": "SO-1"}')), "SO-1"),
        ({"order_number": "n"}, answer(201, zlib.compress(b'{"n": "SO-1"}'), Content_Encoding="deflate"), "SO-1"),
        ({"order_number": "[0].n"}, answer(201, [{"n": "SO-1"}]), "SO-1"),
        # What is configured decides.
        ({"success": "ok"}, answer(200, {"ok": True, "error": "none of your business"}), None),
        ({"refused_when": "code != `7`"}, answer(200, {"code": 7, "message": "x"}), None),
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
        ({"retry_when": "busy"}, answer(200, {"busy": True, "message": "later"}), BusyError, "later"),
        ({"retry_when": "busy"}, answer(409, {"busy": True, "message": "later"}), BusyError, "later"),
        ({}, answer(200, {"success": False, "message": "SKU 9 unknown"}), RejectedError, "SKU 9 unknown"),
        ({}, answer(200, {"status": "error", "message": "no credit"}), RejectedError, "no credit"),
        ({}, answer(200, {"status": 422, "title": "Invalid", "detail": "no credit"}), RejectedError, "no credit"),
        ({}, answer(200, {"errors": {"line_items": ["is empty"]}}), RejectedError, "line_items is empty"),
        ({}, answer(200, [{"errorCode": "X1", "message": "no such field"}]), RejectedError, "no such field"),
        ({}, answer(200, {"data": None, "errors": [{"message": "bad query"}]}), RejectedError, "bad query"),
        (
            {"order_number": "data.make.order.name"},
            answer(200, {"data": {"make": {"order": None, "userErrors": [{"field": ["sku"], "message": "is gone"}]}}}),
            RejectedError,
            "sku: is gone",
        ),
        ({"refused_when": "code != `0`"}, answer(200, {"code": 3, "msg": "blocked"}), RejectedError, "blocked"),
        # Whatever might mean either leaves the order in doubt.
        ({}, answer(200, {"success": True, "errors": ["line 2 was cut"]}), InDoubtError, "line 2 was cut"),
        ({}, answer(200, {"data": {"order": {"id": 1}}, "errors": [{"message": "half"}]}), InDoubtError, "half"),
        ({}, answer(200, {"error": {"code": 17, "message": ""}}), InDoubtError, "17"),
        ({}, answer(200, {"error": 5}), InDoubtError, "5"),
        ({}, answer(200, {"code": 1001, "msg": "unknown"}), InDoubtError, "unknown"),
        ({"order_number": "id"}, answer(200, {"id": 7, "error": "x is wrong"}), InDoubtError, "x is wrong"),
        ({"success": "ok"}, answer(200, {"message": "hm"}), InDoubtError, "hm"),
        ({"success": "ok"}, answer(200, {}), InDoubtError, "may mean"),
        ({"success": "ok"}, answer(200, b""), InDoubtError, "nothing"),
        ({"order_number": "id"}, answer(200, b"<html>"), InDoubtError, "a web page"),
        ({"order_number": "id"}, answer(200, b"<?xml version='1.0'?><id>7</id>"), InDoubtError, "XML"),
        ({"order_number": "id"}, answer(200, b'{"id": "SO'), InDoubtError, "half an answer"),
        ({"order_number": "id"}, answer(200, b""), InDoubtError, "nothing"),
        ({"order_number": "id"}, answer(200, b"OK"), InDoubtError, "a text"),
        ({"order_number": "id"}, CUT, InDoubtError, "half an answer"),
        ({"order_number": "id"}, answer(200, b'{"id": 1}', Content_Encoding="br"), InDoubtError, "packed"),
        ({"order_number": "id"}, answer(200, gzip.compress(b'{"id": 1}')[:-9]), InDoubtError, "packed"),
        ({"order_number": "id"}, answer(200, gzip.compress(b" " * 2_000_000)), InDoubtError, "packed"),
        ({"order_number": "id"}, answer(200, {"id": True}), InDoubtError, "without an order number"),
        ({"order_number": "id"}, answer(200, '{"id": "É"}'.encode("cp1252")), InDoubtError, "without an order number"),
        ({"order_number": "id"}, answer(204), InDoubtError, "nothing"),
        ({"order_number": "id"}, answer(200, {"ok": True}), InDoubtError, "without an order number"),
        ({"order_number": "id"}, answer(200, {"ok": False, "message": "Kunde gesperrt"}), RejectedError, "gesperrt"),
        ({}, answer(400, {"message": "qty missing"}), RejectedError, "qty missing"),
        ({}, answer(404, {"detail": "unknown customer"}), RejectedError, "unknown customer"),
        ({}, answer(409, b"<html>"), RejectedError, "It gave no reason"),
        ({}, answer(422, b""), RejectedError, "It gave no reason"),
        ({}, answer(422, {"detail": [{"msg": "field required"}]}), RejectedError, "field required"),
        (
            {},
            answer(422, {"errors": {"sku": ["is required"], "tax": ["is invalid"]}}),
            RejectedError,
            "sku is required; tax is invalid",
        ),
        ({}, answer(400, b"<html><title>Oops</title><body>x"), RejectedError, "Oops"),
        ({}, answer(400, b"Menge fehlt"), RejectedError, "Menge fehlt"),
        ({}, answer(400, {"kaputt": 1}), RejectedError, "kaputt"),
        (
            {},
            answer(400, "Gr\u00f6\u00dfe".encode("latin-1"), Content_Type="text/plain; charset=latin1"),
            RejectedError,
            "Größe",
        ),
        ({}, answer(401, {"message": "who are you"}), NeedsAttentionError, "who are you"),
        ({}, answer(403, {}), NeedsAttentionError, "does not let us"),
        ({}, answer(405, {}), NeedsAttentionError, "method"),
        ({}, answer(429, {"message": "slow down"}), BusyError, "slow down"),
        ({}, answer(408, b""), BusyError, "wait"),
        ({}, answer(503, b""), InDoubtError, "not available"),
        ({}, answer(500, {"message": "oops"}), InDoubtError, "oops"),
        ({"retry_statuses": [423]}, answer(423, {"message": "closed at night"}), BusyError, "closed at night"),
        ({"retry_statuses": [403]}, answer(403, {"message": "too many"}), BusyError, "too many"),
        ({"retry_statuses": [503]}, answer(503, b""), BusyError, "wait"),
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
    error = status_error(answer(422, {"message": "a\n" * 5_000}), config())
    assert len(error.message) <= 500
    assert "\n" not in error.message


def test_the_target_says_how_long_to_wait():
    moment = datetime.now(UTC) + timedelta(seconds=90)
    assert answer(503, Retry_After="120").retry_after == 120
    assert 80 < answer(503, Retry_After=format_datetime(moment, usegmt=True)).retry_after <= 90
    assert status_error(answer(429, Retry_After="7"), config()).rests_for == 7
    assert status_error(answer(503, Retry_After="40"), config()).rests_for == 40
    assert status_error(answer(429, Retry_After="999999"), config()).rests_for == 3_600


@pytest.mark.parametrize("text", ["", "soon", "-1", "٣", "Fri, 99 Foo"])
def test_a_wait_that_makes_no_sense_is_none(text):
    assert retry_after(text) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.integers(100, 599), st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_every_answer_gives_a_number_none_or_a_sorted_error(status, content):
    sort: type[ConnectorError] | None = None
    try:
        number = order_number(answer(status, content), config(order_number="id", success="ok"))
        assert isinstance(number, str)
        assert 200 <= status < 300
    except ConnectorError as error:
        sort = type(error)
    assert sort in (None, InDoubtError, NeedsAttentionError, RejectedError, TransientError, BusyError)


@pytest.mark.parametrize(
    ("found", "got", "number"),
    [
        ("items[0].id", answer(200, {"items": [{"id": "SO-1"}]}), (True, "SO-1")),
        ("items[0].id", answer(200, {"items": []}), (False, None)),
        ("items[0].id", answer(200, {"items": None}), (False, None)),
        ("items[?ref == '7'].id | [0]", answer(200, {"items": [{"ref": "8", "id": 1}]}), (False, None)),
        ("items[*].id", answer(200, {"items": [{"id": 1}]}), (True, "1")),
        ("[0].id", answer(200, []), (False, None)),
        ("data.order.number", answer(200, {"data": {"order": None}}), (False, None)),
        ("a[0].id || b[0].id", answer(200, {"b": []}), (False, None)),
        ("length(items) > `0`", answer(200, {"items": [1]}), (True, None)),
        ("length(items) > `0`", answer(200, {"items": []}), (False, None)),
    ],
)
def test_a_clear_answer_to_the_question_whether_an_order_is_there(found, got, number):
    settings = config(find_url="https://erp.example/orders?q={{ delivery.export_id }}", found=found)
    assert found_number(got, settings) == number


ODD: list[Any] = [None, "ok", 3, [[1]], [], {}, True, {"error": "x"}, {"message": "overloaded"}]
ODD += [{"items": "none"}, {"items": [{}]}, {"items": [{"id": None}]}, {"items": [None]}]
ODD += [{"items": [], "error": "index is being built"}, {"items": [], "success": False}]


@pytest.mark.parametrize(
    "got",
    [
        *(answer(200, odd) for odd in ODD),
        *(answer(code) for code in (100, 204, 301, 302, 400, 409, 422, 429, 500, 502, 503, 401, 403, 404)[:-1]),
        answer(404, b"<html>nginx</html>"),
        answer(200, b""),
        answer(200, b"<html>"),
        answer(200, b'{"items": ['),
        CUT,
    ],
)
def test_any_other_answer_to_it_is_unclear(got):
    settings = config(find_url="https://erp.example/orders?q={{ delivery.export_id }}", found="items[0].id")
    with pytest.raises(ConnectorError) as unclear:
        found_number(got, settings)
    assert not isinstance(unclear.value, RejectedError)


@pytest.mark.parametrize(
    ("found", "value"),
    [
        ("hits > `0`", {"message": "the index is being built"}),
        ("state == 'known'", {"state": None}),
        ("length(orders) != `0`", {"order": []}),
        ("contains(refs || `[]`, 'PO-1')", {}),
        ("not_null(orders[0].id, '')", {"message": "busy"}),
        ("!(missing == `true`)", {"missing": True, "is_error": True}),
        ("orders[0].id", {"orders": [], "timed_out": True}),
        ("orders[0].id", {"orders": [], "hits": 0, "next_page_token": "abc"}),
        ("orders[0].id", {"orders": [], "@odata.count": 2}),
        ("orders[0].id", {"orders": [], "meta": {"has_more": True}}),
        ("orders[?ref == 'PO-1'].id | [0]", {"orders": [{"ref": "PO-2", "id": 4}], "total": "9"}),
    ],
)
def test_what_lacks_the_place_or_is_a_part_never_says_not_there(found, value):
    settings = config(find_url="https://erp.example/orders?q={{ delivery.export_id }}", found=found)
    with pytest.raises(ConnectorError):
        found_number(answer(200, value), settings)


SURELY_PARTS = [
    {"_shards": {"total": 5, "successful": 4, "failed": 1}, "orders": []},
    {"_shards": {"total": 5, "successful": 3}, "orders": []},
    {"orders": [], "partialResults": True},
    {"orders": [], "is_truncated": "true"},
    {"orders": [], "complete": False},
    {"orders": [], "done": False, "nextRecordsUrl": "/q/01-2000"},
    {"orders": [], "last": False, "totalPages": 3},
    {"orders": [], "exhaustiveNbHits": False},
    {"orders": [], "exceededTransferLimit": True},
    {"orders": [], "page": 1, "pages": 2},
    {"orders": [], "page": "1 of 2"},
    {"orders": [], "message": "Showing page 1 of 2"},
    {"orders": [], "page": 2},
    {"orders": [], "meta": {"page": {"offset": 50}}},
    {"orders": [], "paging": {"cursors": {"after": "a"}, "next": "https://erp.example/orders?after=a"}},
    {"orders": [], "_links": {"next": {"href": "/orders?page=2"}}},
    {"orders": [], "links": [{"rel": "self", "href": "/"}, {"rel": "next", "href": "/2"}]},
    {"orders": [], "response_metadata": {"next_cursor": "dGVhbT"}},
    {"orders": [], "continuationToken": "xyz"},
    {"orders": [], "pageInfo": {"hasNextPage": True}},
    {"orders": [], "moreRecords": "yes"},
    {"orders": [], "totalCount": -1},
    {"orders": [], "hits": {"total": {"value": 3, "relation": "eq"}}},
    {"orders": [], "hits": {"total": {"value": 0, "relation": "gte"}}},
    {"orders": [], "progress": 40},
    {"orders": [], "cached": True},
    {"orders": [], "stale": True},
    {"orders": [{"ref": "A", "id": 1}, {"ref": "B", "id": 2}], "limit": 2},
    {"orders": [{"ref": str(number), "id": number} for number in range(25)]},
]
PERHAPS_PARTS = [
    {"orders": [], "status": "loading"},
    {"orders": [], "status": "in_progress"},
    {"orders": [], "state": "incomplete"},
    {"orders": [], "meta": {"status": "degraded"}},
    {"orders": [], "message": "The index is being built"},
    {"orders": [], "messages": ["one node did not answer"]},
    {"orders": [], "warnings": ["results may be missing"]},
    {"orders": [], "info": {"warning": "search node 3 is down"}},
    {"orders": [], "note": "no shards available"},
]


@pytest.mark.parametrize("value", SURELY_PARTS + PERHAPS_PARTS, ids=str)
def test_an_answer_that_says_it_is_not_whole_or_not_so_now_never_says_not_there(value):
    settings = config(
        find_url="https://erp.example/orders?q={{ delivery.export_id }}", found="orders[?ref == 'PO-1'].id | [0]"
    )
    with pytest.raises(TransientError, match="does not clearly say"):
        found_number(answer(200, value), settings)
    assert found_number(answer(200, value | {"orders": [{"ref": "PO-1", "id": 7}]}), settings) == (True, "7")


@pytest.mark.parametrize("value", SURELY_PARTS, ids=str)
def test_not_even_where_the_connection_says_what_not_there_is(value):
    settings = config(
        find_url="https://erp.example/orders?q={{ delivery.export_id }}",
        found="orders[?ref == 'PO-1'].id | [0]",
        not_there_when="length(orders) >= `0`",
    )
    with pytest.raises(TransientError):
        found_number(answer(200, value), settings)


@pytest.mark.parametrize(
    "head",
    [
        {"Link": '<https://erp.example/orders?page=2>; rel="next"'},
        {"Warning": '110 - "Response is Stale"'},
        {"Age": "31"},
        {"Link": "rel=" * 20_000 + "next"},
        {"Content-Range": "items 0-0/7"},
        {"Content-Range": f"items 0-0/{'1' * 80_000}"},
        {"X_Total_Count": "3"},
        {"X_Total_Pages": "2"},
    ],
    ids=str,
)
def test_what_the_head_says_counts_as_well(head):
    settings = config(find_url="https://erp.example/orders?q={{ delivery.export_id }}", found="orders[0].id")
    with pytest.raises(TransientError, match="only a part, or not what is so now"):
        found_number(answer(200, {"orders": []}, **head), settings)


@pytest.mark.parametrize(
    "head", [{"Link": "rel=" * 20_000}, {"Link": "rel" + " " * 80_000}, {"Content-Range": "1" * 80_000 + "x"}], ids=len
)
def test_a_head_that_says_nothing_is_looked_through_at_once(head):
    settings = config(
        find_url="https://erp.example/orders?q={{ delivery.export_id }}",
        found="orders[0].id",
        not_there_when="length(orders) == `0`",
    )
    assert found_number(answer(200, {"orders": []}, **head), settings)[0] is False


GATEWAYS = [
    answer(404),
    answer(404, {"message": "no Route matched with those values"}),
    answer(404, {"statusCode": 404, "message": "Resource not found"}),
    answer(404, {"error": "Not Found"}),
    answer(404, {"timestamp": "2026-11-28", "status": 404, "error": "Not Found", "path": "/v2/orders"}),
    answer(404, b"{}"),
    answer(404, b"404 page not found", Content_Type="text/plain"),
    answer(404, b"<html><center>nginx</center></html>", Content_Type="text/html"),
    answer(404, b"null"),
    answer(410, {"message": "this version of the API is gone"}),
]


@pytest.mark.parametrize("got", GATEWAYS)
def test_a_404_is_anybodys_and_never_says_not_there_by_itself(got):
    asked = {"find_url": "https://erp.example/orders?q={{ delivery.export_id }}", "found": "id"}
    with pytest.raises(TransientError, match=r"A gateway or a wrong path answers so too.*'Not there when'"):
        found_number(got, config(**asked))
    with pytest.raises(TransientError):
        found_number(got, config(**asked, not_there_when="code == 'ORDER_NOT_FOUND'"))


@pytest.mark.parametrize(
    ("settings", "got"),
    [
        ({"not_there_when": "code == 'ORDER_NOT_FOUND'"}, answer(404, {"code": "ORDER_NOT_FOUND"})),
        ({"not_there_when": "code == 'GONE'"}, answer(410, {"code": "GONE"})),
        (
            {"not_there_when": "code == 'NONE'", "not_there_statuses": [400]},
            answer(400, {"code": "NONE", "message": "no such order"}),
        ),
        ({"not_there_when": "result == 'NONE'"}, answer(200, {"result": "NONE", "message": "we looked everywhere"})),
        ({"not_there_statuses": [404]}, answer(404)),
        ({"not_there_statuses": [404]}, answer(404, {"message": "no such order"})),
        ({"not_there_statuses": [404, 410]}, answer(410, b"{}")),
    ],
)
def test_the_connection_says_what_not_there_is(settings, got):
    asked = {"find_url": "https://erp.example/orders?q={{ delivery.export_id }}", "found": "id"}
    assert found_number(got, config(**asked, **settings)) == (False, None)


@pytest.mark.parametrize(
    ("settings", "got"),
    [
        ({"not_there_statuses": [404]}, answer(404, b"<html>nginx</html>")),
        ({"not_there_when": "code == 'NONE'", "not_there_statuses": [400]}, answer(404, {"code": "NONE"})),
        ({"not_there_when": "code == 'NONE'"}, answer(500, {"code": "NONE"})),
    ],
)
def test_and_nothing_beyond(settings, got):
    asked = {"find_url": "https://erp.example/orders?q={{ delivery.export_id }}", "found": "id"}
    with pytest.raises(ConnectorError):
        found_number(got, config(**asked, **settings))


@pytest.mark.parametrize("status", [202, 203, 206])
def test_an_answer_that_is_no_whole_one_never_says_not_there(status):
    settings = config(find_url="https://erp.example/orders?q={{ delivery.export_id }}", found="orders[0].id")
    with pytest.raises(ConnectorError, match="only a part"):
        found_number(answer(status, {"orders": []}), settings)


@pytest.mark.parametrize(
    ("found", "value"),
    [
        ("hits > `0`", {"hits": 0}),
        ("known", {"known": False}),
        ("@", False),
        ("orders[?ref == 'PO-1'].id | [0]", {"orders": [{"ref": "PO-2", "id": 4}], "total": 1, "next": None}),
        ("orders[0].id", {"orders": [], "total": "0", "has_more": False, "page": 1}),
        ("orders[0].id", {"orders": [], "status": "success", "message": "No orders found."}),
        ("orders[0].id", {"orders": [], "status": "ZERO_RESULTS", "messages": [], "warnings": None}),
        ("orders[0].id", {"orders": [], "meta": {"page": 1, "pages": 0, "per_page": 50, "total": 0}}),
        ("orders[0].id", {"orders": [], "links": {"self": "/orders?page=1", "next": None}, "took": 3}),
        ("orders[0].id", {"orders": [], "totalElements": 0, "size": 20, "number": 0, "last": True, "empty": True}),
        (
            "hits.hits[0]._id",
            {
                "timed_out": False,
                "_shards": {"total": 5, "successful": 5, "skipped": 2, "failed": 0},
                "hits": {"total": {"value": 0, "relation": "eq"}, "hits": []},
            },
        ),
        ("data.orders.nodes[0].id", {"data": {"orders": None}}),
        ("data.orders.nodes[0].id", {"data": {"orders": {"nodes": [], "pageInfo": {"hasNextPage": False}}}}),
        ("state == 'known'", {"state": "not here"}),
    ],
)
def test_a_whole_answer_says_not_there(found, value):
    settings = config(find_url="https://erp.example/orders?q={{ delivery.export_id }}", found=found)
    assert found_number(answer(200, value), settings) == (False, None)


@given(st.integers(100, 599), st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_only_a_list_that_is_empty_or_a_status_that_says_so_means_not_there(status, content):
    settings = config(find_url="https://erp.example/orders?q={{ delivery.export_id }}", found="items[0].id")
    try:
        there, _ = found_number(answer(status, content), settings)
    except RejectedError:
        pytest.fail("a question refuses no order")
    except ConnectorError:
        pass
    else:
        assert there or not json.loads(content)["items"]


def test_a_conflict_may_be_what_an_earlier_attempt_left():
    with pytest.raises(RejectedError):
        order_number(answer(409, {"message": "exists"}), config())
    with pytest.raises(InDoubtError, match="earlier attempt"):
        order_number(answer(409, {"message": "exists"}), config(), sent_before=True)


@pytest.mark.parametrize("expression", ["token", "reverse(token)", "to_string(@)", "join('', [token, token])"])
def test_no_expression_sees_a_secret(expression):
    redactor = Redactor(["hunter2-hunter2"])
    echo = {"token": "hunter2-hunter2", "message": "Bearer HUNTER2-hunter2", "escaped": "\\u0068unter2-hunter2"}
    content = json.dumps(echo).replace("\\\\u", "\\u").encode()
    with pytest.raises(ConnectorError) as told:
        order_number(answer(422, content), config(error_message=expression), redactor)
    assert "hunter2" not in told.value.message
    assert "2retnuh" not in told.value.message
    with pytest.raises(InDoubtError):
        order_number(answer(200, content), config(order_number="token"), redactor)


BLIND = Redactor(["hunter2"], most=0)


@pytest.mark.parametrize(
    "settings",
    [
        {"found": "[?ref=='PO-1'] | [0].number"},
        {"found": "[?ref=='PO-1']"},
        {"found": "length([?ref=='PO-1']) > `0`"},
        {"found": "[0].number", "not_there_when": "!@"},
        {"found": "[0].number", "not_there_statuses": [200]},
    ],
)
def test_an_answer_that_must_be_hidden_whole_never_says_not_there(settings):
    got = answer(200, [{"ref": "PO-1", "number": "77"}])
    with pytest.raises(TransientError, match="more secrets than can be hidden"):
        found_number(got, config(find_url="https://erp.example/orders?q={{ delivery.export_id }}", **settings), BLIND)


@pytest.mark.parametrize("settings", [{}, {"order_number": "number"}])
def test_an_answer_that_must_be_hidden_whole_leaves_a_create_in_doubt(settings):
    with pytest.raises(InDoubtError, match="more secrets than can be hidden"):
        order_number(answer(201, {"number": "77", "success": False}), config(**settings), BLIND)


@pytest.mark.timeout(4)  # seconds; where time grows with the square of the length, it takes hours
def test_a_place_without_end_is_read_at_once():
    value = {"page": "1" * 900_000}
    assert not parts.is_part(answer(200, value), value)


@pytest.mark.parametrize(
    ("settings", "body"),
    [
        ({"order_number": "id"}, b'{"id": "SO-1", "id": "SO-2"}'),
        ({"order_number": "data.id"}, b'{"data": {"id": "SO-1"}, "data": {"id": "SO-2"}}'),
        ({"order_number": "items[0].id"}, b'{"items": [{"id": 1, "id": 2}]}'),
        ({"order_number": "items[*].id | [0]"}, b'{"items": [{"id": 1}, {"id": 2, "id": 3}]}'),
        ({"success": "status == 'ok'"}, b'{"status": "error", "status": "ok"}'),
        ({"success": "status == 'ok' || code == `0`", "order_number": "id"}, b'{"status": 1, "status": 2, "id": 1}'),
        ({"refused_when": "state == 'NO'"}, b'{"state": "NO", "state": "YES"}'),
        ({"retry_when": "busy"}, b'{"busy": true, "busy": false}'),
        ({}, b'{"status": "ok", "status": "error"}'),
        ({"order_number": "id"}, b'{"id": "SO-1", "success": true, "success": false}'),
    ],
)
def test_what_is_needed_and_says_two_things_is_in_doubt(settings: dict[str, Any], body: bytes) -> None:
    with pytest.raises(InDoubtError) as raised:
        order_number(answer(200, body), config(**settings))
    assert raised.value.code in ("ANSWER_UNREADABLE", "ANSWER_UNCLEAR")


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "SO-1", "id": "SO-1"}',
        b'{"id": "SO-1", "note": "a", "note": "b"}',
        b'{"links": {"self": 1, "self": 2}, "id": "SO-1"}',
    ],
)
def test_what_is_not_needed_may_say_two_things(body: bytes) -> None:
    assert order_number(answer(200, body), config(order_number="id", success="id")) == "SO-1"


@pytest.mark.parametrize("body", [b'{"items": [], "items": [1]}', b'{"items": [], "total": 0, "total": 1}'])
def test_an_answer_that_contradicts_itself_never_says_that_the_order_is_not_there(body: bytes) -> None:
    with pytest.raises(ConnectorError):
        found_number(answer(200, body), config(find_url="https://erp.example/o", found="items[0].id"))


def test_words_that_contradict_each_other_refuse_all_the_same() -> None:
    error = status_error(answer(422, b'{"why": "a", "why": "no such article"}'), config(error_message="why"))
    assert isinstance(error, RejectedError)
    assert "no such article" in error.message
