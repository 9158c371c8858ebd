"""What the ERP confirms line by line is held against what was sent to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orderflow.domain.answer_details import Details
from orderflow.domain.confirmations import applied, differences, misfits, refuses_all
from orderflow.domain.delivery import Ack
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import OPEN, Kind
from orderflow.flow.ports import Confirmed, DecidedAnswer, Export, Work

MOST_TOLD = 5
"""Of what does not fit; an answer may have thousands of lines of another order."""

ALL_REJECTED = "The ERP rejected every line of the order."


def compare(work: Work, answer: DecidedAnswer) -> DecidedAnswer:
    """Return a decided answer with what it makes of the order's lines.

    One that cannot be meant for what was sent changes nothing: it is a `misfit` of an order that still waits for its
    answer, and an alert of any other. One that says nothing new of a confirmed order is ignored.
    """
    said = answer.ack.details
    if said is None or answer.export.kind is Kind.RECALL or answer.verdict not in ("acknowledge", "update"):
        return answer
    sent = work.orders.as_sent(answer.export.draft_order_id, answer.export.revision)
    if sent is None:  # forgotten, or not what was approved: there is nothing to hold it against
        return answer if answer.verdict == "acknowledge" else replace(answer, verdict="ignore")
    if faults := misfits(sent, said, answer.export.revision):
        return _misfit(answer, faults)
    return _confirmed(answer, sent, said, work.exports.confirmed(answer.export.id))


def fits(work: Work, export: Export, ack: Ack) -> bool:
    """Return whether an answer can be meant for what was sent, as far as that is known."""
    sent = work.orders.as_sent(export.draft_order_id, export.revision) if ack.details else None
    return sent is None or ack.details is None or not misfits(sent, ack.details, export.revision)


def _misfit(answer: DecidedAnswer, faults: Sequence[str]) -> DecidedAnswer:
    more = f" And {len(faults) - MOST_TOLD} more." if len(faults) > MOST_TOLD else ""
    return told(answer, f"The answer does not fit the order that was sent. {' '.join(faults[:MOST_TOLD])}{more}")


def told(answer: DecidedAnswer, reason: str) -> DecidedAnswer:
    """Return what becomes of an answer that may not be meant for this order: it is told as one that cannot be read."""
    if answer.export.status not in OPEN:
        return replace(answer, verdict="alert", reason=reason)
    answer.ack.status, answer.ack.message = "UNREADABLE", reason
    return replace(answer, verdict="misfit")


def _confirmed(answer: DecidedAnswer, sent: DraftOrder, said: Details, before: Confirmed | None) -> DecidedAnswer:
    details = applied(sent, before.details if before else None, said)
    if refuses_all(sent, details):
        return _refusal(answer)
    confirmed = Confirmed(details, tuple(differences(sent, details)))
    if answer.verdict == "update" and confirmed == before:
        return replace(answer, verdict="ignore")
    return replace(answer, confirmed=confirmed)


def _refusal(answer: DecidedAnswer) -> DecidedAnswer:
    """Return the no that a yes is which rejects each line."""
    if answer.verdict == "update":
        return replace(answer, verdict="alert", reason=f"{ALL_REJECTED} It had confirmed it before.")
    lines = answer.ack.details.lines if answer.ack.details else ()
    words = next((line.message for line in lines if line.message), None)
    answer.ack.message = answer.ack.message or " ".join(filter(None, (ALL_REJECTED, words)))
    return replace(answer, verdict="refuse")
