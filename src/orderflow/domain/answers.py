"""What an ERP's answer does to an export, one case after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orderflow.domain.answer_details import Level
from orderflow.domain.states import OPEN, ERPExportStatus, Kind

Verdict = Literal["acknowledge", "refuse", "update", "note", "misfit", "wait", "ignore", "alert"]

SENT_SINCE = "The ERP gave back a delivery after which the order was sent again: look in the ERP which of them it has."


Newer = Literal["none", "stopped", "changes", "claimed", "perhaps sent", "sent"]
"""What became of the exports that followed one which had failed: `stopped` before anything was sent, `claimed` by a
worker of which nothing is known yet, `perhaps sent`, or `sent`. `changes`: nothing was sent either, and the last is of
what the order says since, which is a change of that one."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one answer.

    Attributes:
        verdict: `acknowledge` and `refuse` change the export; `update` what the ERP confirmed of it; `note` keeps that
            it got as far as the answer's level, which confirms nothing; `wait` leaves the answer for the next round;
            `ignore`, `alert` and `misfit` change nothing, the latter two after telling a person.
        settle_first: The answer proves a delivery that nobody had settled.
        reason: For the alert.
    """

    verdict: Verdict
    settle_first: bool = False
    reason: str | None = None


def refusal(code: str | None, message: str | None, kind: Kind = Kind.ORDER) -> dict[str, str]:
    """Return why an order is in ERROR that its ERP refused, or would not change, in the ERP's own words."""
    if kind is Kind.CHANGE:
        return {
            "code": code or "CHANGE_REFUSED",
            "message": message or "The ERP refused the change.",
            "hint": "These are the ERP's own words; it keeps the order as it was. Discard the change; correct it and "
            "push it again; or have the order changed in the ERP, then confirm the change.",
        }
    return {
        "code": code or "ERP_REFUSED",
        "message": message or "The ERP refused the order.",
        "hint": "These are the ERP's own words. Correct the order or the ERP's data, then retry.",
    }


def decide(
    answer: Literal["ACKED", "FAILED"],
    status: ERPExportStatus,
    *,
    lease_is_live: bool,
    newer: Newer = "none",
    level: Level = Level.ANSWERED,
    refused: bool = False,
    detailed: bool = False,
    recalled: bool = False,
    superseded: bool = False,
) -> Decision:
    """Decide what `answer` does to an export that is in `status`.

    Args:
        lease_is_live: A worker holds the export right now.
        newer: What became of the order's next exports, where there are any.
        level: What the answer proves.
        refused: The ERP answered the export before.
        detailed: The answer speaks of lines.
        recalled: The order was recalled before it was answered.
        superseded: It answers the recall of a delivery after which the order was sent again.
    """
    match status, answer:
        case ERPExportStatus.PENDING, _ if lease_is_live:
            return Decision("wait")
        case _, "ACKED" if level is not Level.ANSWERED:
            return _technical_yes(status, refused=refused)
        case ERPExportStatus.PENDING | ERPExportStatus.SENT | ERPExportStatus.FAILED, "ACKED" if superseded:
            return Decision("alert", reason=SENT_SINCE)
        case _, "ACKED" if status in OPEN:
            return Decision("acknowledge", settle_first=status is ERPExportStatus.PENDING)
        case _, "FAILED" if status in OPEN:
            return Decision("refuse", settle_first=status is ERPExportStatus.PENDING)
        case ERPExportStatus.FAILED, "ACKED" if recalled:
            return Decision("alert", reason="The ERP confirmed an order that was recalled: look whether it is there.")
        case ERPExportStatus.FAILED, "ACKED":
            return _late_yes(newer)
        case ERPExportStatus.FAILED, "FAILED" if newer == "none" and not refused:
            return Decision("refuse")  # we had given up on it, and it had arrived: a retry is a new delivery
        case ERPExportStatus.ACKED, "ACKED" if detailed:
            return Decision("update")
        case ERPExportStatus.ACKED, "FAILED":
            return Decision("alert", reason="The ERP refused an order that it had confirmed; the first answer stands.")
        case _:
            return Decision("ignore")


def _technical_yes(status: ERPExportStatus, *, refused: bool) -> Decision:
    """Decide on a yes below the ERP's business: the document is there, and nobody has said yet what becomes of it."""
    if status in OPEN:
        return Decision("note", settle_first=status is ERPExportStatus.PENDING)
    if refused or status is ERPExportStatus.ACKED:
        return Decision("ignore")
    return Decision(
        "alert", reason="The ERP has received a delivery that had failed here: look there before it is sent again."
    )


def _late_yes(newer: Newer) -> Decision:
    """Decide on a yes to an export that had failed: it is believed, unless the order is on its way again."""
    match newer:
        case "claimed":
            return Decision("wait")
        case "stopped":
            return Decision(
                "acknowledge",
                reason="The ERP confirmed a delivery that had failed here. "
                "Its retry, of which nothing had been sent, was stopped.",
            )
        case "changes":
            return Decision(
                "acknowledge",
                reason="The ERP confirmed a delivery that had failed here, of what the order said before it was "
                "changed. What it says now follows as a change; if that has failed, retry it, or discard the change.",
            )
        case "none":
            return Decision("acknowledge")
        case "perhaps sent":
            again = "may have been sent"
        case "sent":
            again = "has been sent"
    return Decision(
        "alert", reason=f"The ERP confirmed a delivery that had failed here; the order {again} again: possibly doubled."
    )
