"""Deliberate faults of the protocol, each a change of a line or two. The simulation has to find every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "orderflow"
LEASES, EXPORTS = "testing/store_in_memory/leases.py", "testing/store_in_memory/exports.py"
DELIVER, LOOK, DOUBT = "flow/delivery/deliver.py", "flow/delivery/look.py", "flow/delivery/in_doubt.py"
SETTLE, REQUEST, POLL = "flow/delivery/settle.py", "flow/delivery/request.py", "flow/answers/poll.py"


@dataclass(frozen=True)
class Fault:
    """What is wrong, and the lines of a source file that make it so."""

    name: str
    file: str
    right: str
    wrong: str

    def applied_to(self, sources: Path) -> None:
        """Change a copy of the sources."""
        path = sources / self.file
        text = path.read_text("utf-8")
        assert text.count(self.right) == 1, f"{self.name}: the line is there {text.count(self.right)} times"
        path.write_text(text.replace(self.right, self.wrong), "utf-8")


FAULTS = (
    Fault("no token in any WHERE", LEASES, "row.lease_token == lease.token and ", ""),
    Fault("what a worker holds is claimed by the next", LEASES, "        and is_unleased(row, now)\n", ""),
    Fault("what was settled is settled again", LEASES,
          "row.lease_token == lease.token and row.status is ERPExportStatus.PENDING", "row.lease_token == lease.token"),
    Fault("staging is noted without the token", LEASES,
          "ours = {export_id for export_id in paths if self._held(export_id, lease)}", "ours = set(paths)"),
    Fault("sending again is noted without the token", LEASES,
          "ours = {export_id for export_id in export_ids if self._held(export_id, lease)}", "ours = set(export_ids)"),
    Fault("an attempt that begins is not noted", LEASES,
          "begun_at=now if begins else row.begun_at", "begun_at=row.begun_at"),
    Fault("doubt is forgotten when it is settled", LEASES,
          "begun_at=(row.begun_at or now) if item.still_in_doubt else None", "begun_at=None"),
    Fault("a lease ends as it is taken", LEASES, "until = self._tables.after(seconds)\n        attempts",
          "until = self._tables.now()\n        attempts"),
    Fault("the attempt of a dead worker stays open", LEASES,
          "        self._close_open(attempt.export_id, AttemptStatus.RETRYING, LOST)\n", ""),
    Fault("a person decides while a worker is at it", EXPORTS,
          "if not doubtful or not is_unleased(row, self._tables.now()):", "if not doubtful:"),
    Fault("what was sent is withdrawn", EXPORTS, "may = row.status is ERPExportStatus.PENDING and _unsent(row) and",
          "may = row.status is ERPExportStatus.PENDING and"),
    Fault("what was sent is moved to another ERP", EXPORTS,
          "row.status is ERPExportStatus.PENDING and _unsent(row)\n            if", "row.status is ERPExportStatus.PENDING\n            if"),
    Fault("files are published whose staging was not committed", DELIVER,
          "publish = [item for item in staged.values() if item.order.delivery.export_id in ours]",
          "publish = list(staged.values())"),
    Fault("what is staged is staged again", DELIVER, " and not attempt.order.delivery.staged_path]", "]"),
    Fault("an unclear find sends again", LOOK, "            attempt.outcome = _unclear(error)",
          "            attempt.order.delivery.in_doubt = False"),
    Fault("not there counts at once", LOOK, "and (wait := batch.to.commit_within - (attempt.begun_ago or 0.0)) > 0",
          "and (wait := -1.0) > 0"),
    Fault("who cannot be asked is sent to again", LOOK, "        if not _sends_unasked(batch, attempt, retry):\n            attempt.outcome = InDoubtError(",
          "        if False:\n            attempt.outcome = InDoubtError("),
    Fault("nobody is asked", LOOK, "doubtful = [attempt for attempt in attempts if attempt.order.delivery.in_doubt]",
          "doubtful: list[Attempt] = []"),
    Fault("doubt counts as nothing sent", DOUBT, "AttemptStatus.RETRYING, still_in_doubt=True)", "AttemptStatus.RETRYING)"),
    Fault("nobody is asked to decide", DOUBT, "    settlement.hold = _waits_for_a_person(attempt, batch, retry, asking=settlement.asking)\n", ""),
    Fault("a lease may always be begun with", "domain/delivery.py", "return clock.monotonic() < self._ends - self._margin", "return True"),
    Fault("a lost lease is kept on", "testing/simulation/world.py", "            lease.revoke()", "            pass"),
    Fault("a push begins anew though the last may have arrived", REQUEST,
          "if latest is not None and not latest.never_arrived:", "if latest is not None and False:"),
    Fault("an order is changed though it may have arrived", "flow/order/approve.py",
          " and not latest.never_arrived:", " and False:"),
    Fault("an answer is decided while a worker is at it", "domain/answers.py",
          "case ERPExportStatus.PENDING, _ if lease_is_live:", "case ERPExportStatus.PENDING, _ if False:"),
    Fault("answers are put away before they are recorded", POLL, "        work.exports.record_answers(answers)\n", ""),
    Fault("a person's word leaves the order as it was", "flow/delivery/resolve.py",
          "        work.orders.set_status(order_id, after, error_json=None)\n        return after", "        return after"),
)
