"""The ERP's answers come back: read, recorded, put away; in that order, and safe to repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from uuid import UUID

from orderflow.domain.delivery import Ack, Waiting
from orderflow.domain.errors import ConnectorError, TargetChangedError
from orderflow.domain.ids import new_id
from orderflow.domain.reach import within
from orderflow.domain.readings import READER_DIED, noted_by
from orderflow.domain.states import ConnectionStatus
from orderflow.flow.answers.begun import Begun
from orderflow.flow.answers.record import finished, record
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.fault_points import reached
from orderflow.flow.ports import OpenTarget, Wiring

AT_ONCE = 500
"""Answers recorded in one transaction."""


def poll_acks(wiring: Wiring, org_id: UUID, connection_id: UUID) -> Counter[str]:
    """Read and record the answers that lie ready at one connection.

    Returns:
        How many answers had which verdict: acknowledge, refuse, update, note, misfit, wait, ignore, alert,
        unreadable, unmatched; set_aside, which its readers died of and belongs to no order that is known.
        Empty if another poller is at it or the connection has no answers to read.
    """
    token = new_id()
    with wiring.store.work(org_id) as work:
        broke_off, begun = work.connections.begun(connection_id)
        if not work.connections.lease_poll(connection_id, token, wiring.poll_lease_seconds):
            return Counter()
    readings = Begun(wiring.store, org_id, connection_id, token, begun, one_by_one=broke_off)
    counts: Counter[str] = Counter()
    error, whole, elsewhere = None, False, 0
    to: OpenTarget | None = None
    try:
        to = open_target(wiring, org_id, connection_id)
        if to is not None and to.expects_acks:
            with within(to.target.reach), noted_by(readings):
                waiting = wiring.store.waiting(org_id, connection_id, to.destination)
                for acks in _in_chunks(to, waiting, 1 if broke_off else AT_ONCE):
                    counts += _record(wiring, to, acks, token)
                elsewhere = len(waiting.elsewhere)
            whole = True
    except ConnectorError as problem:
        error = problem.as_json()
    finally:
        readings.close(whole=whole)
        with wiring.store.work(org_id) as work:
            if to is not None and to.target.status is ConnectionStatus.DISABLED:
                # Its target may be gone for good: that is told as long as somebody misses an answer.
                error = error if work.exports.awaits_answers(connection_id) else None
            error = error or _left_open(
                work.exports.count_unreadable(connection_id),
                counts["unmatched"] + work.inbound.count_unmatched(connection_id),
                counts["set_aside"] + work.inbound.count_set_aside(connection_id),
                elsewhere,
            )
            work.connections.end_poll(connection_id, token, wiring.poll_seconds, error)
    return counts


def _record(wiring: Wiring, to: OpenTarget, acks: Sequence[Ack], token: UUID) -> Counter[str]:
    reached("ack read")
    with wiring.store.work(to.target.org_id) as work:
        answers = record(work, acks)
        # After the orders, as all who lock both: whoever settles has an order, and may wait for its connection.
        work.connections.lease_poll(to.target.connection_id, token, wiring.poll_lease_seconds)
    reached("ack recorded")
    _put_away(to, finished(acks, answers))
    reached("ack moved")
    return Counter([answer.verdict for answer in answers]) + Counter(
        _counted(ack) for ack in acks if ack.status in ("UNREADABLE", "UNMATCHED")
    )


def _counted(ack: Ack) -> str:
    return "set_aside" if (ack.status, ack.error_code) == ("UNMATCHED", READER_DIED) else ack.status.lower()


def _put_away(to: OpenTarget, acks: Sequence[Ack]) -> None:
    try:
        to.connector.finish_acks(acks, to.target.config)
    except ConnectorError:
        raise
    except Exception as fault:  # noqa: BLE001  # a third party's connector may raise anything
        raise connector_fault(to.target.connector_type, fault) from None


def _left_open(unreadable: int, unmatched: int, set_aside: int, elsewhere: int) -> dict[str, object] | None:
    """Return what a person has to look at: what ends our processes, then our orders, then answers to nobody's."""
    nobodys = f"{unmatched} answer(s) name no export of this connection; they were left in place."
    if set_aside:
        code = READER_DIED
        message = f"{set_aside} answer(s) are not read any more: each ended the process that read it."
        hint = "Look what it is before it is read again or put aside; see docs/troubleshooting.md."
    elif unreadable:
        code = "ACKS_UNREADABLE"
        message = f"{unreadable} order(s) have an answer that cannot be read." + (f" {nobodys}" if unmatched else "")
        hint = "Each order says why. Have the ERP write a better answer, or confirm the order by hand."
    elif elsewhere:
        code = TargetChangedError.code
        message = f"{elsewhere} order(s) were sent to where this connection led before, and are not asked about here."
        hint = "Look there how they fare, and confirm them by hand; or have the connection lead there again."
    elif unmatched:
        code, message = "ACKS_UNMATCHED", nobodys
        hint = "Compare their names with the exported files; see docs/troubleshooting.md."
    else:
        return None
    rare = {"set_aside": set_aside, "elsewhere": elsewhere}
    details = {"unreadable": unreadable, "unmatched": unmatched} | {name: many for name, many in rare.items() if many}
    return {"code": code, "message": message, "hint": hint, "details": details}


def _in_chunks(to: OpenTarget, waiting: Waiting, size: int) -> Iterator[list[Ack]]:
    """Read answers some at a time, those of one file together; those before a fault are recorded before it is told."""
    chunk: list[Ack] = []
    fault: ConnectorError | None = None
    try:
        for ack in to.connector.poll_acks(to.target.config, waiting):
            if len(chunk) >= size and (ack.source is None or ack.source != chunk[-1].source):
                yield chunk
                chunk = []
            chunk.append(ack)
    except ConnectorError as error:
        fault = error
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything, other connections go on
        fault = connector_fault(to.target.connector_type, error)
    if chunk:
        yield chunk
    if fault is not None:
        raise fault
