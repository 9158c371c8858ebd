"""What is measured, in Prometheus' terms."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from orderflow.domain.errors import OrderFlowError
from orderflow.domain.states import BreakerState
from orderflow.flow.ports import Batch, Settlement
from orderflow.storage.system.queues import Queue, Waits

log = structlog.get_logger(__name__)
_BREAKER = {BreakerState.CLOSED: 0, BreakerState.OPEN: 1, BreakerState.PAUSED: 2}
_REQUEST_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_DELIVERY_SECONDS = (0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
_LABELS = ("organization", "connector_type", "connection")


class Metrics:
    """Counts requests and pushes as they happen, and asks the database for the queues when it is asked.

    Args:
        queues: Returns every connection's queue. Raises OrderFlowError if the database is away.
        waits: Returns what waits for what, likewise.
    """

    def __init__(
        self,
        queues: Callable[[], list[Queue]] | None = None,
        waits: Callable[[], Waits] = lambda: Waits({}, {}, {}),
    ) -> None:
        self._own = CollectorRegistry()
        self._requests = Counter(
            "orderflow_requests", "HTTP requests", ("method", "route", "status"), registry=self._own
        )
        self._request_seconds = Histogram(
            "orderflow_request_seconds", "Time to answer", ("route",), buckets=_REQUEST_SECONDS, registry=self._own
        )
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
        self._queues = QueueCollector(queues, waits) if queues else None

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

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
        if self._queues:
            shown.register(self._queues)
        return shown


_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}


class _Passing:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        return self._registry.collect()


class QueueCollector:
    """Asks the database at each scrape."""

    def __init__(self, queues: Callable[[], list[Queue]], waits: Callable[[], Waits]) -> None:
        self._queues, self._waits = queues, waits

    def describe(self) -> Iterable[Metric]:
        """Return nothing: asking the database just to register would tell nobody anything."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Return depth and age of every connection's queue, its breaker, and whether the database answered."""
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
        try:
            yield from _waiting(self._waits())
        except OrderFlowError as error:  # the other gauges are those that people are woken by
            log.warning("what waits for what was not counted", code=error.code, error=error.message)


def _gauges(queues: list[Queue]) -> Iterator[Metric]:
    depth = GaugeMetricFamily("orderflow_queue_depth", "Exports that wait", labels=_LABELS)
    age = GaugeMetricFamily("orderflow_queue_oldest_seconds", "Age of the oldest that waits", labels=_LABELS)
    unanswered = GaugeMetricFamily("orderflow_unanswered", "Delivered, without the ERP's answer", labels=_LABELS)
    breaker = GaugeMetricFamily("orderflow_breaker_state", "0 closed, 1 open, 2 paused", labels=_LABELS)
    closed = GaugeMetricFamily("orderflow_connection_closed", "1 outside of its opening hours", labels=_LABELS)
    ends = GaugeMetricFamily("orderflow_certificate_seconds", "Until its last certificate ends", labels=_LABELS)
    for queue in queues:
        labels = (queue.organization, queue.connector_type, str(queue.connection_id))
        depth.add_metric(labels, queue.depth)
        age.add_metric(labels, queue.oldest_seconds)
        unanswered.add_metric(labels, queue.unanswered)
        breaker.add_metric(labels, _BREAKER[queue.breaker_state])
        closed.add_metric(labels, int(queue.closed))
        if queue.certificate_seconds is not None:
            ends.add_metric(labels, queue.certificate_seconds)
    return iter((depth, age, unanswered, breaker, closed, ends))


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
