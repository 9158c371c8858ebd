"""SAP_ODATA changes what SAP has: item by item, once, undone where SAP refuses, and never half without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orderflow.connectors.sap import SapODataConnector
from orderflow.domain.confirmations import applied, differences
from orderflow.domain.delivery import Delivery, Lease, Sent
from orderflow.domain.document import export_filename
from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError, TransientError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind
from orderflow.testing.http_server import DROP_AFTER, DROP_BEFORE, Fault, status
from tests.integration.connectors.sap_server import Entity, RefusedError, SapServer
from tests.integration.connectors.test_sap_conformance import config_of
from tests.integration.connectors.test_sap_delivery import LATER, a_line, order_of, waiting_for


@pytest.fixture
def sap() -> Iterator[SapServer]:
    with SapServer() as running:
        yield running


@pytest.fixture
def connector() -> Iterator[SapODataConnector]:
    made = SapODataConnector()
    yield made
    made.close()


def settings(sap: SapServer, **more: Any) -> dict[str, Any]:
    return config_of(sap, **{"takes_changes": True, "rejection_reason": "50"} | more)


BEFORE = [a_line(1), a_line(2, internal_sku="TG12"), a_line(3, internal_sku="TG13")]
AFTER = [
    a_line(1, qty=Decimal(12), unit_price=Decimal("11.2575")),
    a_line(3, internal_sku="TG13"),
    a_line(4, internal_sku="TG14", qty=Decimal(4)),
]


def sent(sap: SapServer, connector: SapODataConnector, config: dict[str, Any]) -> DraftOrder:
    order = order_of(*(replace(line) for line in BEFORE))
    connector.export(order, config)
    return order


def change(order: DraftOrder, lines: list[DraftOrderLine] | None = None, **changes: Any) -> DraftOrder:
    first = order.delivery
    changed = replace(order, delivery_in_progress=None, lines=[replace(line) for line in lines or AFTER], **changes)
    about = Sent(first.export_id, first.requested_at, export_filename(order.id, first), erp_order_id="1000001")
    changed.delivery = Delivery(new_id(), datetime.now(UTC), kind=Kind.CHANGE, sent=about, before=order)
    return changed


def held(sap: SapServer) -> list[tuple[str, str, str, str]]:
    """Return number, article, quantity and reason of the items, in their order."""
    names = ("SalesOrderItem", "Material", "RequestedQuantity", "SalesDocumentRjcnReason")
    return sorted(tuple(str(item[name]) for name in names) for item in sap.orders["1000001"]["to_Item"])  # type: ignore[misc]  # four of them


ALL_WELL = Fault(takes=True)
CHANGED = [("10", "TG11", "12", ""), ("20", "TG12", "10", "50"), ("30", "TG13", "10", ""), ("40", "TG14", "4", "")]


def requests(sap: SapServer) -> int:
    return sum(one.method in ("PATCH", "POST", "DELETE") for one in sap.received)


@pytest.mark.parametrize("way", ["ship_to_reference", "customer_reference"])
def test_quantity_price_a_dropped_and_a_new_line_stand_in_sap_and_once_is_enough(sap, connector, way) -> None:
    config = settings(sap, reference_in=way)
    order = sent(sap, connector, config)
    changed = change(order, requested_delivery_date=LATER)
    assert connector.kinds(config) == frozenset(Kind)
    assert connector.find(changed, config) is None
    assert connector.export(changed, config).erp_order_id == "1000001"
    assert held(sap) == CHANGED
    first = sap.orders["1000001"]["to_Item"][0]
    assert first["NetAmount"] == "135.09"
    (ack,) = connector.poll_acks(config, [waiting_for(changed, "1000001")])
    assert ack.details is not None
    told = {(one.line_no, one.field) for one in differences(changed, applied(changed, None, ack.details))}
    assert not {field for _, field in told} & {"qty", "unit_price"}
    found = connector.find(changed, config)
    assert found is not None
    assert found.inferred
    before = requests(sap)
    assert connector.export(changed, config).success
    assert requests(sap) == before


def test_only_what_the_change_is_about_is_touched_over_its_version(sap, connector) -> None:
    config = settings(sap)
    order = sent(sap, connector, config)
    sap.orders["1000001"]["to_Item"][1]["RequestedQuantity"] = "8"  # as SAP's people agreed with the customer
    connector.export(change(order, [AFTER[0], *BEFORE[1:]]), config)
    assert held(sap)[1] == ("20", "TG12", "8", "")
    versions = [one.headers["If-Match"] for one in sap.received if one.method == "PATCH"]
    assert versions == ['W/"0"', 'W/"1"', 'W/"2"']


def billed(row: Entity) -> None:
    if row.get("SalesOrderItem") == "20":
        raise RefusedError(("Item 20 has been billed", "V1/999"))


def closed(row: Entity) -> None:
    if row.get("SalesOrderItem") == "40":
        raise RefusedError(("No more items can be created", "V1/998"))


def last(row: Entity) -> None:
    if "SoldToParty" in row:
        raise RefusedError(("The head is blocked", "V1/997"))


@pytest.mark.parametrize("rule", [billed, closed, last])
def test_a_refusal_in_the_middle_is_undone_and_told_in_saps_words(
    sap, connector, rule: Callable[[Entity], None]
) -> None:
    config = settings(sap)
    order = sent(sap, connector, config)
    before, first = held(sap), dict(sap.orders["1000001"]["to_Item"][0])
    sap.refuses_when.append(rule)
    with pytest.raises(RejectedError, match=r"SAP keeps the order as it was: .*\(V1/99\d\)"):
        connector.export(change(order), config)
    assert held(sap) == before
    assert sap.orders["1000001"]["to_Item"][0]["NetAmount"] == first["NetAmount"]


def test_a_refusal_that_cannot_be_undone_is_a_persons_affair(sap, connector) -> None:
    config = settings(sap)
    order = sent(sap, connector, config)

    def then_all_is_locked(row: Entity) -> None:
        if row.get("SalesOrderItem") == "20" or sap.refuses_when == [then_all_is_locked, billed]:
            sap.refuses_when.append(billed)
            raise RefusedError(("The document is being archived", "V1/996"))

    sap.refuses_when.append(then_all_is_locked)
    with pytest.raises(InDoubtError, match="does not set it back") as raised:
        connector.export(change(order), config)
    assert raised.value.code == "HALF_CHANGED"


@pytest.mark.parametrize("fault", [DROP_AFTER, DROP_BEFORE, status(500)], ids=["after", "before", "500"])
@pytest.mark.parametrize(("kind", "step"), [("PATCH", n) for n in range(4)] + [("POST", 0)])
def test_wherever_an_answer_is_lost_the_next_call_goes_on(sap, connector, fault, kind, step) -> None:
    config = settings(sap)
    order = sent(sap, connector, config)
    changed = change(order)
    sap.misbehave(*[ALL_WELL] * step, fault, method=kind)
    with pytest.raises(InDoubtError):
        connector.export(changed, config)
    changed.delivery.last_begun_at, changed.delivery.in_doubt = datetime.now(UTC), True
    if connector.find(changed, config) is None:
        connector.export(changed, config)
    assert held(sap) == CHANGED
    assert connector.find(changed, config) is not None


def test_a_refusal_after_an_earlier_call_that_got_half_way_is_a_persons_affair(sap, connector) -> None:
    config = settings(sap)
    changed = change(sent(sap, connector, config))
    sap.misbehave(ALL_WELL, DROP_AFTER, method="PATCH")
    with pytest.raises(InDoubtError):
        connector.export(changed, config)
    changed.delivery.last_begun_at = datetime.now(UTC)
    sap.refuses_when.append(billed)
    with pytest.raises(InDoubtError, match="Some of the change of the order 1000001 was made"):
        connector.export(changed, config)


def test_what_somebody_changes_in_between_is_not_overwritten(sap, connector, monkeypatch) -> None:
    config = settings(sap)
    order = sent(sap, connector, config)
    one = sap._one

    def meanwhile(entity: str, key: str) -> Entity:
        row: Entity = one(entity, key)
        sap.orders["1000001"]["to_Item"][0]["RequestedQuantity"] = "11"
        return row

    monkeypatch.setattr(sap, "_one", meanwhile)
    with pytest.raises(TransientError, match="just been changed"):
        connector.export(change(order), config)
    assert held(sap)[0][2] == "11"


def test_a_worker_that_loses_its_lease_half_way_goes_no_further(sap, connector) -> None:
    config = settings(sap)
    changed = change(sent(sap, connector, config))
    changed.delivery.lease = Lease(new_id(), 60.0)
    sap.refuses_when.append(lambda row: changed.delivery.lease.revoke())
    with pytest.raises(InDoubtError, match="was made: Too little"):
        connector.export(changed, config)
    assert held(sap)[:2] == [("10", "TG11", "12", ""), ("20", "TG12", "10", "")]
    sap.refuses_when.clear()
    changed.delivery.lease = None
    connector.export(changed, config)
    assert held(sap) == CHANGED


def change_error(connector: SapODataConnector, order: DraftOrder, config: dict[str, Any]) -> ConnectorError:
    with pytest.raises(ConnectorError) as raised:
        connector.export(order, config)
    return raised.value


def test_what_cannot_be_changed_is_refused_before_anything_is(sap, connector) -> None:
    config = settings(sap)
    order = sent(sap, connector, config)
    before = requests(sap)
    assert change_error(connector, change(order, notes="ring twice"), config).code == "NOT_TOLD"
    no_reason = settings(sap, rejection_reason="")
    assert "which reason" in change_error(connector, change(order), no_reason).message
    another = [*BEFORE[:2], a_line(3, internal_sku="TG99")]
    assert change_error(connector, change(order, another), config).code == "LINE_CHANGED_IN_ERP"
    sap.orders["1000001"]["to_Item"][0]["Material"] = "OTHER"
    assert change_error(connector, change(order), config).code == "LINE_CHANGED_IN_ERP"
    sap.orders["1000001"]["OverallDeliveryStatus"] = "B"
    assert change_error(connector, change(order), config).code == "TOO_LATE"
    sap.orders["1000001"]["OverallSDDocumentRejectionSts"] = "C"
    assert change_error(connector, change(order), config).code == "CANCELLED_IN_ERP"
    assert requests(sap) == before


def test_a_connection_that_does_not_say_so_takes_no_changes(sap, connector) -> None:
    assert connector.kinds(config_of(sap)) == {Kind.ORDER}
    assert connector.kinds(config_of(sap, rejection_reason="50")) == {Kind.ORDER, Kind.RECALL}
