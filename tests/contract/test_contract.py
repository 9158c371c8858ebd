"""What clients of the last release rely on is still there; and the comparison finds what is not."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from orderflow.entrypoints.api import create_app
from tests.contract.contract import broken, contract_of, released


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(engine=False).openapi()


def test_clients_of_the_last_release_go_on(document: dict[str, Any]) -> None:
    assert list(broken(released(), contract_of(document))) == [], "see Versions in docs/api.md"


def _without(schema: str, field: str) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document["components"]["schemas"][schema]["properties"].pop(field)


def _typed(schema: str, field: str, kind: str) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document["components"]["schemas"][schema]["properties"].update({field: {"type": kind}})


def _required(schema: str, field: str) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document["components"]["schemas"][schema].setdefault("required", []).append(field)


def _entries_of_timeline(change: Callable[[list[Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def changing(document: dict[str, Any]) -> None:
        items = document["components"]["schemas"]["Timeline"]["properties"]["items"]["items"]
        change(items.get("oneOf") or items["anyOf"])

    return changing


def _parameter(document: dict[str, Any]) -> dict[str, Any]:
    named: list[dict[str, Any]] = document["paths"][ORDERS]["get"]["parameters"]
    return next(one for one in named if one["name"] == "status")


ORDERS = "/api/v1/draft-orders"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda document: document["paths"].pop(ORDERS), "GET /api/v1/draft-orders is gone"),
        (lambda document: document["paths"][ORDERS]["get"].update(operationId="x"), "is called x"),
        (lambda document: _parameter(document).update(name="state"), "query status is gone"),
        (lambda document: _parameter(document).update(required=True), "query status is required"),
        (lambda document: document["paths"][ORDERS]["post"]["responses"].pop("201"), "answers 201 no more"),
        (_without("Order", "status"), "Order: status is gone"),
        (_without("LineBody", "qty"), "LineBody: qty is gone"),
        (_typed("Line", "qty", "string"), "Line: qty may be"),
        (_typed("LineBody", "qty", "string"), "LineBody: qty takes"),
        (_required("OrderBody", "notes"), "OrderBody: notes is required"),
        (_entries_of_timeline(lambda kinds: kinds.pop()), "Timeline: items may be"),
    ],
)
def test_what_breaks_a_client_is_found(document: dict[str, Any], change: Callable[[Any], Any], told: str) -> None:
    changed = deepcopy(document)
    change(changed)
    assert any(told in one for one in broken(contract_of(document), contract_of(changed)))


def test_what_is_added_breaks_nobody(document: dict[str, Any]) -> None:
    changed = deepcopy(document)
    schemas = changed["components"]["schemas"]
    schemas["Order"]["properties"]["news"] = schemas["OrderBody"]["properties"]["news"] = {"type": "string"}
    schemas["OrderBody"]["properties"]["priority"] = {
        "anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]
    }
    _entries_of_timeline(lambda kinds: kinds.append({"$ref": "#/components/schemas/Order"}))(changed)
    changed["paths"][ORDERS]["get"]["parameters"].append({"name": "new", "in": "query", "schema": {"type": "string"}})
    assert list(broken(contract_of(document), contract_of(changed))) == []


@pytest.mark.parametrize(("lacks", "told"), [((), []), (("status",), ["GET /api/v1/draft-orders/{order_id}"])])
def test_an_answer_may_be_of_another_kind_that_has_all_of_the_first(
    document: dict[str, Any], lacks: tuple[str, ...], told: list[str]
) -> None:
    changed = deepcopy(document)
    schemas = changed["components"]["schemas"]
    schemas["OrderReport"] = deepcopy(schemas["Order"])
    for name in lacks:
        schemas["OrderReport"]["properties"].pop(name)
    answer = changed["paths"]["/api/v1/draft-orders/{order_id}"]["get"]["responses"]["200"]
    answer["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/OrderReport"}
    found = list(broken(contract_of(document), contract_of(changed)))
    assert [one.partition(" answers")[0] for one in found] == told
