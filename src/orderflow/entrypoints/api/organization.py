"""The caller's organization, and the switch that pauses its deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field, field_validator

from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.rendering import Rendering
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import VERSION, In, Moment, Name, Out, Stored
from orderflow.entrypoints.api.versions import CONDITIONAL, editing, note_version
from orderflow.flow.people.organization import change_organization, pause_deliveries, resume_deliveries
from orderflow.storage.records import as_json
from orderflow.storage.store import SqlStore

router = ApiRouter("/organization", "Organization")
LARGEST_SETTINGS = 65_536
"""Characters of JSON."""


class OrganizationView(Out):
    """An organization."""

    id: UUID
    slug: str
    name: str
    settings: Stored = Field(description="For the page and for your own programs; OrderFlow reads none of it")
    deliveries_paused: bool = Field(description="Nothing is delivered now; orders wait")
    deliveries_paused_at: datetime | None
    deliveries_paused_until: datetime | None = Field(description="null: until they are resumed")
    second_factor_required: bool = Field(description="Users may do nothing before they have set up a second factor")
    created_at: datetime
    version: int = VERSION


class OrganizationChange(In):
    """What is left out stays."""

    name: Name | None = None
    settings: Annotated[dict[str, Any] | None, Field(examples=[{"locale": "de"}])] = None

    second_factor_required: Annotated[
        bool | None, Field(strict=True, description="Users may do nothing before they have set up a second factor")
    ] = None

    @field_validator("settings")
    @classmethod
    def _small(cls, settings: dict[str, Any] | None) -> dict[str, Any] | None:
        if settings is not None and len(as_json(settings)) > LARGEST_SETTINGS:
            raise ValueError(f"must be at most {LARGEST_SETTINGS} characters of JSON")
        return settings


class Pause(In):
    """A maintenance window."""

    until: Moment | None = Field(None, description="null: until they are resumed")


@router.get("")
def get_organization(
    request: Request, caller: Annotated[Caller, Depends(require(Permission.READ))]
) -> OrganizationView:
    """Return the caller's organization."""
    return _view(request, _stored(request, caller))


@router.patch("", responses=answers(409), openapi_extra=CONDITIONAL)
def update_organization(
    request: Request, caller: Annotated[Caller, Depends(require(Permission.ORG_MANAGE))], body: OrganizationChange
) -> OrganizationView:
    """Change name or settings, or require a second factor of all users. API keys need none."""
    with _editing(request, caller) as (store, answer):
        change_organization(store, caller.org_id, caller.actor, body.name, body.settings, body.second_factor_required)
    request.app.state.authenticator.forget()
    return answer.made


@router.post("/pause", responses=answers(409), openapi_extra=CONDITIONAL)
def pause_organization(
    request: Request,
    caller: Annotated[Caller, Depends(require(Permission.DELIVERIES_PAUSE))],
    body: Pause | None = None,
) -> OrganizationView:
    """Begin no further delivery: a maintenance window of the ERP. Orders can still be pushed; they wait."""
    until = body.until if body else None
    with _editing(request, caller) as (store, answer):
        pause_deliveries(store, caller.org_id, caller.actor, until)
    return answer.made


@router.post("/resume", responses=answers(409), openapi_extra=CONDITIONAL)
def resume_organization(
    request: Request, caller: Annotated[Caller, Depends(require(Permission.DELIVERIES_PAUSE))]
) -> OrganizationView:
    """Deliver again; what waited goes out at once."""
    with _editing(request, caller) as (store, answer):
        resume_deliveries(store, caller.org_id, caller.actor)
    return answer.made


@contextmanager
def _editing(request: Request, caller: Caller) -> Iterator[tuple[SqlStore, Rendering[OrganizationView]]]:
    def current() -> dict[str, Any]:
        return OrganizationView.model_validate(_stored(request, caller)).model_dump(mode="json")

    answer = Rendering(request, lambda work: _view(request, work.organization.get()))
    with editing(request, app_of(request).store, lambda work: work.organization.version(), current) as store:
        yield answer.within(store), answer


def _stored(request: Request, caller: Caller) -> dict[str, Any]:
    with app_of(request).store.work(caller.org_id) as work:
        return work.organization.get()


def _view(request: Request, row: dict[str, Any]) -> OrganizationView:
    note_version(request, row["version"])
    return OrganizationView.model_validate(row)
