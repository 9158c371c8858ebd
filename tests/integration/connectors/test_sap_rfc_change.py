"""SAP_RFC changes what SAP has, and takes it back: by one call that is committed, all of it or nothing, and once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from orderflow.connectors.sap.rfc import SapRfcConnector
from orderflow.connectors.sap.rfc.config import SapRfcConfig
from orderflow.domain.delivery import Delivery, Lease, Sent
from orderflow.domain.document import export_filename
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind, OrderStatus
from orderflow.testing.engine import MemoryEngine
from orderflow.testing.http_server import DROP_AFTER, DROP_BEFORE, HTML, Fault, status
from tests.integration.connectors.bapi_server import BapiServer
from tests.integration.connectors.test_sap_rfc import LATER, a_line, asked, config_of, order_of

NUMBER = "0000000001"
BEFORE = [a_line(1), a_line(2, internal_sku="TG12"), a_line(3, internal_sku="TG13")]
AFTER = [
    a_line(1, qty=Decimal(12)),
    a_line(3, internal_sku="TG13"),
    a_line(4, internal_sku="TG14", qty=Decimal(4), line_notes="Unroll"),
]
CHANGED = [("10", "TG11", "12", ""), ("20", "TG12", "10", "50"), ("30", "TG13", "10", ""), ("40", "TG14", "4", "")]
UNCHANGED = [("10", "TG11", "10", ""), ("20", "TG12", "10", ""), ("30", "TG13", "10", "")]
REJECTED = [(*item[:3], "50") for item in UNCHANGED]


@pytest.fixture
def sap() -> Iterator[BapiServer]:
    with BapiServer() as running:
        yield running


@pytest.fixture
def connector() -> Iterator[SapRfcConnector]:
    made = SapRfcConnector()
    yield made
    made.close()


def settings(sap: BapiServer, **more: Any) -> dict[str, Any]:
    return config_of(sap, **{"takes_changes": True, "rejection_reason": "50"} | more)


def sent(sap: BapiServer, connector: SapRfcConnector, config: dict[str, Any]) -> DraftOrder:
    order = order_of(*(replace(line) for line in BEFORE))
    connector.export(order, config)
    sap.received.clear()
    return order


def after(order: DraftOrder, kind: Kind, lines: list[DraftOrderLine] | None = None, **changes: Any) -> DraftOrder:
    first = order.delivery
    changed = replace(order, delivery_in_progress=None, lines=[replace(line) for line in lines or AFTER], **changes)
    about = Sent(first.export_id, first.requested_at, export_filename(order.id, first), erp_order_id=NUMBER)
    changed.delivery = Delivery(new_id(), datetime.now(UTC), kind=kind, sent=about, before=order)
    return changed


def held(sap: BapiServer) -> list[tuple[str, str, str, str]]:
    """Return number, article, quantity and reason of the items, in their order."""
    order = sap.orders[NUMBER]
    quantities = {row["ITM_NUMBER"]: row["REQ_QTY"] for row in order["ORDER_SCHEDULES_IN"]}
    return [
        (row["ITM_NUMBER"].lstrip("0"), row["MATERIAL"], quantities[row["ITM_NUMBER"]], row.get("REASON_REJ", ""))
        for row in order["ORDER_ITEMS_IN"]
    ]


def test_quantities_a_dropped_and_a_new_line_and_the_day_stand_in_sap_by_one_call(sap, connector) -> None:
    config = settings(sap)
    changed = after(sent(sap, connector, config), Kind.CHANGE, requested_delivery_date=LATER)
    assert connector.kinds(config) == frozenset(Kind)
    assert connector.find(changed, config) is None
    made = connector.export(changed, config)
    assert made.connector_metadata["erp_order_id"] == NUMBER
    assert held(sap) == CHANGED
    assert sap.orders[NUMBER]["ORDER_HEADER_IN"][0]["REQ_DATE_H"] == LATER.isoformat()
    assert [row["TEXT_LINE"] for row in sap.orders[NUMBER]["ORDER_TEXT"] if row["ITM_NUMBER"] == "000040"] == ["Unroll"]
    assert [kind for kind in asked(sap) if kind in ("change", "commit")] == ["change", "commit"]
    assert not sap.pending
    found = connector.find(changed, config)
    assert found is not None
    assert found.inferred
    assert connector.export(changed, config).success
    assert asked(sap).count("change") == 1


def test_only_what_the_change_is_about_is_touched(sap, connector) -> None:
    config = settings(sap)
    order = sent(sap, connector, config)
    sap.orders[NUMBER]["ORDER_SCHEDULES_IN"][1]["REQ_QTY"] = "8"  # as SAP's people agreed with the customer
    connector.export(after(order, Kind.CHANGE, [AFTER[0], *BEFORE[1:]]), config)
    assert held(sap) == [CHANGED[0], ("20", "TG12", "8", ""), UNCHANGED[2]]


@pytest.mark.parametrize(
    ("lines", "changes", "wanted"),
    [
        ([a_line(1, unit_price=Decimal(13)), *BEFORE[1:]], {}, "unit_price"),
        (BEFORE, {"notes": "Ring twice"}, "notes"),
        (BEFORE, {"currency": "USD"}, "currency"),
    ],
)
def test_what_cannot_be_read_back_is_not_changed(sap, connector, lines, changes, wanted) -> None:
    config = settings(sap)
    changed = after(sent(sap, connector, config), Kind.CHANGE, lines, **changes)
    with pytest.raises(RejectedError, match=wanted) as refused:
        connector.export(changed, config)
    assert refused.value.code == "NOT_TOLD"
    assert "change" not in asked(sap)


def test_lines_are_dropped_with_a_reason_only(sap, connector) -> None:
    config = settings(sap, rejection_reason="")
    assert Kind.RECALL not in connector.kinds(config)
    with pytest.raises(RejectedError, match="does not say with which reason"):
        connector.export(after(sent(sap, connector, config), Kind.CHANGE), config)


def test_all_items_of_a_recalled_order_are_rejected_by_one_call_and_once_is_enough(sap, connector) -> None:
    config = settings(sap)
    recall = after(sent(sap, connector, config), Kind.RECALL, BEFORE)
    taken = connector.take_back(recall, config)
    assert (taken.inferred, taken.connector_metadata["rejected_items"]) == (False, 3)
    assert held(sap) == REJECTED
    again = connector.take_back(recall, config)
    assert (again.inferred, asked(sap).count("change")) == (True, 1)


# What SAP refuses


def refusals(sap: BapiServer, config: dict[str, Any], why: str) -> None:
    match why:
        case "locked":
            sap.locked.add(NUMBER)
        case "delivered item":
            sap.orders[NUMBER]["ORDER_ITEMS_IN"][0]["deliveries"] = 1
        case "delivered":
            sap.orders[NUMBER]["ORDER_ITEMS_IN"][0]["now"] = {"DLV_STAT_H": "B"}
        case "reason":
            config["rejection_reason"] = "99"
        case "gone":
            sap.orders.clear()


WHY = {
    "locked": (TransientError, "currently being processed by MEIER (V1/042)"),
    "delivered item": (RejectedError, "Item 000010 was delivered, and cannot be changed (V1/497)"),
    "delivered": (RejectedError, "was delivered already"),
    "reason": (RejectedError, "Reason for rejection 99 is not defined (V1/212)"),
    "gone": (InDoubtError, "is not in SAP any more"),
}


@pytest.mark.parametrize("why", WHY)
@pytest.mark.parametrize("kind", [Kind.CHANGE, Kind.RECALL])
def test_a_refusal_is_told_in_saps_words_and_nothing_of_it_stays(sap, connector, kind, why) -> None:
    config, (sort, words) = settings(sap), WHY[why]
    asks = after(sent(sap, connector, config), kind, None if kind is Kind.CHANGE else BEFORE)
    refusals(sap, config, why)
    with pytest.raises(ConnectorError) as refused:
        (connector.export if kind is Kind.CHANGE else connector.take_back)(asks, config)
    assert isinstance(refused.value, sort)
    assert words in refused.value.message
    assert not sap.pending
    assert why == "gone" or held(sap) == UNCHANGED
    assert "commit" not in asked(sap)


def test_an_order_that_was_rejected_is_not_changed(sap, connector) -> None:
    config = settings(sap)
    order = sent(sap, connector, config)
    connector.take_back(after(order, Kind.RECALL, BEFORE), config)
    with pytest.raises(RejectedError, match="people have changed"):
        connector.export(after(order, Kind.CHANGE), config)


# What is lost


@pytest.mark.parametrize("lost", ["change", "commit"])
@pytest.mark.parametrize("fault", [DROP_AFTER, DROP_BEFORE, HTML, status(500, takes=True), status(503)])
def test_a_change_whose_answer_is_lost_is_asked_for_and_made_once(sap, connector, lost, fault) -> None:
    order, config = order_of(*(replace(line) for line in BEFORE)), settings(sap)
    engine = MemoryEngine(connector, config)
    engine.push(order)
    engine.run()
    engine.poll()
    engine.change(order, lines=[replace(line) for line in AFTER])
    sap.misbehave(fault, method=lost)
    for _ in range(4):
        engine.run()
        engine.test()
    assert held(sap) == CHANGED
    assert len(sap.changed) == 1
    assert order.status in (OrderStatus.PUSHED, OrderStatus.CONFIRMED)


@pytest.mark.parametrize("lost", ["change", "commit"])
@pytest.mark.parametrize("fault", [DROP_AFTER, DROP_BEFORE, status(500, takes=True)])
def test_a_recall_whose_answer_is_lost_is_made_once(sap, connector, lost, fault) -> None:
    order, config = order_of(*(replace(line) for line in BEFORE)), settings(sap)
    engine = MemoryEngine(connector, config)
    engine.push(order)
    engine.run()
    engine.poll()
    engine.recall(order)
    sap.misbehave(fault, method=lost)
    for _ in range(4):
        engine.run()
        engine.test()
    assert held(sap) == REJECTED
    assert len(sap.changed) == 1
    assert order.status is OrderStatus.RECALLED


@pytest.mark.parametrize("kind", [Kind.CHANGE, Kind.RECALL])
def test_a_commit_that_another_server_took_is_doubt(sap, connector, kind) -> None:
    config = settings(sap)
    asks = after(sent(sap, connector, config), kind, None if kind is Kind.CHANGE else BEFORE)
    sap.loses_commits = True
    with pytest.raises(InDoubtError, match="does not show all of it"):
        (connector.export if kind is Kind.CHANGE else connector.take_back)(asks, config)


@pytest.mark.parametrize("fault", [DROP_AFTER, HTML, status(500), status(401), status(429)])
@pytest.mark.parametrize("kind", [Kind.CHANGE, Kind.RECALL])
def test_what_was_committed_and_cannot_be_read_back_is_doubt_and_found_later(sap, connector, kind, fault) -> None:
    config = settings(sap)
    asks = after(sent(sap, connector, config), kind, None if kind is Kind.CHANGE else BEFORE)
    go = connector.export if kind is Kind.CHANGE else connector.take_back
    sap.misbehave(Fault(takes=True), *[fault] * 2, method="status")
    with pytest.raises(InDoubtError, match="is unknown"):
        go(asks, config)
    sap.recover()
    assert go(asks, config).success
    assert asked(sap).count("change") == 1


@pytest.mark.parametrize("row", [{"ITM_NUMBER": "x"}, {"REQ_QTY": "much"}])
def test_an_answer_that_is_none_is_a_clear_error(sap, connector, row) -> None:
    config = settings(sap)
    order = sent(sap, connector, config)
    sap.orders[NUMBER]["ORDER_ITEMS_IN"][0]["now"] = row
    for kind in (Kind.CHANGE, Kind.RECALL):
        with pytest.raises(ConnectorError):
            (connector.export if kind is Kind.CHANGE else connector.take_back)(after(order, kind), config)
    assert "change" not in asked(sap)


def test_a_session_that_is_not_kept_is_told_and_nothing_is_committed(sap, connector) -> None:
    config = settings(sap)
    asks = after(sent(sap, connector, config), Kind.RECALL, BEFORE)
    sap.keeps_sessions = False
    with pytest.raises(NeedsAttentionError) as told:
        connector.take_back(asks, config)
    assert told.value.code == "SESSION_MISSING"
    assert held(sap) == UNCHANGED


def test_a_change_whose_lease_ends_is_not_begun_or_not_committed(sap, connector, monkeypatch) -> None:
    config = settings(sap)
    asks = after(sent(sap, connector, config), Kind.CHANGE)
    asks.delivery.lease = Lease(new_id(), 60.0)
    answer = sap._change

    def taken_by_another(given: Any, session: str) -> Any:
        assert asks.delivery.lease is not None
        asks.delivery.lease.revoke()
        return answer(given, session)

    monkeypatch.setattr(sap, "_change", taken_by_another)
    with pytest.raises(LeaseEndingError):
        connector.export(asks, config)
    assert asked(sap)[-2:] == ["change", "rollback"]
    with pytest.raises(LeaseEndingError):
        connector.export(asks, config)
    assert asked(sap).count("change") == 1
    assert held(sap) == UNCHANGED


def test_a_quiet_answer_to_a_question_about_a_change_is_no_answer(sap, connector) -> None:
    config = settings(sap)
    asks = after(sent(sap, connector, config), Kind.CHANGE)
    for fault in (HTML, Fault(content=b"")):
        sap.misbehave(fault, method="status")
        with pytest.raises(ConnectorError):
            connector.find(asks, config)


def test_a_function_that_commits_by_itself_is_asked_for_no_change(sap) -> None:
    for more in ({"takes_changes": True, "rejection_reason": ""}, {"takes_changes": False}):
        with pytest.raises(ValidationError, match="need commit in_session"):
            SapRfcConfig.model_validate(settings(sap, commit="by_function", **more))
