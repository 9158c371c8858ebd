"""What orders name, looked up in Tryton with one question for each kind of thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orderflow.connectors.catalog import Catalog, Ids, by, numbers_in
from orderflow.connectors.tryton.api import TrytonApi, search_read
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.domain.orders import DraftOrder

AT_ONCE = 200
"""Numbers looked up in one request."""

PIECE = "u"
"""Tryton's symbol for one piece; its other symbols are the usual ones."""


def read_catalog(api: TrytonApi, config: TrytonConfig, orders: Sequence[DraftOrder]) -> Catalog:
    """Look up all that `orders` name.

    Raises:
        ConnectorError: Tryton does not answer, or does not let us look.
    """
    customers, products, currencies = numbers_in(orders)
    by_code = config.customer_by == "code"
    parties = (
        _find(api, "party.party", customers) if by_code else _find(api, "party.identifier", customers, owner="party")
    )
    return Catalog(
        "Tryton",
        "code" if by_code else "tax identifier",
        parties,
        _find(api, "product.product", products),
        by(search_read(api, "product.uom", [], ["symbol"]), "symbol"),
        _find(api, "currency.currency", currencies),
        {"piece": PIECE, **config.units},
    )


def _find(api: TrytonApi, model: str, codes: Sequence[str], owner: str = "id") -> Ids:
    rows: list[dict[str, Any]] = []
    for start in range(0, len(codes), AT_ONCE):
        rows += search_read(api, model, [["code", "in", codes[start : start + AT_ONCE]]], list({"code", owner}))
    return by(rows, "code", owner)
