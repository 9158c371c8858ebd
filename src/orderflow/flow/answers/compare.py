"""What the ERP confirms line by line is held against what was sent to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from orderflow.domain.answer_details import Details, LineStatus
from orderflow.domain.confirmations import applied, confirmed_qty, differences, misfits, refuses_all
from orderflow.domain.delivery import Ack
from orderflow.domain.orders import LINE_CONTENT, DraftOrder, DraftOrderLine
from orderflow.domain.states import OPEN, Kind
from orderflow.flow.ports import Confirmed, DecidedAnswer, Export, Work

MOST_TOLD = 5
"""Of what does not fit; an answer may have thousands of lines of another order."""

_content = attrgetter(*LINE_CONTENT)

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
    said = _beyond_what_was_asked(work, answer.export, sent, said)
    if faults := misfits(sent, said, answer.export.revision):
        return _misfit(answer, faults)
    return _confirmed(answer, sent, said, work.exports.confirmed(answer.export.id))


def fits(work: Work, export: Export, ack: Ack) -> bool:
    """Return whether an answer can be meant for what was sent, as far as that is known."""
    sent = work.orders.as_sent(export.draft_order_id, export.revision) if ack.details else None
    if sent is None or ack.details is None:
        return True
    return not misfits(sent, _beyond_what_was_asked(work, export, sent, ack.details), export.revision)


def _beyond_what_was_asked(work: Work, export: Export, sent: DraftOrder, said: Details) -> Details:
    """Return an answer without what only repeats a change: a removed line is gone, a changed one changed."""
    now: dict[int | None, DraftOrderLine] = {line.line_no: line for line in sent.lines}
    repeats = [line for line in said.lines if line.status is LineStatus.CHANGED or line.line_no not in now]
    if export.kind is not Kind.CHANGE or not repeats:
        return said
    former = _former_lines(work, export)
    lines = []
    for line in said.lines:
        was, is_now = former.get(line.line_no, ()), now.get(line.line_no)
        if was and is_now is None and confirmed_qty(None, line) == 0:
            continue
        asked = line.status is LineStatus.CHANGED and line.qty is not None and is_now is not None
        changed = asked and any(_content(one) != _content(is_now) for one in was)
        lines.append(replace(line, status=LineStatus.ACCEPTED) if changed else line)
    return replace(said, lines=tuple(lines))


def _former_lines(work: Work, change: Export) -> Mapping[int | None, Sequence[DraftOrderLine]]:
    """Return the lines that the order had before a change, as they were in each delivery, by number."""
    lines: dict[int | None, list[DraftOrderLine]] = {}
    for one in work.exports.deliveries_of(change.draft_order_id):
        if one.created_at < change.created_at and (was := work.orders.as_sent(change.draft_order_id, one.revision)):
            for line in was.lines:
                lines.setdefault(line.line_no, []).append(line)
    return lines


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
