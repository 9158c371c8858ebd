"""Where traces are sent is configured once, however often a process starts its work."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import Mock

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace import export

from orderflow.engine.tracing import configure_tracing


@pytest.fixture(autouse=True)
def not_configured() -> Iterator[None]:
    configure_tracing.cache_clear()
    yield
    configure_tracing.cache_clear()


def test_traces_are_sent_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    sending, provider = Mock(), Mock()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example:4318")
    monkeypatch.setattr(trace, "set_tracer_provider", provider)
    monkeypatch.setattr(trace_exporter, "OTLPSpanExporter", Mock())
    monkeypatch.setattr(sdk, "TracerProvider", Mock())
    monkeypatch.setattr(export, "BatchSpanProcessor", sending)
    for _ in range(3):
        configure_tracing()
    assert sending.call_count == provider.call_count == 1
