"""Saved views in PostgreSQL."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

_COUNT = text("SELECT count(*) FROM saved_view WHERE user_id = :user_id")
_SAVE = text("""
    INSERT INTO saved_view (id, org_id, user_id, page, name, query, shared)
    VALUES (:id, :org_id, :user_id, :page, :name, :query, :shared)
    ON CONFLICT (user_id, page, name) DO UPDATE SET query = excluded.query, shared = excluded.shared
""")
_DELETE = text(
    "DELETE FROM saved_view WHERE id = :id AND (user_id = :user_id OR (shared AND :of_others)) RETURNING name"
)


class SqlSavedViews:
    """`flow.people.saved_views.SavedViews` of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def count(self, user_id: UUID) -> int:
        """Return how many a user has."""
        return int(self._connection.execute(_COUNT, {"user_id": user_id}).scalar_one())

    def save(self, view_id: UUID, user_id: UUID, page: str, name: str, query: str, *, shared: bool) -> None:
        """Keep a view; one of the same name becomes this one."""
        values = {"id": view_id, "org_id": self._org_id, "user_id": user_id, "page": page}
        self._connection.execute(_SAVE, values | {"name": name, "query": query, "shared": shared})

    def delete(self, view_id: UUID, user_id: UUID | None, *, of_others: bool) -> str | None:
        """Delete a view; returns its name, or None if it is not there or not theirs."""
        given = {"id": view_id, "user_id": user_id, "of_others": of_others}
        return self._connection.execute(_DELETE, given).scalar()
