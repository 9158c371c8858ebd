"""A person says that the ERP has the order."""

import pytest

from orderflow.domain.errors import StateError
from orderflow.domain.states import ERPExportStatus, OrderStatus
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.order.confirm import confirm_order
from tests.unit.flow.conftest import ANNA


def confirm(house, order):
    with house.work() as work:
        confirm_order(work, order.id, "SO-1", ANNA)


def confirmed(house, order):
    row, export = house.row(order), house.export(order)
    return row.status, row.erp_order_id, row.erp_order_id_source, export.status, export.confirmed_by


def test_what_was_pushed_waits_for_no_answer_any_more(house):
    order = house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    confirm(house, order)
    assert confirmed(house, order) == (OrderStatus.CONFIRMED, "SO-1", "hand", ERPExportStatus.ACKED, "anna")


def test_what_is_in_doubt_is_settled_by_it(house):
    house.api.finds, house.api.lost_answers = False, 1
    order = house.pushed()
    push_batch(house.wiring, house.org_id, house.to_api)
    confirm(house, order)
    assert confirmed(house, order) == (OrderStatus.CONFIRMED, "SO-1", "hand", ERPExportStatus.ACKED, "anna")
    house.clock.forward(3600)
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.api.taken == [order.id]


def test_what_surely_never_went_out_is_not_confirmed(house):
    for order in (house.order(), house.pushed()):
        with pytest.raises(StateError, match="only a PUSHED order"):
            confirm(house, order)
