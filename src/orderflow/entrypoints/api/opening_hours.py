"""Opening hours before they are saved: what may be chosen, and what they mean for the next days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Depends
from pydantic import Field

from orderflow.domain import clock
from orderflow.domain.opening_hours.outlook import outlook
from orderflow.domain.opening_hours.public_holidays import regions
from orderflow.domain.opening_hours.written import WEEKDAYS, read_hours, time_zones
from orderflow.entrypoints.api.connector_schemas import Hours
from orderflow.entrypoints.api.deps import Caller, require
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import In, Out
from orderflow.entrypoints.api.work import Work, slow

Reader = Annotated[Caller, Depends(require(Permission.READ))]
router = ApiRouter("/opening-hours", "Connectors")


class HolidayCountry(Out):
    """A country whose public holidays are known."""

    country: str
    subdivisions: list[str]


class HoursChoices(Out):
    """What opening hours may name."""

    time_zones: list[str]
    weekdays: list[str]
    countries: list[HolidayCountry]


class HoursToPreview(In):
    """Opening hours that need not be saved."""

    opening_hours: Hours


class OpenTime(Out):
    """From one moment to another on one day, in the time zone of the hours."""

    begins_at: datetime
    ends_at: datetime


class HoursDay(Out):
    """A day there."""

    date: date
    closed_because: str | None = Field(description="What closes the whole day; a holiday by its name")
    open: list[OpenTime]


class HoursPreview(Out):
    """What the hours mean. Nothing was saved."""

    open_now: bool
    changes_at: datetime | None = Field(description="When it closes, or opens; null: not within 400 days")
    days: list[HoursDay] = Field(description="Today, and the 13 days that follow")


@router.get("/choices")
def list_hours_choices(_caller: Reader) -> HoursChoices:
    """List the time zones that hours may be given in, and the countries whose holidays are known."""
    countries = [HolidayCountry(country=name, subdivisions=parts) for name, parts in regions().items()]
    return HoursChoices(time_zones=sorted(time_zones()), weekdays=list(WEEKDAYS), countries=countries)


@router.post("/preview")
@slow(Work.TEST)
def preview_opening_hours(_caller: Reader, body: HoursToPreview) -> HoursPreview:
    """Tell what opening hours mean for the next days, or what is wrong with them. Nothing is saved."""
    now = clock.now()
    return HoursPreview.model_validate(outlook(read_hours(body.opening_hours, now), now), from_attributes=True)
