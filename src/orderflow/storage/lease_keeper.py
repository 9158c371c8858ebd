"""The heartbeat: leases are extended while their work goes on, and noted as lost when they are."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.delivery import Lease


class LeaseKeeper:
    """Extends the leases of all batches in flight from one thread, in one statement per organization.

    Args:
        extend: `Store.extend_leases`.
        seconds: What each extension grants; a beat comes three times in that.
        report: Called with an error of the database; the leases concerned just grow older.
    """

    def __init__(
        self,
        extend: Callable[[UUID, Sequence[UUID], float], set[UUID]],
        seconds: float,
        report: Callable[[Exception], None],
    ) -> None:
        self._extend = extend
        self._seconds = seconds
        self._report = report
        self._held: dict[UUID, tuple[UUID, Lease]] = {}
        self._ending: set[UUID] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def keep(self, org_id: UUID, lease: Lease) -> Iterator[None]:
        """Extend `lease` until the block ends."""
        with self._lock:
            self._held[lease.token] = (org_id, lease)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat_for_ever, name="lease-keeper", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(lease.token, None)
                self._ending.discard(lease.token)

    def wind_down(self) -> None:
        """Let what is in flight begin nothing further; the database goes on to hold its leases until it has ended."""
        with self._lock:
            for token, (_, lease) in self._held.items():
                self._ending.add(token)
                lease.revoke()

    def stop(self) -> None:
        """End the heartbeat; leases in flight run out by themselves."""
        self._wake.set()

    def beat(self) -> None:
        """Extend every lease held."""
        by_org: dict[UUID, list[Lease]] = defaultdict(list)
        with self._lock:
            for org_id, lease in self._held.values():
                by_org[org_id].append(lease)
        for org_id, leases in by_org.items():
            asked_at = clock.monotonic()
            alive = self._extend(org_id, [lease.token for lease in leases], self._seconds)
            for lease in leases:
                if lease.token in self._ending:
                    continue
                if lease.token in alive:
                    lease.extend(asked_at, self._seconds)
                elif lease.token in self._held:  # not merely settled meanwhile
                    lease.revoke()

    def _beat_for_ever(self) -> None:
        while not self._wake.wait(self._seconds / 3):
            try:
                self.beat()
            except Exception as error:  # noqa: BLE001  # the heartbeat must outlive a database that is away
                self._report(error)
