"""A maintenance window of the ERP: nothing is delivered, everything waits."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.errors import InputError
from orderflow.flow.ports import Actor, Audit


class Organization(Protocol):
    """One organization."""

    def get(self) -> dict[str, Any]:
        """Return and lock its row."""

    def change(
        self, name: str | None, settings: dict[str, Any] | None, second_factor_required: bool | None = None
    ) -> None:
        """Change what is given."""

    def pause(self, until: datetime | None) -> None:
        """Deliver nothing from now on, or until then."""

    def resume(self) -> None:
        """Deliver again."""

    def active_connections(self) -> list[UUID]:
        """Return the ids of the connections that deliver."""


class OrganizationWork(Protocol):
    """One transaction in one organization."""

    @property
    def organization(self) -> Organization:
        """Its row."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""


class OrganizationStore(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[OrganizationWork]:
        """Open a transaction in an organization."""

    def wake(self, org_id: UUID, connection_id: UUID) -> None:
        """Tell workers to look at this connection."""


def pause_deliveries(
    store: OrganizationStore, org_id: UUID, actor: Actor, until: datetime | None = None
) -> dict[str, Any]:
    """Begin no further delivery of this organization, until then or until `resume_deliveries`.

    Raises:
        InputError: `until` has passed already.
    """
    if until is not None and until <= datetime.now(UTC):
        fields = [{"field": "until", "message": "must be in the future"}]
        raise InputError("A pause cannot end in the past.", details={"fields": fields})
    with store.work(org_id) as work:
        before = work.organization.get()
        work.organization.pause(until)
        after = work.organization.get()
        work.audit.add("DELIVERIES_PAUSED", actor, "organization", [org_id], _pause(before), _pause(after))
    return after


def resume_deliveries(store: OrganizationStore, org_id: UUID, actor: Actor) -> dict[str, Any]:
    """Deliver again, at once."""
    with store.work(org_id) as work:
        before = work.organization.get()
        work.organization.resume()
        after = work.organization.get()
        work.audit.add("DELIVERIES_RESUMED", actor, "organization", [org_id], _pause(before), _pause(after))
        connections = work.organization.active_connections()
    for connection_id in connections:
        store.wake(org_id, connection_id)
    return after


def _pause(row: dict[str, Any]) -> dict[str, Any]:
    return {"deliveries_paused": row["deliveries_paused"], "until": row["deliveries_paused_until"]}


def change_organization(
    store: OrganizationStore,
    org_id: UUID,
    actor: Actor,
    name: str | None,
    settings: dict[str, Any] | None,
    second_factor_required: bool | None = None,
) -> dict[str, Any]:
    """Change the organization's name or settings, or whether users need a second factor; what is None stays."""
    with store.work(org_id) as work:
        before = work.organization.get()
        work.organization.change(name, settings, second_factor_required)
        after = work.organization.get()
        shown = ("name", "settings", "second_factor_required")
        was, now = ({key: row[key] for key in shown} for row in (before, after))
        work.audit.add("ORGANIZATION_CHANGED", actor, "organization", [org_id], was, now)
    return after
