"""The port of a worker's own: what it answers, to whom, and that nobody takes it away."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from orderflow.domain.errors import InputError
from orderflow.engine import metrics_port
from orderflow.engine.metrics import Metrics
from orderflow.engine.metrics_port import MOST_AT_ONCE, MetricsPort

STATE: dict[str, Any] = {}


@pytest.fixture
def port(secret: Any) -> Iterator[MetricsPort]:
    STATE.update(ready=True, token=secret("metrics"))
    opened = MetricsPort("127.0.0.1", 0, Metrics().registry, lambda: {"ready": STATE["ready"]}, STATE["token"]).start()
    yield opened
    opened.close()


def get(port: MetricsPort, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port.port}{path}", headers=headers, timeout=10)


def test_it_answers_probes_to_all_and_figures_to_who_has_the_token(port: MetricsPort) -> None:
    assert get(port, "/healthz").json() == {"status": "ok"}
    assert get(port, "/readyz").status_code == 200
    STATE["ready"] = False
    assert get(port, "/readyz").status_code == 503
    assert get(port, "/metrics").status_code == 401
    shown = get(port, "/metrics", Authorization=f"Bearer {STATE['token']}")
    assert "orderflow_build_info" in shown.text
    assert get(port, "/else").status_code == 404
    assert httpx.post(f"http://127.0.0.1:{port.port}/metrics", timeout=60).status_code == 501


def test_who_connects_and_says_nothing_takes_it_from_nobody(port: MetricsPort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_port._Handler, "timeout", 0.2)
    with ExitStack() as silent:
        for _ in range(3 * MOST_AT_ONCE):
            silent.enter_context(socket.create_connection(("127.0.0.1", port.port)))
        for _ in range(50):
            try:
                answer = get(port, "/healthz")
                break
            except httpx.TransportError:  # no room yet
                continue
    assert answer.json() == {"status": "ok"}


def test_who_drips_takes_it_from_nobody(port: MetricsPort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_port, "PATIENCE", 0.5)
    with ExitStack() as opened:
        drips = [opened.enter_context(socket.create_connection(("127.0.0.1", port.port))) for _ in range(MOST_AT_ONCE)]
        ended = 0
        while ended < len(drips):
            ended = sum(_drip_ends(drip) for drip in drips)
        assert get(port, "/healthz").json() == {"status": "ok"}


def _drip_ends(drip: socket.socket) -> bool:
    """Say one byte more; returns whether nobody listens any more."""
    drip.settimeout(0.02)
    try:
        drip.sendall(b"G")
        return drip.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_an_address_that_is_taken_is_said(port: MetricsPort) -> None:
    with pytest.raises(InputError, match="cannot be listened on"):
        MetricsPort("127.0.0.1", port.port, Metrics().registry, lambda: {"ready": True}, None)
