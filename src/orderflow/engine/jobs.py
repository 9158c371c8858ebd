"""What an engine does, once for both engines: a new job is a line in `JOBS`.

A job at places (connections, bulk jobs, webhooks) looks for those that have something to do and takes a step at each;
any other job is one step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import structlog

from orderflow.bootstrap import App
from orderflow.domain.errors import OrderFlowError
from orderflow.domain.frames import frames_of
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.flow.delivery.give_up import AT_ONCE, give_up
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.order.bulk import go_on
from orderflow.flow.setup.opening_hours import keep_up
from orderflow.flow.setup.probe import probe
from orderflow.settings import Settings
from orderflow.storage.system.due import Place
from orderflow.storage.work.tallies import tally

R = TypeVar("R")
log = structlog.get_logger(__name__)
Stopped = Callable[[], bool]
More = Callable[[], object]
"""Called as soon as a turn knows that there is more than it took, so that others may take it."""

TURN_SECONDS = 60.0
"""A turn at what may be long takes so long at most, so that it ends within what a worker is given to stop."""

TALLY_SECONDS = 60.0
"""Between looks for what is to be counted of organizations that have very many deliveries."""

CATCH_UP_SECONDS = 3600.0
"""Between looks for orders from before there were revisions; a process that has seen all looks at none."""


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of work.

    Attributes:
        name: In logs, and after `orderflow.` as the name of Celery's task, which stays as it is for ever: releases
            work beside each other while one replaces the other.
        due: Returns the places that have something to do; None: it is not about places.
        step: One turn, at a place or as a whole; True if more is likely to be there.
        every: Seconds between looks for what is due, and 0: never; None: at every sweep.
        lanes: Turns at a time for one place in one process.
        delivers: It has threads of its own, so that no other kind of work can hold orders up; and its step says when
            there is `More`.
        tells: Likewise, so that it can hold nothing else up.
    """

    name: str
    due: Callable[[App], Iterable[Place]] | None
    step: Callable[..., bool]
    every: Callable[[Settings], float] | None = None
    lanes: Callable[[Settings], int] = lambda _: 1
    delivers: bool = False
    tells: bool = False


def _deliver(app: App, place: Place, _stopped: Stopped, more: More) -> bool:
    return push_batch(app.wiring, *place, more) == app.wiring.batch_size


def _probe(app: App, place: Place, _stopped: Stopped) -> bool:
    probe(app.wiring, *place)
    return False


def _poll(app: App, place: Place, _stopped: Stopped) -> bool:
    poll_acks(app.wiring, *place)
    return False


def _read_arrived(app: App, place: Place, _stopped: Stopped) -> bool:
    return read_arrived(app.wiring, *place)


def _give_up(app: App, place: Place, _stopped: Stopped) -> bool:
    return give_up(app.store, *place) == AT_ONCE


def _clean_up(app: App, place: Place, _stopped: Stopped) -> bool:
    app.clean_up(*place)
    return False


def _tell(app: App, place: Place, stopped: Stopped) -> bool:
    return app.tell(*place, stopped)


def _notices(app: App, place: Place, stopped: Stopped) -> bool:
    app.tell_people(place[0], stopped)
    return False


def _bulk(app: App, place: Place, _stopped: Stopped) -> bool:
    return go_on(app.store, *place)


def _keep_hours(app: App, place: Place, _stopped: Stopped) -> bool:
    keep_up(app.store, *place)
    return False


def _tally(app: App, place: Place, _stopped: Stopped) -> bool:
    with app.store.work(place[0]) as work:
        return tally(work.connection, place[0])


def _route(app: App, _stopped: Stopped) -> bool:
    return app.route()


def _keep_up(app: App, _stopped: Stopped) -> bool:
    app.upkeep()
    return False


def _prune(app: App, stopped: Stopped) -> bool:
    ends = time.monotonic() + TURN_SECONDS
    with closing(app.prune()) as batches:
        for _ in batches:
            if stopped() or time.monotonic() > ends:
                return not stopped()
    return False


def _keep_revisions(app: App, stopped: Stopped) -> bool:
    ends = time.monotonic() + TURN_SECONDS
    while app.older_orders.step():
        if stopped() or time.monotonic() > ends:
            return not stopped()
    return False


DELIVER = Job(
    "deliver",
    lambda app: app.system.due_deliveries(),
    _deliver,
    lanes=lambda settings: settings.lanes_per_connection,
    delivers=True,
)
JOBS = (
    DELIVER,
    Job("probe", lambda app: app.system.due_probes(), _probe),
    Job("give_up", lambda app: app.system.outages(), _give_up),
    Job("poll_acks", lambda app: app.system.due_polls(), _poll),
    Job("read_arrived", lambda app: app.system.due_inbound(), _read_arrived),
    Job("bulk", lambda app: app.system.bulk_jobs(), _bulk),
    Job("tell", lambda app: app.system.due_webhooks(), _tell, tells=True),
    Job("notices", lambda app: app.system.due_notices(), _notices, tells=True),
    Job("opening_hours", lambda app: app.system.due_hours(), _keep_hours),
    Job("route", None, _route),
    Job("upkeep", None, _keep_up),
    Job("tally", lambda app: app.system.due_tallies(), _tally, every=lambda _: TALLY_SECONDS),
    Job("clean_up", lambda app: app.system.cleanable(), _clean_up, every=lambda settings: settings.cleanup_seconds),
    Job("keep_revisions", None, _keep_revisions, every=lambda _: CATCH_UP_SECONDS),
    Job("prune", None, _prune, every=lambda settings: settings.prune_seconds),
)


def _nobody() -> None:
    """Nobody else takes what is left."""


def take_turn(job: Job, app: App, stopped: Stopped, key: Place | str, more: More = _nobody) -> bool:
    """Take one step of a job, at a place if it is about places; True if more is likely to be there."""
    where = () if job.due is None else (key,)
    further = (more,) if job.delivers else ()
    return bool(guarded(job.name, job.step, app, *where, stopped, *further, place=key if where else None))


def guarded(what: str, step: Callable[..., R], *arguments: object, place: object = None) -> R | None:
    """Run a step; whatever goes wrong in it is logged, and the next sweep tries again."""
    try:
        return step(*arguments)
    except OrderFlowError as error:
        log.warning("step failed", step=what, code=error.code, error=error.message, place=place)
    except Exception as error:  # noqa: BLE001  # the engine outlives any fault of one step
        log.error(  # noqa: TRY400  # a traceback shows the message, which may hold a secret
            "step failed", step=what, place=place, error=type(error).__name__, frames=frames_of(error)
        )
    return None
