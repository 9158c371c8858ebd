"""TA1, 997, 999, 855 and 865: each says what it proves; what is not sure is refused with the reason, never guessed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orderflow.domain.answer_details import Level, LineStatus, Others, Schedule
from orderflow.domain.answer_files import ControlNumber, OrderNumber, UnfinishedError, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.x12 import X12Format, X12Settings
from tests.unit.formats.edi.partner import answers_to_two_lines, confirms, cut, damaged

FORMAT = X12Format()
SETTINGS = X12Settings(sender="US", receiver="THEM", units={"Stk": "EA"})
ISA = "ISA*00*          *00*          *ZZ*{:15}*ZZ*{:15}*261129*1015*U*00401*000000009*0*P*>"
OF_ORDER = ControlNumber(7, frozenset({Kind.ORDER}))


def transaction(code, *segments, count=None, end="0001"):
    body = [f"ST*{code}*0001", *segments]
    return [*body, f"SE*{len(body) + 1 if count is None else count}*{end}"]


def interchange(*sets, ta1=(), sender="THEM", receiver="US", codes="THEM*US", ge=None, iea=None, mark="~\n"):
    group = [f"GS*PR*{codes}*20261129*1015*9*X*004010", *(segment for one in sets for segment in one)]
    groups = [*group, ge or f"GE*{len(sets)}*9"] if sets else []
    segments = [ISA.format(sender, receiver), *ta1, *groups, iea or f"IEA*{1 if sets else 0}*000000009"]
    return mark.join([*segments, ""]).encode()


def read(content):
    return list(FORMAT.read("any.x12", content, SETTINGS))


def said(code, *segments):
    (answer,) = read(interchange(transaction(code, *segments)))
    return answer


def refused(content):
    with pytest.raises(UnreadableError) as unreadable:
        read(content)
    return unreadable.value


@pytest.mark.parametrize(
    ("segment", "status"),
    [
        ("TA1*000000007*261129*1015*A*000", "ACKED"),
        ("TA1*000000007*261129*1015*E*022", "ACKED"),
        ("TA1*000000007*261129*1015*R*006", "FAILED"),
    ],
)
def test_ta1_says_whether_the_interchange_was_received(segment, status):
    (answer,) = read(interchange(ta1=[segment]))
    assert (answer.status, answer.level, answer.about) == (status, Level.RECEIVED, ControlNumber(7))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_file_is_read_in_the_encoding_that_its_beginning_tells(encoding):
    content = interchange(ta1=["TA1*000000007*261129*1015*A*000"])
    assert read(content.decode().encode(encoding)) == read(content)


def test_a_ta1_may_come_before_the_first_group():
    acknowledged = transaction("997", "AK1*PO*7", "AK9*A*1*1*1")
    answers = read(interchange(acknowledged, ta1=["TA1*000000007*261129*1015*A*000"]))
    assert [answer.level for answer in answers] == [Level.RECEIVED, Level.UNDERSTOOD]


@pytest.mark.parametrize("code", ["997", "999"])
@pytest.mark.parametrize(
    ("segments", "status"),
    [
        (["AK1*PO*7", "AK2*850*0007", "AK5*A", "AK9*A*1*1*1"], "ACKED"),
        (["AK1*PO*7*005010", "AK2*850*0007", "IK5*E*5", "AK9*E*1*1*1"], "ACKED"),
        (["AK1*PO*7", "AK9*A*1*1*1"], "ACKED"),
        (["AK1*PO*7", "AK2*850*0007", "AK5*R*5", "AK9*R*1*1*0"], "FAILED"),
        (["AK1*PO*7", "AK2*850*0007", "IK5*X", "AK9*P*1*1*0"], "FAILED"),
        (["AK1*PO*7", "AK2*850*0007", "AK5*A", "AK9*R*1*1*0*4"], "FAILED"),
        (["AK1*PO*7", "AK9*M*1*1*0"], "FAILED"),
        (["AK1*PO*7", "AK2*850*0007", "AK5*A", "AK5*R*5", "AK9*P*1*1*0"], "FAILED"),
    ],
)
def test_a_functional_acknowledgment_never_confirms(code, segments, status):
    answer = said(code, *segments)
    assert (answer.status, answer.level, answer.about) == (status, Level.UNDERSTOOD, OF_ORDER)


def test_a_rejection_tells_place_and_cause():
    answer = said("997", "AK1*PO*7", "AK2*850*0007", "AK3*PO1*12*PO1*8", "AK4*3*355*7*ZZ", "AK5*R*5", "AK9*R*1*1*0*5")
    assert answer.error_code == "R"
    assert answer.message == (
        "The partner's EDI rejects it; segment PO1 (12): has errors in elements (8); its element 3: invalid code (7); "
        "segments in error (5); number of sets does not match (5)"
    )


@pytest.mark.parametrize(
    ("segments", "why"),
    [
        ([], "acknowledges 'nothing'"),
        (["AK1*PR*10001", "AK9*A*1*1*1"], "acknowledges 'PR'"),
        (["AK1*PO*G7", "AK9*A*1*1*1"], "none of ours"),
        (["AK1*PO*7", "AK2*850*0008", "AK5*A", "AK9*A*1*1*1"], "not just the one"),
        (["AK1*PO*7", "AK2*850*0007", "AK5*A", "AK2*850*0008", "AK5*R", "AK9*P*2*2*1"], "not just the one"),
        (["AK1*PO*7", "AK9*P*1*1*0"], "neither"),
        (["AK1*PO*7"], "neither"),
        (["AK1*PO*7", "AK9*A*2*2*1"], "took 1 sets of 2"),
    ],
)
def test_a_997_that_is_not_sure_to_mean_ours_says_nothing(segments, why):
    assert why in str(refused(interchange(transaction("997", *segments))))


@pytest.mark.parametrize("segment", ["TA1*000000007*261129*1015*R*025", "TA1*000000007*261129*1015*?*000"])
def test_an_unsure_ta1_is_told_at_the_order(segment):
    assert refused(interchange(ta1=[segment])).about == ControlNumber(7)


def test_the_group_of_changes_is_one_of_changes_and_recalls_alone():
    about = said("997", "AK1*PC*7", "AK2*860*0007", "AK5*A", "AK9*A*1*1*1").about
    assert about == ControlNumber(7, frozenset({Kind.CHANGE, Kind.RECALL}))


def test_a_test_answers_no_order_that_is_none():
    acknowledged = transaction("997", "AK1*PO*7", "AK9*A*1*1*1")
    ta1 = ["TA1*000000007*261129*1015*A*000"]
    for content in (interchange(acknowledged), interchange(YES), interchange(ta1=ta1)):
        test = content.replace(b"*0*P*>", b"*0*T*>")
        assert "is a test (ISA15)" in str(refused(test))
        (answer,) = FORMAT.read("any.x12", test, SETTINGS.model_copy(update={"test": True}))
        assert answer.status == "ACKED"


def test_a_confirmation_counts_only_from_our_partner():
    assert "sends to 'THEM'" in str(refused(interchange(YES, sender="STRANGER", codes="STRANGER*US")))
    assert read(interchange(YES, sender="NETWORK"))


def test_control_numbers_count_only_between_the_two_that_they_are_of():
    acknowledged = transaction("997", "AK1*PO*7", "AK9*A*1*1*1")
    assert "sends to 'THEM'" in str(refused(interchange(acknowledged, sender="OTHERS", codes="OTHERS*US")))
    assert "sends as 'US'" in str(refused(interchange(acknowledged, receiver="OTHERS", codes="THEM*OTHERS")))
    assert read(interchange(acknowledged, sender="NETWORK", receiver="NETWORK"))


def test_one_of_two_addresses_is_enough_whatever_the_other_says():
    acknowledged = transaction("997", "AK1*PO*7", "AK9*A*1*1*1")
    settings = X12Settings(sender="US", receiver="THEM", application_sender="SHOP", application_receiver="ERP")
    for sender, receiver, codes in (("THEM", "US", "THEM*US"), ("NETWORK", "NETWORK", "ERP*SHOP")):
        content = interchange(acknowledged, sender=sender, receiver=receiver, codes=codes)
        assert [answer.about for answer in FORMAT.read("any.x12", content, settings)] == [OF_ORDER]


def test_a_response_line_by_line():
    answer = said(
        "855", "BAK*00*AC*PO-1*20261101****SO-7*20261129", "CUR*SE*EUR", "N1*SE*Them",
        "PO1*1*5*EA*12.50**VP*W-1", "ACK*IA*5*EA*067*20261201",
        "PO1*2*5*EA*1250*HP*VP*W-2", "ACK*IQ*3*EA",
        "PO1*3*5*EA*1", "ACK*IR*0*EA", "REF*ZZ**discontinued",
        "PO1*4*5*EA*1**VP*W-4", "ACK*IS*5*EA****VP*W-9",
        "PO1*5*5*EA*1", "ACK*IB*5*EA",
        "CTT*5",
    )  # fmt: skip
    assert (answer.status, answer.level, answer.about) == ("ACKED", Level.ANSWERED, OrderNumber("PO-1"))
    assert answer.erp_order_id == "SO-7"
    details = answer.details
    assert (details.others, details.currency) == (Others.UNANSWERED, "EUR")
    first, second, third, fourth, fifth = details.lines
    assert (first.line_no, first.status, first.qty, first.unit_price) == (1, LineStatus.ACCEPTED, 5, Decimal("12.50"))
    assert (first.schedules, first.sku) == ((Schedule(date(2026, 12, 1)),), "W-1")
    assert first.counts_in("Stk")
    assert not first.counts_in("KG")
    assert (second.status, second.qty, second.unit_price) == (LineStatus.CHANGED, 3, Decimal("12.5"))
    assert (third.status, third.message, third.code) == (LineStatus.REJECTED, "discontinued", "IR")
    assert (fourth.status, fourth.sku) == (LineStatus.SUBSTITUTED, "W-9")
    assert (fifth.status, fifth.qty) == (LineStatus.BACKORDERED, None)


def test_parts_of_a_line_that_come_at_several_times():
    answer = said(
        "855", "BAK*00*AC*PO-1*20261101", "PO1*1*10*EA*1",
        "ACK*IA*6*EA*067*20261201", "ACK*DR*3*EA*067*20261215", "ACK*IB*1*EA*067*20270101",
    )  # fmt: skip
    (one,) = answer.details.lines
    assert (one.status, one.qty) == (LineStatus.BACKORDERED, 9)
    assert one.schedules == (Schedule(date(2026, 12, 1), Decimal(6)), Schedule(date(2026, 12, 15), Decimal(3)))


@pytest.mark.parametrize(
    ("kind", "lines", "status", "others"),
    [
        ("AT", [], "ACKED", Others.AS_ORDERED),
        ("AK", [], "ACKED", Others.AS_ORDERED),
        ("AD", ["PO1*1*5*EA*1"], "ACKED", Others.AS_ORDERED),
        ("AE", ["PO1*1*5*EA*1", "ACK*IR*0*EA"], "ACKED", Others.AS_ORDERED),
        ("AC", ["PO1*1*5*EA*1", "ACK*IA*5*EA"], "ACKED", Others.UNANSWERED),
        ("RJ", [], "FAILED", None),
        ("RJ", ["PO1*1*5*EA*1", "CTT*1"], "FAILED", None),
        ("RD", ["PO1*1*5*EA*1", "ACK*IR*0*EA", "REF*ZZ**no"], "FAILED", None),
    ],
)
def test_what_is_said_of_the_whole_order(kind, lines, status, others):
    answer = said("855", f"BAK*00*{kind}*PO-1*20261101", *lines)
    assert (answer.status, answer.level) == (status, Level.ANSWERED)
    assert (answer.details.others if answer.details else None) == others


def test_an_order_on_hold_is_not_confirmed():
    assert said("855", "BAK*00*AH*PO-1*20261101").level is Level.UNDERSTOOD


def test_865_is_read_as_855_is():
    answer = said("865", "BCA*00*AC*PO-1**1*20261101***SO-7", "POC*1*QD*3**EA*1**VP*W-1", "ACK*IQ*3*EA", "CTT*1")
    assert (answer.about, answer.erp_order_id) == (OrderNumber("PO-1"), "SO-7")
    (one,) = answer.details.lines
    assert (one.line_no, one.status, one.qty, one.unit_price, one.sku) == (1, LineStatus.CHANGED, 3, 1, "W-1")


def of_eight(kind):
    return ControlNumber(8, frozenset({kind}), OrderNumber("PO-1"))


def test_865_answers_the_change_whose_number_it_repeats():
    answer = said("865", "BCA*00*AC*PO-1**C8*20261101", "POC*1*QD*3**EA*1**VP*W-1", "ACK*IQ*3*EA", "CTT*1")
    assert (answer.about, answer.details.lines[0].qty) == (of_eight(Kind.CHANGE), 3)
    content = interchange(transaction("865", "BCA*00*AT*PO-1**C8*20261101"), sender="OTHERS", codes="OTHERS*US")
    assert "sends to 'THEM'" in str(refused(content))


def test_a_recall_is_given_back_only_where_the_partner_accepts_it():
    answer = said("865", "BCA*00*AT*PO-1**R8*20261101")
    assert (answer.status, answer.level, answer.about) == ("ACKED", Level.ANSWERED, of_eight(Kind.RECALL))
    for kind in ("RD", "RJ", "AC", "AH"):
        unsure = refused(interchange(transaction("865", f"BCA*00*{kind}*PO-1**R8*20261101", "POC*1*DI*5**EA*1")))
        assert (unsure.about, "whether the order is cancelled" in str(unsure)) == (of_eight(Kind.RECALL), True)


@pytest.mark.parametrize(
    ("line", "status", "qty"),
    [
        (["POC*1*DI*5**EA*1"], LineStatus.REJECTED, 5),
        (["POC*1*DI*5**EA*1", "ACK*IA*5*EA"], LineStatus.REJECTED, 5),
        (["POC*1*QD*3**EA*1"], LineStatus.ACCEPTED, 3),
        (["PO1*1*6*EA*1", "ACK*IE"], LineStatus.CHANGED, 6),
        (["PO1*1*6*EA*1", "ACK*SP*6*EA"], LineStatus.CHANGED, 6),
        (["PO1*1*6*EA*1", "ACK*IA"], LineStatus.ACCEPTED, 6),
        (["PO1*1*6*EA*1", "ACK*IB"], LineStatus.BACKORDERED, None),
        (["PO1*1*6*EA*1", "ACK*BP"], LineStatus.BACKORDERED, None),
        (["PO1*1*6*EA*1", "ACK*BP*2"], LineStatus.BACKORDERED, 2),
    ],
)
def test_what_becomes_of_a_line_is_the_least_that_it_surely_says(line, status, qty):
    (one,) = said("865", "BCA*04*AT*PO-1**1*20261101", *line).details.lines
    assert (one.status, one.qty) == (status, qty)


@pytest.mark.parametrize(
    ("segments", "why"),
    [
        (["BAK*01*AT*PO-1*20261101"], "purpose is '01'"),
        (["BAK**AT*PO-1*20261101"], "purpose is ''"),
        (["BAK*04*AT*PO-1*20261101", "POC*1*RC*5**EA*1"], "rejects a change"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*6*EA*1", "ACK*IQ"], "does not say which"),
        (["BAK*00*AT*PO\x001*20261101"], "cannot be seen"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*6*E\x00*1", "ACK*IA"], "cannot be seen"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*6*EA*1**VP*A\x001", "ACK*IA"], "cannot be seen"),
        (["BAK*00*AT*PO-1*20261101", "CUR*SE*E\x00R"], "cannot be seen"),
        (["REF*VN*1"], "names no order"),
        (["BAK*00*AT**20261101"], "names no orders"),
        (["BAK*00*AP*PO-1*20261101", "PO1*1*5*EA*1"], "type is 'AP'"),
        (["BAK*00*AC*PO-1*20261101"], "has none"),
        (["BAK*00*RJ*PO-1*20261101", "PO1*1*5*EA*1", "ACK*IA*5*EA"], "accepts line 1"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1"], "nothing is said about it"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1", "ACK*ZZ*5*EA"], "status 'ZZ'"),
        (["BAK*00*AC*PO-1*20261101", "PO1*A1*5*EA*1", "ACK*IA*5*EA"], "line's number"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1", "ACK*IA*five*EA"], "where a number belongs"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5000*EA*1", "ACK*IA*2,500*EA"], "where a number belongs"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1", "ACK*IA*5*EA*067*20261399"], "where a date belongs"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1", "ACK*IA*3*EA", "ACK*IB*2*CA"], "several units"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1", "ACK*IA**EA", "ACK*IA*2*EA"], "no quantity"),
        (["BAK*00*AT*PO-1*20261101", "CTT*3"], "CTT says"),
        (["BAK*00*AT*PO-1*20261101", "BAK*00*RD*PO-1*20261101"], "BAK or BCA in 2 ways"),
        (["BAK*00*AT*PO-1*20261101", "PO1*1*5*EA*1", "CTT*1", "PO1*2*5*EA*1", "ACK*IR"], "behind CTT"),
        (["BAK*00*AT*PO-1*20261101", "DTM*067*20261201", "DTM*069*20261202"], "a date of delivery in 2 ways"),
        (["BAK*00*AT*PO-1*20261101", "CUR*SE*EUR", "CUR*BY*USD"], "a currency in 2 ways"),
        (["BAK*00*AT*PO-1*20261101", "REF*VN*1", "REF*VN*2"], "the seller's number in 2 ways"),
        (["BAK*00*AT*PO-1*20261101****1", "REF*VN*2"], "the seller's number in 2 ways"),
        (["BAK*00*AT*PO-1*20261101", "PO1*1*5*EA*1", "CTT*1", "ACK*IR*5*EA"], "ACK stands behind CTT"),
        (["BAK*00*AT*PO-1*20261101", "ACK*IR*5*EA", "PO1*1*5*EA*1"], "before the first line"),
        (["BAK*00*AT*PO-1*20261101", "SAC*C*D240***50000"], "SAC, which changes what was agreed"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1", "ACK*IA", "SCH*5*EA***067*20270101"], "SCH, which changes"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA", "CTP**UCP*99", "ACK*IA"], "price in CTP alone"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1", "ACK*IS*2*EA****VP*B", "ACK*IS*3*EA****VP*C"], "substitute of"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1*ZZ", "ACK*IA"], "price for 'ZZ'"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1**VP*A*VP*B", "ACK*IA"], "article number in 2 ways"),
        (["BAK*00*AC*PO-1*20261101", "PO1*1*5*EA*1", "ACK*IA", "DTM*067*20261201", "DTM*069*20261202"], "date of"),
    ],
)
def test_a_response_that_is_not_sure_changes_nothing(segments, why):
    assert why in str(refused(interchange(transaction("855", *segments))))


YES = transaction("855", "BAK*00*AT*PO-1*20261101")


def test_an_end_that_is_written_twice_is_read():
    assert len(read((interchange(YES, mark="~") + b"~") * 2)) == 2


@pytest.mark.parametrize("mark", ["~", "~\n", "~\r\n", "\n", "\r\n", "\x15", "~ ", "\x1c"])
def test_segments_may_end_in_every_way_that_partners_have(mark):
    assert read(interchange(YES, mark=mark))[0].about == OrderNumber("PO-1")


def test_the_separators_of_ascii_may_be_the_separators():
    content = interchange(YES, mark="\x1c").replace(b"*", b"\x1d").replace(b">", b"\x1f")
    assert read(content)[0].about == OrderNumber("PO-1")


def test_partners_dirt_is_read():
    content = interchange(YES, mark="~")
    assert read(content.replace(b"  ", b""))[0].about == OrderNumber("PO-1"), "an ISA without its blanks"
    assert read(content.replace(b"*00401*", b"*00200*"))[0].about == OrderNumber("PO-1"), "another version"
    wrapped = b"\n".join(content[n : n + 80] for n in range(0, len(content), 80))
    assert read(wrapped) == read(content), "broken into lines of 80"
    bag = content + b"\r\n" + interchange(YES, mark="\x15\r\n").replace(b"*", b"|") + b"\x1a"
    assert len(read(bag)) == 2, "several interchanges, each with its own separators"
    assert read(b"\xef\xbb\xbf" + content) == read(content), "a byte order mark"


def test_words_are_read_in_utf_8_and_in_latin_1():
    words = transaction("855", "BAK*00*AT*PO-1*20261101", "MSG*Gruß")
    utf_8 = interchange(words)
    assert read(utf_8)[0].message == read(utf_8.decode().encode("iso-8859-1"))[0].message == "Gruß"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"Dear all,", "does not begin with ISA"),
        (b"ISA" * 100, "does not begin with ISA"),
        (b"ISA*" + b"x" * 300, "16 elements"),
        (interchange(YES, receiver="OTHERS", codes="THEM*OTHERS"), "is for 'OTHERS'"),
        (interchange(transaction("810", "BIG*20261129*1")), "'810', which is no answer"),
        (interchange(transaction("855", "BAK*00*AT*PO-1*20261101", count=9)), "SE says '9'"),
        (interchange(transaction("855", "BAK*00*AT*PO-1*20261101", end="0002")), "with the reference '0002'"),
        (interchange(YES, ge="GE*2*9"), "GE says '2'"),
        (interchange(YES, ge="GE*1*8"), "with the reference '8'"),
        (interchange(YES, iea="IEA*2*000000009"), "IEA says '2'"),
        (interchange(YES, iea="IEA*1*000000008"), "with the reference '000000008'"),
        (interchange(YES).replace(b"SE*3*0001~\n", b""), "GE stands within ST"),
        (interchange(YES) + b"thank you", "does not begin with ISA"),
        (interchange(transaction("855", "MSG*" + "x" * 30_000)), "longer than"),
        (b" " * 5_242_881, "larger than"),
    ],
)
def test_a_file_in_which_something_is_wrong_is_refused_whole(content, why):
    found = refused(content)
    assert why in str(found)
    assert not isinstance(found, UnfinishedError)


@pytest.mark.parametrize("content", [b"", b"\x00\x1a", interchange(YES)[:-12], interchange(YES)[:40], b"ISA*00"])
def test_a_file_that_breaks_off_may_still_be_being_written(content):
    assert isinstance(refused(content), UnfinishedError)


PARTNERS = X12Settings(sender="ACME", receiver="MOCKEDI", test=True)


@cache
def conversation():
    return answers_to_two_lines(FORMAT, PARTNERS)


def test_a_partners_answers_are_read():
    understood, answered = FORMAT.read("any", conversation(), PARTNERS)
    assert (understood.about, understood.level) == (OF_ORDER, Level.UNDERSTOOD)
    assert (answered.about, answered.level) == (OrderNumber("PO-1"), Level.ANSWERED)
    assert answered.details is not None
    assert [(one.line_no, one.status, one.qty) for one in answered.details.lines] == [
        (1, LineStatus.ACCEPTED, 5), (2, LineStatus.REJECTED, None),
    ]  # fmt: skip


@given(content=st.binary(max_size=400))
@example(content=b"ISA*")
@example(content=b"ISA\n")
def test_random_bytes_never_fail_otherwise_and_never_confirm(content):
    assert not confirms(FORMAT, content, SETTINGS)
    assert not confirms(FORMAT, ISA.format("THEM", "US").encode() + b"~" + content, SETTINGS)


@given(data=st.data())
def test_an_answer_that_was_damaged_never_fails_otherwise(data):
    confirms(FORMAT, damaged(data, conversation()), PARTNERS)


@given(data=st.data())
def test_an_answer_that_breaks_off_confirms_nothing(data):
    assert not confirms(FORMAT, cut(data, conversation()), PARTNERS)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["{0}", "", "{0}{0}{0}", "{0}\x1a", "\x1a"])
def test_segments_may_end_with_line_breaks_and_the_last_one_without(line_break, end):
    content = interchange(YES).decode()
    in_lines = line_break.join(line.rstrip("~") for line in content.splitlines()) + end.format(line_break)
    assert [answer.about for answer in read(in_lines.encode())] == [answer.about for answer in read(content.encode())]
