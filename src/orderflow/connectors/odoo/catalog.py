"""What orders name, looked up in Odoo with one question for each kind of thing."""

from __future__ import annotations

from collections.abc import Sequence

from orderflow.connectors.catalog import Catalog, by, numbers_in
from orderflow.connectors.odoo.api import OdooApi, search_read
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.domain.errors import NeedsAttentionError
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
    goods = [["default_code", "in", products], ["sale_ok", "=", True]]  # its own screen offers no others either
    return Catalog(
        "Odoo",
        "reference" if field == "ref" else "tax id",
        by(search_read(api, "res.partner", [[field, "in", customers], *whole], [field]), field),
        by(search_read(api, "product.product", goods, ["default_code"]), "default_code"),
        by(search_read(api, "uom.uom", [], ["name"]), "name"),
        by(search_read(api, "res.currency", [["name", "in", currencies]], ["name"]), "name"),
        UNIT_NAMES | config.units,
    )


def read_pricelists(api: OdooApi, config: OdooConfig) -> dict[str, int]:
    """Return the id of the price list that the configuration names for each currency.

    Raises:
        NeedsAttentionError: Odoo has none of that name in that currency, or several.
    """
    wanted = list(config.pricelists.items())
    names = [name for _, name in wanted]
    rows = search_read(api, "product.pricelist", [["name", "in", names]], ["name", "currency_id"]) if names else []
    there = [(row["currency_id"][1], row["name"]) for row in rows]
    for currency, name in wanted:
        count = there.count((currency, name))
        if count != 1:
            raise NeedsAttentionError(
                f"Odoo has {count or 'no'} price list called {name!r} in {currency}.",
                code="PRICELIST_UNKNOWN",
                hint="Correct 'Price lists' of the connection, then test it.",
            )
    return {key[0]: row["id"] for key, row in zip(there, rows, strict=True) if key in wanted}
