"""Every pair of states: what is allowed, and that all else is refused with both names."""

from itertools import product

import pytest

from orderflow.domain.errors import StateError
from orderflow.domain.states import ERPExportStatus, OrderStatus, next_export_status, next_order_status

ORDER_MOVES = {
    "NEW": "NEEDS_REVIEW READY REJECTED",
    "NEEDS_REVIEW": "NEEDS_REVIEW READY REJECTED",
    "READY": "READY NEEDS_REVIEW APPROVED REJECTED",
    "APPROVED": "PUSHING READY NEEDS_REVIEW REJECTED",
    "PUSHING": "PUSHED ERROR APPROVED",
    "PUSHED": "CONFIRMED ERROR",
    "ERROR": "PUSHING NEEDS_REVIEW READY PUSHED CONFIRMED REJECTED",
    "CONFIRMED": "",
    "REJECTED": "",
}
EXPORT_MOVES = {"PENDING": "SENT FAILED", "SENT": "ACKED FAILED", "FAILED": "ACKED PENDING SENT", "ACKED": ""}


@pytest.mark.parametrize(("current", "wanted"), [*product(OrderStatus, OrderStatus)])
def test_an_order_moves_only_as_the_table_says(current, wanted):
    if wanted in ORDER_MOVES[current].split():
        assert next_order_status(current, wanted) is wanted
    else:
        with pytest.raises(StateError) as refused:
            next_order_status(current, wanted)
        assert refused.value.message == f"The order is {current} and cannot become {wanted}."
        assert refused.value.code == "CONFLICT"


@pytest.mark.parametrize(("current", "wanted"), [*product(ERPExportStatus, ERPExportStatus)])
def test_an_export_moves_only_as_the_table_says(current, wanted):
    if wanted in EXPORT_MOVES[current].split():
        assert next_export_status(current, wanted) is wanted
    else:
        with pytest.raises(StateError, match=f"The export is {current} and cannot become {wanted}"):
            next_export_status(current, wanted)


def test_the_refusal_of_an_order_says_what_is_possible_instead():
    with pytest.raises(StateError) as refused:
        next_order_status(OrderStatus.PUSHED, OrderStatus.PUSHING)
    assert refused.value.hint == "From PUSHED: CONFIRMED, ERROR."


def test_an_order_that_has_ended_says_so():
    with pytest.raises(StateError) as refused:
        next_order_status(OrderStatus.CONFIRMED, OrderStatus.PUSHING)
    assert "it has ended" in refused.value.hint


def test_every_order_that_has_begun_can_come_to_an_end():
    reached = {OrderStatus.CONFIRMED, OrderStatus.REJECTED}
    for _ in OrderStatus:
        reached |= {state for state, moves in ORDER_MOVES.items() if reached & set(moves.split())}
    assert reached == set(OrderStatus)
