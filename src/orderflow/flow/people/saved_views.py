"""Lists that people keep under a name, for themselves or for all of their organization."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.ports import Actor, Audit

MOST_VIEWS = 100
"""Of one user."""


class SavedViews(Protocol):
    """The saved views of one organization."""

    def count(self, user_id: UUID) -> int:
        """Return how many a user has."""

    def save(self, view_id: UUID, user_id: UUID, page: str, name: str, query: str, *, shared: bool) -> None:
        """Keep a view; one of the same name becomes this one."""

    def delete(self, view_id: UUID, user_id: UUID | None, *, of_others: bool) -> str | None:
        """Delete a view; returns its name, or None if it is not there or not theirs."""


class SavedViewWork(Protocol):
    """One transaction in one organization."""

    @property
    def saved_views(self) -> SavedViews:
        """The views."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""


class SavedViewStore(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[SavedViewWork]:
        """Open a transaction in an organization."""


def save_view(
    store: SavedViewStore,
    org_id: UUID,
    user_id: UUID | None,
    actor: Actor,
    *,
    page: str,
    name: str,
    query: str,
    shared: bool,
) -> None:
    """Keep a list under a name; one that the user has under it becomes this one.

    Raises:
        StateError: The caller is nobody's key; the user has `MOST_VIEWS` already.
    """
    if user_id is None:
        raise StateError("A view belongs to a user.", hint="Sign in, or use a key that belongs to somebody.")
    with store.work(org_id) as work:
        if work.saved_views.count(user_id) >= MOST_VIEWS:
            raise StateError(f"You keep {MOST_VIEWS} views, and may keep no more.", hint="Delete one of them first.")
        work.saved_views.save(new_id(), user_id, page, name, query, shared=shared)
        if shared:
            work.audit.add("VIEW_SHARED", actor, "saved_view", after={"page": page, "name": name, "query": query})


def delete_view(
    store: SavedViewStore, org_id: UUID, user_id: UUID | None, view_id: UUID, actor: Actor, *, of_others: bool
) -> None:
    """Delete a view of the user's; with `of_others` also one that somebody else shares. Raises NotFoundError."""
    with store.work(org_id) as work:
        name = work.saved_views.delete(view_id, user_id, of_others=of_others)
        if name is None:
            raise NotFoundError(f"There is no view {view_id} of yours.")
        work.audit.add("VIEW_DELETED", actor, "saved_view", [view_id], before={"name": name})
