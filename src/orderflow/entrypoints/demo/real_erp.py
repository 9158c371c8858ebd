"""The demo against a real Tryton or Odoo: installed beside us, filled from the orders, and asked what it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orderflow.bootstrap import App
from orderflow.connectors.odoo import api as odoo_api
from orderflow.connectors.odoo import master_data as odoo_master_data
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.connectors.tryton import api as tryton_api
from orderflow.connectors.tryton import master_data as tryton_master_data
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.domain.orders import DraftOrder
from orderflow.entrypoints.cli.workplace import Workplace, opened
from orderflow.entrypoints.demo.erps.erp_process import own_database
from orderflow.entrypoints.demo.erps.odoo_server import OdooServer
from orderflow.entrypoints.demo.erps.tryton_server import ADMIN_PASSWORD, TrytonServer
from orderflow.entrypoints.demo.run import (
    ACTOR,
    ORG,
    demo_settings,
    enable_tested,
    orders_file,
    organization,
    packages_home,
)
from orderflow.entrypoints.demo.screen import Screen
from orderflow.flow.order.reading_files import read_orders
from orderflow.flow.setup import connections as steps


@dataclass
class RealERP:
    """A running ERP: how orders get there, who makes customers and products, and what it took."""

    kind: str
    name: str
    url: str
    config: dict[str, Any]
    load: Callable[[Sequence[DraftOrder]], tuple[int, int]]
    references: Callable[[], list[str]]
    signs: bool = False

    def takes(self) -> list[dict[str, str]]:
        """Return the orders that lie in the ERP under our references."""
        return [{"order_id": name.split("_")[2]} for name in self.references() if name.endswith(".json")]


@contextmanager
def running_real_demo(
    home: Path, erp_name: str, orders: str | None, screen: Screen
) -> Iterator[tuple[Workplace, RealERP]]:
    """Start database and ERP, fill the ERP from the orders, and connect to it as users do."""
    with ExitStack() as stack:
        app = stack.enter_context(opened(demo_settings(home)))
        with orders_file(orders) as path, Path(path).open("rb") as file:
            read = [order for _, order in read_orders(file) if isinstance(order, DraftOrder)]
        screen.say(f"{erp_name.title()} is being set up; the first time this takes minutes")
        start = {"tryton": _tryton, "odoo": _odoo}[erp_name]
        currencies = Counter(order.currency or "EUR" for order in read)
        erp = start(app, home, max(currencies, key=currencies.__getitem__, default="EUR"), stack)
        screen.say(f"ERP: {erp.name} on {erp.url}")
        customers, products = erp.load(read)
        screen.say(f"{customers} customers and {products} products made there")
        place = Workplace(app, organization(app), ORG)
        _connect(place, erp, screen)
        yield place, erp


def _connect(place: Workplace, erp: RealERP, screen: Screen) -> None:
    connection_id = steps.add_connection(place.wiring, place.org_id, erp.kind, erp.config, ACTOR, name=erp.name)
    enable_tested(place, connection_id, screen)


def _tryton(app: App, home: Path, currency: str, stack: ExitStack) -> RealERP:
    server = TrytonServer(home / "tryton", packages_home() / "tryton", own_database(app, "tryton"), currency)
    stack.enter_context(server)
    config = server.rest_config | {"on_arrival": "confirm", "units": {"BOX": "u"}}
    settings = TrytonConfig(**config)

    def references() -> list[str]:
        api = tryton_api.open_api(settings)
        try:
            return [sale["description"] or "" for sale in tryton_api.search_read(api, "sale.sale", [], ["description"])]
        finally:
            api.close()

    load = lambda orders: tryton_master_data.load_master_data(settings, orders)  # noqa: E731  # one of a row of fields
    url = f"{server.url}/{server.database} (Tryton's client signs in as admin, password {ADMIN_PASSWORD})"
    return RealERP("TRYTON", "Tryton 8.2", url, config, load, references)


def _odoo(app: App, home: Path, currency: str, stack: ExitStack) -> RealERP:
    server = OdooServer(home / "odoo", packages_home() / "odoo", own_database(app, "odoo"), currency)
    stack.enter_context(server)
    config = server.json2_config | {"on_arrival": "confirm", "units": {"BOX": "Units"}, "pricelists": server.pricelists}
    settings = OdooConfig(**config | {"api_key": server.facts["admin"]})

    def references() -> list[str]:
        api = odoo_api.open_api(settings)
        try:
            return [order["origin"] or "" for order in odoo_api.search_read(api, "sale.order", [], ["origin"])]
        finally:
            api.close()

    load = lambda orders: odoo_master_data.load_master_data(settings, orders)  # noqa: E731  # as above
    return RealERP("ODOO", "Odoo 19", f"{server.url} (sign in as admin, password admin)", config, load, references)
