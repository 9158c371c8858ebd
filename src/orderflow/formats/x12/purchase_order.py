"""850 and 860: an order, its change and its recall as X12 transaction sets of 004010 or 005010, one an interchange.

Source: ASC X12 004010 and 005010; data elements 353 (purpose) and 670 (change of a line). docs/connector-x12.md has the
table of fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from orderflow.domain.delivery import Delivery
from orderflow.domain.orders import AllowanceCharge, DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind
from orderflow.formats.edi.changes import LineChange, change_number, lines_of, ordered_on
from orderflow.formats.edi.codes import X12_355, Countries
from orderflow.formats.edi.order import INCOTERM, Party, check_expressible, dates_of, numbers_of, parties_of
from orderflow.formats.edi.segments import SegmentWriter
from orderflow.formats.edi.settings import LINE_ENDS
from orderflow.formats.edi.values import Values
from orderflow.formats.x12.letters import X12Letters
from orderflow.formats.x12.settings import X12Settings

SETS = {Kind.ORDER: ("850", "PO", "00"), Kind.CHANGE: ("860", "PC", "04"), Kind.RECALL: ("860", "PC", "01")}
"""The set, the group's code, and the purpose."""

CHANGES = {LineChange.ADDED: "AI", LineChange.CHANGED: "CA", LineChange.UNCHANGED: "NC", LineChange.DELETED: "DI"}
ROLES = {"buyer": "BY", "seller": "SE", "ship_to": "ST", "bill_to": "BT"}
SCHEMES = {"gln": "UL", "duns": "1", "number_at_seller": "91", "number_at_buyer": "92"}
REFERENCES = {"vat": "VX", "number_at_seller": "IT", "number_at_buyer": "IA"}
DATES = {"requested": "002", "earliest": "064", "latest": "063", "promised": "069"}
ARTICLES = {"sku": "VP", "customer_sku": "BP", "buyer": "IN", "seller": "VN"}
GTINS = {12: "UP", 13: "EN", 14: "UK"}

MOST_DOCUMENTS = 999_999_999
"""Control numbers have 9 digits."""


def write_purchase_order(order: DraftOrder, delivery: Delivery, settings: X12Settings) -> str:
    """Return the interchange.

    Raises:
        RejectedError: The order holds what the set cannot say; the field is named.
    """
    return _PurchaseOrder(order, delivery, settings).written()


class _PurchaseOrder:
    def __init__(self, order: DraftOrder, delivery: Delivery, settings: X12Settings) -> None:
        self.order, self.delivery, self.settings = order, delivery, settings
        marks = settings.marks
        separators = marks.element + marks.component + marks.segment + settings.repetition
        self.values = Values(X12Letters(settings.encoding, separators))
        self.out = SegmentWriter(marks, LINE_ENDS[settings.line_breaks])
        self.units = X12_355 | settings.units
        self.countries = Countries(settings.countries)
        self.set, self.group, self.purpose = SETS[delivery.kind]
        self.reference_length = 30 if settings.version == "004010" else 50

    def written(self) -> str:
        check_expressible(self.order, self.values)
        number = self.delivery.control_number
        if number > MOST_DOCUMENTS:
            raise self.values.refusal("control number", f"is {number}, and X12 has 9 digits for it", "DOES_NOT_FIT")
        self._open(number)
        before = len(self.out.written)
        self.out.add("ST", self.set, f"{number:04}")
        self._header()
        lines = list(lines_of(self.order, self.delivery, self.values))
        for line, change in lines:
            self._line(line, change)
        self.out.add("CTT", str(len(lines)))
        self.out.add("SE", str(len(self.out.written) - before + 1), f"{number:04}")
        self.out.add("GE", "1", str(number))
        self.out.add("IEA", "1", f"{number:09}")
        return self.out.text()

    def _open(self, number: int) -> None:
        settings = self.settings
        moment = self.delivery.requested_at.astimezone(UTC)
        sender, receiver = (self._setting(code, "of the application") for code in settings.codes)
        self.out.add(
            "ISA", "00", " " * 10, "00", " " * 10,
            settings.sender_qualifier, f"{self._setting(settings.sender, 'sender'):15}",
            settings.receiver_qualifier, f"{self._setting(settings.receiver, 'receiver'):15}",
            moment.strftime("%y%m%d"), moment.strftime("%H%M"), settings.repetition or "U",
            settings.version[:5], f"{number:09}", "1" if settings.request_ta1 else "0", "T" if settings.test else "P",
            settings.marks.component,
        )  # fmt: skip
        self.out.add(
            "GS", self.group, sender, receiver, moment.strftime("%Y%m%d"), moment.strftime("%H%M"), str(number), "X",
            settings.version + settings.industry,
        )  # fmt: skip

    def _setting(self, text: str, name: str) -> str:
        return self.values.text(text, 15, f"setting {name}")

    def _header(self) -> None:
        order, values = self.order, self.values
        self._begin()
        self.out.add("CUR", "BY", values.needed(order.currency, 3, "currency", 3))
        if self.delivery.kind is not Kind.RECALL:
            self._terms()
        for party in parties_of(order, {"number_at_seller": self.settings.supplier or self.settings.receiver}):
            self._party(party)

    def _terms(self) -> None:
        order, values = self.order, self.values
        self._delivery_terms()
        self._adjustments(order)
        for terms in values.pieces(order.payment_terms, 80, 5, "payment_terms"):
            self.out.add("ITD", *[""] * 11, terms)
        self._dates(order)
        self._notes(order.notes, "notes")

    def _begin(self) -> None:
        """Write BEG; or BCH, whose number of the change its answer repeats."""
        order, values, kind = self.order, self.values, self.settings.order_type
        number = values.needed(order.external_order_number, 22, "external_order_number")
        ordered = values.date(ordered_on(order, self.delivery))
        if self.delivery.kind is Kind.ORDER:
            self.out.add("BEG", self.purpose, kind, number, "", ordered)
            return
        change = values.text(change_number(self.delivery), 8, "number of the change")
        asked = values.date(self.delivery.requested_at.astimezone(UTC).date())
        self.out.add("BCH", self.purpose, kind, number, "", change, ordered, "", "", "", "", asked)

    def _delivery_terms(self) -> None:
        terms = " ".join(self.values.lines(self.order.delivery_terms))
        if not terms:
            return
        known = INCOTERM.fullmatch(terms)
        text = self.values.text(known[2] if known else terms, 80, "delivery_terms")
        if known:
            self.out.add("FOB", "DF", "", "", "01", known[1], "ZZ" if text else "", text)
        else:
            self.out.add("FOB", "DF", "ZZ", text)

    def _dates(self, of: DraftOrder | DraftOrderLine) -> None:
        for name, day in dates_of(of):
            self.out.add("DTM", DATES[name], self.values.date(day))

    def _notes(self, text: str | None, field: str) -> None:
        """Write a free text behind a reference to notes, each of its lines by itself."""
        pieces = self.values.pieces(text, 264, 1_000, field) if text else []
        if pieces:
            self.out.add("N9", "L1", "NOTES")
        for piece in pieces:
            self.out.add("MSG", piece)

    def _party(self, party: Party) -> None:
        values, out, field, role = self.values, self.out, party.field, ROLES[party.role]
        scheme, number = party.identified_by(SCHEMES)
        name, *more = values.pieces(party.get("name"), 60, 5, field("name")) or [""]
        if not name and not number:
            raise values.refusal(field("name"), "is missing, and the format needs it", "FIELD_MISSING")
        identified = [SCHEMES[scheme], values.text(number, 80, field(scheme), 2)] if number else []
        out.add("N1", role, name, *identified)
        self._in_pairs("N2", more)
        self._in_pairs("N3", values.pieces(party.get("street"), 55, 4, field("street")))
        self._place(party)
        for other, reference in REFERENCES.items():
            if other != scheme and (value := party.get(other)):
                out.add("REF", reference, values.text(value, self.reference_length, field(other)))
        self._contact(party)
        if scheme != "duns" and (duns := party.get("duns")):  # no reference is for it: the party once more, by it
            out.add("N1", role, "", "1", values.text(duns, 80, field("duns")))
        party.check_said(values, {*SCHEMES, *REFERENCES})

    def _in_pairs(self, tag: str, pieces: list[str]) -> None:
        for start in range(0, len(pieces), 2):
            self.out.add(tag, *pieces[start : start + 2])

    def _place(self, party: Party) -> None:
        values, field = self.values, party.field
        region = values.text(party.get("region"), 30, field("region"))
        is_code = len(region) == 2
        place = (
            values.text(party.get("city"), 30, field("city"), 2),
            region if is_code else "",
            values.text(party.get("postal_code"), 15, field("postal_code"), 3),
            values.coded(party.country, self.countries, field("country"), "Countries"),
            *(("SP", region) if region and not is_code else ()),
        )
        if any(place):
            self.out.add("N4", *place)

    def _contact(self, party: Party) -> None:
        values, field = self.values, party.field
        contact = values.text(party.get("contact"), 60, field("contact"))
        ways = [
            element
            for kind, name in (("TE", "phone"), ("EM", "email"))
            if (number := values.text(party.get(name), 80, field(name)))
            for element in (kind, number)
        ]
        if contact or ways:
            self.out.add("PER", "IC", contact, *ways)

    def _adjustments(self, of: DraftOrder | DraftOrderLine) -> None:
        self._each(of.allowances, "A", "allowances")
        self._each(of.charges, "C", "charges")

    def _each(self, adjustments: Iterable[AllowanceCharge], kind: str, name: str) -> None:
        values = self.values
        for index, one in enumerate(adjustments):
            field = f"{name}[{index}]"
            code = values.coded(
                values.needed(one.code, 10, f"{field}.code"), self.settings.adjustments, f"{field}.code",
                "Allowances and charges",
            )  # fmt: skip
            if one.base_amount is not None:
                raise values.refusal(f"{field}.base_amount", "has no place in the format", "NO_PLACE_IN_FORMAT")
            amount = "" if one.amount is None else values.in_hundredths(one.amount, 15, f"{field}.amount")
            percent = "" if one.percent is None else values.number(one.percent, 6, f"{field}.percent")
            reason = values.text(one.reason, 80, f"{field}.reason")
            self.out.add("SAC", kind, code, "", "", amount, "Z" if percent else "", percent, *[""] * 7, reason)

    def _line(self, line: DraftOrderLine, change: LineChange | None) -> None:
        values, out = self.values, self.out
        values.line_no = line.line_no
        number = values.number(line.line_no, 20, "line_no")
        quantity = values.number(values.given(line.qty, "qty"), 15, "qty")
        unit = values.coded(values.needed(line.uom, 40, "uom"), self.units, "uom", "Units")
        price = "" if line.unit_price is None else values.number(line.unit_price, 17, "unit_price")
        wanted = ["PO1", number, quantity] if change is None else ["POC", number, CHANGES[change], quantity, ""]
        out.add(*wanted, unit, price, "", *self._articles(line))
        for piece in values.pieces(line.product_description, 80, 200, "product_description"):
            out.add("PID", "F", "", "", "", piece)
        self._adjustments(line)
        self._dates(line)
        self._notes(line.line_notes, "line_notes")

    def _articles(self, line: DraftOrderLine) -> list[str]:
        """Return the article's numbers, each behind what it is; a GTIN of 8 digits gets zeros in front, as GS1 says."""
        self.values.needed(line.internal_sku, 48, "internal_sku")
        articles = [
            element
            for kind, field, number in numbers_of(line)
            for element in (ARTICLES[kind], self.values.text(number, 48, field))
        ]
        if line.gtin:
            gtin = self.values.text(line.gtin, 14, "gtin", 8)
            articles += [GTINS[len(gtin)], gtin] if len(gtin) in GTINS else ["UK", gtin.zfill(14)]
        return articles
