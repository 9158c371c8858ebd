"""Traces, for those who collect them: from the request that asked for a push to its settling, in one trace.

Installed with `pip install orderflow-connect[otel]` and switched on by the standard variables of OpenTelemetry, as
`OTEL_EXPORTER_OTLP_ENDPOINT`. FastAPI makes the span of the request; it is kept with the export, as W3C Trace Context
writes it, and whichever worker settles the export adds the spans `claim`, `deliver` and `settle` below it; for a file
that is staged and renamed, `stage` and `rename` show which part of `deliver` was which.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import structlog

from orderflow.flow.ports import Attempt, Batch, Settlement, Wiring

log = structlog.get_logger(__name__)
_SWITCHES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@cache
def configure_tracing() -> None:
    """Send traces where OpenTelemetry's variables say, once; do nothing if they say nothing."""
    if not any(os.environ.get(name) for name in _SWITCHES):
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("no traces are sent", hint="pip install 'orderflow-connect[otel]'")
        return
    provider = TracerProvider(resource=Resource.create({"service.name": "orderflow"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def makes_traces() -> bool:
    """Return whether this process makes traces."""
    try:
        from opentelemetry import trace
    except ImportError:
        return False
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def current_traceparent() -> str | None:
    """Return the present span as W3C Trace Context writes it; None if nothing is traced."""
    try:
        from opentelemetry.trace import get_current_span
    except ImportError:
        return None
    context = get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def trace_deliveries(wiring: Wiring) -> None:
    """Add the spans of every settled attempt to the trace of its request."""
    wiring.observers.append(_trace)


def _trace(batch: Batch, settlements: Sequence[Settlement]) -> None:
    began = batch.delivering_since
    for settlement in settlements:
        attempt = settlement.attempt
        if attempt.traceparent and began:
            published = batch.publishing_since or began
            delivered = max(published, began + timedelta(milliseconds=attempt.latency_ms))
            attributes = _attributes(attempt, batch, settlement)
            _span(attempt.traceparent, "claim", batch.claimed_at, began, attributes)
            _span(attempt.traceparent, "deliver", began, delivered, attributes)
            if attempt.order.delivery.staged_path:
                _span(attempt.traceparent, "stage", began, published, attributes)
                _span(attempt.traceparent, "rename", published, delivered, attributes)
            _span(attempt.traceparent, "settle", delivered, datetime.now(UTC), attributes)


def _attributes(attempt: Attempt, batch: Batch, settlement: Settlement) -> dict[str, str | int]:
    return {
        "orderflow.draft_order_id": str(attempt.order.id),
        "orderflow.export_id": str(attempt.export_id),
        "orderflow.connector_type": batch.to.target.connector_type,
        "orderflow.attempt_no": attempt.order.delivery.attempt_no,
        "orderflow.outcome": settlement.log_status.value,
    }


def _span(traceparent: str, name: str, start: datetime, end: datetime, attributes: dict[str, Any]) -> None:
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
    tracer = trace.get_tracer("orderflow")
    span = tracer.start_span(name, parent, start_time=_nanoseconds(start), attributes=attributes)
    span.end(_nanoseconds(end))


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1e9)
