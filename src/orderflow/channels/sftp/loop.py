"""One background thread with one asyncio loop, for callers that are plain threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")
GRACE_SECONDS = 5.0


class Outbox(Generic[T]):
    """Hands results from the loop to one waiting thread, all of one turn of the loop at once.

    Attributes:
        abandoned: True once the reader went away; nothing new should be started for it.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[list[T] | None] = SimpleQueue()
        self._ready: list[T] = []
        self.abandoned = False

    def put(self, result: T) -> None:
        """Hand over a result; on the loop only."""
        self._ready.append(result)
        if len(self._ready) == 1:
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._queue.put(self._ready)
        self._ready = []

    def end(self) -> None:
        """Say that nothing more comes."""
        self._flush()
        self._queue.put(None)

    def read(self, work: Future[None]) -> Iterator[T]:
        """Yield results as they come, until `work` is over; raises what it raised."""
        try:
            while (results := self._queue.get()) is not None:
                yield from results
            work.result()
        finally:
            self.abandoned = True


class LoopThread:
    """An asyncio loop on a daemon thread, started when it is first needed and startable again after `stop`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_running(self) -> bool:
        """True from the first use to `stop`."""
        return self._loop is not None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._running()).result()

    def stream(self, work: Callable[[Outbox[T]], Coroutine[Any, Any, None]]) -> Iterator[T]:
        """Start `work` on the loop now, and return an iterator over what it puts into its outbox."""
        outbox: Outbox[T] = Outbox()
        future = asyncio.run_coroutine_threadsafe(work(outbox), self._running())
        future.add_done_callback(lambda _: outbox.end())
        return outbox.read(future)

    def stop(self) -> None:
        """End the thread; what still runs has some seconds to finish."""
        with self._lock:
            if self._loop is None:
                return
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()
            self._loop = None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                started: Future[asyncio.AbstractEventLoop] = Future()
                self._thread = threading.Thread(
                    target=lambda: asyncio.run(self._live(started)), name="orderflow-sftp", daemon=True
                )
                self._thread.start()
                self._loop = started.result()
            return self._loop

    async def _live(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        self._over = asyncio.Event()
        started.set_result(asyncio.get_running_loop())
        await self._over.wait()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=GRACE_SECONDS)  # asyncio.run then cancels what is left
