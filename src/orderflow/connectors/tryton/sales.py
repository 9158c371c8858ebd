"""Orders as sales in Tryton: looked for by our reference, made once, completed as Tryton's own screen does it.

Tryton's `create` runs none of what its screen does when a customer or product is chosen: addresses, terms and taxes
stay empty. So a sale is made under a mark, Tryton is asked about it as its screen asks (`on_change`), and one write
adds the answers and takes the mark away. What still has the mark is half of a sale, and is made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from orderflow.connectors.catalog import Catalog, Named
from orderflow.connectors.order_book import Entry
from orderflow.connectors.tryton.answers import odd_answer
from orderflow.connectors.tryton.api import TrytonApi, search_read
from orderflow.connectors.tryton.catalog import read_catalog
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.connectors.tryton.trial import try_out, why
from orderflow.domain.answer_details import Details, LineAnswer, Others
from orderflow.domain.errors import ConnectorError, NeedsAttentionError, RejectedError
from orderflow.domain.orders import DraftOrder, DraftOrderLine

MARK = " (arriving)"
SALE_FIELDS = ["description", "number", "state", "untaxed_amount", "total_amount"]
LINE_FIELDS = ["sale", "sequence", "product", "quantity", "unit_price", "description"]
EVER = ["active", "in", [True, False]]
"""What was deactivated since is looked up, too."""

ADVANCED = {"draft": 0, "quotation": 1, "confirmed": 2, "processing": 2, "done": 2, "cancelled": 2}
"""How far a sale has come in each of Tryton's states."""

STEPS = {"draft": (), "quote": ("quote",), "confirm": ("quote", "confirm")}
"""What is called on arrival; the n-th step leads a sale from the n-th to the next."""

ANSWERS: dict[str, Literal["confirmed", "cancelled"]] = {
    "confirmed": "confirmed",
    "processing": "confirmed",
    "done": "confirmed",
    "cancelled": "cancelled",
}
_HEADER = ("invoice_address", "shipment_address", "payment_term", "invoice_method", "shipment_method")

Sale = dict[str, Any]


@dataclass
class Sales:
    """Tryton's sales as an order book; what Tryton says of a customer or product is asked once in its life."""

    api: TrytonApi
    config: TrytonConfig
    _known: dict[str, Sale] = field(default_factory=dict)
    _catalog: Catalog = field(default_factory=lambda: Catalog("Tryton"))
    _headers: dict[int, dict[str, Any]] = field(default_factory=dict)
    _taxes: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def find(self, references: Sequence[str]) -> dict[str, Entry]:
        """Return the sale of each reference that has a whole one."""
        return {name: self._entry(sale) for name, sale in self._find(references).items() if _is_whole(sale)}

    def held(self, keys: Sequence[int]) -> dict[int, Details]:
        """Return what Tryton's sales hold line by line."""
        sales = search_read(self.api, "sale.sale", [["id", "in", list(keys)]], ["currency"])
        goods = [["sale", "in", list(keys)], ["type", "=", "line"]]  # no titles, subtotals, comments
        rows = search_read(self.api, "sale.line", goods, LINE_FIELDS)
        codes = self._codes("product.product", [row["product"] for row in rows])
        currencies = self._codes("currency.currency", [sale["currency"] for sale in sales])
        lines: dict[int, list[LineAnswer]] = {sale["id"]: [] for sale in sales}
        for row in rows:
            lines[row["sale"]].append(_held(row, codes))
        return {
            sale["id"]: Details(tuple(lines[sale["id"]]), Others.DROPPED, currencies.get(sale["currency"]))
            for sale in sales
        }

    def _codes(self, model: str, ids: Sequence[int | None]) -> dict[int, str | None]:
        wanted = sorted({one for one in ids if one is not None})
        rows = search_read(self.api, model, [["id", "in", wanted], EVER], ["code"]) if wanted else []
        return {row["id"]: row["code"] or None for row in rows}

    def prepare(self, orders: Sequence[DraftOrder], references: Sequence[str]) -> None:
        """Look up the orders' sales, customers, products, units and currencies."""
        self._known = self._find(references)
        self._catalog = read_catalog(self.api, self.config, orders)

    def enter(self, order: DraftOrder, reference: str) -> Entry:
        """See to it that the order is in Tryton, once, and as far as it should be.

        What Tryton's rules then do not let us quote or confirm is taken back, so that the order can be corrected
        and sent again.

        Raises:
            ConnectorError: Sorted by what follows; a rejected order has left nothing behind.
        """
        sale = self._known.get(reference)
        if sale is not None and not _is_whole(sale):
            self._remove(sale)
            sale = None
        if sale is None:
            sale = self._make(order, self._catalog.named_in(order), reference)
        try:
            return self._entry(self._advance(sale))
        except (RejectedError, NeedsAttentionError):
            self._remove(sale)
            raise

    def explain(self, error: RejectedError) -> ConnectorError:
        """Tell a missing permission, which Tryton words like a broken rule, from a rule."""
        return why(self.api, error)

    def try_out(self) -> dict[str, Any]:
        """Check all that a delivery needs."""
        return try_out(self.api, self.config)

    def _find(self, references: Sequence[str]) -> dict[str, Sale]:
        """Return each reference's sale, the oldest whole one if there are several; a half where there is only that."""
        found: dict[str, Sale] = {}
        for sale in sorted(self._all(references), key=_is_whole, reverse=True):
            found.setdefault(sale["description"].removesuffix(MARK), sale)
        return found

    def _all(self, references: Sequence[str]) -> list[Sale]:
        """Return all sales of `references`, halves included, oldest first."""
        names = [name for reference in references for name in (reference, reference + MARK)]
        return search_read(self.api, "sale.sale", [["description", "in", names]], SALE_FIELDS)

    def _entry(self, sale: Sale) -> Entry:
        finished = ADVANCED.get(sale["state"], 0) >= len(STEPS[self.config.on_arrival])
        facts = {"tryton_sale_id": sale["id"], "state": sale["state"], "total_amount": str(sale["total_amount"])}
        return Entry(sale["number"], finished, ANSWERS.get(sale["state"]), facts, sale["id"])

    def _make(self, order: DraftOrder, named: Named, reference: str) -> Sale:
        values = sale_values(order, named, reference + MARK)
        made = self.api.call("sale.sale", "create", vlist=[values])
        if not isinstance(made, list) or len(made) != 1 or not isinstance(made[0], int):
            raise odd_answer("gave an answer that is none to a new sale", self.config.database, changes=True)
        sale_id = made[0]
        try:
            self._complete(sale_id, named, reference)
        except (RejectedError, NeedsAttentionError):
            self.api.call("sale.sale", "delete", sale_id)
            raise
        there = self._all([reference])
        first = next(filter(_is_whole, there), None)
        if first is None:
            raise odd_answer("does not show the sale that it made", self.config.database, changes=True)
        for sale in there:
            # A request of an earlier attempt, given up on long ago, has made another in the meantime, or half of one.
            if sale["id"] != first["id"] and (sale["id"] == sale_id or not _is_whole(sale)):
                self.api.call("sale.sale", "delete", sale["id"])
        return first

    def _complete(self, sale_id: int, named: Named, reference: str) -> None:
        if named.customer not in self._headers:
            said = self.api.call("sale.sale", "on_change", sale_id, fieldnames=["party"])
            self._headers[named.customer] = {name: said[name] for name in _HEADER if name in said}
        lines = search_read(self.api, "sale.line", [["sale", "=", sale_id]], ["product"])
        taxed = [["write", [line["id"]], self._line_taxes(named.customer, line)] for line in lines]
        values = self._headers[named.customer] | {"description": reference, "lines": taxed}
        self.api.call("sale.sale", "write", sale_id, values=values)

    def _line_taxes(self, customer: int, line: dict[str, Any]) -> dict[str, Any]:
        key = (customer, line["product"])
        if key not in self._taxes:
            said = self.api.call("sale.line", "on_change", line["id"], fieldnames=["product"])
            self._taxes[key] = [tax["id"] for _, tax in said.get("taxes", {}).get("add", [])]
        return {"taxes": [["add", self._taxes[key]]]} if self._taxes[key] else {}

    def _advance(self, sale: Sale) -> Sale:
        steps = STEPS[self.config.on_arrival][ADVANCED.get(sale["state"], 2) :]
        for step in steps:
            self.api.call("sale.sale", step, sale["id"])
        return self._read(sale["id"]) if steps else sale

    def _remove(self, sale: Sale) -> None:
        now = self._read(sale["id"])
        if now["state"] == "quotation":
            self.api.call("sale.sale", "draft", sale["id"])
        if now["state"] in ("draft", "quotation"):
            self.api.call("sale.sale", "delete", sale["id"])

    def _read(self, sale_id: int) -> Sale:
        return search_read(self.api, "sale.sale", [["id", "=", sale_id]], SALE_FIELDS)[0]


def _is_whole(sale: Sale) -> bool:
    return not sale["description"].endswith(MARK)


def _held(row: dict[str, Any], codes: dict[int, str | None]) -> LineAnswer:
    sku = codes.get(row["product"]) or row["description"] or None
    qty, price = Decimal(str(row["quantity"] or 0)), Decimal(str(row["unit_price"] or 0))
    return LineAnswer(row["sequence"], qty=qty, unit_price=price, sku=sku)


def sale_values(order: DraftOrder, named: Named, description: str) -> dict[str, Any]:
    """Return the order as values for `sale.sale`'s `create`."""
    values: dict[str, Any] = {
        "party": named.customer,
        "currency": named.currency,
        "reference": order.external_order_number,
        "description": description,
        "comment": order.notes,
        "lines": [
            ["create", [_line_values(line, *ids) for line, ids in zip(order.lines, named.lines, strict=True)]],
        ],
    }
    if order.order_date:
        values["sale_date"] = order.order_date
    if order.requested_delivery_date:
        values["shipping_date"] = order.requested_delivery_date
    return values


def _line_values(line: DraftOrderLine, product: int, unit: int) -> dict[str, Any]:
    return {
        "type": "line",
        "sequence": line.line_no,
        "product": product,
        "unit": unit,
        "quantity": _float(line),
        "unit_price": line.unit_price,
        "description": line.product_description,
        "note": line.line_notes,
    }


def _float(line: DraftOrderLine) -> float:
    """Return the quantity as Tryton keeps it.

    Raises:
        RejectedError: That would be another one: it has more digits than a float.
    """
    ordered = line.qty or Decimal(0)
    kept = float(ordered)
    if Decimal(repr(kept)) != ordered:
        raise RejectedError(
            f"Tryton would keep {kept!r} for the quantity {ordered} of line {line.line_no}.", code="VALUE_DIFFERS"
        )
    return kept
