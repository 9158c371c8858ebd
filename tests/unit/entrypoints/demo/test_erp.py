from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orderflow.domain.delivery import Delivery
from orderflow.domain.document import export_document
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.entrypoints.demo import erp as demo_erp
from orderflow.entrypoints.demo.erp import DemoERP


@pytest.fixture
def erp(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_erp, "LONGEST_THINKING", 0.2)
    return DemoERP(tmp_path)


def folder(erp: DemoERP, name: str) -> Path:
    """Return a folder of one of its plants."""
    return erp.log.parent / "abroad" / name


def deliver(erp: DemoERP, content: bytes | None = None) -> str:
    """Put a file where a rename would, and tell the ERP; returns its name."""
    order = DraftOrder(
        org_slug="acme",
        currency="EUR",
        customer=Customer("4711", "M"),
        lines=[DraftOrderLine(1, "INT-9", Decimal(1), "M")],
    )
    order.delivery = Delivery(new_id(), datetime(2025, 12, 26, tzinfo=UTC))
    document = export_document(order)
    path = folder(erp, "orders") / document.filename
    path.write_bytes(document.content if content is None else content)
    erp.arrived(path)
    return document.filename


def answers(erp: DemoERP, count: int) -> dict[str, str]:
    threading.Thread(target=erp.answer_for_ever, daemon=True).start()
    deadline = threading.Event()
    for _ in range(200):
        found = {path.name: path.read_text() for path in folder(erp, "answers").iterdir() if path.suffix == ".json"}
        if len(found) >= count:
            return found
        deadline.wait(0.02)
    raise AssertionError(f"only {len(found)} answers")


def test_it_takes_each_file_notes_it_and_answers_most(erp):
    names = [deliver(erp) for _ in range(9)]
    assert not list(folder(erp, "orders").iterdir())
    takes = [json.loads(line) for line in erp.log.read_text().splitlines()]
    assert [take["filename"] for take in takes] == names
    assert all(len(take["sha256"]) == 64 and take["order_id"] for take in takes)

    found = answers(erp, 8)
    assert f"ack_{names[4]}" not in found
    assert f"error_{names[4]}" not in found
    refusal = json.loads(found[f"error_{names[2]}"])
    assert (refusal["status"], bool(refusal["message"])) == ("FAILED", True)
    assert json.loads(found[f"ack_{names[0]}"])["status"] == "ACKED"
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(found[f"ack_{names[8]}"])


@pytest.mark.parametrize("content", [b"{", b"{}", b"\xff"])
def test_what_does_not_fit_the_schema_is_refused_and_noted(erp, content):
    name = deliver(erp, content)
    assert json.loads(answers(erp, 1)[f"error_{name}"])["error_code"] == "SCHEMA_INVALID"
    assert json.loads(erp.log.read_text())["order_id"] is None


def test_temporary_names_and_its_own_answers_are_not_orders(erp):
    for path in (folder(erp, "orders") / "a.json.tmp", folder(erp, "answers") / "ack_a.json"):
        path.write_text("{}")
        erp.arrived(path)
    assert not erp.log.exists()


def test_it_may_keep_the_files(tmp_path):
    erp = DemoERP(tmp_path, keeps=True)
    name = deliver(erp)
    assert (folder(erp, "orders") / name).exists()


@pytest.mark.parametrize("keeps", [False, True])
def test_what_comes_twice_by_a_folder_is_taken_twice(tmp_path, monkeypatch, keeps):
    erp = DemoERP(tmp_path, keeps=keeps)
    came = [deliver(erp, b"{}")] * 2
    orders = folder(erp, "orders")

    def look(_: float) -> None:
        if not came:
            raise SystemExit
        draft = orders / "draft"
        draft.write_text("{}")
        draft.rename(orders / came.pop())

    erp.log.unlink()
    for path in orders.iterdir():
        path.unlink()
    monkeypatch.setattr("orderflow.entrypoints.demo.erp.time.sleep", look)
    with pytest.raises(SystemExit):
        erp.watch_for_ever(orders)
    assert len(erp.log.read_text().splitlines()) == 2
