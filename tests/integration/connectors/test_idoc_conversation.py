"""Conversations with an SAP by IDocs, through the engine's steps: XML over a folder, flat files over SFTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orderflow.channels.zone import answers
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.flow.answers.poll import poll_acks
from orderflow.testing.sftp_server import SFTPServer
from tests.unit.formats.idoc.idocs import as_xml, control, of, read

PARTNERS = {"sender": "ORDERFLOW", "receiver": "PRDCLNT100", "units": {"M": "MTR"}}


@dataclass
class Conversation:
    installation: Any
    root: Path
    connection_id: UUID

    def send(self) -> UUID:
        """Deliver an order, and read what lies there as SAP would."""
        order_id: UUID
        (order_id,) = self.installation.pushed(1)
        assert self.installation.work_off(self.connection_id) == 1
        (sent,) = (self.root / "out").iterdir()
        segments = read(sent.read_bytes())
        assert of(segments, "EDI_DC40")[0]["DOCNUM"] == f"{1:016}"
        assert of(segments, "E1EDP19")[0]["IDTNR"] == "INT-999"
        return order_id

    def receive(self, document: bytes) -> Any:
        name = f"{len(list((self.root / 'acks').rglob('*')))}.idoc"
        (self.root / "acks" / name).write_bytes(document)
        return poll_acks(self.installation.wiring, self.installation.org_id, self.connection_id)


def by_folder(root: Path, _server: SFTPServer) -> dict[str, Any]:
    return {"mode": "filesystem", "export_path": str(root / "out"), "ack_path": str(root / "acks"), "layout": "xml"}


def by_sftp(_root: Path, server: SFTPServer) -> dict[str, Any]:
    account = {"host": server.host, "port": server.port, "username": server.username, "password": server.password}
    places = {"export_path": "/out", "ack_path": "/acks", "host_key": server.host_key}
    return {"mode": "sftp", "layout": "flat", "timeout": 5, **account, **places}


@pytest.fixture(params=[by_folder, by_sftp])
def talk(
    request: pytest.FixtureRequest,
    installation: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sftp_sessions: None,
) -> Iterator[Conversation]:
    monkeypatch.setattr(answers, "SECOND_LOOK", 0.01)
    for name in ("out", "acks"):
        (tmp_path / name).mkdir()
    with SFTPServer(tmp_path) as server:
        config = PARTNERS | request.param(tmp_path, server)
        connection_id = installation.connect(ConnectorRegistry.get("SAP_IDOC"), config)
        yield Conversation(installation, tmp_path, connection_id)


def status(code: str, **fields: str) -> bytes:
    return as_xml(control("STATUS", "SYSTAT01"), ("E1STATS", {"DOCNUM": f"{1:016}", "STATUS": code} | fields, []))


def response(qty: str) -> bytes:
    item = {"POSEX": "000010", "ACTION": "004", "MENGE": "10.000", "MENEE": "MTR", "VPREI": "1.23", "PEINH": "1"}
    return as_xml(
        control("ORDRSP", "ORDERS05"),
        ("E1EDK01", {"CURCY": "EUR", "BELNR": "0000004711"}, []),
        ("E1EDK02", {"QUALF": "001", "BELNR": "PO-0"}, []),
        ("E1EDP01", item, [
            ("E1EDP02", {"QUALF": "001", "BELNR": "PO-0", "ZEILE": "000001"}, []),
            ("E1EDP20", {"WMENG": qty, "EDATU": "20261210"}, []),
            ("E1EDP19", {"QUALF": "002", "IDTNR": "INT-999"}, []),
        ]),
    )  # fmt: skip


def test_a_posted_idoc_does_not_confirm_and_the_response_does(talk: Conversation) -> None:
    order_id = talk.send()
    assert talk.receive(status("53"))["note"] == 1
    assert talk.installation.order(order_id)["status"] == "PUSHED"
    assert talk.receive(response("10.000"))["acknowledge"] == 1
    order = talk.installation.order(order_id)
    assert (order["status"], order["confirmation"], order["erp_order_id"]) == ("CONFIRMED", "AS_ORDERED", "0000004711")


def test_an_idoc_that_sap_cannot_post_is_a_refusal_in_its_words(talk: Conversation) -> None:
    order_id = talk.send()
    said = {"STATXT": "Material & is not listed", "STAPA1": "INT-999", "STAMID": "VX", "STAMNO": "001"}
    assert talk.receive(status("51", **said))["refuse"] == 1
    order = talk.installation.order(order_id)
    assert order["status"] == "ERROR"
    assert "Material INT-999 is not listed" in order["error_json"]["message"]


@pytest.mark.parametrize("talk", [by_folder], indirect=True)
def test_less_than_was_ordered_is_told_and_more_changes_nothing(talk: Conversation) -> None:
    order_id = talk.send()
    assert talk.receive(response("12.000"))["unreadable"] == 1
    assert talk.installation.order(order_id)["status"] == "PUSHED"
    talk.receive(response("4.000"))
    order = talk.installation.order(order_id)
    assert (order["status"], order["confirmation"]) == ("CONFIRMED", "PARTIAL")
