"""Refusals inside answers of 2xx: what is surely one, what only might be, and what is none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.strict_json import parse_answer
from orderflow.http import refusal_in
from orderflow.http.refusals import perhaps_refused
from orderflow.http.words import said_in_text

REFUSED = [
    {"status": "NOK", "text": "no such article"},
    {"status": False, "message": "Customer 4711 is blocked"},
    {"status": "NOT_OK"},
    {"SUCCESS": False, "MESSAGE": "blocked"},
    {"is-successful": "no"},
    {"status": "422", "detail": "no such article"},
    {"outcome": "Declined"},
    {"reply": {"ok": False, "message": "blocked customer"}},
    {"orderResponse": {"header": {"status": "failed"}}},
    [{"payload": {"error": {"message": "no such article"}}}],
]
UNCLEAR = [
    False,
    "Fehler: Kunde gesperrt",
    {"data": {"success": False}},
    {"document": 7, "check": {"ok": "no"}},
    {"imported": False, "hint": "see the log"},
    {"is_valid": "false"},
    {"has_errors": 1},
    {"ExceptionMessage": "NullReference"},
    {"type": "A", "message": "Lock on material"},
    {"ET_RETURN": [{"TYPE": "S", "MESSAGE": "read"}, {"TYPE": "E", "MESSAGE": "Plant 1000 unknown"}]},
    {"id": "SO-9", "messages": [{"severity": "Error", "text": "No price for line 2"}]},
    {"id": "SO-9", "log": [{"msgTy": "E", "message": "Plant 1000 unknown"}]},
    {"id": "SO-9", "statusCode": 422},
    {"http_status": "500"},
    {"result": False},
    {"status": "E", "message": "Customer is blocked"},
    {"status": "VALIDATION_ERROR"},
    {"data": {"addItemToOrder": {"errorCode": "ORDER_LIMIT_ERROR", "message": "too many"}}},
    {"requestId": "a", "response": {"errorCode": "17", "message": "Customer blocked"}},
    {"requestId": "a", "result": {"returnCode": 8}},
    {"ok": True, "OK": False},
    {"isOk": False, "is_ok": True},
    {"Status": "done", "status": "false"},
    {"id": 4, "part": {"Status": "error", "status": "ok"}},
    {"requestId": "a", "result": {"rejectedOrders": ["A-1"]}},
    {"order_number": "SO-9", "errors": ["credit limit is near"]},
    {"id": 4, "positions": [{"line": 1, "status": "rejected"}]},
    {"success": True, "result": {"error": "no such article"}},
    {"id": None},
    {"data": None},
    {"Ack": "Failure"},
    {"order": {"ref": "PO-1", "reason": "blocked", "id": 0}},
    {"failures": 1, "successes": 0},
    {"failed_count": 1, "imported": []},
    {"ok": True, "rejectedOrders": [{"ref": "PO-1"}]},
    {"id": "SO-9", "orderStatus": "REJECTED"},
    {"validation-errors": [{"field": "qty"}]},
    {"ExceptionType": "System.Exception", "Message": "Something happened."},
    {"IsFaulted": True},
    {"returnCode": 12, "returnText": "locked"},
    {"rc": "8"},
    {"message": "The order could not be created"},
    {"Message": "Auftrag wurde nicht angelegt", "Number": None},
    {"msg": "refusée"},
]
NO_REFUSAL: list[Any] = [
    None,
    [],
    {},
    0,
    "created",
    {"id": 4, "positions": [{"line": 1, "status": "open", "errors": []}]},
    {"id": 4, "messages": [{"severity": "info", "text": "taken"}, {"level": "warning", "message": "late"}]},
    {"id": 4, "positions": [{"type": "A", "text": "Screws", "level": "E"}], "status": 540},
    {"id": 4, "statusCode": 201, "httpStatus": "0"},
    {"id": 4, "status": "E", "currency": {"code": "EUR", "description": "Euro"}},
    {"id": 4, "status": "A", "message": "Accepted"},
    {"id": 4, "status": "Order created without errors", "result": {"returnCode": "0"}},
    {"result": {"id": 4, "error": None, "exception": ""}},
    {"order": {"accepted": True, "valid": "yes", "isError": False}},
    {"type": "S", "message": "Order 4711 created"},
    {"type": "A-1", "message": "created"},
    {"id": 4, "number": None, "orderStatus": "open", "failedCount": 0, "rejectedLines": [], "errorText": ""},
    {"returnCode": "0", "message": "Order created, no errors"},
    {"id": 4, "message": "Replaces the order that was rejected"},
    {"errorHandling": "strict", "statusCode": 201},
]


@pytest.mark.parametrize("value", REFUSED, ids=json.dumps)
def test_what_surely_says_no_refuses(value):
    assert refusal_in(value) == "refused"


@pytest.mark.parametrize("value", UNCLEAR, ids=json.dumps)
def test_what_might_be_a_refusal_is_neither_believed_nor_passed_over(value):
    assert refusal_in(value) == "unclear"


@pytest.mark.parametrize("value", NO_REFUSAL, ids=json.dumps)
def test_what_says_nothing_against_the_order_is_no_refusal(value):
    assert refusal_in(value) in (None, "taken")


@pytest.mark.parametrize("value", [{"data": None}, {"id": None}, {"message": "order not found"}], ids=json.dumps)
def test_what_says_that_nothing_is_there_is_no_refusal_of_a_question(value):
    assert refusal_in(value, answers_question=True) is None


@pytest.mark.parametrize(
    ("text", "perhaps"),
    [
        ("\ufeff ERROR 12: no such customer", True),
        ("[FAILED] import", True),
        (
            "<soap:Envelope><soap:Body><soap:Fault><faultcode>c</faultcode></soap:Fault></soap:Body></soap:Envelope>",
            True,
        ),
        ("<answer><errors><error>no such article</error></errors></answer>", True),
        ("<answer><errors/><error>0</error><error></error><number>7</number></answer>", False),
        ("<answer><errorless>yes</errorless></answer>", False),
        ("OK, no error", False),
        ("Imported 1 order with 0 errors.", False),
        ("Auftrag angelegt, keine Fehler", False),
        ("imported: 1, failed: 0, rejected=0", False),
        ("1 order imported, 0 failed", False),
        ("Without a customer it is invalid", True),
        ("imported: 0, failed: 1", True),
        ("<html><head><title>502</title></head><body><h1>Internal failure</h1></body></html>", True),
        ("<reply><status>rejected</status></reply>", True),
        ("<html><head><title>Thank you</title></head><body>Order 7 is booked</body></html>", False),
        ("Order 4711 created", False),
        ("ERR 17", True),
        ("NOK", True),
        ("KO;17;locked", True),
        ("Auftrag wurde nicht angelegt", True),
        ("rechazado", True),
        ("<Result status='failed' number=''/>", True),
        ("<Result status='done' number='7'/>", False),
        ("Order rejected: customer 4711 is blocked", True),
        ("Not OK (import_failed)", True),
        ("The order could not be booked", True),
        ("0 orders imported, 1 error", True),
        ("Auftrag abgelehnt", True),
        ("<r><success>false</success><msg>Customer blocked</msg></r>", True),
        ("<R><Accepted>false</Accepted></R>", True),
        ('<boolean xmlns="http://schemas.microsoft.com/2003/10/Serialization/">false</boolean>', True),
        ("<R><a:returnCode>8</a:returnCode></R>", True),
        ("<Response><Status>E</Status><Text>Customer is blocked</Text></Response>", True),
        ("<Ack>NACK</Ack>", True),
        ("FALSE", True),
        ("No\r\n", True),
        ("NACK", True),
        ("<Order><ID>7</ID><Status>created</Status><ErrorCount>0</ErrorCount><Code>450</Code></Order>", False),
        ("<R><success>true</success><returnCode>0</returnCode><rejected>none</rejected></R>", False),
        ("0", False),
        ("SO-1", False),
        ("Thank you. " * 50 + "Error messages are in the manual.", False),
        ("", False),
    ],
)
def test_a_text_that_might_be_a_refusal_is_told_from_others(text, perhaps):
    assert perhaps_refused(text) is perhaps


def test_an_answer_nested_without_end_is_looked_into_only_so_far():
    value: dict[str, Any] = {"id": 1}
    for _ in range(500):
        value = {"a": value, "b": [value]}
    assert refusal_in(value) is None


@pytest.mark.parametrize(
    "failed",
    [
        {"status": 503},
        {"statusCode": "503"},
        {"code": 503},
        {"returnCode": 8},
        {"errorCount": 1},
        {"status": False},
        {"SUCCESS": False},
        {"succeeded": False},
        {"meta": {"errorCode": "DB_TIMEOUT"}},
        {"result": {"code": 503}},
        {"shards": {"failures": [{"reason": "timeout"}]}},
    ],
)
def test_an_answer_to_a_question_that_failed_says_nothing_about_the_order(failed):
    assert refusal_in({"items": []} | failed, answers_question=True) in ("refused", "unclear")


@pytest.mark.parametrize(
    "said", [{"status": 404}, {"code": 410}, {"id": None}, {"data": None}, {"total": 0, "status": 200, "errors": []}]
)
def test_an_answer_that_finds_nothing_is_no_failure(said):
    assert refusal_in({"items": []} | said, answers_question=True) is None


@pytest.mark.timeout(4)  # seconds; where time grows with the square of the length, each takes longer
@pytest.mark.parametrize(
    "piece",
    [
        "<script ",
        "<title>",
        "<!--",
        "<",
        "<error ",
        "<error>" + 90_000 * " ",
        "<h1 ",
        "</head ",
        "<Fault><detail>",
        "<a:",
        "<ok>no<",
    ],
)
def test_a_text_made_to_be_slow_is_read_at_once(piece):
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    said_in_text(text)
    perhaps_refused(text)


CONTRADICT = [
    '{"status": "ok", "status": "error"}',
    '{"status": "error", "status": "ok"}',
    '{"success": true, "success": false, "success": true}',
    '{"id": 4, "id": null}',
    '{"result": {"ok": true}, "result": {"ok": false}}',
    '{"order": {"id": 4, "state": "open", "state": "rejected"}}',
    '{"id": 4, "error": null, "error": "no such article"}',
    '{"message": "Order 4 created", "message": "The order could not be created"}',
    '[{"lines": [{"status": "open", "status": "failed"}]}]',
    "{" + ", ".join(f'"text": "{number}"' for number in range(20)) + "}",
]
AGREE = [
    '{"status": "ok", "status": "ok"}',
    '{"success": true, "id": 4, "success": 1}',
    '{"id": 4, "note": "a", "note": "b"}',
    '{"order": {"id": 4, "links": [1], "links": [2]}}',
    '{"message": "Order 4 created", "message": "Stock is reserved"}',
]


@pytest.mark.parametrize("body", CONTRADICT)
def test_a_name_with_values_that_mean_different_things_leaves_it_open(body: str) -> None:
    assert refusal_in(parse_answer(body)) == "unclear"


@pytest.mark.parametrize("body", AGREE)
def test_a_name_with_values_that_mean_the_same_is_none(body: str) -> None:
    assert refusal_in(parse_answer(body)) in (None, "taken")


@given(st.lists(st.sampled_from(REFUSED + UNCLEAR + NO_REFUSAL), min_size=2, max_size=4))
def test_no_value_of_a_name_is_overheard(said: list[Any]) -> None:
    pairs = ", ".join(f'"order": {json.dumps(one)}' for one in said)
    apart = {refusal_in({"order": one}) for one in said}
    assert refusal_in(parse_answer(f"{{{pairs}}}")) == (apart.pop() if len(apart) == 1 else "unclear")
