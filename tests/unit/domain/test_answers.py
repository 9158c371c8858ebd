"""The table of `domain.answers`, cell by cell."""

from __future__ import annotations

from typing import Any

import pytest

from orderflow.domain.answer_details import Level
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
    (Export.FAILED, False, "changes", "ACKED", "acknowledge", False),
    (Export.FAILED, False, "claimed", "ACKED", "wait", False),
    (Export.FAILED, False, "perhaps sent", "ACKED", "alert", False),
    (Export.FAILED, False, "sent", "ACKED", "alert", False),
    (Export.FAILED, False, "none", "FAILED", "refuse", False),
    (Export.FAILED, False, "sent", "FAILED", "ignore", False),
    (Export.ACKED, False, "none", "ACKED", "ignore", False),
    (Export.ACKED, False, "none", "FAILED", "alert", False),
]


@pytest.mark.parametrize(("status", "live", "newer", "answer", "verdict", "settle_first"), TABLE)
def test_each_cell(status: Export, live: bool, newer: Newer, answer: Any, verdict: str, settle_first: bool) -> None:
    decision = decide(answer, status, lease_is_live=live, newer=newer)
    assert (decision.verdict, decision.settle_first) == (verdict, settle_first)


def test_a_refusal_of_what_was_refused_already_changes_nothing() -> None:
    assert decide("FAILED", Export.FAILED, lease_is_live=False, refused=True).verdict == "ignore"


@pytest.mark.parametrize("level", [Level.RECEIVED, Level.UNDERSTOOD])
@pytest.mark.parametrize(
    ("status", "live", "refused", "verdict", "settle_first"),
    [
        (Export.PENDING, True, False, "wait", False),
        (Export.PENDING, False, False, "note", True),
        (Export.SENT, False, False, "note", False),
        (Export.ACKED, False, False, "ignore", False),
        (Export.FAILED, False, True, "ignore", False),
        (Export.FAILED, False, False, "alert", False),
    ],
)
def test_a_technical_yes_confirms_nothing(
    level: Level, status: Export, live: bool, refused: bool, verdict: str, settle_first: bool
) -> None:
    decision = decide("ACKED", status, lease_is_live=live, level=level, refused=refused)
    assert (decision.verdict, decision.settle_first) == (verdict, settle_first)


def test_a_later_answer_that_speaks_of_lines_updates_what_was_confirmed() -> None:
    assert decide("ACKED", Export.ACKED, lease_is_live=False, detailed=True).verdict == "update"
    assert decide("ACKED", Export.SENT, lease_is_live=False, detailed=True).verdict == "acknowledge"


@pytest.mark.parametrize("level", Level)
def test_a_refusal_is_one_at_every_level(level: Level) -> None:
    assert decide("FAILED", Export.SENT, lease_is_live=False, level=level).verdict == "refuse"
    assert decide("FAILED", Export.ACKED, lease_is_live=False, level=level).verdict == "alert"


def test_an_alert_says_why() -> None:
    for status, answer, newer in ((Export.FAILED, "ACKED", "sent"), (Export.ACKED, "FAILED", "none")):
        assert decide(answer, status, lease_is_live=False, newer=newer).reason  # type: ignore[arg-type]  # literals


@pytest.mark.parametrize("status", [Export.PENDING, Export.SENT, Export.FAILED])
def test_a_yes_to_the_recall_of_what_was_sent_again_since_is_for_a_person(status: Export) -> None:
    assert decide("ACKED", status, lease_is_live=False, superseded=True).verdict == "alert"
    assert decide("ACKED", Export.ACKED, lease_is_live=False, superseded=True).verdict == "ignore"
