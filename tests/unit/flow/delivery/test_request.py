"""Somebody asks for a delivery, or takes that back."""

from datetime import UTC, datetime, timedelta

import pytest

from orderflow.domain.errors import InputError, KeyReusedError, StateError
from orderflow.domain.states import ConnectionStatus, ERPExportStatus, OrderAction, OrderStatus
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push, withdraw
from orderflow.flow.setup.routes import save_rules
from tests.unit.flow.conftest import ANNA


def push(house, order, **more):
    return request_push(house.store, house.org_id, order.id, ANNA, **more)


def failed_in_doubt(house):
    order = house.pushed()
    house.change_export(order, status=ERPExportStatus.FAILED, begun_at=house.clock.now())
    with house.work() as work:
        work.orders.set_status(order.id, OrderStatus.ERROR)
    return order


def test_an_approved_order_waits_for_the_default_connection(house):
    order = house.order()
    export = push(house, order)
    assert (house.status(order), export.connection_id) == (OrderStatus.PUSHING, house.to_api)
    assert house.actions() == ["DRAFT_PUSHED"]


def test_it_may_name_another_connection_which_has_to_deliver(house):
    assert push(house, house.order(), connection_id=house.to_dropzone).connection_id == house.to_dropzone
    house.change_connection(house.to_dropzone, status=ConnectionStatus.DISABLED)
    order = house.order()
    with pytest.raises(StateError, match="DISABLED"):
        push(house, order, connection_id=house.to_dropzone)
    assert house.status(order) is OrderStatus.APPROVED


def test_what_is_under_way_is_not_asked_for_again(house):
    order = house.pushed()
    with pytest.raises(StateError, match="PUSHING already"):
        push(house, order)
    assert len(house.tables.exports) == 1


def test_one_key_is_one_delivery(house):
    order = house.order()
    assert push(house, order, idempotency_key="k").id == push(house, order, idempotency_key="k").id


def test_a_key_belongs_to_one_request(house):
    first, waits = house.order(currency="EUR"), house.order(currency="EUR")
    push(house, first, idempotency_key="k", digest=1)
    euros = {"field": "order.currency", "operator": "=", "value": "EUR"}
    rule = {"name": "euros", "when": euros, "connection_id": str(house.to_api)}
    save_rules(house.store, house.org_id, [rule], ANNA)
    house.change_connection(house.to_api, status=ConnectionStatus.DISABLED)
    assert push(house, waits, idempotency_key="k", digest=1) is None
    for order in (first, waits):
        with pytest.raises(KeyReusedError):
            push(house, order, idempotency_key="k", digest=2)
        push(house, order, idempotency_key="k", digest=1)
        push(house, order, idempotency_key="k")


def test_a_retry_that_goes_on_with_a_former_delivery_has_its_key_too(house):
    order = failed_in_doubt(house)
    house.clock.forward(25 * 3600)
    first = push(house, order, idempotency_key="again")
    assert push(house, order, idempotency_key="again").id == first.id


def test_what_may_have_arrived_goes_on_as_the_same_delivery_and_nowhere_else(house):
    order = failed_in_doubt(house)
    before = house.export(order)
    with pytest.raises(StateError) as refused:
        push(house, order, connection_id=house.to_dropzone)
    assert refused.value.code == "POSSIBLY_DELIVERED"
    push(house, order)
    after = house.export(order)
    assert (after.id, after.begun_at, after.status) == (before.id, before.begun_at, ERPExportStatus.PENDING)


def test_who_means_a_retry_pushes_nothing_new(house):
    with pytest.raises(StateError, match="no failed push"):
        push(house, house.order(), meant=(OrderAction.RETRY,))


def test_a_push_of_which_nothing_was_tried_is_taken_back_without_a_trace(house):
    order = house.pushed()
    withdraw(house.store, house.org_id, order.id, ANNA)
    assert (house.status(order), house.tables.exports) == (OrderStatus.APPROVED, {})


def test_what_a_worker_is_at_is_not_taken_back(house):
    order = house.pushed()
    claim(house.wiring, house.open(), 1)
    with pytest.raises(StateError, match="under way"):
        withdraw(house.store, house.org_id, order.id, ANNA)


def test_what_may_have_arrived_is_not_taken_back(house):
    house.api.finds, house.api.lost_answers = False, 1
    order = house.pushed()
    push_batch(house.wiring, house.org_id, house.to_api)
    with pytest.raises(StateError) as refused:
        withdraw(house.store, house.org_id, order.id, ANNA)
    assert refused.value.code == "POSSIBLY_DELIVERED"


def test_a_push_may_ask_not_to_go_out_before(house):
    order, later = house.order(), house.clock.now() + timedelta(hours=2)
    house.request(order, not_before=later)
    assert push_batch(house.wiring, house.org_id, house.to_api) == 0
    house.clock.forward(7200)
    assert push_batch(house.wiring, house.org_id, house.to_api) == 1


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2036, 1, 5, 9, tzinfo=UTC), "more than 366 days ahead"),
        (datetime(2025, 1, 5, 9, tzinfo=UTC), "more than a day ago"),
        (datetime(2026, 1, 5, 9), "no time zone"),  # noqa: DTZ001  # as a caller may forget it
    ],
)
def test_a_moment_that_nobody_can_mean_is_refused(house, moment, words):
    order = house.order()
    with pytest.raises(InputError, match=words) as refused:
        house.request(order, not_before=moment)
    assert refused.value.code == "NOT_BEFORE_UNUSABLE"
    assert house.status(order) is OrderStatus.APPROVED


def test_a_retry_waits_until_its_own_time(house):
    order, later = failed_in_doubt(house), house.clock.now() + timedelta(hours=3)
    house.request(order, not_before=later)
    assert house.export(order).next_attempt_at == later
