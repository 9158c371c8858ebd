"""Deliberate faults of the protocol, each a change of a line or two. The simulation has to find every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "orderflow"
LEASES, EXPORTS = "testing/store_in_memory/leases.py", "testing/store_in_memory/exports.py"
DELIVER, LOOK, DOUBT = "flow/delivery/deliver.py", "flow/delivery/look.py", "flow/delivery/in_doubt.py"
RECALL, CHANGE = "flow/delivery/recall.py", "flow/delivery/change.py"
SETTLE, REQUEST, RECORD, CLAIM = (
    "flow/delivery/settle.py",
    "flow/delivery/request.py",
    "flow/answers/record.py",
    "flow/delivery/claim.py",
)


@dataclass(frozen=True)
class Fault:
    """What is wrong, and the lines of a source file that make it so; `rare`: only thousands of histories show it."""

    name: str
    file: str
    right: str
    wrong: str
    rare: bool = False

    def applied_to(self, sources: Path) -> None:
        """Change a copy of the sources."""
        path = sources / self.file
        path.write_text(self.made_in(sources), "utf-8")

    def made_in(self, sources: Path) -> str:
        """Return its file as it makes it."""
        text = (sources / self.file).read_text("utf-8")
        assert text.count(self.right) == 1, f"{self.name}: the line is there {text.count(self.right)} times"
        return text.replace(self.right, self.wrong)


FAULTS = (
    Fault("no token in any WHERE", LEASES, "row.lease_token == lease.token and ", ""),
    Fault(
        "an attempt that begins is not noted",
        LEASES,
        "begun_at=now if begins else row.begun_at",
        "begun_at=row.begun_at",
    ),
    Fault(
        "doubt is forgotten when it is settled",
        LEASES,
        "begun_at=(row.begun_at or now) if item.still_in_doubt else None",
        "begun_at=None",
    ),
    Fault(
        "the attempt of a dead worker stays open",
        LEASES,
        "        self._close_open(attempt.export_id, AttemptStatus.RETRYING, LOST)\n",
        "",
    ),
    Fault(
        "what was sent is withdrawn",
        EXPORTS,
        "may = row.status in ExportStep.STOP.change.starts and is_unsent(row) and",
        "may = row.status in ExportStep.STOP.change.starts and",
    ),
    Fault(
        "what was sent is moved to another ERP",
        EXPORTS,
        "row.status in ExportStep.MOVE.change.starts and is_unsent(row)\n            if",
        "row.status in ExportStep.MOVE.change.starts\n            if",
    ),
    Fault(
        "an unclear find sends again",
        LOOK,
        "            attempt.outcome = _unclear(error)",
        "            attempt.order.delivery.in_doubt = False",
    ),
    Fault(
        "not there counts at once",
        LOOK,
        "and (wait := batch.to.commit_within - (attempt.begun_ago or 0.0)) > 0",
        "and (wait := -1.0) > 0",
    ),
    Fault(
        "who cannot be asked is sent to again",
        LOOK,
        "        if not _sends_unasked(batch, attempt, retry):\n            attempt.outcome = _elsewhere(",
        "        if False:\n            attempt.outcome = _elsewhere(",
    ),
    Fault(
        "nobody is asked",
        LOOK,
        "doubtful = [attempt for attempt in attempts if attempt.order.delivery.in_doubt]",
        "doubtful: list[Attempt] = []",
    ),
    Fault(
        "doubt counts as nothing sent", DOUBT, "AttemptStatus.RETRYING, still_in_doubt=True)", "AttemptStatus.RETRYING)"
    ),
    Fault(
        "nobody is asked to decide",
        DOUBT,
        "    settlement.hold = _waits_for_a_person(attempt, batch, retry, asking=settlement.asking)\n",
        "",
    ),
    Fault(
        "a lease may always be begun with",
        "domain/delivery.py",
        "return clock.monotonic() < self._ends - self._margin",
        "return True",
    ),
    Fault("answers are put away before they are recorded", RECORD, "    work.exports.record_answers(answers)\n", ""),
    Fault(
        "a person's word leaves the order as it was",
        "flow/delivery/resolve.py",
        'if resolution != "send_again":',
        "if False:",
    ),
    Fault("what was staged is forgotten", LEASES, "staged_path=row.staged_path", "staged_path=None"),
    Fault(
        "files are renamed before their staging is committed",
        DELIVER,
        "ours = work.exports.mark_staged(batch.lease, paths)",
        "ours = set(paths)",
    ),
    Fault("the ERP is asked, and not listened to", LOOK, "if found is not None:", "if False:"),
    Fault(
        "a target that is away ends a doubt",
        DOUBT,
        "isinstance(attempt.outcome, InDoubtError) or attempt.order.delivery.in_doubt",
        "isinstance(attempt.outcome, InDoubtError)",
    ),
    Fault(
        "what a connector was handling is not looked at",
        "domain/doubt.py",
        "return error if nothing_was_done(error) else _in_doubt(error)",
        "return error",
    ),
    Fault(
        "the last of a slow batch counts from its beginning",
        LEASES,
        "now if item.still_in_doubt and (attempt.sent or row.staged_at) else begun",
        "begun",
        rare=True,
    ),
    Fault(
        "what is to be held is sent again",
        LOOK,
        'return batch.to.target.in_doubt == "resend" and in_vain and',
        "return in_vain and",
    ),
    Fault(
        "keys are trusted that nobody knows",
        "flow/delivery/open_target.py",
        "idempotent=connector.idempotent(config)",
        "idempotent=True",
    ),
    Fault(
        "what was tried is deleted",
        EXPORTS,
        "self._tables.now()) or self._tables.attempts_of(export_id):",
        "self._tables.now()):",
    ),
    Fault(
        "answers that have to wait are put away",
        RECORD,
        'answer.verdict == "wait" for answer in answers}',
        "False for answer in answers}",
    ),
    Fault(
        "a busy ERP rests for ever",
        "testing/store_in_memory/connections.py",
        "return left if left > 0 else None",
        "return left if row.rests_until else None",
    ),
    Fault(
        "a lease is taken, and not written down",
        LEASES,
        "pinned, lease_token=lease.token, lease_until=until, last_begun_at=sent",
        "pinned, lease_until=until, last_begun_at=sent",
    ),
    Fault(
        "a later refusal is final",
        SETTLE,
        "    if is_in_doubt(attempt):\n        return in_doubt(",
        "    if is_in_doubt(attempt) and not isinstance(outcome, RejectedError):\n        return in_doubt(",
    ),
    Fault(
        "a retry forgets that the order may have arrived",
        CHANGE,
        "if not export.failed_for_sure), None)",
        "if export.status is not ERPExportStatus.FAILED), None)",
    ),
    Fault(
        "a key is asked for twice", REQUEST, "(order_id, key) if key else None", "(order_id, key) if False else None"
    ),
    Fault(
        "what was begun is given up",
        EXPORTS,
        "return waits and not on_hold and is_unsent(row) and is_unleased",
        "return waits and not on_hold and is_unleased",
    ),
    Fault(
        "a lane is not given back",
        SETTLE,
        "        work.exports.leave_lane(batch.to.target.connection_id, batch.lease)\n",
        "",
    ),
    Fault("who lost all keeps the lane", CLAIM, "if not batch.attempts:  # all", "if False:  # all"),
    Fault(
        "an answer is matched to another connection's order",
        "testing/store_in_memory/store.py",
        "[row for row in self._tables.exports.values() if row.connection_id == self._connection_id]",
        "list(self._tables.exports.values())",
        rare=True,
    ),
    Fault(
        "what was lost stays in the batch",
        LEASES,
        "if self._may_go_on(attempt.export_id, batch.lease)]",
        "if attempt.export_id in self._tables.exports]",
    ),
    Fault(
        "a person decides while a worker is at it",
        EXPORTS,
        "if not doubtful or not is_unleased(row, self._tables.now()):",
        "if not doubtful:",
        rare=True,
    ),
    Fault(
        "what is moved keeps the other ERP's document",
        EXPORTS,
        " | due | _NOT_BUILT",
        " | due",
    ),
    Fault(
        "a change does not wait for its order",
        LEASES,
        "if not self._waits_for_another(row)]",
        "if row.id]",
    ),
    Fault(
        "a change waits for what nobody works on",
        REQUEST,
        "    if there.status is ERPExportStatus.FAILED:\n        work.exports.hold_failed",
        "    if False:\n        work.exports.hold_failed",
    ),
    Fault(
        "what never arrived is changed",
        LEASES,
        "if row.kind is not Kind.CHANGE or row.document_sha256 or self._before(row):",
        "if row.id:",
    ),
    Fault(
        "a late answer to the first revision confirms the last",
        EXPORTS,
        "return order if is_said and self._moves(row) else None",
        "return order if row.kind in CONTENT_KINDS else None",
    ),
    Fault(
        "a delivery of the first revision moves the order that says another",
        LEASES,
        "if item.order_status is None or changed_since(self._tables, row):",
        "if item.order_status is None:",
    ),
    Fault(
        "an order is sent anew before it was given back",
        CHANGE,
        "work.exports.send_anew_after(item.attempt.export_id, recall.id)",
        "work.exports.send_anew_after(item.attempt.export_id, new_id())",
    ),
    Fault(
        "an order that its ERP keeps is sent anew",
        RECALL,
        "        work.exports.stop(anew.id, refused)\n",
        "        work.exports.send_anew_after(anew.id, new_id())\n",
    ),
    Fault("a change is discarded in name only", CHANGE, "    work.orders.replace(was)\n", ""),
    Fault(
        "an order that its ERP has is rejected",
        "flow/order/approve.py",
        "if any(export.status in STANDING_BY for export in not_given_back(work, order_id)):",
        "if False:",
    ),
    Fault(
        "a person's word about the first revision moves the order that says another",
        "flow/delivery/resolve.py",
        "    if _was_changed(export, before):\n        return before\n",
        "",
    ),
    Fault(
        "an order counts as recalled before its ERP has said so",
        RECALL,
        "item.export_status is ERPExportStatus.ACKED:",
        "item.export_status is not ERPExportStatus.FAILED:",
    ),
    Fault(
        "an order that its ERP keeps counts as recalled",
        RECALL,
        "note_answer(work, recall, given_back=False, error=error)",
        "note_answer(work, recall, given_back=True)",
    ),
    Fault(
        "a recall that ended leaves its order as it is",
        RECALL,
        "            note_answer(work, recall, given_back=True)\n",
        "            pass\n",
    ),
    Fault(
        "the newest delivery is the recall",
        EXPORTS,
        "rows = tell_order(self._tables, order_id)\n        return self._export(rows[-1])",
        "rows = self._tables.exports_of(order_id)\n        return self._export(rows[-1])",
    ),
    Fault(
        "a recall is sent as an order",
        DELIVER,
        "if attempt.order.delivery.at_once(batch.to.takes_back)]",
        "if False]",
    ),
    Fault(
        "an answer that got lost is taken for a refusal",
        DELIVER,
        "isinstance(attempt.outcome, ExportResult | RejectedError):",
        "attempt.outcome is not None:",
        rare=True,
    ),
    Fault("attempts begin at one again", LEASES, "attempts=order.attempts + 1)", "attempts=order.attempts)"),
    Fault(
        "a closed connection delivers",
        "flow/delivery/push_batch.py",
        " or target.closed",
        "",
    ),
)
