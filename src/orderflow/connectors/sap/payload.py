"""An order as the sales order that SAP is to make of it: one entity with all that belongs to it (deep insert).

Source: "Sales Order (A2X, OData V2)", API_SALES_ORDER_SRV (help.sap.com, api.sap.com): names, lengths and decimals.
docs/connector-sap.md has the table of fields.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date
from decimal import Decimal
from uuid import UUID

from orderflow.connectors.sap.config import OrderSettings, SapODataConfig
from orderflow.connectors.sap.units import sap_unit
from orderflow.connectors.whole_orders import Entity, PlainLetters, filled, fits, without
from orderflow.domain.delivery import Delivery
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import AllowanceCharge, DraftOrder, DraftOrderLine
from orderflow.formats.currencies import minor_units
from orderflow.formats.edi.codes import Countries
from orderflow.formats.edi.order import INCOTERM, Party, check_expressible, dates_of
from orderflow.formats.edi.values import Values
from orderflow.http import odata

ITEM_STEP = 10
"""SAP counts items in tens, so that the parts of a set find room between two of them."""

PRICE_UNITS = (1, 10, 100, 1_000, 10_000)
"""For how many a price may be. SAP keeps prices with their currency's decimals: 0.0125 EUR is 1.25 EUR for 100."""

SHORT_TEXT = 40
"""Characters of an item's description; a longer one goes into a text."""

PARTY_FIELDS = {
    "contact": ("AddresseeFullName", 80), "street": ("StreetName", 60), "city": ("CityName", 40),
    "postal_code": ("PostalCode", 10), "phone": ("PhoneNumber", 30), "email": ("EmailAddress", 241),
}  # fmt: skip


def own_key(export_id: UUID) -> str:
    """Return the key by which SAP knows a delivery, in the 35 characters that a customer's reference has."""
    return export_id.hex.upper()


def write_order(order: DraftOrder, delivery: Delivery, settings: SapODataConfig) -> bytes:
    """Return the request's body.

    Raises:
        RejectedError: The order holds what SAP has no place for; the field is named.
    """
    return odata.encode(_ODataOrder(order, delivery, settings).entity(), 2)


def told(order: DraftOrder, settings: SapODataConfig) -> DraftOrder:
    """Return the order without what the connection leaves out."""
    return _ODataOrder(order, order.delivery, settings).order


def item_of(order: DraftOrder, line: DraftOrderLine, settings: SapODataConfig) -> Entity:
    """Return the entity that is made of a line of an order that SAP is told. Raises RejectedError, as `write_order`."""
    return _ODataOrder(order, order.delivery, settings)._item(line)  # noqa: SLF001  # of this module


class SapOrder(ABC):
    """An order as SAP's sales order, whichever way it goes there: its values checked, in SAP's words.

    A child says how the order is found again, and how a partner stands there.
    """

    settings: OrderSettings

    def __init__(self, order: DraftOrder, delivery: Delivery, settings: OrderSettings) -> None:
        self.order, self.delivery, self.settings = without(order, settings.left_out), delivery, settings
        self.values = Values(PlainLetters("an SAP field"))
        self.countries = Countries(settings.countries)

    @abstractmethod
    def references(self) -> Entity:
        """Return what the order is found by. Raises RejectedError."""

    @abstractmethod
    def partners(self) -> list[Entity]:
        """Return who gets goods and invoice. Raises RejectedError."""

    def entity(self) -> Entity:
        """Return the sales order. Raises RejectedError: the order holds what SAP has no place for."""
        check_expressible(self.order, self.values)
        order, values, settings = self.order, self.values, self.settings
        head: Entity = {
            "SalesOrderType": settings.order_type,
            "SalesOrganization": settings.sales_organization,
            "DistributionChannel": settings.distribution_channel,
            "OrganizationDivision": settings.division,
            "SoldToParty": self.sold_to(),
            **self.references(),
            "CustomerPurchaseOrderDate": order.order_date,
            "TransactionCurrency": values.needed(order.currency, 5, "currency"),
            "RequestedDeliveryDate": self._requested(order),
            "CustomerPaymentTerms": self._payment_terms(),
            **self._delivery_terms(),
            "to_Partner": self.partners(),
            "to_PricingElement": self._conditions(order),
            "to_Text": self._text(settings.note_text, order.notes, "notes"),
        }
        return filled(head) | {"to_Item": [self._item(line) for line in order.lines]}

    def sold_to(self) -> str:
        """Return the customer's number. Raises RejectedError."""
        number = self.order.customer.erp_customer_number if self.order.customer else None
        return self.values.needed(number, 10, "customer.erp_customer_number")

    def _requested(self, of: DraftOrder | DraftOrderLine) -> date | None:
        for name, _ in dates_of(of):
            if name != "requested":
                raise self.no_place(f"{name}_delivery_date")
        return of.requested_delivery_date

    def no_place(self, field: str) -> RejectedError:
        """Return why an order is refused that says what SAP has no place for."""
        hint = f"Add {field} to 'Left out' of the connection, or correct the order; then push again."
        return self.values.refusal(field, "has no place in SAP's sales order", "NO_PLACE_IN_FORMAT", hint)

    def _payment_terms(self) -> str:
        terms = " ".join(self.values.lines(self.order.payment_terms))
        if len(terms) <= 4 and terms.isalnum() and terms == terms.upper():  # SAP's own key
            return terms
        return self.values.coded(terms, self.settings.payment_terms, "payment_terms", "Payment terms")

    def _delivery_terms(self) -> Entity:
        terms = " ".join(self.values.lines(self.order.delivery_terms))
        known = INCOTERM.fullmatch(terms)
        if known is None:
            code = self.values.coded(terms, self.settings.incoterms, "delivery_terms", "Delivery terms")
            return {"IncotermsClassification": code}
        place = self.values.text(known[2], 70, "delivery_terms")
        return {"IncotermsClassification": known[1], "IncotermsLocation1": place}

    def _text(self, text_id: str, text: str | None, field: str) -> list[Entity]:
        """Return a text whole, each of its lines as one."""
        lines = self.values.pieces(text, 1_000_000, 100_000, field) if text else []
        whole = {"Language": self.settings.language, "LongTextID": text_id, "LongText": "\n".join(lines)}
        return [whole] if lines else []

    def _item(self, line: DraftOrderLine) -> Entity:
        values = self.values
        values.line_no = line.line_no
        unit = sap_unit(values.needed(line.uom, 40, "uom"), self.settings.units)
        self._check_unit(line, unit)
        quantity = self._decimal(values.given(line.qty, "qty"), 12, 3, "qty")
        described = values.lines(line.product_description)
        is_short = len(described) < 2 and len("".join(described)) <= SHORT_TEXT
        description = values.text("".join(described), SHORT_TEXT, "product_description") if is_short else ""
        longer = None if is_short else line.product_description
        notes = "\n".join(text for text in (longer, line.line_notes) if text)
        return filled({
            "SalesOrderItem": self._item_number(line),
            "Material": values.needed(line.internal_sku, 40, "internal_sku"),
            "MaterialByCustomer": self._customers_number(line),
            "SalesOrderItemText": description,
            "RequestedQuantity": quantity,
            "RequestedQuantityUnit": unit,
            "to_PricingElement": [*self._price(line, unit), *self._conditions(line)],
            "to_ScheduleLine": self._schedule(line, quantity, unit),
            "to_Text": self._text(self.settings.line_text, notes, "line_notes"),
        })  # fmt: skip

    def _item_number(self, line: DraftOrderLine) -> str:
        number = line.line_no * ITEM_STEP
        if not 0 < number < 1_000_000:
            raise self.values.refusal("line_no", f"is {line.line_no}, and SAP counts to 99999", "DOES_NOT_FIT")
        return str(number)

    def _check_unit(self, line: DraftOrderLine, unit: str) -> None:
        if len(unit) > 3:
            hint = "Add it to 'Units' of the connection, or correct the order; then push again."
            raise self.values.refusal("uom", f"is {line.uom!r}, and SAP's units have 3 letters", "CODE_UNKNOWN", hint)

    def _customers_number(self, line: DraftOrderLine) -> str:
        for field in ("gtin", "seller_article_number"):
            number = getattr(line, field)
            if number and number != line.internal_sku:
                raise self.no_place(field)
        number, other = line.customer_sku_raw, line.buyer_article_number
        if number and other and number != other:
            raise self.no_place("buyer_article_number")
        return self.values.text(number or other, 35, "customer_sku_raw" if number else "buyer_article_number")

    def _price(self, line: DraftOrderLine, unit: str) -> list[Entity]:
        """Return the price as a condition, for as many as it needs to have no more decimals than its currency."""
        condition, price = self.settings.price_condition, line.unit_price
        if not condition or price is None:
            return []
        places = minor_units(self.order.currency or "")
        per = next((n for n in PRICE_UNITS if fits(price * n, places)), 0)
        if not per:
            raise self.values.refusal("unit_price", f"is {price:f}, which SAP would round", "DOES_NOT_FIT")
        return [{
            "ConditionType": condition,
            "ConditionRateValue": self._decimal(price * per, 15, 9, "unit_price"),
            "ConditionCurrency": self.order.currency,
            "ConditionQuantity": Decimal(per),
            "ConditionQuantityUnit": unit,
        }]  # fmt: skip

    def _conditions(self, of: DraftOrder | DraftOrderLine) -> list[Entity]:
        given = [(-1, "allowances", of.allowances), (1, "charges", of.charges)]
        return [
            self._condition(sign, one, f"{name}[{index}]")
            for sign, name, some in given
            for index, one in enumerate(some)
        ]

    def _condition(self, sign: int, one: AllowanceCharge, field: str) -> Entity:
        """Return an allowance, below 0, or a charge: its amount where it says one, else its percentage."""
        code = self.values.needed(one.code, 10, f"{field}.code")
        kind = self.values.coded(code, self.settings.conditions, f"{field}.code", "Allowances and charges")
        if one.amount is None:
            rate = self._decimal(sign * (one.percent or Decimal(0)), 15, 9, f"{field}.percent")
            return {"ConditionType": kind, "ConditionRateValue": rate}
        if not fits(one.amount, minor_units(self.order.currency or "")):
            raise self.values.refusal(f"{field}.amount", f"is {one.amount:f}, which SAP would round", "DOES_NOT_FIT")
        rate = self._decimal(sign * one.amount, 15, 9, f"{field}.amount")
        return {"ConditionType": kind, "ConditionRateValue": rate, "ConditionCurrency": self.order.currency}

    def _schedule(self, line: DraftOrderLine, quantity: Decimal, unit: str) -> list[Entity]:
        """Return the day on which a line is wanted, where it is another one than the order's."""
        day = self._requested(line)
        if day is None or day == self.order.requested_delivery_date:
            return []
        return [{
            "ScheduleLine": "1",
            "RequestedDeliveryDate": day,
            "ScheduleLineOrderQuantity": self._decimal(quantity, 10, 3, "qty"),
            "OrderQuantityUnit": unit,
        }]  # fmt: skip

    def _decimal(self, value: Decimal, whole: int, places: int, field: str) -> Decimal:
        """Return a number without zeros at its end. Raises RejectedError: SAP's field has not so many digits."""
        plain = Decimal(self.values.number(value, whole + places, field))
        if abs(plain) >= Decimal(10) ** whole or not fits(plain, places):
            problem = f"is {plain:f}, and SAP takes {whole} digits before and {places} after the point"
            raise self.values.refusal(field, problem, "DOES_NOT_FIT")
        return plain


class _ODataOrder(SapOrder):
    settings: SapODataConfig

    def references(self) -> Entity:
        if self.settings.reference_in == "customer_reference":
            number = self.values.needed(self.order.external_order_number, 35, "external_order_number")
            return {"PurchaseOrderByCustomer": number}
        number = self.values.text(self.order.external_order_number, 35, "external_order_number")
        own = own_key(self.delivery.export_id)
        return {"PurchaseOrderByCustomer": number, "PurchaseOrderByShipToParty": own}

    def partners(self) -> list[Entity]:
        functions = {"ship_to": self.settings.ship_to_function, "bill_to": self.settings.bill_to_function}
        return [
            partner
            for role, function in functions.items()
            if (given := getattr(self.order, role)) and (partner := self._partner(function, Party(role, given)))
        ]

    def _partner(self, function: str, party: Party) -> Entity | None:
        left_out = {name for name in party.values if party.field(name) in self.settings.left_out}
        party = Party(party.role, {name: value for name, value in party.values.items() if name not in left_out})
        if number := self.values.text(party.get("number_at_seller"), 10, party.field("number_at_seller")):
            return {"PartnerFunction": function, "Customer": number}  # and with it the address that SAP has
        for name in party.values:
            known = name in {*PARTY_FIELDS, "name", "region", "country", "country_code", "vat", "endpoint"}
            if not known and party.get(name):
                raise self.no_place(party.field(name))
        address = self._address(party)
        vat = self.values.text(party.get("vat"), 20, party.field("vat"))
        if not address and not vat:
            return None
        return filled({"PartnerFunction": function, "Customer": self.sold_to(), "VATRegistration": vat,
                        "to_Address": [address] if address else []})  # fmt: skip

    def _address(self, party: Party) -> Entity:
        values, field = self.values, party.field
        names = values.pieces(party.get("name"), 40, 4, field("name"))
        region = party.get("region")
        return filled({
            **{f"OrganizationName{number}": name for number, name in enumerate(names, 1)},
            **{key: values.text(party.get(name), most, field(name)) for name, (key, most) in PARTY_FIELDS.items()},
            "Country": values.coded(party.country, self.countries, field("country"), "Countries"),
            "Region": values.text(self.settings.regions.get(region or "", region), 3, field("region")),
        })  # fmt: skip
