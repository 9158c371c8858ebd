"""What waits is sent over another connection; what may have been sent stays where it is."""

import pytest

from orderflow.domain.errors import InDoubtError, InputError, NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.states import ConnectionStatus
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.move import move_exports, move_order
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.resolve import resolve_held
from tests.unit.flow.conftest import ANNA


def move(house, source, target, **more):
    return move_exports(house.store, house.org_id, source, target, ANNA, **more)


def test_all_that_waits_is_moved_and_its_document_built_for_the_other(house):
    orders = [house.pushed(), house.pushed()]
    house.change_export(orders[0], filename="for-the-api.json", document_sha256="0")
    assert len(move(house, house.to_api, house.to_dropzone)) == 2
    moved = house.export(orders[0])
    assert (moved.connection_id, moved.filename, moved.document_sha256) == (house.to_dropzone, None, None)
    assert house.actions().count("EXPORT_MOVED") == 2


def test_what_a_person_had_sent_again_was_never_sent_to_the_other(house):
    order = house.pushed()
    house.api.script["export"] = [InDoubtError("lost")]
    house.api.finds = False
    push_batch(house.wiring, house.org_id, house.to_api)
    resolve_held(house.store, house.org_id, house.export(order).id, "send_again", ANNA)
    assert house.export(order).last_begun_at, "or what it finds there would be another's"
    other = house.connect("MEMORY_API")
    assert len(move(house, house.to_api, other)) == 1
    (attempt,) = claim(house.wiring, house.open(other), 1).attempts
    assert attempt.order.delivery.last_begun_at is None, "an order of its number there is another's"


def test_only_those_that_are_named(house):
    orders = [house.pushed(), house.pushed()]
    move(house, house.to_api, house.to_dropzone, export_ids=[house.export(orders[1]).id])
    assert [house.export(order).connection_id for order in orders] == [house.to_api, house.to_dropzone]


@pytest.mark.parametrize("sent", ["begun_at", "staged_at", "held_at"])
def test_what_may_have_been_sent_stays(house, sent):
    order = house.pushed()
    house.change_export(order, **{sent: house.clock.now()})
    assert move(house, house.to_api, house.to_dropzone) == []


def test_what_a_worker_is_at_stays(house):
    house.pushed(house.to_dropzone)
    claim(house.wiring, house.open(house.to_dropzone), 1)
    assert move(house, house.to_dropzone, house.to_api) == []


def test_the_other_has_to_be_another_that_delivers(house):
    with pytest.raises(InputError, match="the same"):
        move(house, house.to_api, house.to_api)
    house.change_connection(house.to_dropzone, status=ConnectionStatus.DISABLED)
    with pytest.raises(StateError):
        move(house, house.to_api, house.to_dropzone)
    with pytest.raises(NotFoundError):
        move(house, new_id(), house.to_api)


def test_one_order_is_not_moved_to_a_connection_that_was_disabled_meanwhile(house):
    order = house.pushed()
    house.change_connection(house.to_dropzone, status=ConnectionStatus.DISABLED)
    with house.store.work(house.org_id) as work, pytest.raises(StateError) as refused:
        move_order(work, order.id, house.to_dropzone, ANNA)
    assert (refused.value.code, house.export(order).connection_id) == ("CONNECTION_DISABLED", house.to_api)
