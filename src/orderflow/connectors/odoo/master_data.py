"""Makes in Odoo the customers and products that orders name: for a demo, a test, or a first load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orderflow.connectors.catalog import Catalog, by
from orderflow.connectors.odoo.api import OdooApi, open_api, search_read
from orderflow.connectors.odoo.catalog import UNIT_NAMES
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.domain.orders import DraftOrder

AT_ONCE = 100


def load_master_data(config: OdooConfig, orders: Sequence[DraftOrder]) -> tuple[int, int]:
    """Make the customers and products of `orders` that Odoo lacks; returns how many of each were made.

    Raises:
        ConnectorError: Odoo does not answer or does not let us; our user needs the right to make contacts and
            products.
    """
    api = open_api(config)
    try:
        customers = {
            order.customer.erp_customer_number: order.customer.name or order.customer.erp_customer_number
            for order in orders
            if order.customer and order.customer.erp_customer_number
        }
        lines = {line.internal_sku: line for order in orders for line in order.lines if line.internal_sku}
        contacts = [{"ref": ref, "name": customers[ref]} for ref in _lacking(api, "res.partner", "ref", customers)]
        names = Catalog("Odoo", unit_names=UNIT_NAMES | config.units)
        units = by(search_read(api, "uom.uom", [], ["name"]), "name")
        goods = [
            {
                "default_code": sku,
                "name": lines[sku].product_description or sku,
                "list_price": float(lines[sku].unit_price or 0),
                "uom_id": units.get(names.unit(lines[sku].uom or ""), units["Units"])[0],
            }
            for sku in _lacking(api, "product.product", "default_code", lines)
        ]
        return _make(api, "res.partner", contacts), _make(api, "product.product", goods)
    finally:
        api.close()


def _lacking(api: OdooApi, model: str, field: str, names: Iterable[str]) -> list[str]:
    wanted = list(names)
    known = {row[field] for row in search_read(api, model, [[field, "in", wanted]], [field])}
    return [name for name in wanted if name not in known]


def _make(api: OdooApi, model: str, values: Sequence[dict[str, Any]]) -> int:
    for start in range(0, len(values), AT_ONCE):
        api.call(model, "create", vals_list=list(values[start : start + AT_ONCE]))
    return len(values)
