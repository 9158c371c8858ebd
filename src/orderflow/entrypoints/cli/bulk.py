"""How a command does something to many orders: as a bulk job, which it begins, works at itself, and watches."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from orderflow.domain.bulk import UNSENT, BulkAction, BulkOutcome
from orderflow.domain.errors import InputError, OrderFlowError, StateError
from orderflow.domain.ids import new_id
from orderflow.entrypoints.cli.output import err, progress
from orderflow.entrypoints.cli.workplace import Workplace, caller
from orderflow.flow.order.bulk import PATIENCE, begin, go_on
from orderflow.flow.ports import BulkJob, BulkProgress

if TYPE_CHECKING:
    from orderflow.storage.views.chosen import Chosen
    from orderflow.storage.views.problem import Problem

WENT = (BulkOutcome.DONE, BulkOutcome.WAITING)
Refused = list[tuple[object, OrderFlowError]]
MOST_TOLD = 10_000
"""Orders whose refusal a command tells one by one."""


class Done(NamedTuple):
    """What came of many orders."""

    job_id: UUID
    progress: BulkProgress
    refused: Refused

    @property
    def went(self) -> int:
        """How many it was done to, or will be by itself."""
        return sum(self.progress.counts.get(outcome, 0) for outcome in WENT)


def named_or_found(
    place: Workplace, action: BulkAction, orders: Sequence[str] | None, given: Mapping[str, str | bool | None]
) -> Chosen:
    """Return the orders named, or all that the options find among those that may be fit for the action.

    Args:
        given: The options for all orders or for some, and what was given for each.

    Raises:
        InputError: Neither or both were asked for.
        NotFoundError, StateError: There is no such order, or several.
    """
    from orderflow.storage.views.chosen import Chosen  # with it comes SQLAlchemy, too slow for `--help`
    from orderflow.storage.views.orders import OrderFilter

    options = {name: value for name, value in given.items() if value}
    if bool(orders) == bool(options):
        raise InputError(f"Name orders, or give {' or '.join(given)}; one of the two.", hint="See --help.")
    if orders:
        return Chosen(ids=place.order_ids(list(orders)))
    text = {name: str(value) for name, value in options.items() if value is not True}
    at = place.connection_id(text["--at"]) if "--at" in text else None
    found = OrderFilter(
        action.starts,
        text.get("--search"),
        created_from=_since(text["--since"]) if "--since" in text else None,
        error_code=text.get("--error-code"),
        connection_id=at,
        route=text.get("--route"),
        on_its_way_or_sent=action is BulkAction.RECALL,
    )
    return Chosen(orders=replace(found, asked_for=True if action in UNSENT else None))


def _since(written: str) -> datetime:
    """Return a moment: with a zone, or by the clock of this machine; a time alone is today's."""
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}", written, re.ASCII):
            hour, minute = map(int, written.split(":"))
            return datetime.now().astimezone().replace(hour=hour, minute=minute, second=0, microsecond=0)
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise InputError(
            f"--since {written!r} is no time.", hint="Write it as 10:00, which is today's, or 2026-12-01T08:00+01:00."
        ) from None
    return moment.astimezone()


def do_to(place: Workplace, job: BulkJob, chosen: Chosen, what: str, *, hidden: bool = False) -> Done:
    """Do something to many orders under a progress bar, and return what came of it.

    Args:
        what: What is done, for the bar: `Pushing`.
        hidden: Show no bar.

    Raises:
        OrderFlowError: As `orderflow.flow.order.bulk.begin`; the database went away, and the job goes on by itself.
    """
    with place.app.store.work(place.org_id) as work:
        total = begin(work, job, lambda: work.bulk_jobs.choose_found(job.id, chosen.found(work.view)))
    ended = watch(place, job.id, what, total, hidden=hidden)
    return Done(job.id, ended, _refused(place, job.id))


def do_to_named(place: Workplace, job: BulkJob, order_ids: Sequence[UUID], what: str, *, hidden: bool = False) -> Done:
    """Do it to the orders named; all else as for `do_to`."""
    from orderflow.storage.views.chosen import Chosen  # with it comes SQLAlchemy, too slow for `--help`

    return do_to(place, job, Chosen(ids=order_ids), what, hidden=hidden)


def new_job(action: BulkAction, **asked: Any) -> BulkJob:
    """Return a job of whoever types; `asked` is what the action needs beside, as of `BulkJob`."""
    return BulkJob(new_id(), action, caller(), **asked)


def watch(place: Workplace, job_id: UUID, what: str, total: int, *, hidden: bool) -> BulkProgress:
    """Work at a job, beside any engine, until it has ended."""
    try:
        with progress(what, total, hidden=hidden or total < 2) as bar:
            return _until_ended(place, job_id, lambda done: bar.update(bar.task_ids[0], completed=done))
    except KeyboardInterrupt:
        err().print(f"It goes on in the engine. See: orderflow jobs show {job_id}; or: orderflow jobs cancel {job_id}")
        raise


def _until_ended(place: Workplace, job_id: UUID, tell: Callable[[int], object]) -> BulkProgress:
    while True:
        more = go_on(place.app.store, place.org_id, job_id)
        with place.app.store.work(place.org_id) as work:
            now = work.bulk_jobs.progress(job_id)
        tell(now.total - now.left)
        if not now.is_running:
            return now
        if not more:  # a worker is at it
            time.sleep(PATIENCE)


def _refused(place: Workplace, job_id: UUID) -> Refused:
    with place.reading() as reading:
        found = reading.refused(job_id, MOST_TOLD)
    return [(one.order_id, _error(one.error)) for one in found if one.error]


def _error(problem: Problem) -> OrderFlowError:
    kind = OrderFlowError if problem.code == "INTERNAL_ERROR" else StateError
    return kind(problem.message, code=problem.code, hint=problem.hint, details=problem.details)
