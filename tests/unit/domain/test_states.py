"""The table of states: every step from every state is allowed or refused with both names, and each order can end."""

from itertools import product

import pytest

from orderflow.domain.errors import StateError
from orderflow.domain.states import (
    ENDED,
    EXPORT_CHANGES,
    FITTING,
    ORDER_CHANGES,
    ERPExportStatus,
    ExportStep,
    OrderAction,
    OrderEvent,
    OrderStatus,
    actions_of,
    next_order_status,
)

STEPS = [*OrderAction, *OrderEvent]


@pytest.mark.parametrize("step", STEPS)
def test_an_order_moves_only_as_the_table_says(step):
    change = ORDER_CHANGES[step]
    for current, wanted in product(OrderStatus, OrderStatus):
        starts = change.starts + change.if_in_doubt + change.if_sure + change.if_differs
        starts += change.if_there + change.if_not_there
        if current in starts and wanted in change.ends:
            assert next_order_status(step, current, wanted) is wanted
        else:
            with pytest.raises(StateError) as refused:
                next_order_status(step, current, wanted)
            assert refused.value.message == f"The order is {current} and cannot become {wanted}."
            assert refused.value.code == "CONFLICT"


def test_each_step_has_its_line_in_the_table():
    assert [*ORDER_CHANGES] == sorted(STEPS, key=[*ORDER_CHANGES].index)
    assert EXPORT_CHANGES.keys() == set(ExportStep)


def test_what_was_pushed_is_never_pushed_again_without_the_erps_no():
    pushes = [step for step in STEPS if OrderStatus.PUSHING in step.change.ends]
    for step, status in product(pushes, (OrderStatus.PUSHED, OrderStatus.CONFIRMED)):
        assert not any(step.change.may_start(status, in_doubt=in_doubt) for in_doubt in (False, True))


def test_no_answer_of_the_erp_is_undone():
    assert not [step for step in ExportStep if ERPExportStatus.ACKED in step.change.starts]


def test_the_refusal_of_an_order_says_what_is_possible_instead():
    with pytest.raises(StateError) as refused:
        next_order_status(OrderAction.PUSH, OrderStatus.PUSHED)
    assert refused.value.hint == "From PUSHED: CONFIRMED, ERROR, NEEDS_REVIEW, READY, RECALLED, RECALLING."


def test_an_order_that_has_ended_says_so():
    with pytest.raises(StateError) as refused:
        next_order_status(OrderAction.PUSH, OrderStatus.REJECTED)
    assert "it has ended" in refused.value.hint


def test_every_order_that_has_begun_can_come_to_an_end():
    assert set(ENDED) == {OrderStatus.CONFIRMED, OrderStatus.REJECTED, OrderStatus.RECALLED}
    reached = set(ENDED)
    for _ in OrderStatus:
        changes = [step.change for step in STEPS if reached & set(step.change.ends)]
        reached |= {state for change in changes for state in change.starts + change.if_in_doubt + change.if_sure}
        reached |= {state for change in changes for state in change.if_not_there}
    assert reached == set(OrderStatus)


def test_what_is_settled_fits():
    assert {FITTING[status] for status in ExportStep.SETTLE.change.ends} - {OrderStatus.PUSHING} == set(
        OrderEvent.SETTLE.change.ends
    )


@pytest.mark.parametrize(
    ("status", "in_doubt", "actions"),
    [
        ("NEEDS_REVIEW", False, "edit reject hold"),
        ("READY", False, "edit approve reject hold"),
        ("APPROVED", False, "edit reject push hold"),
        ("PUSHING", False, "edit hold withdraw"),
        ("PUSHING", True, "edit hold confirm resolve_delivered resolve_not_delivered resolve_send_again"),
        ("PUSHED", False, "edit confirm recall confirm_recall"),
        ("CONFIRMED", False, "edit recall confirm_recall"),
        ("ERROR", False, "edit reject retry hold"),
        ("ERROR", True, "edit reject retry hold confirm resolve_delivered resolve_not_delivered"),
        ("REJECTED", False, ""),
        ("RECALLING", False, "confirm_recall end_recall"),
        ("RECALLED", False, ""),
    ],
)
def test_a_person_may_do_what_fits_the_state_and_what_is_known(status, in_doubt, actions):
    assert actions_of(OrderStatus(status), in_doubt=in_doubt, under_way=False) == actions.split()


@pytest.mark.parametrize(
    ("status", "actions"),
    [
        ("READY", "edit approve hold discard_change"),
        ("APPROVED", "edit push hold discard_change"),
        ("ERROR", "edit retry hold discard_change confirm_change"),
    ],
)
def test_what_the_erp_has_is_not_rejected_and_its_change_may_be_discarded(status, actions):
    assert actions_of(OrderStatus(status), in_doubt=False, under_way=False, there=True) == actions.split()


def test_everybody_waits_for_a_worker_that_is_at_the_delivery():
    assert not any(actions_of(status, in_doubt=True, under_way=True) for status in OrderStatus)
