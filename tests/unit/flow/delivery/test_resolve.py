"""A person looked into the ERP and says how a delivery in doubt ended."""

import pytest

from orderflow.domain.errors import InDoubtError, NotFoundError, StateError, TransientError
from orderflow.domain.ids import new_id
from orderflow.domain.states import ERPExportStatus, OrderStatus
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.resolve import resolve_held
from tests.unit.flow.conftest import ANNA


@pytest.fixture
def held(house):
    """An order that the ERP took, whose answer was lost, and that nobody can be asked about."""
    house.api.finds, house.api.lost_answers = False, 1
    order = house.pushed()
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.export(order).held_at is not None
    return order


def resolve(house, order, resolution, seen=None):
    return resolve_held(house.store, house.org_id, house.export(order).id, resolution, ANNA, seen)


@pytest.mark.parametrize(
    ("resolution", "export_status", "order_status"),
    [
        ("delivered", ERPExportStatus.SENT, OrderStatus.PUSHED),
        ("not_delivered", ERPExportStatus.FAILED, OrderStatus.ERROR),
        ("send_again", ERPExportStatus.PENDING, OrderStatus.PUSHING),
    ],
)
def test_it_ends_as_the_person_says(house, held, resolution, export_status, order_status):
    export = resolve(house, held, resolution)
    assert (export.status, export.held, house.status(held)) == (export_status, False, order_status)
    assert house.actions()[-1] == "EXPORT_RESOLVED"


def test_sent_again_it_goes_out_under_the_same_name(house, held):
    name = house.export(held).filename
    resolve(house, held, "send_again")
    push_batch(house.wiring, house.org_id, house.to_api)
    assert (house.export(held).filename, house.api.taken) == (name, [held.id, held.id])


def test_said_to_be_there_it_is_not_sent_again(house, held):
    resolve(house, held, "delivered")
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.api.taken == [held.id]


@pytest.mark.parametrize("resolution", ["delivered", "not_delivered", "send_again"])
def test_who_looked_before_it_was_sent_again_decides_nothing(house, held, resolution):
    seen = house.export(held).perhaps_sent_at
    resolve(house, held, "send_again")
    house.clock.forward(1)
    house.api.lost_answers = 1
    push_batch(house.wiring, house.org_id, house.to_api)
    with pytest.raises(StateError) as refused:
        resolve(house, held, resolution, seen)
    assert (refused.value.code, house.export(held).held_at is not None) == ("STALE_DOUBT", True)
    assert house.api.taken == [held.id, held.id]
    resolve(house, held, resolution, house.export(held).perhaps_sent_at)


def test_asking_makes_no_other_doubt_of_it(house, held):
    house.api.finds = True
    house.api.script["find"] = [TransientError("500")]
    house.change_export(held, asking=True)
    seen = house.export(held).perhaps_sent_at
    house.clock.forward(7200)
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.api.calls[-1] == ("find", held.id)
    assert resolve(house, held, "send_again", seen).status is ERPExportStatus.PENDING


def test_what_is_staged_is_published_by_every_attempt(house):
    house.dropzone.script["publish"] = [InDoubtError("no answer", code="PUBLISH_UNKNOWN")] * 2
    order = house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    seen = house.export(order).perhaps_sent_at
    house.clock.forward(3600)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    with pytest.raises(StateError) as refused:
        resolve(house, order, "send_again", seen)
    assert refused.value.code == "STALE_DOUBT"
    resolve(house, order, "send_again", house.export(order).perhaps_sent_at)


def test_nobody_decides_while_a_worker_asks(house, held):
    house.change_export(held, held_at=None)
    house.clock.forward(3600)
    assert claim(house.wiring, house.open(), 1).attempts
    with pytest.raises(StateError, match="worker is at this delivery"):
        resolve(house, held, "send_again")


def test_what_is_not_in_doubt_is_not_decided(house):
    with pytest.raises(StateError, match="no doubt"):
        resolve(house, house.pushed(), "delivered")
    with pytest.raises(NotFoundError):
        resolve_held(house.store, house.org_id, new_id(), "delivered", ANNA)
