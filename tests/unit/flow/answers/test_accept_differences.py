"""A person accepts what the ERP confirmed otherwise, once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderflow.domain.answer_details import Details, LineAnswer, Others
from orderflow.domain.delivery import Ack
from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.flow.answers.accept_differences import accept_differences
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.push_batch import push_batch
from tests.unit.flow.conftest import ANNA, House


def confirmed(house: House, line: LineAnswer) -> DraftOrder:
    """Return an order that the ERP has confirmed."""
    order = house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    details = Details((line,), Others.AS_ORDERED)
    house.dropzone.answers.append(Ack(house.export(order).filename or "", "ACKED", details=details))
    poll_acks(house.wiring, house.org_id, house.to_dropzone)
    return order


def accept(house: House, order: DraftOrder) -> None:
    with house.work() as work:
        accept_differences(work, order.id, ANNA)


def test_what_differs_is_accepted_once_and_audited(house: House) -> None:
    order = confirmed(house, LineAnswer(1, qty=Decimal(1)))
    accept(house, order)
    assert house.row(order).differences_accepted_by == "anna"
    assert house.actions()[-1] == "DIFFERENCES_ACCEPTED"
    with pytest.raises(StateError, match="nothing of it waits"):
        accept(house, order)


def test_there_is_nothing_to_accept_of_an_order_as_ordered_nor_of_one_that_is_not_confirmed(house: House) -> None:
    for order in (confirmed(house, LineAnswer(1)), house.order()):
        with pytest.raises(StateError, match="nothing of it waits"):
            accept(house, order)


def test_an_order_that_is_not_there(house: House) -> None:
    with pytest.raises(NotFoundError), house.work() as work:
        accept_differences(work, new_id(), ANNA)
