"""Makes in Tryton the customers and products that orders name: for a demo, a test, or a first load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orderflow.connectors.catalog import Catalog
from orderflow.connectors.tryton.api import TrytonApi, open_api, search_read
from orderflow.connectors.tryton.catalog import PIECE
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine

AT_ONCE = 100


def load_master_data(config: TrytonConfig, orders: Sequence[DraftOrder]) -> tuple[int, int]:
    """Make the customers and products of `orders` that Tryton lacks; returns how many of each were made.

    Products are goods in the unit of their first line, with the first accounting category that Tryton has: enough to
    sell and invoice.

    Raises:
        ConnectorError: Tryton does not answer or does not let us; our user needs the groups 'Product
            Administration' and 'Account Product Administration' beside 'Sales'.
    """
    api = open_api(config)
    try:
        customers = {
            order.customer.erp_customer_number: order.customer
            for order in orders
            if order.customer and order.customer.erp_customer_number
        }
        lines = {line.internal_sku: line for order in orders for line in order.lines if line.internal_sku}
        made = _make(api, "party.party", [_party(customers[code]) for code in _lacking(api, "party.party", customers)])
        skus = list(_lacking(api, "product.product", lines))
        templates = _templates(api, config, [lines[sku] for sku in skus]) if skus else []
        return made, _make(api, "product.template", templates)
    finally:
        api.close()


def _lacking(api: TrytonApi, model: str, codes: Iterable[str]) -> Iterable[str]:
    wanted = list(codes)
    known = {row["code"] for row in search_read(api, model, [["code", "in", wanted]], ["code"])}
    return [code for code in wanted if code not in known]


def _party(customer: Customer) -> dict[str, Any]:
    number = customer.erp_customer_number
    return {"code": number, "name": customer.name or number, "addresses": [["create", [{}]]]}


def _templates(api: TrytonApi, config: TrytonConfig, lines: Sequence[DraftOrderLine]) -> list[dict[str, Any]]:
    units = {row["symbol"]: row["id"] for row in search_read(api, "product.uom", [], ["symbol"])}
    categories = search_read(api, "product.category", [["accounting", "=", True]], ["name"])
    if not categories:
        raise RejectedError(
            "Tryton has no accounting category.",
            code="MASTER_DATA_MISSING",
            hint="Set up a chart of accounts and an accounting category for goods in Tryton first.",
        )
    names = Catalog("Tryton", unit_names={"piece": PIECE, **config.units})
    return [
        {
            "name": line.product_description or line.internal_sku,
            "type": "goods",
            "default_uom": units.get(names.unit(line.uom or ""), units[PIECE]),
            "salable": True,
            "sale_uom": units.get(names.unit(line.uom or ""), units[PIECE]),
            "list_price": line.unit_price,
            "account_category": categories[0]["id"],
            "products": [["create", [{"suffix_code": line.internal_sku}]]],
        }
        for line in lines
    ]


def _make(api: TrytonApi, model: str, values: Sequence[dict[str, Any]]) -> int:
    for start in range(0, len(values), AT_ONCE):
        api.call(model, "create", vlist=list(values[start : start + AT_ONCE]))
    return len(values)
