"""The lease that allows a delivery, and what a connector is handed."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from orderflow.domain import delivery as module
from orderflow.domain.answer_files import ControlNumber, OrderNumber
from orderflow.domain.delivery import Delivery, Document, ExportResult, Lease, TestResult, Waiting, WaitingExport
from orderflow.domain.states import Kind

EXPORT, TOKEN = UUID(int=1), UUID(int=2)


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(module, "clock", clock)
    return clock


@pytest.fixture
def delivery():
    return Delivery(export_id=EXPORT, requested_at=datetime(2025, 12, 26, 10, tzinfo=UTC))


@pytest.mark.parametrize(("elapsed", "allowed"), [(0, True), (44.9, True), (45, False), (60, False), (61, False)])
def test_nothing_new_starts_in_the_last_quarter_of_a_lease(clock, elapsed, allowed):
    lease = Lease(TOKEN, seconds=60)
    clock.now += elapsed
    assert lease.may_start() is allowed


def test_an_extension_counts_from_when_it_was_asked_for(clock):
    lease = Lease(TOKEN, seconds=60)
    asked_at = clock.now + 40
    clock.now += 70  # the database took its time to answer
    lease.extend(asked_at, seconds=60)
    assert lease.may_start()
    clock.now = asked_at + 45
    assert not lease.may_start()


def test_a_revoked_lease_allows_nothing_more(clock):
    lease = Lease(TOKEN, seconds=60)
    lease.revoke()
    assert not lease.may_start()


def test_a_delivery_by_hand_may_always_start_and_has_a_token(delivery):
    assert delivery.may_start()
    assert delivery.token == EXPORT


def test_a_leased_delivery_starts_only_while_the_lease_allows_it(clock, delivery):
    delivery.lease = Lease(TOKEN, seconds=60)
    assert delivery.token == TOKEN
    assert delivery.may_start()
    delivery.lease.revoke()
    assert not delivery.may_start()


def test_the_reference_is_the_file_name(delivery):
    assert delivery.reference is None
    delivery.document = Document("a.json", b"{}", "application/json", "1")
    assert delivery.reference == "a.json"


def test_results_start_with_facts_of_their_own():
    ExportResult(success=True).connector_metadata["inferred"] = True
    TestResult(success=True).details["code"] = "X"
    assert ExportResult(success=True).connector_metadata == {}
    assert TestResult(success=True) == TestResult(success=True, error_message=None, latency_ms=0)


@pytest.fixture
def waiting():
    return Waiting(WaitingExport(uuid4(), uuid4(), name) for name in ("a.json", "b.json"))


def test_waiting_exports_are_found_by_exact_reference_only(waiting):
    found = waiting.match(["b.json", "B.json", "b", "c.json"])
    assert {name: export.reference for name, export in found.items()} == {"b.json": "b.json"}


def test_waiting_exports_can_be_gone_through_more_than_once(waiting):
    assert [export.reference for export in waiting] == [export.reference for export in waiting] == ["a.json", "b.json"]


def test_what_an_answer_says_beside_a_control_number_must_be_right():
    change = WaitingExport(uuid4(), uuid4(), "c.edi", order_number=" PO-1", control_number=7, kind=Kind.CHANGE)
    wanted = ControlNumber(7), ControlNumber(7, frozenset({Kind.CHANGE, Kind.RECALL}), OrderNumber("PO-1"))
    others = ControlNumber(8), ControlNumber(7, frozenset({Kind.ORDER})), ControlNumber(7, order=OrderNumber("PO-2"))
    assert Waiting([change]).match([*wanted, *others]) == dict.fromkeys(wanted, change)
    assert not Waiting([change]).match([OrderNumber("PO-1")]), "an order's number means no change of it"


def test_a_connector_may_be_given_a_plain_list(waiting):
    assert Waiting.of(waiting) is waiting
    assert [*Waiting.of([*waiting])] == [*waiting]
