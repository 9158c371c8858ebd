"""What became of every order: our word held against the receiver's own log of takes."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.installation import Installation
from tests.chaos.receiver import number_of, order_of, takes

_ROWS = """
    WITH log AS (
        SELECT erp_export_id, count(*) FILTER (WHERE status = 'SUCCESS') AS successes,
               count(*) FILTER (WHERE status = 'PENDING') AS open_attempts
        FROM erp_push_log GROUP BY 1
    ), counted AS (SELECT draft_order_id, count(*) AS exports FROM erp_export GROUP BY 1)
    SELECT o.id, o.status, o.erp_order_id, e.status AS export, e.document_sha256, e.lease_token, c.exports,
           COALESCE(l.successes, 0) AS successes, COALESCE(l.open_attempts, 0) AS open_attempts
    FROM draft_order o JOIN erp_export e ON e.draft_order_id = o.id JOIN counted c ON c.draft_order_id = o.id
    LEFT JOIN log l ON l.erp_export_id = e.id
"""
_AGREES = {"PENDING": "PUSHING", "SENT": "PUSHED", "ACKED": "CONFIRMED", "FAILED": "ERROR"}


@dataclass
class Reckoning:
    """How the books stand; `states` counts exports, `complaints` says in words what is wrong."""

    orders: int
    states: Counter[str]
    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    unaccounted: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)


def reckon(place: Installation) -> Reckoning:
    """Hold every order against the takes."""
    rows = place.rows(_ROWS)
    taken = takes(place.erp_root)
    counts = Counter(order_of(take) for take in taken)
    digests = {order_of(take): hashlib.sha256(take.read_bytes()).hexdigest() for take in taken}
    books = Reckoning(len(rows), Counter(row.export for row in rows))
    known = {str(row.id) for row in rows}
    books.lost |= {str(order_id) for order_id in place.confirmed} - known
    books.doubled |= {order_id for order_id, count in counts.items() if count > 1}
    books.unaccounted |= counts.keys() - known
    for row in rows:
        order_id = str(row.id)
        delivered = row.export in ("SENT", "ACKED")
        if delivered and not counts[order_id]:
            books.lost.add(order_id)
        wrong = list(_disagreements(row, taken=bool(counts[order_id]), digest=digests.get(order_id)))
        if wrong:
            books.unaccounted.add(order_id)
            books.complaints += [f"{order_id}: {words}" for words in wrong]
    return books


def _disagreements(row, *, taken: bool, digest: str | None):
    if row.exports != 1:
        yield f"{row.exports} exports"
    if row.status != _AGREES[row.export]:
        yield f"the order is {row.status}, its export {row.export}"
    if row.export in ("SENT", "ACKED") and row.successes != 1:
        yield f"{row.export} with {row.successes} successful attempts in the log"
    if row.export == "ACKED" and row.erp_order_id != number_of(str(row.id)):
        yield f"the number {row.erp_order_id} is another order's"
    if row.export == "FAILED" and taken:
        yield "FAILED, and the ERP has it"
    if row.export != "PENDING" and (row.open_attempts or row.lease_token):
        yield f"{row.export}, and still attempted"
    if digest is not None and digest != row.document_sha256:
        yield "the ERP got other bytes than were stored"
