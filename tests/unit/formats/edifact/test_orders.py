"""ORDERS: what is written is what other readers read, or the order is refused and the field named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from mockedi import edifact, transactions
from mockedi.testing import Mock
from pydantic import ValidationError
from pydifact.segmentcollection import Interchange

from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import AllowanceCharge, Customer
from orderflow.formats.edifact import EdifactFormat, EdifactSettings
from orderflow.formats.order_fields import sample_order
from tests.unit.formats.edi.orders import an_order, delivery, line, orders

FORMAT = EdifactFormat()
LATIN_1 = "".join(chr(n) for n in (*range(0x20, 0x7F), *range(0xA1, 0x100)) if chr(n) != "\xad")


def settings(**more):
    return EdifactSettings(**{"sender": "4012345000009", "receiver": "4000001000005"} | more)


def document(order=None, **more):
    return FORMAT.render(order or an_order(), delivery(), settings(**more))


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
        ship_to=ship_to,
        requested_delivery_date=date(2026, 12, 10),
    )
    assert text(order) == (
        "UNA:+.? '\n"
        "UNB+UNOC:3+4012345000009:14+4000001000005:14+261129:1015+7++++1'\n"
        "UNH+7+ORDERS:D:96A:UN'\n"
        "BGM+220+PO-1+9'\n"
        "DTM+137:20261101:102'\n"
        "DTM+2:20261210:102'\n"
        "NAD+BY+4711::91++Muster GmbH'\n"
        "NAD+SU+4000001000005::91'\n"
        "NAD+DP+++Lager ?+ Söhne+Weg 1+Köln++50667+DE'\n"
        "CUX+2:EUR:9'\n"
        "LIN+1++WIDGET-001:SA'\n"
        "IMD+F++:::Kabel ?'NYM?''\n"
        "QTY+21:5:PCE'\n"
        "PRI+AAA:12.5'\n"
        "LIN+2++4012345678901:EN'\n"
        "PIA+1+W-2:SA'\n"
        "QTY+21:2.5:PCE'\n"
        "FTX+AAI+++rot'\n"
        "UNS+S'\n"
        "CNT+2:2'\n"
        "UNT+19+7'\n"
        "UNZ+1+7'\n"
    )


def test_the_same_order_and_delivery_make_the_same_document():
    assert document() == document()
    assert document().media_type == "application/EDIFACT"
    assert document().format_version == "edifact_orders_d96a"
    assert document().filename.endswith(".edi")


def test_all_that_an_order_has_finds_its_place():
    written = segments(sample_order(), countries={"Germany": "DE"})
    assert "NAD+BY+4012345000009::9++Muster GmbH+Hauptstr. 1+Köln+NRW+50667+DE'" in written
    assert {"RFF+VA:DE123456788'", "RFF+IT:4711'", "NAD+BY+315000554::16'", "RFF+IA:70815'"} <= set(written)
    assert {"CTA+IC+:Eva Groß'", "COM+?+49 221 1:TE'", "COM+eva@muster.example:EM'"} <= set(written)
    assert {"DTM+64:20251208:102'", "DTM+63:20251212:102'", "DTM+69:20251211:102'"} <= set(written)
    assert {"FTX+PMT+++payment_terms'", "TOD+6++:::delivery_terms'"} <= set(written)
    assert "PIA+1+INT-001:SA+AB-1:IN+AB-1:BP+NYM-001:VP'" in written
    assert written[written.index("ALC+A+:95+++:::Rabatt'") + 1] == "MOA+8:12.5'"
    assert written[written.index("PCD+1:2.5'") - 1 :][:4] == [
        "ALC+A+:95+++:::Rabatt'", "PCD+1:2.5'", "MOA+8:0.25'", "MOA+25:10'",
    ]  # fmt: skip


@given(order=orders(LATIN_1))
def test_what_can_be_said_is_read_back_by_another_reader(order):
    content = text(order)
    (message,) = edifact.parse(content).groups[0].messages
    read = transactions.read_order(message, "EDIFACT")
    wanted = [(one.internal_sku, one.qty, one.unit_price or 0) for one in order.lines]
    assert [(one.sku, one.quantity, one.price) for one in read.lines] == wanted
    assert [one.description for one in read.lines] == [one.product_description or "" for one in order.lines]
    assert (read.po_number, read.currency) == (order.external_order_number, "EUR")
    assert (read.ordered_on or date(2026, 11, 29)) == (order.order_date or date(2026, 11, 29))
    assert read.requested_on == order.requested_delivery_date
    assert read.parties["BY"].identifier == order.customer.erp_customer_number


@pytest.mark.filterwarnings("ignore:segments.xml not found")  # it ships none
@given(order=orders(LATIN_1))
def test_pydifact_finds_the_same_values_and_letters(order):
    interchange = Interchange.from_str(text(order))
    (message,) = interchange.get_messages()
    found = [segment.elements[0][1] for segment in message.get_segments("QTY")]
    assert [Decimal(number) for number in found] == [one.qty for one in order.lines]
    notes = [" ".join(_listed(segment.elements[3])) for segment in message.get_segments("FTX")]
    assert " ".join(notes) == (order.notes or "")


def _listed(element):
    return element if isinstance(element, list) else [element]


def test_a_partner_finds_no_fault_in_it():
    with Mock.start() as mock:
        assert mock.findings(text(sender="EURODIS", receiver="MOCKEDI")) == ["ORDERS/7: accepted"]


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"una": False}, "UNB+UNOC:3+"),
        ({"line_breaks": "crlf"}, "UNA:+.? '\r\nUNB+"),
        ({"line_breaks": "none"}, "UNA:+.? 'UNB+"),
        ({"syntax_version": "4"}, "UNA:+.?*'\nUNB+UNOC:4+4012345000009:14+4000001000005:14+20261129:1015+7"),
        ({"decimal_mark": ","}, "UNA:+,? '\n"),
        ({"test": True, "request_contrl": False},
         "UNA:+.? '\nUNB+UNOC:3+4012345000009:14+4000001000005:14+261129:1015+7++++++1'\n"),
        ({"agreement": "EANCOM", "application_reference": "ORDERS", "sender_qualifier": ""},
         "UNA:+.? '\nUNB+UNOC:3+4012345000009+4000001000005:14+261129:1015+7++ORDERS++1+EANCOM'\n"),
    ],
)  # fmt: skip
def test_the_envelope_is_as_the_partner_wants_it(more, wanted):
    assert text(**more).startswith(wanted)


def test_numbers_have_the_mark_that_una_tells():
    assert "PRI+AAA:12,5'" in segments(decimal_mark=",")


def test_eancom_says_so_and_has_articles_without_a_gtin_in_pia():
    written = segments(profile="EANCOM")
    assert "UNH+7+ORDERS:D:96A:UN:EAN008'" in written
    assert written[written.index("LIN+1'") + 1] == "PIA+5+WIDGET-001:SA'"


def test_texts_are_parted_between_words_and_lines_keep_apart():
    notes = "\n".join(["erste Zeile", "x" * 60 + " " + "y" * 60, "  ", "letzte"])
    written = [one for one in segments(an_order(notes=notes)) if one.startswith("FTX")]
    assert written == ["FTX+AAI+++erste Zeile'", f"FTX+AAI+++{'x' * 60}:{'y' * 60}'", "FTX+AAI+++letzte'"]
    described = an_order(line(product_description=" ".join(["Schraube"] * 12)))
    assert [one for one in segments(described) if one.startswith("IMD")] == [
        "IMD+F++:::Schraube Schraube Schraube Schraube:Schraube Schraube Schraube Schraube'",
        "IMD+F++:::Schraube Schraube Schraube Schraube'",
    ]


def test_the_buyers_number_at_the_seller_stands_with_the_customer_or_the_buyer():
    buyer = {"name": "Muster", "number_at_seller": " 4712 "}
    assert "NAD+BY+4712::91++Muster'" in segments(an_order(customer=None, buyer=buyer))
    assert "NAD+BY+4712::91++Muster'" in segments(an_order(customer=Customer("4712"), buyer=buyer))
    assert "NAD+BY+4711::91++Muster'" in segments(an_order(customer=Customer("4711"), buyer={"name": "Muster"}))


def test_delivery_terms_with_a_code_of_the_icc_are_told_by_it():
    assert "TOD+6++DAP:::Hamburg'" in segments(an_order(delivery_terms="DAP Hamburg"))
    assert "TOD+6++:::frei Haus'" in segments(an_order(delivery_terms="frei Haus"))


def test_units_countries_and_regions_go_by_the_connections_mapping():
    order = an_order(line(uom="Stk"), ship_to={"name": "A", "country": "Germany", "region": "Isle of Wight"})
    written = segments(order, units={"Stk": "PCE"}, countries={"Germany": "DE"}, regions={"Isle of Wight": "IOW"})
    assert "QTY+21:5:PCE'" in written
    assert "NAD+DP+++A+++IOW++DE'" in written


@pytest.mark.parametrize(
    ("order", "place", "code"),
    [
        (an_order(external_order_number=None), "external_order_number", "FIELD_MISSING"),
        (an_order(external_order_number="1" * 36), "external_order_number", "DOES_NOT_FIT"),
        (an_order(currency=None), "currency", "FIELD_MISSING"),
        (an_order(line(uom="Stk")), "Line 1: uom", "CODE_UNKNOWN"),
        (an_order(line(uom="ST")), "Line 1: uom", "CODE_UNKNOWN"),
        (an_order(line(qty=None)), "Line 1: qty", "FIELD_MISSING"),
        (an_order(line(internal_sku=None)), "Line 1: internal_sku", "FIELD_MISSING"),
        (an_order(line(currency="USD")), "Line 1: currency", "NO_PLACE_IN_FORMAT"),
        (an_order(buyer={"number_at_seller": "4712"}), "buyer.number_at_seller", "NO_PLACE_IN_FORMAT"),
        (an_order(taxes=(AllowanceCharge("S", percent=Decimal(19)),)), "taxes", "NO_PLACE_IN_FORMAT"),
        (an_order(line(), line(2, taxes=(AllowanceCharge("Z", percent=Decimal(0)),))), "Line 2: taxes",
         "NO_PLACE_IN_FORMAT"),
        (an_order(contact={"name": "Eva"}), "contact", "NO_PLACE_IN_FORMAT"),
        (an_order(shipping={"method": "express"}), "shipping", "NO_PLACE_IN_FORMAT"),
        (an_order(line(), line(2, product_description="x" * 36)), "Line 2: product_description", "DOES_NOT_FIT"),
        (an_order(line(unit_price=Decimal("123456789012.1234"))), "Line 1: unit_price", "DOES_NOT_FIT"),
        (an_order(notes="Größe Ł"), "notes", "NOT_IN_ENCODING"),
        (an_order(notes="a\tb"), "notes", "NOT_IN_ENCODING"),
        (an_order(ship_to={"name": "A", "country": "Germany"}), "ship_to.country", "CODE_UNKNOWN"),
        (an_order(ship_to={"name": "A", "region": "Isle of Wight"}), "ship_to.region", "DOES_NOT_FIT"),
        (an_order(ship_to={"name": "A", "floor": 3}), "ship_to.floor", "NO_PLACE_IN_FORMAT"),
        (an_order(charges=(AllowanceCharge("TOO-LONG", amount=Decimal(1)),)), "charges[0].code", "DOES_NOT_FIT"),
    ],
)  # fmt: skip
def test_what_the_message_cannot_say_refuses_the_order_and_names_the_field(order, place, code):
    refused = refusal(order)
    assert refused.message.startswith(f"{place} ")
    assert (refused.code, refused.details["field"]) == (code, place.rpartition(": ")[2])


@pytest.mark.parametrize(
    ("letters", "notes", "taken"),
    [
        ("UNOA", "EILT: 5 % RABATT!", True), ("UNOA", "Eilt", False), ("UNOB", "Eilt", True), ("UNOB", "a@b", False),
        ("UNOC", "Größe", True), ("UNOC", "Łódź", False), ("UNOD", "Łódź", True), ("UNOE", "Москва", True),
        ("UNOF", "Αθήνα", True), ("UNOL", "10 €", True), ("UNOC", "10 €", False), ("UNOY", "Łódź 東京 €", True),
        ("UNOC", "Gro\u0308ße", True),
    ],
)  # fmt: skip
def test_the_letters_of_the_syntax_are_held(letters, notes, taken):
    order = an_order(notes=notes, customer=Customer("4711", "MUSTER"))
    if taken:
        document(order, letters=letters)
    else:
        assert refusal(order, letters=letters).message.endswith(f"which is not in {letters}.")


def test_letters_that_came_in_parts_are_written_whole():
    assert "FTX+AAI+++Größe'" in segments(an_order(notes="Gro\u0308ße"))


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"sender": " x"}, "sender"), ({"receiver": ""}, "receiver"), ({"units": {"Stk": "piece"}}, "units"),
        ({"letters": "UNOX"}, "letters"), ({"sender": "me", "letters": "UNOA"}, "letters"),
        ({"file_name": "order.edi"}, "file_name"),
    ],
)  # fmt: skip
def test_settings_that_make_no_document_are_refused_when_they_are_saved(more, field):
    with pytest.raises(ValidationError) as refused:
        settings(**more)
    assert refused.value.errors()[0]["loc"][0] == field
