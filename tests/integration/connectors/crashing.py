"""A process that works off one connection and is killed where a test says: a fork of one that has loaded everything."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from orderflow.channels.channel import Reader
from orderflow.channels.zone import answers as zone
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.documents.object_store import ObjectStore
from orderflow.domain.retry import RetryPolicy
from orderflow.flow import fault_points
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.ports import Wiring
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.lease_keeper import LeaseKeeper
from orderflow.storage.store import SqlStore

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])
Step = Callable[[Wiring, UUID, UUID], object]
"""What a process does at a connection, by its name in a module."""


@dataclass(frozen=True)
class Place:
    """What several processes work on: `documents`, a folder."""

    app_url: str
    org_id: UUID
    connection_id: UUID
    documents: Path
    master_key: str = "ab" * 32


def work_off(wiring: Wiring, org_id: UUID, connection_id: UUID) -> None:
    """Deliver what is due."""
    while push_batch(wiring, org_id, connection_id):
        pass


def poll(wiring: Wiring, org_id: UUID, connection_id: UUID) -> None:
    """Fetch and record the answers that lie there."""
    poll_acks(wiring, org_id, connection_id)


def read(wiring: Wiring, org_id: UUID, connection_id: UUID) -> None:
    """Read and record what came by itself."""
    while read_arrived(wiring, org_id, connection_id):
        pass


def poll_or_die(wiring: Wiring, org_id: UUID, connection_id: UUID) -> None:
    """Fetch and record the answers that lie there, and die of one that is deadly."""
    _die_of_some()
    poll(wiring, org_id, connection_id)


def read_or_die(wiring: Wiring, org_id: UUID, connection_id: UUID) -> None:
    """Read and record what came by itself, and die of one that is deadly."""
    _die_of_some()
    read(wiring, org_id, connection_id)


def _die_of_some() -> None:
    said = zone._said

    def die(found: zone.Found, content: bytes, read: Reader) -> zone._Said:
        if b"deadly" in content:
            os.kill(os.getpid(), signal.SIGKILL)
        return said(found, content, read)

    zone._said = die


def killed_at(point: str, place: Place, step: Step = work_off) -> bool:
    """Do something until the process is killed, at a fault point or by what it does; returns whether it was."""
    process = _processes.Process(target=_work, args=(point, place, step))
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode == -signal.SIGKILL


def _work(point: str, place: Place, step: Step) -> None:
    fault_points._wanted = point
    store = SqlStore(Database(place.app_url), EncryptionService(place.master_key), lambda *_: None)
    keeper = LeaseKeeper(store.extend_leases, 60, lambda _: None)
    retry = RetryPolicy(max_attempts=4, base=0.0)
    wiring = Wiring(store, ObjectStore(place.documents), ConnectorRegistry.get, keeper, retry)
    step(wiring, place.org_id, place.connection_id)
    keeper.stop()
