"""Who looks at an organization, and what happened since they last did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from orderflow.storage.views.needs import MOST_COUNTED
from orderflow.storage.views.view import View

MOST_PEOPLE = 500

# A visit goes on while one comes back within half an hour.
_VISIT = text("""
    UPDATE app_user SET
        last_visit_at = CASE WHEN visited_at < now() - interval '30 minutes' THEN visited_at ELSE last_visit_at END,
        visited_at = now()
    WHERE id = :user_id AND org_id = :org_id RETURNING last_visit_at
""")
_SINCE = f"""
    SELECT CAST(:since AS timestamptz) AS since, count(*) AS orders,
           count(*) FILTER (WHERE status = 'CONFIRMED') AS confirmed, count(*) FILTER (WHERE status = 'ERROR') AS failed
    FROM (SELECT status FROM draft_order WHERE org_id = :org_id AND created_at >= :since
          ORDER BY created_at DESC, id DESC LIMIT {MOST_COUNTED}) newest
"""  # noqa: S608  # from a constant
_PEOPLE = f"SELECT email FROM app_user WHERE org_id = :org_id AND active ORDER BY email LIMIT {MOST_PEOPLE}"  # noqa: S608  # as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What came in since somebody last looked, and what became of it."""

    since: Annotated[datetime | None, Field(description="The end of the visit before; null: it is the first")]
    orders: Annotated[int, Field(description=f"That came in since; the newest {MOST_COUNTED:,} are looked at")]
    confirmed: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who may take care of something, by address."""

    items: list[str]


def visit(view: View, user_id: UUID | None) -> Visit:
    """Note that somebody looks now; returns what happened since they did before. An API key has no visits."""
    since = view.connection.execute(_VISIT, {"user_id": user_id, "org_id": view.org_id}).scalar()
    nothing = Visit(since=None, orders=0, confirmed=0, failed=0)
    return nothing if since is None else view.one(Visit, _SINCE, {"since": since}) or nothing


def people(view: View) -> People:
    """Return who may take care of something."""
    return People(items=list(view.connection.execute(text(_PEOPLE), {"org_id": view.org_id}).scalars()))
