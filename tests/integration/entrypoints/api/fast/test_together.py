"""Many requests in one transaction: each gets its own answer, and none of them another one's fault."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import exc, text

from orderflow.bootstrap import App
from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.entrypoints.api.fast import together as module
from orderflow.entrypoints.api.fast.together import MOST, THREADS, Together
from orderflow.flow.delivery.request import note_request
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.flow.ports import Actor
from orderflow.flow.setup.connections import add_connection, enable_connection
from orderflow.postgres.errors import DatabaseError
from orderflow.storage.store import SqlWork
from tests.waiting import PATIENCE

ACTOR = Actor("test")


@pytest.fixture
def org_id(app: App) -> UUID:
    made = app.create_organization("acme")
    enable_connection(app.wiring, made, add_connection(app.wiring, made, "MOCK", {}, ACTOR), ACTOR)
    return made


@pytest.fixture
def together(app: App) -> Iterator[Together]:
    made = Together(app.store)
    yield made
    made.close()


@pytest.fixture
def held_up(org_id: UUID, together: Together) -> Callable[..., list[Any]]:
    """Takes steps that have to share a transaction, because the one before them lasts until all of them wait."""

    def take(*steps: tuple[UUID | None, Callable[[SqlWork], Any]]) -> list[Any]:
        go_on = Event()

        async def all_at_once() -> list[Any]:
            first = asyncio.create_task(together.take(org_id, None, lambda _: go_on.wait(10)))
            rest = [asyncio.create_task(together.take(org_id, *step)) for step in steps]
            await asyncio.sleep(0.05)
            go_on.set()
            assert await first
            return await asyncio.gather(*rest, return_exceptions=True)

        return asyncio.run(all_at_once())

    return take


def an_order() -> DraftOrder:
    lines = [DraftOrderLine(1, internal_sku="INT-1", qty=1, uom="M")]  # type: ignore[arg-type]  # as good as a Decimal
    return DraftOrder(currency="EUR", customer=Customer("4711"), lines=lines)


def accept(order: DraftOrder) -> Callable[[SqlWork], None]:
    def step(work: SqlWork) -> None:
        accept_orders(work, [order], ACTOR)

    return step


def approve(order_id: UUID) -> Callable[[SqlWork], None]:
    return lambda work: approve_order(work, order_id, ACTOR)


def push(order_id: UUID, key: str | None = None) -> Callable[[SqlWork], Any]:
    return lambda work: note_request(work, order_id, ACTOR, idempotency_key=key)


def ready(app: App, org_id: UUID, number: int) -> list[UUID]:
    orders = [an_order() for _ in range(number)]
    with app.store.work(org_id) as work:
        accept_orders(work, orders, ACTOR)
    return [order.id for order in orders]


def states(app: App, org_id: UUID) -> dict[UUID, str]:
    with app.database.transaction(org_id) as connection:
        return {row.id: row.status for row in connection.execute(text("SELECT id, status FROM draft_order"))}


def transactions(app: App, org_id: UUID) -> dict[UUID, str]:
    """Return by order the transaction that wrote it last."""
    with app.database.transaction(org_id) as connection:
        return {row.id: row.xmin for row in connection.execute(text("SELECT id, xmin FROM draft_order"))}


def test_steps_that_wait_share_a_transaction_and_each_gets_its_own_answer(
    app: App, org_id: UUID, held_up: Callable[..., list[Any]]
) -> None:
    to_approve, to_push, approved_twice = ready(app, org_id, 3)
    with app.store.work(org_id) as work:
        approve_order(work, to_push, ACTOR)
    new, nowhere = an_order(), uuid4()
    answers = held_up(
        (to_approve, approve(to_approve)),
        (None, accept(new)),
        (to_push, push(to_push)),
        (approved_twice, approve(approved_twice)),
        (approved_twice, approve(approved_twice)),
        (nowhere, approve(nowhere)),
    )
    assert answers[:2] == [None, None]
    assert answers[2].draft_order_id == to_push
    assert answers[3] is None
    assert isinstance(answers[4], StateError)
    assert isinstance(answers[5], NotFoundError)
    assert states(app, org_id) == {
        to_approve: "APPROVED",
        to_push: "PUSHING",
        approved_twice: "APPROVED",
        new.id: "READY",
    }
    assert len(set(transactions(app, org_id).values())) == 1
    with app.database.transaction(org_id) as connection:
        entries = connection.execute(text("SELECT action, count(*) FROM audit_log GROUP BY action")).all()
    counted = dict(map(tuple, entries))
    assert (counted["DRAFT_CREATED"], counted["DRAFT_APPROVED"], counted["DRAFT_PUSHED"]) == (4, 3, 1)


def test_those_who_were_just_answered_share_the_next_transaction_too(
    org_id: UUID, together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPANY", PATIENCE)
    shared: list[str] = []
    begun, go_on = Event(), Event()

    def first(_: SqlWork) -> None:
        begun.set()
        go_on.wait(PATIENCE)

    def step(work: SqlWork) -> None:
        shared.append(work.connection.execute(text("SELECT txid_current()")).scalar_one())

    def last(work: SqlWork) -> None:
        monkeypatch.setattr(module, "COMPANY", 0.0)  # nobody comes any more
        step(work)

    async def twice() -> None:
        await together.take(org_id, None, step)
        await together.take(org_id, None, last)

    async def all_at_once() -> None:
        alone = asyncio.create_task(together.take(org_id, None, first))
        await asyncio.to_thread(begun.wait, PATIENCE)  # or the others might be in its transaction
        others = [asyncio.create_task(twice()) for _ in range(3)]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(alone, *others)

    asyncio.run(all_at_once())
    assert sorted(Counter(shared).values()) == [3, 3]


def test_a_push_of_one_order_twice_in_one_transaction_is_one_export(
    app: App, org_id: UUID, held_up: Callable[..., list[Any]]
) -> None:
    (order_id,) = ready(app, org_id, 1)
    with app.store.work(org_id) as work:
        approve_order(work, order_id, ACTOR)
    first, second, third = held_up(
        (order_id, push(order_id, "k")), (order_id, push(order_id, "k")), (order_id, push(order_id))
    )
    assert first.id == second.id
    assert isinstance(third, StateError)


def test_orders_that_somebody_else_has_locked_keep_nobody_else_waiting(
    app: App, org_id: UUID, together: Together
) -> None:
    free, *locked = ready(app, org_id, 2 + THREADS)
    is_locked, let_go = Event(), Event()

    def hold() -> None:
        with app.store.work(org_id) as work:
            for order_id in locked:
                work.orders.lock_status(order_id)
            is_locked.set()
            let_go.wait(10)

    async def take() -> None:
        wait = [asyncio.create_task(together.take(org_id, order_id, approve(order_id))) for order_id in locked]
        await asyncio.wait_for(together.take(org_id, free, approve(free)), PATIENCE)
        await asyncio.sleep(0.1)
        assert not any(task.done() for task in wait)
        let_go.set()
        await asyncio.wait_for(asyncio.gather(*wait), PATIENCE)

    holder = Thread(target=hold)
    holder.start()
    assert is_locked.wait(10)
    asyncio.run(take())
    holder.join()
    assert set(states(app, org_id).values()) == {"APPROVED"}


@pytest.mark.parametrize("breaks", ["SELECT 1 / 0", "INSERT INTO draft_order (id) VALUES (gen_random_uuid())"])
def test_a_step_that_breaks_the_transaction_fails_alone(
    app: App, org_id: UUID, held_up: Callable[..., list[Any]], breaks: str
) -> None:
    ids = ready(app, org_id, 3)
    failed, *others = held_up(
        (None, lambda work: work.connection.execute(text(breaks))), *((order_id, approve(order_id)) for order_id in ids)
    )
    assert isinstance(failed, exc.DBAPIError)
    assert others == [None] * 3
    assert set(states(app, org_id).values()) == {"APPROVED"}


def test_a_step_that_ends_in_a_fault_of_ours_fails_alone(
    app: App, org_id: UUID, held_up: Callable[..., list[Any]]
) -> None:
    (order_id,) = ready(app, org_id, 1)
    failed, other = held_up((None, lambda _: dict[str, str]()["nothing"]), (order_id, approve(order_id)))
    assert isinstance(failed, KeyError)
    assert other is None


def test_without_a_database_everybody_is_told_and_afterwards_all_is_as_before(
    app: App, org_id: UUID, together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = ready(app, org_id, 2)

    def away(*_: Any) -> Any:
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr(app.database, "engine_for", away)
        assert all(isinstance(answer, DatabaseError) for answer in _at_once(together, org_id, ids))
    assert _at_once(together, org_id, ids) == [None, None]


def test_more_steps_than_one_transaction_takes_are_all_taken(app: App, org_id: UUID, together: Together) -> None:
    ids = ready(app, org_id, 3 * MOST)
    assert _at_once(together, org_id, ids) == [None] * len(ids)
    assert set(states(app, org_id).values()) == {"APPROVED"}


def test_organizations_do_not_share_transactions(app: App, org_id: UUID, together: Together) -> None:
    other = app.create_organization("other")
    mine, theirs = ready(app, org_id, 1), ready(app, other, 1)

    async def take() -> list[Any]:
        crossed = [together.take(other, order_id, approve(order_id)) for order_id in mine]
        right = [together.take(org_id, order_id, approve(order_id)) for order_id in mine]
        right += [together.take(other, order_id, approve(order_id)) for order_id in theirs]
        return await asyncio.gather(*crossed, *right, return_exceptions=True)

    refused, *good = asyncio.run(take())
    assert isinstance(refused, NotFoundError)
    assert good == [None, None]


def test_a_request_that_was_given_up_disturbs_no_other(app: App, org_id: UUID, together: Together) -> None:
    first, second = ready(app, org_id, 2)

    async def take() -> None:
        given_up = asyncio.create_task(together.take(org_id, first, approve(first)))
        await asyncio.sleep(0)
        given_up.cancel()
        await together.take(org_id, second, approve(second))

    asyncio.run(take())
    assert states(app, org_id)[second] == "APPROVED"


def _at_once(together: Together, org_id: UUID, ids: list[UUID]) -> list[Any]:
    async def take() -> list[BaseException | None]:
        steps: list[Coroutine[Any, Any, None]] = [together.take(org_id, i, approve(i)) for i in ids]
        return await asyncio.gather(*steps, return_exceptions=True)

    return asyncio.run(take())
