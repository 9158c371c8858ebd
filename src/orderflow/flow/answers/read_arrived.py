"""What came by itself is read: recorded as answers in a folder are, and kept for a further look where that may help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from orderflow.domain.delivery import Ack, Arrived, Waiting
from orderflow.domain.errors import ConnectorError
from orderflow.domain.reach import within
from orderflow.domain.readings import DIED, LONGEST_UNMATCHED
from orderflow.flow.answers.record import record
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.fault_points import reached
from orderflow.flow.ports import DecidedAnswer, OpenTarget, Read, Reading, Wiring, Work

AT_ONCE = 100
"""Of at most a mebibyte each."""

LEASE = 120.0
"""Seconds after which what was taken is taken by another worker, as this one must have died."""

SOON = 5.0
"""Seconds until something is read again that a worker has to be done with first."""

LONGEST = 86_400.0
"""Seconds for which something that belongs to nobody is read again, ever less often: what it is about may be late."""

_TELLING: tuple[Reading, ...] = (
    "unreadable",
    "unmatched",
    "misfit",
    "alert",
    "refuse",
    "acknowledge",
    "update",
    "note",
)
"""Of all that one item may hold, the verdict that is told of it, the first of these."""

_OF_NOBODY = "It names no export of this connection."


def read_arrived(wiring: Wiring, org_id: UUID, connection_id: UUID, *, feared: bool = True) -> bool:
    """Read what is due at one connection; True if there may be more.

    Args:
        feared: Also what a reader may have died of: after all else, and by itself. Not where a person waits for it.
    """
    to = open_target(wiring, org_id, connection_id)
    if to is None:
        return False
    with wiring.store.work(org_id) as work:
        items = work.inbound.take(connection_id, AT_ONCE, LEASE)
    _read_and_record(wiring, to, items)
    return (feared and _read_feared(wiring, to)) or len(items) == AT_ONCE


def _read_feared(wiring: Wiring, to: OpenTarget) -> bool:
    connection_id = to.target.connection_id
    with wiring.store.work(to.target.org_id) as work:
        if work.inbound.set_aside(connection_id, DIED):
            work.connections.poll_now(connection_id)  # which tells it
        items = work.inbound.take(connection_id, 1, LEASE, begun=True)
    _read_and_record(wiring, to, items)
    return bool(items)


def _read_and_record(wiring: Wiring, to: OpenTarget, items: Sequence[Arrived]) -> None:
    if not items:
        return
    org_id, connection_id = to.target.org_id, to.target.connection_id
    with within(to.target.reach):
        acks = _acks(to, items, wiring.store.waiting(org_id, connection_id))
    reached("ack read")
    with wiring.store.work(org_id) as work:
        _record(work, connection_id, items, acks)
    reached("ack recorded")


def _acks(to: OpenTarget, items: Sequence[Arrived], waiting: Waiting) -> list[Ack]:
    """Return what all say; what a connector breaks at costs the others nothing."""
    try:
        return list(to.connector.read_arrived(items, to.target.config, waiting))
    except ConnectorError as error:
        fault = error
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything
        fault = connector_fault(to.target.connector_type, error)
    if len(items) == 1:
        return [Ack(items[0].name, "UNMATCHED", message=fault.message, source=items[0].source)]
    return [ack for item in items for ack in _acks(to, [item], waiting)]


def _record(work: Work, connection_id: UUID, items: Sequence[Arrived], acks: Sequence[Ack]) -> None:
    decided = {id(answer.ack): answer for answer in record(work, acks)}
    read = [_read(item, [ack for ack in acks if ack.source == item.source], decided) for item in items]
    work.inbound.note(read)
    if any(one.keeps_content for one in read):
        work.connections.poll_now(connection_id)  # which tells what nobody understood


def _read(item: Arrived, acks: Sequence[Ack], decided: Mapping[int, DecidedAnswer]) -> Read:
    """Return what became of one item; one that holds something for a later round is read again whole."""
    verdicts = {_verdict(ack, decided): ack.message for ack in acks}
    if "wait" in verdicts:
        return Read(item.id, "wait", again_in=SOON)
    verdict = next((one for one in _TELLING if one in verdicts), "ignore" if acks else "unmatched")
    if verdict != "unmatched":
        return Read(item.id, verdict, verdicts.get(verdict))
    again = min(max(item.age, 30.0), LONGEST_UNMATCHED) if item.age < LONGEST else None
    return Read(item.id, verdict, verdicts.get(verdict) or _OF_NOBODY, again)


def _verdict(ack: Ack, decided: Mapping[int, DecidedAnswer]) -> Reading:
    if ack.status == "UNMATCHED":
        return "unmatched"
    if answer := decided.get(id(ack)):
        return answer.verdict
    return "unreadable" if ack.status == "UNREADABLE" else "wait"
