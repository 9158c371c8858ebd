"""A new author's connector, for the API that API.md describes, keeps the contract."""

from __future__ import annotations

import importlib.util
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from orderflow.domain.orders import Customer
from orderflow.testing.conformance import ConnectorConformance
from orderflow.testing.engine import MemoryEngine, an_order

spec = importlib.util.spec_from_file_location("paperhouse", Path(__file__).with_name("paperhouse.py"))
assert spec
assert spec.loader
paperhouse = importlib.util.module_from_spec(spec)
spec.loader.exec_module(paperhouse)

PASSWORD = "s3cret & <password>"


class House(ThreadingHTTPServer):
    """The API as its page describes it; `troubles` are what happens to the next orders."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Desk)
        self.placed, self.keys, self.troubles = {}, set(), []
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        pass

    def place(self, reference, order):
        if order.get("customer") == "NOBODY":
            return '<fault code="41">Customer NOBODY is unknown</fault>'
        number, _ = self.placed.setdefault(reference, (f"P-{len(self.placed) + 1}", order))
        return f'<placed number="{number}"/>'


class Desk(BaseHTTPRequestHandler):
    server: House
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_any(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            trouble = self.server.troubles.pop(0) if self.command == "PUT" and self.server.troubles else ""
            if trouble == "session over":
                self.server.keys.clear()
            status, text = self.answer(content)
        if trouble == "hang up":
            self.close_connection = True
            return
        body = b"<html>" if trouble == "html" else text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = handle_any  # noqa: N815  # http.server finds them by these names

    def answer(self, content):
        if self.path == "/api3/session":
            return 200, self.session(ET.fromstring(content))
        if self.headers["X-Session"] not in self.server.keys:
            return 200, '<fault code="18">session over</fault>'
        reference = self.path.removeprefix("/api3/orders/")
        if self.command == "PUT":
            return 200, self.server.place(reference, ET.fromstring(content))
        if reference not in self.server.placed:
            return 404, ""
        return 200, f'<placed number="{self.server.placed[reference][0]}"/>'

    def session(self, login):
        if (login.get("user"), login.get("pass")) != ("orderflow", PASSWORD):
            return '<fault code="17">wrong user or pass</fault>'
        self.server.keys.add(f"key-{len(self.server.keys)}")
        return f'<session key="key-{len(self.server.keys) - 1}"/>'

    def log_message(self, *arguments):
        pass


@pytest.fixture
def house():
    server = House()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def config(house):
    return {"url": f"http://127.0.0.1:{house.server_address[1]}/api3", "user": "orderflow", "password": PASSWORD}


class TestPaperhouse(ConnectorConformance):
    connector_class = paperhouse.PaperhouseConnector

    @pytest.fixture
    def good_config(self, house):
        return config(house)

    @pytest.fixture
    def bad_config(self, house):
        return config(house) | {"password": "wr0ng-password"}

    @pytest.fixture
    def arrived(self, house):
        return lambda: house.placed

    @pytest.fixture
    def refused_order(self):
        order = an_order()
        order.customer = Customer("NOBODY")
        return order


def test_trouble_on_the_way_loses_and_doubles_nothing(house):
    connector = paperhouse.PaperhouseConnector()
    engine = MemoryEngine(connector, config(house))
    orders = [an_order() for _ in range(6)]
    house.troubles = ["hang up", "html", "session over", "hang up"]
    engine.push(*orders)
    engine.run()
    connector.close()
    assert len(house.placed) == 6
    assert {engine.delivered(order).export.erp_order_id for order in orders} == {n for n, _ in house.placed.values()}
    assert all(order.status == "CONFIRMED" for order in orders)
