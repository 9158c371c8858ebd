"""STATUS, ALEAUD and ORDRSP: each says what it proves; what is not sure is refused with the reason, never guessed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.answer_details import Level, LineStatus, Schedule
from orderflow.domain.answer_files import Answer, ControlNumber, OrderNumber, UnfinishedError, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.answer_fields import LONGEST_MESSAGE
from orderflow.formats.idoc import IdocFormat, IdocSettings
from tests.unit.formats.edi.partner import confirms, cut, damaged
from tests.unit.formats.idoc.idocs import Tree, as_xml, control

FORMAT = IdocFormat()
SETTINGS = IdocSettings(sender="ORDERFLOW", receiver="PRDCLNT100", units={"Stk": "PCE"})
KEY = "00000000-0000-0000-0000-000000000004"


def answers(content: bytes, settings: IdocSettings = SETTINGS) -> list[Answer]:
    return list(FORMAT.read("any", content, settings))


def the_answer(content: bytes) -> Answer:
    (answer,) = answers(content)
    return answer


def status(code: str, **fields: str) -> bytes:
    told = {"DOCNUM": "0000000000000007", "STATUS": code} | fields
    return as_xml(control("STATUS", "SYSTAT01"), ("E1STATS", told, []))


def audit(code: str, *made: dict[str, str], **fields: str) -> bytes:
    told = {"DOCNUM": "0000000000000007", "STATUS": code} | fields
    objects: list[Tree] = [("E1PRTOB", one, []) for one in made]
    return as_xml(control("ALEAUD", "ALEAUD01"), ("E1ADHDR", {"MESTYP": "ORDERS"}, [("E1STATE", told, objects)]))


@pytest.mark.parametrize(
    ("code", "level"),
    [("03", Level.RECEIVED), ("12", Level.RECEIVED), ("39", Level.RECEIVED), ("50", Level.RECEIVED),
     ("64", Level.RECEIVED), ("16", Level.UNDERSTOOD), ("62", Level.UNDERSTOOD), ("41", Level.UNDERSTOOD),
     ("53", Level.UNDERSTOOD)],
)  # fmt: skip
def test_a_status_proves_how_far_the_idoc_came_and_confirms_nothing(code: str, level: Level) -> None:
    for content, about in ((status(code), ControlNumber(7)), (audit(code), of_order(7))):
        answer = the_answer(content)
        assert (answer.status, answer.level, answer.about) == ("ACKED", level, about)


@pytest.mark.parametrize("code", ["02", "17", "40", "51", "56", "60", "68"])
def test_a_status_of_an_error_is_a_refusal_in_saps_words(code: str) -> None:
    told = {"STATXT": "Sold-to party & not defined in sales area &", "STAPA1": "4711", "STAPA2": "1710 10 00",
            "STAMID": "VP", "STAMNO": "204"}  # fmt: skip
    answer = the_answer(status(code, **told))
    assert (answer.status, answer.error_code) == ("FAILED", f"{code} VP 204")
    assert answer.message == "Sold-to party 4711 not defined in sales area 1710 10 00"
    answer = the_answer(audit(code, STATXT="Fehler &1: &2", STAPA1_LNG="A", STAPA2_LNG="B", STACOD="SAPVG140"))
    assert (answer.error_code, answer.message) == (f"{code} VG 140", "Fehler A: B")


def test_a_parameter_of_saps_words_is_filled_in_once_and_only_its_beginning() -> None:
    told = the_answer(status("51", STATXT="&1 of &2, & and &", STAPA1="A&2", STAPA2="B&1"))
    assert told.message == "A&2 of B&1, A&2 and B&1"
    grows = {f"STAPA{n}": f"&{n % 4 + 1}" * 1_000 for n in range(1, 5)}
    assert len(the_answer(status("51", STATXT="&1" * 1_000, **grows)).message or "") == LONGEST_MESSAGE
    with pytest.raises(UnreadableError) as unclear:
        answers(status("52", STATXT="&1" * 1_000, **grows))
    assert len(str(unclear.value)) < LONGEST_MESSAGE + 200


def test_the_number_that_sap_gave_the_order_confirms_it() -> None:
    for content in (
        audit("53", {"OBJTYPE": "IDOC", "OBJKEY": "9"}, {"OBJTYPE": "BUS2032", "OBJKEY": "0000004711"}),
        audit("41", {"OBJTYPE": "BUS2032", "OBJKEY": "0000004711"}),
        status("53", STAMID="V1", STAMNO="311", STAPA1="Standard Order", STAPA2="0000004711"),
        status("53", STACOD="SAPV1311", STAPA1="Terminauftrag", STAPA2="0000004711"),
    ):
        answer = the_answer(content)
        assert (answer.status, answer.level, answer.erp_order_id) == ("ACKED", Level.ANSWERED, "0000004711")


@pytest.mark.parametrize(
    "content",
    [
        audit("53", {"OBJTYPE": "BUS2012", "OBJKEY": "4500000001"}),
        audit("53", {"OBJTYPE": "BUS2032", "OBJKEY": ""}),
        audit("50", {"OBJTYPE": "BUS2032", "OBJKEY": "0000004711"}),
        status("53", STAMID="V1", STAMNO="312", STAPA2="0000004711"),
        status("53", STAMID="V1", STAMNO="311", STAPA2="Order"),
        status("62", STAMID="V1", STAMNO="311", STAPA2="0000004711"),
    ],
)
def test_a_number_of_something_else_confirms_nothing(content: bytes) -> None:
    assert the_answer(content).level is not Level.ANSWERED


def test_an_audit_that_names_two_sales_orders_is_told_and_confirms_nothing() -> None:
    made = [{"OBJTYPE": "BUS2032", "OBJKEY": number} for number in ("4711", "4712")]
    with pytest.raises(UnreadableError, match="in 2 ways") as unclear:
        answers(audit("53", *made))
    assert unclear.value.about == of_order(7)
    assert the_answer(audit("53", made[0], made[0])).erp_order_id == "4711"


def test_a_status_names_the_delivery_by_our_key_if_it_carries_it() -> None:
    assert the_answer(status("53", ARCKEY=KEY)).about == UUID(KEY)
    assert the_answer(status("53", ARCKEY="something of theirs")).about == ControlNumber(7)


@pytest.mark.parametrize("code", ["52", "57", "70", "99", "", "5"])
def test_a_status_that_says_neither_is_told_at_its_order(code: str) -> None:
    with pytest.raises(UnreadableError, match=r"in status .*half") as told:
        answers(status(code, STATXT="half"))
    assert told.value.about == ControlNumber(7)


def test_an_audit_of_changes_means_no_order() -> None:
    state: Tree = ("E1STATE", {"DOCNUM": f"{7:016}", "STATUS": "53"}, [])
    answer = the_answer(as_xml(control("ALEAUD", "ALEAUD01"), ("E1ADHDR", {"MESTYP": "ORDCHG"}, [state])))
    assert answer.about == ControlNumber(7, frozenset({Kind.CHANGE, Kind.RECALL}))


def of_order(number: int) -> ControlNumber:
    return ControlNumber(number, frozenset({Kind.ORDER}))


def test_an_audit_may_answer_many_idocs() -> None:
    states: list[Tree] = [
        ("E1STATE", {"DOCNUM": f"{number:016}", "STATUS": code}, [])
        for number, code in ((7, "53"), (8, "51"), (9, "53"))
    ]
    read = answers(as_xml(control("ALEAUD", "ALEAUD01"), ("E1ADHDR", {"MESTYP": "ORDERS"}, states)))
    assert [(one.about, one.status) for one in read] == [
        (of_order(7), "ACKED"), (of_order(8), "FAILED"), (of_order(9), "ACKED"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (as_xml(control("STATUS", "SYSTAT01", RCVPRN="OTHER"), ("E1STATS", {"STATUS": "53"}, [])), "for 'OTHER'"),
        (as_xml(control("STATUS", "SYSTAT01", SNDPRN="OTHER"), ("E1STATS", {"STATUS": "53"}, [])), "from 'OTHER'"),
        (as_xml(control("ORDRSP", "ORDERS05", RCVPRN="OTHER"), ("E1EDK01", {}, [])), "for 'OTHER'"),
        (as_xml(control("STATUS", "SYSTAT01", TEST="X"), ("E1STATS", {"STATUS": "53"}, [])), "is a test"),
        (as_xml(control("ALEAUD", "ALEAUD01"), ("E1ADHDR", {"MESTYP": "INVOIC"}, [("E1STATE", {}, [])])), "'INVOIC'"),
        (as_xml(control("INVOIC", "INVOIC02"), ("E1EDK01", {}, [])), "'INVOIC', which is no answer"),
        (as_xml(control("STATUS", "SYSTAT01"), ("E1STATS", {"STATUS": "53", "DOCNUM": "x"}, [])), "none of ours"),
        (as_xml(control("STATUS", "SYSTAT01")), "has no status"),
        (b"<ORDERS05/>", "without an IDOC"),
        (b'<A><IDOC><E1STATS SEGMENT="1"/></IDOC></A>', "does not begin with its control record"),
        (b"UNB+UNOC:3+THEM+US", "neither as XML nor"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><A>&b;</A>', "DOCTYPE"),
        (b"<A>" + b"<b/>" * 700_000 + b"</A>", "elements"),
        (b"<A>&nothing;</A>", "no XML"),
    ],
)
def test_what_is_no_answer_for_us_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        answers(content)


def response(*lines: Tree, head: dict[str, str] | None = None, more: tuple[Tree, ...] = (), **fields: str) -> bytes:
    begin = {"CURCY": "EUR", "BELNR": "0000004711"} | (head or {})
    return as_xml(
        control("ORDRSP", "ORDERS05", **fields),
        ("E1EDK01", begin, []),
        ("E1EDK02", {"QUALF": "001", "BELNR": "PO-1"}, []),
        *more,
        *lines,
        ("E1EDS01", {"SUMID": "002", "SUMME": "62.50"}, []),
    )


def item(position: int = 10, line_no: int | None = 1, *more: Tree, **fields: str) -> Tree:
    given = {
        "POSEX": f"{position:06}",
        "ACTION": "004",
        "MENGE": "5.000",
        "MENEE": "PCE",
        "VPREI": "12.50",
        "PEINH": "1",
    }
    referred: list[Tree] = []
    if line_no is not None:
        referred = [("E1EDP02", {"QUALF": "001", "BELNR": "PO-1", "ZEILE": f"{line_no:06}"}, [])]
    article: Tree = ("E1EDP19", {"QUALF": "002", "IDTNR": fields.pop("IDTNR", "WIDGET-001")}, [])
    return ("E1EDP01", given | fields, [*referred, *more, article])


def own_number(number: str) -> Tree:
    return ("E1EDK02", {"QUALF": "002", "BELNR": number}, [])


def scheduled(qty: str, day: str = "20261210") -> Tree:
    return ("E1EDP20", {"WMENG": qty, "AMENG": "0.000", "EDATU": day}, [])


def the_line(*more: Tree, **fields: str) -> Any:
    answer = the_answer(response(item(10, 1, *more, **fields)))
    assert answer.details is not None
    (line,) = answer.details.lines
    return line


def test_a_response_confirms_line_by_line() -> None:
    answer = the_answer(response(item(10, 1, scheduled("5.000")), item(20, 2, ACTION="003")))
    assert (answer.status, answer.level, answer.about) == ("ACKED", Level.ANSWERED, OrderNumber("PO-1"))
    assert (answer.erp_order_id, answer.details and answer.details.currency) == ("0000004711", "EUR")
    assert answer.details is not None
    first, second = answer.details.lines
    assert (first.line_no, first.status, first.qty, first.uom) == (1, LineStatus.ACCEPTED, Decimal(5), "PCE")
    assert (first.unit_price, first.sku, first.same_units) == (Decimal("12.5"), "WIDGET-001", ("Stk",))
    assert first.schedules == (Schedule(date(2026, 12, 10)),)
    assert (second.line_no, second.status) == (2, LineStatus.REJECTED)


@pytest.mark.parametrize(
    ("fields", "status_of_it"),
    [({"ACTION": "004"}, LineStatus.ACCEPTED), ({"ACTION": "001"}, LineStatus.ACCEPTED),
     ({"ACTION": "002"}, LineStatus.CHANGED), ({"ACTION": "003"}, LineStatus.REJECTED),
     ({"ACTION": "005"}, LineStatus.BACKORDERED), ({"ABGRU": "Z1"}, LineStatus.REJECTED)],
)  # fmt: skip
def test_what_becomes_of_a_line(fields: dict[str, str], status_of_it: LineStatus) -> None:
    assert the_line(**fields).status is status_of_it


def test_of_a_line_that_is_locked_nothing_is_certain() -> None:
    for line in (the_line(ACTION="005"), the_line(scheduled("5.000"), ACTION="005")):
        assert (line.status, line.qty, line.schedules) == (LineStatus.BACKORDERED, None, ())


@pytest.mark.parametrize("action", ["003", "005", "009", "ZZZ"])
def test_a_response_that_does_what_nobody_knows_is_refused(action: str) -> None:
    with pytest.raises(UnreadableError, match=f"action '{action}'"):
        answers(response(item(), head={"ACTION": action}))


@pytest.mark.parametrize("action", ["000", "002", "004"])
def test_a_response_that_is_no_reversal_says_it_in_its_lines(action: str) -> None:
    assert the_answer(response(item(), head={"ACTION": action})).status == "ACKED"


def test_a_line_without_an_action_says_what_its_schedule_lines_say() -> None:
    line = the_line(scheduled("5.000"), ACTION="")
    assert (line.status, line.qty) == (LineStatus.ACCEPTED, Decimal(5))
    with pytest.raises(UnreadableError, match="nothing is said about it"):
        the_line(ACTION="")


def test_a_rejected_line_says_why() -> None:
    line = the_line(ABGRU="Z1", ABGRT="No longer made")
    assert (line.status, line.code, line.message) == (LineStatus.REJECTED, "Z1", "No longer made")


def test_what_schedule_lines_confirm_counts_and_not_what_was_ordered() -> None:
    short = the_line(scheduled("3.000"), scheduled("0.000", "20270101"))
    assert (short.qty, short.schedules) == (Decimal(3), (Schedule(date(2026, 12, 10), Decimal(3)),))
    parts = the_line(scheduled("2.000"), scheduled("3.000", "20270101"))
    assert (parts.qty, len(parts.schedules)) == (Decimal(5), 2)
    waits = the_line(scheduled("0.000", "00000000"))
    assert (waits.status, waits.qty, waits.schedules) == (LineStatus.BACKORDERED, Decimal(0), ())


def test_a_price_for_many_is_one_for_each() -> None:
    assert the_line(VPREI="125.00", PEINH="100").unit_price == Decimal("1.25")
    with pytest.raises(UnreadableError, match="a price for 3 that is none for one"):
        the_line(VPREI="10.00", PEINH="3")
    with pytest.raises(UnreadableError, match="a price for KGM"):
        the_line(PMENE="KGM")


def test_an_article_that_sap_fills_up_with_zeros_is_the_one_that_we_sent() -> None:
    assert the_line(IDTNR="000000000010000029").sku == "10000029"


def test_a_line_is_named_by_its_number_in_the_order_and_never_by_saps_own() -> None:
    by_position: Tree = ("E1EDP02", {"QUALF": "002", "BELNR": "0000004711", "ZEILE": "000010"}, [])
    for one, number in ((item(3, None), 3), (item(10, 3), 3), (item(10, None, by_position), None)):
        details = the_answer(response(one)).details
        assert details is not None
        assert [line.line_no for line in details.lines] == [number]


def test_parts_of_a_kit_that_sap_added_are_no_lines_of_ours() -> None:
    details = the_answer(response(item(), item(11, None, UEPOS="000010"))).details
    assert details is not None
    assert [line.line_no for line in details.lines] == [1]


def test_an_order_that_is_refused_as_a_whole() -> None:
    text: Tree = ("E1EDKT1", {"TDID": "0001"}, [("E1EDKT2", {"TDLINE": "Customer is blocked"}, [])])
    refused = response(item(ABGRU="Z1"), head={"ACTION": "001"}, more=(text,))
    assert (the_answer(refused).status, the_answer(refused).message) == ("FAILED", "Customer is blocked")
    with pytest.raises(UnreadableError, match="accepts line 1") as told:
        answers(response(item(), head={"ACTION": "001"}))
    assert told.value.about == OrderNumber("PO-1")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (response(item(ACTION="091")), "action '091'"),
        (response(item(MENGE="5.000-")), "where a number belongs"),
        (response(item(10, 1, scheduled("1", "20261301"))), "where a date belongs"),
        (response(), "nothing about any line"),
        (response(item(10, 1, ("E1EDP02", {"QUALF": "001", "ZEILE": "2"}, []))), "the order's line that Line 10"),
        (response(item(10, 1, ("E1EDP19", {"QUALF": "002", "IDTNR": "B"}, []))), "the article of Line 10"),
        (response(item(), more=(own_number("4711"), own_number("4712"))), "SAP's own order"),
        (response(item(), more=(("E1EDK01", {}, []),)), "2 headers"),
        (response(item(), ("E1EDS01", {}, []), item(20, 2, ACTION="003")), "E1EDP01 of it stands behind its totals"),
        (response(item(), more=(("E1EDK02", {"QUALF": "001", "BELNR": "PO-2"}, []),)), "names 2 orders"),
        (as_xml(control("ORDRSP", "ORDERS05"), ("E1EDK01", {}, [])), "names no orders"),
    ],
)
def test_what_is_not_sure_changes_nothing(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        answers(content)


def flat(message: str, *records: tuple[str, str], end: str = "\n") -> bytes:
    """Return a flat IDoc; records are given by the names of their segments, and their fields as they stand there."""
    idoc_type = "SYSTAT01" if message == "STATUS" else "ORDERS05"
    head = f"EDI_DC40  100{9001:016}700 531   {idoc_type:30}{'':30}{message:30}{'':19}"
    head += f"{'SAPPRD':10}LS  {'PRDCLNT100':10}{'':91}{'OFPORT':10}LS  {'ORDERFLOW':10}{'':91}20261129101500"
    head = head.ljust(524)
    data = [f"{name:30}100{9001:016}{n:06}{0:06}02{fields}" for n, (name, fields) in enumerate(records, 1)]
    return (end.join([head, *data]) + end).encode()


K02 = ("E2EDK02", f"001{'PO-1':35}{'':20}")
P01 = ("E2EDP01007", f"{'000001':6}004  {'5.000':15}PCE{'':28}{'12.50':15}{'1':9}".ljust(500))
S01 = ("E2EDS01", f"002{'62.50':18}{'':6}")
RESPONSE = flat("ORDRSP", ("E2EDK01005", f"    EUR{'':76}{'0000004711':35}".ljust(357)), K02, P01,
                ("E2EDP20001", f"{'5.000':15}{'':15}20261210".ljust(61)), S01)  # fmt: skip
_SAID = f"{'51':2}{'':50}{'SAPVP204':8}{'Party & unknown':70}{'':16}{'4711':20}"
STATUS = flat("STATUS", ("E2STATS", f"{'':13}{7:016}20261129101500{_SAID}".ljust(382)))


def test_flat_files_are_read_in_the_versions_that_sap_writes() -> None:
    answer = the_answer(RESPONSE)
    assert (answer.about, answer.erp_order_id, answer.level) == (OrderNumber("PO-1"), "0000004711", Level.ANSWERED)
    assert answer.details is not None
    (line,) = answer.details.lines
    assert (line.line_no, line.qty, line.unit_price, line.schedules) == (
        1, Decimal(5), Decimal("12.5"), (Schedule(date(2026, 12, 10)),),
    )  # fmt: skip
    refused = the_answer(STATUS)
    assert (refused.about, refused.status, refused.error_code, refused.message) == (
        ControlNumber(7), "FAILED", "51 VP 204", "Party 4711 unknown",
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_file_is_read_in_the_encoding_that_its_beginning_tells(encoding: str) -> None:
    settings = SETTINGS.model_copy(update={"encoding": "iso-8859-1"})
    assert answers(RESPONSE.decode().encode(encoding), settings) == answers(RESPONSE)


def test_flat_files_come_with_any_line_break_or_none_and_hold_several_idocs() -> None:
    assert len(answers(RESPONSE.replace(b"\n", b"\r\n"))) == 1
    assert [one.status for one in answers(STATUS + RESPONSE + STATUS)] == ["FAILED", "ACKED", "FAILED"]
    head, *data = RESPONSE.decode().split("\n")[:-1]
    assert len(answers((head + "".join(one.ljust(1063) for one in data)).encode())) == 1


def test_a_flat_response_without_its_totals_may_have_lost_lines() -> None:
    with pytest.raises(UnfinishedError, match="totals"):
        answers(flat("ORDRSP", ("E2EDK01005", f"    EUR{'':111}".ljust(357)), K02, P01))


def test_a_flat_response_that_lost_its_end_confirms_nothing_though_another_idoc_follows() -> None:
    cut_off = flat("ORDRSP", ("E2EDK01005", f"    EUR{'':111}".ljust(357)), K02, P01)
    behind = flat("ORDRSP", ("E2EDK01005", f"    EUR{'':111}".ljust(357)), K02, S01, P01)
    for content in (cut_off + RESPONSE, cut_off + STATUS, behind + RESPONSE):
        with pytest.raises(UnfinishedError, match="totals"):
            answers(content)


def test_a_flat_response_that_lost_the_beginning_of_its_first_line_changes_nothing() -> None:
    schedule = ("E2EDP20001", f"{'5.000':15}{'':15}20261210".ljust(61))
    with pytest.raises(UnreadableError, match="E1EDP20 of it stands before the first line"):
        answers(flat("ORDRSP", ("E2EDK01005", f"    EUR{'':111}".ljust(357)), K02, schedule, P01, S01))


def test_a_status_record_of_a_file_port_needs_our_key() -> None:
    record = f"EDI_DS40  100{7:016}20261129101500{'53':2}SAP{'V1':20}311S{'Order':50}{'0000004711':50}{'':100}{'':70}"
    whole = f"{record}{'':12}{'':60}{'':36}{'':42}{{:70}}\n"
    answer = the_answer(whole.format(KEY).encode())
    assert (answer.about, answer.erp_order_id) == (UUID(KEY), "0000004711")
    with pytest.raises(UnreadableError, match="without the key"):
        answers(whole.format("").encode())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (RESPONSE.replace(b"0000000000009001000002", b"0000000000009002000002"), "belongs to the IDoc"),
        (RESPONSE.replace(b"PO-1", b"PO-\xff"), "not in utf-8"),
        (RESPONSE.replace(b"0000000000009001000004", b"0000000000009001000003"), "segment 3 stands behind segment 3"),
        (RESPONSE[525:], "neither as XML nor with a control record"),
        (RESPONSE + b" " * 10_485_760, "larger than"),
    ],
)
def test_flat_files_that_are_broken_are_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        answers(content)


ANSWERS = [
    RESPONSE,
    STATUS,
    response(item(10, 1, scheduled("5.000")), item(20, 2)),
    audit("53", {"OBJTYPE": "BUS2032", "OBJKEY": "1"}),
]


@given(content=st.binary(max_size=400))
def test_random_bytes_never_fail_otherwise_and_never_confirm(content: bytes) -> None:
    for before in (b"", b"EDI_DC40  ", RESPONSE[:600], b"<ORDERS05><IDOC>"):
        assert not confirms(FORMAT, before + content, SETTINGS)


@given(data=st.data(), content=st.sampled_from(ANSWERS))
def test_an_answer_that_was_damaged_never_fails_otherwise(data: st.DataObject, content: bytes) -> None:
    confirms(FORMAT, damaged(data, content), SETTINGS)


@given(data=st.data(), content=st.sampled_from(ANSWERS))
def test_an_answer_that_breaks_off_confirms_nothing(data: st.DataObject, content: bytes) -> None:
    assert not confirms(FORMAT, cut(data, content), SETTINGS)


@given(data=st.data())
def test_segments_of_a_flat_file_that_are_doubled_or_mixed_up_confirm_nothing(data: st.DataObject) -> None:
    head, *records = RESPONSE.decode().removesuffix("\n").split("\n")
    taken, put = (data.draw(st.integers(0, len(records) - 1)) for _ in range(2))
    kept = [one for n, one in enumerate(records) if n != taken] if data.draw(st.booleans()) else records
    mixed = [*kept[:put], records[taken], *kept[put:]]
    assert mixed == records or not confirms(FORMAT, "\n".join([head, *mixed, ""]).encode(), SETTINGS)
