"""The order as OrderFlow holds it, and what it still needs before it can be pushed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal, localcontext
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, cast
from uuid import UUID

import msgspec

from orderflow.domain import clock
from orderflow.domain.codes import IDENTIFIERS, clean_code, control_in, identifier_fault
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
class AllowanceCharge:
    """What comes off a price (an allowance), or on top of it (a charge, a tax): an amount, a percentage, or both.

    Attributes:
        code: Why, by a list that both sides know: UNTDID 5189 for allowances, 7161 for charges; for taxes the category
            by UNTDID 5305, as S (standard rate), Z (zero rated), AE (reverse charge).
        reason: Why, for people.
        amount: In the order's currency; like the others exact, at most 4 decimals, and not below 0.
        percent: 2.5 is 2.5 %.
        base_amount: What it is a percentage of.
    """

    code: str | None = None
    reason: str | None = None
    amount: Decimal | None = None
    percent: Decimal | None = None
    base_amount: Decimal | None = None


@dataclass(slots=True)
class DraftOrderLine:
    """One line of an order. `qty` has at most 3 decimals, `unit_price` at most 4; both are exact.

    `internal_sku` is the article in the ERP, `customer_sku_raw` what the customer's document calls it. `gtin`,
    `buyer_article_number` and `seller_article_number` are codes that the order gives beside them. What is given by
    name only is what few orders say; a revision of a line without any of it does not mention it.
    """

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
    _: KW_ONLY
    gtin: str | None = None
    buyer_article_number: str | None = None
    seller_article_number: str | None = None
    earliest_delivery_date: date | None = None
    latest_delivery_date: date | None = None
    promised_delivery_date: date | None = None
    allowances: tuple[AllowanceCharge, ...] = ()
    charges: tuple[AllowanceCharge, ...] = ()
    taxes: tuple[AllowanceCharge, ...] = ()


class Party(TypedDict, total=False):
    """A party of an order: what it may have, as far as it came with the order, and perhaps more by other names."""

    name: str
    contact: str
    street: str
    city: str
    region: str
    postal_code: str
    country: str
    country_code: str
    phone: str
    email: str
    gln: str
    vat: str
    duns: str
    endpoint: str
    number_at_seller: str
    number_at_buyer: str


class UnreadLines(Protocol):
    """The lines of an order as they were approved, which nobody has looked at yet.

    Attributes:
        names: The values of a line, in the order in which `rows` has them.
        rows: The lines, each an array, as JSON.
        more: What few lines have beside, by their numbers.
    """

    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102  # as above
    @property
    def rows(self) -> msgspec.Raw: ...  # noqa: D102  # as above
    @property
    def more(self) -> Mapping[int, Any]: ...  # noqa: D102  # as above

    def read(self) -> list[DraftOrderLine]:
        """Return them."""


class _ReadsLines:
    """Reads an order's lines when they are first looked at: most documents are written without."""

    __slots__ = ("_unread",)
    _unread: UnreadLines
    lines: list[DraftOrderLine]

    def leave_unread(self, lines: UnreadLines) -> None:
        """Put in place of the lines what they can be read from."""
        self._unread = lines
        del self.lines

    @property
    def unread_lines(self) -> UnreadLines | None:
        """The lines as they were approved; None once somebody looked at them, who may have changed them."""
        try:
            object.__getattribute__(self, "lines")
        except AttributeError:
            return self._unread
        return None

    if not TYPE_CHECKING:  # who asks for what no order has is told by mypy

        def __getattr__(self, name: str) -> Any:
            if name != "lines":
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            self.lines = self._unread.read()
            return self.lines


@dataclass(slots=True)
class DraftOrder(_ReadsLines):
    """A sales order on its way to an ERP.

    `source` tells apart where it comes from, as a shop's name: two sources may use the same numbers.
    `priority` is its head start in the queue of deliveries: minutes, 0 to `MOST_PRIORITY`; None is 0.

    `import_id` is shared by all orders that came in with one file, and by no other.

    `buyer`, `seller`, `ship_to` and `bill_to` (the invoicee) are its parties: texts by name, as `name`, `street`,
    `city`, `contact`, `phone`, `email`, and whatever else came with them. `gln`, `vat`, `duns`, `endpoint` (the
    electronic address, with its scheme) and `country_code` are checked; `number_at_seller` and `number_at_buyer` are
    the numbers that those two gave the party.

    `contact` (whom to ask about the order), `shipping` (how it is sent: `method`, `carrier`, `service`, …) and
    `metadata` (what the shop wishes to find again, which nobody here looks at) are texts by name too.
    """

    org_id: UUID | None = None
    org_slug: str | None = None
    external_order_number: str | None = None
    order_date: date | None = None
    currency: str | None = None
    requested_delivery_date: date | None = None
    earliest_delivery_date: date | None = None
    latest_delivery_date: date | None = None
    promised_delivery_date: date | None = None
    delivery_terms: str | None = None
    payment_terms: str | None = None
    notes: str | None = None
    customer: Customer | None = None
    ship_to: dict[str, Any] | None = None
    bill_to: dict[str, Any] | None = None
    buyer: dict[str, Any] | None = None
    seller: dict[str, Any] | None = None
    allowances: tuple[AllowanceCharge, ...] = ()
    charges: tuple[AllowanceCharge, ...] = ()
    taxes: tuple[AllowanceCharge, ...] = ()
    contact: dict[str, Any] | None = None
    shipping: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
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
    import_id: UUID | None = None
    delivery_in_progress: Delivery | None = field(default=None, repr=False, compare=False)

    def party(self, role: Literal["ship_to", "bill_to", "buyer", "seller"]) -> Party:
        """Return one of the parties, empty if the order does not name it."""
        return cast("Party", getattr(self, role) or {})

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


_OURS = {
    *("org_id", "org_slug", "created_by", "approved_by", "approved_at", "status", "erp_order_id", "id", "created_at"),
    "import_id",
}
PARTIES = ("ship_to", "bill_to", "buyer", "seller")
"""Fields that hold an address and what identifies who is there."""

TEXTS_BY_NAME = (*PARTIES, "contact", "shipping", "metadata")
"""Fields that hold texts under whatever names."""

PARTS = ("customer", "source_document", *TEXTS_BY_NAME)
"""Fields that have fields of their own, each once in an order."""

ADJUSTMENTS = ("allowances", "charges", "taxes")
"""Fields of order and line that hold a list of `AllowanceCharge`."""

CONTENT = tuple(f.name for f in fields(DraftOrder) if f.name not in {*_OURS, "lines", "delivery_in_progress"})
"""What a customer says in an order, beside its lines; the rest is what we know of it."""

HEADER = tuple(name for name in CONTENT if name not in {*PARTS, *ADJUSTMENTS})
"""Of that, what is a single value."""

LINE_CONTENT = tuple(f.name for f in fields(DraftOrderLine) if f.name != "id")
"""What a customer says in a line."""

LINE_IN_PLACE = tuple(f.name for f in fields(DraftOrderLine) if not f.kw_only)
LINE_BY_NAME = tuple(f.name for f in fields(DraftOrderLine) if f.kw_only)
"""The values of a line that every order gives, by their place; and those that few do."""


def line_of(values: Sequence[Any], more: Sequence[Any]) -> DraftOrderLine:
    """Return a line of the values of `LINE_IN_PLACE`, as many as are there, and of `LINE_BY_NAME`."""
    line = DraftOrderLine(*values)
    if any(more):
        for name, value in zip(LINE_BY_NAME, more, strict=True):
            setattr(line, name, (value or ()) if name in ADJUSTMENTS else value)
    return line


def totals(order: DraftOrder) -> dict[str, int | Decimal | None]:
    """Return the control totals `lines`, `qty` and `amount`: exact, and None where a line lacks what they add up."""
    with localcontext(prec=60):
        qty = _sum([line.qty for line in order.lines])
    return {"lines": len(order.lines), "qty": qty, "amount": amount_of(order)}


def amount_of(order: DraftOrder) -> Decimal | None:
    """Return quantity times price of all lines, exact; None where one lacks either."""
    with localcontext(prec=60):
        return _sum([_amount(line) for line in order.lines])


def _amount(line: DraftOrderLine) -> Decimal | None:
    return None if line.qty is None or line.unit_price is None else line.qty * line.unit_price


def _sum(numbers: Sequence[Decimal | None]) -> Decimal | None:
    known = [number for number in numbers if number is not None]
    return sum(known, Decimal(0)) if len(known) == len(numbers) else None


_LINE_CODES = ("internal_sku", "uom", "gtin", "buyer_article_number", "seller_article_number")
CODES = {"source", "external_order_number", "erp_customer_number", *_LINE_CODES}
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
    for name in PARTIES:
        if party := getattr(order, name):
            setattr(order, name, _clean_party(party, name))
    for index, line in enumerate(order.lines):
        for name in _LINE_CODES:
            if (code := getattr(line, name)) is not None:
                setattr(line, name, _clean(code, "lines[{}]." + name, index))
    return order


def _clean_party(party: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        key: _clean(value, f"{name}.{key}") if key in PARTY_CODES and isinstance(value, str) else value
        for key, value in party.items()
    }


def _clean(code: str | None, field: str, index: int = 0) -> str | None:
    cleaned = clean_code(code)
    if cleaned and (control := control_in(cleaned)):
        raise _unusable(field.format(index), f"holds a control character, {control}")
    return cleaned


def _unusable(field: str, message: str) -> InputError:
    faults = [{"field": field, "message": message}]
    return InputError(f"The order cannot be used: {field} {message}.", details={"fields": faults})


PARTY_CODES = {*IDENTIFIERS, "number_at_seller", "number_at_buyer"} - {"gtin"}
"""Fields of a party that hold a code."""


def check_rules(order: DraftOrder) -> None:
    """Raise InputError for the first of `faults_in`."""
    for fault in faults_in(order):
        raise _unusable(*fault)


def faults_in(order: Any) -> Iterator[tuple[str, str]]:
    """Yield what in an order cannot be right, as field and message; of one that came in, before its codes are clean."""
    for name in PARTIES:
        for key, value in (getattr(order, name) or {}).items():
            yield from _identifier_faults(f"{name}.{key}", key, value)
    yield from _faults_of(order, "")
    for index, line in enumerate(order.lines):
        if any(_by_name(line)):
            yield from _identifier_faults(f"lines[{index}].gtin", "gtin", line.gtin)
            yield from _faults_of(line, f"lines[{index}].")


_by_name = attrgetter(*LINE_BY_NAME)


def _identifier_faults(field: str, name: str, value: Any) -> Iterator[tuple[str, str]]:
    code = clean_code(value) if name in IDENTIFIERS and isinstance(value, str) else None
    if code and (fault := identifier_fault(name, code)):
        yield field, fault


def _faults_of(part: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the dates and the adjustments of an order or a line."""
    names = ("earliest_delivery_date", "requested_delivery_date", "latest_delivery_date")
    dates = [(name, day) for name in names if (day := getattr(part, name)) is not None]
    for (before, first), (name, day) in pairwise(dates):
        if first > day:
            yield prefix + name, f"is {day}, before the {before}, {first}"
    for name in ADJUSTMENTS:
        for index, one in enumerate(getattr(part, name) or ()):
            yield from _adjustment_faults(one, f"{prefix}{name}[{index}]")


def _adjustment_faults(one: Any, place: str) -> Iterator[tuple[str, str]]:
    if one.amount is None and one.percent is None:
        yield place, "needs an amount or a percent"
    for name in ("amount", "percent", "base_amount"):
        number = getattr(one, name)
        if number is not None and number.is_finite() and number < 0:
            yield f"{place}.{name}", "must not be below 0: an allowance comes off the price, a charge goes on top of it"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that an order needs to be READY.

    Attributes:
        code: What it is, for programs: it stays when words change.
        field: As JSON has it, `lines[0].qty`; lines count from 0.
        message: One sentence for a person, who knows lines by their numbers.
    """

    code: str
    field: str
    message: str


def missing_in(order: DraftOrder) -> list[Missing]:
    """List what `order` still needs to be READY; an empty list means ready."""
    found = []
    if order.customer is None or not clean_code(order.customer.erp_customer_number):
        field = "customer.erp_customer_number"
        found.append(Missing("CUSTOMER_MISSING", field, f"The customer is missing ({field})."))
    if not order.currency:
        found.append(Missing("CURRENCY_MISSING", "currency", "The currency is missing."))
    if not order.lines:
        found.append(Missing("LINES_MISSING", "lines", "The order has no lines."))
    for index, line in enumerate(order.lines):
        found += _missing_in_line(line, f"lines[{index}]")
    return found


def missing_for_ready(order: DraftOrder) -> list[str]:
    """List the same for a person."""
    return [missing.message for missing in missing_in(order)]


def _missing_in_line(line: DraftOrderLine, place: str) -> list[Missing]:
    found, whose = [], f"Line {line.line_no}:"
    if line.qty is None or line.qty <= 0:
        found.append(Missing("QTY_NOT_POSITIVE", f"{place}.qty", f"{whose} the quantity must be more than 0."))
    if not clean_code(line.uom):
        found.append(Missing("UOM_MISSING", f"{place}.uom", f"{whose} the unit of measure is missing."))
    if not clean_code(line.internal_sku):
        found.append(Missing("SKU_MISSING", f"{place}.internal_sku", f"{whose} the internal SKU is missing."))
    return found
