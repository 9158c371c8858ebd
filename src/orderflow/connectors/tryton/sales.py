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
from uuid import UUID

from orderflow.connectors.catalog import Catalog, Named
from orderflow.connectors.changes import BY_HAND, Changes, Row, changes_of, row_of, rows_to_remove
from orderflow.connectors.order_book import Entry, entry_of
from orderflow.connectors.tryton.answers import odd_answer
from orderflow.connectors.tryton.api import TrytonApi, search_read
from orderflow.connectors.tryton.catalog import read_catalog
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.connectors.tryton.trial import try_out, why
from orderflow.domain.answer_details import Details, LineAnswer, Others
from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, RejectedError
from orderflow.domain.orders import DraftOrder, DraftOrderLine

MARK = " (arriving)"
SALE_FIELDS = ["description", "number", "state", "untaxed_amount", "total_amount"]
LINE_FIELDS = ["sale", "sequence", "product", "quantity", "unit_price", "description"]
EVER = ["active", "in", [True, False]]
"""What was deactivated since is looked up, too."""

ADVANCED = {"draft": 0, "quotation": 1, "confirmed": 2, "processing": 2, "done": 2, "cancelled": 2}
"""How far a sale has come in each of Tryton's states."""

WAYS = ("quote", "confirm")
STEPS = {"draft": (), "quote": ("quote",), "confirm": ("quote", "confirm")}
"""What is called on arrival; the n-th step leads a sale from the n-th to the next."""

NOT_YET = ("none", "waiting", "pending", "exception")
"""The states of shipments and invoices in which nothing left the house."""

TOLD = frozenset({"order_date", "requested_delivery_date", "notes"})
TOLD_OF_LINES = frozenset({"internal_sku", "qty", "uom", "unit_price", "product_description", "line_notes"})
"""The fields of an order that Tryton is told, beside those that stay."""

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

    def changed(self, order_id: UUID) -> list[Entry]:
        """Return the sales of an order that go by the name of a change of it."""
        name = f"change_{order_id}_"
        rows = search_read(self.api, "sale.sale", [["description", "like", f"{name}%"]], SALE_FIELDS)
        return [self._entry(sale) for sale in rows if sale["description"].startswith(name)]

    def change(self, order: DraftOrder, reference: str) -> Entry:
        """See to it that the sale says what the order says, with the change's name, and is as far as it was.

        Tryton's lines are changed in a draft only, as its screen does it. Until its new lines have their taxes it has
        our mark.

        Raises:
            RejectedError: The sale is as it was.
            InDoubtError: It was changed, and Tryton does not quote or confirm it any more.
            ConnectorError: Any other; it is safe to repeat.
        """
        named = self._catalog.named_in(order)
        changes = changes_of(order, order.delivery.before, "Tryton", TOLD, TOLD_OF_LINES)
        sale, level = self._known.get(reference), 0
        if sale is None:
            entry = entry_of(self, order, "Tryton")
            if entry is None:
                raise RejectedError("Tryton does not have the sale any more.", code="NOT_THERE", hint=BY_HAND)
            if entry.answer == "cancelled":
                return entry
            sale = self._read(entry.key)
            level = _level(sale)
            self._write_change(sale, level, self._change_values(order, changes, named, sale), reference)
            sale = self._read(sale["id"])
        try:
            if not _is_whole(sale):
                self._complete_change(sale["id"], named.customer, reference)
            return self._entry(self._advance(self._read(sale["id"]), level))
        except (RejectedError, NeedsAttentionError) as error:
            raise _half_changed(sale, error) from None

    def _change_values(self, order: DraftOrder, changes: Changes, named: Named, sale: Sale) -> dict[str, Any]:
        """Return what is to be written, before anything is."""
        rows = self._rows(sale["id"])
        ids = {line.line_no: of for line, of in zip(order.lines, named.lines, strict=True)}
        new = {line.line_no: _line_values(line, *ids[line.line_no]) for line in (*changes.changed, *changes.added)}
        kept = ("unit", "quantity", "unit_price", "description", "note")
        commands: list[list[Any]] = [
            ["write", [row_of(line, rows, "Tryton")["id"]], {name: new[line.line_no][name] for name in kept}]
            for line in changes.changed
        ]
        if gone := rows_to_remove(changes.removed, rows, "Tryton"):
            commands.append(["delete", [row["id"] for row in gone]])
        if changes.added:
            commands.append(["create", [new[line.line_no] for line in changes.added]])
        header = {"sale_date": order.order_date, "shipping_date": order.requested_delivery_date, "comment": order.notes}
        told = dict(zip(header, ("order_date", "requested_delivery_date", "notes"), strict=True))
        values: dict[str, Any] = {name: value for name, value in header.items() if told[name] in changes.fields}
        return values | {"lines": commands}

    def _rows(self, sale_id: int) -> list[Row]:
        goods = [["sale", "=", sale_id], ["type", "=", "line"]]
        rows = search_read(self.api, "sale.line", goods, LINE_FIELDS)
        codes = self._codes("product.product", [row["product"] for row in rows])
        return [row | {"sku": codes.get(row["product"])} for row in rows]

    def _write_change(self, sale: Sale, level: int, values: dict[str, Any], reference: str) -> None:
        """Write all of it at once, in a draft; what Tryton refuses leaves the sale as it was."""
        adds = any(command == "create" for command, *_ in values["lines"])
        if sale["state"] != "draft":
            self.api.call("sale.sale", "draft", sale["id"])
        try:
            named = values | {"description": reference + (MARK if adds else "")}
            self.api.call("sale.sale", "write", sale["id"], values=named)
        except (RejectedError, NeedsAttentionError):
            now = self._read(sale["id"])
            _level(now)  # or its people were quicker, which Tryton words like a missing permission
            self._quote_again(now, level)
            raise

    def _quote_again(self, sale: Sale, level: int) -> None:
        try:
            self._advance(sale, level)
        except (RejectedError, NeedsAttentionError) as error:
            raise _half_changed(sale, error) from None

    def _complete_change(self, sale_id: int, customer: int, reference: str) -> None:
        """Give the lines that are new their taxes, and take our mark away."""
        lines = search_read(
            self.api, "sale.line", [["sale", "=", sale_id], ["type", "=", "line"]], ["product", "taxes"]
        )
        new = [line for line in lines if not line["taxes"]]
        taxed = [["write", [line["id"]], taxes] for line in new if (taxes := self._line_taxes(customer, line))]
        self.api.call("sale.sale", "write", sale_id, values={"description": reference, "lines": taxed})

    def take_back(self, entry: Entry) -> None:
        """Cancel a sale, as far as Tryton lets it be; what is on its way is not asked for."""
        (sale,) = search_read(
            self.api, "sale.sale", [["id", "=", entry.key]], ["number", "state", "shipment_state", "invoice_state"]
        )
        if sale["state"] == "cancelled":
            return
        if sale["state"] == "done" or sale["shipment_state"] not in NOT_YET or sale["invoice_state"] not in NOT_YET:
            raise RejectedError(f"Some of the sale {sale['number']} was shipped or invoiced already.", code="TOO_LATE")
        self.api.call("sale.sale", "cancel", sale["id"])
        if (now := self._read(sale["id"]))["state"] != "cancelled":
            raise RejectedError(f"Tryton keeps the sale {now['number']}, which is {now['state']}.", code="ERP_REJECTED")

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

    def _advance(self, sale: Sale, least: int = 0) -> Sale:
        """Take a sale as far as it should be, and at least so far."""
        steps = WAYS[ADVANCED.get(sale["state"], 2) : max(least, len(STEPS[self.config.on_arrival]))]
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


def _level(sale: Sale) -> int:
    """Return how far a sale is that may be changed.

    Raises:
        RejectedError: Tryton has begun to ship or invoice it.
    """
    if sale["state"] in ("draft", "quotation", "confirmed"):
        return ADVANCED[sale["state"]]
    raise RejectedError(
        f"Tryton changes the sale {sale['number']} no more: it is {sale['state']}.", code="TOO_LATE", hint=BY_HAND
    )


def _half_changed(sale: Sale, error: ConnectorError) -> InDoubtError:
    return InDoubtError(
        f"The sale {sale['number'] or sale['id']} is a draft now, since Tryton does not let it go on: {error.message}",
        code="HALF_CHANGED",
        hint="Look at the sale in Tryton and finish it there, then resolve the delivery.",
    )


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
