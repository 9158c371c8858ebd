"""A person has an answer read again that nobody understood: they, or the ERP, mended what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from orderflow.domain.delivery import arrived_id
from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.reach import within
from orderflow.domain.readings import MOST_BEGUN
from orderflow.domain.states import OPEN
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.ports import Actor, Export, OpenTarget, Wiring


def read_again(wiring: Wiring, org_id: UUID, export_id: UUID, actor: Actor) -> Export:
    """Put the answer back from where it was put away, and read the connection's answers.

    Returns:
        The export as it is then: answered, or unreadable still. Where another process is polling the connection, that
        one reads it, and it may be as it was.

    Raises:
        NotFoundError: There is no such export.
        StateError: No unreadable answer is known of it, or the file is gone.
        ConnectorError: The file cannot be put back now.
    """
    export = _with_unreadable(wiring, org_id, export_id)
    to = open_target(wiring, org_id, export.connection_id)
    if to is None:
        raise StateError("The connection does not open, so no answer can be read.", hint="Test the connection.")
    answer = export.unreadable or {}
    arrived = arrived_id(answer.get("file"))
    if not (_due_again(wiring, export, org_id, arrived) if arrived else _brought_back(to, answer)):
        raise StateError(
            f"The file {answer.get('file')} is neither where answers come nor where it was put away.",
            hint="Have the ERP write the answer anew: it is read by itself. Or confirm the order by hand.",
        )
    with wiring.store.work(org_id) as work:
        work.audit.add("ACK_READ_AGAIN", actor, "erp_export", [export_id], None, {"file": answer.get("file")})
    if arrived:
        read_arrived(wiring, org_id, export.connection_id, feared=False)
    elif not _feared(wiring, export, org_id):
        poll_acks(wiring, org_id, export.connection_id)
    with wiring.store.work(org_id) as work:
        return work.exports.get(export_id)


def _brought_back(to: OpenTarget, answer: Mapping[str, Any]) -> bool:
    with within(to.target.reach):
        return to.connector.bring_back(answer.get("file") or "", answer.get("digest"), to.target.config)


def _feared(wiring: Wiring, export: Export, org_id: UUID) -> bool:
    """Return whether readers died at this connection: a worker reads then, not the process that a person waits for."""
    with wiring.store.work(org_id) as work:
        work.connections.try_again(export.connection_id, _name_of(export))
        broke_off, begun = work.connections.begun(export.connection_id)
        feared = broke_off or any(times < MOST_BEGUN for times in begun.values())
        if feared:
            work.connections.poll_now(export.connection_id)
        return feared


def _name_of(export: Export) -> str:
    return str((export.unreadable or {}).get("file") or "").rpartition("/")[2]


def _due_again(wiring: Wiring, export: Export, org_id: UUID, item_id: UUID) -> bool:
    with wiring.store.work(org_id) as work:
        return work.inbound.read_again(export.connection_id, item_id)


def _with_unreadable(wiring: Wiring, org_id: UUID, export_id: UUID) -> Export:
    with wiring.store.work(org_id) as work:
        export = work.exports.find(export_id)
        if export is None:
            raise NotFoundError(f"There is no export {export_id} in this organization.")
    if export.unreadable is None or export.status not in OPEN:
        raise StateError(
            "No answer is known here that could not be read.", hint="Answers that lie ready are read by themselves."
        )
    return export
