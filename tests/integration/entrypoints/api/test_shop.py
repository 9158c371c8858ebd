"""A shop's program that loses every third answer and every second webhook: its books and ours agree all the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.http.webhook_signature import is_signed, webhook_key
from tests.integration.entrypoints.api.receiving import Receiver

ORDERS = 12
REJECTED = (3, 7)


class Lossy(httpx.BaseTransport):
    """Carries every request, and loses every third answer."""

    def __init__(self, carrier: httpx.BaseTransport) -> None:
        self._carrier, self._calls = carrier, count(1)
        self.lost = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._carrier.handle_request(request)
        if next(self._calls) % 3 == 0:
            answer.read()
            self.lost += 1
            raise httpx.ReadError("The answer was lost.", request=request)
        return answer

    def close(self) -> None:
        self._carrier.close()


@dataclass
class Shop:
    """The program: what it brought in, what webhooks told it, and what it read of the events by itself."""

    client: httpx.Client
    secret: str = ""
    known: set[str] = field(default_factory=set)
    told: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    read: list[dict[str, Any]] = field(default_factory=list)
    last: int = 0
    heard: int = 0
    lost: int = 0

    def call(self, method: str, path: str, **more: Any) -> Any:
        """Call until there is an answer, with one key for all attempts."""
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        while True:
            try:
                answer = self.client.request(method, f"/api/v1{path}", headers=headers, **more)
            except httpx.ReadError:
                continue
            assert answer.is_success, answer.text
            return answer.json()

    def order(self, number: int) -> str:
        line = {"line_no": 1, "internal_sku": "INT-1", "qty": 1, "uom": "PCE"}
        customer = {"erp_customer_number": "4711", "name": "Muster GmbH"}
        order = {"external_order_number": f"SHOP-{number}", "currency": "EUR", "customer": customer, "lines": [line]}
        return str(self.call("POST", "/draft-orders", json=order)["id"])

    def follow(self) -> None:
        """Read what happened since; what was lost on the way is asked for again."""
        while True:
            page = self.call("GET", "/events", params={"after": self.last, "limit": 7})
            self.read += page["items"]
            self.last = page["last"]
            if not page["more"]:
                return

    def take(self, headers: Any, body: bytes, message: dict[str, Any]) -> int | None:
        """Take every second webhook; of the others it loses one before it is read, and the next one's answer."""
        self.heard += 1
        if self.heard % 2 == 0:
            self.lost += 1
            if self.lost % 2:
                self._note(headers, body, message)
            return None
        self._note(headers, body, message)
        return 204

    def _note(self, headers: Any, body: bytes, message: dict[str, Any]) -> None:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        message_id, timestamp, signatures = (headers[name] for name in names)
        assert is_signed(webhook_key(self.secret), message_id, timestamp, signatures, body, float(timestamp))
        if message_id in self.known:
            return
        self.known.add(message_id)
        data = message["data"]
        self.told.setdefault(data["order_id"], []).append((data["number"], data["status"]))


def work(app: App) -> None:
    """Deliver to the ERP and to the shop until both have all, as an engine does while time passes."""
    for place in app.system.due_deliveries():
        while push_batch(app.wiring, *place):
            pass
    waiting = text("UPDATE webhook_delivery SET next_attempt_at = now() WHERE delivered_at IS NULL")
    rested = text("UPDATE webhook_endpoint SET rests_until = NULL")
    while places := app.system.due_webhooks():
        for place in places:
            app.tell(*place, lambda: False)
        with app.database.system() as connection:
            connection.execute(waiting)
            connection.execute(rested)


def test_its_books_and_ours_agree_to_the_last_order(acme: Any, app: App, receiver: Receiver) -> None:
    acme.call("POST", "/connectors/mock", json={"config": {}})
    transport = Lossy(httpx.HTTPTransport())
    headers = {"Authorization": f"Bearer {acme.keys[Role.ADMIN]}"}
    with httpx.Client(base_url=acme.client.base_url, transport=transport, headers=headers) as client:
        shop = Shop(client)
        with acme.canaries.look_away():
            made = acme.call("POST", "/webhooks", json={"url": receiver.url, "kinds": []}).json()
        acme.canaries.add(made["secret"])
        shop.secret = made["secret"]
        receiver.take = shop.take
        ids = [shop.order(number) for number in range(ORDERS)]
        for number, order_id in enumerate(ids):
            if number in REJECTED:
                shop.call("POST", f"/draft-orders/{order_id}/reject", json={"reason": "paid back"})
                continue
            shop.call("POST", f"/draft-orders/{order_id}/approve")
            shop.call("POST", f"/draft-orders/{order_id}/push")
            if number % 4 == 0:
                work(app)
                shop.follow()
        work(app)
        for number, order_id in enumerate(ids):
            if number % 2 == 0 and number not in REJECTED:
                shop.call("POST", f"/draft-orders/{order_id}/confirm", json={"erp_order_id": f"SO-{number}"})
        work(app)
        shop.follow()
    ours = {order["id"]: order["status"] for order in acme.call("GET", "/draft-orders?limit=200").json()["items"]}
    assert len(set(ids)) == len(ours) == ORDERS, "an answer that got lost brought no order in twice"
    assert sorted(set(ours.values())) == ["CONFIRMED", "PUSHED", "REJECTED"]
    assert {order_id: events[-1][1] for order_id, events in shop.told.items()} == ours
    assert all(events == sorted(set(events)) for events in shop.told.values()), "each once, in order"
    of_orders = [event for event in shop.read if event["order_id"]]
    assert [event["number"] for event in shop.read] == list(range(1, shop.last + 1))
    assert {event["order_id"]: event["data"]["status"] for event in of_orders} == ours
    read = sorted((event["number"], event["data"]["status"]) for event in of_orders)
    assert sorted(told for events in shop.told.values() for told in events) == read
    assert min(transport.lost, shop.lost) > 10
