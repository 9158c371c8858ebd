"""REST_JSON and an order that the API has: it is changed and taken back by requests of the configuration's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from orderflow.connectors.base import parse_config
from orderflow.connectors.rest import RestJsonConnector
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.domain.delivery import Delivery, Sent
from orderflow.domain.errors import ConfigError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.recall import recall_in
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.flow.setup.connections import add_connection
from orderflow.testing.engine import an_order
from orderflow.testing.http_server import DROP_AFTER, DROP_BEFORE, HTML, Fault, MisbehavingHTTPServer, Received, status
from tests.integration.conftest import ACTOR, Installation

BY_STATE = {"find_url": "{url}/orders?reference={{{{ delivery.export_id }}}}", "found": "items[0].id"}


class Shop(MisbehavingHTTPServer):
    """An API whose orders can be put anew and cancelled.

    Attributes:
        orders: What it has, by number.
        refuses_with: What it says to whoever changes or cancels.
        deletes: What is cancelled is not found any more.
    """

    def __init__(self) -> None:
        super().__init__(idempotent=False)
        self.orders: dict[str, dict[str, Any]] = {}
        self.refuses_with: tuple[int, str] | None = None
        self.deletes = False

    def _answer(self, request: Received) -> tuple[int, dict[str, str], bytes]:
        parts = request.path.strip("/").split("/")
        if request.method == "GET":
            wanted = request.parameter("reference")
            hits = [order for order in self.orders.values() if order["reference"] == wanted]
            return 200, {}, json.dumps({"items": hits}).encode()
        if len(parts) == 1:
            number = f"SO-{len(self.orders) + 1}"
            reference = request.headers["Idempotency-Key"]
            self.orders[number] = {"id": number, "reference": reference, "state": "open", "changed_by": None}
            return 201, {}, json.dumps({"id": number}).encode()
        if self.refuses_with:
            return self.refuses_with[0], {}, json.dumps({"message": self.refuses_with[1]}).encode()
        order = self.orders[parts[1]]
        if request.method == "PUT":
            order |= {"changed_by": request.headers["Idempotency-Key"], "body": json.loads(request.content)}
        elif self.deletes:
            del self.orders[parts[1]]
        else:
            order["state"] = "cancelled"
        return 204, {}, b""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as running:
        yield running


def config_of(shop: Shop, **more: Any) -> dict[str, Any]:
    at = f"{shop.url}/orders/{{{{ sent.erp_order_id }}}}"
    asked: dict[str, Any] = {name: text.format(url=shop.url) for name, text in BY_STATE.items()}
    asked |= {"last_change": "items[0].changed_by", "recall_status": "items[0].state"}
    asked["recalled"] = ["cancelled"]
    config = {"url": f"{shop.url}/orders", "plain_http": True, "order_number": "id", "timeout": 2, "change_url": at}
    return config | {"recall_url": f"{at}/cancel", **asked} | more


@pytest.fixture
def house(installation: Installation, shop: Shop) -> Iterator[House]:
    connector = RestJsonConnector()
    installation.connectors["REST_JSON"] = connector
    yield House(installation, shop)
    connector.close()


class House:
    """An organization whose one order goes to the shop."""

    def __init__(self, installation: Installation, shop: Shop) -> None:
        self.installation, self.shop = installation, shop
        self.wiring, self.org_id = installation.wiring, installation.org_id

    def connect(self, **more: Any) -> None:
        config = config_of(self.shop, **more)
        config = {name: value for name, value in config.items() if value is not None}
        options = {"commit_within": 0}  # what the shop has not done by now it never will
        self.way = add_connection(self.wiring, self.org_id, "REST_JSON", config, ACTOR, options=options, enabled=True)

    def shows_late(self) -> None:
        with self.wiring.store.work(self.org_id) as work:
            work.connections.change(self.way, {"commit_within": 60})

    def sent(self) -> UUID:
        (order_id,) = self.installation.pushed(1)
        self.installation.work_off(self.way)
        assert self.installation.order(order_id)["status"] == "CONFIRMED"
        return order_id

    def change(self, order_id: UUID, notes: str = "twelve") -> None:
        with self.wiring.store.work(self.org_id) as work:
            edit_order(work, replace(work.orders.get(order_id), notes=notes), ACTOR)
        with self.wiring.store.work(self.org_id) as work:
            approve_order(work, order_id, ACTOR)
        request_push(self.wiring.store, self.org_id, order_id, ACTOR)

    def recall(self, order_id: UUID) -> None:
        with self.wiring.store.work(self.org_id) as work:
            recall_in(work, order_id, "cancelled by telephone", ACTOR)

    def work_off(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            self.installation.make_all_due()
            self.installation.do("UPDATE erp_connection SET breaker_state = 'CLOSED', rests_until = NULL")
            self.installation.work_off(self.way)

    def a_minute_passes(self) -> None:
        for column in ("doubt_since", "last_begun_at"):
            self.installation.do(f"UPDATE erp_export SET {column} = {column} - interval '61 seconds'")

    def status(self, order_id: UUID) -> str:
        return str(self.installation.order(order_id)["status"])

    def error(self, order_id: UUID) -> dict[str, Any]:
        return dict(self.installation.export(order_id)["error_json"])

    def asked(self, method: str) -> list[Received]:
        return [one for one in self.shop.received if one.method == method and one.path != "/orders"]


def test_the_whole_order_is_put_anew_under_the_shops_number(house: House) -> None:
    house.connect()
    order_id = house.sent()
    house.change(order_id)
    house.work_off()
    assert (house.status(order_id), house.installation.order(order_id)["erp_order_id"]) == ("CONFIRMED", "SO-1")
    body = house.shop.orders["SO-1"]["body"]
    assert (body["export_version"], body["header"]["notes"]) == ("orderflow_export_json_v1", "twelve")
    (request,) = house.asked("PUT")
    assert request.headers["Idempotency-Key"] == str(house.installation.export(order_id)["id"])


def test_templates_of_a_change_and_a_recall_know_what_was_sent(house: House) -> None:
    house.connect(
        change_method="PUT",
        change_body='{"number": {{ sent.erp_order_id }}, "first": {{ sent.export_id }}, "notes": {{ order.notes }}}',
        recall_body='{"why": {{ recall.reason }}, "file": {{ sent.reference }}}',
    )
    order_id = house.sent()
    first = house.installation.export(order_id)
    house.change(order_id)
    house.work_off()
    assert house.shop.orders["SO-1"]["body"] == {"number": "SO-1", "first": str(first["id"]), "notes": "twelve"}
    house.recall(order_id)
    house.work_off()
    (request,) = house.asked("POST")
    assert request.json() == {"why": "cancelled by telephone", "file": first["filename"]}
    assert (house.status(order_id), house.shop.orders["SO-1"]["state"]) == ("RECALLED", "cancelled")


@pytest.mark.parametrize(("method", "content"), [("POST", "orderflow_recall_json_v1"), ("DELETE", "")])
def test_without_a_body_of_ones_own_a_recall_is_the_published_document_or_none(
    house: House, method: str, content: str
) -> None:
    house.connect(recall_method=method)
    order_id = house.sent()
    house.recall(order_id)
    house.work_off()
    (request,) = house.asked(method)
    assert content in request.content.decode()
    assert bool(request.content) == bool(content) == ("Content-Type" in request.headers)
    assert house.status(order_id) == "RECALLED"


def test_what_the_shop_refuses_stays_as_it_was_in_the_shops_words(house: House) -> None:
    house.connect()
    changed, recalled = house.sent(), house.sent()
    house.shop.refuses_with = (409, "SO-1 is on the lorry")
    house.change(changed)
    house.recall(recalled)
    house.work_off()
    assert (house.status(changed), house.error(changed)["message"]) == ("ERROR", "SO-1 is on the lorry")
    assert (house.status(recalled), house.error(recalled)["message"]) == ("CONFIRMED", "SO-1 is on the lorry")


@pytest.mark.parametrize("fault", [DROP_AFTER, status(500, takes=True), status(503, takes=True), HTML])
@pytest.mark.parametrize("deletes", [False, True])
def test_a_recall_whose_answer_is_lost_is_asked_for_and_sent_once(house: House, fault: Fault, deletes: bool) -> None:
    house.connect()
    house.shop.deletes = deletes
    order_id = house.sent()
    house.recall(order_id)
    house.shop.misbehave(replace(fault, status=202) if fault is HTML else fault)
    house.work_off(3)
    assert (house.status(order_id), len(house.asked("POST"))) == ("RECALLED", 1)


def test_an_order_that_the_shop_shows_late_is_not_taken_for_one_that_it_took_back(house: House) -> None:
    house.connect()
    house.shows_late()
    order_id = house.sent()
    house.recall(order_id)
    house.shop.misbehave(DROP_BEFORE)
    house.shop.misbehave(*[Fault(content=b'{"items": []}')] * 2, method="GET")
    house.work_off(3)
    assert (house.status(order_id), house.error(order_id)["code"]) == ("RECALLING", "FIND_TOO_EARLY")
    house.shop.recover()
    house.a_minute_passes()
    house.work_off(2)
    assert (house.status(order_id), house.shop.orders["SO-1"]["state"]) == ("RECALLED", "cancelled")


def test_an_order_that_the_shop_does_not_show_counts_as_taken_back_once_it_would_show_it(house: House) -> None:
    house.connect()
    house.shows_late()
    house.shop.deletes = True
    order_id = house.sent()
    house.recall(order_id)
    house.shop.misbehave(DROP_AFTER)
    house.work_off(3)
    assert house.status(order_id) == "RECALLING"
    house.a_minute_passes()
    house.work_off()
    assert (house.status(order_id), len(house.asked("POST"))) == ("RECALLED", 1)


@pytest.mark.parametrize("fault", [DROP_AFTER, status(500, takes=True)])
def test_a_change_whose_answer_is_lost_is_asked_for_and_sent_once(house: House, fault: Fault) -> None:
    house.connect()
    order_id = house.sent()
    house.change(order_id)
    house.shop.misbehave(fault, method="PUT")
    house.work_off(3)
    assert (house.status(order_id), len(house.asked("PUT"))) == ("CONFIRMED", 1), house.error(order_id)


def test_what_the_shop_clearly_never_did_is_sent_again(house: House) -> None:
    house.connect()
    changed, recalled = house.sent(), house.sent()
    house.change(changed)
    house.recall(recalled)
    house.shop.misbehave(DROP_BEFORE, method="PUT")
    house.shop.misbehave(DROP_BEFORE)
    house.work_off(3)
    assert (house.status(changed), house.status(recalled)) == ("CONFIRMED", "RECALLED")
    assert (len(house.asked("PUT")), len(house.asked("POST"))) == (2, 2)
    assert house.shop.orders["SO-1"]["body"]["header"]["notes"] == "twelve"


@pytest.mark.parametrize("more", [{"find_url": None, "found": None}, {}], ids=["no way to ask", "nothing to see"])
def test_where_nobody_can_be_asked_nothing_is_sent_twice_and_a_person_decides(
    house: House, more: dict[str, Any]
) -> None:
    house.connect(last_change=None, recall_status=None, recalled=None, **more)
    changed, recalled = house.sent(), house.sent()
    house.change(changed)
    house.recall(recalled)
    house.shop.misbehave(DROP_BEFORE, method="PUT")
    house.shop.misbehave(DROP_BEFORE)
    house.work_off(2)
    house.installation.do(
        "UPDATE erp_export SET doubt_since = now() - interval '2 hours' WHERE doubt_since IS NOT NULL"
    )
    house.work_off(2)
    assert (house.status(changed), house.status(recalled)) == ("PUSHING", "RECALLING")
    assert house.installation.export(changed)["held_at"]
    assert house.installation.export(recalled)["held_at"]
    assert (len(house.asked("PUT")), len(house.asked("POST"))) == (1, 1)


UNCLEAR = {
    "a page": Fault(content=b"<html>"),
    "no state": Fault(content=b'{"items": [{"id": "SO-1"}]}'),
    "a part": Fault(content=b'{"items": [], "has_more": true}'),
    "nothing": Fault(content=b"{}"),
    "404": status(404),
}


def test_an_unclear_answer_about_a_change_or_a_recall_sends_nothing(house: House) -> None:
    house.connect()
    changed, recalled = house.sent(), house.sent()
    house.change(changed)
    house.recall(recalled)
    house.shop.misbehave(DROP_BEFORE, method="PUT")
    house.shop.misbehave(DROP_BEFORE)
    for fault in UNCLEAR.values():
        house.shop.misbehave(*[fault] * 40, method="GET")
        house.work_off()
        assert (len(house.asked("PUT")), len(house.asked("POST"))) == (1, 1), fault
        house.shop.recover()
    house.work_off(2)
    assert (house.status(changed), house.status(recalled)) == ("CONFIRMED", "RECALLED")
    assert (len(house.asked("PUT")), len(house.asked("POST"))) == (2, 2)


def test_a_refusal_after_a_lost_answer_says_nothing_about_the_recall(house: House) -> None:
    house.connect(idempotent=True, find_url=None, found=None, last_change=None, recall_status=None, recalled=None)
    order_id = house.sent()
    house.recall(order_id)
    house.shop.misbehave(DROP_AFTER, status(409, "SO-1 is cancelled already"))
    house.work_off(3)
    assert house.status(order_id) == "RECALLING", "a person looks: it may have been taken back by the first request"
    assert "cancelled already" in house.error(order_id)["message"]


def test_a_worker_that_dies_after_the_request_has_the_next_one_ask(house: House) -> None:
    house.connect()
    changed, recalled = house.sent(), house.sent()
    house.change(changed)
    house.recall(recalled)
    to = open_target(house.wiring, house.org_id, house.way)
    assert to is not None
    deliver(house.wiring, claim(house.wiring, to, 8))  # and here it dies, before it settles
    house.installation.let_leases_run_out()
    house.work_off(2)
    assert (house.status(changed), house.status(recalled)) == ("CONFIRMED", "RECALLED")
    assert (len(house.asked("PUT")), len(house.asked("POST"))) == (1, 1)


def test_where_a_changed_order_is_confirmed_later_its_number_asks_for_it(house: House) -> None:
    config = {
        "status_url": f"{house.shop.url}/orders/{{{{ erp_order_id }}}}",
        "status": "state",
        "confirmed": ["booked"],
    }
    house.connect(**config)
    (order_id,) = house.installation.pushed(1)
    house.work_off()
    house.change(order_id)
    house.work_off()
    assert house.status(order_id) == "PUSHED"
    assert house.installation.export(order_id)["erp_order_id"] == "SO-1"


def test_a_connection_that_does_not_say_where_is_asked_for_neither(house: House) -> None:
    house.connect(change_url=None, recall_url=None, last_change=None, recall_status=None, recalled=None)
    order_id = house.sent()
    house.change(order_id)
    house.work_off()
    assert house.error(order_id)["code"] == "CHANGE_UNSUPPORTED"
    assert house.asked("PUT") == []


def as_kind(order: DraftOrder, kind: Kind) -> DraftOrder:
    order.delivery = Delivery(
        new_id(),
        datetime.now(UTC),
        kind=kind,
        sent=Sent(new_id(), datetime.now(UTC), "sales_order_1.json", erp_order_id="SO/7"),
        reason="cancelled",
    )
    return order


@pytest.mark.parametrize(
    ("kind", "place"), [(Kind.CHANGE, "PUT {url}/orders/SO%2F7"), (Kind.RECALL, "POST {url}/orders/SO%2F7/cancel")]
)
def test_a_preview_shows_where_it_goes_and_what_is_sent(shop: Shop, kind: Kind, place: str) -> None:
    connector = RestJsonConnector()
    preview = connector.preview(as_kind(an_order(), kind), config_of(shop))
    connector.close()
    assert preview.destination == place.format(url=shop.url)
    assert preview.document.filename.startswith(f"{kind}_")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"change_url": "https://evil.example/x"}, "change_url: must be on the same host"),
        ({"recall_url": "https://evil.example/x"}, "recall_url: must be on the same host"),
        ({"change_url": "https://erp.example/{{ recall.reason }}"}, "change_url: .*there is no field 'recall'"),
        ({"url": "https://erp.example/{{ sent.erp_order_id }}"}, "url: .*there is no field 'sent'"),
        ({"recall_body": '{"a": "{{ recall.reason }}"}'}, "recall_body: does not make JSON.*leave yours out"),
        (
            {"recall_url": None, "recall_status": None, "recalled": None, "recall_body": "{}"},
            "recall_body needs recall_url",
        ),
        ({"find_url": None, "found": None, "recall_status": None, "recalled": None}, "last_change needs find_url"),
        ({"recalled": None}, "recall_status and recalled belong together"),
        ({"recall_status": "a["}, "recall_status: is not a JMESPath expression"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_saved(wrong: dict[str, Any], named: str) -> None:
    config = {
        "url": "https://erp.example/orders",
        "change_url": "https://erp.example/orders/{{ sent.erp_order_id }}",
        "recall_url": "https://erp.example/orders/{{ sent.erp_order_id }}",
        "find_url": "https://erp.example/orders",
        "found": "id",
        "last_change": "by",
        "recall_status": "state",
        "recalled": ["cancelled"],
    }
    with pytest.raises(ConfigError, match=named):
        parse_config(RestJsonConfig, {name: value for name, value in (config | wrong).items() if value is not None})
