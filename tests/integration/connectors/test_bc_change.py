"""BUSINESS_CENTRAL changes what a company has: line by line, once, and never half without a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orderflow.connectors.business_central import BusinessCentralConnector
from orderflow.connectors.whole_orders import short_key
from orderflow.domain.delivery import Delivery, Sent
from orderflow.domain.errors import ConfigError, ConnectorError, InDoubtError, RejectedError, TransientError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind
from orderflow.testing.http_server import DROP_AFTER, DROP_BEFORE, HTML, Fault, status
from tests.integration.connectors.bc_server import BusinessCentralServer, Entity, RefusedError
from tests.integration.connectors.test_bc_conformance import config_of
from tests.integration.connectors.test_bc_delivery import LATER, a_line, differing, order_of, waiting_for

NUMBER = "S-ORD101001"
BEFORE = [a_line(1, line_notes="Mind"), a_line(2, internal_sku="1900-S", line_notes="Step"), a_line(3)]
AFTER = [a_line(1, line_notes="Mind", qty=Decimal(12), unit_price=Decimal("11.25")), a_line(3),
         a_line(4, internal_sku="1964-W", qty=Decimal(4), line_notes="New")]  # fmt: skip
CHANGED = [
    (10_000, "1896-S", 12), (10_001, None, 0), (30_000, "1896-S", 10), (40_000, "1964-W", 4), (40_001, None, 0),
]  # fmt: skip


@pytest.fixture
def bc() -> Iterator[BusinessCentralServer]:
    with BusinessCentralServer() as running:
        yield running


@pytest.fixture
def connector() -> Iterator[BusinessCentralConnector]:
    made = BusinessCentralConnector()
    yield made
    made.close()


def sent(connector: BusinessCentralConnector, config: dict[str, Any]) -> DraftOrder:
    order = order_of(*(replace(line) for line in BEFORE))
    connector.export(order, config)
    return order


def change_of(order: DraftOrder, lines: list[DraftOrderLine] | None = None, **changes: Any) -> DraftOrder:
    about = Sent(order.delivery.export_id, datetime.now(UTC), "po.json", erp_order_id=NUMBER)
    changed = replace(order, delivery_in_progress=None, lines=[replace(line) for line in lines or AFTER], **changes)
    changed.delivery = Delivery(new_id(), datetime.now(UTC), kind=Kind.CHANGE, sent=about, before=order)
    return changed


def held(bc: BusinessCentralServer) -> list[tuple[int, str | None, int]]:
    rows = sorted(bc.orders[NUMBER]["lines"], key=lambda line: line["sequence"])
    return [(row["sequence"], row.get("lineObjectNumber"), int(row.get("quantity", 0))) for row in rows]


def settings(bc: BusinessCentralServer, **more: Any) -> dict[str, Any]:
    return config_of(bc, takes_changes=True) | more


def test_it_says_what_it_takes(bc, connector):
    assert connector.kinds(settings(bc)) == {Kind.ORDER, Kind.CHANGE}
    assert connector.kinds(config_of(bc, deletes_recalled=True)) == {Kind.ORDER, Kind.RECALL}
    with pytest.raises(ConfigError, match="number_and_key"):
        connector.parse(settings(bc, reference_in="number"))


def test_an_order_says_afterwards_what_it_says_now(bc, connector):
    config = settings(bc)
    order = sent(connector, config)
    changed = change_of(order, requested_delivery_date=LATER)
    assert connector.find(changed, config) is None
    result = connector.export(changed, config)
    assert (result.erp_order_id, held(bc)) == (NUMBER, CHANGED)
    first = bc.orders[NUMBER]["lines"][0]
    assert (first["unitPrice"], first["discountAmount"]) == (Decimal("11.25"), 0)
    assert bc.orders[NUMBER]["requestedDeliveryDate"] == str(LATER)
    assert bc.orders[NUMBER]["externalDocumentNumber"] == f"PO-77/{short_key(changed.delivery.export_id)}"
    assert connector.find(changed, config).erp_order_id == NUMBER
    (ack,) = connector.poll_acks(config, [waiting_for(changed, NUMBER)])
    assert differing(changed, ack) == []
    before = len(bc.received)
    connector.export(changed, config)  # once more, as after a lost answer
    assert len(bc.received) == before + 1


@pytest.mark.parametrize("fault", [DROP_AFTER, DROP_BEFORE, HTML, status(504, takes=True), status(409), status(429)])
@pytest.mark.parametrize("kind", ["PATCH", "add", "DELETE"])
@pytest.mark.parametrize("nth", [0, 1])
def test_wherever_it_breaks_off_a_repeated_call_goes_on_from_there(bc, connector, fault, kind, nth):
    config = settings(bc)
    order = sent(connector, config)
    changed = change_of(order)
    bc.misbehave(*[Fault(takes=True)] * nth, fault, method=kind)
    with pytest.raises(ConnectorError):
        connector.export(changed, config)
    bc.recover()
    changed.delivery.last_begun_at = datetime.now(UTC)
    if connector.find(changed, config) is None:
        connector.export(changed, config)
    assert held(bc) == CHANGED
    assert connector.find(changed, config).erp_order_id == NUMBER


@pytest.mark.parametrize("where", ["add", "edit"])
def test_what_is_refused_in_the_middle_is_undone(bc, connector, where):
    config = settings(bc)
    order = sent(connector, config)
    were = held(bc)

    def refuses(body: Entity) -> None:
        if body.get("lineObjectNumber" if where == "add" else "quantity") in ("1964-W", Decimal(12)):
            raise RefusedError("The Item 1964-W is blocked.")

    bc.refuses_when.append(refuses)
    with pytest.raises(RejectedError, match=r"keeps the order as it was: .*1964-W is blocked"):
        connector.export(change_of(order), config)
    assert held(bc) == were
    assert bc.orders[NUMBER]["externalDocumentNumber"].endswith(short_key(order.delivery.export_id))


def test_after_a_deleted_line_nothing_is_undone_and_a_person_is_told(bc, connector):
    config = settings(bc)
    order = sent(connector, config)

    def refuses(body: Entity) -> None:
        if "externalDocumentNumber" in body and "lineType" not in body:
            raise RefusedError("The header is checked by an extension.")

    bc.refuses_when.append(refuses)
    with pytest.raises(InDoubtError) as raised:
        connector.export(change_of(order), config)
    assert raised.value.code == "HALF_CHANGED"


@pytest.mark.parametrize(("state", "code"), [("release", "TOO_LATE"), ("ship", "TOO_LATE"), ("invoice", "TOO_LATE"),
                                             ("delete", "CANCELLED_IN_ERP")])  # fmt: skip
def test_one_that_went_on_is_not_changed(bc, connector, state, code):
    config = settings(bc)
    order = sent(connector, config)
    steps = {"release": bc.release, "ship": bc.ship, "invoice": bc.invoice, "delete": bc.orders.pop}
    steps[state](NUMBER)
    with pytest.raises(RejectedError) as raised:
        connector.export(change_of(order), config)
    assert raised.value.code == code
    assert not [request for request in bc.received if request.method in ("PATCH", "DELETE")]


def test_what_people_have_done_to_other_lines_stays(bc, connector):
    config = settings(bc)
    order = sent(connector, config)
    lines = {line["sequence"]: line for line in bc.orders[NUMBER]["lines"]}
    lines[30_000]["quantity"] = Decimal(7)
    bc.orders[NUMBER]["lines"].append(lines[30_000] | {"id": str(new_id()), "sequence": 35_000})
    connector.export(change_of(order), config)
    assert [row for row in held(bc) if row[0] in (30_000, 35_000)] == [(30_000, "1896-S", 7), (35_000, "1896-S", 7)]


def test_somebody_who_changes_the_same_line_is_not_overwritten(bc, connector, monkeypatch):
    config = settings(bc)
    order = sent(connector, config)
    found = bc._found

    def and_change(path: str) -> Any:
        order_there, row = found(path)
        row["quantity"] = Decimal(3)
        return order_there, row

    monkeypatch.setattr(bc, "_found", and_change)
    with pytest.raises(TransientError):
        connector.export(change_of(order), config)


@pytest.mark.parametrize(
    ("lines", "changes", "code"),
    [
        (BEFORE, {"notes": "Ring"}, "NOT_TOLD"),
        ([replace(BEFORE[0], product_description="Table"), *BEFORE[1:]], {}, "NOT_TOLD"),
        ([*BEFORE, a_line(5, internal_sku="X" * 21)], {}, "DOES_NOT_FIT"),
    ],
)
def test_what_cannot_be_changed_from_here_is_said_and_nothing_is_sent(bc, connector, lines, changes, code):
    config = settings(bc)
    order = sent(connector, config)
    with pytest.raises(RejectedError) as raised:
        connector.export(change_of(order, lines, **changes), config)
    assert raised.value.code == code
    assert not [request for request in bc.received if request.method in ("PATCH", "DELETE")]
