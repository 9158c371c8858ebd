"""What a process cannot do, and what of the whole installation stands still: so that nothing fails in silence.

Every process that serves or delivers tells of itself in the database, every few seconds: that it lives, which keys and
connectors it has, and its troubles. `orderflow doctor`, `/readyz`, the metrics and the notifications read it there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.errors import KeyMismatchError, OrderFlowError

BEAT = 5.0
"""Seconds between two signs of life of a process; it counts as alive for a minute after the last one."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that a process, or the installation, cannot do until a person has acted."""

    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: OrderFlowError) -> Trouble:
        """Return what an error says."""
        return cls(error.code, error.message, error.hint)

    def as_json(self) -> dict[str, str]:
        """Return it as it is stored and shown."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


@dataclass(slots=True)
class Process:
    """A process, as it tells of itself.

    Attributes:
        kind: serve, worker or celery; `beat` is not a process, but that Celery's workers are told to sweep.
        key_ids: Of its keys, the master key's first.
        delivers: It has an engine.
        slots: Connections that it works on at a time.
        kinds: Of deliveries, that it knows; None: it is of a release that knew orders alone.
    """

    id: UUID
    kind: str
    host: str
    pid: int
    version: str
    key_ids: Sequence[str]
    connector_types: Sequence[str]
    delivers: bool
    slots: int = 0
    kinds: Sequence[str] | None = None
    troubles: list[Trouble] = field(default_factory=list)
    started_at: datetime | None = None
    seen_at: datetime | None = None

    @property
    def name(self) -> str:
        """What a person finds it by."""
        return f"{self.kind} {self.pid} on {self.host}"


class Processes(Protocol):
    """The table of processes, in the database."""

    def tell(self, process: Process, apart: float = 0.0) -> bool:
        """Note that it is there, and how it is; forget those that were not seen for a day.

        Unless it was seen less than `apart` seconds ago; returns whether it was noted.
        """

    def leave(self, process_id: UUID) -> None:
        """Note that it ended in order."""

    def alive(self) -> list[Process]:
        """Return those that were seen within the last minute."""

    def waiting_for(self, seconds: float) -> int:
        """Return how many connections have an order that has been due for so long and waits for workers alone."""

    def sealed_with(self) -> dict[str | None, int]:
        """Return how many connections and webhooks in use each key sealed, by its id; None: it is not noted which."""


def troubles_of(processes: Processes, key_ids: Sequence[str], check_documents: Callable[[], None]) -> list[Trouble]:
    """Return what this process cannot do: open connections, keep documents.

    Raises:
        DatabaseError: The database is away.
    """
    found = []
    try:
        check_documents()
    except OrderFlowError as error:
        found.append(Trouble.of(error))
    if mismatch := key_mismatch(processes.sealed_with(), key_ids):
        found.append(Trouble.of(mismatch))
    return found


def key_mismatch(sealed_with: dict[str | None, int], key_ids: Sequence[str]) -> KeyMismatchError | None:
    """Return what is wrong if connections or webhooks in use were sealed with keys that are not among `key_ids`.

    Its details tell whether they open `none` or some.
    """
    foreign = {key_id: count for key_id, count in sealed_with.items() if key_id and key_id not in key_ids}
    if not foreign:
        return None
    ours = sum(count for key_id, count in sealed_with.items() if key_id in key_ids)
    listed = ", ".join(f"{count} with {key_id}" for key_id, count in sorted(foreign.items()))
    details: dict[str, Any] = {"none": ours == 0, "foreign": foreign, "known_key_ids": list(key_ids)}
    return KeyMismatchError(
        f"Connections or webhooks were sealed with keys that this process does not have: {listed}. It has "
        f"{', '.join(key_ids)}. It leaves them to others.",
        details=details,
    )


def require_key(processes: Processes, key_ids: Sequence[str]) -> None:
    """Make sure that a process may start: it opens at least some of the connections in use, if there are any.

    Raises:
        KeyMismatchError: Its keys open none of them.
        DatabaseError: The database is away.
    """
    mismatch = key_mismatch(processes.sealed_with(), key_ids)
    if mismatch and mismatch.details["none"]:
        foreign = ", ".join(mismatch.details["foreign"])
        raise KeyMismatchError(
            f"None of the keys of this process ({', '.join(key_ids)}) opens any connection: they were sealed with "
            f"{foreign}.",
            hint="Set ENCRYPTION_MASTER_KEY to the key of all other processes. If that key is lost for good, see "
            '"If a key is lost" in docs/operations.md: `orderflow keys lost`.',
            details=mismatch.details,
        )


WAITS_IN_VAIN = 60.0
LATE = 900.0
"""Seconds for which orders are due until nobody seems to deliver at all, or too few do."""
NEW = timedelta(minutes=2)
"""For so long a worker may be there before beat is."""
STARTING = timedelta(seconds=10)
"""For so long an API may be there before a worker is."""


def standing_still(processes: Processes, now: datetime, *, patient: bool = False) -> list[Trouble]:
    """Return what of the whole installation stands still, whoever looks.

    Args:
        patient: Leave out what harms nobody yet: nobody is woken while workers are replaced.

    Raises:
        DatabaseError: The database is away.
    """
    alive = processes.alive()
    idle = None if patient else now - STARTING
    found = [trouble for trouble in (_nobody_delivers(processes, alive, idle), _nobody_sweeps(alive, now)) if trouble]
    if not found and (late := processes.waiting_for(LATE)):
        words = f"Orders have been due for more than {LATE / 60:.0f} minutes at {late} connection(s)."
        found.append(Trouble("DELIVERIES_LATE", words, "Start more workers, or see in their logs what holds them up."))
    return found


def troubles_everywhere(processes: Processes, now: datetime) -> list[Trouble]:
    """Return what the installation or one of its processes cannot do, each kind once; none before one tells of itself.

    Raises:
        DatabaseError: The database is away.
    """
    alive = processes.alive()
    if not alive:
        return []
    found = {trouble.code: trouble for trouble in standing_still(processes, now, patient=True)}
    for process in alive:
        for trouble in process.troubles:
            told = Trouble(trouble.code, f"{process.name}: {trouble.message}", trouble.hint)
            found.setdefault(trouble.code, told)
    return list(found.values())


def _nobody_delivers(processes: Processes, alive: Sequence[Process], idle: datetime | None) -> Trouble | None:
    """Orders that wait are told whoever is there; beside a process from before `idle` none has to."""
    if any(process.delivers for process in alive):
        return None
    hint = "Start `orderflow worker`, Celery's workers, or `orderflow serve` with its engine."
    if waiting := processes.waiting_for(WAITS_IN_VAIN):
        words = f"Orders are due at {waiting} connection(s), and no process delivers."
        return Trouble("NO_WORKER", words, hint)
    if idle and any(process.started_at and process.started_at < idle for process in alive):
        return Trouble("NO_WORKER", "No process delivers.", hint)
    return None


def _nobody_sweeps(alive: Sequence[Process], now: datetime) -> Trouble | None:
    """Celery's workers look for what is due only when beat tells them to; any other engine does by itself."""
    by_celery = any(
        process.kind == "celery" and process.started_at and now - process.started_at > NEW for process in alive
    )
    if not by_celery or any(process.kind in ("beat", "serve", "worker") and _sweeps(process) for process in alive):
        return None
    words = "Celery's workers are there, and no beat: retries and answers wait, and what lost messages said."
    return Trouble("NO_BEAT", words, "Start `celery -A orderflow.engine.celery beat` on one machine.")


def _sweeps(process: Process) -> bool:
    return process.kind == "beat" or process.delivers
