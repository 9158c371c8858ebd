"""An order as the sales order that Business Central is to make of it, with its lines (deep insert).

Source: "salesOrder resource type", "salesOrderLine resource type" (Business Central API v2.0, Microsoft Learn), and the
pages behind them (APIV2 - Sales Orders, microsoft/ALAppExtensions); lengths of the tables Sales Header and Sales Line.
docs/connector-business-central.md has the table of fields.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from orderflow.connectors.business_central.config import BusinessCentralConfig
from orderflow.connectors.whole_orders import Entity, PlainLetters, filled, fits, short_key, without
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import AllowanceCharge, DraftOrder, DraftOrderLine
from orderflow.formats.currencies import minor_units
from orderflow.formats.edi.codes import Countries
from orderflow.formats.edi.order import Party, check_expressible, dates_of
from orderflow.formats.edi.values import Values
from orderflow.http import odata

LINE_STEP = 10_000
"""Business Central counts lines in ten thousands, so that comments find room between two of them."""

MOST_LINE_NO = (2**31 - 1) // LINE_STEP - 1

SHIP_TO = {
    "name": ("shipToName", 100), "contact": ("shipToContact", 100), "city": ("shipToCity", 30),
    "region": ("shipToState", 30), "postal_code": ("shipToPostCode", 20),
}  # fmt: skip
TEXT, SECOND_TEXT, REFERENCE = 100, 50, 35
"""Characters of a line's description, of its second one, and of an external document number."""

DECIMALS = 5
"""Of quantities and prices, as General Ledger Setup rounds them where nobody has changed that."""


def as_code(text: str) -> str:
    """Return a text as a field of type Code holds it: in capitals, without blanks around it."""
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text.strip())


def reference_of(order: DraftOrder, export_id: UUID, settings: BusinessCentralConfig) -> str:
    """Return the external document number. Raises RejectedError: there is none, or it is too long."""
    values = Values(PlainLetters("a Business Central field"))
    if settings.reference_in == "number":
        return values.needed(order.external_order_number, REFERENCE, "external_order_number")
    key = short_key(export_id)
    number = values.text(order.external_order_number, REFERENCE - len(key) - 1, "external_order_number")
    return f"{number}/{key}" if number else key


def customer_of(order: DraftOrder) -> str:
    """Return the customer's number there. Raises RejectedError: there is none, or it is too long."""
    number = order.customer.erp_customer_number if order.customer else None
    return Values(PlainLetters("a Business Central field")).needed(number, 20, "customer.erp_customer_number")


def write_order(order: DraftOrder, export_id: UUID, settings: BusinessCentralConfig) -> bytes:
    """Return the request's body.

    Raises:
        RejectedError: The order holds what Business Central has no place for; the field is named.
    """
    return odata.encode(_Order(order, export_id, settings).entity())


def told(order: DraftOrder, settings: BusinessCentralConfig) -> DraftOrder:
    """Return the order without what the connection leaves out."""
    return without(order, settings.left_out)


def rows_of(order: DraftOrder, line: DraftOrderLine, settings: BusinessCentralConfig) -> list[Entity]:
    """Return what is made of a line of an order that is told, its item first. Raises as `write_order`."""
    return _Order(order, order.delivery.export_id, settings).rows(line)


class _Order:
    def __init__(self, order: DraftOrder, export_id: UUID, settings: BusinessCentralConfig) -> None:
        self.order, self.export_id, self.settings = without(order, settings.left_out), export_id, settings
        self.values = Values(PlainLetters("a Business Central field"))
        self.countries = Countries(settings.countries)

    def entity(self) -> Entity:
        check_expressible(self.order, self.values)
        return self._head() | {"salesOrderLines": [*self._notes(), *self._lines(), *self._charges()]}

    def _head(self) -> Entity:
        order, settings = self.order, self.settings
        return filled({
            "externalDocumentNumber": reference_of(order, self.export_id, settings),
            "customerNumber": customer_of(order),
            "orderDate": order.order_date,
            "requestedDeliveryDate": self._requested(order),
            "currencyCode": self.values.needed(order.currency, 10, "currency"),
            "pricesIncludeTax": False,  # whatever the customer's card says: an order's prices are net
            "paymentTermsId": self._id_of(order.payment_terms, settings.payment_terms, "payment_terms",
                                          "Payment terms"),
            "shipmentMethodId": self._id_of(order.delivery_terms, settings.shipment_methods, "delivery_terms",
                                            "Delivery terms"),
            **self._bill_to(),
            **self._ship_to(),
            "discountAmount": self._allowed(order.allowances, "allowances"),
        })  # fmt: skip

    def _id_of(self, text: str | None, ids: dict[str, UUID], field: str, setting: str) -> str:
        known = {name: str(value) for name, value in ids.items()}
        return self.values.coded(" ".join(self.values.lines(text)), known, field, setting)

    def _requested(self, of: DraftOrder | DraftOrderLine) -> date | None:
        for name, _ in dates_of(of):
            if name != "requested":
                raise self._no_place(f"{name}_delivery_date")
        return of.requested_delivery_date

    def _no_place(self, field: str) -> RejectedError:
        hint = f"Add {field} to 'Left out' of the connection, or correct the order; then push again."
        return self.values.refusal(field, "has no place in Business Central's sales order", "NO_PLACE_IN_FORMAT", hint)

    def _bill_to(self) -> Entity:
        party = self._party("bill_to")
        number = self.values.text(party.get("number_at_seller"), 20, party.field("number_at_seller"))
        if number:
            return {"billToCustomerNumber": number}  # and with it the address that Business Central has
        for name in party.values:
            if party.get(name):
                raise self._no_place(party.field(name))
        return {}

    def _ship_to(self) -> Entity:
        party, values = self._party("ship_to"), self.values
        for name in party.values:
            if name not in {*SHIP_TO, "street", "country", "country_code"} and party.get(name):
                raise self._no_place(party.field(name))
        street = values.lines(party.get("street"))
        first, second = street if len(street) == 2 else (" ".join(street), "")
        written = {key: values.text(party.get(name), most, party.field(name)) for name, (key, most) in SHIP_TO.items()}
        return written | {
            "shipToAddressLine1": values.text(first, 100, party.field("street")),
            "shipToAddressLine2": values.text(second, 50, party.field("street")),
            "shipToCountry": values.coded(party.country, self.countries, party.field("country"), "Countries"),
        }

    def _party(self, role: str) -> Party:
        given = getattr(self.order, role) or {}
        return Party(role, {name: value for name, value in given.items() if f"{role}.{name}" not in
                            self.settings.left_out})  # fmt: skip

    def _notes(self) -> list[Entity]:
        """Return the notes above all lines; their pieces come back joined by blanks."""
        pieces = self.values.pieces(self.order.notes, TEXT, LINE_STEP - 1, "notes")
        return [_comment(number, piece) for number, piece in enumerate(pieces, 1)]

    def _lines(self) -> list[Entity]:
        return [written for line in self.order.lines for written in self.rows(line)]

    def rows(self, line: DraftOrderLine) -> list[Entity]:
        values = self.values
        values.line_no = line.line_no
        sequence = self._sequence(line)
        described = values.pieces(line.product_description, TEXT, LINE_STEP // 4, "product_description")
        item = filled({
            "sequence": sequence,
            "lineType": "Item",
            "lineObjectNumber": values.needed(line.internal_sku, 20, "internal_sku"),
            "description": described[0] if described else "",
            "description2": self._customers_number(line),
            "unitOfMeasureCode": self._unit(line),
            "quantity": self._number(values.given(line.qty, "qty"), "qty"),
            "unitPrice": None if line.unit_price is None else self._number(line.unit_price, "unit_price"),
            **self._discount(line),
            "shipmentDate": self._shipped_on(line),
        })  # fmt: skip
        more = [*described[1:], *values.pieces(line.line_notes, TEXT, LINE_STEP // 4, "line_notes")]
        comments = [_comment(sequence + number, text) for number, text in enumerate(more, 1)]
        charges = [
            self._charge(sequence + LINE_STEP // 2 + index, one, f"charges[{index}]")
            for index, one in enumerate(line.charges)
        ]
        values.line_no = None
        return [item, *comments, *charges]

    def _sequence(self, line: DraftOrderLine) -> int:
        if not 0 < line.line_no < MOST_LINE_NO:
            problem = f"is {line.line_no}, and Business Central counts to {MOST_LINE_NO - 1}"
            raise self.values.refusal("line_no", problem, "DOES_NOT_FIT")
        return line.line_no * LINE_STEP

    def _customers_number(self, line: DraftOrderLine) -> str:
        for field in ("gtin", "seller_article_number"):
            number = getattr(line, field)
            if number and number != line.internal_sku:
                raise self._no_place(field)
        number, other = line.customer_sku_raw, line.buyer_article_number
        if number and other and number != other:
            raise self._no_place("buyer_article_number")
        field = "customer_sku_raw" if number else "buyer_article_number"
        return self.values.text(number or other, SECOND_TEXT, field)

    def _unit(self, line: DraftOrderLine) -> str:
        unit = self.values.needed(line.uom, 40, "uom")
        known = self.settings.units.get(unit, unit)
        if len(known) > 10:
            hint = "Add it to 'Units' of the connection, or correct the order; then push again."
            problem = f"is {unit!r}, and Business Central's units have 10 characters"
            raise self.values.refusal("uom", problem, "CODE_UNKNOWN", hint)
        return known

    def _shipped_on(self, line: DraftOrderLine) -> date | None:
        """Return when a line is to leave, where it is wanted on another day than the order."""
        day = self._requested(line)
        if day is None or day == self.order.requested_delivery_date:
            return None
        return day - timedelta(days=self.settings.shipping_days)

    def _discount(self, line: DraftOrderLine) -> Entity:
        """Return what comes off a line: with a price nothing else does, whatever discounts the company grants."""
        percents = [one for one in line.allowances if one.amount is None]
        if percents and len(line.allowances) == 1:
            return {"discountPercent": self._number(percents[0].percent or Decimal(0), "allowances[0].percent")}
        amount = self._allowed(line.allowances, "allowances")
        if amount is None:
            return {} if line.unit_price is None else {"discountAmount": Decimal(0)}
        return {"discountAmount": amount}

    def _allowed(self, allowances: tuple[AllowanceCharge, ...], field: str) -> Decimal | None:
        """Return what allowances amount to. Raises RejectedError: one says a percentage alone."""
        amounts = [self._amount(one, f"{field}[{index}]") for index, one in enumerate(allowances)]
        return sum(amounts, Decimal(0)) if amounts else None

    def _charges(self) -> list[Entity]:
        last = max((line.line_no for line in self.order.lines), default=0) * LINE_STEP
        first = last + LINE_STEP - len(self.order.charges)
        return [self._charge(first + index, one, f"charges[{index}]") for index, one in enumerate(self.order.charges)]

    def _charge(self, sequence: int, one: AllowanceCharge, field: str) -> Entity:
        """Return a charge as a line on a G/L account."""
        code = self.values.needed(one.code, 10, f"{field}.code")
        account = self.values.coded(code, self.settings.charges, f"{field}.code", "Charges")
        return filled({
            "sequence": sequence,
            "lineType": "Account",
            "lineObjectNumber": account,
            "description": self.values.text(one.reason, TEXT, f"{field}.reason"),
            "quantity": Decimal(1),
            "unitPrice": self._amount(one, field),
            "discountAmount": Decimal(0),
        })  # fmt: skip

    def _amount(self, one: AllowanceCharge, field: str) -> Decimal:
        if one.amount is None:
            hint = "Give its amount, or leave it out; then push again."
            raise self.values.refusal(f"{field}.percent", "has no place beside others", "NO_PLACE_IN_FORMAT", hint)
        if not fits(one.amount, minor_units(self.order.currency or "")):
            problem = f"is {one.amount:f}, which Business Central would round"
            raise self.values.refusal(f"{field}.amount", problem, "DOES_NOT_FIT")
        return self._number(one.amount, f"{field}.amount")

    def _number(self, value: Decimal, field: str) -> Decimal:
        """Return a number without zeros at its end. Raises RejectedError: it has more digits than there are."""
        plain = Decimal(self.values.number(value, 17, field))
        if not fits(plain, DECIMALS):
            problem = f"is {plain:f}, and Business Central takes {DECIMALS} digits after the point"
            raise self.values.refusal(field, problem, "DOES_NOT_FIT")
        return plain


def _comment(sequence: int, text: str) -> Entity:
    return {"sequence": sequence, "lineType": "Comment", "description": text}
