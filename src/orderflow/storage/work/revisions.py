"""Revisions in PostgreSQL, which writes them itself: an order's lines need not come here and go back.

`tests/integration/storage/test_both_stores.py` holds the bytes against those of `domain.revisions.write`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args, get_type_hints
from uuid import UUID

from sqlalchemy import Connection

from orderflow.domain import revisions
from orderflow.domain.orders import DraftOrder, DraftOrderLine
from orderflow.domain.revisions import Revision
from orderflow.domain.states import OrderStatus
from orderflow.storage.fast.statements import later_rows, run

Place = tuple[UUID, int]
"""Order and number of a revision."""

_ELSEWHERE = {"org_slug": "g.slug", "approved_at": "r.approved_at", "approved_by": "r.approved_by"}
_CUSTOMER = "'id', o.customer_id, 'erp_customer_number', o.erp_customer_number, 'name', o.customer_name"
_SOURCE = "'document_id', o.source_document_id, 'file_name', o.source_file_name, 'sha256', o.source_sha256"


def _values(kind: type, names: Iterable[str], alias: str) -> str:
    """Return SQL for the names and values of a JSON object."""
    hints = get_type_hints(kind)
    columns = {name: _ELSEWHERE.get(name, f"{alias}.{name}") for name in names}
    return ", ".join(f"'{name}', {_as_text(column, hints[name])}" for name, column in columns.items())


def _as_text(column: str, hint: Any) -> str:
    kinds = get_args(hint)
    if datetime in kinds:
        return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return f"{column}::text" if Decimal in kinds else column


_OF_LINE = _values(DraftOrderLine, (field.name for field in fields(DraftOrderLine)), "l")
_LINES = f"""
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object({_OF_LINE})) ORDER BY l.line_no)
    FROM draft_order_line l WHERE l.draft_order_id = o.id
"""  # noqa: S608  # built from constants
_CONTENT = f"""
    jsonb_strip_nulls(jsonb_build_object({_values(DraftOrder, revisions.PLAIN, "o")},
        'customer', jsonb_build_object({_CUSTOMER}), 'source_document', jsonb_build_object({_SOURCE})))
    || jsonb_build_object({_values(DraftOrder, revisions.ADDRESSES, "o")}, 'lines', COALESCE(({_LINES}), '[]'))
"""
# OFFSET 0: so that it is made once, and not once for each time that it is named.
_MAKE = f"""
    WITH r AS ({{which}})
    INSERT INTO draft_order_revision (org_id, draft_order_id, revision, content, sha256, made_at, made_by)
    SELECT o.org_id, o.id,
           1 + COALESCE((SELECT max(v.revision) FROM draft_order_revision v WHERE v.draft_order_id = o.id), 0),
           c.content, encode(sha256(c.content), 'hex'), COALESCE(r.approved_at, now()), r.approved_by
    FROM r JOIN draft_order o ON o.id = r.id JOIN organization g ON g.id = o.org_id
    CROSS JOIN LATERAL (SELECT convert_to(({_CONTENT})::text, 'UTF8') AS content OFFSET 0) c
    ORDER BY o.id
"""  # noqa: S608  # built from constants
_GIVEN = """
    SELECT * FROM jsonb_to_recordset(CAST(%(rows)s AS jsonb)) AS r(id uuid, approved_at timestamptz, approved_by text)
"""
# A release that knows no revisions may have approved the order since its last one.
IS_CURRENT = "v.draft_order_id = o.id AND v.made_at = COALESCE(o.approved_at, v.made_at)"
# The lock keeps the order from being approved meanwhile. Who holds it already is a person who decides; a delivery waits
# for that in the order of ids, like all who lock orders, and the job goes on to the next.
_WITHOUT = f"""
    SELECT o.id, o.approved_at, o.approved_by FROM draft_order o
    WHERE {{which}} AND NOT EXISTS (SELECT FROM draft_order_revision v WHERE {IS_CURRENT})
    ORDER BY o.id FOR KEY SHARE OF o
"""  # noqa: S608  # built from constants
_KEEP = _MAKE.format(which=_GIVEN)
_CATCH_UP = f"{_MAKE.format(which=_WITHOUT.format(which='o.id = ANY(%(ids)s)'))} ON CONFLICT DO NOTHING"
CURRENT = f"SELECT max(v.revision) FROM draft_order_revision v JOIN draft_order o ON {IS_CURRENT}"  # noqa: S608  # as above
_PIN = f"""
    UPDATE erp_export e SET revision = ({CURRENT} WHERE o.id = e.draft_order_id)
    WHERE e.id = ANY(%(ids)s)
    RETURNING e.id, e.revision
"""  # noqa: S608  # as above
_ORDERS = """
    SELECT v.draft_order_id, v.revision, v.content, v.sha256, v.made_at, v.made_by, o.status, o.erp_order_id
    FROM unnest(%(ids)s::uuid[], %(revisions)s::int[]) AS w(id, revision)
    JOIN draft_order_revision v ON v.draft_order_id = w.id AND v.revision = w.revision
    JOIN draft_order o ON o.id = w.id
"""
_LAST = f"""
    SELECT v.* FROM draft_order_revision v JOIN draft_order o ON {IS_CURRENT}
    WHERE o.id = %(id)s AND v.content IS NOT NULL ORDER BY v.revision DESC LIMIT 1
"""  # noqa: S608  # as above


def keep(connection: Connection, order_id: UUID, approved_at: datetime, approved_by: str) -> None:
    """Write the order as it is as its next revision; whoever asks holds its lock."""
    later_rows(connection, _KEEP, [{"id": order_id, "approved_at": approved_at, "approved_by": approved_by}])


def pin(connection: Connection, exports: Mapping[UUID, UUID]) -> dict[UUID, int]:
    """Say of exports of an older release, given with their orders, which revision each is made from, and return it."""
    run(connection, _CATCH_UP, {"ids": sorted(exports.values())})
    return {row["id"]: row["revision"] for row in run(connection, _PIN, {"ids": list(exports)})}


def orders(connection: Connection, wanted: Sequence[Place]) -> dict[Place, DraftOrder]:
    """Return orders as they were approved; those that are not what was approved are left out."""
    places = {"ids": [order_id for order_id, _ in wanted], "revisions": [number for _, number in wanted]}
    rows = run(connection, _ORDERS, places)
    return {(row["draft_order_id"], row["revision"]): order for row in rows if (order := _order(row)) is not None}


def last(connection: Connection, order_id: UUID) -> Revision | None:
    """Return the revision that the order as it stands was approved as, if there is one and it was not forgotten."""
    row = run(connection, _LAST, {"id": order_id}).fetchone()
    return _revision(row) if row is not None else None


def _order(row: Mapping[str, Any]) -> DraftOrder | None:
    try:
        return _revision(row).order(OrderStatus(row["status"]), row["erp_order_id"])
    except revisions.RevisionChangedError:
        return None


def _revision(row: Mapping[str, Any]) -> Revision:
    return Revision(row["revision"], row["content"], row["sha256"], row["made_at"], row["made_by"])
