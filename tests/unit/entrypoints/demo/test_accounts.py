from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from orderflow.entrypoints.demo.accounts import judge

REASON = {"code": "CREDIT_LIMIT", "message": "Customer 4711 is blocked."}


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": UUID(int=1),
        "number": "PO-1",
        "status": "CONFIRMED",
        "erp_order_id": "SO-1",
        "error_json": None,
        "export_status": "ACKED",
        "answered_at": "now",
        "unreadable_answer": None,
    } | changes


SENT = {"status": "PUSHED", "export_status": "SENT", "answered_at": None, "erp_order_id": None}


@pytest.mark.parametrize(
    ("changes", "outcome", "words"),
    [
        ({}, "CONFIRMED", ""),
        ({"status": "ERROR", "error_json": REASON}, "ERROR", "the ERP says: Customer 4711 is blocked. [CREDIT_LIMIT]"),
        (SENT, "SENT", "awaits the ERP's answer"),
        (SENT | {"unreadable_answer": "It is not JSON."}, "SENT", "put aside: It is not JSON."),
    ],
)
def test_the_three_good_ends_are_told_with_their_reason(changes, outcome, words):
    found, reason, complaints = judge(row(**changes), takes=1)
    assert (found, complaints) == (outcome, [])
    assert words in reason


@pytest.mark.parametrize(
    ("changes", "takes", "complaint"),
    [
        ({}, 2, "taken 2 times"),
        ({}, 0, "taken 0 times"),
        (SENT, 0, "taken 0 times"),
        ({"erp_order_id": None}, 1, "without the number"),
        ({"status": "ERROR", "error_json": REASON, "answered_at": None}, 0, "is ERROR: Customer 4711"),
        ({"status": "PUSHING", "export_status": "PENDING", "answered_at": None}, 0, "is PUSHING: never got"),
        ({"status": "NEEDS_REVIEW", "export_status": None, "answered_at": None}, 0, "is NEEDS_REVIEW"),
    ],
)
def test_anything_else_is_complained_about_by_name(changes, takes, complaint):
    (said,) = judge(row(**changes), takes=takes)[2]
    assert "PO-1" in said
    assert complaint in said
