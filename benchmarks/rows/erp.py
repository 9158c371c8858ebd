"""Orders a second into real ERPs: our whole engine over kept connections, beside programs that connect for each order.

Each run sends orders of its own as drafts, and is over when the ERP has them: ours when the engine has written down
that they are delivered, a peer's when its program ends. Starting a program is not counted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.interleaved import Figures
from benchmarks.table import Row
from orderflow.bootstrap import App, open_app
from orderflow.connectors.odoo import api as odoo_api
from orderflow.connectors.odoo import master_data as odoo_master_data
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.connectors.tryton import api as tryton_api
from orderflow.connectors.tryton import master_data as tryton_master_data
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.engine.logs import configure_logs
from orderflow.engine.threads import Engine
from orderflow.entrypoints.demo.erps.erp_process import own_database
from orderflow.entrypoints.demo.erps.odoo_server import OdooServer
from orderflow.entrypoints.demo.erps.tryton_server import TrytonServer
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.flow.ports import Actor
from orderflow.settings import Settings
from orderflow.storage.tables.models import ERPConnection

PEERS = Path(__file__).parents[1] / "peers"
CACHE = Path(os.environ.get("ORDERFLOW_TEST_ERPS", Path(sys.prefix) / "erps"))
ACTOR = Actor("benchmark")
LINES = 3
PEERS_SHARE = 5
"""Peers send one for so many of our orders, or the slowest would take most of an hour."""

_numbers = count(1)


@dataclass(frozen=True)
class Erp:
    """A running ERP.

    Args:
        peers: By name, the command of a program that reads `{**config, "orders": […]}` and prints `{"seconds": …}`.
        sales: Tells how many orders the ERP has.
    """

    kind: str
    name: str
    config: dict[str, Any]
    peers: dict[str, list[str]]
    peer_config: dict[str, Any]
    sales: Callable[[], int]


def measure(full: bool) -> Iterator[Row]:
    configure_logs("WARNING")
    for start in [_tryton, *([_odoo] if full or (CACHE / "odoo" / "files").exists() else [])]:
        with _home() as home, ExitStack() as stack:
            app = open_app(Settings(orderflow_home=home))
            stack.callback(app.close)
            yield _row(app, start(app, home, stack), orders=300 if full else 60, rounds=5 if full else 3)


def _row(app: App, erp: Erp, orders: int, rounds: int) -> Row:
    org_id = app.create_organization("benchmark")
    with app.session(org_id) as session:
        sealed = app.encryption.encrypt_config(erp.config)
        session.add(ERPConnection(org_id=org_id, connector_type=erp.kind, config_encrypted=sealed))
        session.commit()
    runs: dict[str, Callable[[int], float]] = {"ours": lambda count: _ours(app, org_id, count)}
    for name, command in erp.peers.items():
        runs[name] = lambda count, command=command: _peer(command, erp.peer_config, count)
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            before, count = erp.sales(), orders if name == "ours" else orders // PEERS_SHARE
            rates[name].append(count / run(count))
            assert erp.sales() - before == count, f"{name}: {erp.sales() - before} of {count} orders arrived"
    figures = Figures(rates)
    ours = figures.pop("ours")
    spread = f"{min(rates['ours']):.3g} to {max(rates['ours']):.3g}"
    return Row(
        f"orders of {LINES} lines into {erp.name}, as drafts",
        ours,
        "orders/s",
        figures,
        note=f"{rounds} runs of {orders} orders ({spread}), of the peers {orders // PEERS_SHARE}; "
        "ours with PostgreSQL, log and object copy",
        spread=figures.spread,
    )


def _ours(app: App, org_id: Any, orders: int) -> float:
    drafts = [an_order(next(_numbers)) for _ in range(orders)]
    with app.store.work(org_id) as work:
        accept_orders(work, drafts, ACTOR)
        for order in drafts:
            approve_order(work, order.id, ACTOR)
    for order in drafts:
        request_push(app.store, org_id, order.id, ACTOR)
    engine = Engine(app)
    started = time.monotonic()
    engine.start()
    while _waiting(app, org_id):
        time.sleep(0.02)
    seconds = time.monotonic() - started
    engine.stop()
    return seconds


def _waiting(app: App, org_id: Any) -> int:
    with app.database.transaction(org_id) as connection:
        return connection.execute(text("SELECT count(*) FROM draft_order WHERE status <> 'PUSHED'")).scalar_one()


def _peer(command: list[str], config: dict[str, Any], orders: int) -> float:
    given = json.dumps(config | {"orders": [_plain(an_order(next(_numbers))) for _ in range(orders)]})
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(json.loads(done.stdout)["seconds"])


def an_order(number: int) -> DraftOrder:
    """One of 30 customers buys some of 20 products."""
    products = [(number * 7 + n * 5) % 20 for n in range(LINES)]
    return DraftOrder(
        external_order_number=f"PO-{number}",
        currency="USD",
        customer=Customer(f"C{number % 30}", f"Müller & Söhne {number % 30}"),
        lines=[
            DraftOrderLine(n + 1, f"SKU-{sku}", Decimal(n + 1), "PCE", Decimal(f"{sku + 1}.5{n}"))
            for n, sku in enumerate(products)
        ],
    )


def _plain(order: DraftOrder) -> dict[str, Any]:
    assert order.customer
    return {
        "number": order.external_order_number,
        "customer": order.customer.erp_customer_number,
        "currency": order.currency,
        "lines": [
            {"sku": line.internal_sku, "quantity": str(line.qty), "price": str(line.unit_price)} for line in order.lines
        ],
    }


@contextmanager
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="of-bench-erp-"))
    home.chmod(0o711)  # run by root, the database works as another user and has to pass
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _tryton(app: App, home: Path, stack: ExitStack) -> Erp:
    server = stack.enter_context(TrytonServer(home / "tryton", CACHE / "tryton", own_database(app, "tryton")))
    settings = TrytonConfig(**server.rest_config)
    tryton_master_data.load_master_data(settings, [an_order(number) for number in range(60)])
    api = tryton_api.open_api(settings)
    stack.callback(api.close)
    peers = {
        "proteus, a connection per order": [
            str(CACHE / "tryton" / "bin" / "python"),
            str(PEERS / "tryton_proteus.py"),
        ],
        "JSON-RPC, a connection per order": [sys.executable, str(PEERS / "tryton_rpc.py")],
    }
    return Erp(
        "TRYTON",
        "Tryton 8.2",
        server.rest_config,
        peers,
        server.rpc_config,
        lambda: len(tryton_api.search_read(api, "sale.sale", [], [])),
    )


def _odoo(app: App, home: Path, stack: ExitStack) -> Erp:
    server = stack.enter_context(OdooServer(home / "odoo", CACHE / "odoo", own_database(app, "odoo")))
    settings = OdooConfig(**server.json2_config | {"api_key": server.facts["admin"]})
    odoo_master_data.load_master_data(settings, [an_order(number) for number in range(60)])
    api = odoo_api.open_api(settings)
    stack.callback(api.close)
    peers = {"XML-RPC, a connection per order": [sys.executable, str(PEERS / "odoo_xmlrpc.py")]}
    return Erp(
        "ODOO",
        "Odoo 19",
        server.json2_config,
        peers,
        server.rpc_config,
        lambda: len(odoo_api.search_read(api, "sale.order", [], ["id"])),
    )
