"""The way of an order by commands alone, as a person types them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import Any
from uuid import uuid4

import httpx
import jsonschema
import pytest

from orderflow.domain.document import export_schema
from tests.acceptance.brokers import free_port

GOOD = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": "Müller & Söhne"},
    "lines": [{"line_no": 1, "internal_sku": "INT-9", "qty": 10.125, "uom": "M", "unit_price": 1.23}],
}


def lines_of(*orders: Any) -> str:
    return "\n".join(order if isinstance(order, str) else json.dumps(order) for order in orders) + "\n"


@pytest.fixture
def acme(orderflow, tmp_path):
    """A command line for an organization of its own, with a dropzone in a folder."""
    slug = f"acme-{uuid4().hex[:12]}"
    orderflow("org", "create", slug, "--name", "Acme")
    orderflow.environment["ORDERFLOW_ORG"] = slug
    for folder in ("out", "answers"):
        (tmp_path / folder).mkdir()
    config = {"mode": "filesystem", "export_path": str(tmp_path / "out"), "ack_path": str(tmp_path / "answers")}
    (tmp_path / "dropzone.json").write_text(json.dumps(config))
    return orderflow


def test_keys_are_rotated_and_an_old_key_opens_nothing_more(own_orderflow):
    orderflow = own_orderflow
    old, new = orderflow("keys", "generate").stdout.strip(), orderflow("keys", "generate").stdout.strip()
    orderflow.environment |= {"ORDERFLOW_ORG": "acme", "ENCRYPTION_MASTER_KEY": old}
    orderflow("org", "create", "acme", "--name", "Acme")
    orderflow("connections", "add", "MOCK", "--set", "mode=success")
    orderflow.environment |= {"ENCRYPTION_MASTER_KEY": new, "ENCRYPTION_PREVIOUS_KEYS": old}
    rotated = orderflow.json("keys", "rotate")
    assert (rotated["sealed"], rotated["unreadable"]) == (1, [])
    del orderflow.environment["ENCRYPTION_PREVIOUS_KEYS"]
    assert json.loads(orderflow("decrypt-connector-config", "MOCK").stdout)["mode"] == "success"
    orderflow.environment["ENCRYPTION_MASTER_KEY"] = old
    assert "KEY_MISMATCH" in orderflow("decrypt-connector-config", "MOCK", exits=1).stderr


def test_an_order_goes_from_a_file_to_confirmed(acme, tmp_path):
    added = acme.json("connections", "add", "DROPZONE_JSON_V1", "--config", tmp_path / "dropzone.json", "--name", "SAP")
    assert added["test"]["success"]

    file = tmp_path / "orders.jsonl"
    file.write_text(lines_of(GOOD, "not json", {**GOOD, "external_order_number": "PO-2", "lines": []}, {"price": 1}))
    report = acme.json("orders", "import", file, exits=1)
    assert (report["accepted"], report["ready"], report["needs_review"]) == (2, 1, 1)
    assert [(error["line"], error["details"]["fields"][0]["field"]) for error in report["errors"]] == [
        (2, ""),
        (4, "price"),
    ]

    assert "1 order approved" in acme("orders", "approve", "--all-ready").stdout
    pushed = acme.json("push", "PO-1", "--wait", "--timeout", 30)
    assert [export["status"] for export in pushed["exports"]] == ["SENT"]

    (delivered,) = (tmp_path / "out").iterdir()
    document = json.loads(delivered.read_bytes())
    jsonschema.validate(document, export_schema())
    assert document["lines"][0]["qty"] == 10.125
    assert b'"qty":10.125' in delivered.read_bytes()

    answer = {"status": "ACKED", "erp_order_id": "SO-2025-000123", "processed_at": "2025-12-26T10:00:00Z"}
    (tmp_path / "answers" / f"ack_{delivered.name}").write_text(json.dumps(answer))
    (polled,) = acme.json("acks", "poll")
    assert polled["counts"] == {"acknowledge": 1}

    order = acme.json("orders", "show", "PO-1")
    assert (order["status"], order["erp_order_id"]) == ("CONFIRMED", "SO-2025-000123")
    assert [step["action"] for step in order["history"]] == [
        "DRAFT_CREATED",
        "DRAFT_APPROVED",
        "DRAFT_PUSHED",
        "EXPORT_ACKED",
    ]


def test_a_worker_delivers_and_stops_cleanly(acme, tmp_path):
    acme("connections", "add", "DROPZONE_JSON_V1", "--config", tmp_path / "dropzone.json")
    acme("orders", "import", "-", "--push", stdin=lines_of(GOOD))
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "orderflow", "worker", "--metrics-port", str(port)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "ORDERFLOW_HOME": str(acme.home)},
    ) as worker:
        while not list((tmp_path / "out").glob("*.json")):
            assert worker.poll() is None
        while acme.json("orders", "show", "PO-1")["status"] != "PUSHED":
            assert worker.poll() is None
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).json() == {
            "ready": True,
            "database": "ok",
            "troubles": [],
        }
        shown = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
        assert 'orderflow_pushes_total{connector_type="DROPZONE_JSON_V1",outcome="success"} 1.0' in shown
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0


def test_a_taken_port_is_said_before_anything_starts(orderflow):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = orderflow("serve", "--port", taken.getsockname()[1], exits=2)
    assert "cannot be listened on" in refused.stderr


def test_the_database_is_brought_up_to_date(orderflow):
    assert "up to date" in orderflow("db", "upgrade").stdout
    status = orderflow.json("db", "status")
    assert status["current"] == status["needed"]


def test_serve_answers_and_stops_cleanly(orderflow):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "ORDERFLOW_HOME": str(orderflow.home)}
    command = [sys.executable, "-m", "orderflow", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.PIPE, text=True) as serving:
        health = httpx.Client(
            transport=httpx.HTTPTransport(retries=8), timeout=60
        )  # it waits 0.5, 1, 2, … seconds between them
        with health:
            answer = health.get(f"http://127.0.0.1:{port}/healthz")
        serving.send_signal(signal.SIGTERM)
        said = serving.communicate(timeout=20)[1]
    assert (answer.status_code, serving.returncode) == (200, 0)
    assert "Traceback" not in said
