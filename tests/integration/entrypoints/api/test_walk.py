"""The walk of an order, from the POST to the settled export: how many files one has to open who follows it.

Counted are the files of ours in which a function runs, once sessions are open and caches are warm. What runs whatever a
request is about (sign-in, shares, transactions, logs, metrics) is found by requests about no order, and counted apart.
Its forms are the types of what holds its own number within a function of ours: a text, or fields by name.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

import pytest

import orderflow
from orderflow.domain import port_redaction
from orderflow.engine.jobs import DELIVER, take_turn

ROOT = f"{Path(orderflow.__file__).parent}/"
NUMBER = "PO-of-the-walk"
ORDER = {
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": "Muster GmbH"},
    "lines": [{"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M"}],
}
MOST = 45
"""Files about the order."""

MOST_IN_ALL = 72
"""With those that accompany every request."""

FORMS = {"bytes", "OrderBody", "DraftOrder", "dict", "str"}
"""What an order is on its way: the body and the document; what a body is decoded into; the order; its values by name,
those of a row and those of the document; and its row as JSON."""

BESIDE = ("storage/people/", "storage/system/", "engine/presence.py", "flow/watch.py", "flow/fault_points.py")
"""What runs by the clock, every few seconds: whether a key is still good, and that this process is at work; and the
places where a test may kill the process, where nothing happens."""


class Trace:
    """Notes in which files of ours functions begin, in every thread that is started after it, and in what forms they
    have the order."""

    def __init__(self) -> None:
        self._files: set[str] | None = None
        self.forms: set[str] = set()

    def __call__(self, frame: FrameType, event: str, _arg: Any) -> None:
        if self._files is None or not frame.f_code.co_filename.startswith(ROOT):
            return
        if event == "call":
            self._files.add(frame.f_code.co_filename.removeprefix(ROOT))
        elif event == "return":
            self.forms |= {type(value).__name__ for value in frame.f_locals.values() if holds_the_order(value)}

    @contextmanager
    def noting(self) -> Iterator[set[str]]:
        """Give the files that run within the block."""
        files: set[str] = set()
        self._files = files
        sys.setprofile(self)
        yield files
        sys.setprofile(None)
        self._files = None


def holds_the_order(value: object) -> bool:
    """Return whether a value is the order in some form: a text that holds its number by name, or a thing that does."""
    if isinstance(value, str | bytes):
        text = value if isinstance(value, str) else value.decode("latin-1")
        return '"external_order_number"' in text and NUMBER in text
    if isinstance(value, Mapping):
        parts = [value, *(part for part in value.values() if isinstance(part, dict))]
        return any(str(part.get("external_order_number")).startswith(NUMBER) for part in parts)
    return str(getattr(value, "external_order_number", "")).startswith(NUMBER)


@pytest.fixture(autouse=True)
def no_secrets_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of the log are not looked through for secrets of connections that the tests before have used."""
    monkeypatch.setattr(port_redaction, "_redactors", port_redaction._Redactors())


@pytest.fixture
def trace() -> Iterator[Trace]:
    """Traces threads too: those of the server, which is started after it."""
    trace = Trace()
    threading.setprofile(trace)
    yield trace
    threading.setprofile(None)


@pytest.fixture
def walk(trace: Trace, app: Any, acme: Any, tmp_path: Path) -> Callable[[], str]:
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    config = {"mode": "filesystem", "export_path": str(tmp_path / "in"), "ack_path": str(tmp_path / "out")}
    zone = UUID(acme.call("POST", "/connectors/dropzone-json-v1", json={"config": config}).json()["id"])

    numbers = count(1)

    def deliver() -> str:
        order = ORDER | {"external_order_number": f"{NUMBER}-{next(numbers)}"}
        order_id: str = acme.call("POST", "/draft-orders", json=order).json()["id"]
        assert acme.call("POST", f"/draft-orders/{order_id}/approve").is_success
        assert acme.call("POST", f"/draft-orders/{order_id}/push").is_success
        take_turn(DELIVER, app, lambda: False, (acme.org_id, zone))
        return order_id

    return deliver


def test_the_walk_of_an_order_passes_few_files_and_takes_few_forms(
    trace: Trace, walk: Callable[[], str], acme: Any
) -> None:
    walk()  # what is opened once is open now
    with trace.noting() as accompanying:
        acme.call("PATCH", "/organization", json={"name": "Acme"})  # and accounts are asked for anew after it
        acme.call("GET", "/organization")
    with trace.noting() as passed:
        order_id = walk()
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["status"] == "PUSHED"
    passed = {name for name in passed if not name.startswith(BESIDE)}
    own = passed - accompanying
    assert trace.forms == FORMS
    assert len(own) <= MOST, "\n".join(sorted(own))
    assert len(passed) <= MOST_IN_ALL, "\n".join(sorted(passed))
