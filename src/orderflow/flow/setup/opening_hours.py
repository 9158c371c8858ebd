"""When a connection is open: said by a person, worked out when it is saved, and again as each open time ends.

Of the calendar only two moments are kept, when it opens next and when that ends. Whatever asks whether something may be
sent compares these with the clock, so that it is closed to the second, also while nobody works them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.opening_hours.hours import Period
from orderflow.domain.opening_hours.written import as_written, read_hours
from orderflow.flow.ports import Store, Work

OPTION = "opening_hours"
ALWAYS = Period(None, None)


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
    period = ALWAYS if given is None else read_hours(given).period(now)
    work.connections.note_open(connection_id, period)


def keep_up(store: Store, org_id: UUID, connection_id: UUID) -> None:
    """Work it out anew, since an open time has ended, or holidays may have changed. Raises as `work_out`."""
    with store.work(org_id) as work:
        work_out(work, connection_id)
