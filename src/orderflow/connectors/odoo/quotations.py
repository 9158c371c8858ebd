"""Orders as quotations in Odoo: made once through an external id, and compared with what was ordered.

`load` makes a record, or updates it, by an external id: ours is made from the export's id, so that the same delivery
sent twice is one quotation. People find it by the customer's own order number (`client_order_ref`) and by our
reference (`origin`, "Source Document"), which is also where we look for it, as sellers may not read external ids.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from html import escape
from typing import Any, Literal
from uuid import UUID

from orderflow.connectors.catalog import Catalog, Named
from orderflow.connectors.changes import BY_HAND, Changes, Row, changes_of, row_of, rows_to_remove
from orderflow.connectors.odoo.answers import loaded
from orderflow.connectors.odoo.api import OdooApi, search_read
from orderflow.connectors.odoo.catalog import read_catalog, read_pricelists
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.connectors.odoo.trial import try_out, why
from orderflow.connectors.order_book import Entry, entry_of
from orderflow.domain.answer_details import Details, LineAnswer, Others
from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, RejectedError, TransientError
from orderflow.domain.orders import DraftOrder, DraftOrderLine

ORDER_FIELDS = ["origin", "name", "state", "currency_id", "amount_untaxed", "amount_total"]
ANSWERS: dict[str, Literal["confirmed", "cancelled"]] = {
    "sale": "confirmed",
    "done": "confirmed",  # Odoo 14 to 16: locked
    "cancel": "cancelled",
}
LINE_FIELDS = ["order_id", "sequence", "product_id", "product_uom_qty", "price_unit", "discount", "name"]
OPEN = ("draft", "sent")
"""The states of a quotation."""

_HEADER = {"order_date": "date_order", "requested_delivery_date": "commitment_date", "notes": "note"}
EVER = ["active", "in", [True, False]]
"""What was archived since is looked up, too."""

TOLD = frozenset({"order_date", "requested_delivery_date", "notes"})
TOLD_OF_LINES = frozenset({"internal_sku", "qty", "uom", "unit_price", "product_description"})
"""The fields of an order that Odoo is told, beside those that stay."""

TAKEN_BACK = " (taken back)"
PATIENCE = (0.05, 0.2, 0.5)
"""Seconds between tries of a `load` that lost against another transaction."""

Quotation = dict[str, Any]


@dataclass
class Quotations:
    """Odoo's sales orders as an order book."""

    api: OdooApi
    config: OdooConfig
    _known: dict[str, Quotation] = field(default_factory=dict)
    _catalog: Catalog = field(default_factory=lambda: Catalog("Odoo"))
    _pricelists: dict[str, int] = field(default_factory=dict)
    _unit_field: str = "product_uom_id"

    def find(self, references: Sequence[str]) -> dict[str, Entry]:
        """Return the quotation or sales order of each reference that has one."""
        return {reference: self._entry(found) for reference, found in self._find(references).items()}

    def held(self, keys: Sequence[int]) -> dict[int, Details]:
        """Return what Odoo's orders hold line by line, discounts taken off their prices."""
        orders = search_read(self.api, "sale.order", [["id", "in", list(keys)]], ["currency_id"])
        goods = [["order_id", "in", list(keys)], ["display_type", "=", False]]  # no headings, no notes
        rows = search_read(self.api, "sale.order.line", goods, LINE_FIELDS)
        skus = self._skus(rows)
        lines: dict[int, list[LineAnswer]] = {order["id"]: [] for order in orders}
        for row in sorted(rows, key=lambda row: (row["sequence"], row["id"])):
            lines[row["order_id"][0]].append(_held(row, skus))
        currencies = {order["id"]: order["currency_id"][1] for order in orders}
        return {key: Details(tuple(found), Others.DROPPED, currencies[key]) for key, found in lines.items()}

    def _skus(self, rows: Sequence[dict[str, Any]]) -> dict[int, str | None]:
        ids = sorted({row["product_id"][0] for row in rows if row["product_id"]})
        products = search_read(self.api, "product.product", [["id", "in", ids], EVER], ["default_code"]) if ids else []
        return {product["id"]: product["default_code"] or None for product in products}

    def prepare(self, orders: Sequence[DraftOrder], references: Sequence[str]) -> None:
        """Look up the orders' quotations, customers, products, units, currencies and price lists."""
        self._known = self._find(references)
        self._catalog = read_catalog(self.api, self.config, orders)
        fields = self.api.call("sale.order.line", "fields_get", allfields=["product_uom_id", "product_uom"])
        self._unit_field = "product_uom_id" if "product_uom_id" in fields else "product_uom"  # until Odoo 18
        self._pricelists = read_pricelists(self.api, self.config)

    def enter(self, order: DraftOrder, reference: str) -> Entry:
        """See to it that the order is in Odoo, once, as ordered, and as far as it should be.

        Raises:
            ConnectorError: Sorted by what follows; a rejected order has left nothing behind but a cancelled
                quotation where our user may not delete it.
        """
        known = self._known.get(reference)
        if known is None:
            known = self._make(order, reference)
        if known["state"] not in OPEN or self.config.on_arrival != "confirm":
            return self._entry(known)
        try:
            self.api.call("sale.order", "action_confirm", [known["id"]])
        except (RejectedError, NeedsAttentionError):
            self._take_back(known["id"], reference)
            raise
        return self._entry(self._read(known["id"]))

    def changed(self, order_id: UUID) -> list[Entry]:
        """Return the orders of Odoo that go by the name of a change of an order."""
        name = f"change_{order_id}_"
        rows = search_read(self.api, "sale.order", [["origin", "=like", f"{name}%"]], ORDER_FIELDS)
        return [self._entry(row) for row in rows if row["origin"].startswith(name)]

    def change(self, order: DraftOrder, reference: str) -> Entry:
        """See to it that Odoo's order says what the order says, with the change's name; one request changes all of it.

        Raises:
            RejectedError: Odoo's order is as it was.
            InDoubtError: It keeps other values than were sent, and does not let them be set back.
            ConnectorError: Any other; it is safe to repeat.
        """
        named = self._catalog.named_in(order)
        changes = changes_of(order, order.delivery.before, "Odoo", TOLD, TOLD_OF_LINES)
        if known := self._known.get(reference):
            return self._entry(known)
        entry = entry_of(self, order, "Odoo")
        if entry is None:
            raise RejectedError("Odoo does not have the order any more.", code="NOT_THERE", hint=BY_HAND)
        if entry.answer == "cancelled":
            return entry
        (before,) = search_read(self.api, "sale.order", [["id", "=", entry.key]], [*ORDER_FIELDS, *_HEADER.values()])
        rows = self._rows(entry.key)
        self._check_nothing_left(before, rows)
        values = self._change_values(order, changes, named, before, rows)
        self.api.call("sale.order", "write", [entry.key], vals=values | {"origin": reference})
        if fault := self._kept_otherwise(changes, entry.key):
            self._set_back(before, rows, fault)
            raise fault
        return self._entry(self._read(entry.key))

    def _rows(self, order_id: int) -> list[Row]:
        fields = [*LINE_FIELDS, "qty_delivered", "qty_invoiced", self._unit_field]
        goods = [["order_id", "=", order_id], ["display_type", "=", False]]
        rows = search_read(self.api, "sale.order.line", goods, fields)
        skus = self._skus(rows)
        return [row | {"sku": skus.get(row["product_id"][0]) if row["product_id"] else None} for row in rows]

    def _check_nothing_left(self, found: Quotation, rows: Sequence[Row]) -> None:
        """Raise RejectedError if some of an order was delivered or invoiced."""
        if any(row["qty_delivered"] or row["qty_invoiced"] for row in rows):
            raise RejectedError(
                f"Some of the order {found['name']} was delivered or invoiced already.", code="TOO_LATE", hint=BY_HAND
            )

    def _change_values(
        self, order: DraftOrder, changes: Changes, named: Named, found: Quotation, rows: Sequence[Row]
    ) -> dict[str, Any]:
        ids = {line.line_no: of for line, of in zip(order.lines, named.lines, strict=True)}
        commands: list[Any] = [
            [1, row_of(line, rows, "Odoo")["id"], self._line_values(line, ids[line.line_no][1])]
            for line in changes.changed
        ]
        commands += [[2, row["id"], 0] for row in rows_to_remove(changes.removed, rows, "Odoo")]
        for line in changes.added:
            product, unit = ids[line.line_no]
            new = {"product_id": product, "sequence": line.line_no}
            commands.append([0, 0, new | self._line_values(line, unit)])
        return {"order_line": commands} | _header_values(order, changes, found)

    def _line_values(self, line: DraftOrderLine, unit: int) -> dict[str, Any]:
        """Return a line's values; its price goes with its quantity, of which Odoo would make one of its own."""
        values = {self._unit_field: unit, "product_uom_qty": float(line.qty or 0), "discount": 0}
        described = {"name": line.product_description} if line.product_description else {}
        return values | {"price_unit": float(line.unit_price or 0)} | described

    def _kept_otherwise(self, changes: Changes, order_id: int) -> RejectedError | None:
        """Return what Odoo keeps otherwise than it was sent: it rounds."""
        rows = self._rows(order_id)
        for line in (*changes.changed, *changes.added):
            if fault := _differs(line, row_of(line, rows, "Odoo")):
                return fault
        return None

    def _set_back(self, before: Quotation, rows: Sequence[Row], fault: RejectedError) -> None:
        """Have an order say again what it said. Raises InDoubtError: Odoo does not let it."""
        there = {row["id"] for row in self._rows(before["id"])}
        were = {row["id"]: self._as_values(row) for row in rows}
        commands: list[Any] = [[1, number, values] for number, values in were.items() if number in there]
        commands += [[0, 0, values] for number, values in were.items() if number not in there]
        commands += [[2, number, 0] for number in there - were.keys()]
        values = {"origin": before["origin"], **{name: before[name] for name in _HEADER.values()}}
        if before["state"] not in OPEN:
            del values["date_order"]
        try:
            self.api.call("sale.order", "write", [before["id"]], vals=values | {"order_line": commands})
        except (RejectedError, NeedsAttentionError) as error:
            raise InDoubtError(
                f"{fault.message} The order {before['name']} is changed all the same, since Odoo does not set it back: "
                f"{error.message}",
                code="HALF_CHANGED",
                hint="Look at the order in Odoo and finish it there, then resolve the delivery.",
            ) from None

    def _as_values(self, row: Row) -> dict[str, Any]:
        numbers = {name: float(row[name]) for name in ("product_uom_qty", "price_unit", "discount")}
        plain = {name: row[name] for name in ("sequence", "name")} | numbers
        return plain | {name: row[name][0] for name in ("product_id", self._unit_field) if row[name]}

    def take_back(self, entry: Entry) -> None:
        """Cancel an order, as far as Odoo lets it be; what was delivered or invoiced is not asked for."""
        found = self._read(entry.key)
        self._check_nothing_left(found, self._rows(entry.key))
        # Until Odoo 18 it answers with a form to be filled in, unless this is said.
        quietly = {"disable_cancel_warning": True}
        self.api.call("sale.order", "action_cancel", [entry.key], context=quietly)
        if (now := self._read(entry.key))["state"] != "cancel":
            raise RejectedError(f"Odoo keeps the order {now['name']}, which is {now['state']}.", code="ERP_REJECTED")

    def explain(self, error: RejectedError) -> ConnectorError:
        """Tell a missing permission, which `load` words like a broken rule, from a rule."""
        return why(self.api, error)

    def try_out(self) -> dict[str, Any]:
        """Check all that a delivery needs."""
        return try_out(self.api, self.config)

    def _find(self, references: Sequence[str]) -> dict[str, Quotation]:
        """Return each reference's quotation, the oldest if a person has copied it."""
        found: dict[str, Quotation] = {}
        for row in search_read(self.api, "sale.order", [["origin", "in", list(references)]], ORDER_FIELDS):
            found.setdefault(row["origin"], row)
        return found

    def _read(self, order_id: int) -> Quotation:
        return search_read(self.api, "sale.order", [["id", "=", order_id]], ORDER_FIELDS)[0]

    def _entry(self, found: Quotation) -> Entry:
        answer = ANSWERS.get(found["state"])
        facts = {"odoo_order_id": found["id"], "state": found["state"], "total_amount": str(found["amount_total"])}
        finished = self.config.on_arrival != "confirm" or answer is not None
        return Entry(found["name"], finished, answer, facts, found["id"])

    def _make(self, order: DraftOrder, reference: str) -> Quotation:
        named = self._catalog.named_in(order)
        columns = columns_of(order, named, reference, self._unit_field) | self._pricelist(order)
        rows = [[column[n] if n < len(column) else "" for column in columns.values()] for n in range(len(order.lines))]
        order_id = self._load(list(columns), rows)
        made = self._read(order_id)
        if made["state"] == "cancel":  # taken back by an earlier attempt; nobody else had it under this reference
            self.api.call("sale.order", "action_draft", [order_id])
            made = self._read(order_id)
        if fault := self._difference(order, made):
            self._take_back(order_id, reference)
            raise fault
        return made

    def _pricelist(self, order: DraftOrder) -> dict[str, list[str]]:
        pricelist = self._pricelists.get(order.currency or "")
        return {"pricelist_id/.id": [str(pricelist)]} if pricelist else {}

    def _load(self, columns: list[str], rows: list[list[str]]) -> int:
        for patience in (*PATIENCE, None):
            try:
                return loaded(self.api.call("sale.order", "load", fields=columns, data=rows))
            except TransientError as error:
                if error.code != "ERP_BUSY" or patience is None:
                    raise
                time.sleep(patience)
        raise TypeError("the last try returns or raises")

    def _difference(self, order: DraftOrder, made: Quotation) -> RejectedError | None:
        """Compare what Odoo keeps with what was ordered: it rounds prices, and has currencies of its own mind."""
        currency = made["currency_id"][1]
        if currency != order.currency:
            return RejectedError(
                f"Odoo would sell to this customer in {currency}, but the order is in {order.currency}.",
                code="CURRENCY_DIFFERS",
                hint=f"Name a price list in {order.currency} under 'Price lists' of the connection; then push again.",
            )
        kept = search_read(
            self.api, "sale.order.line", [["order_id", "=", made["id"]]], ["sequence", "product_uom_qty", "price_unit"]
        )
        if len(kept) != len(order.lines):
            return RejectedError(
                f"Odoo makes {len(kept)} lines of the {len(order.lines)} ordered.",
                code="VALUE_DIFFERS",
                hint="Something in Odoo adds or drops lines by itself: switch that off; then push the order again.",
            )
        kept.sort(key=lambda row: (row["sequence"], row["id"]))
        faults = (_differs(line, row) for line, row in zip(order.lines, kept, strict=True))
        return next(filter(None, faults), None)

    def _take_back(self, order_id: int, reference: str) -> None:
        if self.api.may("sale.order", "unlink"):
            self.api.call("sale.order", "unlink", [order_id])
        else:  # sellers may not delete, so that it stays, cancelled and under another name
            self.api.call("sale.order", "write", [order_id], vals={"origin": reference + TAKEN_BACK})
            self.api.call("sale.order", "action_cancel", [order_id])


def _differs(line: DraftOrderLine, row: Row) -> RejectedError | None:
    for what, ordered, stored in (
        ("quantity", line.qty, row["product_uom_qty"]),
        ("price", line.unit_price, row["price_unit"]),
    ):
        if ordered != Decimal(str(stored)):
            return RejectedError(
                f"Odoo keeps {stored} for the {what} {ordered} of line {line.line_no}.",
                code="VALUE_DIFFERS",
                hint="Raise 'Decimal Accuracy' in Odoo's technical settings; then push the order again.",
            )
    return None


def _header_values(order: DraftOrder, changes: Changes, found: Quotation) -> dict[str, Any]:
    values = {
        "order_date": _noon(order.order_date),
        "requested_delivery_date": _noon(order.requested_delivery_date),
        "notes": escape(order.notes or ""),
    }
    if found["state"] not in OPEN:  # confirmed, it has the day on which it was
        del values["order_date"]
    return {_HEADER[name]: value for name, value in values.items() if name in changes.fields}


def _noon(day: date | None) -> str | None:
    """Return a day as a moment: noon, so that no time zone moves it."""
    return f"{day} 12:00:00" if day else None


def _held(row: dict[str, Any], skus: dict[int, str | None]) -> LineAnswer:
    with localcontext(prec=50):
        price = Decimal(str(row["price_unit"])) * (100 - Decimal(str(row["discount"]))) / 100
    sku = skus.get(row["product_id"][0]) if row["product_id"] else None
    qty = Decimal(str(row["product_uom_qty"]))
    return LineAnswer(row["sequence"], qty=qty, unit_price=price, sku=sku or row["name"] or None)


def columns_of(order: DraftOrder, named: Named, reference: str, unit_field: str) -> dict[str, list[str]]:
    """Return the order as columns of `load`: the header's hold one value, the lines' one for each line."""
    external_id = f"orderflow.export_{order.delivery.export_id.hex}"
    lines = order.lines
    columns = {
        "id": [external_id],
        "partner_id/.id": [str(named.customer)],
        "origin": [reference],
        "client_order_ref": [order.external_order_number or ""],
        "order_line/id": [f"{external_id}_{number}" for number in range(1, len(lines) + 1)],
        "order_line/sequence": [str(line.line_no) for line in lines],  # by which an answer names it
        "order_line/product_id/.id": [str(product) for product, _ in named.lines],
        f"order_line/{unit_field}/.id": [str(unit) for _, unit in named.lines],
        "order_line/product_uom_qty": [f"{line.qty:f}" for line in lines],
        "order_line/price_unit": [f"{line.unit_price:f}" for line in lines],
        "order_line/discount": ["0" for _ in lines],  # or a price list's discount would come on top
    }
    if order.order_date:
        columns["date_order"] = [_noon(order.order_date) or ""]
    if order.requested_delivery_date:
        columns["commitment_date"] = [_noon(order.requested_delivery_date) or ""]
    if order.notes:
        columns["note"] = [escape(order.notes)]
    if all(line.product_description for line in lines):
        columns["order_line/name"] = [line.product_description or "" for line in lines]
    return columns
