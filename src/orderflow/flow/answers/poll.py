"""The ERP's answers come back: read, recorded, put away; in that order, and safe to repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from orderflow.domain.answer_details import Level
from orderflow.domain.answers import Newer, decide, refusal
from orderflow.domain.delivery import Ack, Waiting
from orderflow.domain.errors import ConnectorError
from orderflow.domain.ids import new_id
from orderflow.domain.reach import within
from orderflow.domain.states import ERPExportStatus, Kind
from orderflow.flow.answers.compare import compare, fits
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.flow.delivery.open_target import ENGINE, open_target
from orderflow.flow.delivery.recall import RECALLED, note_answer
from orderflow.flow.fault_points import reached
from orderflow.flow.ports import DecidedAnswer, Export, OpenTarget, Wiring, Work

SUPERSEDED = {
    "code": "SUPERSEDED",
    "message": "The ERP confirmed the delivery before, so this one was stopped. Nothing of it had been sent.",
    "hint": "Nothing to do.",
}
AT_ONCE = 500
"""Answers recorded in one transaction."""


def poll_acks(wiring: Wiring, org_id: UUID, connection_id: UUID) -> Counter[str]:
    """Read and record the answers that lie ready at one connection.

    Returns:
        How many answers had which verdict: acknowledge, refuse, update, note, misfit, wait, ignore, alert,
        unreadable, unmatched.
        Empty if another poller is at it or the connection has no answers to read.
    """
    token = new_id()
    with wiring.store.work(org_id) as work:
        if not work.connections.lease_poll(connection_id, token, wiring.poll_lease_seconds):
            return Counter()
    counts: Counter[str] = Counter()
    error = None
    try:
        to = open_target(wiring, org_id, connection_id)
        if to is not None and to.expects_acks:
            with within(to.target.reach):
                waiting = wiring.store.waiting(org_id, connection_id)
                for acks in _in_chunks(to, waiting, AT_ONCE):
                    counts += _record(wiring, to, acks, token)
    except ConnectorError as problem:
        error = problem.as_json()
    finally:
        with wiring.store.work(org_id) as work:
            error = error or _left_open(work.exports.count_unreadable(connection_id), counts["unmatched"])
            work.connections.end_poll(connection_id, token, wiring.poll_seconds, error)
    return counts


def _record(wiring: Wiring, to: OpenTarget, acks: Sequence[Ack], token: UUID) -> Counter[str]:
    reached("ack read")
    with wiring.store.work(to.target.org_id) as work:
        work.connections.lease_poll(to.target.connection_id, token, wiring.poll_lease_seconds)
        answers = _decide(work, [ack for ack in acks if ack.export_id and ack.status in ("ACKED", "FAILED")])
        work.exports.record_answers(answers)
        _note_recalls(work, answers)
        news = work.exports.note_unreadable([ack for ack in acks if ack.status == "UNREADABLE"])
        _audit(work, answers, news)
    reached("ack recorded")
    _put_away(to, _finished(acks, answers))
    reached("ack moved")
    return Counter([answer.verdict for answer in answers]) + Counter(
        ack.status.lower() for ack in acks if ack.status in ("UNREADABLE", "UNMATCHED")
    )


def _put_away(to: OpenTarget, acks: Sequence[Ack]) -> None:
    try:
        to.connector.finish_acks(acks, to.target.config)
    except ConnectorError:
        raise
    except Exception as fault:  # noqa: BLE001  # a third party's connector may raise anything
        raise connector_fault(to.target.connector_type, fault) from None


def _finished(acks: Sequence[Ack], answers: Sequence[DecidedAnswer]) -> list[Ack]:
    """Return the answers to be put away; a file that holds one for a later round stays whole."""
    decided = {id(answer.ack) for answer in answers if answer.verdict != "wait"}
    stay = {_place(ack) for ack in acks if ack.status != "UNREADABLE" and id(ack) not in decided}
    return [ack for ack in acks if _place(ack) not in stay]


def _place(ack: Ack) -> object:
    return ack.source or id(ack)


def _decide(work: Work, acks: Sequence[Ack]) -> list[DecidedAnswer]:
    """Decide each answer; of several to one export in one round, the first is the one that counts."""
    exports = work.exports.for_answers([ack.export_id for ack in acks if ack.export_id])
    answers = []
    decided: set[UUID] = set()
    for ack in acks:
        if ack.export_id not in exports or ack.status not in ("ACKED", "FAILED"):
            continue
        export, newer = exports[ack.export_id]
        of_order = export.kind is Kind.ORDER
        next_one = _stop_retry(work, export, ack) if newer and of_order and fits(work, export, ack) else "none"
        decision = decide(
            ack.status,
            export.status,
            lease_is_live=export.lease_is_live,
            newer=next_one,
            level=ack.level,
            refused=export.answered,
            detailed=ack.details is not None and of_order,
            recalled=(export.error or {}).get("code") == RECALLED["code"],
        )
        if ack.export_id in decided and decision.verdict != "wait":
            continue  # left where it lies: the next round weighs it against what is recorded now
        if decision.verdict not in ("ignore", "note"):  # what decides nothing leaves room for the next one
            decided.add(ack.export_id)
        decided_answer = DecidedAnswer(ack, export, decision.verdict, decision.settle_first, decision.reason)
        answers.append(compare(work, decided_answer))
    return answers


def _stop_retry(work: Work, export: Export, ack: Ack) -> Newer:
    """Stop the export that followed a failed one which the ERP has after all, if nothing of it was sent yet."""
    newer = work.exports.latest(export.draft_order_id)
    if newer is None or export.status is not ERPExportStatus.FAILED:
        return "none"
    if ack.status == "FAILED":  # stops nothing, whatever became of the other
        return "perhaps sent"
    if ack.level is not Level.ANSWERED:
        return "none"
    if newer.status is ERPExportStatus.FAILED:
        return "none" if newer.never_arrived else "perhaps sent"
    if newer.status is not ERPExportStatus.PENDING:
        return "sent"
    if work.exports.withdraw(newer.id) or work.exports.stop(newer.id, SUPERSEDED):
        return "stopped"
    return "claimed" if newer.lease_is_live else "perhaps sent"


def _note_recalls(work: Work, answers: Sequence[DecidedAnswer]) -> None:
    """Move the orders whose recall the ERP has answered."""
    for answer in answers:
        if answer.export.kind is Kind.RECALL and answer.verdict in ("acknowledge", "refuse"):
            given_back, ack = answer.verdict == "acknowledge", answer.ack
            error = None if given_back else refusal(ack.error_code, ack.message)
            note_answer(work, answer.export.draft_order_id, given_back=given_back, error=error)


def _audit(work: Work, answers: Sequence[DecidedAnswer], unreadable: Sequence[Ack]) -> None:
    for answer in answers:
        ack = answer.ack
        if answer.verdict in ("wait", "ignore", "misfit"):
            continue
        after: dict[str, Any] = {"status": ack.status, "erp_order_id": ack.erp_order_id, "code": ack.error_code}
        after |= {"message": answer.reason or ack.message, "export_id": str(answer.export.id)}
        if answer.confirmed is not None:
            after |= {"confirmation": answer.confirmed.confirmation, "differences": len(answer.confirmed.differences)}
        noted = {"alert": None, "update": "EXPORT_UPDATED", "note": f"EXPORT_{ack.level.upper()}"}
        actions = noted.get(answer.verdict, "EXPORT_ACKED"), "EXPORT_ALERT" if answer.reason else None
        for action in filter(None, actions):
            work.audit.add(action, ENGINE, "draft_order", [answer.export.draft_order_id], None, after)
    for ack in unreadable:
        after = {"file": ack.source, "message": ack.message}
        work.audit.add("ACK_UNREADABLE", ENGINE, "erp_export", [ack.export_id], None, after)


def _left_open(unreadable: int, unmatched: int) -> dict[str, object] | None:
    """Return what a person has to look at: answers to our orders first, then those to nobody's."""
    if not unreadable and not unmatched:
        return None
    nobodys = f"{unmatched} answer file(s) name no export of this connection; they were left in place."
    details = {"unreadable": unreadable, "unmatched": unmatched}
    if not unreadable:
        hint = "Compare their names with the exported files; see docs/troubleshooting.md."
        return {"code": "ACKS_UNMATCHED", "message": nobodys, "hint": hint, "details": details}
    message = f"{unreadable} order(s) have an answer that cannot be read." + (f" {nobodys}" if unmatched else "")
    hint = "Each order says why. Have the ERP write a better answer, or confirm the order by hand."
    return {"code": "ACKS_UNREADABLE", "message": message, "hint": hint, "details": details}


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
