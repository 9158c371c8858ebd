#!/usr/bin/env python
"""Takes the pictures of orders that arrived in Tryton and in Odoo, on their own web pages; needs npm and a Debian."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from orderflow.bootstrap import App, open_app
from orderflow.connectors.odoo import OdooConnector
from orderflow.connectors.odoo import master_data as odoo_master_data
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.connectors.tryton import TrytonConnector
from orderflow.connectors.tryton import master_data as tryton_master_data
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.domain.orders import DraftOrder
from orderflow.entrypoints.demo.erps.erp_process import own_database
from orderflow.entrypoints.demo.erps.odoo_server import OdooServer
from orderflow.entrypoints.demo.erps.tryton_server import TrytonServer
from orderflow.flow.order.reading_files import read_orders
from orderflow.settings import Settings

IMAGES = Path(__file__).parents[1] / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ERPS = Path(os.environ.get("ORDERFLOW_TEST_ERPS", Path(sys.prefix) / "erps"))

WEB_CLIENT = "tryton-sao@8.0.11"
"""The newest that is published; it insists on a server of its own series."""

SERVER_FOR_IT = ("trytond[PostgreSQL]~=8.0.0", "trytond-sale~=8.0.0", "proteus~=8.0.0", "psycopg-binary", "waitress")


def main() -> None:
    """Write docs/images/tryton-sale.png and docs/images/odoo-quotation.png, or only those named."""
    pictures = {"tryton-sale": _tryton, "odoo-quotation": _odoo}
    for name in sys.argv[1:] or pictures:
        with tempfile.TemporaryDirectory(prefix="orderflow-") as folder, sync_playwright() as playwright:
            home = Path(folder)
            home.chmod(0o711)  # run by root, the database works as another user and has to pass
            app = open_app(Settings(orderflow_home=home))
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-US")
            pictures[name](page, app, home, IMAGES / f"{name}.png")
            browser.close()
            app.close()


def _tryton(page: Page, app: App, home: Path, picture: Path) -> None:
    database = own_database(app, "tryton")
    client = _web_client(home / "www")
    with TrytonServer(home / "tryton", ERPS / "tryton-8.0", database, "EUR", SERVER_FOR_IT, client) as server:
        tryton_master_data.load_master_data(TrytonConfig(**server.rest_config), [_order()])
        sale = _delivered(TrytonConnector(), server.rest_config | {"on_arrival": "quote"})["tryton_sale_id"]
        page.goto(f"{server.url}/#{server.database}/model/sale.sale/{sale}")
        page.locator("#login").fill("orderflow")
        page.get_by_role("button", name="Login").click()
        page.locator("input[type=password]").fill(server.facts["password"])
        page.keyboard.press("Enter")
        _save(page, picture)


def _odoo(page: Page, app: App, home: Path, picture: Path) -> None:
    with OdooServer(home / "odoo", ERPS / "odoo", own_database(app, "odoo"), "EUR") as server:
        odoo_master_data.load_master_data(
            OdooConfig(**server.json2_config | {"api_key": server.facts["admin"]}), [_order()]
        )
        config = server.json2_config | {"pricelists": server.pricelists}
        quotation = _delivered(OdooConnector(), config)["odoo_order_id"]
        page.goto(f"{server.url}/web/login")
        page.locator("#login").fill("admin")
        page.locator("#password").fill("admin")
        page.keyboard.press("Enter")
        page.wait_for_url("**/odoo**")
        page.goto(f"{server.url}/odoo/sale.order/{quotation}")
        _save(page, picture)


def _order() -> DraftOrder:
    """Return the demo's first order."""
    with (resources.files("orderflow.entrypoints.demo") / "sample_orders.jsonl").open("rb") as file:
        return next(order for _, order in read_orders(file) if isinstance(order, DraftOrder))


def _delivered(connector: TrytonConnector | OdooConnector, config: dict[str, Any]) -> dict[str, Any]:
    metadata = connector.export(_order(), config).connector_metadata
    connector.close()
    return metadata


def _web_client(folder: Path) -> Path:
    """Fetch Tryton's web client, and what it needs below it, where its page looks for it."""
    folder.mkdir()
    _npm("pack", "--silent", WEB_CLIENT, folder=folder)
    shutil.unpack_archive(next(folder.glob("*.tgz")), folder)
    _npm("install", "--legacy-peer-deps", "--ignore-scripts", "--omit=dev", "--silent", folder=folder / "package")
    return folder / "package"


def _npm(*arguments: str, folder: Path) -> None:
    subprocess.run(["npm", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607  # our own words; npm is where the PATH says


def _save(page: Page, picture: Path) -> None:
    page.get_by_text(_order().lines[0].internal_sku or "").first.wait_for()
    page.wait_for_timeout(2_000)  # for animations to end
    page.screenshot(path=picture)


if __name__ == "__main__":
    main()
