"""SAP_IDOC over HTTP to SAP's IDoc port, played by mock-sap: the IDoc's number comes back, and what was not posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, RejectedError
from orderflow.domain.orders import Customer, DraftOrder
from orderflow.domain.states import OrderStatus
from orderflow.testing.engine import MemoryEngine
from tests.integration.connectors.test_sap_delivery import order_of
from tests.integration.connectors.test_sap_mock import MockSap

ACCOUNT = {"username": "EDI", "password": "s3cret-passw0rd"}


@pytest.fixture(scope="module")
def sap() -> Iterator[MockSap]:
    running = MockSap(csrf=False, basic_auth=":".join(ACCOUNT.values()))  # as SAP's port, which asks for no token
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _calm(sap: MockSap) -> None:
    sap.system.faults.clear()
    sap.system.idoc_posting.clear()


def config_of(sap: MockSap, **more: Any) -> dict[str, Any]:
    partners = {"sender": "ORDERFLOW", "receiver": "PRDCLNT100", "units": {"PCE": "PCE"}}
    way = {"mode": "http", "url": f"{sap.url}/sap/bc/idoc", "plain_http": True, "auth": "basic", **ACCOUNT}
    return {**way, **partners, **more}


def an_order(number: str) -> DraftOrder:
    return order_of(external_order_number=number, status=OrderStatus.APPROVED, customer=Customer("17100001", "Muster"))


def pushed(sap: MockSap, order: DraftOrder, **more: Any) -> Any:
    engine = MemoryEngine(ConnectorRegistry.get("SAP_IDOC"), config_of(sap, **more))
    engine.push(order)
    engine.run()
    return engine.delivered(order)


def idocs(sap: MockSap) -> list[dict[str, Any]]:
    return sap.rows("SELECT * FROM idoc ORDER BY docnum")


def test_an_idoc_that_sap_has_is_received_under_its_number_and_not_confirmed(sap):
    before, order = len(idocs(sap)), an_order("PO-1")
    (outcome,) = pushed(sap, order).outcomes
    (idoc,) = idocs(sap)[before:]
    assert (idoc["mestyp"], idoc["idoctyp"], idoc["status"]) == ("ORDERS", "ORDERS05", "53")
    assert "<BELNR>PO-1</BELNR>" in idoc["payload"]
    assert outcome.received
    assert f"IDoc {idoc['docnum'].lstrip('0')} " in outcome.connector_metadata["receipt"]
    assert order.status is OrderStatus.PUSHED


@pytest.mark.parametrize("status", ["51", "56", "68"])
def test_an_idoc_that_sap_did_not_post_refuses_the_order_in_saps_words(sap, status):
    sap.system.idoc_posting.add({"mestyp": "ORDERS", "status": status, "message": "Customer 4711 is locked"})
    order = an_order(f"PO-{status}")
    (outcome,) = pushed(sap, order).outcomes
    assert isinstance(outcome, RejectedError)
    assert f"is in status {status}: Customer 4711 is locked" in outcome.message
    assert order.status is OrderStatus.ERROR


def test_a_flat_file_goes_the_same_way(sap):
    before = len(idocs(sap))
    (outcome,) = pushed(sap, an_order("PO-FLAT"), layout="flat").outcomes
    assert outcome.received
    assert idocs(sap)[before]["content_type"] == "flat"


def test_a_port_that_fails_leaves_in_doubt_and_one_that_lets_nobody_in_pauses(sap):
    before = len(idocs(sap))
    sap.fault(match="/sap/bc/idoc", scenario="error")
    assert isinstance(pushed(sap, an_order("PO-DOUBT")).outcomes[0], InDoubtError)
    assert isinstance(pushed(sap, an_order("PO-OUT"), password="wr0ng-password").outcomes[0], NeedsAttentionError)
    assert len(idocs(sap)) == before
