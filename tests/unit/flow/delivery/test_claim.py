"""A worker takes what is due, under one lease, with documents that are built once."""

import pytest

from orderflow.domain.delivery import Document
from orderflow.domain.errors import ConnectorError, ObjectStoreError, RejectedError
from orderflow.domain.ids import new_id
from orderflow.domain.states import ERPExportStatus, Kind
from orderflow.flow.delivery.claim import STORE_DOWN_DELAY, claim
from orderflow.flow.delivery.move import move_exports
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.ports import Export
from tests.unit.flow.conftest import ANNA


def test_what_is_due_is_taken_under_one_lease_with_its_document_stored(house):
    orders = [house.pushed(), house.pushed()]
    batch = claim(house.wiring, house.open(), 10)
    assert {attempt.order.id for attempt in batch.attempts} == {order.id for order in orders}
    for order in orders:
        export = house.export(order)
        assert export.lease_token == batch.lease.token
        assert house.store.documents.get(export.storage_key)
        assert export.begun_at is not None, "an API is asked before it is sent to again"


def test_no_more_than_wanted_are_taken_and_none_twice(house):
    for _ in range(3):
        house.pushed()
    first, second = claim(house.wiring, house.open(), 2), claim(house.wiring, house.open(), 2)
    assert [len(first.attempts), len(second.attempts)] == [2, 1]


def test_a_stored_document_is_sent_as_it_was_built(house):
    order = house.pushed()
    built = claim(house.wiring, house.open(), 1).attempts[0].order.delivery.document
    house.tables.orders[order.id].content.notes = "changed meanwhile"
    house.clock.forward(house.wiring.lease_seconds + 1)
    again = claim(house.wiring, house.open(), 1).attempts[0]
    assert (again.stored, again.order.delivery.document) == (True, built)


def test_a_stored_document_that_was_changed_is_not_sent(house):
    order = house.pushed()
    claim(house.wiring, house.open(), 1)
    house.store.documents.put_many([(house.export(order).storage_key, b"something else")])
    house.clock.forward(house.wiring.lease_seconds + 1)
    outcome = claim(house.wiring, house.open(), 1).attempts[0].outcome
    assert isinstance(outcome, ConnectorError)
    assert outcome.code == "DOCUMENT_CHANGED"


def test_an_order_that_cannot_be_written_carries_its_error_and_stops_no_other(house):
    orders = [house.pushed(), house.pushed()]
    usual = house.api.render
    house.api.render = lambda order, config: 1 / 0 if order.id == orders[0].id else usual(order, config)
    batch = claim(house.wiring, house.open(), 2)
    assert {a.order.id: a.outcome is None for a in batch.attempts} == {orders[0].id: False, orders[1].id: True}


def follow_up(house, kind):
    """Have the ERP asked something about an order that it has."""
    order = house.pushed()
    push_batch(house.wiring, house.org_id, house.to_api)
    house.clock.forward(1)
    export = Export(new_id(), order.id, house.to_api, ERPExportStatus.PENDING, house.clock.now(), kind=kind)
    with house.work() as work:
        work.exports.add(export, idempotency_key=None, actor=ANNA)


@pytest.mark.parametrize("kind", [Kind.CHANGE, Kind.RECALL])
def test_a_connector_is_never_given_a_kind_that_it_does_not_name(house, kind):
    follow_up(house, kind)
    house.api.render = lambda *_: pytest.fail("it would take this for an order")
    (attempt,) = claim(house.wiring, house.open(), 1).attempts
    assert isinstance(attempt.outcome, RejectedError)
    assert attempt.outcome.code == ("CHANGE_UNSUPPORTED" if kind is Kind.CHANGE else "KIND_UNSUPPORTED")


def test_a_connector_that_names_a_kind_is_told_which_it_is(house):
    follow_up(house, Kind.CHANGE)
    house.api.kinds = lambda config: frozenset(Kind)
    (attempt,) = claim(house.wiring, house.open(), 1).attempts
    assert (attempt.outcome, attempt.order.delivery.kind) == (None, Kind.CHANGE)


def test_a_document_store_that_is_away_gives_everything_back(house, monkeypatch):
    order = house.pushed()

    def away(items):
        raise ObjectStoreError("away")

    monkeypatch.setattr(house.store.documents, "put_many", away)
    with pytest.raises(ObjectStoreError):
        claim(house.wiring, house.open(), 1)
    export = house.export(order)
    assert (export.lease_token, export.begun_at, export.error_json["code"]) == (None, None, "OBJECT_STORE_UNAVAILABLE")
    assert (export.next_attempt_at - house.clock.now()).total_seconds() == STORE_DOWN_DELAY
    assert not house.tables.lanes


def test_a_worker_that_lost_all_its_leases_gives_its_lane_back(house, monkeypatch):
    order = house.pushed()
    usual = house.store.documents.put_many

    def slowly(items):
        usual(items)
        house.change_export(order, lease_token=new_id())  # another worker's by now

    monkeypatch.setattr(house.store.documents, "put_many", slowly)
    assert claim(house.wiring, house.open(), 1).attempts == []
    assert not house.tables.lanes


def test_what_a_worker_that_slept_overwrote_is_not_sent(house, monkeypatch):
    order = house.pushed()
    house.dropzone.render = lambda order, config: Document("same.json", b"for the dropzone", "application/json", "1")
    house.api.render = lambda order, config: Document("same.json", b"for the API", "application/json", "1")
    usual = house.store.documents.put_many

    def slowly(items):
        monkeypatch.setattr(house.store.documents, "put_many", usual)
        house.clock.forward(house.wiring.lease_seconds + 1)
        move_exports(house.store, house.org_id, house.to_api, house.to_dropzone, ANNA)
        assert claim(house.wiring, house.open(house.to_dropzone), 1).attempts
        usual(items)

    monkeypatch.setattr(house.store.documents, "put_many", slowly)
    assert claim(house.wiring, house.open(), 1).attempts == []
    house.clock.forward(house.wiring.lease_seconds + 1)
    outcome = claim(house.wiring, house.open(house.to_dropzone), 1).attempts[0].outcome
    assert isinstance(outcome, ConnectorError)
    assert (outcome.code, house.export(order).begun_at) == ("DOCUMENT_CHANGED", None)


def test_only_so_many_workers_at_a_time(house):
    for _ in range(4):
        house.pushed()
    taken = [len(claim(house.wiring, house.open(), 1).attempts) for _ in range(4)]
    assert taken == [1] * house.wiring.lanes + [0]


def test_only_so_many_orders_a_minute(house):
    for _ in range(3):
        house.pushed()
    house.change_connection(house.to_api, orders_per_minute=2)
    assert len(claim(house.wiring, house.open(), 10).attempts) == 2
    house.clock.forward(61)
    assert claim(house.wiring, house.open(), 10).attempts
