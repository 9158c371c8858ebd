"""What would become of orders that were recalled now is told for each way in which they stand; nothing is done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orderflow.domain.ids import new_id
from orderflow.domain.states import OrderStatus
from orderflow.flow.delivery.recall_outlook import Outlook, RecallWay, Standing, outlooks
from tests.unit.flow.conftest import House

PUSHED = Standing(
    OrderStatus.PUSHED, waits=False, on_hold=False, connection_id=None, arrived=True, in_doubt=False, unsent=False
)
UNDER_WAY = replace(PUSHED, status=OrderStatus.PUSHING, arrived=False)


@pytest.fixture
def house(house: House) -> House:
    house.api.gives_back = True
    return house


def outlook(house: House, standing: Standing) -> Outlook:
    with house.work() as work:
        [(found, count)] = outlooks(house.wiring, work, {standing: 3})
    assert count == 3
    return found


def test_an_erp_that_can_be_asked_is_asked(house: House) -> None:
    house.dropzone.reads_recalls = True
    assert outlook(house, replace(PUSHED, connection_id=house.to_dropzone)).way is RecallWay.ASKED


def test_an_erp_that_answers_at_once_gives_back_or_not(house: House) -> None:
    assert outlook(house, replace(PUSHED, connection_id=house.to_api)) == Outlook(RecallWay.TAKEN_BACK, house.to_api)


@pytest.mark.parametrize(
    "standing",
    [
        replace(UNDER_WAY, unsent=True),
        replace(PUSHED, status=OrderStatus.APPROVED, arrived=False, waits=True),
    ],
)
def test_what_was_not_sent_is_withdrawn(house: House, standing: Standing) -> None:
    assert outlook(house, standing) == Outlook(RecallWay.WITHDRAWN)


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (UNDER_WAY, "CONFLICT"),
        (replace(UNDER_WAY, in_doubt=True), "POSSIBLY_DELIVERED"),
        (replace(PUSHED, status=OrderStatus.READY, arrived=False), "NEVER_SENT"),
        (replace(PUSHED, on_hold=True), "CONFLICT"),
        (PUSHED, "NEVER_SENT"),
    ],
)
def test_what_cannot_be_recalled_says_why(house: House, standing: Standing, code: str) -> None:
    found = outlook(house, replace(standing, connection_id=house.to_api if standing is not PUSHED else None))
    assert found.way is RecallWay.REFUSED
    assert found.reason is not None
    assert found.reason.code == code


def test_an_erp_that_cannot_be_asked_is_not(house: House) -> None:
    house.api.gives_back = False
    found = outlook(house, replace(PUSHED, connection_id=house.to_api))
    assert (found.way, found.reason and found.reason.code) == (RecallWay.REFUSED, "RECALL_UNSUPPORTED")


def test_a_connection_that_is_gone_refuses(house: House) -> None:
    assert outlook(house, replace(PUSHED, connection_id=new_id())).way is RecallWay.REFUSED


def test_those_that_stand_alike_are_counted_together(house: House) -> None:
    back, waits = replace(PUSHED, connection_id=house.to_api), replace(PUSHED, waits=True)
    with house.work() as work:
        found = outlooks(house.wiring, work, {back: 2, replace(back, unsent=True): 3, waits: 4})
    assert [(one.way, count) for one, count in found] == [(RecallWay.TAKEN_BACK, 5), (RecallWay.WITHDRAWN, 4)]
