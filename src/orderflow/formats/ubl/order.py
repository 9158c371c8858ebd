"""Order, OrderChange and OrderCancellation: an order, its change and its recall as UBL 2.1, plain or as Peppol has it.

Source: OASIS UBL 2.1, Peppol BIS Order 3 and Advanced Ordering 3 (transactions T01, T114, T115; code list UNCL 1229).
docs/connector-ubl.md has the table of fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from decimal import ROUND_HALF_UP, Decimal, localcontext

from orderflow.domain.delivery import Delivery
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import AllowanceCharge, DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind
from orderflow.formats.currencies import minor_units
from orderflow.formats.edi.changes import LineChange, change_number, lines_of
from orderflow.formats.edi.order import INCOTERM, check_expressible, dates_of, parties_of
from orderflow.formats.edi.values import Values
from orderflow.formats.ubl.codes import UNITS
from orderflow.formats.ubl.parties import ANY_LENGTH, Parties
from orderflow.formats.ubl.settings import UblSettings
from orderflow.formats.ubl.writing import XmlLetters, document, group, leaf

DOCUMENTS = {
    Kind.ORDER: ("Order", "order"),
    Kind.CHANGE: ("OrderChange", "order_change"),
    Kind.RECALL: ("OrderCancellation", "order_cancellation"),
}
CUSTOMIZATION = "urn:fdc:peppol.eu:poacc:trns:{}:3"
PROCESS = "urn:fdc:peppol.eu:poacc:bis:{}:3"
ACTIONS = {
    None: "",
    LineChange.ADDED: "1",
    LineChange.DELETED: "2",
    LineChange.CHANGED: "3",
    LineChange.UNCHANGED: "4",
}
PURCHASE_ORDER = "220"
GTIN = "0160"
CANCELLED = "The order is cancelled."

DIGITS = 40
"""Of a number: more than an order's can have."""

CENT = Decimal("0.01")
ROLES = {"buyer": "BuyerCustomerParty", "seller": "SellerSupplierParty", "bill_to": "AccountingCustomerParty"}


def write_order(order: DraftOrder, delivery: Delivery, settings: UblSettings) -> str:
    """Return the document.

    Raises:
        RejectedError: The order holds what the document cannot say, or lacks what Peppol needs; the field is named.
    """
    return _Order(order, delivery, settings).written()


class _Order:
    def __init__(self, order: DraftOrder, delivery: Delivery, settings: UblSettings) -> None:
        self.order, self.delivery, self.settings = order, delivery, settings
        self.values = Values(XmlLetters())
        self.parties = Parties(self.values, settings)
        self.units = UNITS | settings.units
        self.currency = self.values.needed(order.currency, 3, "currency", 3)

    def written(self) -> str:
        check_expressible(self.order, self.values)
        root, transaction = DOCUMENTS[self.delivery.kind]
        with localcontext(prec=60):
            head = [*self._identified(transaction), *self._parties()]
            if self.delivery.kind is not Kind.RECALL:
                head += [self._delivered(), *self._terms(), *self._adjustments(self.order)]
            lines = lines_of(self.order, self.delivery, self.values)
            return document(root, *head, *(self._line(line, ACTIONS[change]) for line, change in lines))

    def _identified(self, transaction: str) -> Iterable[str]:
        order, kind = self.order, self.delivery.kind
        is_order = kind is Kind.ORDER
        if self.settings.is_peppol:
            yield leaf("CustomizationID", CUSTOMIZATION.format(transaction))
            yield leaf("ProfileID", PROCESS.format(self.settings.process if is_order else "advanced_ordering"))
        else:
            yield leaf("UBLVersionID", "2.1")
        number = self.values.needed(order.external_order_number, ANY_LENGTH, "external_order_number")
        yield leaf("ID", number if is_order else change_number(self.delivery))
        pushed = self.delivery.requested_at.astimezone(UTC).date()
        yield leaf("IssueDate", ((order.order_date if is_order else None) or pushed).isoformat())
        yield leaf("OrderTypeCode", PURCHASE_ORDER if is_order else "")
        yield leaf("SequenceNumberID", str(self.delivery.control_number) if kind is Kind.CHANGE else "")
        if kind is Kind.RECALL:
            yield leaf("CancellationNote", CANCELLED)
        else:
            yield leaf("Note", self._text(order.notes, "notes"))
            yield leaf("DocumentCurrencyCode", self.currency)
        yield "" if is_order else group("OrderReference", leaf("ID", number))

    def _parties(self) -> Iterable[str]:
        """Yield the parties but the one that the goods go to; a recall needs those two only that it is between."""
        of_all = [party for party in parties_of(self.order, self.settings.seller) if party.role in ROLES]
        parties = of_all[:2] if self.delivery.kind is Kind.RECALL else of_all
        return (group(ROLES[party.role], self.parties.party(party)) for party in parties)

    def _delivered(self) -> str:
        """Return where, when and to whom it is to be delivered."""
        receivers = [party for party in parties_of(self.order, self.settings.seller) if party.role == "ship_to"]
        location, receiver = self.parties.receiver(receivers[0]) if receivers else ("", "")
        return group("Delivery", location, *self._periods(self.order), receiver)

    def _terms(self) -> Iterable[str]:
        terms = self._text(self.order.delivery_terms, "delivery_terms")
        known = INCOTERM.fullmatch(terms)
        place = group("DeliveryLocation", leaf("ID", known[2] or "")) if known else ""
        yield group("DeliveryTerms", leaf("ID", known[1]) if known else leaf("SpecialTerms", terms), place)
        yield group("PaymentTerms", leaf("Note", self._text(self.order.payment_terms, "payment_terms")))

    def _periods(self, of: DraftOrder | DraftOrderLine) -> Iterable[str]:
        """Yield when it is wanted, which is one period, and when it was promised, for which Peppol has none."""
        days = dict(dates_of(of))
        if not days:
            return
        bounds = {name: day.isoformat() for name, day in days.items() if name in ("earliest", "latest")}
        if "requested" in days and bounds:
            raise self._no_place("requested_delivery_date", "stands beside an earliest or latest date")
        if "promised" in days and self.settings.is_peppol:
            raise self._no_place("promised_delivery_date", "is given")
        for name, first, last in (("Requested", "earliest", "latest"), ("Promised", "", "")):
            day = days.get(name.lower())
            one = day.isoformat() if day else ""
            start, end = leaf("StartDate", bounds.get(first, one)), leaf("EndDate", bounds.get(last, one))
            yield group(f"{name}DeliveryPeriod", start, end)

    def _no_place(self, field: str, what: str) -> RejectedError:
        return self.values.refusal(field, f"{what}, for which the format has no place", "NO_PLACE_IN_FORMAT")

    def _adjustments(self, of: DraftOrder | DraftOrderLine) -> Iterable[str]:
        for kind, name, adjustments in (("false", "allowances", of.allowances), ("true", "charges", of.charges)):
            for index, one in enumerate(adjustments):
                yield self._adjustment(one, kind, f"{name}[{index}]")

    def _adjustment(self, one: AllowanceCharge, kind: str, field: str) -> str:
        values = self.values
        reason = self._text(one.reason, f"{field}.reason")
        if not reason and values.line_no is None and self.settings.is_peppol:
            raise values.refusal(f"{field}.reason", "is missing, and Peppol needs it", "FIELD_MISSING")
        amount = values.given(one.amount, f"{field}.amount")
        return group(
            "AllowanceCharge",
            leaf("ChargeIndicator", kind),
            leaf("AllowanceChargeReasonCode", self._text(one.code, f"{field}.code")),
            leaf("AllowanceChargeReason", reason),
            leaf("MultiplierFactorNumeric", self._factor(one.percent, f"{field}.percent")),
            self._amount("Amount", amount, f"{field}.amount"),
            "" if one.base_amount is None else self._amount("BaseAmount", one.base_amount, f"{field}.base_amount"),
        )

    def _factor(self, percent: Decimal | None, field: str) -> str:
        """Return a percentage: in Peppol as such, in plain UBL what the base is multiplied with."""
        if percent is None:
            return ""
        return self.values.number(percent if self.settings.is_peppol else percent.scaleb(-2), DIGITS, field)

    def _amount(self, name: str, amount: Decimal, field: str) -> str:
        places = minor_units(self.currency)
        places = min(places, 2) if self.settings.is_peppol else places
        if not amount.is_finite() or amount != round(amount, places):
            problem = f"is {amount:f}, and an amount in {self.currency} takes {places} decimals"
            raise self.values.refusal(field, problem, "DOES_NOT_FIT")
        return leaf(name, self.values.number(amount, DIGITS, field), currencyID=self.currency)

    def _line(self, line: DraftOrderLine, action: str) -> str:
        values, unit = self.values, self._unit(line)
        values.line_no = line.line_no
        quantity = values.number(values.given(line.qty, "qty"), DIGITS, "qty")
        return group(
            "OrderLine",
            leaf("Note", self._text(line.line_notes, "line_notes")),
            group(
                "LineItem",
                leaf("ID", str(line.line_no)),
                leaf("LineStatusCode", action),
                leaf("Quantity", quantity, unitCode=unit),
                self._total(line),
                group("Delivery", *self._periods(line)),
                *self._adjustments(line),
                self._price(line),
                self._item(line),
            ),
        )

    def _unit(self, line: DraftOrderLine) -> str:
        self.values.line_no = line.line_no
        unit = self.values.coded(line.uom, self.units, "uom", "Units")
        if not unit:
            raise self.values.refusal("uom", "is missing, and the format needs it", "FIELD_MISSING")
        return unit

    def _total(self, line: DraftOrderLine) -> str:
        """Return what the line costs, the one number that is calculated; Peppol takes it in hundredths."""
        if line.unit_price is None or line.qty is None:
            return ""
        total = line.qty * line.unit_price
        total += sum(one.amount for one in line.charges if one.amount)
        total -= sum(one.amount for one in line.allowances if one.amount)
        if self.settings.is_peppol:
            total = total.quantize(CENT, ROUND_HALF_UP)
        return leaf("LineExtensionAmount", self.values.number(total, 2 * DIGITS, "qty"), currencyID=self.currency)

    def _price(self, line: DraftOrderLine) -> str:
        if line.unit_price is None:
            return ""
        price = self.values.number(line.unit_price, DIGITS, "unit_price")
        return group("Price", leaf("PriceAmount", price, currencyID=self.currency))

    def _item(self, line: DraftOrderLine) -> str:
        """Return the article; each of its numbers has a place, those that say the same one place."""
        sku = self.values.needed(line.internal_sku, ANY_LENGTH, "internal_sku")
        buyers = self._text(line.buyer_article_number, "buyer_article_number")
        raw = self._text(line.customer_sku_raw, "customer_sku_raw")
        seller = self._text(line.seller_article_number, "seller_article_number")
        return group(
            "Item",
            leaf("Name", self._name(line, sku)),
            group("BuyersItemIdentification", leaf("ID", buyers or raw)),
            group("SellersItemIdentification", leaf("ID", sku)),
            group("StandardItemIdentification", leaf("ID", self._text(line.gtin, "gtin"), schemeID=GTIN)),
            _property("customer_sku_raw", raw if buyers and raw != buyers else ""),
            _property("seller_article_number", seller if seller != sku else ""),
        )

    def _name(self, line: DraftOrderLine, sku: str) -> str:
        name = self._text(line.product_description, "product_description")
        if not name and not self.settings.sku_as_name:
            hint = "Describe the article, or switch on 'Article number as name' of the connection; then push again."
            raise self.values.refusal(
                "product_description", "is missing, and an item must have a name", "FIELD_MISSING", hint
            )
        return name or sku

    def _text(self, text: str | None, field: str) -> str:
        return self.values.text(text, ANY_LENGTH, field)


def _property(name: str, value: str) -> str:
    return value and group("AdditionalItemProperty", leaf("Name", name), leaf("Value", value))
