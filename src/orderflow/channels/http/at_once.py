"""Many requests under way at the same time, until one of them shows that none will get through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextvars import copy_context
from typing import Any, TypeVar
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
    sender = _Sender(act, room)
    with ThreadPoolExecutor(room.most, "http") as pool:
        futures = {pool.submit(copy_context().run, sender.outcome, item): order_id for order_id, item in items}
        try:
            yield from ((futures[done], done.result()) for done in as_completed(futures))
        finally:
            _cancel(futures)


class _Sender:
    """Acts until one outcome shows that the others need not be tried."""

    def __init__(self, act: Callable[[Any], Any], room: AtOnce) -> None:
        self._act, self._room = act, room
        self._shut: ConnectorError | None = None

    def outcome(self, item: Any) -> Any:
        with self._room:
            if self._shut is not None:
                return self._shut
            try:
                return self._act(item)
            except ConnectorError as error:
                if shut := for_the_others(error):
                    self._shut = shut
                return error


def _cancel(futures: Iterable[Future[Any]]) -> None:
    for future in futures:
        future.cancel()
