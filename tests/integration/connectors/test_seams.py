"""A new format and a new channel are one folder and one registration each, and meet all others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orderflow.channels import registry as channels
from orderflow.connectors.dropzone import acks
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.flow.answers.poll import poll_acks
from tests.integration.connectors.pigeon_channel import LOFTS, Loft, PigeonChannel
from tests.integration.connectors.slip_format import SlipFormat

Arrived = Callable[[], dict[str, bytes]]
Answers = Callable[[str, bytes], None]


@pytest.fixture(autouse=True)
def two_registrations(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ConnectorRegistry, "_connectors", dict(ConnectorRegistry._connectors))
    ConnectorRegistry.register("SLIP", SlipFormat)
    channels.register("pigeon", PigeonChannel)
    yield
    channels.unregister("pigeon")


def by_folder(root: Path) -> tuple[dict[str, Any], Arrived, Answers]:
    for name in ("out", "acks"):
        (root / name).mkdir()
    config = {"mode": "filesystem", "export_path": str(root / "out"), "ack_path": str(root / "acks")}
    return (
        config,
        lambda: {path.name: path.read_bytes() for path in (root / "out").iterdir()},
        lambda name, content: (root / "acks" / f"ack_{name}").write_bytes(content),
    )


def by_pigeon(root: Path) -> tuple[dict[str, Any], Arrived, Answers]:
    loft = LOFTS[str(root)] = Loft()
    return {"mode": "pigeon", "loft": str(root)}, lambda: loft.arrived, loft.answers.__setitem__


WAYS = {"filesystem": by_folder, "pigeon": by_pigeon}
YES = {"DROPZONE_JSON_V1": b'{"status": "ACKED", "erp_order_id": "SO-7"}', "SLIP": b"yes SO-7"}


@pytest.mark.parametrize("connector_type", YES)
@pytest.mark.parametrize("way", WAYS)
def test_an_order_goes_out_in_every_format_by_every_channel_and_its_answer_comes_back(
    installation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connector_type: str, way: str
) -> None:
    monkeypatch.setattr(acks, "SECOND_LOOK", 0.01)
    config, arrived, answer = WAYS[way](tmp_path)
    connector = ConnectorRegistry.get(connector_type)
    assert connector.test_connection(config).success
    connection_id = installation.connect(connector, config)
    (order_id,) = installation.pushed(1)
    assert installation.work_off(connection_id) == 1
    assert installation.order(order_id)["status"] == "PUSHED"

    ((name, content),) = arrived().items()
    if connector_type == "SLIP":
        assert content == b"blue: PO-0\n10.000 M INT-999"
    else:
        assert json.loads(content)["header"]["external_order_number"] == "PO-0"
    assert installation.export(order_id)["export_format_version"] == (
        "slip_1" if connector_type == "SLIP" else "orderflow_export_json_v1"
    )

    answer(name, YES[connector_type])
    poll_acks(installation.wiring, installation.org_id, connection_id)
    order = installation.order(order_id)
    assert (order["status"], order["erp_order_id"]) == ("CONFIRMED", "SO-7")


def test_the_forms_of_all_formats_offer_the_new_channel_and_check_by_it() -> None:
    for connector_type in ("DROPZONE_JSON_V1", "DROPZONE_CSV_V1", "SLIP"):
        form = ConnectorRegistry.metadata(connector_type).config_schema
        assert "pigeon: a pigeon that flies home." in form["properties"]["mode"]["description"]
        assert form["properties"]["loft"]["show_when"] == {"mode": ["pigeon"]}
        assert form["properties"]["export_path"]["show_when"] == {"mode": ["sftp", "ftps", "ftp", "filesystem"]}
    connector = ConnectorRegistry.get("SLIP")
    told = connector.test_connection({"mode": "pigeon", "ink": "green"})
    assert {item["field"]: item["message"] for item in told.details["fields"]} == {
        "loft": "is needed for mode pigeon",
        "ink": "Input should be 'blue' or 'red'",
    }
    assert not connector.test_connection({"mode": "pigeon", "loft": "nowhere"}).success


def test_without_the_registration_nothing_of_it_is_left() -> None:
    channels.unregister("pigeon")
    form = ConnectorRegistry.metadata("DROPZONE_JSON_V1").config_schema
    assert "loft" not in form["properties"]
    assert form["required"] == ["export_path"]
