"""What answers say is decided and written down, in one transaction, whichever way they came; safe to repeat."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from orderflow.domain.answer_details import Level
from orderflow.domain.answers import Newer, decide, refusal
from orderflow.domain.delivery import Ack
from orderflow.domain.errors import StateError
from orderflow.domain.states import ARRIVED, ERPExportStatus, Kind
from orderflow.flow.answers.compare import compare, fits, told
from orderflow.flow.delivery.open_target import ENGINE
from orderflow.flow.delivery.recall import RECALLED, is_unanswered, note_answer
from orderflow.flow.ports import DecidedAnswer, Export, Work

CHANGED_SINCE = "The ERP refused the order as it was before it was changed: look in the ERP what it has."
SUPERSEDED = {
    "code": "SUPERSEDED",
    "message": "The ERP confirmed the delivery before, so this one was stopped. Nothing of it had been sent.",
    "hint": "Nothing to do.",
}
DECIDES_NOTHING = ("ignore", "note", "alert", "misfit")
"""Verdicts that leave room for another answer to the same export; one that waited for the next round is overtaken by
what goes out meanwhile, or waits for ever beside the other one in its file."""
OF_ORDER_OR_RECALL = (
    "It names the order's number alone, so it may be about the order or about its recall. Look in the ERP which of "
    "them it answered, then confirm the recall or end it."
)
OF_ORDER_OR_CHANGE = (
    "It names the order's number alone, so it may be about the order as it was or about its change. Look in the ERP "
    "which of them it answered. If the change waits for its answer, confirm the order then, or discard the change."
)


def record(work: Work, acks: Sequence[Ack]) -> list[DecidedAnswer]:
    """Record what answers say, and keep what cannot be read with its export.

    Returns:
        Those that were decided; one that is left out waits for the next round, which weighs it against these.
    """
    exports = work.exports.for_answers([ack.export_id for ack in acks if ack.export_id])
    exports |= _changes_meant(work, acks, exports)
    answers = _decide(work, acks, exports)
    work.exports.record_answers(answers)
    _note_recalls(work, answers)
    unreadable = [ack for ack in acks if ack.status == "UNREADABLE"]
    later = _for_later(work, unreadable, exports)
    waits = {id(answer.ack) for answer in later}
    news = work.exports.note_unreadable([ack for ack in unreadable if id(ack) not in waits])
    _audit(work, answers, news)
    return [*answers, *later]


def finished(acks: Sequence[Ack], answers: Sequence[DecidedAnswer]) -> list[Ack]:
    """Return the answers to be put away; a file that holds one for a later round stays whole."""
    waits = {id(answer.ack): answer.verdict == "wait" for answer in answers}
    stay = {_place(ack) for ack in acks if waits.get(id(ack), ack.status != "UNREADABLE")}
    return [ack for ack in acks if _place(ack) not in stay]


def _place(ack: Ack) -> object:
    return ack.source or id(ack)


def _for_later(
    work: Work, unreadable: Sequence[Ack], exports: Mapping[UUID, tuple[Export, bool]]
) -> list[DecidedAnswer]:
    """Return what cannot be read of exports that a worker holds: it locks them before their orders, we after."""
    held = [(ack, ack.export_id) for ack in unreadable if ack.export_id and ack.export_id not in exports]
    found = ((ack, work.exports.find(export_id)) for ack, export_id in held)
    return [DecidedAnswer(ack, export, "wait") for ack, export in found if export]


def _decide(work: Work, acks: Sequence[Ack], exports: Mapping[UUID, tuple[Export, bool]]) -> list[DecidedAnswer]:
    """Decide each answer; of several to one export in one round, the first is the one that counts."""
    answers = []
    decided: set[UUID] = set()
    taken: set[UUID] = set()
    for ack in acks:
        if ack.export_id is None or ack.export_id not in exports or ack.status not in ("ACKED", "FAILED"):
            continue
        if ack.export_id in decided:
            continue  # left where it lies: the next round weighs it against what is recorded now
        export, newer = exports[ack.export_id]
        if meant := _other_that_it_may_mean(work, export, ack):
            answers.append(told(DecidedAnswer(ack, export, "misfit"), meant))
            continue
        of_order = export.kind is not Kind.RECALL
        next_one: Newer = "none"
        if _is_there_twice(work, export, ack, taken):
            next_one = "sent"
        elif newer and of_order and fits(work, export, ack):
            next_one = _stop_retry(work, export, ack)
        decision = decide(
            ack.status,
            export.status,
            lease_is_live=export.lease_is_live,
            newer=next_one,
            level=ack.level,
            refused=export.answered,
            detailed=ack.details is not None and of_order,
            recalled=_was_recalled(export),
            superseded=newer and export.kind is Kind.RECALL,
        )
        reason = CHANGED_SINCE if export.changed_since and decision.verdict == "refuse" else decision.reason
        answer = compare(work, DecidedAnswer(ack, export, decision.verdict, decision.settle_first, reason))
        if answer.verdict not in DECIDES_NOTHING:
            decided.add(ack.export_id)
        if answer.verdict == "acknowledge":
            taken.add(ack.export_id)
        answers.append(answer)
    return answers


def _changes_meant(
    work: Work, acks: Sequence[Ack], exports: Mapping[UUID, tuple[Export, bool]]
) -> dict[UUID, tuple[Export, bool]]:
    """Point answers by an order's number at a change, where they can mean nothing else; returns these, locked."""
    meant = []
    for ack in acks:
        named = exports.get(ack.export_id) if ack.export_id and ack.by_order_number else None
        if named and (change := _change_meant(work, named[0], ack)):
            ack.export_id = change.id
            meant.append(change.id)
    return work.exports.for_answers(meant) if meant else {}


def _change_meant(work: Work, export: Export, ack: Ack) -> Export | None:
    if ack.details is None or not export.changed_since or fits(work, export, ack):
        return None
    fitting = _changes_that_fit(work, export, ack)
    return fitting[0] if len(fitting) == 1 else None


def _other_that_it_may_mean(work: Work, export: Export, ack: Ack) -> str | None:
    """Return in words what an answer to an order may mean instead; a no to that must not have the order sent again."""
    confirms_nothing = ack.status == "ACKED" and ack.level is not Level.ANSWERED
    if not ack.by_order_number or confirms_nothing:
        return None
    recalls = work.exports.recalls_of(export.draft_order_id)
    if any(recall.created_at > export.created_at and is_unanswered(recall) for recall in recalls):
        return OF_ORDER_OR_RECALL
    return OF_ORDER_OR_CHANGE if _changes_that_fit(work, export, ack) else None


def _changes_that_fit(work: Work, export: Export, ack: Ack) -> list[Export]:
    """Return the changes of an order after `export` that the ERP has, or may, and that an answer may be about."""
    later = work.exports.deliveries_of(export.draft_order_id) if export.changed_since else []
    return [
        one
        for one in later
        if one.kind is Kind.CHANGE
        and one.created_at > export.created_at
        and (one.status in ARRIVED or is_unanswered(one))
        and fits(work, one, ack)
    ]


def _is_there_twice(work: Work, export: Export, ack: Ack, taken: Collection[UUID]) -> bool:
    """Return whether a late yes is to a second order: the ERP has another delivery of it, or says so in this round.

    Args:
        taken: The exports that it has just said yes to.
    """
    late_yes = export.status is ERPExportStatus.FAILED and ack.status == "ACKED" and ack.level is Level.ANSWERED
    if not late_yes or export.kind is not Kind.ORDER or _was_recalled(export):
        return False
    others = (one for one in work.exports.deliveries_of(export.draft_order_id) if one.id != export.id)
    return any(one.kind is Kind.ORDER and (one.status in ARRIVED or one.id in taken) for one in others)


def _stop_retry(work: Work, export: Export, ack: Ack) -> Newer:
    """Stop what followed a failed export which the ERP has after all, if nothing of any of it was sent yet."""
    if export.status is not ERPExportStatus.FAILED or _was_recalled(export):
        return "none"
    if ack.status == "FAILED":  # stops nothing, whatever became of the others
        return "perhaps sent"
    if ack.level is not Level.ANSWERED:
        return "none"
    deliveries = reversed(work.exports.deliveries_of(export.draft_order_id))
    later = [one for one in deliveries if one.created_at > export.created_at]
    if any(one.status in ARRIVED for one in later):
        return "sent"
    if any(one.lease_is_live for one in later):
        return "claimed"
    if any(one.in_doubt for one in later):
        return "perhaps sent"
    return _stopped(work, export, later)


def _stopped(work: Work, export: Export, later: Sequence[Export]) -> Newer:
    """Stop what waits after an export that the ERP has, the oldest first, since the next ones wait for it.

    What says something else than that export is made a change of it.
    """
    revisions = {export.revision, later[-1].revision} if later else set()
    changes = later[-1] if len(revisions - {None}) > 1 else None
    waiting = [one for one in later if one.status is ERPExportStatus.PENDING]
    for one in waiting:
        stopped = _made_change(work, one, export) if one is changes else _ended(work, one)
        if not stopped:
            return "claimed"  # at this very moment; the next round sees what becomes of it
    if changes is not None:
        return "changes"
    return "stopped" if waiting else "none"


def _ended(work: Work, waiting: Export) -> bool:
    return work.exports.withdraw(waiting.id) or work.exports.stop(waiting.id, SUPERSEDED)


def _made_change(work: Work, waiting: Export, there: Export) -> bool:
    try:
        work.refuse_beside_older_release()
    except StateError:  # it would take the change for an order; the answer is read again
        return False
    return work.exports.make_change_of(waiting.id, there)


def _was_recalled(export: Export) -> bool:
    """Return whether the ERP gave it back before it answered: what it says of it now was so before."""
    error = export.error or {}
    return bool(error.get("code") == RECALLED["code"])


def _note_recalls(work: Work, answers: Sequence[DecidedAnswer]) -> None:
    """Move the orders whose recall the ERP has answered."""
    for answer in answers:
        if answer.export.kind is Kind.RECALL and answer.verdict in ("acknowledge", "refuse"):
            given_back, ack = answer.verdict == "acknowledge", answer.ack
            error = None if given_back else refusal(ack.error_code, ack.message)
            note_answer(work, answer.export, given_back=given_back, error=error)


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
