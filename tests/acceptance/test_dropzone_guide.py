"""The guide for the ERP's side keeps its word: its reader works with our connector, its examples are what we take."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema
import pytest

from orderflow import Customer, DraftOrder, DraftOrderLine, DropzoneJsonV1Connector
from orderflow.connectors.dropzone import DropzoneConfig
from orderflow.domain.delivery import Ack, Delivery, WaitingExport
from orderflow.domain.document import export_schema
from orderflow.domain.ids import new_id
from orderflow.formats.answers import understand

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "dropzone.md").read_text("utf-8")
PAGES = ("dropzone.md", "mode-http.md", "mode-bucket.md", "as2.md", "answers.md", "connector-rest-json.md")
"""The last has the ways to sign in, which `mode: http` shares with it."""
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    for name in ("out", "acks"):
        (tmp_path / name).mkdir()
    return {"mode": "filesystem", "export_path": str(tmp_path / "out"), "ack_path": str(tmp_path / "acks")}


@pytest.fixture
def reader(config: dict[str, Any], tmp_path: Path) -> Any:
    """Runs the guide's reader once over the dropzone, in a Python without our packages."""

    def run() -> str:
        command = [sys.executable, "-I", "-S", str(DOCS / "dropzone_reader.py"), "--once"]
        command += ["--database", str(tmp_path / "orders.sqlite3"), config["export_path"], config["ack_path"]]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    return run


def order(**more: Any) -> DraftOrder:
    lines = [DraftOrderLine(1, "INT-999", Decimal("123456789012345.678"), "M", Decimal("1.23"))]
    fields: dict[str, Any] = {"customer": Customer("4711", "Muster GmbH"), "lines": lines}
    return DraftOrder(org_slug="acme", currency="EUR", **fields | more)


def answers(orders: list[DraftOrder], config: dict[str, Any]) -> list[Ack]:
    connector = DropzoneJsonV1Connector()
    waiting = [WaitingExport(uuid4(), order.id, order.delivery.reference or "") for order in orders]
    found = list(connector.poll_acks(config, waiting))
    connector.finish_acks(found, config)
    return found


def test_the_reader_takes_orders_and_its_answers_are_understood(reader: Any, config: dict[str, Any]) -> None:
    good, bad = order(), order(customer=Customer(None, "Nobody"))
    for one in (good, bad):
        DropzoneJsonV1Connector().export(one, config)
    half = Path(config["export_path"]) / "sales_order_1.json.token.tmp"
    half.write_text("{")
    assert "ACKED SO-000001" in reader()
    assert list(half.parent.iterdir()) == [half]
    by_name = {ack.reference: ack for ack in answers([good, bad], config)}
    assert by_name[good.delivery.reference or ""].erp_order_id == "SO-000001"
    refused = by_name[bad.delivery.reference or ""]
    assert (refused.status, refused.error_code) == ("FAILED", "CUSTOMER_MISSING")
    assert refused.message == "The order names no customer number."


def test_the_reader_knows_an_order_that_comes_again(reader: Any, config: dict[str, Any]) -> None:
    first = order()
    again = order(id=first.id)
    again.delivery = Delivery(new_id(), first.delivery.requested_at)
    numbers = []
    for one in (first, again):
        DropzoneJsonV1Connector().export(one, config)
        reader()
        numbers += [ack.erp_order_id for ack in answers([one], config)]
    assert first.delivery.reference != again.delivery.reference
    assert numbers == ["SO-000001", "SO-000001"]


def test_the_guides_examples_are_what_we_send_and_take() -> None:
    connection, sent, acked, failed, by_line = EXAMPLES
    assert DropzoneJsonV1Connector().parse(connection | {"password": "x"}).ack_path == "/acks"
    jsonschema.validate(sent, export_schema())
    assert understand(json.dumps(acked).encode(), "ACKED").erp_order_id == "SO-2025-000123"
    assert understand(json.dumps(failed).encode(), "FAILED").error_code == "CUSTOMER_BLOCKED"
    jsonschema.validate(by_line, json.loads((DOCS / "orderflow_answer_v2.schema.json").read_text("utf-8")))
    details = understand(json.dumps(by_line).encode(), "ACKED").details
    assert details is not None
    assert [line.status for line in details.lines] == ["changed", "rejected"]


def test_the_guide_and_the_pages_of_its_modes_name_every_setting() -> None:
    pages = "".join((DOCS / name).read_text("utf-8") for name in PAGES)
    assert {name for name in DropzoneConfig.model_fields if f"`{name}`" not in pages} == set()


def test_the_guides_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", GUIDE)
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
