"""OrderFlow and a real ERP on one embedded PostgreSQL, started once; every test gets an organization of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import psycopg
import pytest
from benchmarks.erp import an_order
from sqlalchemy import make_url, text

from orderflow.bootstrap import App, open_app
from orderflow.connectors.odoo import api as odoo_api
from orderflow.connectors.odoo import master_data as odoo_master_data
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.connectors.odoo.quotations import Quotations
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.connectors.tryton import api as tryton_api
from orderflow.connectors.tryton import master_data as tryton_master_data
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.connectors.tryton.sales import Sales
from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.orders import DraftOrder
from orderflow.entrypoints.demo.erps.erp_process import own_database
from orderflow.entrypoints.demo.erps.odoo_server import OdooServer
from orderflow.entrypoints.demo.erps.tryton_server import TrytonServer
from orderflow.flow.delivery.recall import recall_in
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.flow.order.reading_files import read_orders
from orderflow.flow.ports import Actor
from orderflow.settings import Settings
from orderflow.storage.tables.models import ERPConnection
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]
NORTHWIND = ROOT.parent / "shared" / "data" / "northwind_orders.jsonl"
# Read before the tests clean the environment. By default beside the packages that are installed anyway.
CACHE = Path(os.environ.get("ORDERFLOW_TEST_ERPS", Path(sys.prefix) / "erps"))
PACE = {
    "ORDERFLOW_LEASE_SECONDS": "5",
    "ORDERFLOW_SWEEP_SECONDS": "0.3",
    "ORDERFLOW_ACK_POLL_SECONDS": "0.5",
    "ORDERFLOW_BATCH_SIZE": "16",
}
ACTOR = Actor("test")


@dataclass
class Sold:
    """An order as the ERP has it, read out of its database by nobody's connector."""

    customer: str
    order_number: str | None
    currency: str
    lines: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)


class Server(Protocol):
    """A running ERP."""

    process: Any

    def start(self) -> None: ...


@dataclass
class RealErp:
    """A real ERP, and ways to look at it and work in it beside our connector."""

    kind: str
    server: Server
    database_url: str
    config: dict[str, Any]
    other_config: dict[str, Any]
    stranger: dict[str, Any]
    other_stranger: dict[str, Any]
    load: Callable[..., Any]
    api: Any
    sold_query: str
    count_query: str
    book: type[Any]
    untaxed: Callable[[list[str]], Decimal]
    decide: Callable[[str, str], None]

    @property
    def connector(self) -> ERPConnectorPort:
        return ConnectorRegistry.get(self.kind)

    def rows(self, query: str, *parameters: Any) -> list[Any]:
        with psycopg.connect(self._libpq_url()) as connection:
            return connection.execute(query, parameters).fetchall()

    def _libpq_url(self) -> str:
        return make_url(self.database_url).set(drivername="postgresql").render_as_string(hide_password=False)

    def execute(self, statement: str) -> None:
        """Change the ERP's own data behind its back."""
        with psycopg.connect(self._libpq_url()) as connection:
            connection.execute(statement)

    def states(self, references: list[str]) -> set[str]:
        """Return the states in which the ERP's orders of our references are; `cancel` in both ERPs."""
        table, name = {"TRYTON": ("sale_sale", "description"), "ODOO": ("sale_order", "origin")}[self.kind]
        rows = self.rows(f"SELECT state FROM {table} WHERE {name} = ANY(%s)", references)
        return {state.removesuffix("led") for (state,) in rows}

    def sold(self, references: list[str]) -> dict[str, list[Sold]]:
        """Return what was sold under each of our references; more than one is a doubled order."""
        found: dict[int, tuple[str, Sold]] = {}
        for sale, reference, customer, number, currency, sku, quantity, price in self.rows(self.sold_query, references):
            _, sold = found.setdefault(sale, (reference, Sold(customer, number, currency)))
            sold.lines.append((sku, Decimal(str(quantity)), Decimal(str(price))))
        by_reference: dict[str, list[Sold]] = {}
        for reference, sold in found.values():
            by_reference.setdefault(reference, []).append(sold)
        return by_reference


TRYTON_SOLD = """
    SELECT s.id, s.description, p.code, s.reference, c.code, pr.code, l.quantity, l.unit_price
    FROM sale_sale s JOIN party_party p ON p.id = s.party JOIN currency_currency c ON c.id = s.currency
    JOIN sale_line l ON l.sale = s.id JOIN product_product pr ON pr.id = l.product
    WHERE s.description = ANY(%s) ORDER BY s.id, l.sequence
"""
ODOO_SOLD = """
    SELECT s.id, s.origin, p.ref, s.client_order_ref, c.name, pr.default_code, l.product_uom_qty, l.price_unit
    FROM sale_order s JOIN res_partner p ON p.id = s.partner_id JOIN res_currency c ON c.id = s.currency_id
    JOIN sale_order_line l ON l.order_id = s.id JOIN product_product pr ON pr.id = l.product_id
    WHERE s.origin = ANY(%s) ORDER BY s.id, l.sequence, l.id
"""


@pytest.fixture(scope="session")
def erp_home() -> Iterator[Path]:
    # Not pytest's own: as root, PostgreSQL's user must be able to pass through to its data.
    home = Path(tempfile.mkdtemp(prefix="of-erp-"))
    home.chmod(0o711)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def app(erp_home: Path) -> Iterator[App]:
    opened = open_app(Settings(orderflow_home=erp_home))
    yield opened
    opened.close()


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("tryton", marks=pytest.mark.xdist_group("tryton")),
        pytest.param("odoo", marks=[pytest.mark.odoo, pytest.mark.xdist_group("odoo")]),
    ],
)
def erp(request: pytest.FixtureRequest, app: App, erp_home: Path, canaries: Any) -> Iterator[RealErp]:
    with canaries.look_away():  # an ERP's set-up prints the keys that it has made for us
        started = {"tryton": _tryton, "odoo": _odoo}[request.param](app, erp_home)
    yield started
    started.api.close()
    started.connector.close()
    started.server.process.stop()


def _tryton(app: App, home: Path) -> RealErp:
    url = own_database(app, "tryton")
    server = TrytonServer(home / "tryton", CACHE / "tryton", url)
    server.start()
    api = tryton_api.open_api(TrytonConfig(**server.rest_config))

    def untaxed(references: list[str]) -> Decimal:
        domain = [["description", "in", references]]
        sales = tryton_api.search_read(api, "sale.sale", domain, ["untaxed_amount"])
        return sum((sale["untaxed_amount"] for sale in sales), Decimal(0))

    def decide(reference: str, what: str) -> None:
        sale = tryton_api.search_read(api, "sale.sale", [["description", "=", reference]], ["state"])[0]
        for step in {"confirm": ["quote", "confirm"], "cancel": ["cancel"]}[what]:
            api.call("sale.sale", step, sale["id"])

    stranger = server.rest_config | {"application_key": server.facts["stranger_key"]}
    other_stranger = server.rpc_config | {"username": "stranger", "password": server.facts["stranger"]}
    load = lambda orders, **more: tryton_master_data.load_master_data(  # noqa: E731  # one of a row of fields
        TrytonConfig(**server.rest_config | more), orders
    )
    return RealErp(
        "TRYTON", server, url, server.rest_config, server.rpc_config, stranger, other_stranger, load, api, TRYTON_SOLD,
        "SELECT id FROM sale_sale ORDER BY id", Sales, untaxed,
        decide,
    )  # fmt: skip


def _odoo(app: App, home: Path) -> RealErp:
    url = own_database(app, "odoo")
    server = OdooServer(home / "odoo", CACHE / "odoo", url)
    server.start()
    admin = server.json2_config | {"api_key": server.facts["admin"]}
    api = odoo_api.open_api(OdooConfig(**admin))

    def untaxed(references: list[str]) -> Decimal:
        orders = odoo_api.search_read(api, "sale.order", [["origin", "in", references]], ["amount_untaxed"])
        return sum((Decimal(str(order["amount_untaxed"])) for order in orders), Decimal(0))

    def decide(reference: str, what: str) -> None:
        order = odoo_api.search_read(api, "sale.order", [["origin", "=", reference]], ["state"])[0]
        api.call("sale.order", f"action_{what}", [order["id"]])

    stranger = server.json2_config | {"api_key": server.facts["stranger"]}
    other_stranger = server.rpc_config | {"username": "stranger", "api_key": server.facts["stranger"]}
    load = lambda orders, **more: odoo_master_data.load_master_data(  # noqa: E731  # as above
        OdooConfig(**admin | more), orders
    )
    return RealErp(
        "ODOO", server, url, server.json2_config, server.rpc_config, stranger, other_stranger, load, api, ODOO_SOLD,
        "SELECT id FROM sale_order ORDER BY id", Quotations, untaxed,
        decide,
    )  # fmt: skip


COMMIT_WITHIN = 15
"""Seconds."""


@dataclass
class Shop:
    """An organization whose orders go to the ERP, with workers in processes of their own that can be killed."""

    app: App
    home: Path
    org_id: UUID
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def push(self, orders: list[DraftOrder]) -> None:
        with self.app.store.work(self.org_id) as work:
            accept_orders(work, orders, ACTOR)
            for order in orders:
                approve_order(work, order.id, ACTOR)
        for order in orders:
            request_push(self.app.store, self.org_id, order.id, ACTOR)

    def change(self, order: DraftOrder) -> None:
        """Have an order that was pushed say what `order` says."""
        with self.app.store.work(self.org_id) as work:
            stored = work.orders.get(order.id)
            edit_order(work, replace(stored, lines=order.lines), ACTOR)
        with self.app.store.work(self.org_id) as work:
            approve_order(work, order.id, ACTOR)
        request_push(self.app.store, self.org_id, order.id, ACTOR)

    def recall(self, orders: list[DraftOrder]) -> None:
        for order in orders:
            with self.app.store.work(self.org_id) as work:
                recall_in(work, order.id, "cancelled", ACTOR)

    def work(self, count: int = 1) -> None:
        environment = os.environ | PACE | {"ORDERFLOW_HOME": str(self.home), "PYTHONPATH": str(ROOT / "src")}
        for _ in range(count):
            command = [sys.executable, "-m", "orderflow", "worker"]
            self.workers.append(
                subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )

    def kill_workers(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        self.workers.clear()

    def states(self) -> Counter[str]:
        return Counter(dict(self.rows("SELECT status, count(*) FROM draft_order GROUP BY 1")))

    def rows(self, query: str) -> list[Any]:
        with self.app.database.transaction(self.org_id) as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def references(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT filename FROM erp_export WHERE filename IS NOT NULL ORDER BY id")]

    def wait_for(self, status: str, count: int) -> None:
        wait_until(
            lambda: self.states()[status] >= count,
            lambda: (self.states(), self.rows("SELECT error_json FROM erp_export")[:3]),
        )


@pytest.fixture
def shop(erp: RealErp, app: App, erp_home: Path) -> Iterator[Shop]:
    org_id = app.create_organization(f"org-{time.monotonic_ns()}")
    with app.session(org_id) as session:
        sealed = app.encryption.encrypt_config(erp.config)
        # An order is seen at once here, however slow the machine: after a kill there is no minute to wait for it.
        session.add(
            ERPConnection(org_id=org_id, connector_type=erp.kind, config_encrypted=sealed, commit_within=COMMIT_WITHIN)
        )
        session.commit()
    opened = Shop(app, erp_home, org_id)
    yield opened
    opened.kill_workers()
    with app.session(org_id) as session:  # or the next test's workers would go on with what this one left
        session.query(ERPConnection).update({"status": "DISABLED"})
        session.commit()


@pytest.fixture
def orders(erp: RealErp, request: pytest.FixtureRequest) -> list[DraftOrder]:
    """As many orders as the test is given, a hundred by default, known to the ERP by customer and product."""
    many = getattr(request, "param", 100)
    if NORTHWIND.exists():
        with NORTHWIND.open("rb") as file:
            read = [order for _, order in read_orders(file) if isinstance(order, DraftOrder)][:many]
    else:
        read = [an_order(number) for number in range(many)]
    erp.load(read)
    return read
