"""What follows from each way in which Tryton and Odoo say no."""

from __future__ import annotations

import json

import pytest

from orderflow.connectors.business_central import answers as business_central
from orderflow.connectors.odoo import answers as odoo
from orderflow.connectors.sap import answers as sap
from orderflow.connectors.tryton import answers as tryton
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, RejectedError, TransientError
from orderflow.http import Answer, read_answer


def response(status: int, content: object) -> Answer:
    return read_answer(status, {}, (content if isinstance(content, str) else json.dumps(content)).encode())


@pytest.mark.parametrize(
    ("status", "content", "kind", "code"),
    [
        (401, "<p>Unauthorized</p>", NeedsAttentionError, "AUTH_FAILED"),
        (403, "<p>Forbidden</p>", NeedsAttentionError, "PERMISSION_DENIED"),
        (404, "<p>Not Found</p>", NeedsAttentionError, "DATABASE_UNKNOWN"),
        (400, {"message": "A value is required", "description": "for Party"}, RejectedError, "ERP_REJECTED"),
        (409, {"message": "Are you sure?", "description": ""}, RejectedError, "ERP_WARNING"),
        (423, "locked", TransientError, "ERP_BUSY"),
        (429, "slow down", TransientError, "ERP_BUSY"),
        (500, "<p>KeyError</p>", InDoubtError, "ERP_FAULT"),
        (200, "<p>no JSON</p>", InDoubtError, "ERP_FAULT"),
    ],
)
def test_tryton_by_rest(status, content, kind, code) -> None:
    with pytest.raises(kind) as raised:
        tryton.from_rest(response(status, content), "db", changes=True)
    assert raised.value.code == code


def test_a_page_of_tryton_is_quoted_as_a_person_reads_it() -> None:
    page = "<!doctype html><title>403 Forbidden</title><h1>Forbidden</h1><p>You don&#39;t have the permission.</p>"
    with pytest.raises(NeedsAttentionError, match=r"may not do this: You don't have the permission\."):
        tryton.from_rest(response(403, page), "db", changes=True)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (["UserError", ["No such customer", "Look it up", None]], RejectedError, "No such customer Look it up"),
        (["UserWarning", ["key", "Price is low", "Sure?"]], RejectedError, "Price is low Sure?"),
        (["ConcurrencyException", []], TransientError, "Somebody else"),
        (["LoginException", []], NeedsAttentionError, "does not accept"),
        (["'bogus'", ""], InDoubtError, "bogus"),
        ("odd", InDoubtError, "odd"),
    ],
)
def test_tryton_by_json_rpc(error, kind, words) -> None:
    with pytest.raises(kind, match=words.replace("?", r"\?")):
        tryton.from_rpc(response(200, {"id": 1, "error": error}), "db", changes=True)


def test_tryton_gives_the_result_of_a_good_answer() -> None:
    assert tryton.from_rpc(response(200, {"id": 1, "result": [7]}), "db", changes=True) == [7]
    assert tryton.from_rest(response(200, [7]), "db", changes=True) == [7]
    assert tryton.from_rest(response(204, ""), "db", changes=True) is None


def test_a_fault_at_a_mere_question_leaves_nothing_in_doubt() -> None:
    with pytest.raises(TransientError):
        tryton.from_rest(response(500, "x"), "db", changes=False)
    with pytest.raises(TransientError):
        odoo.from_json2(response(500, "x"), "db", changes=False)


@pytest.mark.parametrize(
    ("status", "name", "message", "kind", "code"),
    [
        (401, "werkzeug.exceptions.Unauthorized", "Invalid apikey", NeedsAttentionError, "AUTH_FAILED"),
        (403, "odoo.exceptions.AccessError", "not allowed", NeedsAttentionError, "PERMISSION_DENIED"),
        (422, "odoo.exceptions.UserError", "No, because", RejectedError, "ERP_REJECTED"),
        (422, "odoo.exceptions.ValidationError", "No, because", RejectedError, "ERP_REJECTED"),
        (500, "psycopg2.errors.SerializationFailure", "could not", TransientError, "ERP_BUSY"),
        (404, "werkzeug.exceptions.NotFound", "no model 'sale.order'", NeedsAttentionError, "MODULE_MISSING"),
        (422, "odoo.exceptions.UserError", "Object sale.order doesn't exist", NeedsAttentionError, "MODULE_MISSING"),
        (500, "builtins.KeyError", "'sale.order'", NeedsAttentionError, "MODULE_MISSING"),
        (500, "psycopg2.OperationalError", 'database "x" does not exist', NeedsAttentionError, "DATABASE_UNKNOWN"),
        (500, "builtins.ValueError", "Invalid field", InDoubtError, "ERP_FAULT"),
    ],
)  # fmt: skip
def test_odoo_by_both_ways(status, name, message, kind, code) -> None:
    with pytest.raises(kind) as raised:
        odoo.from_json2(response(status, {"name": name, "message": message}), "db", changes=True)
    assert raised.value.code == code
    error = {"message": "Odoo Server Error", "data": {"name": name, "message": message}}
    with pytest.raises(kind) as raised:
        odoo.from_jsonrpc(response(200, {"error": error}), "db", changes=True)
    assert raised.value.code == code


BARE = {401: "AUTH_FAILED", 403: "PERMISSION_DENIED", 404: "DATABASE_UNKNOWN", 429: "ERP_BUSY", 500: "ERP_FAULT"}


@pytest.mark.parametrize(("status", "code"), BARE.items())
def test_odoo_by_bare_status(status, code) -> None:
    with pytest.raises((NeedsAttentionError, TransientError, InDoubtError)) as raised:
        odoo.from_jsonrpc(response(status, "<html>"), "db", changes=True)
    assert raised.value.code == code


def test_a_load_that_lost_against_another_is_tried_again_and_a_refused_one_is_not() -> None:
    lost = {"ids": False, "messages": [{"message": "ERROR: could not serialize access due to concurrent update"}]}
    with pytest.raises(TransientError):
        odoo.loaded(lost)
    with pytest.raises(RejectedError, match="No matching record"):
        odoo.loaded({"ids": False, "messages": [{"message": "No matching record found"}]})
    assert odoo.loaded({"ids": [3], "messages": []}) == 3


TWICE = [
    '{"result": 1, "result": 2, "id": 1, "jsonrpc": "2.0"}',
    '{"jsonrpc": "2.0", "id": 1, "result": {"ids": [7], "ids": [8]}}',
    '{"jsonrpc": "2.0", "id": 1, "result": [{"state": "draft", "state": "sale"}]}',
]


@pytest.mark.parametrize("content", TWICE)
@pytest.mark.parametrize("read", [tryton.from_rest, tryton.from_rpc, odoo.from_json2, odoo.from_jsonrpc])
@pytest.mark.parametrize(("changes", "kind"), [(True, InDoubtError), (False, NeedsAttentionError)])
def test_an_answer_with_two_values_for_one_name_is_none(read, content, changes, kind) -> None:
    with pytest.raises(kind):
        read(response(200, content), "db", changes=changes)


@pytest.mark.parametrize("number_in", [sap.number_in, business_central.number_in])
@pytest.mark.parametrize("name", ["SalesOrder", "number", "another"])
def test_two_numbers_for_one_order_are_none(number_in, name) -> None:
    body = f'{{"d": {{"SalesOrder": "1", "number": "1", "{name}": "2", "{name}": "3"}}}}'
    located = {"Location": "https://sap.example/A_SalesOrder('1')"}
    with pytest.raises(InDoubtError, match="different values"):
        number_in(read_answer(201, located, body.encode()))
