"""A third party's connector that has what it must have, and declares nothing: it is given orders, and nothing else."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest

from orderflow.connectors.base import BaseConnector
from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import ExportResult, TestResult
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import ERPExportStatus, Kind, OrderStatus
from orderflow.flow.delivery.change import ChangeWay, what_follows
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.recall import recall_in
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.flow.setup.preview import preview_order
from tests.unit.flow.conftest import ANNA


class _Noting:
    """What it is called with."""

    def __init__(self) -> None:
        self.given: list[Kind] = []

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        self.given.append(draft_order.delivery.kind)
        return ExportResult(True, draft_order.id, connector_metadata={"erp_order_id": "SO-1"})

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        return TestResult(True)


class FromThePort(_Noting, ERPConnectorPort):
    """As somebody writes one who knows the port alone."""


class FromTheBase(_Noting, BaseConnector):
    """As the guide has it."""


@pytest.fixture(params=[FromThePort, FromTheBase])
def third_party(house, request):
    """Return the connector, and the connection over which it is called."""
    house.connectors["THEIRS"] = request.param()
    return house.connectors["THEIRS"], house.connect("THEIRS")


def work_off(house, way):
    for _ in range(3):
        house.clock.forward(3700)
        push_batch(house.wiring, house.org_id, way)


def sent(house, way):
    order = house.pushed(way)
    work_off(house, way)
    assert house.status(order) is OrderStatus.CONFIRMED
    return order


@pytest.mark.parametrize("in_doubt", ["hold", "resend"])
@pytest.mark.parametrize("change_by_recall", [False, True])
def test_it_is_never_given_a_change(house, third_party, in_doubt, change_by_recall):
    connector, way = third_party
    house.change_connection(way, change_by_recall=change_by_recall, in_doubt=in_doubt)
    order = sent(house, way)
    assert what_follows(house.wiring, house.org_id, order.id).way is ChangeWay.BY_HAND
    with house.work() as work:
        changed = copy(work.orders.get(order.id))
        changed.notes = "twelve"
        edit_order(work, changed, ANNA)
    with house.work() as work:
        approve_order(work, order.id, ANNA)
    assert preview_order(house.wiring, house.org_id, order.id).file_name.startswith("sales_order_")
    house.clock.forward(1)
    house.request(order)
    work_off(house, way)
    assert connector.given == [Kind.ORDER]
    assert (house.status(order), house.row(order).error_json["code"]) == (OrderStatus.ERROR, "CHANGE_UNSUPPORTED")


def test_it_is_never_given_a_recall(house, third_party):
    connector, way = third_party
    order = sent(house, way)
    house.clock.forward(1)
    with house.work() as work:
        recall_in(work, order.id, "cancelled", ANNA)  # as a bulk job does, which asks nobody
    work_off(house, way)
    assert connector.given == [Kind.ORDER]
    last = house.export(order)
    assert (last.kind, last.status, last.error_json["code"]) == (
        Kind.RECALL,
        ERPExportStatus.FAILED,
        "KIND_UNSUPPORTED",
    )
    assert house.status(order) is OrderStatus.CONFIRMED
