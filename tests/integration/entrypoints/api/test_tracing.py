"""One trace from the request to the delivery, whoever delivers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.entrypoints.api import create_app
from orderflow.flow.delivery.push_batch import push_batch

ORDER = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": "Muster GmbH"},
    "lines": [{"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M", "unit_price": 1.23}],
}


STEPS = {"claim", "deliver", "stage", "rename", "settle"}
CLOCK_TICK = 20_000_000
"""Nanoseconds: a file system's clock goes in steps (CONFIG_HZ=100: 10 ms) and lags behind."""


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


def test_one_trace_leads_from_the_push_to_the_rename(spans: Any, app: App, acme: Any, serving: Any, tmp_path: Path):
    config = {"mode": "filesystem", "export_path": str(tmp_path)}
    connection = acme.call("POST", "/connectors/dropzone-json-v1", json={"config": config})
    assert connection.status_code == 201, connection.text
    order_id = acme.call("POST", "/draft-orders", json=ORDER).json()["id"]
    assert acme.call("POST", f"/draft-orders/{order_id}/approve").status_code == 200
    with serving(create_app(app, engine=False)) as url, Client(base_url=url) as client:
        headers = {"Authorization": f"Bearer {acme.keys[Role.OPS]}"}
        pushed = client.post(f"/api/v1/draft-orders/{order_id}/push", headers=headers)
    assert pushed.status_code == 202, pushed.text
    assert not STEPS & {span.name for span in spans.get_finished_spans()}

    push_batch(app.wiring, acme.org_id, app.system.due_deliveries()[0][1])

    found = {span.name: span for span in spans.get_finished_spans()}
    request = next(span for name, span in found.items() if name.startswith("POST") and name.endswith("/push"))
    for name in STEPS:
        assert found[name].context.trace_id == request.context.trace_id
        assert found[name].parent.span_id is not None
        assert found[name].attributes["orderflow.draft_order_id"] == order_id
    starts = [found[name].start_time for name in ("claim", "deliver", "rename", "settle")]
    assert starts == sorted(starts)
    assert found["stage"].end_time == found["rename"].start_time
    (delivered,) = tmp_path.glob("*.json")
    assert found["rename"].start_time <= delivered.stat().st_ctime_ns + CLOCK_TICK
