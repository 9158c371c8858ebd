"""What orders name, found in an ERP: customers, products, units and currencies. Never by guess.

A number that fits nothing, or two things, rejects the order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orderflow.connectors.unit_codes import common_unit
from orderflow.domain.errors import NeedsAttentionError, RejectedError
from orderflow.domain.orders import DraftOrder

Ids = dict[str, list[int]]
"""Ids in the ERP by name; several ids for one name are an ambiguity in the ERP's data."""


@dataclass(frozen=True, slots=True)
class Named:
    """The ids of what one order names; `lines` are (product, unit) in the order of the order's lines."""

    customer: int
    currency: int
    lines: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a batch of orders names, as one ERP has it.

    Args:
        erp: The ERP's name, for messages.
        customer_number: What a customer's number is there, for messages: `code`, `reference`.
        units: Ids by the ERP's own names.
        unit_names: The ERP's names of common units, and before all the connection's own.
    """

    erp: str
    customer_number: str = "number"
    customers: Ids = field(default_factory=dict)
    products: Ids = field(default_factory=dict)
    units: Ids = field(default_factory=dict)
    currencies: Ids = field(default_factory=dict)
    unit_names: Mapping[str, str] = field(default_factory=dict)

    def named_in(self, order: DraftOrder) -> Named:
        """Return what `order` names.

        Raises:
            RejectedError: The ERP lacks some of it, and all of that is named; or a line has no price.
        """
        missing: list[str] = []

        def one(ids: Ids, key: str, what: str) -> int:
            found = ids.get(key, [])
            if len(found) != 1:
                missing.append(f"more than one {what} ({len(found)})" if found else f"no {what}")
            return found[0] if found else 0

        number, code = customer_number(order), order.currency or ""
        customer = one(self.customers, number, f"customer with the {self.customer_number} {number!r}")
        currency = one(self.currencies, code, f"currency {code!r}")
        lines = []
        for line in order.lines:
            sku, uom = line.internal_sku or "", self.unit(line.uom or "")
            product = one(self.products, sku, f"product (line {line.line_no}) with the number {sku!r}")
            unit = one(self.units, uom, f"unit (line {line.line_no}) called {uom!r}")
            lines.append((product, unit))
        if missing:
            raise RejectedError(
                f"{self.erp} has {'; '.join(missing)}.",
                code="MASTER_DATA_MISSING",
                hint=f"Correct the order, or add what is named in {self.erp} (a unit also under 'Units' of the "
                "connection); then approve the order and push it again.",
            )
        _check_prices(order, self.erp)
        return Named(customer, currency, lines)

    def unit(self, code: str) -> str:
        """Return what the ERP calls the unit that an order calls `code`."""
        common = common_unit(code)
        return self.unit_names.get(code) or self.unit_names.get(common) or common


def check_units(erp: str, wanted: Mapping[str, str], there: Iterable[str]) -> None:
    """Check that the units which a connection's `units` name are `there`, in the ERP.

    Raises:
        NeedsAttentionError: Some are not, and all of them are named.
    """
    missing = sorted(set(wanted.values()).difference(there))
    if missing:
        raise NeedsAttentionError(
            f"{erp} has no unit called {', '.join(map(repr, missing))}.",
            code="UNIT_UNKNOWN",
            hint=f"Correct 'Units' of the connection, or add the unit in {erp}; then test the connection.",
        )


def customer_number(order: DraftOrder) -> str:
    """Return the number by which the order names its customer."""
    return (order.customer.erp_customer_number if order.customer else None) or ""


def numbers_in(orders: Sequence[DraftOrder]) -> tuple[list[str], list[str], list[str]]:
    """Return all customer numbers, products and currencies that `orders` name, each once."""
    customers = {customer_number(order) for order in orders}
    products = {line.internal_sku or "" for order in orders for line in order.lines}
    return sorted(customers), sorted(products), sorted({order.currency or "" for order in orders})


def by(rows: Iterable[Mapping[str, Any]], name: str, owner: str = "id") -> Ids:
    """Return the ids in the field `owner` of `rows` by the field `name`."""
    ids: Ids = defaultdict(list)
    for row in rows:
        if row[owner] not in ids[row[name]]:
            ids[row[name]].append(row[owner])
    return dict(ids)


def _check_prices(order: DraftOrder, erp: str) -> None:
    unpriced = [str(line.line_no) for line in order.lines if line.unit_price is None]
    if unpriced:
        raise RejectedError(
            f"The order has no unit price in line {', '.join(unpriced)}, and goes to {erp} as ordered.",
            code="PRICE_MISSING",
            hint="Add the price to the order; then approve it and push it again.",
        )
