"""The table of `domain.answers`, cell by cell."""

from __future__ import annotations

from typing import Any

import pytest

from orderflow.domain.answers import Newer, decide
from orderflow.domain.states import ERPExportStatus as Export

TABLE = [
    # export is, live lease, newer export, answer → verdict, settle first
    (Export.PENDING, True, "none", "ACKED", "wait", False),
    (Export.PENDING, True, "none", "FAILED", "wait", False),
    (Export.PENDING, False, "none", "ACKED", "acknowledge", True),
    (Export.PENDING, False, "none", "FAILED", "refuse", True),
    (Export.SENT, False, "none", "ACKED", "acknowledge", False),
    (Export.SENT, False, "none", "FAILED", "refuse", False),
    (Export.FAILED, False, "none", "ACKED", "acknowledge", False),
    (Export.FAILED, False, "stopped", "ACKED", "acknowledge", False),
    (Export.FAILED, False, "claimed", "ACKED", "wait", False),
    (Export.FAILED, False, "perhaps sent", "ACKED", "alert", False),
    (Export.FAILED, False, "sent", "ACKED", "alert", False),
    (Export.FAILED, False, "none", "FAILED", "ignore", False),
    (Export.FAILED, False, "sent", "FAILED", "ignore", False),
    (Export.ACKED, False, "none", "ACKED", "ignore", False),
    (Export.ACKED, False, "none", "FAILED", "alert", False),
]


@pytest.mark.parametrize(("status", "live", "newer", "answer", "verdict", "settle_first"), TABLE)
def test_each_cell(status: Export, live: bool, newer: Newer, answer: Any, verdict: str, settle_first: bool) -> None:
    decision = decide(answer, status, lease_is_live=live, newer=newer)
    assert (decision.verdict, decision.settle_first) == (verdict, settle_first)


def test_an_alert_says_why() -> None:
    for status, answer, newer in ((Export.FAILED, "ACKED", "sent"), (Export.ACKED, "FAILED", "none")):
        assert decide(answer, status, lease_is_live=False, newer=newer).reason  # type: ignore[arg-type]  # literals
