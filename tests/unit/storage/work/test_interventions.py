"""What of an export goes where its connection or its kind changes, and what stays: each column is one or the other."""

from __future__ import annotations

import re

from orderflow.storage.tables.models import ERPExport
from orderflow.storage.work.interventions import ANEW, NOT_BUILT

ITSELF = {"id", "org_id", "draft_order_id", "revision", "kind", "status", "reason", "follows", "created_at"}
ASKED_FOR = {"not_before", "priority", "queued_at", "on_hold", "idempotency_key", "request_digest", "requested_by"}
ASKED_FOR |= {"request_id", "traceparent"}
WHERE_TO = {"connection_id", "route", "route_version", "fallback_id"}
EMPTY_AS_NOTHING_WAS_SENT = {"begun_at", "staged_at", "staged_path", "held_at", "asking", "doubt_since", "sent_at"}
EMPTY_AS_NOTHING_WAS_SENT |= {"received_at", "understood_at", "answered_at", "confirmed_by", "inferred"}
EMPTY_AS_NOTHING_WAS_SENT |= {"dropzone_path", "alerted_at", "received_alerted_at", "understood_alerted_at"}
WITH_ERROR_JSON = {"error_code"}  # by a trigger
# The one counts on, so that no Message-ID comes twice; the other tells a person that somebody answered.
ON_PURPOSE = {"refusals", "unreadable_answer"}
KEPT = ITSELF | ASKED_FOR | WHERE_TO | EMPTY_AS_NOTHING_WAS_SENT | WITH_ERROR_JSON | ON_PURPOSE


def _written(sql: str) -> set[str]:
    return set(re.findall(r"(\w+) = ", sql))


def test_each_column_of_an_export_goes_or_stays_on_purpose() -> None:
    columns = set(ERPExport.__table__.columns.keys())
    assert _written(ANEW) | KEPT == columns
    assert not _written(ANEW) & KEPT
    assert _written(NOT_BUILT) < _written(ANEW)
