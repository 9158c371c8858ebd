"""What an ERP's answer does to an export: the table of DESIGN §5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orderflow.domain.states import ERPExportStatus

Verdict = Literal["acknowledge", "refuse", "wait", "ignore", "alert"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one answer.

    Attributes:
        verdict: `acknowledge` and `refuse` change the export; `wait` leaves the answer for the next round;
            `ignore` and `alert` only put it away, `alert` after telling a person.
        settle_first: The answer proves a delivery that nobody had settled.
        reason: For the alert.
    """

    verdict: Verdict
    settle_first: bool = False
    reason: str | None = None


def decide(
    answer: Literal["ACKED", "FAILED"], status: ERPExportStatus, *, lease_is_live: bool, newer_export: bool
) -> Decision:
    """Decide what `answer` does to an export that is in `status`.

    Args:
        lease_is_live: A worker holds the export right now.
        newer_export: The order has been exported again since.
    """
    match status, answer:
        case ERPExportStatus.PENDING, _ if lease_is_live:
            return Decision("wait")
        case ERPExportStatus.PENDING | ERPExportStatus.SENT, "ACKED":
            return Decision("acknowledge", settle_first=status is ERPExportStatus.PENDING)
        case ERPExportStatus.PENDING | ERPExportStatus.SENT, "FAILED":
            return Decision("refuse", settle_first=status is ERPExportStatus.PENDING)
        case ERPExportStatus.FAILED, "ACKED" if newer_export:
            return Decision(
                "alert", reason="The ERP confirmed a delivery that had been given up and sent again: possibly doubled."
            )
        case ERPExportStatus.FAILED, "ACKED":
            return Decision("acknowledge")
        case ERPExportStatus.ACKED, "FAILED":
            return Decision("alert", reason="The ERP refused an order that it had confirmed; the first answer stands.")
        case _:
            return Decision("ignore")
