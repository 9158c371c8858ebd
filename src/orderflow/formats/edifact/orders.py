"""ORDERS and ORDCHG: an order, its change and its recall as EDIFACT messages of D.96A or EANCOM, one an interchange.

Source: UN/EDIFACT directory D.96A (messages ORDERS and ORDCHG), EANCOM 1997; code lists 1225 and 1229.
docs/connector-edifact.md has the table of fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date

from orderflow.domain.delivery import Delivery
from orderflow.domain.orders import AllowanceCharge, DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind
from orderflow.formats.edi.changes import LineChange, change_number, lines_of, ordered_on
from orderflow.formats.edi.codes import REC_20, Countries
from orderflow.formats.edi.order import INCOTERM, Party, check_expressible, dates_of, numbers_of, parties_of
from orderflow.formats.edi.segments import Marks, SegmentWriter
from orderflow.formats.edi.settings import LINE_ENDS
from orderflow.formats.edi.values import Values
from orderflow.formats.edifact.letters import EdifactLetters
from orderflow.formats.edifact.settings import EdifactSettings

MESSAGES = {
    Kind.ORDER: ("ORDERS", "220", "9"),
    Kind.CHANGE: ("ORDCHG", "230", "4"),
    Kind.RECALL: ("ORDCHG", "230", "1"),
}
"""The message, and BGM's name and function."""

ACTIONS = {
    None: "",
    LineChange.ADDED: "1",
    LineChange.DELETED: "2",
    LineChange.CHANGED: "3",
    LineChange.UNCHANGED: "4",
}
ROLES = {"buyer": "BY", "seller": "SU", "ship_to": "DP", "bill_to": "IV"}
AGENCIES = {"gln": "9", "duns": "16", "number_at_seller": "91", "number_at_buyer": "92"}
REFERENCES = {"vat": "VA", "number_at_seller": "IT", "number_at_buyer": "IA"}
DATES = {"requested": "2", "earliest": "64", "latest": "63", "promised": "69"}
ARTICLES = {"sku": "SA", "customer_sku": "IN", "buyer": "BP", "seller": "VP"}


def write_orders(order: DraftOrder, delivery: Delivery, settings: EdifactSettings) -> str:
    """Return the interchange.

    Raises:
        RejectedError: The order holds what the message cannot say; the field is named.
    """
    return _Orders(order, delivery, settings).written()


class _Orders:
    def __init__(self, order: DraftOrder, delivery: Delivery, settings: EdifactSettings) -> None:
        self.order, self.delivery, self.settings = order, delivery, settings
        self.values = Values(EdifactLetters(settings.letters, settings.syntax_version), settings.decimal_mark)
        self.out = SegmentWriter(Marks("+", ":", "'", "?"), LINE_ENDS[settings.line_breaks])
        self.units = REC_20 | settings.units
        self.countries = Countries(settings.countries)

    def written(self) -> str:
        check_expressible(self.order, self.values)
        reference = str(self.delivery.control_number)
        self._open(reference)
        before = len(self.out.written)
        self._header(reference)
        lines = list(lines_of(self.order, self.delivery, self.values))
        for line, change in lines:
            self._line(line, ACTIONS[change])
        self.out.add("UNS", "S")
        self.out.add("CNT", self.out.of("2", str(len(lines))))
        self.out.add("UNT", str(len(self.out.written) - before + 1), reference)
        self.out.add("UNZ", "1", reference)
        return self._advice() + self.out.text()

    def _advice(self) -> str:
        repeats = "*" if self.settings.syntax_version == "4" else " "
        advice = f"UNA:+{self.settings.decimal_mark}?{repeats}'"
        return advice + LINE_ENDS[self.settings.line_breaks] if self.settings.una else ""

    def _open(self, reference: str) -> None:
        settings, of = self.settings, self.out.of
        moment = self.delivery.requested_at.astimezone(UTC)
        century = "%Y" if settings.syntax_version == "4" else "%y"
        self.out.add(
            "UNB",
            of(settings.letters, settings.syntax_version),
            of(self._setting(settings.sender, "sender"), settings.sender_qualifier),
            of(self._setting(settings.receiver, "receiver"), settings.receiver_qualifier),
            of(moment.strftime(f"{century}%m%d"), moment.strftime("%H%M")),
            reference,
            "",
            settings.application_reference,
            "",
            "1" if settings.request_contrl else "",
            settings.agreement,
            "1" if settings.test else "",
        )

    def _setting(self, text: str, name: str) -> str:
        return self.values.text(text, 35, f"setting {name}")

    def _header(self, reference: str) -> None:
        order, values, of = self.order, self.values, self.out.of
        is_order = self.delivery.kind is Kind.ORDER
        message, name, function = MESSAGES[self.delivery.kind]
        version = ("D", "96A", "UN", "EAN008") if self.settings.profile == "EANCOM" else ("D", "96A", "UN")
        number = values.needed(order.external_order_number, 35, "external_order_number")
        self.out.add("UNH", reference, of(message, *version))
        self.out.add("BGM", name, number if is_order else change_number(self.delivery), function)
        ordered, pushed = ordered_on(order, self.delivery), self.delivery.requested_at.astimezone(UTC).date()
        self._date("137", ordered if is_order else pushed)
        self._date("4", None if is_order else ordered)
        is_recall = self.delivery.kind is Kind.RECALL
        if is_recall:
            self._texts("CHG", self.delivery.reason, "reason")
        else:
            self._wishes()
        if not is_order:
            self.out.add("RFF", of("ON", number))
        for party in parties_of(order, {"number_at_seller": self.settings.supplier or self.settings.receiver}):
            self._party(party)
        self.out.add("CUX", of("2", values.needed(order.currency, 3, "currency", 3), "9"))
        if not is_recall:
            self._delivery_terms()
            self._adjustments(order)

    def _wishes(self) -> None:
        order = self.order
        self._dates(order)
        self._texts("AAI", order.notes, "notes")
        self._texts("PMT", order.payment_terms, "payment_terms")

    def _date(self, qualifier: str, day: date | None) -> None:
        if day is not None:
            self.out.add("DTM", self.out.of(qualifier, self.values.date(day), "102"))

    def _dates(self, of: DraftOrder | DraftOrderLine) -> None:
        for name, day in dates_of(of):
            self._date(DATES[name], day)

    def _texts(self, subject: str, text: str | None, field: str) -> None:
        """Write a free text, each of its lines in segments of its own, with five pieces at most."""
        if not text:
            return
        lines = [self.values.pieces(line, 70, 5 * 99, field) for line in self.values.lines(text)]
        segments = [line[start : start + 5] for line in lines for start in range(0, len(line), 5)]
        if len(segments) > 99:
            raise self.values.refusal(field, "has more lines than the 99 that the format takes", "DOES_NOT_FIT")
        for pieces in segments:
            self.out.add("FTX", subject, "", "", self.out.of(*pieces))

    def _party(self, party: Party) -> None:
        values, of, field = self.values, self.out.of, party.field
        scheme, number = party.identified_by(AGENCIES)
        self.out.add(
            "NAD",
            ROLES[party.role],
            of(values.text(number, 35, field(scheme)), "", AGENCIES[scheme]) if number else "",
            "",
            of(*values.pieces(party.get("name"), 35, 5, field("name"))),
            of(*values.pieces(party.get("street"), 35, 3, field("street"))),
            values.text(party.get("city"), 35, field("city")),
            values.text(self._region(party.get("region")), 9, field("region")),
            values.text(party.get("postal_code"), 9, field("postal_code")),
            values.coded(party.country, self.countries, field("country"), "Countries"),
        )
        for other, reference in REFERENCES.items():
            if other != scheme and (number := party.get(other)):
                self.out.add("RFF", of(reference, values.text(number, 35, field(other))))
        self._contact(party)
        if scheme != "duns" and (duns := party.get("duns")):  # no reference is for it: the party once more, by it
            self.out.add("NAD", ROLES[party.role], of(values.text(duns, 35, field("duns")), "", AGENCIES["duns"]))
        party.check_said(values, {*AGENCIES, *REFERENCES})

    def _region(self, name: str | None) -> str | None:
        return self.settings.regions.get(name or "", name)

    def _contact(self, party: Party) -> None:
        values, field = self.values, party.field
        ways = [(kind, name) for kind, name in (("TE", "phone"), ("EM", "email")) if party.get(name)]
        contact = values.text(party.get("contact"), 35, field("contact"))
        if contact or ways:
            self.out.add("CTA", "IC", self.out.of("", contact))
        for kind, name in ways:
            self.out.add("COM", self.out.of(values.text(party.get(name), 512, field(name)), kind))

    def _delivery_terms(self) -> None:
        terms = " ".join(self.values.lines(self.order.delivery_terms))
        if not terms:
            return
        known = INCOTERM.fullmatch(terms)
        code, text = (known[1], known[2] or "") if known else ("", terms)
        pieces = self.values.pieces(text, 70, 2, "delivery_terms")
        self.out.add("TOD", "6", "", self.out.of(code, "", "", *pieces))

    def _adjustments(self, of: DraftOrder | DraftOrderLine) -> None:
        self._each(of.allowances, "A", "allowances")
        self._each(of.charges, "C", "charges")

    def _each(self, adjustments: Iterable[AllowanceCharge], kind: str, name: str) -> None:
        values, out = self.values, self.out
        for index, one in enumerate(adjustments):
            field = f"{name}[{index}]"
            code = values.text(one.code, 3, f"{field}.code")
            reason = values.pieces(one.reason, 35, 2, f"{field}.reason")
            by_code = (out.of("", code), "") if kind == "A" else ("", code)
            out.add("ALC", kind, by_code[0], "", "", out.of(by_code[1], "", "", *reason))
            if one.percent is not None:
                out.add("PCD", out.of("1" if kind == "A" else "2", values.number(one.percent, 10, f"{field}.percent")))
            for qualifier, amount, part in (("8", one.amount, "amount"), ("25", one.base_amount, "base_amount")):
                if amount is not None:
                    out.add("MOA", out.of(qualifier, values.number(amount, 18, f"{field}.{part}")))

    def _line(self, line: DraftOrderLine, action: str) -> None:
        values, out = self.values, self.out
        values.line_no = line.line_no
        self._articles(line, action)
        for pieces in _in_twos(values.pieces(line.product_description, 35, 2 * 99, "product_description")):
            out.add("IMD", "F", "", out.of("", "", "", *pieces))
        quantity = values.number(values.given(line.qty, "qty"), 15, "qty")
        out.add("QTY", out.of("21", quantity, values.coded(line.uom, self.units, "uom", "Units")))
        self._dates(line)
        self._texts("AAI", line.line_notes, "line_notes")
        if line.unit_price is not None:
            out.add("PRI", out.of("AAA", values.number(line.unit_price, 15, "unit_price")))
        self._adjustments(line)

    def _articles(self, line: DraftOrderLine, action: str) -> None:
        """Write LIN and PIA: the GTIN first, if there is one; without it the supplier's number."""
        values, out = self.values, self.out
        values.needed(line.internal_sku, 35, "internal_sku")
        numbers = [out.of(values.text(number, 35, field), ARTICLES[kind]) for kind, field, number in numbers_of(line)]
        if line.gtin:
            main = out.of(values.text(line.gtin, 35, "gtin"), "UP" if len(line.gtin) == 12 else "EN")
        else:
            main = "" if self.settings.profile == "EANCOM" else numbers.pop(0)
        out.add("LIN", values.number(line.line_no, 6, "line_no"), action, main)
        if numbers and not main:
            out.add("PIA", "5", numbers.pop(0))
        if numbers:
            out.add("PIA", "1", *numbers)


def _in_twos(pieces: list[str]) -> Iterable[list[str]]:
    return (pieces[start : start + 2] for start in range(0, len(pieces), 2))
