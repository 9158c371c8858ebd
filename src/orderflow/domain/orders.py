"""The order as OrderFlow holds it, and what it still needs before it can be pushed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.codes import clean_code, control_in
from orderflow.domain.delivery import Delivery
from orderflow.domain.errors import InputError
from orderflow.domain.ids import new_id
from orderflow.domain.states import OrderStatus

MOST_PRIORITY = 24 * 60
"""Minutes of head start at most. An order that waits for a day longer goes first, whatever the other's priority."""


@dataclass(slots=True)
class Customer:
    """Who ordered. `erp_customer_number` is the ERP's own key for them."""

    erp_customer_number: str | None = None
    name: str | None = None
    id: UUID | None = None


@dataclass(slots=True)
class SourceDocument:
    """The file that the order was read from; `sha256` in hex."""

    document_id: UUID | None = None
    file_name: str | None = None
    sha256: str | None = None


@dataclass(slots=True)
class DraftOrderLine:
    """One line of an order. `qty` has at most 3 decimals, `unit_price` at most 4; both are exact."""

    line_no: int
    internal_sku: str | None = None
    qty: Decimal | None = None
    uom: str | None = None
    unit_price: Decimal | None = None
    currency: str | None = None
    customer_sku_raw: str | None = None
    product_description: str | None = None
    requested_delivery_date: date | None = None
    line_notes: str | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(slots=True)
class DraftOrder:
    """A sales order on its way to an ERP.

    `source` tells apart where it comes from, as a shop's name: two sources may use the same numbers.
    `priority` is its head start in the queue of deliveries: minutes, 0 to `MOST_PRIORITY`; None is 0.
    """

    org_id: UUID | None = None
    org_slug: str | None = None
    external_order_number: str | None = None
    order_date: date | None = None
    currency: str | None = None
    requested_delivery_date: date | None = None
    delivery_terms: str | None = None
    notes: str | None = None
    customer: Customer | None = None
    ship_to: dict[str, Any] | None = None
    bill_to: dict[str, Any] | None = None
    lines: list[DraftOrderLine] = field(default_factory=list)
    source_document: SourceDocument | None = None
    created_by: str | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    status: OrderStatus = OrderStatus.NEW
    erp_order_id: str | None = None
    id: UUID = field(default_factory=new_id)
    created_at: datetime | None = None
    source: str | None = None
    priority: int | None = None
    delivery_in_progress: Delivery | None = field(default=None, repr=False, compare=False)

    @property
    def delivery(self) -> Delivery:
        """The delivery that this export is part of.

        Where a connector is called by hand there is none: then it is one that goes by the order's own id.
        """
        if self.delivery_in_progress is None:
            requested_at = self.approved_at or self.created_at or clock.now()
            self.delivery_in_progress = Delivery(export_id=self.id, requested_at=requested_at)
        return self.delivery_in_progress

    @delivery.setter
    def delivery(self, value: Delivery | None) -> None:
        self.delivery_in_progress = value


_OURS = {"org_id", "org_slug", "created_by", "approved_by", "approved_at", "status", "erp_order_id", "id", "created_at"}
PARTS = ("customer", "source_document", "ship_to", "bill_to")
"""Fields that have fields of their own, each once in an order."""

CONTENT = tuple(f.name for f in fields(DraftOrder) if f.name not in {*_OURS, "lines", "delivery_in_progress"})
"""What a customer says in an order, beside its lines; the rest is what we know of it."""

HEADER = tuple(name for name in CONTENT if name not in PARTS)
"""Of that, what is a single value."""

LINE_CONTENT = tuple(f.name for f in fields(DraftOrderLine) if f.name != "id")
"""What a customer says in a line."""


def totals(order: DraftOrder) -> dict[str, int | Decimal | None]:
    """Return the control totals `lines`, `qty` and `amount`: exact, and None where a line lacks what they add up."""
    with localcontext(prec=60):
        quantities = [line.qty for line in order.lines]
        amounts = [_amount(line) for line in order.lines]
        return {"lines": len(order.lines), "qty": _sum(quantities), "amount": _sum(amounts)}


def _amount(line: DraftOrderLine) -> Decimal | None:
    return None if line.qty is None or line.unit_price is None else line.qty * line.unit_price


def _sum(numbers: Sequence[Decimal | None]) -> Decimal | None:
    known = [number for number in numbers if number is not None]
    return sum(known, Decimal(0)) if len(known) == len(numbers) else None


CODES = {"source", "external_order_number", "erp_customer_number", "internal_sku", "uom"}
"""Fields that hold a code."""


def clean_codes(order: DraftOrder) -> DraftOrder:
    """Write every code of an order as it is kept and compared (`domain.codes`), and return the order.

    Raises:
        InputError: One holds a control character.
    """
    order.source = _clean(order.source, "source")
    order.external_order_number = _clean(order.external_order_number, "external_order_number")
    if order.customer is not None:
        number = _clean(order.customer.erp_customer_number, "customer.erp_customer_number")
        order.customer.erp_customer_number = number
    for index, line in enumerate(order.lines):
        line.internal_sku = _clean(line.internal_sku, "lines[{}].internal_sku", index)
        line.uom = _clean(line.uom, "lines[{}].uom", index)
    return order


def _clean(code: str | None, field: str, index: int = 0) -> str | None:
    cleaned = clean_code(code)
    if cleaned and (control := control_in(cleaned)):
        fault = {"field": field.format(index), "message": f"holds a control character, {control}"}
        raise InputError(f"The order cannot be used: {' '.join(fault.values())}.", details={"fields": [fault]})
    return cleaned


def missing_for_ready(order: DraftOrder) -> list[str]:
    """List, for a person, what `order` still needs to be READY; an empty list means ready."""
    reasons = []
    if order.customer is None or not clean_code(order.customer.erp_customer_number):
        reasons.append("The customer is missing (customer.erp_customer_number).")
    if not order.currency:
        reasons.append("The currency is missing.")
    if not order.lines:
        reasons.append("The order has no lines.")
    for line in order.lines:
        reasons += _missing_in_line(line)
    return reasons


def _missing_in_line(line: DraftOrderLine) -> list[str]:
    reasons = []
    if line.qty is None or line.qty <= 0:
        reasons.append(f"Line {line.line_no}: the quantity must be more than 0.")
    if not clean_code(line.uom):
        reasons.append(f"Line {line.line_no}: the unit of measure is missing.")
    if not clean_code(line.internal_sku):
        reasons.append(f"Line {line.line_no}: the internal SKU is missing.")
    return reasons
