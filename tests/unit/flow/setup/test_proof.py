"""A connection is healthy only once something proved it."""

import pytest

from orderflow.domain.delivery import ExportResult, TestResult
from orderflow.domain.errors import OrderFlowError, StateError
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.setup.proof import Proof, note_first_delivery, proof_of, prove
from tests.unit.flow.conftest import ANNA


@pytest.mark.parametrize(
    ("known", "proof"),
    [
        ({}, Proof.UNTESTED),
        ({"last_test_at": 1}, Proof.TESTED),
        ({"last_test_at": 1, "delivered_at": 2}, Proof.DELIVERED),
        ({"last_test_at": 1, "delivered_at": 2, "test_error": {}}, Proof.DELIVERED),
        ({"last_test_at": 1, "delivered_at": 2, "test_error": {"code": "X"}}, Proof.TEST_FAILED),
    ],
)
def test_what_is_known_of_it(known, proof):
    assert proof_of(known) is proof


def prove_it(house):
    prove(house.wiring, house.org_id, house.to_api, ANNA)
    return proof_of(
        {name: getattr(house.connection(), name) for name in ("last_test_at", "test_error", "delivered_at")}
    )


def test_what_nothing_proved_is_tested_once(house, monkeypatch):
    assert prove_it(house) is Proof.TESTED
    monkeypatch.setattr(house.api, "test_connection", lambda config: 1 / 0)
    assert prove_it(house) is Proof.TESTED


def test_a_test_that_fails_says_why_and_what_to_do(house):
    house.api.test_result = TestResult(False, "no route", details={"hint": "Look at the cable."})
    with pytest.raises(StateError) as failed:
        prove_it(house)
    assert (failed.value.code, "no route" in failed.value.message) == ("TEST_FAILED", True)
    assert failed.value.hint.startswith("Look at the cable.")


def test_the_first_delivery_is_a_proof(house):
    note_first_delivery(house.wiring)
    house.pushed()
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.connection().delivered_at == house.clock.now()


def test_a_delivery_with_a_former_configuration_proves_nothing(house):
    note_first_delivery(house.wiring)
    house.pushed()
    usual = house.api.export

    def meanwhile(order, config):
        house.change_connection(house.to_api, version=house.connection().version + 1)
        return usual(order, config)

    house.api.export = meanwhile
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.connection().delivered_at is None


def test_that_it_cannot_be_noted_stops_nothing(house, monkeypatch):
    def away(connection_id, version):
        raise OrderFlowError("away")

    note_first_delivery(house.wiring)
    house.pushed()
    with house.work() as work:
        monkeypatch.setattr(work.connections, "note_delivery", away)
    assert push_batch(house.wiring, house.org_id, house.to_api) == 1
    assert isinstance(next(iter(house.tables.attempts.values())).outcome, ExportResult)
