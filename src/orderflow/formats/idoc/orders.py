"""ORDERS and ORDCHG: an order as an IDoc of the type ORDERS05.

Source: SAP's documentation of ORDERS05 and of its qualifiers. docs/connector-idoc.md has the table of fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from decimal import Decimal
from functools import cached_property

from orderflow.domain.delivery import Delivery
from orderflow.domain.orders import AllowanceCharge, DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind
from orderflow.formats.currencies import minor_units
from orderflow.formats.edi.changes import LineChange, lines_of
from orderflow.formats.edi.codes import REC_20, Countries
from orderflow.formats.edi.order import INCOTERM, Party, check_expressible, dates_of, parties_of
from orderflow.formats.edi.settings import LINE_ENDS
from orderflow.formats.edi.values import Values
from orderflow.formats.idoc.document import Letters, Segment, as_flat, as_xml
from orderflow.formats.idoc.settings import IdocSettings
from orderflow.formats.idoc.structure import SEGMENTS

ROLES = {"buyer": "AG", "seller": "LF", "ship_to": "WE", "bill_to": "RE"}
FIELDS = {
    "number_at_seller": "PARTN", "number_at_buyer": "LIFNR", "gln": "ILNNR", "city": "ORT01", "postal_code": "PSTLZ",
    "phone": "TELF1", "contact": "BNAME",
}  # fmt: skip
TAX_NUMBERS = {"buyer": "KUNDEUINR", "seller": "EIGENUINR"}
ORGANIZATION = {"008": "sales_organization", "007": "distribution_channel", "006": "division", "012": "order_type"}

ORDERED_ON, REQUESTED = "012", "002"
CUSTOMERS_ORDER = "001"
OWN_ARTICLE = "002"
ARTICLES = {
    "customer_sku_raw": "001", "gtin": "003", "buyer_article_number": "001", "seller_article_number": OWN_ARTICLE,
}  # fmt: skip
LONGEST_NAME = SEGMENTS["E1EDP19"].fields["KTEXT"]
ADDED, CANCELLED = "001", "003"
ACTIONS = {
    None: ADDED,
    LineChange.ADDED: ADDED,
    LineChange.CHANGED: "002",
    LineChange.DELETED: CANCELLED,
    LineChange.UNCHANGED: "004",
}
"""What is to become of a line."""

REVERSED = "001"
"""What is to become of a whole document."""

PRICE_UNITS = (1, 10, 100, 1_000, 10_000)
"""For how many a price may be. SAP keeps prices with their currency's decimals: 0.0125 EUR is 1.25 EUR for 100."""


def write_order(order: DraftOrder, delivery: Delivery, settings: IdocSettings) -> bytes:
    """Return the IDoc: ORDERS, or of a change and a recall ORDCHG.

    Raises:
        RejectedError: The order holds what the IDoc cannot say; the field is named.
    """
    return _Order(order, delivery, settings).written()


class _Order:
    def __init__(self, order: DraftOrder, delivery: Delivery, settings: IdocSettings) -> None:
        self.order, self.delivery, self.settings = order, delivery, settings
        self.values = Values(Letters("XML" if settings.layout == "xml" else settings.encoding))
        self.units = REC_20 | settings.units
        self.countries = Countries(settings.countries)
        self._qualifiers: dict[str, str] = dict(settings.articles.items())
        self.recalls = delivery.kind is Kind.RECALL
        self.segments: list[Segment] = []

    def written(self) -> bytes:
        settings = self.settings
        check_expressible(self.order, self.values)
        self._header()
        for line, action in self._lines():
            self._line(line, action)
        if settings.layout == "xml":
            return as_xml(self._control(), self.segments).encode()
        text = as_flat(self._control(), self.segments, settings.segment_names, LINE_ENDS[settings.line_breaks])
        return text.encode(settings.encoding)

    def _lines(self) -> Iterable[tuple[DraftOrderLine, str]]:
        if self.recalls:
            return [(line, CANCELLED) for line in self.order.lines]
        return [(line, ACTIONS[change]) for line, change in lines_of(self.order, self.delivery, self.values)]

    def _control(self) -> dict[str, str]:
        settings, number = self.settings, self.delivery.control_number
        moment = self.delivery.requested_at.astimezone(UTC)
        return {
            "TABNAM": "EDI_DC40", "MANDT": settings.client, "DOCNUM": f"{number:016}", "DOCREL": settings.release,
            "DIRECT": "2", "TEST": "X" if settings.test else "", "IDOCTYP": "ORDERS05",
            "MESTYP": "ORDERS" if self.delivery.kind is Kind.ORDER else "ORDCHG", "MESCOD": settings.message_code,
            "MESFCT": settings.message_function,
            "SNDPOR": settings.sender_port, "SNDPRT": settings.sender_type, "SNDPRN": settings.sender,
            "RCVPOR": settings.receiver_port, "RCVPRT": settings.receiver_type, "RCVPRN": settings.receiver,
            "CREDAT": moment.strftime("%Y%m%d"), "CRETIM": moment.strftime("%H%M%S"),
            "ARCKEY": str(self.delivery.export_id),
        }  # fmt: skip

    def _add(self, segment_type: str, **values: str) -> Segment:
        self.segments.append(Segment(segment_type, values))
        return self.segments[-1]

    def _text(self, segment_type: str, name: str, value: str | None, field: str) -> str:
        return self.values.text(value, SEGMENTS[segment_type].fields[name], field)

    def _number(self, segment_type: str, name: str, value: Decimal | int, field: str) -> str:
        width = SEGMENTS[segment_type].fields[name]
        written = self.values.number(value, width, field)
        if len(written) > width:
            raise self.values.refusal(field, f"is {written}, and the format takes {width} characters", "DOES_NOT_FIT")
        return written

    def _header(self) -> None:
        order, values, settings = self.order, self.values, self.settings
        number = values.needed(order.external_order_number, 35, "external_order_number")
        parties = list(parties_of(order, {"number_at_seller": settings.supplier}))
        self._add(
            "E1EDK01",
            ACTION=REVERSED if self.recalls else "",
            CURCY=values.needed(order.currency, 3, "currency", 3),
            ZTERM=self._payment_terms(),
            **self._tax_numbers(parties),
            BELNR=number,
        )
        for qualifier, name in ORGANIZATION.items():
            if code := getattr(settings, name):
                self._add("E1EDK14", QUALF=qualifier, ORGID=code)
        ordered_on = values.date(order.order_date or self.delivery.requested_at.astimezone(UTC).date())
        self._add("E1EDK03", IDDAT=ORDERED_ON, DATUM=ordered_on)
        for qualifier, day in self._dates(order):
            self._add("E1EDK03", IDDAT=qualifier, DATUM=day)
        self.segments += self._conditions("E1EDK05", order)
        for party in parties:
            self._party(party)
        self._add("E1EDK02", QUALF=CUSTOMERS_ORDER, BELNR=number, DATUM=ordered_on)
        self._delivery_terms()
        self.segments += self._texts("E1EDKT", settings.order_text, order.notes, "notes")

    def _tax_numbers(self, parties: Iterable[Party]) -> dict[str, str]:
        return {
            name: self._text("E1EDK01", name, party.get("vat"), party.field("vat"))
            for party in parties
            if (name := TAX_NUMBERS.get(party.role)) and not self._is_left_out(party, "vat")
        }

    def _payment_terms(self) -> str:
        terms = " ".join(self.values.lines(self.order.payment_terms))
        if len(terms) <= 4 and terms.isalnum() and terms == terms.upper():  # SAP's own key
            return self.values.text(terms, 4, "payment_terms")
        return self.values.coded(terms, self.settings.payment_terms, "payment_terms", "Payment terms")

    def _dates(self, of: DraftOrder | DraftOrderLine) -> Iterable[tuple[str, str]]:
        qualifiers: dict[str, str] = {"requested": REQUESTED} | dict(self.settings.dates)
        for name, day in dates_of(of):
            if name not in qualifiers:
                hint = "Add it to 'Further dates' of the connection, or correct the order; then push again."
                field = f"{name}_delivery_date"
                raise self.values.refusal(field, "has no place in the format", "NO_PLACE_IN_FORMAT", hint)
            yield qualifiers[name], self.values.date(day)

    def _conditions(self, segment_type: str, of: DraftOrder | DraftOrderLine) -> list[Segment]:
        if not of.allowances and not of.charges:
            return []
        allowances = self._each(segment_type, "-", "allowances", of.allowances)
        return allowances + self._each(segment_type, "+", "charges", of.charges)

    def _each(self, segment_type: str, sign: str, name: str, adjustments: Iterable[AllowanceCharge]) -> list[Segment]:
        return [
            Segment(segment_type, {"ALCKZ": sign} | self._condition(segment_type, one, f"{name}[{index}]"))
            for index, one in enumerate(adjustments)
        ]

    def _condition(self, segment_type: str, one: AllowanceCharge, field: str) -> dict[str, str]:
        values = self.values
        if one.base_amount is not None:
            raise values.refusal(f"{field}.base_amount", "has no place in the format", "NO_PLACE_IN_FORMAT")
        code = values.needed(one.code, 10, f"{field}.code")
        written = {
            "KSCHL": values.coded(code, self.settings.conditions, f"{field}.code", "Allowances and charges"),
            "KOTXT": self._text(segment_type, "KOTXT", one.reason, f"{field}.reason"),
        }
        if one.amount is not None:
            written["BETRG"] = self._amount(segment_type, "BETRG", one.amount, f"{field}.amount")
        if one.percent is not None:
            written["KPERC"] = self._number(segment_type, "KPERC", one.percent, f"{field}.percent")
        return written

    def _amount(self, segment_type: str, name: str, amount: Decimal, field: str) -> str:
        """Return an amount of money. Raises RejectedError: it has more decimals than its currency, which SAP rounds."""
        if not _fits(amount, self._currency_decimals):
            raise self.values.refusal(
                field,
                f"is {amount:f}, and {self.order.currency} has {self._currency_decimals} decimals",
                "DOES_NOT_FIT",
            )
        return self._number(segment_type, name, amount, field)

    @cached_property
    def _currency_decimals(self) -> int:
        return minor_units(self.order.currency or "")

    def _is_left_out(self, party: Party, name: str) -> bool:
        return party.field(name) in self.settings.left_out

    def _party(self, party: Party) -> None:
        values, field = self.values, party.field
        given = Party(
            party.role, {name: one for name, one in party.values.items() if not self._is_left_out(party, name)}
        )
        written = {
            "PARVW": ROLES[party.role],
            **{key: self._text("E1EDKA1", key, given.get(name), field(name)) for name, key in FIELDS.items()},
            **_in_turn(("NAME1", "NAME2", "NAME3", "NAME4"), values.pieces(given.get("name"), 35, 4, field("name"))),
            **_in_turn(("STRAS", "STRS2"), values.pieces(given.get("street"), 35, 2, field("street"))),
            "LAND1": values.coded(given.country, self.countries, field("country"), "Countries"),
            "REGIO": self._text("E1EDKA1", "REGIO", self._region(given), field("region")),
        }
        self._check_said(party, given)
        if len([value for value in written.values() if value]) > 1:
            self._add("E1EDKA1", **{name: written.get(name, "") for name in SEGMENTS["E1EDKA1"].fields})

    def _region(self, party: Party) -> str | None:
        region = party.get("region")
        return self.settings.regions.get(region or "", region)

    def _check_said(self, party: Party, given: Party) -> None:
        """Refuse what was not written, unless the connection leaves it out. Raises RejectedError."""
        if given.get("email"):
            hint = "Add it to 'Left out' of the connection, or correct the order; then push again."
            field = party.field("email")
            raise self.values.refusal(field, "has no place in the format", "NO_PLACE_IN_FORMAT", hint)
        taxed = {"vat"} if party.role in TAX_NUMBERS else set()
        given.check_said(self.values, {*FIELDS, *taxed})

    def _delivery_terms(self) -> None:
        terms = " ".join(self.values.lines(self.order.delivery_terms))
        if not terms:
            return
        known = INCOTERM.fullmatch(terms)
        if known is None:
            code = self.values.coded(terms, self.settings.incoterms, "delivery_terms", "Delivery terms")
            self._add("E1EDK17", QUALF="001", LKOND=code)
            return
        self._add("E1EDK17", QUALF="001", LKOND=known[1])
        if known[2]:
            place = self._text("E1EDK17", "LKTEXT", known[2], "delivery_terms")
            self._add("E1EDK17", QUALF="002", LKOND=known[1], LKTEXT=place)

    def _texts(self, prefix: str, text_id: str, text: str | None, field: str) -> list[Segment]:
        """Return a free text as text lines, each of its own lines as a paragraph."""
        lines = self.values.lines(text) if text else []
        if not lines:
            return []
        head = Segment(f"{prefix}1", {"TDID": text_id, "TSSPRAS_ISO": self.settings.language})
        for line in lines:
            for number, piece in enumerate(self.values.pieces(line, 70, 10_000, field)):
                head.add(f"{prefix}2", {"TDLINE": piece, "TDFORMAT": "" if number else "*"})
        return [head]

    def _line(self, line: DraftOrderLine, action: str) -> None:
        values = self.values
        values.line_no = line.line_no
        unit = values.coded(values.needed(line.uom, 40, "uom"), self.units, "uom", "Units")
        price, price_unit = self._price(line)
        item = self._add(
            "E1EDP01",
            POSEX=f"{self._number('E1EDP01', 'POSEX', line.line_no, 'line_no'):0>6}",
            ACTION=action,
            MENGE=self._number("E1EDP01", "MENGE", values.given(line.qty, "qty"), "qty"),
            MENEE=unit,
            PMENE=unit if price else "",
            VPREI=price,
            PEINH=price_unit,
            CURCY=values.text(self.order.currency, 3, "currency") if price else "",
        )
        dates = list(self._dates(line))
        item.inner += [Segment("E1EDP03", {"IDDAT": kind, "DATUM": day}) for kind, day in dates if kind != REQUESTED]
        if price and self.settings.price_condition:
            item.add("E1EDP05", {"ALCKZ": "+", "KSCHL": self.settings.price_condition, "KRATE": price,
                                 "UPRBS": price_unit, "MEAUN": unit})  # fmt: skip
        item.inner += self._conditions("E1EDP05", line)
        for day in (day for kind, day in dates if kind == REQUESTED):
            item.add("E1EDP20", {"WMENG": item.values["MENGE"], "EDATU": day})
        self._articles(item, line)
        item.inner += self._texts("E1EDPT", self.settings.line_text, line.line_notes, "line_notes")

    def _price(self, line: DraftOrderLine) -> tuple[str, str]:
        """Return a price, and for how many it is: with no more decimals than its currency has."""
        if line.unit_price is None:
            return "", ""
        price_unit = next((n for n in PRICE_UNITS if _fits(line.unit_price * n, self._currency_decimals)), 0)
        if not price_unit:
            raise self.values.refusal("unit_price", f"is {line.unit_price:f}, which SAP would round", "DOES_NOT_FIT")
        price = self._number("E1EDP01", "VPREI", line.unit_price * price_unit, "unit_price")
        return price, str(price_unit)

    def _articles(self, item: Segment, line: DraftOrderLine) -> None:
        values = self.values
        described = values.lines(line.product_description) if line.product_description else []
        is_short = len(described) < 2 and len("".join(described)) <= LONGEST_NAME
        name = values.text("".join(described), LONGEST_NAME, "product_description") if is_short else ""
        own = values.needed(line.internal_sku, 35, "internal_sku")
        item.add("E1EDP19", {"QUALF": OWN_ARTICLE, "IDTNR": own, "KTEXT": name})
        for qualifier, number in self._other_numbers(line, own).items():
            item.add("E1EDP19", {"QUALF": qualifier, "IDTNR": number})
        if not is_short:
            text_id = self.settings.description_text
            item.inner += self._texts("E1EDPT", text_id, line.product_description, "product_description")

    def _other_numbers(self, line: DraftOrderLine, own: str) -> dict[str, str]:
        """Return the further numbers of a line's article by their qualifiers; what means the same is written once."""
        numbers = {OWN_ARTICLE: own}
        for field, usual in ARTICLES.items():
            if not (number := self.values.text(getattr(line, field), 35, field)):
                continue
            qualifier = self._qualifiers.get(field, usual)
            if numbers.setdefault(qualifier, number) != number:
                hint = "Add it to 'Further article numbers' of the connection, or correct the order; then push again."
                problem = "has no place beside the other number"
                raise self.values.refusal(field, problem, "NO_PLACE_IN_FORMAT", hint)
        del numbers[OWN_ARTICLE]
        return numbers


def _in_turn(names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    return dict(zip(names, values, strict=False))


def _fits(number: Decimal, decimals: int) -> bool:
    scaled = number.scaleb(decimals)
    return scaled == scaled.to_integral_value()
