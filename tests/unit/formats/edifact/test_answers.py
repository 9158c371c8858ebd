"""CONTRL, APERAK and ORDRSP: each says what it proves; what is not sure is refused with the reason, never guessed."""

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
from orderflow.formats.edifact import EdifactFormat, EdifactSettings
from orderflow.formats.edifact.syntax import read_interchanges
from tests.unit.formats.edi.partner import answers_to_two_lines, confirms, cut, damaged

FORMAT = EdifactFormat()
SETTINGS = EdifactSettings(sender="US", receiver="THEM", units={"Stk": "PCE"})


def message(kind, *segments, count=None):
    body = [f"UNH+1+{kind}:D:96A:UN", *segments]
    return [*body, f"UNT+{len(body) + 1 if count is None else count}+1"]


def interchange(*messages, receiver="US:14", letters="UNOC:3", end="UNZ+{}+9"):
    head = f"UNB+{letters}+THEM:14+{receiver}+261129:1015+9"
    segments = [head, *(segment for one in messages for segment in one), end.format(len(messages))]
    return "".join(f"{segment}'\n" for segment in segments).encode("utf-8" if "UNOY" in letters else "iso-8859-1")


def read(content):
    return list(FORMAT.read("any.edi", content, SETTINGS))


def said(kind, *segments):
    (answer,) = read(interchange(message(kind, *segments)))
    return answer


def refused(content):
    with pytest.raises(UnreadableError) as unreadable:
        read(content)
    return unreadable.value


@pytest.mark.parametrize(
    ("segments", "status", "level"),
    [
        (["UCI+7+US:14+THEM:14+7"], "ACKED", Level.UNDERSTOOD),
        (["UCI+7+US:14+THEM:14+8"], "ACKED", Level.RECEIVED),
        (["UCI+7+US:14+THEM:14+4+23"], "FAILED", Level.UNDERSTOOD),
        (["UCI+7+US:14+THEM:14+4"], "FAILED", Level.UNDERSTOOD),
    ],
)  # fmt: skip
def test_contrl_says_whether_it_was_received_and_understood_and_never_more(segments, status, level):
    answer = said("CONTRL", *segments)
    assert (answer.status, answer.level, answer.about) == (status, level, ControlNumber(7))


@pytest.mark.parametrize(("message", "kinds"), [("ORDERS", {Kind.ORDER}), ("ORDCHG", {Kind.CHANGE, Kind.RECALL})])
@pytest.mark.parametrize(("action", "status"), [("7", "ACKED"), ("4+12", "FAILED")])
def test_contrl_about_a_message_is_about_what_we_send_as_such(message, kinds, action, status):
    answer = said("CONTRL", "UCI+7+US:14+THEM:14+7", f"UCM+7+{message}:D:96A:UN+{action}")
    assert (answer.status, answer.level, answer.about) == (
        status, Level.UNDERSTOOD, ControlNumber(7, frozenset(kinds)),
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_file_is_read_in_the_encoding_that_its_beginning_tells(encoding):
    content = interchange(message("ORDRSP", "BGM+231+R1+29", "RFF+ON:PO-1", "FTX+AAI+++Grüße"), letters="UNOC:3")
    (answer,) = read(content.decode("iso-8859-1").encode(encoding))
    assert (answer.status, answer.message) == ("ACKED", "Grüße")


def test_the_separators_of_ascii_need_no_una():
    content = interchange(YES, letters="UNOB:2").translate(bytes.maketrans(b"+:'", b"\x1d\x1f\x1c"))
    assert read(content) == read(interchange(YES))


@pytest.mark.parametrize("response", ["CA", "RF", "ZZ"])
def test_an_aperak_that_is_not_sure_is_told_and_proves_nothing(response):
    found = refused(interchange(message("APERAK", f"BGM+312+1+9+{response}", "RFF+ON:PO-1", "FTX+AAO+++If paid.")))
    assert found.about == OrderNumber("PO-1")
    assert "If paid." in str(found)
    assert "2 orders" in str(refused(interchange(message("APERAK", "BGM+312+1+9", "RFF+ON:PO-1", "RFF+ON:PO-2"))))


def test_a_test_answers_no_order_that_is_none():
    for told in (YES, message("CONTRL", "UCI+7+US:14+THEM:14+7"), message("APERAK", "BGM++14", "RFF+ON:PO-1")):
        content = interchange(told).replace(b"1015+9'", b"1015+9++++++1'")
        assert "is a test (UNB 0035)" in str(refused(content))
        (answer,) = FORMAT.read("any.edi", content, SETTINGS.model_copy(update={"test": True}))
        assert answer.status == "ACKED"


def test_what_names_an_order_alone_counts_only_from_our_partner():
    for told in (YES, message("APERAK", "BGM++14", "RFF+ON:PO-1")):
        assert "from 'STRANGER'" in str(refused(interchange(told).replace(b"+THEM:14+US", b"+STRANGER:14+US")))
    assert read(interchange(message("CONTRL", "UCI+7+US+THEM+7")).replace(b"+THEM:14+US:14+", b"+NETWORK+US+"))


def test_a_rejection_tells_place_and_cause():
    answer = said("CONTRL", "UCI+7+US+THEM+7", "UCM+7+ORDERS:D:96A:UN+4+12", "UCS+12+13", "UCD+39+2:2")
    assert answer.error_code == "12"
    assert answer.message == (
        "CONTRL rejects it; invalid value (12); segment 12: missing (13); segment 12, element 2.2: data element too "
        "long (39)"
    )


@pytest.mark.parametrize(
    ("segments", "why"),
    [
        ([], "names no interchange"),
        (["UCI+A7+US:14+THEM:14+7"], "none of ours"),
        (["UCI+7+OTHERS:14+THEM:14+7"], "not this connection's"),
        (["UCI+7+US:14+THEM:14+7", "UCM+8+ORDERS:D:96A:UN+7"], "not ours"),
        (["UCI+7+US:14+THEM:14+5"], "neither"),
        (["UCI+7+US:14+THEM:14+7", "UCM+7+INVOIC:D:96A:UN+7"], "about 'INVOIC'"),
        (["UCI+7+US:14+THEM:14+7", "UCI+8+US:14+THEM:14+4"], "UCI in 2 ways"),
        (["UCI+7+US:14+THEM:14+4+26"], "has had this control number before"),
    ],
)
def test_a_contrl_that_is_not_sure_to_mean_ours_says_nothing(segments, why):
    assert why in str(refused(interchange(message("CONTRL", *segments))))


def test_a_duplicate_is_told_at_the_order():
    assert refused(interchange(message("CONTRL", "UCI+7+US+THEM+4+26"))).about == ControlNumber(7)


@pytest.mark.parametrize(
    ("segments", "status"),
    [
        (["BGM++14", "RFF+ON:PO-1"], "ACKED"),
        (["BGM+312+14+29", "RFF+ON:PO-1", "ERC+0", "FTX+AAI+++taken"], "ACKED"),
        (["BGM+313+14", "RFF+ACW:PO-1", "ERC+12", "FTX+AAI+++no such article"], "FAILED"),
        (["BGM++14+27", "RFF+ON:PO-1"], "FAILED"),
        (["BGM++14++RE", "RFF+ON:PO-1"], "FAILED"),
    ],
)
def test_aperak_never_confirms(segments, status):
    answer = said("APERAK", *segments)
    assert (answer.status, answer.level, answer.about) == (status, Level.UNDERSTOOD, OrderNumber("PO-1"))


def test_an_aperak_with_an_error_that_says_no_verdict_is_for_a_person():
    unsure = refused(interchange(message("APERAK", "BGM+27+A+9", "RFF+ACW:PO-1", "ERC+1", "FTX+AAI+++all is well")))
    assert unsure.about == OrderNumber("PO-1")
    assert "'1'" in str(unsure)
    assert "all is well" in str(unsure)


HEAD = ("BGM+231+R-1+4", "DTM+137:20261129:102", "RFF+ON:PO-1", "RFF+VN:SO-7", "CUX+2:EUR:9")


def test_a_response_line_by_line():
    answer = said(
        "ORDRSP", *HEAD, "FTX+AAI+++Danke:Gruß",
        "LIN+1+5+W-1:SA", "QTY+21:5:PCE", "QTY+113:5:PCE", "DTM+67:20261201:102", "PRI+AAA:12.50",
        "LIN+2+3", "PIA+5+W-2:SA", "QTY+113:3:PCE", "QTY+83:2:PCE", "PRI+AAA:1250:::100",
        "LIN+3+7", "FTX+AAO+++discontinued",
        "LIN+4+3", "PIA+3+W-9:SA",
        "UNS+S", "CNT+2:4",
    )  # fmt: skip
    assert (answer.status, answer.level, answer.about) == ("ACKED", Level.ANSWERED, OrderNumber("PO-1"))
    assert (answer.erp_order_id, answer.message) == ("SO-7", "Danke Gruß")
    details = answer.details
    assert (details.others, details.currency) == (Others.UNANSWERED, "EUR")
    first, second, third, fourth = details.lines
    assert (first.line_no, first.status, first.qty, first.unit_price) == (1, LineStatus.ACCEPTED, 5, Decimal("12.50"))
    assert first.schedules == (Schedule(date(2026, 12, 1)),)
    assert first.counts_in("PCE")
    assert first.counts_in("Stk")
    assert not first.counts_in("KGM")
    assert (second.status, second.qty, second.sku) == (LineStatus.BACKORDERED, 3, "W-2")
    assert second.unit_price == Decimal("12.5")
    assert (third.status, third.message) == (LineStatus.REJECTED, "discontinued")
    assert (fourth.status, fourth.sku) == (LineStatus.SUBSTITUTED, "W-9")


LINE = ["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+5"]


@pytest.mark.parametrize(
    ("segments", "schedules"),
    [
        (["SCC+1", "QTY+113:5", "DTM+67:20261201", "SCC+1", "DTM+67:20261215"], [(1, Decimal(5)), (15, None)]),
        (["SCC+1", "DTM+67:20261201", "QTY+113:5", "SCC+1", "QTY+113:4", "DTM+67:20261215"],
         [(1, Decimal(5)), (15, Decimal(4))]),
        (["QTY+113:3", "DTM+67:20261201", "QTY+83:2", "DTM+67:20261215"], [(1, None)]),
        (["QTY+83:2", "DTM+67:20261215"], [(15, None)]),
    ],
)  # fmt: skip
def test_a_date_is_that_of_its_own_quantity(segments, schedules):
    (one,) = said("ORDRSP", *LINE, *segments).details.lines
    assert [(schedule.date.day, schedule.qty) for schedule in one.schedules] == schedules


def test_parts_of_a_line_that_come_at_several_times():
    answer = said(
        "ORDRSP", *HEAD, "LIN+1+3+W-1:SA", "QTY+21:10:PCE",
        "SCC+1", "QTY+113:6:PCE", "DTM+67:202612010800:203", "SCC+1", "QTY+113:4:PCE", "DTM+67:20261215:102", "UNS+S",
    )  # fmt: skip
    (one,) = answer.details.lines
    assert one.qty == 10
    assert one.schedules == (Schedule(date(2026, 12, 1), Decimal(6)), Schedule(date(2026, 12, 15), Decimal(4)))


@pytest.mark.parametrize(
    ("begin", "lines", "status", "others"),
    [
        ("BGM+231+R+29", [], "ACKED", Others.AS_ORDERED),
        ("BGM+231+R+9+AP", [], "ACKED", Others.AS_ORDERED),
        ("BGM+231+R+9+AI", ["LIN+1+3", "QTY+113:1"], "ACKED", Others.AS_ORDERED),
        ("BGM+231+R+9+AC", ["LIN+1+5"], "ACKED", Others.UNANSWERED),
        ("BGM+231+R+9", ["LIN+1+5"], "ACKED", Others.UNANSWERED),
        ("BGM+231+R+29", ["LIN+1", "QTY+21:5"], "ACKED", Others.AS_ORDERED),
        ("BGM+231+R+27", [], "FAILED", None),
        ("BGM+231+R+27+AB", [], "FAILED", None),
        ("BGM+231+R+27", ["LIN+1", "QTY+21:5", "UNS+S", "CNT+2:1"], "FAILED", None),
        ("BGM+231+R+9+RE", ["LIN+1+7", "FTX+AAO+++no"], "FAILED", None),
        ("BGM+231+R+27", ["LIN+1", "QTY+46:5", "LIN+2", "UNS+S", "CNT+2:2"], "FAILED", None),
    ],
)
def test_what_is_said_of_the_whole_order(begin, lines, status, others):
    answer = said("ORDRSP", begin, "RFF+ON:PO-1", *lines)
    assert answer.status == status
    assert answer.level is Level.ANSWERED
    assert (answer.details.others if answer.details else None) == others


def test_a_mere_receipt_confirms_nothing():
    assert said("ORDRSP", "BGM+231+R+9+AB", "RFF+ON:PO-1").level is Level.UNDERSTOOD
    assert said("ORDRSP", "BGM+231+R+9+AB", "RFF+ON:PO-1", "LIN+1", "QTY+21:5").level is Level.UNDERSTOOD


@pytest.mark.parametrize(
    ("line", "status", "qty"),
    [
        (["LIN+1+5", "QTY+83:10"], LineStatus.BACKORDERED, 0),
        (["LIN+1+5", "QTY+21:10", "QTY+83:4"], LineStatus.BACKORDERED, 0),
        (["LIN+1+3", "QTY+21:10", "QTY+83:4"], LineStatus.BACKORDERED, 0),
        (["LIN+1+5", "QTY+113:10", "QTY+83:4"], LineStatus.BACKORDERED, 10),
        (["LIN+1+5", "QTY+21:10"], LineStatus.ACCEPTED, 10),
        (["LIN+1+5", "QTY+21:10", "QTY+59:6"], LineStatus.ACCEPTED, 10),
        (["LIN+1+3", "QTY+21:10", "QTY+113:4", "QVR+-6:21+CP"], LineStatus.CHANGED, 4),
        (["LIN+1+7", "QTY+21:10", "QVR+-10:21+CP"], LineStatus.REJECTED, 10),
        (["LIN+1", "QTY+21:10", "QTY+113:0"], LineStatus.REJECTED, 0),
        (["LIN+1+4", "QTY+21:10", "QTY+113:10"], LineStatus.ACCEPTED, 10),
        (["LIN+1+1", "QTY+21:10", "QTY+113:4"], LineStatus.ACCEPTED, 4),
        (["LIN+1+7", "PIA+3+NEW:SA", "QTY+21:10"], LineStatus.REJECTED, 10),
        (["LIN+1+3", "PIA+3+NEW:SA", "QTY+113:10"], LineStatus.SUBSTITUTED, 10),
        (["LIN+1+5", "PIA+3", "QTY+113:10"], LineStatus.SUBSTITUTED, 10),
    ],
)
def test_what_becomes_of_a_line_is_the_least_that_it_surely_says(line, status, qty):
    (one,) = said("ORDRSP", "BGM+231+R+4", "RFF+ON:PO-1", *line).details.lines
    assert (one.status, one.qty) == (status, qty)


@pytest.mark.parametrize(
    ("segments", "why"),
    [
        (["BGM+231+R+29"], "names no orders"),
        (["BGM+231+R+29", "RFF+ON:PO-1", "RFF+ON:PO-2"], "names 2 orders"),
        (["BGM+231+R+9", "RFF+ON:PO-1"], "neither what becomes of the order"),
        (["RFF+ON:PO-1", "LIN+1+5"], "no BGM"),
        (["BGM+231+R+1", "RFF+ON:PO-1", "LIN+1", "QTY+21:10:EA"], "function is '1'"),
        (["BGM+231+R+12", "RFF+ON:PO-1", "LIN+1+5"], "function is '12'"),
        (["BGM+231+R+9+AJ", "RFF+ON:PO-1", "LIN+1+5"], "response 'AJ'"),
        (["BGM+231+R+9+CA", "RFF+ON:PO-1", "LIN+1+5"], "response 'CA'"),
        (["BGM+231+R+29+AJ", "RFF+ON:PO-1"], "response 'AJ'"),
        (["BGM+231+R+4", "RFF+ON:PO-1"], "neither what becomes of the order"),
        (["BGM+231+R+9+AC", "RFF+ON:PO-1"], "neither what becomes of the order"),
        (["BGM+231+R+27+AI", "RFF+ON:PO-1"], "refuses the order and accepts it"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1", "QTY+21:10:EA"], "nothing is said about it"),
        (["BGM+231+R+9+AI", "RFF+ON:PO-1", "LIN+1", "PIA+3+NEW:SA"], "nothing is said about it"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+4", "QTY+21:10"], "nothing is said about it"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+1"], "nothing is said about it"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+5", "QTY+1:4"], "quantity '1', which is not known"),
        (["BGM+231+R+29", "RFF+ON:PO-1", "LIN+1", "QTY+21:10:PCE", "QVR+-6:21+CP"], "QVR, which changes"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+5", "QTY+21:10", "QVR+-10:21"], "QVR, which changes"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+5", "QTY+21:10", "QTY+73:10"], "quantity '73', which is not known"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+3", "QTY+21:10", "QTY+131:4"], "quantity '131', which is not known"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+5", "QTY+21:4", "QTY+113"], "without a number"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+99", "PIA+3+NEW:SA"], "action '99'"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+5+4000001000005:EN", "PIA+4+A1:SA", "QTY+113:1"], "PIA+4"),
        (["BGM+231+R+29", "RFF+ON:PO\x001"], "cannot be seen"),
        (["BGM+231+R+29", f"RFF+ON:{'1' * 201}"], "longer than 200"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+5+A\x001:SA"], "cannot be seen"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+5", "QTY+21:4:P\x00E"], "cannot be seen"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "CUX+2:E\x00R:9", "LIN+1+5"], "cannot be seen"),
        (["BGM+231+R+27", "RFF+ON:PO-1", "LIN+1+5"], "accepts line 1"),
        (["BGM+231+R+27+AP", "RFF+ON:PO-1"], "refuses the order and accepts it"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+99"], "action '99'"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+one+5"], "line's number"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+3", "QTY+113:NaN"], "where a number belongs"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+3", "QTY+113:1e9"], "where a number belongs"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+3", "QTY+113:1:PCE", "QTY+83:1:KGM"], "several units"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+3", "QTY+113:1:PCE", "PRI+AAA:2::::KGM"], "several units"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+3", "DTM+67:20261399:102"], "where a date belongs"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+3", "DTM+67:202648:616"], "format '616'"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+3", "PRI+AAA:10:::3"], "none for one"),
        (["BGM+231+R+4", "RFF+ON:PO-1", "LIN+1+5", "UNS+S", "CNT+2:2"], "CNT says"),
        (["BGM+231+R+29", "BGM+231+R+27", "RFF+ON:PO-1"], "BGM in 2 ways"),
        (["BGM+231+R+29", "RFF+ON:PO-1", "LIN+1+5", "UNS+S", "LIN+2+7"], "behind UNS"),
        (["BGM+231+R+29", "RFF+ON:PO-1", "LIN+1+5", "UNS+S", "QTY+113:0"], "QTY stands behind UNS"),
        (["BGM+231+R+29", "RFF+ON:PO-1", "LIN+1+5", "UNS+S", "BGM+231+R+27"], "BGM stands behind UNS"),
        (["BGM+231+R+29", "RFF+ON:PO-1", "LIN+1+5", "BGM+231+R+27"], "BGM in 2 ways"),
        (["BGM+231+R+29", "RFF+ON:PO-1", "ALC+C++++FC", "MOA+8:500"], "ALC, which changes what was agreed"),
        ([*LINE, "ALC+C++++FC", "MOA+8:500"], "ALC, which changes what was agreed"),
        ([*LINE, "PRI+CAL:99"], "a price 'CAL', which is not known"),
        (["BGM+231+R+29", "RFF+ON:PO-1", "DTM+69:20261201", "DTM+67:20261202"], "a date of delivery in 2 ways"),
        (["BGM+231+R+29", "RFF+ON:PO-1", "CUX+2:EUR:9", "CUX+2:USD:9"], "a currency in 2 ways"),
        (["BGM+231+R+29", "RFF+ON:PO-1", "RFF+VN:1", "RFF+VN:2"], "the seller's number in 2 ways"),
        ([*LINE, "PRI+AAA:99", "PRI+AAA:12.5"], "the price of Line 1 in 2 ways"),
        ([*LINE, "QTY+113:5", "QTY+113:5"], "quantity 113 more than once"),
        ([*LINE, "RFF+ON:PO-1:1", "RFF+ON:PO-1:2"], "the order's line that Line 1 is about in 2 ways"),
        ([*LINE, "PIA+5+A:SA", "PIA+1+B:SA"], "the article of Line 1 in 2 ways"),
        ([*LINE, "PIA+3+A:SA", "PIA+3+B:SA"], "the substitute of Line 1 in 2 ways"),
        ([*LINE, "QTY+113:5", "DTM+67:20261201", "DTM+69:20261202"], "a date of delivery in 2 ways"),
        ([*LINE, "SCC+1", "DTM+67:20261201", "QTY+113:5", "QTY+113:4"], "before several quantities"),
    ],
)
def test_a_response_that_is_not_sure_changes_nothing(segments, why):
    assert why in str(refused(interchange(message("ORDRSP", *segments))))


YES = message("ORDRSP", "BGM+231+R+29", "RFF+ON:PO-1")


def test_a_file_holds_many_answers_in_several_interchanges():
    other = message("ORDRSP", "BGM+231+R+29", "RFF+ON:PO-2")
    content = interchange(YES, other) + b"\r\n\r\n" + b"UNA:+,? '" + interchange(YES)
    assert [answer.about.number for answer in read(content)] == ["PO-1", "PO-2", "PO-1"]


def test_release_marks_and_marks_of_una_are_read():
    content = interchange(message("ORDRSP", "BGM+231+R+29", "RFF+ON:PO??1?+?'?:", "FTX+AAI+++it?'s"))
    (answer,) = read(content)
    assert (answer.about, answer.message) == (OrderNumber("PO?1+':"), "it's")
    odd = b"UNA|^,! ~UNB^UNOC|3^THEM^US^261129|1015^9~UNH^1^ORDRSP|D|96A|UN~BGM^231^R^4~RFF^ON|P!~1~LIN^1^3~"
    (answer,) = read(odd + b"QTY^113|2,5|PCE~UNT^6^1~UNZ^1^9~")
    assert answer.about == OrderNumber("P~1")
    assert answer.details.lines[0].qty == Decimal("2.5")


def test_the_separators_of_ascii_may_be_the_marks():
    content = interchange(message("ORDRSP", "BGM+231+R+29", "RFF+ON:PO-1")).replace(b"\n", b"")
    for usual, mark in ((b"+", b"\x1d"), (b":", b"\x1f"), (b"'", b"\x1c")):
        content = content.replace(usual, mark)
    assert [answer.about for answer in read(b"UNA\x1f\x1d.? \x1c" + content)] == [OrderNumber("PO-1")]


def test_a_mark_of_utf_8_says_the_letters_whatever_unb_says():
    content = interchange(message("ORDRSP", "BGM+231+R+29", "RFF+ON:PO-1", "FTX+AAI+++Grüße"))
    (answer,) = read(b"\xef\xbb\xbf" + content.decode("iso-8859-1").encode())
    assert answer.message == "Grüße"
    assert "is not" in str(refused(b"\xef\xbb\xbf" + content))


def test_segments_that_are_ended_twice_are_read():
    assert len(read(interchange(YES).replace(b"'", b"''") * 2)) == 2


def test_lines_that_are_broken_anywhere_are_read():
    content = interchange(message("ORDRSP", "BGM+231+R+29", "RFF+ON:PO-1?+2"))
    wrapped = b"\n".join(content.replace(b"\n", b"")[n : n + 20] for n in range(0, len(content), 20))
    assert read(wrapped) == read(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"Dear all,", "no EDIFACT"),
        (interchange(YES, letters="UNOX:3"), "UNOX"),
        (interchange(message("ORDRSP", "BGM+231+R+29", "RFF+ON:Ł"), letters="UNOY:3").replace("Ł".encode(), b"\xa3"),
         "is not"),
        (interchange(YES, receiver="OTHERS:14"), "is for 'OTHERS'"),
        (interchange(message("INVOIC", "BGM+380+1")), "'INVOIC', which is no answer"),
        (interchange(message("ORDRSP", "BGM+231+R+29", "RFF+ON:PO-1", count=9)), "UNT says '9'"),
        (interchange(YES, end="UNZ+2+9"), "UNZ says '2'"),
        (interchange(YES, end="UNZ+{}+8"), "with the reference '8'"),
        (interchange(YES).replace(b"UNT+4+1", b"UNT+4+2"), "with the reference '2'"),
        (interchange(YES).replace(b"UNT+4+1'\n", b""), "UNZ stands within UNH"),
        (b"UNA::.? '" + interchange(YES), "two meanings"),
        (interchange(YES) + b"PS: thank you", "does not begin with UNA or UNB"),
        (interchange(message("ORDRSP", "FTX+AAI+++" + "x" * 30_000)), "longer than"),
        (b" " * 5_242_881, "larger than"),
        (b"UNB+UNOC:3'" + b"A'" * 250_001, "more than 250,000 segments"),
    ],
)  # fmt: skip
def test_a_file_in_which_something_is_wrong_is_refused_whole(content, why):
    found = refused(content)
    assert why in str(found)
    assert not isinstance(found, UnfinishedError)


@pytest.mark.parametrize("content", [b"", b"\x00\x1a", interchange(YES)[:-12], interchange(YES)[:40]])
def test_a_file_that_breaks_off_may_still_be_being_written(content):
    assert isinstance(refused(content), UnfinishedError)


PARTNERS = EdifactSettings(sender="EURODIS", receiver="MOCKEDI", test=True)


@cache
def conversation():
    return answers_to_two_lines(FORMAT, PARTNERS)


def test_a_partners_answers_are_read():
    understood, answered = FORMAT.read("any", conversation(), PARTNERS)
    assert (understood.about, understood.level) == (ControlNumber(7, frozenset({Kind.ORDER})), Level.UNDERSTOOD)
    assert (answered.about, answered.level) == (OrderNumber("PO-1"), Level.ANSWERED)
    assert answered.details is not None
    assert [(one.line_no, one.status, one.qty) for one in answered.details.lines] == [
        (1, LineStatus.ACCEPTED, Decimal(5)), (2, LineStatus.BACKORDERED, Decimal(0)),
    ]  # fmt: skip
    assert answered.details.lines[1].message == "NOPE is not in the catalogue"


@given(content=st.binary(max_size=400))
@example(content=b"UNB+UNOA'UNH?'")
@example(content=b"UNA:+.? 'UNB+UNOC:3+A+US+1:1+9'UNZ+0+9'")
def test_random_bytes_never_fail_otherwise_and_never_confirm(content):
    assert not confirms(FORMAT, content, SETTINGS)
    assert not confirms(FORMAT, b"UNB+UNOC:3+THEM+US+261129:1015+9'" + content, SETTINGS)


@given(data=st.data())
def test_an_answer_that_was_damaged_never_fails_otherwise(data):
    confirms(FORMAT, damaged(data, conversation()), PARTNERS)


@given(data=st.data())
def test_an_answer_that_breaks_off_confirms_nothing(data):
    assert not confirms(FORMAT, cut(data, conversation()), PARTNERS)


BREAKS = ["\n", "\r\n", "\r"]


def in_lines(content: bytes, una: str, line_break: str, end: str) -> bytes:
    """Return an interchange whose segments end with line breaks, as UNA says."""
    lines = content.decode().replace("'\n", line_break).removesuffix(line_break)
    return f"UNA{una}{line_break}{lines}{end}".encode()


@pytest.mark.parametrize("line_break", BREAKS)
@pytest.mark.parametrize("more", ["", "\x1a", "\r\n\r\n", " \n"])
def test_segments_may_end_with_line_breaks(line_break: str, more: str) -> None:
    other = message("ORDRSP", "BGM+231+R2+29", "RFF+ON:PO-2", "FTX+AAI+++Bob?'s ?+ ok")
    content = interchange(YES, other)
    for end in (line_break, line_break * 3, ""):
        read_in_lines = read(in_lines(content, ":+.? ", line_break, end + more))
        assert [one.about for one in read_in_lines] == [one.about for one in read(content)]
    assert len(read(in_lines(content, ":+.? ", line_break, line_break) + b"UNA:+.? '" + content)) == 4
    assert len(read(content + in_lines(content, ":+.? ", line_break, ""))) == 4


@given(st.data(), st.sampled_from(BREAKS))
def test_line_breaks_anywhere_behind_the_head_mean_nothing(data: st.DataObject, line_break: str) -> None:
    content = interchange(YES).decode().replace("'\n", "'")
    places = data.draw(st.lists(st.integers(11, len(content)), max_size=20, unique=True))
    for place in sorted(places, reverse=True):
        content = content[:place] + line_break + content[place:]
    assert [one.about for one in read(content.encode())] == [OrderNumber("PO-1")]


@pytest.mark.parametrize("line_break", BREAKS)
@pytest.mark.parametrize("una", ["", "UNA:+.? '", "UNA:+.? ~"])
def test_segments_in_lines_that_no_una_speaks_of_are_refused(line_break: str, una: str) -> None:
    lines = interchange(YES).decode().replace("'\n", line_break)
    for end in ("", line_break):
        error = refused(f"{una}{line_break if una else ''}{lines.rstrip()}{end}".encode())
        assert not isinstance(error, UnfinishedError)
        assert "end with line breaks" in str(error)


@pytest.mark.parametrize("line_break", BREAKS)
def test_what_breaks_off_in_lines_is_unfinished(line_break: str) -> None:
    whole = in_lines(interchange(YES), ":+.? ", line_break, line_break)
    for end in range(20, whole.rindex(b"UNZ")):
        with pytest.raises(UnfinishedError):
            read(whole[:end])
    usual = interchange(YES)
    for end in range(12, len(usual) - 2):
        with pytest.raises(UnfinishedError):
            read(usual[:end])


@pytest.mark.parametrize("blank", [b" ", b"\n", b"\0", b"\x1a"])
@pytest.mark.parametrize("end", [b"X", b"UNA" + b" " * 1_000 + b"X"])
def test_a_file_of_blanks_is_no_edifact_which_is_seen_at_once(blank, end):
    with pytest.raises(UnreadableError, match="It is no EDIFACT"):
        list(read_interchanges(blank * 1_000_000 + end))
