"""Short steps of many requests, those of one organization in one transaction.

A transaction costs more than the step in it: a thread, BEGIN, COMMIT, a flush of the write-ahead log. So what is asked
for while a transaction of the same organization runs shares the next one, and that waits a moment for those whom the
one before has answered: they are likely to come again. Who comes alone starts at once, and nobody is answered before
their change is committed.

A step finds out that it cannot be taken before it changes anything, as `flow.bulk` asks of its steps too; it then fails
for its request and for no other. A step that would wait for a lock, and every step of a transaction that was rolled
back because of one of them, is taken once more, in a transaction of its own.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Condition
from typing import Any, TypeVar
from uuid import UUID

from orderflow.domain.errors import OrderFlowError
from orderflow.domain.orders import DraftOrder
from orderflow.flow.ports import LockedError
from orderflow.storage.store import SqlStore, SqlWork

T = TypeVar("T")
MOST = 64
"""Steps in one transaction."""

COMPANY = 0.004
"""Seconds at most that a transaction waits for those whom the one before has answered, if they were several: what it
takes to send a dozen answers, and for the next requests to come."""

THREADS = 8
"""Transactions at a time, of as many organizations; and as many of steps that are taken once more, and may wait."""


@dataclass(slots=True, eq=False)
class _Wish:
    order_id: UUID | None
    step: Callable[[SqlWork], Any]
    answer: asyncio.Future[Any]
    arriving: DraftOrder | None = None
    outcome: Any = None
    """What the step returned or raised; LockedError if it is to be taken once more."""


class Together:
    """Takes steps for the requests of one process."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="together")
        self._patient = ThreadPoolExecutor(THREADS, thread_name_prefix="alone")
        self._changed = Condition()
        self._waiting: dict[UUID, list[_Wish]] = defaultdict(list)
        self._enough: dict[UUID, int] = {}
        self._running: set[UUID] = set()

    async def take(
        self,
        org_id: UUID,
        order_id: UUID | None,
        step: Callable[[SqlWork], T],
        arriving: DraftOrder | None = None,
    ) -> T:
        """Take `step`, which is about this order or a new one; returns what it does once that is committed.

        Args:
            arriving: The order that it brings in, unless that is here already.

        Raises:
            OrderFlowError: What the step says, or that the database is away.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._changed:
            waiting = self._waiting[org_id]
            waiting.append(_Wish(order_id, step, answer, arriving))
            if len(waiting) == self._enough.get(org_id):
                self._changed.notify_all()
            idle = org_id not in self._running
            self._running.add(org_id)
        if idle:
            self._threads.submit(self._take_all, org_id)
        return await answer

    def close(self) -> None:
        """End the threads; whatever runs is finished."""
        self._threads.shutdown()
        self._patient.shutdown()

    def _take_all(self, org_id: UUID) -> None:
        """Take steps until none of the organization waits."""
        enough = 0
        while wishes := self._next(org_id, enough):
            self._take_in_one(org_id, wishes)
            enough = self._expected_after(org_id, wishes)
            _answer([wish for wish in wishes if not isinstance(wish.outcome, LockedError)])
            for wish in wishes:
                if isinstance(wish.outcome, LockedError):
                    self._patient.submit(self._take_alone, org_id, wish)

    def _next(self, org_id: UUID, enough: int) -> list[_Wish]:
        """Return what the next transaction takes, once it is enough or was waited for; nothing: it was the last."""
        with self._changed:
            if enough:
                self._wait_for_company(org_id, enough)
            waiting = self._waiting.pop(org_id, [])
            if not waiting:
                self._running.discard(org_id)
            elif waiting[MOST:]:
                self._waiting[org_id] = waiting[MOST:]
            return waiting[:MOST]

    def _expected_after(self, org_id: UUID, wishes: Sequence[_Wish]) -> int:
        """Return how many will wait if all of these come again; asked before they are answered, so that none counts
        twice. 0: this one came alone.
        """
        if len(wishes) == 1:
            return 0
        with self._changed:
            return min(len(self._waiting[org_id]) + len(wishes), MOST)

    def _wait_for_company(self, org_id: UUID, enough: int) -> None:
        waiting = self._waiting[org_id]
        self._enough[org_id] = enough
        self._changed.wait_for(lambda: len(waiting) >= enough, COMPANY)
        del self._enough[org_id]

    def _take_in_one(self, org_id: UUID, wishes: list[_Wish]) -> None:
        try:
            about = {wish.order_id for wish in wishes if wish.order_id}
            arriving = [wish.arriving for wish in wishes if wish.arriving]
            with self._store.work(org_id, about, arriving) as work:
                for wish in wishes:
                    wish.outcome = _outcome(wish, work)
        except OrderFlowError as away:  # the database, for all of them
            _set(wishes, away)
        except Exception as error:  # noqa: BLE001  # all are taken again alone; the one whose fault it is gets it as its answer
            _set(wishes, error if len(wishes) == 1 else LockedError())

    def _take_alone(self, org_id: UUID, wish: _Wish) -> None:
        try:
            with self._store.work(org_id) as work:
                wish.outcome = wish.step(work)
        except Exception as error:  # noqa: BLE001  # goes to the request
            wish.outcome = error
        _answer([wish])


def _outcome(wish: _Wish, work: SqlWork) -> Any:
    try:
        return wish.step(work)
    except (OrderFlowError, LockedError) as refused:
        return refused


def _set(wishes: Sequence[_Wish], outcome: Any) -> None:
    for wish in wishes:
        wish.outcome = outcome


def _answer(wishes: Sequence[_Wish]) -> None:
    """Let requests go on, in their event loop."""
    if wishes:
        wishes[0].answer.get_loop().call_soon_threadsafe(_go_on, wishes)


def _go_on(wishes: Sequence[_Wish]) -> None:
    for wish in wishes:
        if wish.answer.done():  # the request was given up
            continue
        if isinstance(wish.outcome, Exception):
            wish.answer.set_exception(wish.outcome)
        else:
            wish.answer.set_result(wish.outcome)
