"""Lists that people keep under a name: the address's query of a page, for themselves or for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from orderflow.storage.views.view import Sql, Table, View

_VIEWS = Table("v", "FROM saved_view v JOIN app_user u ON u.id = v.user_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A list under a name."""

    id: UUID
    page: Annotated[str, Field(description="Which list it is of", examples=["orders"])]
    name: str
    query: Annotated[str, Field(description="Filters and order of the list", examples=["status=ERROR&sort=-number"])]
    shared: Annotated[bool, Field(description="Everybody of the organization sees it")]
    owner: Annotated[str, Sql("u.email")]
    own: Annotated[bool, Sql("v.user_id IS NOT DISTINCT FROM :user_id"), Field(description="It is the caller's")]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedViews:
    """The caller's, and those that others share, by name."""

    items: list[SavedView]


def saved_views(view: View, user_id: UUID | None) -> SavedViews:
    """Return a user's own views, and those that others share."""
    query = f"{_VIEWS.select(SavedView)} WHERE v.org_id = :org_id AND (v.shared OR v.user_id = :user_id)"
    return SavedViews(items=view.rows(SavedView, f"{query} ORDER BY v.name, v.id", {"user_id": user_id}))
