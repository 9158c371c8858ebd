"""Many requests under way at the same time, until one of them shows that none will get through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from typing import Generic, TypeVar
from uuid import UUID

from orderflow.domain.connector_port import for_the_others
from orderflow.domain.errors import ConnectorError

Item = TypeVar("Item")
Result = TypeVar("Result")


class AtOnce:
    """Room for so many requests of one session, whichever of its batches they belong to: a worker takes several."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._room = threading.BoundedSemaphore(most)

    def __enter__(self) -> None:
        self._room.acquire()

    def __exit__(self, *_: object) -> None:
        self._room.release()

    def close(self) -> None:
        """Do nothing: whoever is in it leaves by himself."""


def each_at_once(
    items: Sequence[tuple[UUID, Item]], act: Callable[[Item], Result], room: AtOnce
) -> Iterator[tuple[UUID, Result | ConnectorError]]:
    """Yield what `act` makes of each item, as soon as it is known; once the target is found down, the rest wait.

    Args:
        items: Each with its order's id.
        act: Called by several threads, once there is room; the ConnectorError that it raises is the item's outcome.
        room: The session's.
    """
    sender = _Sender(items, act, room)
    with ThreadPoolExecutor(room.most, "http") as pool:
        try:
            # A future for each item would wake three threads for it; so each thread takes one after the other.
            for _ in range(min(room.most, len(items))):
                pool.submit(copy_context().run, sender.act_on_all)
            for _ in items:
                order_id, outcome = sender.outcomes.get()
                if isinstance(outcome, BaseException) and not isinstance(outcome, ConnectorError):
                    raise outcome
                yield order_id, outcome
        finally:
            sender.stop()


class _Sender(Generic[Item, Result]):
    """Acts on one item after the other, in several threads, until an outcome shows that the others need not be tried.

    Attributes:
        outcomes: Of each item, by its order's id; what `act` must not raise is one, too.
    """

    def __init__(self, items: Sequence[tuple[UUID, Item]], act: Callable[[Item], Result], room: AtOnce) -> None:
        self.outcomes: SimpleQueue[tuple[UUID, Result | BaseException]] = SimpleQueue()
        self._waiting, self._act, self._room = iter(items), act, room  # of a list; its `next` is one step for threads
        self._shut: ConnectorError | None = None
        self._stopped = False

    def act_on_all(self) -> None:
        """Act on what nobody else has taken, until nothing is left."""
        for order_id, item in self._waiting:
            if self._stopped:
                return
            try:
                self.outcomes.put((order_id, self._outcome(item)))
            except BaseException as error:  # noqa: BLE001  # whoever waits for the outcome raises it
                self.outcomes.put((order_id, error))

    def stop(self) -> None:
        """Begin with no further item."""
        self._stopped = True

    def _outcome(self, item: Item) -> Result | ConnectorError:
        with self._room:
            if self._shut is not None:
                return self._shut
            try:
                return self._act(item)
            except ConnectorError as error:
                if shut := for_the_others(error):
                    self._shut = shut
                return error
