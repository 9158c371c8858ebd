"""What became of every order: OrderFlow's word held against the ERP's own log of takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text

from orderflow.entrypoints.cli.importing import ImportReport
from orderflow.entrypoints.cli.workplace import Workplace

_ROWS = text("""
    SELECT o.id, o.external_order_number AS number, o.status, o.erp_order_id,
           coalesce(o.error_json, e.error_json) AS error_json, e.status AS export_status,
           e.answered_at, e.filename, garbage.message AS unreadable_answer,
           (SELECT count(*) FROM delivery_proof p WHERE p.export_id = e.id AND NOT p.refused) AS receipts
    FROM draft_order o
    LEFT JOIN LATERAL (SELECT * FROM erp_export x WHERE x.draft_order_id = o.id AND x.kind = 'order'
                       ORDER BY x.created_at DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (SELECT a.after ->> 'message' AS message FROM audit_log a
                       WHERE a.action = 'ACK_UNREADABLE' AND a.entity_id = e.id LIMIT 1) garbage ON true
    WHERE o.id = ANY(:ids) ORDER BY o.created_at, o.id
""")

REFUSED_AT_ONCE = frozenset(
    {"ERP_REJECTED", "ERP_WARNING", "MASTER_DATA_MISSING", "PRICE_MISSING", "CURRENCY_DIFFERS", "VALUE_DIFFERS"}
)
"""How an ERP with an API says no: not by a later answer."""


class TakingERP(Protocol):
    """An ERP that can tell what it took."""

    @property
    def signs(self) -> bool:
        """Whether a signed receipt comes back for each order."""

    def takes(self) -> Sequence[Mapping[str, Any]]:
        """Return `{"order_id": …}` for each order that it took, twice if twice."""


@dataclass
class Account:
    """The end of a demo.

    Attributes:
        odd: Number, state and reason of every order that was not simply confirmed.
        receipts: What the ERP's side signed for, kept as proof.
        missing: What is not accounted for; empty is what makes the demo a success.
    """

    orders: int
    takes: int
    seconds: float
    receipts: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    odd: list[tuple[str, str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def account_for(place: Workplace, erp: TakingERP, report: ImportReport, seconds: float) -> Account:
    """Hold the state of every order against the log of takes."""
    with place.app.database.transaction(place.org_id) as connection:
        rows = [dict(row) for row in connection.execute(_ROWS, {"ids": report.order_ids}).mappings()]
    ours = set(report.order_ids)
    takes = Counter(UUID(take["order_id"]) for take in erp.takes() if take["order_id"])
    account = Account(len(rows), sum(count for order_id, count in takes.items() if order_id in ours), seconds)
    account.missing += [f"line {line} of the file: {error.message}" for line, error in report.bad_lines]
    for row in rows:
        account.receipts += row["receipts"]
        outcome, reason, complaints = judge(row, takes[row["id"]])
        if erp.signs and takes[row["id"]] and not row["receipts"]:
            complaints = [*complaints, f"order {row['number'] or row['id']} was taken, and no signed receipt is kept"]
        account.counts[outcome] = account.counts.get(outcome, 0) + 1
        if outcome != "CONFIRMED":
            account.odd.append((row["number"] or str(row["id"]), outcome, reason))
        account.missing += complaints
    return account


def judge(row: dict[str, Any], takes: int) -> tuple[str, str, list[str]]:
    """Return how an order ended, why, and what is wrong with that: CONFIRMED, refused by the ERP, or SENT are right."""
    outcome, reason = _outcome(row)
    name = row["number"] or row["id"]
    if outcome == "ERROR" and (row["error_json"] or {}).get("code") in REFUSED_AT_ONCE:
        return outcome, reason, [f"order {name} was refused, but the ERP has it"] if takes else []
    if outcome not in ("CONFIRMED", "SENT") and not (outcome == "ERROR" and row["answered_at"]):
        return outcome, reason, [f"order {name} is {row['status']}: {reason}"]
    if outcome == "CONFIRMED" and not row["erp_order_id"]:
        return outcome, reason, [f"order {name} is CONFIRMED without the number that the ERP gave it"]
    return outcome, reason, [] if takes == 1 else [f"order {name} was taken {takes} times by the ERP"]


def _outcome(row: dict[str, Any]) -> tuple[str, str]:
    error = row["error_json"] or {}
    reason = f"{error.get('message', '')} [{error.get('code', '')}]" if error else ""
    match row:
        case {"status": "CONFIRMED"}:
            return "CONFIRMED", ""
        case {"status": "ERROR"} if error.get("code") in REFUSED_AT_ONCE:
            return "ERROR", f"the ERP says: {reason}"
        case {"status": "ERROR", "answered_at": answered} if answered is not None:
            return "ERROR", f"the ERP says: {reason}"
        case {"status": "PUSHED", "export_status": "SENT", "unreadable_answer": str(garbage)}:
            return "SENT", f"awaits a readable answer; the one that came was put aside: {garbage}"
        case {"status": "PUSHED", "export_status": "SENT"}:
            return "SENT", "awaits the ERP's answer"
        case _:
            return f"{row['status']}", reason or "never got as far as the ERP"
