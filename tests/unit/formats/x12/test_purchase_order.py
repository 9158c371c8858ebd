"""850: what is written is what other readers read, or the order is refused and the field named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from mockedi import transactions, x12
from mockedi.testing import Mock
from pydantic import ValidationError

from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import AllowanceCharge, Customer
from orderflow.formats.order_fields import sample_order
from orderflow.formats.x12 import X12Format, X12Settings
from tests.unit.formats.edi.orders import an_order, delivery, line, orders

FORMAT = X12Format()
LATIN_1 = "".join(chr(n) for n in (*range(0x20, 0x7F), *range(0xA1, 0x100)) if chr(n) not in "\xad*>~")
CODES = {"95": "C310", "FC": "D240", "PC": "G821"}


def settings(**more):
    return X12Settings(**{"sender": "ACME", "receiver": "MOCKEDI"} | more)


def document(order=None, number=7, **more):
    return FORMAT.render(order or an_order(), delivery(number), settings(**more))


def text(order=None, **more):
    return document(order, **more).content.decode("iso-8859-1")


def segments(order=None, **more):
    return text(order, **more).splitlines()


def refusal(order, **more):
    with pytest.raises(RejectedError) as refused:
        document(order, **more)
    return refused.value


def test_an_order_of_two_lines_as_it_is_written():
    ship_to = {"name": "Lager + Söhne", "street": "Weg 1", "city": "Köln", "postal_code": "50667", "country": "DE"}
    order = an_order(
        line(product_description="Kabel 'NYM'"),
        line(2, internal_sku="W-2", qty=Decimal("2.50"), unit_price=None, gtin="4012345678901", line_notes="rot"),
        ship_to=ship_to | {"region": "NRW"},
        requested_delivery_date=date(2026, 12, 10),
    )
    assert text(order) == (
        "ISA*00*          *00*          *ZZ*ACME           *ZZ*MOCKEDI        *261129*1015*U*00401*000000007*0*P*>~\n"
        "GS*PO*ACME*MOCKEDI*20261129*1015*7*X*004010~\n"
        "ST*850*0007~\n"
        "BEG*00*SA*PO-1**20261101~\n"
        "CUR*BY*EUR~\n"
        "DTM*002*20261210~\n"
        "N1*BY*Muster GmbH*91*4711~\n"
        "N1*SE**91*MOCKEDI~\n"
        "N1*ST*Lager + Söhne~\n"
        "N3*Weg 1~\n"
        "N4*Köln**50667*DE*SP*NRW~\n"
        "PO1*1*5*PC*12.5**VP*WIDGET-001~\n"
        "PID*F****Kabel 'NYM'~\n"
        "PO1*2*2.5*PC***VP*W-2*EN*4012345678901~\n"
        "N9*L1*NOTES~\n"
        "MSG*rot~\n"
        "CTT*2~\n"
        "SE*16*0007~\n"
        "GE*1*7~\n"
        "IEA*1*000000007~\n"
    )


def test_the_same_order_and_delivery_make_the_same_document():
    assert document() == document()
    assert document().media_type == "application/EDI-X12"
    assert document().format_version == "x12_850"


@pytest.mark.parametrize("sender", ["A", "ACME", "A" * 15])
def test_the_interchange_header_has_its_106_characters(sender):
    isa = text(sender=sender)[:106]
    assert (isa[:3], isa[-1], isa.count("*")) == ("ISA", "~", 16)


def test_all_that_an_order_has_finds_its_place():
    order = sample_order()
    for one in order.lines:
        one.allowances = (AllowanceCharge("95", "Rabatt", Decimal("0.25"), Decimal("2.5")),)
    written = segments(order, countries={"Germany": "DE"}, adjustments=CODES)
    assert {"N1*BY*Muster GmbH*UL*4012345000009~", "REF*VX*DE123456788~", "REF*IT*4711~"} <= set(written)
    assert {"N1*BY**1*315000554~", "PER*IC*Eva Groß*TE*+49 221 1*EM*eva@muster.example~"} <= set(written)
    assert {"DTM*064*20251208~", "DTM*063*20251212~", "DTM*069*20251211~", "FOB*DF*ZZ*delivery_terms~"} <= set(written)
    assert {"ITD************payment_terms~", "SAC*A*C310***1250**********Rabatt~"} <= set(written)
    assert "SAC*A*C310***25*Z*2.5********Rabatt~" in written
    assert "PO1*1*10*PC*1.23**VP*INT-001*BP*AB-1*IN*AB-1*VN*NYM-001*UK*04012345123456~" in written


@given(order=orders(LATIN_1))
def test_what_can_be_said_is_read_back_by_another_reader(order):
    for one in order.lines:
        one.uom = "KG" if one.uom == "KGM" else one.uom
    (message,) = x12.parse(text(order)).groups[0].messages
    read = transactions.read_order(message, "X12")
    wanted = [(one.internal_sku, one.qty, one.unit_price or 0) for one in order.lines]
    assert [(one.sku, one.quantity, one.price) for one in read.lines] == wanted
    assert [one.description for one in read.lines] == [one.product_description or "" for one in order.lines]
    assert (read.po_number, read.currency) == (order.external_order_number, "EUR")
    assert (read.ordered_on or date(2026, 11, 29)) == (order.order_date or date(2026, 11, 29))
    assert read.requested_on == order.requested_delivery_date
    assert read.parties["BY"].identifier == order.customer.erp_customer_number
    assert " ".join(item.get(1) for item in message.segments if item.tag == "MSG") == (order.notes or "")


@pytest.mark.parametrize("version", ["004010", "005010"])
def test_a_partner_finds_no_fault_in_it(version):
    with Mock.start() as mock:
        mock.partner("ACME", version=version)
        assert mock.findings(text(version=version)) == ["850/0007: accepted"]


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"version": "005010"}, "*261129*1015*^*00501*000000007*0*P*>~\nGS*PO*ACME*MOCKEDI*20261129*1015*7*X*005010~"),
        ({"industry": "VICS"}, "*X*004010VICS~"),
        ({"test": True, "request_ta1": True}, "*000000007*1*T*>~"),
        ({"line_breaks": "crlf"}, "*P*>~\r\nGS*PO"),
        ({"line_breaks": "none"}, "*P*>~GS*PO"),
        ({"element_separator": "0x1D", "segment_terminator": "0x1C", "component_separator": "0x1F"},
         "\x1dP\x1d\x1f\x1c\nGS\x1dPO"),
        ({"application_sender": "SHOP", "application_receiver": "ERP"}, "GS*PO*SHOP*ERP*"),
        ({"sender_qualifier": "01", "sender": "123456789"}, "*01*123456789      *ZZ*MOCKEDI        *"),
        ({"supplier": "70815"}, "N1*SE**91*70815~"),
    ],
)  # fmt: skip
def test_the_envelope_is_as_the_partner_wants_it(more, wanted):
    assert wanted in text(**more)


def test_long_names_streets_and_texts_are_parted_between_words():
    long = " ".join(["Hundert"] * 14)
    written = segments(an_order(ship_to={"name": long, "street": long}, notes=f"{long}\nEnde"))
    assert [one for one in written if one.startswith(("N1*ST", "N2", "N3", "MSG"))] == [
        "MSG*" + long + "~",
        "MSG*Ende~",
        "N1*ST*" + " ".join(["Hundert"] * 7) + "~",
        "N2*" + " ".join(["Hundert"] * 7) + "~",
        "N3*" + " ".join(["Hundert"] * 7) + "*" + " ".join(["Hundert"] * 7) + "~",
    ]


def test_the_buyers_number_at_the_seller_stands_with_the_customer_or_the_buyer():
    buyer = {"name": "Muster", "number_at_seller": " 4712 "}
    assert "N1*BY*Muster*91*4712~" in segments(an_order(customer=None, buyer=buyer))
    assert "N1*BY*Muster*91*4712~" in segments(an_order(customer=Customer("4712"), buyer=buyer))
    assert "N1*BY*Muster*91*4711~" in segments(an_order(customer=Customer("4711"), buyer={"name": "Muster"}))


def test_delivery_terms_with_a_code_of_the_icc_are_told_by_it():
    assert "FOB*DF***01*DAP*ZZ*Hamburg~" in segments(an_order(delivery_terms="DAP Hamburg"))
    assert "FOB*DF***01*EXW~" in segments(an_order(delivery_terms="EXW"))


@pytest.mark.parametrize(
    ("order", "place", "code"),
    [
        (an_order(external_order_number=None), "external_order_number", "FIELD_MISSING"),
        (an_order(external_order_number="1" * 23), "external_order_number", "DOES_NOT_FIT"),
        (an_order(currency=None), "currency", "FIELD_MISSING"),
        (an_order(line(uom="Stk")), "Line 1: uom", "CODE_UNKNOWN"),
        (an_order(line(uom="ST")), "Line 1: uom", "CODE_UNKNOWN"),
        (an_order(line(uom="C62")), "Line 1: uom", "CODE_UNKNOWN"),
        (an_order(line(uom=None)), "Line 1: uom", "FIELD_MISSING"),
        (an_order(line(qty=None)), "Line 1: qty", "FIELD_MISSING"),
        (an_order(line(internal_sku=None)), "Line 1: internal_sku", "FIELD_MISSING"),
        (an_order(line(currency="USD")), "Line 1: currency", "NO_PLACE_IN_FORMAT"),
        (an_order(buyer={"number_at_seller": "4712"}), "buyer.number_at_seller", "NO_PLACE_IN_FORMAT"),
        (an_order(taxes=(AllowanceCharge("S", percent=Decimal(19)),)), "taxes", "NO_PLACE_IN_FORMAT"),
        (an_order(line(), line(2, taxes=(AllowanceCharge("Z", percent=Decimal(0)),))), "Line 2: taxes",
         "NO_PLACE_IN_FORMAT"),
        (an_order(contact={"name": "Eva"}), "contact", "NO_PLACE_IN_FORMAT"),
        (an_order(shipping={"method": "express"}), "shipping", "NO_PLACE_IN_FORMAT"),
        (an_order(line(), line(2, product_description="a*b")), "Line 2: product_description", "NOT_IN_ENCODING"),
        (an_order(line(product_description="x" * 81)), "Line 1: product_description", "DOES_NOT_FIT"),
        (an_order(notes="10 €"), "notes", "NOT_IN_ENCODING"),
        (an_order(ship_to={"name": "A", "country": "Germany"}), "ship_to.country", "CODE_UNKNOWN"),
        (an_order(ship_to={"name": "A", "city": "Å"}), "ship_to.city", "DOES_NOT_FIT"),
        (an_order(ship_to={"city": "Berlin"}), "ship_to.name", "FIELD_MISSING"),
        (an_order(ship_to={"name": "A", "floor": 3}), "ship_to.floor", "NO_PLACE_IN_FORMAT"),
        (an_order(charges=(AllowanceCharge("XX", amount=Decimal(1)),)), "charges[0].code", "CODE_UNKNOWN"),
        (an_order(charges=(AllowanceCharge("FC", amount=Decimal("0.125")),)), "charges[0].amount", "DOES_NOT_FIT"),
        (an_order(charges=(AllowanceCharge("FC", percent=Decimal(1), base_amount=Decimal(9)),)),
         "charges[0].base_amount", "NO_PLACE_IN_FORMAT"),
    ],
)  # fmt: skip
def test_what_the_set_cannot_say_refuses_the_order_and_names_the_field(order, place, code):
    refused = refusal(order, adjustments=CODES)
    assert refused.message.startswith(f"{place} ")
    assert (refused.code, refused.details["field"]) == (code, place.rpartition(": ")[2])


def test_a_control_number_beyond_nine_digits_is_refused():
    with pytest.raises(RejectedError, match="9 digits"):
        document(number=1_000_000_000)
    assert b"ISA*00" in document(number=999_999_999).content


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"sender": "A" * 16}, "sender"), ({"sender_qualifier": "Z"}, "sender_qualifier"),
        ({"units": {"Stk": "PCE"}}, "units"), ({"element_separator": "A"}, "element_separator"),
        ({"element_separator": "~"}, "segment_terminator"), ({"segment_terminator": "0x0A"}, "segment_terminator"),
        ({"sender": "A*B"}, "segment_terminator"), ({"adjustments": {"FC": "freight"}}, "adjustments"),
    ],
)  # fmt: skip
def test_settings_that_make_no_document_are_refused_when_they_are_saved(more, field):
    with pytest.raises(ValidationError) as refused:
        settings(**more)
    assert refused.value.errors()[0]["loc"][0] == field
