"""When a connection is open: said by a person, worked out when it is saved, and again as each open time ends.

Of the calendar two moments are kept, when it opens next and when that ends, and when it was open lately, by which is
told whose answer is late. Whatever asks whether something may be sent compares the two with the clock, so that it is
closed to the second, also while nobody works them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.opening_hours.hours import Period
from orderflow.domain.opening_hours.written import as_written, read_hours
from orderflow.flow.ports import Store, Work

OPTION = "opening_hours"
ALWAYS = Period(None, None)
LATELY = timedelta(days=35)
"""Of so long the open times are kept: within so many days of them an answer may be expected."""


def with_checked_hours(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a connection, the hours among them as they are stored.

    Raises:
        InputError: Something is wrong with the hours; `details.fields` names each place.
    """
    given = options.get(OPTION)
    if given is None:
        return dict(options)
    return {**options, OPTION: as_written(read_hours(given, clock.now()))}


def work_out(work: Work, connection_id: UUID) -> None:
    """Note when a connection is open now or next, by the clock that decides. Raises NotFoundError, InputError."""
    given, now = work.connections.opening_hours(connection_id)
    if given is None:
        work.connections.note_open(connection_id, ALWAYS)
        return
    hours = read_hours(given)
    period = hours.period(now)
    work.connections.note_open(connection_id, period, hours.open_times(now - LATELY, period.closes_at))


def keep_up(store: Store, org_id: UUID, connection_id: UUID) -> None:
    """Work it out anew, since an open time has ended, or holidays may have changed. Raises as `work_out`."""
    with store.work(org_id) as work:
        work_out(work, connection_id)
