"""What a real ERP refuses goes where it should, in the ERP's words; and a lost answer doubles nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orderflow.domain.delivery import Delivery, ExportResult, WaitingExport
from orderflow.domain.document import export_filename
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, RejectedError, UnavailableError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine

pytestmark = pytest.mark.timeout(400, func_only=True)


def an_order(**line: Any) -> DraftOrder:
    values: dict[str, Any] = {
        "internal_sku": "SKU-1",
        "qty": Decimal(2),
        "uom": "PCE",
        "unit_price": Decimal("9.99"),
    } | line
    return DraftOrder(
        external_order_number="PO-1",
        currency="USD",
        customer=Customer("C-1", "Müller & Söhne"),
        lines=[DraftOrderLine(1, **(values | line))],
    )


def reference(order: DraftOrder) -> str:
    return export_filename(order.id, order.delivery)


@pytest.fixture
def known(erp) -> DraftOrder:
    """An order whose customer and product the ERP has."""
    order = an_order()
    erp.load([order])
    return order


def entries(erp, order: DraftOrder) -> int:
    return len(erp.sold([reference(order)]).get(reference(order), []))


@pytest.mark.parametrize("way", ["config", "other_config"])
def test_a_good_test_and_an_order_by_each_way_in(erp, known, way) -> None:
    config = getattr(erp, way)
    assert erp.connector.test_connection(config).success
    order = an_order()
    result = erp.connector.export(order, config)
    again = erp.connector.export(order, config)
    assert result.success
    assert again.connector_metadata == result.connector_metadata
    assert entries(erp, order) == 1
    assert erp.connector.find(order, config) == again
    assert erp.connector.find(an_order(), config) is None


@pytest.mark.parametrize("way", ["config", "other_config"])
def test_a_wrong_database_is_named(erp, way) -> None:
    result = erp.connector.test_connection({**getattr(erp, way), "database": "nowhere"})
    assert result.details["code"] == "DATABASE_UNKNOWN"
    assert "nowhere" in result.error_message
    assert result.details["needs_attention"]


@pytest.mark.parametrize("way", ["config", "other_config"])
def test_a_wrong_key_is_refused_and_not_shown(erp, way) -> None:
    config = dict(getattr(erp, way))
    for name in ("application_key", "api_key", "password"):
        if name in config:
            config[name] = "wr0ng-k3y"
    result = erp.connector.test_connection(config)
    assert result.details["code"] == "AUTH_FAILED"
    assert "wr0ng-k3y" not in repr(result)
    with pytest.raises(NeedsAttentionError):
        erp.connector.export(an_order(), config)


@pytest.mark.parametrize("way", ["stranger", "other_stranger"])
def test_a_missing_permission_is_named_and_pauses(erp, known, way) -> None:
    config = getattr(erp, way)
    result = erp.connector.test_connection(config)
    assert result.details["code"] == "PERMISSION_DENIED"
    assert "create sale.order" in result.error_message or "create sale.sale" in result.error_message
    order = an_order()
    with pytest.raises(NeedsAttentionError):
        erp.connector.export(order, config)
    assert entries(erp, order) == 0


def test_unknown_customers_products_and_units_are_named_and_the_rest_go_on(erp, known) -> None:
    nobody = replace(an_order(), customer=Customer("NOBODY"), id=new_id())
    nothing = an_order(internal_sku="NOTHING")
    no_unit = an_order(uom="FURLONG")
    good = an_order()
    outcomes = dict(erp.connector.export_many([nobody, nothing, no_unit, good], erp.config))
    for order, name in ((nobody, "NOBODY"), (nothing, "NOTHING"), (no_unit, "FURLONG")):
        error = outcomes[order.id]
        assert isinstance(error, RejectedError)
        assert name in error.message
        assert entries(erp, order) == 0
    assert isinstance(outcomes[good.id], ExportResult)


def test_what_a_rule_of_the_erp_refuses_is_told_in_its_words_and_leaves_nothing(erp, known) -> None:
    order, words = {
        # Tryton sells pieces whole; Odoo sells this customer in its own currency.
        "TRYTON": (an_order(qty=Decimal("2.5")), "exceeds the limit"),
        "ODOO": (replace(an_order(), currency="EUR", id=new_id()), "USD"),
    }[erp.kind]
    with pytest.raises(RejectedError, match=words):
        erp.connector.export(order, erp.config)
    assert entries(erp, order) == 0


def test_confirmed_on_arrival_it_is_confirmed_with_a_number(erp, known) -> None:
    config = erp.config | {"on_arrival": "confirm"}
    order = an_order()
    result = erp.connector.export(order, config)
    assert result.connector_metadata["state"] in ("processing", "confirmed", "sale")
    assert result.connector_metadata["erp_order_id"]
    assert not erp.connector.expects_acks(config)
    waiting = WaitingExport(order.delivery.export_id, order.id, reference(order))
    (ack,) = erp.connector.poll_acks(config, [waiting])
    assert (ack.status, ack.erp_order_id) == ("ACKED", result.connector_metadata["erp_order_id"])


def test_what_was_made_but_not_confirmed_before_a_crash_is_confirmed_by_the_next_attempt(erp, known) -> None:
    order = an_order()
    erp.connector.export(order, erp.config)
    config = erp.config | {"on_arrival": "confirm"}
    assert erp.connector.find(order, config) is None
    assert erp.connector.export(order, config).connector_metadata["state"] in ("processing", "confirmed", "sale")
    assert entries(erp, order) == 1


def test_many_lines_umlauts_and_four_decimals_survive(erp) -> None:
    order = an_order()
    order.customer = Customer("Ä-1", "Ærø “Köln” 東京")
    order.lines = [
        DraftOrderLine(n, f"ß-{n}", Decimal(n), "PCE", Decimal(n) + Decimal("0.1234"), product_description=f"Stück {n}")
        for n in range(1, 41)
    ]
    erp.load([order])
    assert erp.connector.export(order, erp.config).success
    ((sold,),) = erp.sold([reference(order)]).values()
    assert sold.customer == "Ä-1"
    assert sold.lines == [(line.internal_sku, line.qty, line.unit_price) for line in order.lines]


class ForgetfulProxy(threading.Thread):
    """Carries one request a connection to the ERP, and drops the answer to the first that contains `forget`."""

    def __init__(self, port: int, forget: bytes) -> None:
        super().__init__(daemon=True)
        self.port, self.forget = port, forget
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.port)) as erp:
            while request := _message(client):
                erp.sendall(request)
                answer = _message(erp)
                if self.forget in request:
                    self.forget = b"\0nothing more"
                    return
                client.sendall(answer)


def _message(source: socket.socket) -> bytes:
    """Read one HTTP message with a Content-Length, or up to the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = source.recv(65_536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += source.recv(65_536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def proxy(erp, request) -> Iterator[ForgetfulProxy]:
    forget = {"TRYTON": b"sale.sale/create", "ODOO": b"sale.order/load"}[erp.kind]
    started = ForgetfulProxy(int(erp.config["url"].rsplit(":", 1)[1]), forget)
    started.start()
    yield started
    started.stop()


def test_a_lost_answer_is_in_doubt_and_the_next_attempt_makes_it_once(erp, known, proxy) -> None:
    config = erp.config | {"url": proxy.url}
    order = an_order()
    with pytest.raises(InDoubtError):
        erp.connector.export(order, config)
    again = replace(order, delivery_in_progress=None)
    again.delivery = Delivery(order.delivery.export_id, order.delivery.requested_at, attempt_no=2, in_doubt=True)
    found = erp.connector.find(again, config) or erp.connector.export(again, config)
    assert found.success
    assert entries(erp, order) == 1


def test_an_erp_that_is_down_is_unavailable_and_nothing_is_spent(erp, known) -> None:
    erp.server.process.kill()
    try:
        with pytest.raises(UnavailableError):
            erp.connector.export(an_order(), erp.config)
        result = erp.connector.test_connection(erp.config)
        assert result.details["code"] == "TARGET_UNAVAILABLE"
        assert not result.details["needs_attention"]
    finally:
        erp.server.process.start()
    assert erp.connector.export(an_order(), erp.config).success


def test_a_cancelled_one_is_told_of(erp, known) -> None:
    order = an_order()
    order.delivery = Delivery(new_id(), datetime.now(UTC))
    erp.connector.export(order, erp.config)
    waiting = WaitingExport(order.delivery.export_id, order.id, reference(order))
    assert list(erp.connector.poll_acks(erp.config, [waiting])) == []
    erp.decide(reference(order), "cancel")
    (ack,) = erp.connector.poll_acks(erp.config, [waiting])
    assert (ack.status, ack.error_code) == ("FAILED", "CANCELLED_IN_ERP")
