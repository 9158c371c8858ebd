"""Order Response: each says what it proves; what is not sure is refused with the reason, never guessed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orderflow.domain.answer_details import Level, LineStatus, Others, Schedule
from orderflow.domain.answer_files import ControlNumber, OrderNumber, UnfinishedError, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.ubl import UblFormat, UblSettings
from tests.unit.formats.edi.partner import confirms, cut, damaged
from tests.unit.formats.ubl.responses import REFERENCE, article, line, note, price, promised, qty, response

FORMAT = UblFormat()
SETTINGS = UblSettings(units={"Stk": "H87"})


def read(content):
    return list(FORMAT.read("any.xml", content, SETTINGS))


def said(code, *parts, **more):
    (answer,) = read(response(code, *parts, **more))
    return answer


def refused(content):
    with pytest.raises(UnreadableError) as unreadable:
        read(content)
    return unreadable.value


PROPOSED = f"<cac:SellerProposedSubstituteLineItem>{article('W-9')}</cac:SellerProposedSubstituteLineItem>"
SUBSTITUTE = PROPOSED.replace("ProposedSubstitute", "Substituted")
CHARGE = (
    "<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>"
    '<cbc:Amount currencyID="EUR">500</cbc:Amount></cac:AllowanceCharge>'
)


@pytest.mark.parametrize(
    ("code", "parts", "status", "level", "others"),
    [
        ("AB", [], "ACKED", Level.UNDERSTOOD, None),
        ("AP", [], "ACKED", Level.ANSWERED, Others.AS_ORDERED),
        ("CA", [line(1, 5)], "ACKED", Level.ANSWERED, Others.UNANSWERED),
        ("", [line(1, 5)], "ACKED", Level.ANSWERED, Others.UNANSWERED),
        ("RE", [], "FAILED", Level.ANSWERED, None),
        ("RE", [line(1, 7, note("gone"))], "FAILED", Level.ANSWERED, None),
        ("RE", [line(1, "", qty(5), price(12)), line(2, 7)], "FAILED", Level.ANSWERED, None),
        ("RE", [line(1, 7, beside=PROPOSED), CHARGE], "FAILED", Level.ANSWERED, None),
        ("AP", ["<cbc:CopyIndicator>false</cbc:CopyIndicator>"], "ACKED", Level.ANSWERED, Others.AS_ORDERED),
    ],
)
def test_what_is_said_of_the_whole_order(code, parts, status, level, others):
    answer = said(code, note("Danke"), *parts)
    assert (answer.status, answer.level, answer.about) == (status, level, OrderNumber("PO-1"))
    assert (answer.details.others if answer.details else None) == others
    assert answer.message.startswith("Danke")


def test_a_response_line_by_line():
    basis = '<cbc:BaseQuantity unitCode="H87">100</cbc:BaseQuantity>'
    answer = said(
        "CA",
        "<cbc:SalesOrderID>SO-7</cbc:SalesOrderID>",
        line(1, 5, qty(5), promised("2026-12-01", "2026-12-01"), price("12.50"), article("W-1")),
        line(2, 3, note("short"), qty(3), qty(2, name="MaximumBackorderQuantity"), price(1250, basis), article("W-2")),
        line(3, 7, note("discontinued")),
        line(4, 3, qty(2), article("W-4"), beside=SUBSTITUTE),
        line(5, 3, qty(4), promised("2026-12-01", "2026-12-20")),
        line(6, 42),
    )
    assert (answer.erp_order_id, answer.details.currency) == ("SO-7", "EUR")
    first, second, third, fourth, fifth, sixth = answer.details.lines
    assert (first.line_no, first.status, first.qty, first.unit_price) == (1, LineStatus.ACCEPTED, 5, Decimal("12.50"))
    assert (first.sku, first.schedules) == ("W-1", (Schedule(date(2026, 12, 1)),))
    assert [first.counts_in(unit) for unit in ("PCE", "Stk", "H87", "KGM")] == [True, True, True, False]
    assert (second.status, second.qty, second.unit_price) == (LineStatus.BACKORDERED, 3, Decimal("12.5"))
    assert second.message == "short"
    assert (third.status, third.message, third.code) == (LineStatus.REJECTED, "discontinued", "7")
    assert (fourth.status, fourth.sku, fourth.qty) == (LineStatus.SUBSTITUTED, "W-9", 2)
    assert fifth.schedules == (Schedule(date(2026, 12, 1)), Schedule(date(2026, 12, 20)))
    assert (sixth.status, sixth.code) == (LineStatus.CHANGED, "42")


def test_notes_are_all_told_and_what_is_of_others_is_passed_over():
    foreign = '<x:Quantity xmlns:x="urn:x" unitCode="KGM">9<x:a/></x:Quantity>'
    (one,) = said("CA", line(1, 3, note("short"), note(""), note("sorry"), foreign, qty(3))).details.lines
    assert (one.message, one.qty) == ("short; sorry", 3)


def test_parts_of_a_line_that_come_at_several_times():
    parts = promised("2026-12-01", more=qty(6)) + promised("2026-12-15", more=qty(4))
    (one,) = said("CA", line(1, 3, parts)).details.lines
    assert one.schedules == (Schedule(date(2026, 12, 1), Decimal(6)), Schedule(date(2026, 12, 15), Decimal(4)))


def test_when_the_whole_order_comes_is_told_by_the_last_day_of_the_period():
    answer = said("AP", promised("2026-12-01", "2026-12-10"))
    assert answer.details.delivery_date == date(2026, 12, 10)
    assert answer.message == "Delivery from 2026-12-01 to 2026-12-10."


def changed(number):
    return f"<cac:OrderChangeDocumentReference><cbc:ID>{number}</cbc:ID></cac:OrderChangeDocumentReference>"


def test_an_answer_to_a_change_is_about_the_change():
    assert said("AP", changed("C7")).about == ControlNumber(7, frozenset({Kind.CHANGE}), OrderNumber("PO-1"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (response("AP", changed("c1-11233")), "did not send"),
        (response("AP", changed("R7")), "did not send"),
        (response("AP", reference=""), "names no orders"),
        (response("AP", reference=REFERENCE + REFERENCE.replace("PO-1", "PO-2")), "names 2 orders"),
        (response("AP", root="Order"), "'Order', which is not read"),
        (b"<OrderResponse><ID/></OrderResponse>", "'OrderResponse', which is not read"),
        (response(""), "neither what becomes"),
        (response("CA"), "neither what becomes"),
        (response("ZZ"), "code is 'ZZ'"),
        (response("AB", line(1, 5)), "code is 'AB'"),
        (response("RE", line(1, 5)), "accepts line 1"),
        (response("AP", "<cbc:OrderResponseCode>RE</cbc:OrderResponseCode>"), "OrderResponseCode 2 times"),
        (response("CA", line(1, 1)), "status '1'"),
        (response("CA", line(1, "")), "status ''"),
        (response("CA", line("one", 5)), "line's number"),
        (response("CA", line(1, 3, qty("NaN"))), "where a number belongs"),
        (response("CA", line(1, 3, qty("1e3"))), "where a number belongs"),
        (response("CA", line(1, 3, qty("1,500"))), "where a number belongs"),
        (response("CA", line(1, 3, qty("1<cbc:ID/>0"))), "holds elements"),
        (response("CA", line(1, 3, qty(1), qty(2))), "Quantity 2 times"),
        (response("CA", line(1, 3, qty(1), qty(2, "KGM", "MaximumBackorderQuantity"))), "several units"),
        (response("CA", line(1, 3, promised("2026-13-01"))), "where a date belongs"),
        (response("CA", line(1, 3, promised("01.12.2026"))), "where a date belongs"),
        (response("CA", line(1, 3, price(10, "<cbc:BaseQuantity>3</cbc:BaseQuantity>"))), "none for one"),
        (response("CA", line(1, 3, '<cbc:LineExtensionAmount currencyID="USD">1</cbc:LineExtensionAmount>', price(1))),
         "several currencies"),
        (response("CA", "<cac:OrderLine/>"), "without a LineItem"),
        (response("RE", line(1, "", beside=SUBSTITUTE)), "status ''"),
        (response("CA", line(1, 3, beside=SUBSTITUTE + SUBSTITUTE)), "SellerSubstitutedLineItem 2 times"),
        (response("AP", line(1, 5, beside=PROPOSED)), "has SellerProposedSubstituteLineItem"),
        (response("AP", line(1, 5, CHARGE)), "has AllowanceCharge"),
        (response("AP", CHARGE), "has AllowanceCharge"),
        (response("AP", "<cbc:CopyIndicator>true</cbc:CopyIndicator>"), "is a copy"),
    ],
)  # fmt: skip
def test_a_response_that_is_not_sure_changes_nothing(content, why):
    assert why in str(refused(content))


def from_seller(number, scheme="0088"):
    named = f' schemeID="{scheme}"' if scheme else ""
    endpoint = f"<cbc:EndpointID{named}>{number}</cbc:EndpointID>"
    return response("AP", f"<cac:SellerSupplierParty><cac:Party>{endpoint}</cac:Party></cac:SellerSupplierParty>")


@pytest.mark.parametrize(
    ("content", "is_meant"),
    [
        (from_seller("4000001000005"), True),
        (from_seller("4000001000005", ""), True),
        (from_seller(""), True),
        (response("AP"), True),
        (from_seller("4000001000006"), False),
        (from_seller("4000001000005", "9930"), False),
    ],
)
def test_a_response_of_another_seller_changes_nothing(content, is_meant):
    settings = UblSettings(seller_endpoint="0088:4000001000005")
    assert confirms(FORMAT, content, settings) is is_meant
    assert confirms(FORMAT, content, SETTINGS)


def test_what_is_wrong_within_is_told_at_the_order():
    assert refused(response("ZZ")).about == OrderNumber("PO-1")


DTD = b'<!DOCTYPE OrderResponse [<!ENTITY e "AP">]>'
YES = response("AP")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"Dear all,", "no XML"),
        (YES.replace(b"\n", DTD), "DOCTYPE"),
        (YES.decode().replace("UTF-8", "UTF-16").replace("\n", DTD.decode()).encode("utf-16"), "DOCTYPE"),
        (YES.replace(b">AP<", b">&e;<"), "no XML"),
        (YES.replace(b"UTF-8", b"UTF-7"), "written in UTF-7"),
        (YES.replace(b"PO-1", b"\xff"), "no XML"),
        (YES + b"<a/>", "no XML"),
        (YES.replace(b"</cac:OrderReference>", b"</cac:OrderReference>" + b"<a>" * 300 + b"</a>" * 300), "no XML"),
        (response("AP", "<cbc:Note/>" * 310_000), "more than"),
        (response("", "<cbc:Note/>" * 290_000), "neither what becomes"),
        (b"<a>" + b" " * 10_485_760, "larger than"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_xml_that_no_business_needs_is_refused(content, why):
    found = refused(content)
    assert why in str(found)
    assert not isinstance(found, UnfinishedError)


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8-sig", "UTF-8"), ("utf-8", "utf8"), ("utf-8", "utf-16"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"),
     ("utf-16-be", "UTF-8"), ("iso-8859-1", "iso-8859-1"), ("iso-8859-1", "Latin1"), ("iso-8859-2", "ISO-8859-2"),
     ("cp1250", "windows-1250"), ("cp1252", "CP1252"), ("cp850", "IBM850")],
)  # fmt: skip
def test_an_encoding_that_is_named_or_sure_is_read(encoding, named):
    content = response("AP", note("Grüße<!-- an alle --> an Sie")).decode().replace("UTF-8", named)
    assert read(content.encode(encoding))[0].message == "Grüße an Sie"


@pytest.mark.parametrize("named", ["utf-7", "shift_jis", "ebcdic-cp-us", "rot13", "base64", "no-such-thing"])
def test_an_encoding_that_is_not_sure_is_not_read(named):
    assert f"written in {named}" in str(refused(YES.replace(b"UTF-8", named.encode())))
    mixed = response("AP", note("Grüße")).replace(b"UTF-8", b"ascii")
    assert "written in ascii, and is not" in str(refused(mixed))


def enveloped(*documents):
    space = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
    head = "<StandardBusinessDocumentHeader><HeaderVersion>1.0</HeaderVersion></StandardBusinessDocumentHeader>"
    within = b"".join(document.partition(b"\n")[2] for document in documents)
    name = "StandardBusinessDocument"
    return f'<{name} xmlns="{space}">{head}'.encode() + within + f"</{name}>".encode()


def test_a_response_in_an_envelope_is_the_response():
    assert read(enveloped(YES)) == read(YES)
    for documents in ((), (YES, YES)):
        assert f"an envelope with {len(documents)} documents" in str(refused(enveloped(*documents)))
    assert "not read as an answer" in str(refused(enveloped(response("AP", root="Order"))))


def simple(accepted, *notes):
    told = "".join(f"<cbc:RejectionNote>{text}</cbc:RejectionNote>" for text in notes)
    return response("", f"<cbc:AcceptedIndicator>{accepted}</cbc:AcceptedIndicator>{told}", root="OrderResponseSimple")


def test_a_response_without_lines_takes_the_order_as_a_whole_or_refuses_it():
    (taken,) = read(simple("true"))
    assert (taken.status, taken.level, taken.details.others) == ("ACKED", Level.ANSWERED, Others.AS_ORDERED)
    (refusal,) = read(simple("false", "No such article.", "Ask us."))
    assert (refusal.status, refusal.message, refusal.about) == (
        "FAILED", "No such article.; Ask us.", OrderNumber("PO-1"),
    )  # fmt: skip
    for unclear in (simple("perhaps"), simple(""), simple("true", "No such article.")):
        assert refused(unclear).about == OrderNumber("PO-1")


@pytest.mark.parametrize("content", [b"", b"\x00\x1a", YES[:-12], YES[:40]])
def test_a_file_that_breaks_off_may_still_be_being_written(content):
    assert isinstance(refused(content), UnfinishedError)


@given(content=st.binary(max_size=400))
@example(content=b"<?xml version='1.0' encoding=''?><a/>")
def test_random_bytes_never_fail_otherwise_and_never_confirm(content):
    assert not confirms(FORMAT, content, SETTINGS)
    assert not confirms(FORMAT, YES[:400] + content, SETTINGS) or b"OrderResponse" in content


LINES = response("CA", line(1, 5, qty(5), price(12)), line(2, 7, note("no")), promised("2026-12-01", "2026-12-02"))


@given(data=st.data())
def test_an_answer_that_was_damaged_never_fails_otherwise(data):
    confirms(FORMAT, damaged(data, LINES), SETTINGS)


@given(data=st.data())
def test_an_answer_that_breaks_off_confirms_nothing(data):
    assert not confirms(FORMAT, cut(data, LINES), SETTINGS)
