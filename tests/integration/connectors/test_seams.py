"""A new format and a new channel are one folder and one registration each, and meet all others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from orderflow.channels import registry as channels
from orderflow.channels.zone import answers
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.answer_files import Answer, ControlNumber, OrderNumber
from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.errors import ObjectStoreError
from orderflow.domain.orders import DraftOrder
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.setup.preview import preview_order
from orderflow.testing.http_server import MisbehavingHTTPServer
from tests.integration.connectors.pigeon_channel import LOFTS, Loft, PigeonChannel
from tests.integration.connectors.slip_format import SlipFormat

Arrived = Callable[[], dict[str, bytes]]
Answers = Callable[[str, bytes], object]


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
TEMPLATE = {
    "content": "text",
    "template": "{{ order.external_order_number }}:{% for l in lines %} {{ l.qty }}{% endfor %}",
}
SETTINGS = {"DROPZONE_JSON_V1": {}, "SLIP": {}, "TEMPLATE_DOCUMENT": TEMPLATE}
ACK = b'{"status": "ACKED", "erp_order_id": "SO-7"}'
YES = {"DROPZONE_JSON_V1": ACK, "SLIP": b"yes SO-7", "TEMPLATE_DOCUMENT": ACK}
WRITTEN = {"SLIP": b"blue: PO-0\n10.000 M INT-999", "TEMPLATE_DOCUMENT": b"PO-0: 10"}
VERSIONS = {"DROPZONE_JSON_V1": "orderflow_export_json_v1", "SLIP": "slip_1", "TEMPLATE_DOCUMENT": "template_document"}


@pytest.mark.parametrize("connector_type", YES)
@pytest.mark.parametrize("way", WAYS)
def test_an_order_goes_out_in_every_format_by_every_channel_and_its_answer_comes_back(
    installation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connector_type: str, way: str
) -> None:
    monkeypatch.setattr(answers, "SECOND_LOOK", 0.01)
    config, arrived, answer = WAYS[way](tmp_path)
    config |= SETTINGS[connector_type]
    connector = ConnectorRegistry.get(connector_type)
    assert connector.test_connection(config).success
    connection_id = installation.connect(connector, config)
    (order_id,) = installation.pushed(1)
    assert installation.work_off(connection_id) == 1
    assert installation.order(order_id)["status"] == "PUSHED"

    ((name, content),) = arrived().items()
    if connector_type in WRITTEN:
        assert content == WRITTEN[connector_type]
    else:
        assert json.loads(content)["header"]["external_order_number"] == "PO-0"
    assert installation.export(order_id)["export_format_version"] == VERSIONS[connector_type]

    answer(name, YES[connector_type])
    poll_acks(installation.wiring, installation.org_id, connection_id)
    order = installation.order(order_id)
    assert (order["status"], order["erp_order_id"]) == ("CONFIRMED", "SO-7")


class RollFormat(SlipFormat):
    """Slips that are answered on one roll for many: a file of any name, a line for each by the order's number."""

    def claims(self, name: str) -> bool:
        return name.endswith(".roll")

    def about(self, name: str) -> tuple[str, ...]:
        return ()

    def read(self, name: str, content: bytes, settings: Any) -> Iterator[Answer]:
        for line in content.decode().splitlines():
            yield Answer("ACKED", erp_order_id="SO-7", about=OrderNumber(line))


def test_a_format_names_its_answers_itself_and_one_file_answers_many_orders(installation: Any, tmp_path: Path) -> None:
    ConnectorRegistry.register("ROLL", RollFormat)
    config, _, _ = by_folder(tmp_path)
    connection_id = installation.connect(ConnectorRegistry.get("ROLL"), config)
    orders = installation.pushed(3)
    assert installation.work_off(connection_id) == 3
    whole, mixed = tmp_path / "acks" / "tuesday.roll", tmp_path / "acks" / "wednesday.roll"
    whole.write_text("PO-0\nPO-1\n")
    mixed.write_text("PO-2\nPO-99\n")
    for _ in range(2):  # what stays is read again, and changes nothing
        verdicts = poll_acks(installation.wiring, installation.org_id, connection_id)
        assert verdicts["unmatched"] == 1
    assert [installation.order(order)["status"] for order in orders] == ["CONFIRMED"] * 3
    assert not whole.exists()
    assert (tmp_path / "acks" / "processed" / "tuesday.roll").exists()
    assert mixed.exists(), "a line of it is somebody else's"


class CountedFormat(SlipFormat):
    """Slips that carry a number, and are answered by it."""

    numbered: ClassVar[bool] = True

    def render(self, order: DraftOrder, delivery: Delivery, settings: Any) -> Document:
        slip = super().render(order, delivery, settings)
        return replace(slip, content=b"No. %d" % delivery.control_number)

    def claims(self, name: str) -> bool:
        return True

    def about(self, name: str) -> tuple[str, ...]:
        return ()

    def read(self, name: str, content: bytes, settings: Any) -> Iterator[Answer]:
        yield Answer("ACKED", erp_order_id="SO-7", about=ControlNumber(int(content)))


def test_a_format_has_its_documents_numbered_each_once_and_is_answered_by_the_number(
    installation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "SECOND_LOOK", 0.01)
    ConnectorRegistry.register("COUNTED", CountedFormat)
    config, arrived, _ = by_folder(tmp_path)
    connection_id = installation.connect(ConnectorRegistry.get("COUNTED"), config)
    orders = installation.pushed(2)
    assert preview_order(installation.wiring, installation.org_id, orders[0]).text == "No. 0"
    installation.documents.away = True
    with pytest.raises(ObjectStoreError):
        installation.work_off(connection_id)
    installation.documents.away = False
    installation.do("UPDATE erp_export SET next_attempt_at = now()")
    assert installation.work_off(connection_id) == 2
    assert sorted(arrived().values()) == [b"No. 1", b"No. 2"], "given at the first claim, and kept"
    (tmp_path / "acks" / "anything.txt").write_bytes(b"2")
    poll_acks(installation.wiring, installation.org_id, connection_id)
    assert sorted(installation.order(order)["status"] for order in orders) == ["CONFIRMED", "PUSHED"]


def test_a_file_that_names_an_order_and_is_no_answer_is_told(installation: Any, tmp_path: Path) -> None:
    config, arrived, _ = by_folder(tmp_path)
    connection_id = installation.connect(ConnectorRegistry.get("DROPZONE_JSON_V1"), config)
    (order_id,) = installation.pushed(1)
    installation.work_off(connection_id)
    (name,) = arrived()
    odd = tmp_path / "acks" / f"done {name}"

    def poll_error() -> Any:
        (row,) = installation.rows("SELECT poll_error FROM erp_connection")
        return row["poll_error"]

    odd.write_bytes(YES["DROPZONE_JSON_V1"])
    for _ in range(2):
        assert poll_acks(installation.wiring, installation.org_id, connection_id)["unreadable"] == 1
    assert installation.order(order_id)["status"] == "PUSHED"
    assert "not that of an answer" in installation.export(order_id)["unreadable_answer"]["reason"]
    assert poll_error()["code"] == "ACKS_UNREADABLE"
    assert odd.exists()
    odd.rename(odd.with_name(f"ack {name}"))
    poll_acks(installation.wiring, installation.org_id, connection_id)
    assert installation.order(order_id)["status"] == "CONFIRMED"
    assert poll_error() is None


def test_the_forms_of_all_formats_offer_the_new_channel_and_check_by_it() -> None:
    for connector_type in ("DROPZONE_JSON_V1", "DROPZONE_CSV_V1", "SLIP"):
        form = ConnectorRegistry.metadata(connector_type).config_schema
        assert "pigeon: a pigeon that flies home." in form["properties"]["mode"]["description"]
        assert form["properties"]["loft"]["show_when"] == {"mode": ["pigeon"]}
        assert form["properties"]["export_path"]["show_when"] == {
            "mode": ["sftp", "ftps", "ftp", "filesystem", "bucket"]
        }
    connector = ConnectorRegistry.get("SLIP")
    told = connector.test_connection({"mode": "pigeon", "ink": "green"})
    assert {item["field"]: item["message"] for item in told.details["fields"]} == {
        "loft": "is needed for mode pigeon",
        "ink": "Input should be 'blue' or 'red'",
    }
    assert not connector.test_connection({"mode": "pigeon", "loft": "nowhere"}).success


def test_http_is_a_mode_of_every_form(installation: Any) -> None:
    for connector_type in ("DROPZONE_JSON_V1", "DROPZONE_CSV_V1", "SLIP"):
        form = ConnectorRegistry.metadata(connector_type).config_schema["properties"]
        assert form["token_url"]["show_when"] == {"mode": ["http"], "auth": ["oauth2"]}
        assert form["username"]["show_when"] == {"mode": ["sftp", "ftps", "ftp", "http"]}
        assert form["client_key"]["destination"], "who has it decides how what travels is protected"
    connector = ConnectorRegistry.get("DROPZONE_JSON_V1")
    assert (
        connector.test_connection({"mode": "http", "url": "http://acme.example/"}).details["code"] == "CONFIG_INVALID"
    )
    with MisbehavingHTTPServer(admits=lambda request: request.headers["X-API-Key"] == "k") as server:
        config = {"mode": "http", "url": f"{server.url}/orders", "plain_http": True, "auth": "api_key", "api_key": "k"}
        connection_id = installation.connect(connector, config)
        (order_id,) = installation.pushed(1)
        assert installation.work_off(connection_id) == 1
        export = installation.export(order_id)
        assert (installation.order(order_id)["status"], export["status"]) == ("PUSHED", "SENT")
        assert export["received_at"], "a 2xx is a receipt, and confirms nothing"
        (order,) = server.taken
    assert order["header"]["external_order_number"] == "PO-0"


def test_without_the_registration_nothing_of_it_is_left() -> None:
    channels.unregister("pigeon")
    form = ConnectorRegistry.metadata("DROPZONE_JSON_V1").config_schema
    assert "loft" not in form["properties"]
