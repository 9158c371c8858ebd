"""ORDERS: what is written is what other readers read, or the order is refused and the field named."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from orderflow.domain.delivery import Document
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import AllowanceCharge, Customer, DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind
from orderflow.formats.format import Format
from orderflow.formats.idoc import IdocFormat, IdocSettings
from orderflow.formats.order_fields import sample_order
from tests.unit.formats.edi.orders import an_order, delivery, line, orders
from tests.unit.formats.idoc.idocs import Read, lines_of, of, read, text_of

FORMAT: Format = IdocFormat()
LATIN_1 = "".join(chr(n) for n in (*range(0x20, 0x7F), *range(0xA1, 0x100)) if chr(n) != "\xad")
CODES = {"95": "RA01", "FC": "HD00", "PC": "VERP"}


ORDERS = orders(LATIN_1).filter(lambda order: len((order.customer or Customer()).erp_customer_number or "") <= 17)


def settings(**more: Any) -> IdocSettings:
    return IdocSettings(**{"sender": "ORDERFLOW", "receiver": "PRDCLNT100"} | more)


def document(order: DraftOrder | None = None, number: int = 7, **more: Any) -> Document:
    return FORMAT.render(order or an_order(), delivery(number), settings(**more))


def segments(order: DraftOrder | None = None, **more: Any) -> Read:
    return read(document(order, **more).content, more.get("encoding", "utf-8"))


def refusal(order: DraftOrder, **more: Any) -> RejectedError:
    with pytest.raises(RejectedError) as refused:
        document(order, **more)
    return refused.value


def test_an_order_of_one_line_as_it_is_written() -> None:
    ship_to = {"name": "Lager & Söhne", "street": "Weg 1", "city": "Köln", "postal_code": "50667", "country": "DE"}
    order = an_order(line(product_description="Kabel", requested_delivery_date=date(2026, 12, 10)), ship_to=ship_to)
    assert document(order, client="100").content.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ORDERS05>\n<IDOC BEGIN="1">\n'
        '<EDI_DC40 SEGMENT="1"><TABNAM>EDI_DC40</TABNAM><MANDT>100</MANDT><DOCNUM>0000000000000007</DOCNUM>'
        "<DOCREL>700</DOCREL><DIRECT>2</DIRECT><IDOCTYP>ORDERS05</IDOCTYP><MESTYP>ORDERS</MESTYP><SNDPRT>LS</SNDPRT>"
        "<SNDPRN>ORDERFLOW</SNDPRN><RCVPRT>LS</RCVPRT><RCVPRN>PRDCLNT100</RCVPRN><CREDAT>20261129</CREDAT>"
        "<CRETIM>101500</CRETIM><ARCKEY>00000000-0000-0000-0000-000000000004</ARCKEY></EDI_DC40>\n"
        '<E1EDK01 SEGMENT="1"><CURCY>EUR</CURCY><BELNR>PO-1</BELNR></E1EDK01>\n'
        '<E1EDK03 SEGMENT="1"><IDDAT>012</IDDAT><DATUM>20261101</DATUM></E1EDK03>\n'
        '<E1EDKA1 SEGMENT="1"><PARVW>AG</PARVW><PARTN>4711</PARTN><NAME1>Muster GmbH</NAME1></E1EDKA1>\n'
        '<E1EDKA1 SEGMENT="1"><PARVW>WE</PARVW><NAME1>Lager &amp; Söhne</NAME1><STRAS>Weg 1</STRAS><ORT01>Köln</ORT01>'
        "<PSTLZ>50667</PSTLZ><LAND1>DE</LAND1></E1EDKA1>\n"
        '<E1EDK02 SEGMENT="1"><QUALF>001</QUALF><BELNR>PO-1</BELNR><DATUM>20261101</DATUM></E1EDK02>\n'
        '<E1EDP01 SEGMENT="1"><POSEX>000001</POSEX><ACTION>001</ACTION><MENGE>5</MENGE><MENEE>PCE</MENEE>'
        "<PMENE>PCE</PMENE><VPREI>12.5</VPREI><PEINH>1</PEINH><CURCY>EUR</CURCY>\n"
        '<E1EDP20 SEGMENT="1"><WMENG>5</WMENG><EDATU>20261210</EDATU></E1EDP20>\n'
        '<E1EDP19 SEGMENT="1"><QUALF>002</QUALF><IDTNR>WIDGET-001</IDTNR><KTEXT>Kabel</KTEXT></E1EDP19>\n'
        "</E1EDP01>\n</IDOC>\n</ORDERS05>\n"
    )


def test_a_flat_file_has_numbered_records_with_the_names_of_segments_and_their_versions() -> None:
    records = document(an_order(line(requested_delivery_date=date(2026, 12, 10))), layout="flat", client="100").content
    head, *data = records.decode().splitlines()
    assert head.startswith("EDI_DC40  1000000000000000007700   2   ORDERS05")
    assert [one[:63] for one in data] == [
        "E2EDK01005                    100000000000000000700000100000001",
        "E2EDK03                       100000000000000000700000200000002",
        "E2EDKA1003                    100000000000000000700000300000002",
        "E2EDK02                       100000000000000000700000400000002",
        "E2EDP01006                    100000000000000000700000500000002",
        "E2EDP20                       100000000000000000700000600000503",
        "E2EDP19001                    100000000000000000700000700000503",
    ]


@given(order=ORDERS, layout=st.sampled_from(["xml", "flat"]))
def test_what_can_be_said_is_read_back_by_another_reader(order: DraftOrder, layout: str) -> None:
    found = segments(order, layout=layout, encoding="iso-8859-1")
    (head,), (begin,) = of(found, "EDI_DC40"), of(found, "E1EDK01")
    assert (head["DOCNUM"], head["MESTYP"], head["RCVPRN"]) == ("0000000000000007", "ORDERS", "PRDCLNT100")
    assert (begin["CURCY"], begin["BELNR"]) == ("EUR", order.external_order_number)
    dates = {one["IDDAT"]: one["DATUM"] for one in of(found, "E1EDK03")}
    assert dates["012"] == f"{order.order_date or date(2026, 11, 29):%4Y%m%d}".zfill(8)
    assert dates.get("002") == (f"{order.requested_delivery_date:%Y%m%d}" if order.requested_delivery_date else None)
    (buyer,) = of(found, "E1EDKA1")
    assert order.customer is not None
    assert buyer["PARTN"] == order.customer.erp_customer_number
    assert " ".join(buyer[f"NAME{n}"] for n in range(1, 5) if f"NAME{n}" in buyer) == order.customer.name
    assert text_of([one for one in found if one[0].startswith("E1EDK")], "E1EDKT2") == (order.notes or "")
    assert [_line(one) for one in lines_of(found)] == [_said(one) for one in order.lines]


def _said(one: DraftOrderLine) -> tuple[Any, ...]:
    return (one.line_no, one.internal_sku, one.qty, one.uom, one.unit_price, one.product_description or "",
            one.requested_delivery_date)  # fmt: skip


def _line(found: Read) -> tuple[Any, ...]:
    (item,), (article,) = of(found, "E1EDP01"), of(found, "E1EDP19")
    price = Decimal(item["VPREI"]) / Decimal(item["PEINH"]) if "VPREI" in item else None
    days = [date.fromisoformat(one["EDATU"]) for one in of(found, "E1EDP20")]
    description = article.get("KTEXT") or text_of(found, "E1EDPT2")
    return (int(item["POSEX"]), article["IDTNR"], Decimal(item["MENGE"]), item["MENEE"], price, description,
            days[0] if days else None)  # fmt: skip


@given(order=ORDERS)
def test_both_layouts_say_the_same_and_fields_stand_in_the_order_of_their_segment(order: DraftOrder) -> None:
    in_xml, flat = segments(order), segments(order, layout="flat")
    assert of(in_xml, "E1EDP01") == of(flat, "E1EDP01")
    known = {"TABNAM", "DOCREL", "CRETIM"}
    without = [
        (name, {field: value for field, value in values.items() if field not in known}) for name, values in in_xml
    ]
    assert without == flat
    assert [list(values) for _, values in without] == [list(values) for _, values in flat]


def test_all_that_an_order_has_finds_its_place() -> None:
    order = sample_order()
    for one in order.lines:
        one.allowances = (AllowanceCharge("95", "Rabatt", Decimal("0.25"), Decimal("2.5")),)
    roles = ("buyer", "seller", "ship_to", "bill_to")
    left_out = ["buyer.duns", *(f"{role}.email" for role in roles)]
    found = segments(
        order,
        countries={"Germany": "DE"}, conditions=CODES, left_out=left_out, dates={"earliest": "Z01", "latest": "Z02",
        "promised": "001"}, articles={"seller_article_number": "004"}, payment_terms={"payment_terms": "0001"},
        incoterms={"delivery_terms": "DAP"}, price_condition="PMP0", sales_organization="1710", order_type="OR",
    )  # fmt: skip
    assert {"QUALF": "008", "ORGID": "1710"} in of(found, "E1EDK14")
    assert {"QUALF": "012", "ORGID": "OR"} in of(found, "E1EDK14")
    (begin,) = of(found, "E1EDK01")
    assert (begin["ZTERM"], begin["KUNDEUINR"]) == ("0001", "DE123456788")
    assert {one["IDDAT"] for one in of(found, "E1EDK03")} == {"012", "002", "Z01", "Z02", "001"}
    assert {one["PARVW"]: one["BNAME"] for one in of(found, "E1EDKA1")} == dict.fromkeys(
        ("AG", "LF", "WE", "RE"), "Eva Groß"
    )
    assert {"ALCKZ": "-", "KSCHL": "RA01", "KOTXT": "Rabatt", "BETRG": "12.5"} in of(found, "E1EDK05")
    assert {"QUALF": "001", "LKOND": "DAP"} in of(found, "E1EDK17")
    first = lines_of(found)[0]
    assert [one["IDTNR"] for one in of(first, "E1EDP19")] == ["INT-001", "AB-1", "04012345123456", "NYM-001"]
    assert {"ALCKZ": "+", "KSCHL": "PMP0", "KRATE": "1.23", "UPRBS": "1", "MEAUN": "PCE"} in of(first, "E1EDP05")
    assert {"ALCKZ": "-", "KSCHL": "RA01", "KOTXT": "Rabatt", "BETRG": "0.25", "KPERC": "2.5"} in of(first, "E1EDP05")


@pytest.mark.parametrize(
    ("price", "currency", "written"),
    [("12.5", "EUR", ("12.5", "1")), ("0.0125", "EUR", ("1.25", "100")), ("1234.567", "EUR", ("12345.67", "10")),
     ("1234.567", "KWD", ("1234.567", "1")), ("99.5", "JPY", ("995", "10")), ("1200", "JPY", ("1200", "1")),
     ("1.2345", "CLF", ("1.2345", "1")), ("1.2345", "UYW", ("1.2345", "1"))],
)  # fmt: skip
def test_a_price_has_no_more_decimals_than_its_currency_so_that_sap_rounds_nothing(price, currency, written) -> None:
    (item,) = of(segments(an_order(line(unit_price=Decimal(price)), currency=currency)), "E1EDP01")
    assert (item["VPREI"], item["PEINH"]) == written


def test_long_names_streets_and_texts_are_parted_between_words() -> None:
    long = " ".join(["Hundert"] * 14)
    streets = " ".join(["Hundert"] * 8)
    order = an_order(line(product_description=long), ship_to={"name": long, "street": streets}, notes=f"{long}\nEnde")
    found = segments(order, layout="flat")
    ship_to = of(found, "E1EDKA1")[1]
    assert [ship_to[f"NAME{n}"] for n in range(1, 5)] == [" ".join(["Hundert"] * n) for n in (4, 4, 4, 2)]
    assert (ship_to["STRAS"], ship_to["STRS2"]) == (" ".join(["Hundert"] * 4), " ".join(["Hundert"] * 4))
    assert [one["TDLINE"] for one in of(found, "E1EDKT2")] == [" ".join(["Hundert"] * n) for n in (8, 6)] + ["Ende"]
    assert [one["TDID"] for one in of(found, "E1EDPT1")] == ["0001"]
    assert text_of(found, "E1EDPT2") == long


def test_a_recall_is_an_ordchg_that_reverses_the_order_and_cancels_each_line() -> None:
    asked = delivery()
    asked.kind = Kind.RECALL
    found = read(FORMAT.render(an_order(line(), line(2)), asked, settings()).content)
    assert [one["MESTYP"] for one in of(found, "EDI_DC40")] == ["ORDCHG"]
    assert [one["ACTION"] for one in of(found, "E1EDK01")] == ["001"]
    assert [one["ACTION"] for one in of(found, "E1EDP01")] == ["003", "003"]
    assert of(found, "E1EDK02")[0]["BELNR"] == "PO-1"


def test_a_change_is_an_ordchg_that_says_what_becomes_of_each_line() -> None:
    before = an_order(line(), line(2, qty=Decimal(3)), line(3))
    now = replace(before, lines=[line(), line(2, qty=Decimal(9)), line(4)])
    asked = delivery(kind=Kind.CHANGE, before=before)
    found = read(FORMAT.render(now, asked, settings()).content)
    assert [one["MESTYP"] for one in of(found, "EDI_DC40")] == ["ORDCHG"]
    assert ["ACTION" in one for one in of(found, "E1EDK01")] == [False], "the lines say it"
    said = [(one["POSEX"], one["ACTION"], one["MENGE"]) for one in of(found, "E1EDP01")]
    assert said == [("000001", "004", "5"), ("000002", "002", "9"), ("000004", "001", "5"), ("000003", "003", "5")]
    with pytest.raises(RejectedError, match="what the partner has is not known"):
        FORMAT.render(now, delivery(kind=Kind.CHANGE), settings())


@given(before=ORDERS, now=ORDERS, kept=st.sets(st.integers(0, 4)), layout=st.sampled_from(["xml", "flat"]))
def test_an_ordchg_makes_of_what_the_erp_has_what_the_order_says_now(
    before: DraftOrder, now: DraftOrder, kept: set[int], layout: str
) -> None:
    lines = [before.lines[n] if n in kept and n < len(before.lines) else one for n, one in enumerate(now.lines)]
    now = replace(before, lines=lines)
    asked = delivery(kind=Kind.CHANGE, before=before)
    found = read(FORMAT.render(now, asked, settings(layout=layout, encoding="iso-8859-1")).content, "iso-8859-1")
    there = {one.line_no: _said(one) for one in before.lines}
    for one in lines_of(found):
        (item,), number = of(one, "E1EDP01"), int(of(one, "E1EDP01")[0]["POSEX"])
        assert (number in there) == (item["ACTION"] != "001"), "added is what was not there"
        if item["ACTION"] == "003":
            del there[number]
        elif item["ACTION"] == "004":
            assert there[number] == _line(one)
        else:
            there[number] = _line(one)
    assert there == {one.line_no: _said(one) for one in now.lines}


@pytest.mark.parametrize(
    ("more", "field", "value"),
    [({"test": True}, "TEST", "X"), ({"message_code": "EDI"}, "MESCOD", "EDI"), ({"sender_type": "KU"}, "SNDPRT", "KU"),
     ({"sender_port": "OFPORT"}, "SNDPOR", "OFPORT"), ({"receiver_port": "SAPPRD"}, "RCVPOR", "SAPPRD")],
)  # fmt: skip
def test_the_control_record_is_as_sap_wants_it(more, field, value) -> None:
    assert of(segments(**more), "EDI_DC40")[0][field] == value
    assert of(segments(layout="flat", **more), "EDI_DC40")[0][field] == value


def test_records_that_no_line_break_parts_have_their_full_length() -> None:
    records = document(layout="flat", line_breaks="none").content.decode()
    assert (len(records) - 524) % 1063 == 0
    assert records[524 + 1063 :].startswith("E2EDK03 ")
    assert b"\r\nE2EDK03 " in document(layout="flat", line_breaks="crlf").content


def test_segments_may_have_the_names_of_another_release() -> None:
    assert b"\nE2EDP01007 " in document(layout="flat", segment_names={"E1EDP01": "E2EDP01007"}).content


def test_the_document_says_what_it_is() -> None:
    assert document() == document()
    assert (document().media_type, document().format_version) == ("application/xml", "sap_idoc_orders05")
    assert document(layout="flat", encoding="iso-8859-1").media_type == "text/plain; charset=iso-8859-1"
    assert document(layout="flat").filename.endswith(".idoc")


@pytest.mark.parametrize(
    ("order", "place", "code"),
    [
        (an_order(external_order_number=None), "external_order_number", "FIELD_MISSING"),
        (an_order(external_order_number="1" * 36), "external_order_number", "DOES_NOT_FIT"),
        (an_order(currency=None), "currency", "FIELD_MISSING"),
        (an_order(line(uom="Stk")), "Line 1: uom", "CODE_UNKNOWN"),
        (an_order(line(uom="ST")), "Line 1: uom", "CODE_UNKNOWN"),
        (an_order(line(uom=None)), "Line 1: uom", "FIELD_MISSING"),
        (an_order(line(qty=None)), "Line 1: qty", "FIELD_MISSING"),
        (an_order(line(qty=Decimal("123456789012.345"))), "Line 1: qty", "DOES_NOT_FIT"),
        (an_order(line(1_000_000)), "Line 1000000: line_no", "DOES_NOT_FIT"),
        (an_order(line(internal_sku=None)), "Line 1: internal_sku", "FIELD_MISSING"),
        (an_order(line(internal_sku="x" * 36)), "Line 1: internal_sku", "DOES_NOT_FIT"),
        (an_order(line(currency="USD")), "Line 1: currency", "NO_PLACE_IN_FORMAT"),
        (an_order(line(unit_price=Decimal("0.0000001"))), "Line 1: unit_price", "DOES_NOT_FIT"),
        (an_order(line(product_description="x" * 71)), "Line 1: product_description", "DOES_NOT_FIT"),
        (an_order(line(seller_article_number="OTHER")), "Line 1: seller_article_number", "NO_PLACE_IN_FORMAT"),
        (an_order(line(promised_delivery_date=date(2026, 1, 1))), "Line 1: promised_delivery_date",
         "NO_PLACE_IN_FORMAT"),
        (an_order(earliest_delivery_date=date(2026, 1, 1)), "earliest_delivery_date", "NO_PLACE_IN_FORMAT"),
        (an_order(notes="a\x0bb" + "x" * 70), "notes", "DOES_NOT_FIT"),
        (an_order(notes="a\x07b"), "notes", "NOT_IN_ENCODING"),
        (an_order(payment_terms="net 30 days"), "payment_terms", "CODE_UNKNOWN"),
        (an_order(delivery_terms="free house"), "delivery_terms", "CODE_UNKNOWN"),
        (an_order(ship_to={"name": "A", "country": "Germany"}), "ship_to.country", "CODE_UNKNOWN"),
        (an_order(ship_to={"name": "A", "region": "Bavaria"}), "ship_to.region", "DOES_NOT_FIT"),
        (an_order(ship_to={"name": "A", "floor": 3}), "ship_to.floor", "NO_PLACE_IN_FORMAT"),
        (an_order(ship_to={"name": "A", "email": "a@b.example"}), "ship_to.email", "NO_PLACE_IN_FORMAT"),
        (an_order(ship_to={"name": "A", "vat": "DE123456788"}), "ship_to.vat", "NO_PLACE_IN_FORMAT"),
        (an_order(charges=(AllowanceCharge("XX", amount=Decimal(1)),)), "charges[0].code", "CODE_UNKNOWN"),
        (an_order(charges=(AllowanceCharge("FC", amount=Decimal("0.125")),)), "charges[0].amount", "DOES_NOT_FIT"),
        (an_order(charges=(AllowanceCharge("FC", percent=Decimal(1), base_amount=Decimal(9)),)),
         "charges[0].base_amount", "NO_PLACE_IN_FORMAT"),
    ],
)  # fmt: skip
def test_what_an_idoc_cannot_say_refuses_the_order_and_names_the_field(order, place, code) -> None:
    for layout in ("xml", "flat"):
        refused = refusal(order, conditions=CODES, layout=layout)
        assert refused.message.startswith(f"{place} ")
        assert (refused.code, refused.details["field"]) == (code, place.rpartition(": ")[2])


def test_a_letter_that_a_flat_file_lacks_refuses_the_order_and_xml_has_it() -> None:
    order = an_order(notes="10 €")
    assert refusal(order, layout="flat", encoding="iso-8859-1").code == "NOT_IN_ENCODING"
    assert of(segments(order), "E1EDKT2")[0]["TDLINE"] == "10 €"


@given(text=st.text(min_size=1, max_size=30))
def test_whatever_a_text_holds_is_read_back_or_refused(text: str) -> None:
    order = an_order(line(internal_sku=text))
    for layout in ("xml", "flat"):
        with suppress(RejectedError):
            assert of(read(document(order, layout=layout).content), "E1EDP19")[0]["IDTNR"] == text.strip()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"sender": ""}, "sender"), ({"sender": "A" * 11}, "sender"), ({"client": "1"}, "client"),
        ({"units": {"Stk": "piece"}}, "units"), ({"conditions": {"FC": "freight"}}, "conditions"),
        ({"countries": {"Germany": "GERMANY"}}, "countries"), ({"countries": {"Germany": "D\x01"}}, "countries"),
        ({"payment_terms": {"net": "Ł"}}, "payment_terms"), ({"payment_terms": {"net": "A\x01"}}, "payment_terms"),
        ({"segment_names": {"E1EDP01": "E2EDK01005"}}, "segment_names"), ({"dates": {"other": "001"}}, "dates"),
        ({"left_out": ["email"]}, "left_out"), ({"file_name": "order.idoc"}, "file_name"),
    ],
)  # fmt: skip
def test_settings_that_make_no_document_are_refused_when_they_are_saved(more, field) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**more)
    assert refused.value.errors()[0]["loc"][0] == field


def test_the_xml_is_well_formed_whatever_the_order_says() -> None:
    order = an_order(line(internal_sku="<&>]]>", product_description="\"a\" 'b'"), notes="]]> & <x>")
    assert etree.fromstring(document(order).content).findtext(".//E1EDP19/IDTNR") == "<&>]]>"
