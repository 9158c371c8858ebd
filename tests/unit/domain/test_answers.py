"""The table of DESIGN §5, cell by cell."""

from __future__ import annotations

from typing import Any

import pytest

from orderflow.domain.answers import decide
from orderflow.domain.states import ERPExportStatus as Export

TABLE = [
    # export is, live lease, newer export, answer → verdict, settle first
    (Export.PENDING, True, False, "ACKED", "wait", False),
    (Export.PENDING, True, False, "FAILED", "wait", False),
    (Export.PENDING, False, False, "ACKED", "acknowledge", True),
    (Export.PENDING, False, False, "FAILED", "refuse", True),
    (Export.SENT, False, False, "ACKED", "acknowledge", False),
    (Export.SENT, False, False, "FAILED", "refuse", False),
    (Export.FAILED, False, False, "ACKED", "acknowledge", False),
    (Export.FAILED, False, True, "ACKED", "alert", False),
    (Export.FAILED, False, False, "FAILED", "ignore", False),
    (Export.FAILED, False, True, "FAILED", "ignore", False),
    (Export.ACKED, False, False, "ACKED", "ignore", False),
    (Export.ACKED, False, False, "FAILED", "alert", False),
]


@pytest.mark.parametrize(("status", "live", "newer", "answer", "verdict", "settle_first"), TABLE)
def test_each_cell(status: Export, live: bool, newer: bool, answer: Any, verdict: str, settle_first: bool) -> None:
    decision = decide(answer, status, lease_is_live=live, newer_export=newer)
    assert (decision.verdict, decision.settle_first) == (verdict, settle_first)


def test_an_alert_says_why() -> None:
    for status, answer, newer in ((Export.FAILED, "ACKED", True), (Export.ACKED, "FAILED", False)):
        assert decide(answer, status, lease_is_live=False, newer_export=newer).reason  # type: ignore[arg-type]  # two literals
