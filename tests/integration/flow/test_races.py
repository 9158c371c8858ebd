"""Two transactions at once: what one commits between two statements of the other, and in which order both lock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.domain.delivery import Arrived, TestResult
from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, StateError, UnavailableError
from orderflow.domain.ids import new_id
from orderflow.flow.delivery.change import left_by_recalls
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import note_request, request_push
from orderflow.flow.delivery.reroute import look_again
from orderflow.flow.delivery.resolve import Resolution, resolve_held
from orderflow.flow.delivery.route import one_to_push_to
from orderflow.flow.delivery.settle import settle
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.flow.ports import Batch, Read, Work
from orderflow.flow.setup.connections import delete_connection, edit_connection
from orderflow.flow.setup.probe import probe
from orderflow.flow.setup.probe import test_connection as try_connection
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.store import SqlStore
from orderflow.storage.tables.states import given_back
from orderflow.testing.memory import MemoryApi
from tests.integration.conftest import ACTOR, Installation, an_order

WAITS = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) OR NOT granted AND locktype = 'transactionid')"
)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def until_it_waits(installation: Installation, step: Future[Any]) -> None:
    """Return once `step` waits for a lock, or has ended."""
    with installation.database.transaction(installation.org_id) as connection:
        while not (step.done() or connection.execute(WAITS).scalar()):
            time.sleep(0.005)


def claimed(installation: Installation, connection_id: UUID) -> Batch:
    to = open_target(installation.wiring, installation.org_id, connection_id)
    assert to is not None
    return claim(installation.wiring, to, 10)


def delivered(installation: Installation, connection_id: UUID) -> Batch:
    batch = claimed(installation, connection_id)
    deliver(installation.wiring, batch)
    return batch


def two_pushed(installation: Installation, *, from_behind: bool = False) -> tuple[UUID, UUID]:
    """Push two orders in the order of their ids, or the one with the higher id first; returns them in that order."""
    first, second = sorted(installation.approved(2))
    for order_id in (second, first) if from_behind else (first, second):
        request_push(installation.wiring.store, installation.org_id, order_id, ACTOR)
    return first, second


def change(work: Work, order_id: UUID, notes: str = "changed") -> None:
    """Edit, approve and push an order."""
    edit_order(work, replace(work.orders.get(order_id), notes=notes), ACTOR)
    approve_order(work, order_id, ACTOR)
    note_request(work, order_id, ACTOR)


def settles(installation: Installation, connection_id: UUID) -> Callable[[], object]:
    batch = delivered(installation, connection_id)
    return lambda: settle(installation.wiring, batch)


def claims(installation: Installation, connection_id: UUID) -> Callable[[], object]:
    return lambda: claimed(installation, connection_id)


@pytest.mark.parametrize("worker", [claims, settles])
def test_a_worker_locks_orders_in_the_order_in_which_people_do(
    installation: Installation, pool: ThreadPoolExecutor, worker: Callable[..., Callable[[], object]]
) -> None:
    connection_id = installation.connect(MemoryApi())
    first, second = two_pushed(installation, from_behind=True)
    works = worker(installation, connection_id)
    with installation.wiring.store.work(installation.org_id) as many:
        many.orders.lock_status(first)
        step = pool.submit(works)
        until_it_waits(installation, step)
        many.orders.lock_status(second)  # as a bulk job does, and whoever records answers
    step.result()
    assert {row["attempts"] for row in map(installation.order, (first, second))} == {1}


def test_routing_locks_orders_in_that_order_too(installation: Installation, pool: ThreadPoolExecutor) -> None:
    connection_id = installation.connect(MemoryApi())
    rules = [{"name": "all", "when": {"all": []}, "connection_id": str(connection_id)}]
    store, org_id = installation.wiring.store, installation.org_id
    with store.work(org_id) as work:
        work.routes.save(rules, "anna")
    first, second = two_pushed(installation, from_behind=True)
    with store.work(org_id) as work:
        work.routes.save(rules, "anna")
    with store.work(org_id) as many:
        many.orders.lock_status(first)
        step = pool.submit(look_again, store, org_id)
        until_it_waits(installation, step)
        many.orders.lock_status(second)
    step.result()
    assert installation.export(first)["route_version"] == installation.export(second)["route_version"] == 3


def test_an_order_that_was_changed_while_its_settling_waited_for_another_stays_on_its_way(
    installation: Installation, pool: ThreadPoolExecutor
) -> None:
    connection_id = installation.connect(MemoryApi())
    first, second = two_pushed(installation)
    batch = delivered(installation, connection_id)
    with installation.wiring.store.work(installation.org_id) as other:
        other.orders.lock_status(first)
        step = pool.submit(settle, installation.wiring, batch)
        until_it_waits(installation, step)
        with installation.wiring.store.work(installation.org_id) as work:
            change(work, second)
    step.result()
    assert (installation.order(first)["status"], installation.order(second)["status"]) == ("CONFIRMED", "PUSHING")


def in_doubt(installation: Installation) -> UUID:
    """Return an order of which nobody knows whether it arrived."""
    api = MemoryApi()
    api.finds = False
    api.script["export"] = [InDoubtError("lost")]
    connection_id = installation.connect(api)
    (order_id,) = installation.pushed()
    push_batch(installation.wiring, installation.org_id, connection_id)
    return order_id


def resolving(installation: Installation, pool: ThreadPoolExecutor, order_id: UUID, how: Resolution) -> Future[Any]:
    export_id = installation.export(order_id)["id"]
    return pool.submit(resolve_held, installation.wiring.store, installation.org_id, export_id, how, ACTOR)


@pytest.mark.parametrize("how", ["delivered", "not_delivered"])
def test_a_doubt_that_is_resolved_as_the_order_is_changed_leaves_the_change_on_its_way(
    installation: Installation, pool: ThreadPoolExecutor, how: Resolution
) -> None:
    order_id = in_doubt(installation)
    with installation.wiring.store.work(installation.org_id) as work:
        work.orders.lock_status(order_id)
        step = resolving(installation, pool, order_id, how)
        until_it_waits(installation, step)
        change(work, order_id)
    step.result()
    order, newest = installation.order(order_id), installation.export(order_id)
    assert (order["status"], newest["kind"], newest["status"]) == ("PUSHING", "change", "PENDING")


def test_what_was_changed_meanwhile_is_not_sent_again(installation: Installation, pool: ThreadPoolExecutor) -> None:
    order_id = in_doubt(installation)
    with installation.wiring.store.work(installation.org_id) as work:
        work.orders.lock_status(order_id)
        step = resolving(installation, pool, order_id, "send_again")
        until_it_waits(installation, step)
        change(work, order_id)
    with pytest.raises(StateError, match="was changed since"):
        step.result()


@pytest.mark.parametrize("how", ["delivered", "not_delivered", "send_again"])
def test_who_resolves_a_doubt_waits_for_no_worker_that_has_its_export(
    installation: Installation, pool: ThreadPoolExecutor, how: Resolution
) -> None:
    order_id = in_doubt(installation)
    lock = text("SELECT FROM erp_export WHERE draft_order_id = :id FOR UPDATE")
    with installation.database.transaction(installation.org_id) as worker:
        worker.execute(lock, {"id": order_id})
        step = resolving(installation, pool, order_id, how)
        with pytest.raises(StateError, match="A worker is at this delivery"):
            step.result(timeout=20)


def test_an_answer_that_comes_again_while_it_is_recorded_is_read_again(installation: Installation) -> None:
    connection_id = installation.connect(MemoryApi())
    store, org_id, content = installation.wiring.store, installation.org_id, b"<yes/>"

    def comes() -> None:
        with store.work(org_id) as work:
            work.inbound.add(connection_id, Arrived(new_id(), "yes.xml", content, "text/xml"), "the same")

    comes()
    with store.work(org_id) as work:
        (taken,) = work.inbound.take(connection_id, 10, 120)
    with store.work(org_id) as work:
        assert work.inbound.take(connection_id, 10, 120) == []
        comes()
        work.inbound.note([Read(taken.id, "acknowledge")])
    with store.work(org_id) as work:
        assert [item.content for item in work.inbound.take(connection_id, 10, 120)] == [content]


def test_no_push_goes_to_a_connection_that_is_deleted_meanwhile(
    installation: Installation, pool: ThreadPoolExecutor
) -> None:
    connection_id = installation.connect(MemoryApi())
    installation.pushed()
    installation.work_off(connection_id)  # so that its row stays
    (order_id,) = installation.approved()
    with installation.wiring.store.work(installation.org_id) as work:
        one_to_push_to(work, connection_id)
        step = pool.submit(delete_connection, installation.wiring, installation.org_id, connection_id, ACTOR)
        until_it_waits(installation, step)
        note_request(work, order_id, ACTOR, connection_id=connection_id)
    with pytest.raises(StateError, match="wait"):
        step.result()
    assert installation.work_off(connection_id) == 1


class Meanwhile(MemoryApi):
    """Has something done while it is tested."""

    step: Callable[[], object] = staticmethod(lambda: None)

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        self.step()
        return self.test_result


def saving(installation: Installation, connection_id: UUID) -> Callable[[], object]:
    """Return what saves another configuration."""
    config = {"password": "another"}
    return lambda: edit_connection(installation.wiring, installation.org_id, connection_id, config, ACTOR)


def connection_of(installation: Installation, connection_id: UUID) -> Any:
    return installation.rows("SELECT * FROM erp_connection WHERE id = :id", id=connection_id)[0]


@pytest.mark.parametrize("success", [True, False])
def test_a_test_of_the_configuration_before_says_nothing_about_the_one_that_was_saved(
    installation: Installation, success: bool
) -> None:
    api = Meanwhile()
    connection_id = installation.connect(api)
    api.step, api.test_result = saving(installation, connection_id), TestResult(success, "no", details={"code": "X"})
    try_connection(installation.wiring, installation.org_id, connection_id, ACTOR)
    row = connection_of(installation, connection_id)
    assert (row["last_test_at"], row["test_error"]) == (None, None)


@pytest.mark.parametrize("details", [{"needs_attention": True}, {}], ids=["paused", "open"])
def test_a_probe_with_the_configuration_before_does_not_stop_the_one_that_was_saved(
    installation: Installation, details: dict[str, Any]
) -> None:
    api = Meanwhile()
    connection_id = installation.connect(api, breaker_state="OPEN", probe_at=datetime(2026, 1, 1, tzinfo=UTC))
    api.step, api.test_result = saving(installation, connection_id), TestResult(False, "wrong password", 0, details)
    probe(installation.wiring, installation.org_id, connection_id)
    assert connection_of(installation, connection_id)["breaker_state"] == "CLOSED"


@pytest.mark.parametrize("error", [NeedsAttentionError("wrong password"), UnavailableError("down")])
def test_a_batch_with_the_configuration_before_does_not_stop_the_one_that_was_saved(
    installation: Installation, error: ConnectorError
) -> None:
    api = MemoryApi()
    connection_id = installation.connect(api)
    (order_id,) = installation.pushed()
    api.script["export"] = [error]
    batch = delivered(installation, connection_id)
    saving(installation, connection_id)()
    settle(installation.wiring, batch)
    assert connection_of(installation, connection_id)["breaker_state"] == "CLOSED"
    installation.work_off(connection_id)
    assert api.taken == [order_id]


def test_an_order_whose_delivery_is_being_moved_is_not_edited_beside_it(installation: Installation) -> None:
    api = MemoryApi()
    source = installation.connect(api, name="one")
    target = installation.connect(api, name="two")
    (order_id,) = installation.pushed(connection_id=source)
    with installation.wiring.store.work(installation.org_id) as moving:
        moving.exports.move(source, target, None)
        with (
            pytest.raises(StateError, match="at this moment"),
            installation.wiring.store.work(installation.org_id) as work,
        ):
            edit_order(work, replace(work.orders.get(order_id), notes="changed"), ACTOR)
    with installation.wiring.store.work(installation.org_id) as work:
        edit_order(work, replace(work.orders.get(order_id), notes="changed"), ACTOR)
    assert (installation.work_off(target), api.taken) == (0, [])


def test_what_is_approved_and_pushed_in_a_shared_transaction_is_pushed_as_it_was_approved(
    installation: Installation,
) -> None:
    installation.connect(MemoryApi())
    (first,) = installation.approved()
    second = an_order(2)
    with installation.wiring.store.work(installation.org_id) as work:
        accept_orders(work, [second], ACTOR)
    shared = SqlStore(installation.database, EncryptionService("ab" * 32))
    with shared.work(installation.org_id, {first, second.id}) as work:
        note_request(work, first, ACTOR)
        approve_order(work, second.id, ACTOR)
        note_request(work, second.id, ACTOR)
    assert [installation.export(order_id)["revision"] for order_id in (first, second.id)] == [1, 1]


def test_both_ways_to_say_what_a_recall_has_undone_say_the_same(installation: Installation) -> None:
    chance = random.Random(7)
    connection_id = installation.connect(MemoryApi())
    query = f"SELECT e.id FROM erp_export e WHERE e.draft_order_id = :id AND {given_back('e')}"
    for order_id in installation.approved(50):
        made = [(new_id(), "order" if place == 0 else chance.choice(["change", "recall"])) for place in range(6)]
        for place, (export_id, kind) in enumerate(made):
            # A change follows a delivery that was there; or a recall, which was asked for after it.
            there = [one for one, of_kind in made[:place] if of_kind != "recall"]
            there += [one for one, of_kind in made[place + 1 :] if of_kind == "recall"]
            installation.do(
                "INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, kind, created_at, follows)"
                " VALUES (:id, :org, :order, :way, :status, :kind, now() + make_interval(secs => :place), :follows)",
                id=export_id,
                org=installation.org_id,
                order=order_id,
                way=connection_id,
                status=chance.choice(["PENDING", "SENT", "ACKED", "ACKED", "FAILED"]),
                kind=kind,
                place=place,
                follows=chance.choice([None, *there]) if kind == "change" else None,
            )
        with installation.wiring.store.work(installation.org_id) as work:
            deliveries, recalls = work.exports.deliveries_of(order_id), work.exports.recalls_of(order_id)
        left = {one.id for one in left_by_recalls(deliveries, recalls)}
        undone = {row["id"] for row in installation.rows(query, id=order_id)}
        assert left == {one.id for one in deliveries} - undone, (deliveries, recalls)
