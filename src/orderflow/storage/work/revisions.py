"""Revisions in PostgreSQL, which writes them itself: an order's lines need not come here and go back.

`tests/integration/storage/test_both_stores.py` holds the bytes against those of `domain.revisions.write`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args, get_type_hints
from uuid import UUID

from sqlalchemy import Connection

from orderflow.domain.orders import ADJUSTMENTS, LINE_BY_NAME, DraftOrder, DraftOrderLine
from orderflow.domain.revisions import (
    ADDRESSES,
    LINE_FIELDS,
    OTHER_TEXTS,
    PLAIN,
    Revision,
    RevisionChangedError,
)
from orderflow.domain.states import AS_APPROVED, ENDED, OrderStatus
from orderflow.storage.fast.statements import later_rows, run
from orderflow.storage.tables.states import among

_STILL_OPEN = [status for status in AS_APPROVED if status not in ENDED]
Place = tuple[UUID, int]
"""Order and number of a revision."""

# A query of its own: joined, it lets PostgreSQL look through all orders of the organization while a table is new.
_SLUG = "(SELECT g.slug FROM organization g WHERE g.id = o.org_id)"
_ELSEWHERE = {"org_slug": _SLUG, "approved_at": "r.approved_at", "approved_by": "r.approved_by"}
_CUSTOMER = "'erp_customer_number', o.erp_customer_number, 'name', o.customer_name, 'id', o.customer_id"
_SOURCE = "'document_id', o.source_document_id, 'file_name', o.source_file_name, 'sha256', o.source_sha256"


def _values(kind: type, names: Iterable[str], alias: str) -> dict[str, str]:
    """Return SQL for values of an order or a line, by their names."""
    hints = get_type_hints(kind)
    return {name: _as_text(_ELSEWHERE.get(name, f"{alias}.{name}"), hints[name]) for name in names}


def _as_text(column: str, hint: Any) -> str:
    kinds = get_args(hint)
    if datetime in kinds:
        return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return f"{column}::text" if Decimal in kinds else column


def _named(values: Mapping[str, str]) -> str:
    return ", ".join(f"'{name}', {value}" for name, value in values.items())


_HEAD = _named(_values(DraftOrder, PLAIN, "o"))
_ADJUSTMENTS = _named({name: f"o.{name}" for name in ADJUSTMENTS})
_ADDRESSES = " || ".join(
    [f"""',"{name}":' || COALESCE(o.{name}::text, 'null')""" for name in ADDRESSES]
    + [f"""COALESCE(',"{name}":' || o.{name}::text, '')""" for name in OTHER_TEXTS]
)
_LINE = ", ".join(_values(DraftOrderLine, LINE_FIELDS, "l").values())
_BY_NAME = _values(DraftOrderLine, LINE_BY_NAME, "l")
# JSON as text, joined as such: as `jsonb` a long order would take four times as long.
_CONTENT = f"""
    left(json_strip_nulls(json_build_object({_HEAD}, 'customer', json_build_object({_CUSTOMER}),
                                            'source_document', json_build_object({_SOURCE}),
                                            {_ADJUSTMENTS}))::text, -1)
    || {_ADDRESSES} || ',"line_fields":{json.dumps(LINE_FIELDS)},"lines":[' || COALESCE(l.lines, '') || ']'
    || COALESCE(',"more_of_lines":{{' || l.more || '}}', '') || '}}'
"""
_LINES = f"""
    SELECT string_agg(json_build_array({_LINE})::text, ',' ORDER BY l.line_no) AS lines,
           string_agg('"' || l.line_no || '":' || json_strip_nulls(json_build_object({_named(_BY_NAME)})), ','
                      ORDER BY l.line_no) FILTER (WHERE num_nonnulls({", ".join(_BY_NAME.values())}) > 0) AS more
    FROM draft_order_line l WHERE l.draft_order_id = o.id
"""  # noqa: S608  # built from constants
# A release that knows no revisions may have approved the order since its last one.
IS_CURRENT = "v.draft_order_id = o.id AND v.made_at = COALESCE(o.approved_at, v.made_at)"


def _make(which: str) -> str:
    """Return SQL that writes the next revision of orders; `which` finds them, and who approved them when."""
    # OFFSET 0: so that each order is found by its id, whatever is known of the table, and the content is made once, not
    # once for each time that it is named.
    return f"""
        WITH r AS ({which})
        INSERT INTO draft_order_revision (org_id, draft_order_id, revision, content, sha256, made_at, made_by)
        SELECT o.org_id, o.id,
               1 + COALESCE((SELECT max(v.revision) FROM draft_order_revision v WHERE v.draft_order_id = o.id), 0),
               c.content, encode(sha256(convert_to(c.content, 'UTF8')), 'hex'),
               COALESCE(r.approved_at, now()), r.approved_by
        FROM r CROSS JOIN LATERAL (SELECT o.* FROM draft_order o WHERE o.id = r.id OFFSET 0) o
        CROSS JOIN LATERAL ({_LINES}) l CROSS JOIN LATERAL (SELECT {_CONTENT} AS content OFFSET 0) c
        ORDER BY o.id
    """  # noqa: S608  # built from constants


def _make_missing(which: str, if_locked: str = "") -> str:
    """Return SQL that writes the revision of those orders that have none as they were last approved."""
    # The lock keeps an order from being approved meanwhile. Who holds it already is a person who decides: a delivery
    # waits for that, in the order of ids like all who lock orders; the job does not.
    without = f"""
        SELECT o.id, o.approved_at, o.approved_by FROM draft_order o
        WHERE {which} AND NOT EXISTS (SELECT FROM draft_order_revision v WHERE {IS_CURRENT})
        ORDER BY o.id FOR KEY SHARE OF o {if_locked}
    """  # noqa: S608  # built from constants
    return f"{_make(without)} ON CONFLICT DO NOTHING"


_KEEP = _make("""
    SELECT * FROM jsonb_to_recordset(CAST(%(rows)s AS jsonb)) AS r(id uuid, approved_at timestamptz, approved_by text)
""")
_MAKE_MISSING = _make_missing("o.id = ANY(%(ids)s)")
_CATCH_UP = _make_missing(f"o.id = ANY(%(ids)s) AND {among(_STILL_OPEN, 'o.status')}", "SKIP LOCKED")
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
    run(connection, _MAKE_MISSING, {"ids": list(exports.values())})
    return {row["id"]: row["revision"] for row in run(connection, _PIN, {"ids": list(exports)})}


def catch_up(connection: Connection, order_ids: Sequence[UUID]) -> None:
    """Write the revision of those of the orders that are approved, have none and have not ended; waits for no lock."""
    run(connection, _CATCH_UP, {"ids": list(order_ids)})


def orders(connection: Connection, wanted: Sequence[Place]) -> dict[Place, DraftOrder]:
    """Return orders as they were approved; those that are not what was approved are left out."""
    places = {"ids": [order_id for order_id, _ in wanted], "revisions": [number for _, number in wanted]}
    rows = run(connection, _ORDERS, places)
    return {(row["draft_order_id"], row["revision"]): order for row in rows if (order := _order(row)) is not None}


def last(connection: Connection, order_id: UUID) -> Revision | None:
    """Return the revision that the order as it stands was approved as, if there is one and it was not forgotten."""
    row = run(connection, _LAST, {"id": order_id}).fetchone()
    return _revision(row) if row is not None else None


def current(connection: Connection, order_id: UUID) -> int | None:
    """Return the number of the revision that the order as it stands was approved as, if it was."""
    row = run(connection, f"SELECT ({CURRENT} WHERE o.id = %(id)s) AS number", {"id": order_id}).fetchone()  # as above
    return row["number"] if row is not None else None


def _order(row: Mapping[str, Any]) -> DraftOrder | None:
    try:
        return _revision(row).order(OrderStatus(row["status"]), row["erp_order_id"])
    except RevisionChangedError:
        return None


def _revision(row: Mapping[str, Any]) -> Revision:
    return Revision(row["revision"], row["content"], row["sha256"], row["made_at"], row["made_by"])
