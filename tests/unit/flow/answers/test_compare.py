"""What an answer says line by line is held against what was sent; what cannot be meant for it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orderflow.domain.answer_details import Confirmation, Details, Level, LineAnswer, LineStatus, Others
from orderflow.domain.delivery import Ack
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import OrderStatus
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push
from tests.unit.flow.conftest import ANNA, House


@pytest.fixture
def sent(house: House) -> DraftOrder:
    """An order that lies at the dropzone, published."""
    order = house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    return order


def answers(house: House, order: DraftOrder, *lines: LineAnswer, **said: Any) -> dict[str, int]:
    """Have the ERP answer, and return the verdicts."""
    details = Details(lines, **said)
    house.dropzone.answers.append(Ack(house.export(order).filename or "", "ACKED", details=details, source="a"))
    house.change_connection(house.to_dropzone, poll_lease_until=None)
    return dict(poll_acks(house.wiring, house.org_id, house.to_dropzone))


def every(order: DraftOrder, **said: Any) -> Iterator[LineAnswer]:
    """Yield an answer to each line of an order."""
    return (LineAnswer(line.line_no, **said) for line in order.lines)


def test_as_ordered(house: House, sent: DraftOrder) -> None:
    assert answers(house, sent, *every(sent)) == {"acknowledge": 1}
    row = house.row(sent)
    assert (row.status, row.confirmation) == (OrderStatus.CONFIRMED, Confirmation.AS_ORDERED)


def test_what_differs_is_kept_beside_what_was_ordered_which_stays(house: House, sent: DraftOrder) -> None:
    line = sent.lines[0]
    assert line.unit_price is not None
    price = line.unit_price + Decimal("0.00001")
    assert answers(house, sent, LineAnswer(line.line_no, unit_price=price), others=Others.AS_ORDERED) == {
        "acknowledge": 1
    }
    with house.work() as work:
        confirmed = work.exports.confirmed(house.export(sent).id)
        assert work.orders.get(sent.id).lines[0].unit_price == line.unit_price
    assert confirmed is not None
    (difference,) = confirmed.differences
    assert (difference.line_no, difference.field, difference.confirmed) == (line.line_no, "unit_price", str(price))
    assert house.row(sent).confirmation is Confirmation.CHANGED
    assert house.dropzone.answers == [], "it is put away"


def test_an_answer_to_some_lines_confirms_those_and_a_later_one_the_rest(house: House, sent: DraftOrder) -> None:
    first, *others = every(sent)
    assert others
    assert answers(house, sent, first) == {"acknowledge": 1}
    assert house.row(sent).confirmation is Confirmation.PARTIAL
    assert answers(house, sent, *others) == {"update": 1}
    assert house.row(sent).confirmation is Confirmation.AS_ORDERED
    assert house.actions()[-1] == "EXPORT_UPDATED"
    assert answers(house, sent, *others) == {"ignore": 1}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"lines": [LineAnswer(99)]}, "line 99"),
        ({"lines": [LineAnswer(1, qty=Decimal(10**9))]}, "were ordered"),
        ({"lines": [LineAnswer(1)], "currency": "USD"}, "in USD"),
        ({"lines": [LineAnswer(1)], "revision": 7}, "revision 7"),
    ],
)
def test_what_cannot_be_meant_for_it_is_told_and_changes_nothing(
    house: House, sent: DraftOrder, said: dict[str, Any], why: str
) -> None:
    assert answers(house, sent, *said.pop("lines"), **said) == {"misfit": 1, "unreadable": 1}
    assert house.row(sent).status is OrderStatus.PUSHED
    unreadable = house.export(sent).unreadable_answer
    assert unreadable is not None
    assert why in unreadable["reason"]
    assert (house.connection(house.to_dropzone).poll_error or {})["code"] == "ACKS_UNREADABLE"
    assert answers(house, sent, *every(sent)) == {"acknowledge": 1}, "a better answer counts"


def test_an_answer_to_a_thousand_lines_of_another_order_is_told_in_short(house: House, sent: DraftOrder) -> None:
    answers(house, sent, *(LineAnswer(number) for number in range(100, 1_100)))
    unreadable = house.export(sent).unreadable_answer
    assert unreadable is not None
    assert unreadable["reason"].endswith("line 104, which the order does not have. And 995 more.")


def test_of_a_confirmed_order_it_is_an_alert(house: House, sent: DraftOrder) -> None:
    answers(house, sent, *every(sent))
    assert answers(house, sent, LineAnswer(99)) == {"alert": 1}
    assert (house.row(sent).status, house.row(sent).confirmation) == (OrderStatus.CONFIRMED, Confirmation.AS_ORDERED)
    assert "EXPORT_ALERT" in house.actions()


def test_a_late_yes_that_does_not_fit_stops_no_retry(house: House, sent: DraftOrder) -> None:
    house.dropzone.answers.append(Ack(house.export(sent).filename or "", "FAILED"))
    poll_acks(house.wiring, house.org_id, house.to_dropzone)
    house.change_export(sent, created_at=house.clock.now())
    house.clock.forward(1)
    request_push(house.store, house.org_id, sent.id, ANNA, connection_id=house.to_dropzone)
    first, again = house.tables.exports_of(sent.id)
    details = Details((LineAnswer(99),))
    house.dropzone.answers.append(Ack(first.filename or "", "ACKED", details=details))
    house.change_connection(house.to_dropzone, poll_lease_until=None)
    assert poll_acks(house.wiring, house.org_id, house.to_dropzone) == {"alert": 1}
    assert again.id in house.tables.exports
    assert house.status(sent) is OrderStatus.PUSHING


def test_a_yes_that_rejects_every_line_is_a_no(house: House, sent: DraftOrder) -> None:
    rejected = [replace(line, status=LineStatus.REJECTED, message="Unknown article.") for line in every(sent)]
    assert answers(house, sent, *rejected) == {"refuse": 1}
    error = house.row(sent).error_json
    assert error is not None
    assert error["message"] == "The ERP rejected every line of the order. Unknown article."
    assert house.status(sent) is OrderStatus.ERROR


def test_a_confirmed_order_of_which_every_line_is_rejected_later_is_an_alert(house: House, sent: DraftOrder) -> None:
    answers(house, sent, *every(sent))
    assert answers(house, sent, *every(sent, status=LineStatus.REJECTED)) == {"alert": 1}
    assert house.status(sent) is OrderStatus.CONFIRMED


def test_an_order_that_cannot_be_read_any_more_is_confirmed_without_its_lines(house: House, sent: DraftOrder) -> None:
    house.tables.revisions.clear()
    assert answers(house, sent, LineAnswer(99)) == {"acknowledge": 1}
    assert (house.status(sent), house.row(sent).confirmation) == (OrderStatus.CONFIRMED, None)
    assert answers(house, sent, LineAnswer(1)) == {"ignore": 1}


def test_a_receipt_confirms_nothing_and_leaves_room_for_the_answer(house: House, sent: DraftOrder) -> None:
    name = house.export(sent).filename or ""
    for level in (Level.RECEIVED, Level.UNDERSTOOD):
        house.dropzone.answers.append(Ack(name, "ACKED", level=level))
    assert answers(house, sent, *every(sent)) == {"note": 2, "acknowledge": 1}
    assert house.export(sent).understood_at is not None
    assert house.actions()[-3:] == ["EXPORT_RECEIVED", "EXPORT_UNDERSTOOD", "EXPORT_ACKED"]


def test_only_receipts_leave_it_unanswered(house: House, sent: DraftOrder) -> None:
    house.dropzone.answers.append(Ack(house.export(sent).filename or "", "ACKED", level=Level.UNDERSTOOD))
    poll_acks(house.wiring, house.org_id, house.to_dropzone)
    assert house.status(sent) is OrderStatus.PUSHED
    assert house.export(sent).answered_at is None


LINES = st.builds(
    LineAnswer,
    st.integers(0, 3),
    st.sampled_from(LineStatus),
    st.none() | st.sampled_from([Decimal(0), Decimal(1), Decimal(10), Decimal("sNaN")]),
    unit_price=st.none() | st.decimals(),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.lists(LINES, max_size=3), st.sampled_from(Others), st.sampled_from(Level)), max_size=4))
def test_whatever_is_answered_only_a_business_answer_confirms(
    said: list[tuple[list[LineAnswer], Others, Level]],
) -> None:
    house = House()
    order = house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    name = house.export(order).filename or ""
    for lines, others, level in said:
        ack = Ack(name, "ACKED", details=Details(tuple(lines), others), level=level, source="a")
        house.dropzone.answers.append(ack)
        house.change_connection(house.to_dropzone, poll_lease_until=None)
        poll_acks(house.wiring, house.org_id, house.to_dropzone)
    assert house.status(order) in (OrderStatus.PUSHED, OrderStatus.CONFIRMED, OrderStatus.ERROR)
    if all(level is not Level.ANSWERED for *_, level in said):
        assert house.status(order) is OrderStatus.PUSHED
