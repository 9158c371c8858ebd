"""A dropzone of `mode: http`: every format's documents as requests, once each, whatever becomes of the answers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.delivery import Arrived
from orderflow.domain.ids import new_id
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.flow.answers.receive import receive
from orderflow.flow.ports import Actor
from orderflow.flow.setup.connections import add_connection
from orderflow.flow.setup.preview import preview_order
from orderflow.testing.http_conformance import NOT_IN_JSON_V1, HttpConformance
from orderflow.testing.http_server import DROP_AFTER, DROP_BEFORE, HTML, TOO_MANY, MisbehavingHTTPServer, status
from tests.integration.connectors.test_rest_delivery import FAULTS, deliver

SECRET, WRONG = "s3cret-token", "wr0ng-token"


def to(server: MisbehavingHTTPServer, **more: Any) -> dict[str, Any]:
    return {"mode": "http", "url": f"{server.url}/orders", "plain_http": True, "timeout": 1} | more


@pytest.fixture
def connect(installation: Any) -> Any:
    def add(config: dict[str, Any], **options: Any) -> Any:
        wiring, org_id = installation.wiring, installation.org_id
        return add_connection(wiring, org_id, "DROPZONE_JSON_V1", config, Actor("test"), options=options, enabled=True)

    installation.connectors["DROPZONE_JSON_V1"] = DropzoneJsonV1Connector()
    return add


class TestHttp(HttpConformance):
    connector_class = DropzoneJsonV1Connector
    leaves_out = NOT_IN_JSON_V1

    @pytest.fixture
    def server(self) -> Any:
        refuses = {"on": lambda order: "unknown" if order["customer"]["erp_customer_number"] == "NOBODY" else None}
        with MisbehavingHTTPServer(
            idempotent=False,
            admits=lambda request: request.headers["Authorization"] == f"Bearer {SECRET}",
            refuses=refuses["on"],
        ) as running:
            yield running

    @pytest.fixture
    def good_config(self, server: MisbehavingHTTPServer) -> dict[str, Any]:
        return to(server, auth="bearer", token=SECRET, timeout=30)

    @pytest.fixture
    def bad_config(self, good_config: dict[str, Any]) -> dict[str, Any]:
        return good_config | {"token": WRONG}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_api_that_honours_the_key_takes_each_order_once_whatever_goes_wrong(
    installation: Any, connect: Any, fault: str
) -> None:
    with MisbehavingHTTPServer(idempotent=True) as server:
        connection_id = connect(to(server, idempotent=True))
        server.misbehave(*[FAULTS[fault]] * 2)
        orders = installation.pushed(3)
        deliver(installation, connection_id)
        assert {installation.order(order_id)["status"] for order_id in orders} == {"PUSHED"}
        assert Counter(order["draft_order_id"] for order in server.taken) == Counter(map(str, orders))


@pytest.mark.parametrize("fault", [DROP_AFTER, DROP_BEFORE, status(502), status(500, takes=True)])
def test_what_nobody_can_ask_about_is_held_and_never_sent_again(installation: Any, connect: Any, fault: Any) -> None:
    with MisbehavingHTTPServer(idempotent=False) as server:
        connection_id = connect(to(server))
        server.misbehave(fault)
        (order_id,) = installation.pushed(1)
        deliver(installation, connection_id)
        export = installation.export(order_id)
        assert (export["status"], bool(export["held_at"]), export["received_at"]) == ("PENDING", True, None)
        assert len([request for request in server.received if request.method == "POST"]) == 1


@pytest.mark.parametrize("fault", [TOO_MANY, status(401)])
def test_what_surely_was_not_taken_is_sent_again(installation: Any, connect: Any, fault: Any) -> None:
    with MisbehavingHTTPServer(idempotent=False) as server:
        connection_id = connect(to(server))
        server.misbehave(fault)
        (order_id,) = installation.pushed(1)
        deliver(installation, connection_id)
        assert (installation.order(order_id)["status"], len(server.taken)) == ("PUSHED", 1)


def test_a_2xx_whatever_it_says_is_never_followed_by_a_second_request(installation: Any, connect: Any) -> None:
    with MisbehavingHTTPServer(idempotent=False) as server:
        connection_id = connect(to(server))
        server.misbehave(HTML)
        (order_id,) = installation.pushed(1)
        deliver(installation, connection_id)
        assert (installation.order(order_id)["status"], len(server.taken)) == ("PUSHED", 1)


def test_its_answer_comes_by_itself_by_the_key_that_the_document_brought(installation: Any, connect: Any) -> None:
    with MisbehavingHTTPServer(idempotent=False) as server:
        connection_id = connect(to(server))
        (order_id,) = installation.pushed(1)
        deliver(installation, connection_id)
        (request,) = server.received
    key = request.headers["Idempotency-Key"]
    body = f'{{"status": "ACKED", "export_id": "{key}", "erp_order_id": "SO-7"}}'.encode()
    receive(installation.wiring.store, installation.org_id, connection_id, Arrived(new_id(), "", body))
    read_arrived(installation.wiring, installation.org_id, connection_id)
    order = installation.order(order_id)
    assert (order["status"], order["erp_order_id"]) == ("CONFIRMED", "SO-7")


def test_the_preview_shows_the_request_without_its_secrets(installation: Any, connect: Any) -> None:
    config = {"mode": "http", "url": "https://erp.example/orders", "auth": "bearer", "token": SECRET}
    connect(config | {"headers": "X-Plant: 7"})
    (order_id,) = installation.pushed(1)
    shown = preview_order(installation.wiring, installation.org_id, order_id)
    assert shown.destination == "POST https://erp.example/orders"
    assert (shown.headers["X-Plant"], shown.headers["Content-Type"]) == ("7", "application/json")
    assert SECRET not in repr(shown)


def test_a_test_says_what_it_leaves_open() -> None:
    connector = DropzoneJsonV1Connector()
    with MisbehavingHTTPServer() as server:
        result = connector.test_connection(to(server))
        assert result.success
        assert "held for a person" in result.details["note"]
        assert "held" not in connector.test_connection(to(server, idempotent=True)).details["note"]
    assert not server.taken
    assert not connector.test_connection(to(server)).success, "nobody is there any more"
