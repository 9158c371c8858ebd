"""What orders name, looked up in Odoo with one question for each kind of thing."""

from __future__ import annotations

from collections.abc import Sequence

from orderflow.connectors.catalog import Catalog, by, numbers_in
from orderflow.connectors.odoo.api import OdooApi, search_read
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.domain.orders import DraftOrder

UNIT_NAMES = {"piece": "Units", "l": "L", "h": "Hours", "d": "Days"}
"""Odoo's names of common units in English, which the API speaks unless told otherwise."""


def read_catalog(api: OdooApi, config: OdooConfig, orders: Sequence[DraftOrder]) -> Catalog:
    """Look up all that `orders` name.

    Raises:
        ConnectorError: Odoo does not answer, or does not let us look.
    """
    customers, products, currencies = numbers_in(orders)
    field = config.customer_by
    whole = [["parent_id", "=", False]] if field == "vat" else []  # a company's contacts carry its tax id too
    return Catalog(
        "Odoo",
        "reference" if field == "ref" else "tax id",
        by(search_read(api, "res.partner", [[field, "in", customers], *whole], [field]), field),
        by(search_read(api, "product.product", [["default_code", "in", products]], ["default_code"]), "default_code"),
        by(search_read(api, "uom.uom", [], ["name"]), "name"),
        by(search_read(api, "res.currency", [["name", "in", currencies]], ["name"]), "name"),
        UNIT_NAMES | config.units,
    )
