"""What is measured, in Prometheus' terms."""

from __future__ import annotations

import os
import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

import orderflow
from orderflow.domain.errors import OrderFlowError
from orderflow.domain.states import BreakerState
from orderflow.flow.ports import Batch, Settlement
from orderflow.storage.system.queues import Queue, Waits
from orderflow.storage.system.standing import Standing, WebhookStanding

log = structlog.get_logger(__name__)
_BREAKER = {BreakerState.CLOSED: 0, BreakerState.OPEN: 1, BreakerState.PAUSED: 2}
_REQUEST_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_DELIVERY_SECONDS = (0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
_LABELS = ("organization", "connector_type", "connection")


class Metrics:
    """Counts requests and pushes as they happen, and asks the database for the queues when it is asked.

    Args:
        queues: Returns every connection's queue. Raises OrderFlowError if the database is away.
        waits, standing: Return what waits for what, and how all else stands, likewise.
        troubles: Returns the codes of what the installation or a process cannot do, likewise.
        broker: Returns whether Celery's broker answers; None: there is none.
    """

    def __init__(
        self,
        queues: Callable[[], list[Queue]] | None = None,
        waits: Callable[[], Waits] = lambda: Waits({}, {}, {}),
        standing: Callable[[], Standing] = Standing,
        troubles: Callable[[], Collection[str]] = tuple,
        broker: Callable[[], bool] | None = None,
    ) -> None:
        self._own = CollectorRegistry()
        self._requests = Counter(
            "orderflow_requests", "HTTP requests", ("method", "route", "status"), registry=self._own
        )
        self._request_seconds = Histogram(
            "orderflow_request_seconds", "Time to answer", ("route",), buckets=_REQUEST_SECONDS, registry=self._own
        )
        self._of_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._pushes = Counter(
            "orderflow_pushes",
            "Attempts to deliver, by how they ended",
            ("connector_type", "outcome"),
            registry=self._own,
        )
        self._delivery_seconds = Histogram(
            "orderflow_delivery_seconds",
            "From the request to the end of the delivery",
            ("connector_type",),
            buckets=_DELIVERY_SECONDS,
            registry=self._own,
        )
        self._asking: list[Asking] = [ThisProcess()]
        if queues:
            self._asking.append(DatabaseCollector(queues, waits, standing, troubles))
        if broker:
            self._asking.append(BrokerCollector(broker))

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        kind = method if method in _METHODS else "other", route, status
        known = self._of_request.get(kind)
        if known is None:
            known = self._requests.labels(kind[0], route, str(status)), self._request_seconds.labels(route)
            self._of_request[kind] = known
        count, took = known
        count.inc()
        took.observe(seconds)

    def note_settled(self, batch: Batch, settlements: Sequence[Settlement]) -> None:
        """Count a settled batch; an observer of `Wiring`."""
        kind = batch.to.target.connector_type
        now = datetime.now(UTC)
        for settlement in settlements:
            self._pushes.labels(kind, settlement.log_status.value.lower()).inc()
            if settlement.log_status == "SUCCESS":
                waited = (now - settlement.attempt.requested_at).total_seconds()
                self._delivery_seconds.labels(kind).observe(max(0.0, waited))

    def registry(self) -> CollectorRegistry:
        """Return what is to be shown: of all processes where several serve together."""
        shown = CollectorRegistry()
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            MultiProcessCollector(shown)  # type: ignore[no-untyped-call]  # prometheus_client does not annotate it
        else:
            shown.register(_Passing(self._own))
        ProcessCollector(registry=shown)
        for collector in self._asking:
            shown.register(collector)
        return shown


_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}


class _Passing:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        return self._registry.collect()


class Asking(ABC):
    """Asks at each scrape, and not when it is registered."""

    def describe(self) -> Iterable[Metric]:
        """Return nothing: asking the database just to register would tell nobody anything."""
        return ()

    @abstractmethod
    def collect(self) -> Iterator[Metric]:
        """Return what is measured now."""


class ThisProcess(Asking):
    """Which release this process is of."""

    def collect(self) -> Iterator[Metric]:
        """Return one gauge that says so."""
        build = GaugeMetricFamily("orderflow_build_info", "Which release this is", labels=("version", "python"))
        build.add_metric((orderflow.__version__, platform.python_version()), 1)
        yield build


class BrokerCollector(Asking):
    """Asks whether Celery's broker answers."""

    def __init__(self, answers: Callable[[], bool]) -> None:
        self._answers = answers

    def collect(self) -> Iterator[Metric]:
        """Return one gauge."""
        up = GaugeMetricFamily("orderflow_broker_up", "1 if Celery's broker answered")
        up.add_metric((), int(self._answers()))
        yield up


class DatabaseCollector(Asking):
    """Asks the database: what waits, how answers and processes stand."""

    def __init__(
        self,
        queues: Callable[[], list[Queue]],
        waits: Callable[[], Waits],
        standing: Callable[[], Standing],
        troubles: Callable[[], Collection[str]],
    ) -> None:
        self._queues = queues
        self._more: dict[str, Callable[[], Iterator[Metric]]] = {
            "what waits for what": lambda: _waiting(waits()),
            "how all stands": lambda: _standing(standing()),
            "what is in trouble": lambda: _troubles(troubles()),
        }

    def collect(self) -> Iterator[Metric]:
        """Return whether the database answered, each queue and its breaker, and what else could be asked."""
        up = GaugeMetricFamily("orderflow_database_up", "1 if the database answered")
        try:
            queues = self._queues()
        except OrderFlowError:
            up.add_metric((), 0)
            yield up
            return
        up.add_metric((), 1)
        yield up
        yield from _gauges(queues)
        for what, ask in self._more.items():
            try:
                yield from ask()
            except OrderFlowError as error:  # the other gauges are those that people are woken by
                log.warning("not measured", what=what, code=error.code, error=error.message)


def _gauges(queues: list[Queue]) -> Iterator[Metric]:
    depth = GaugeMetricFamily("orderflow_queue_depth", "Exports that wait", labels=_LABELS)
    age = GaugeMetricFamily("orderflow_queue_oldest_seconds", "Age of the oldest that waits", labels=_LABELS)
    due = GaugeMetricFamily("orderflow_queue_due_seconds", "For so long one waits for workers alone", labels=_LABELS)
    unanswered = GaugeMetricFamily("orderflow_unanswered", "Delivered, without the ERP's answer", labels=_LABELS)
    breaker = GaugeMetricFamily("orderflow_breaker_state", "0 closed, 1 open, 2 paused", labels=_LABELS)
    closed = GaugeMetricFamily("orderflow_connection_closed", "1 outside of its opening hours", labels=_LABELS)
    ends = GaugeMetricFamily("orderflow_certificate_seconds", "Until its last certificate ends", labels=_LABELS)
    for queue in queues:
        labels = (queue.organization, queue.connector_type, str(queue.connection_id))
        depth.add_metric(labels, queue.depth)
        age.add_metric(labels, queue.oldest_seconds)
        due.add_metric(labels, queue.due_seconds)
        unanswered.add_metric(labels, queue.unanswered)
        breaker.add_metric(labels, _BREAKER[queue.breaker_state])
        closed.add_metric(labels, int(queue.closed))
        if queue.certificate_seconds is not None:
            ends.add_metric(labels, queue.certificate_seconds)
    return iter((depth, age, due, unanswered, breaker, closed, ends))


def _waiting(waits: Waits) -> Iterator[Metric]:
    reasons = GaugeMetricFamily("orderflow_waiting", "Orders that wait, by what for", labels=(*_LABELS, "reason"))
    rules = GaugeMetricFamily("orderflow_route_queue_depth", "Exports that wait", labels=("organization", "rule"))
    jobs = GaugeMetricFamily("orderflow_bulk_jobs", "Bulk jobs that are running", labels=("organization",))
    left = GaugeMetricFamily("orderflow_bulk_orders_left", "Orders left of bulk jobs", labels=("organization",))
    for labels, orders in waits.reasons.items():
        reasons.add_metric(labels, orders)
    for names, depth in waits.rules.items():
        rules.add_metric(names, depth)
    for organization, (running, orders) in waits.jobs.items():
        jobs.add_metric((organization,), running)
        left.add_metric((organization,), orders)
    return iter((reasons, rules, jobs, left))


def _standing(standing: Standing) -> Iterator[Metric]:
    orders = GaugeMetricFamily("orderflow_orders", "Orders that have not ended", labels=("organization", "status"))
    for names, count in standing.orders.items():
        orders.add_metric(names, count)
    oldest = GaugeMetricFamily("orderflow_unanswered_oldest_seconds", "Since the oldest one", labels=_LABELS)
    failing = GaugeMetricFamily("orderflow_polls_failing_seconds", "Answers cannot be looked for", labels=_LABELS)
    unreadable = GaugeMetricFamily("orderflow_answers_unreadable", "Answers that cannot be read", labels=_LABELS)
    overdue = GaugeMetricFamily("orderflow_answers_overdue", "Deliveries not answered in time", labels=_LABELS)
    held = GaugeMetricFamily("orderflow_held", "Deliveries in doubt that wait for a person", labels=_LABELS)
    for answers in standing.answers:
        labels = (answers.organization, answers.connector_type, str(answers.connection_id))
        oldest.add_metric(labels, answers.unanswered_seconds)
        failing.add_metric(labels, answers.failing_seconds)
        unreadable.add_metric(labels, answers.unreadable)
        overdue.add_metric(labels, answers.overdue)
        held.add_metric(labels, answers.held)
    alive = GaugeMetricFamily("orderflow_processes", "Processes at work", labels=("kind",))
    seen = GaugeMetricFamily("orderflow_process_seen_seconds", "Since the last sign of life", labels=("kind",))
    for kind, (count, seconds) in standing.processes.items():
        alive.add_metric((kind,), count)
        seen.add_metric((kind,), seconds)
    outbox = GaugeMetricFamily("orderflow_notifications_waiting", "Notifications that wait to be told")
    outbox.add_metric((), standing.outbox)
    yield from (orders, oldest, failing, unreadable, overdue, held, alive, seen, outbox)
    yield from _webhooks(standing.webhooks)
    yield from _events(standing.events)


def _webhooks(webhooks: Collection[WebhookStanding]) -> Iterator[Metric]:
    labels = ("organization", "webhook")
    waiting = GaugeMetricFamily("orderflow_webhook_events_waiting", "Events that it has not taken", labels=labels)
    oldest = GaugeMetricFamily("orderflow_webhook_oldest_seconds", "Age of the oldest of them", labels=labels)
    failing = GaugeMetricFamily("orderflow_webhook_failing_seconds", "It has taken nothing for so long", labels=labels)
    disabled = GaugeMetricFamily("orderflow_webhook_disabled", "1 if nothing is sent to it", labels=labels)
    missed = GaugeMetricFamily("orderflow_webhook_events_missed", "Deleted before they were sent", labels=labels)
    for webhook in webhooks:
        names = (webhook.organization, str(webhook.id))
        waiting.add_metric(names, webhook.waiting)
        oldest.add_metric(names, webhook.oldest_seconds)
        failing.add_metric(names, webhook.failing_seconds)
        disabled.add_metric(names, int(webhook.disabled))
        missed.add_metric(names, webhook.missed)
    return iter((waiting, oldest, failing, disabled, missed))


def _events(events: Mapping[str, tuple[int, int]]) -> Iterator[Metric]:
    last = GaugeMetricFamily("orderflow_events_last", "The last event's number", labels=("organization",))
    pruned = GaugeMetricFamily("orderflow_events_pruned", "The last that is kept no longer", labels=("organization",))
    for organization, (number, gone) in events.items():
        last.add_metric((organization,), number)
        pruned.add_metric((organization,), gone)
    return iter((last, pruned))


def _troubles(codes: Collection[str]) -> Iterator[Metric]:
    troubles = GaugeMetricFamily("orderflow_trouble", "1 for each thing that stands still", labels=("code",))
    for code in sorted(codes):
        troubles.add_metric((code,), 1)
    yield troubles
