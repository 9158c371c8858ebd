"""An order that a real ERP has is changed and taken back there, as long as the ERP lets it, and in its words if not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orderflow.connectors.tryton.sales import MARK, Sales
from orderflow.domain.confirmations import applied, differences
from orderflow.domain.delivery import Delivery, ExportResult, Sent, WaitingExport
from orderflow.domain.document import export_filename
from orderflow.domain.errors import InDoubtError, RejectedError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind
from tests.acceptance.erp.test_as_ordered import ONLY_ODOO, ONLY_TRYTON, records
from tests.acceptance.erp.test_bad_input import ForgetfulProxy

pytestmark = pytest.mark.timeout(400, func_only=True)
TAX = {"TRYTON": Decimal("1.10"), "ODOO": Decimal("1.15")}


def line(number: int, sku: str, qty: str, price: str, **more: Any) -> DraftOrderLine:
    return DraftOrderLine(number, sku, Decimal(qty), "PCE", Decimal(price), **more)


WAYS = pytest.mark.parametrize("way", ["config", pytest.param("other_config", marks=pytest.mark.large)])
BEFORE = [line(1, "SKU-1", "3", "12.40"), line(2, "SKU-2", "5", "2.50"), line(3, "SKU-3", "7", "1.25")]
AFTER = [line(1, "SKU-1", "12", "11.25"), line(3, "SKU-3", "7", "1.25"), line(4, "SKU-4", "4", "9.99")]
MORE = [replace(BEFORE[0], qty=Decimal(12), unit_price=Decimal("11.25")), *BEFORE[1:], AFTER[2]]


def an_order(lines: list[DraftOrderLine] | None = None) -> DraftOrder:
    lines = [replace(one) for one in lines or BEFORE]
    return DraftOrder(
        external_order_number="PO-9", currency="USD", customer=Customer("C-9", "Müller & Söhne"), lines=lines
    )


@pytest.fixture(autouse=True)
def _known(erp) -> None:
    erp.load([an_order(BEFORE + AFTER)])


def sent(erp, config: dict[str, Any] | None = None) -> DraftOrder:
    order = an_order()
    erp.connector.export(order, config or erp.config)
    return order


def follow(order: DraftOrder, kind: Kind, **changes: Any) -> DraftOrder:
    """Return a recall of an order, or its change."""
    first = Sent(order.delivery.export_id, order.delivery.requested_at, name_of(order))
    next_one = replace(order, delivery_in_progress=None, **changes)
    before = order if kind is Kind.CHANGE else None
    next_one.delivery = Delivery(new_id(), datetime.now(UTC), kind=kind, sent=first, before=before, reason="cancelled")
    return next_one


def change(order: DraftOrder, lines: list[DraftOrderLine] | None = None, **changes: Any) -> DraftOrder:
    return follow(order, Kind.CHANGE, lines=[replace(one) for one in lines or AFTER], **changes)


def name_of(order: DraftOrder) -> str:
    what = "sales_order" if order.delivery.kind is Kind.ORDER else str(order.delivery.kind)
    return export_filename(order.id, order.delivery, what=what)


def take_back(erp, order: DraftOrder, config: dict[str, Any] | None = None) -> ExportResult:
    result: ExportResult = erp.connector.take_back(follow(order, Kind.RECALL), config or erp.config)
    return result


def state(erp, order: DraftOrder) -> str:
    (found,) = erp.states([name_of(order)])
    return str(found)


def check_as_ordered(erp, order: DraftOrder, result: ExportResult, lines: list[DraftOrderLine]) -> None:
    """Hold lines, untaxed amount and total of the ERP against the order's."""
    ((sold,),) = erp.sold([name_of(order)]).values()
    assert sorted(sold.lines) == sorted((one.internal_sku, one.qty, one.unit_price) for one in lines)
    amount = sum((one.qty * one.unit_price for one in lines if one.qty and one.unit_price), Decimal(0))
    assert erp.untaxed([name_of(order)]) == amount
    assert Decimal(result.connector_metadata["total_amount"]) == round(amount * TAX[erp.kind], 2)


# Taking back


@WAYS
def test_what_nobody_confirmed_is_cancelled_and_once_is_enough(erp, way) -> None:
    config = getattr(erp, way)
    order = sent(erp, config)
    assert erp.connector.takes_back(config)
    assert not take_back(erp, order, config).inferred
    assert state(erp, order) == "cancel"
    assert take_back(erp, order, config).inferred


@ONLY_TRYTON
def test_a_quotation_is_cancelled(erp) -> None:
    order = sent(erp, erp.config | {"on_arrival": "quote"})
    take_back(erp, order)
    assert state(erp, order) == "cancel"


@ONLY_TRYTON
@WAYS
def test_what_tryton_has_confirmed_it_keeps_in_its_own_words(erp, way) -> None:
    order = sent(erp, getattr(erp, way) | {"on_arrival": "confirm"})
    with pytest.raises(RejectedError, match='You can not call "cancel"') as raised:
        take_back(erp, order, getattr(erp, way))
    assert (state(erp, order), "confirm the recall" in (raised.value.hint or "")) == ("processing", True)


@ONLY_ODOO
@WAYS
def test_what_odoo_has_confirmed_it_cancels_unless_it_is_locked(erp, way) -> None:
    config = getattr(erp, way) | {"on_arrival": "confirm"}
    order, locked = sent(erp, config), sent(erp, config)
    take_back(erp, order, config)
    assert state(erp, order) == "cancel"
    (row,) = records(erp, "sale.order", [["origin", "=", name_of(locked)]], ["locked"])
    erp.api.call("sale.order", "action_lock", [row["id"]])
    with pytest.raises(RejectedError, match="locked order"):
        take_back(erp, locked, config)
    assert state(erp, locked) == "sale"


@pytest.mark.parametrize("what", ["shipped", pytest.param("invoiced", marks=pytest.mark.large)])
def test_what_was_shipped_or_invoiced_is_neither_taken_back_nor_changed(erp, what) -> None:
    order = sent(erp, erp.config | {"on_arrival": "confirm"})
    name = name_of(order)
    tryton = f"UPDATE sale_sale SET %s WHERE description = '{name}'"
    odoo = f"UPDATE sale_order_line SET %s WHERE order_id IN (SELECT id FROM sale_order WHERE origin = '{name}')"
    statements = {
        ("TRYTON", "shipped"): tryton % "shipment_state = 'partially shipped'",
        ("TRYTON", "invoiced"): tryton % "invoice_state = 'awaiting payment'",
        ("ODOO", "shipped"): odoo % "qty_delivered = 1",
        ("ODOO", "invoiced"): odoo % "qty_invoiced = 1",
    }
    erp.execute(statements[erp.kind, what])
    with pytest.raises(RejectedError) as raised:
        take_back(erp, order)
    assert raised.value.code == "TOO_LATE"
    with pytest.raises(RejectedError) as raised:
        erp.connector.export(change(order), erp.config)
    assert raised.value.code == "TOO_LATE"
    assert erp.sold([name])[name][0].lines[0][1] == 3


def test_what_is_not_there_is_a_persons_affair(erp) -> None:
    with pytest.raises(InDoubtError, match="does not have the order"):
        take_back(erp, an_order())
    with pytest.raises(RejectedError, match="any more") as raised:
        erp.connector.export(change(an_order()), erp.config)
    assert raised.value.code == "NOT_THERE"


# Changing


@WAYS
def test_quantity_price_an_added_and_a_removed_line_stand_in_the_erp_and_totals_are_equal(erp, way) -> None:
    config = getattr(erp, way)
    order = sent(erp, config)
    changed = change(order, notes="twelve")
    assert erp.connector.find(changed, config) is None
    result = erp.connector.export(changed, config)
    check_as_ordered(erp, changed, result, AFTER)
    assert erp.connector.export(changed, config).connector_metadata == result.connector_metadata
    assert erp.connector.find(changed, config).connector_metadata == result.connector_metadata
    assert erp.sold([name_of(order)]) == {}, "it goes by the change's name now"


@pytest.mark.large
def test_a_second_change_and_a_recall_find_it_under_its_new_name(erp) -> None:
    order = sent(erp)
    first = change(order)
    erp.connector.export(first, erp.config)
    second = follow(order, Kind.CHANGE, lines=[replace(one) for one in MORE])
    second.delivery.before = first
    check_as_ordered(erp, second, erp.connector.export(second, erp.config), MORE)
    take_back(erp, order)
    assert state(erp, second) == "cancel"


@pytest.mark.large
def test_what_the_erps_people_added_and_left_stays(erp) -> None:
    order = sent(erp)
    if erp.kind == "TRYTON":
        (row,) = records(erp, "sale.sale", [["description", "=", name_of(order)]], ["id"])
        comment = ["create", [{"type": "comment", "description": "ring twice"}]]
        erp.api.call("sale.sale", "write", row["id"], values={"lines": [comment]})
    else:
        (row,) = records(erp, "sale.order", [["origin", "=", name_of(order)]], ["id"])
        note = [0, 0, {"display_type": "line_note", "name": "ring twice"}]
        erp.api.call("sale.order", "write", [row["id"]], vals={"order_line": [note]})
    changed = change(order)
    check_as_ordered(erp, changed, erp.connector.export(changed, erp.config), AFTER)
    model, of_sale, what = {
        "TRYTON": ("sale.line", "sale.description", ["type", "=", "comment"]),
        "ODOO": ("sale.order.line", "order_id.origin", ["display_type", "=", "line_note"]),
    }[erp.kind]
    assert len(records(erp, model, [[of_sale, "=", name_of(changed)], what], ["id"])) == 1


@pytest.mark.large
def test_a_line_that_the_erps_people_exchanged_is_not_guessed(erp) -> None:
    order = sent(erp)
    before = erp.sold([name_of(order)])
    changed = change(order, [replace(BEFORE[0], internal_sku="SKU-4", qty=Decimal(9)), *BEFORE[1:]])
    changed.delivery.before = replace(order, lines=[replace(BEFORE[0], internal_sku="SKU-4"), *BEFORE[1:]])
    with pytest.raises(RejectedError, match="changed the order themselves"):
        erp.connector.export(changed, erp.config)
    assert erp.sold([name_of(order)]) == before


@ONLY_TRYTON
@WAYS
def test_a_quotation_stays_one_with_its_number(erp, way) -> None:
    config = getattr(erp, way) | {"on_arrival": "quote"}
    order = an_order()
    number = erp.connector.export(order, config).erp_order_id
    changed = change(order)
    result = erp.connector.export(changed, config)
    assert (result.connector_metadata["state"], result.erp_order_id) == ("quotation", number)
    check_as_ordered(erp, changed, result, AFTER)


@ONLY_TRYTON
@pytest.mark.large
def test_a_draft_that_a_person_has_quoted_is_quoted_again(erp) -> None:
    person = change(sent(erp))
    erp.connector.export(person, erp.config)
    (row,) = records(erp, "sale.sale", [["description", "=", name_of(person)]], ["id"])
    erp.api.call("sale.sale", "quote", row["id"])
    again = change(person, MORE)
    assert erp.connector.export(again, erp.config).connector_metadata["state"] == "quotation"


@ONLY_TRYTON
def test_what_tryton_refuses_leaves_the_quotation_as_it_was(erp) -> None:
    config = erp.config | {"on_arrival": "quote"}
    order = sent(erp, config)
    before = erp.sold([name_of(order)])
    with pytest.raises(RejectedError, match="exceeds the limit"):
        erp.connector.export(change(order, [replace(BEFORE[0], qty=Decimal("2.5")), *BEFORE[1:]]), config)
    assert (state(erp, order), erp.sold([name_of(order)])) == ("quotation", before)


@ONLY_TRYTON
def test_what_a_crash_left_without_taxes_gets_them(erp, monkeypatch) -> None:
    changed = change(sent(erp))
    with monkeypatch.context() as patched:
        patched.setattr(Sales, "_complete_change", lambda *_: (_ for _ in ()).throw(InDoubtError("it died here")))
        with pytest.raises(InDoubtError):
            erp.connector.export(changed, erp.config)
    assert list(erp.sold([name_of(changed) + MARK])) == [name_of(changed) + MARK]
    assert erp.connector.find(changed, erp.config) is None
    check_as_ordered(erp, changed, erp.connector.export(changed, erp.config), AFTER)


@ONLY_ODOO
@WAYS
def test_of_a_confirmed_order_odoo_changes_what_it_lets_be_changed(erp, way) -> None:
    config = getattr(erp, way) | {"on_arrival": "confirm"}
    order = sent(erp, config)
    with pytest.raises(RejectedError, match="you can't remove one of its lines"):
        erp.connector.export(change(order), config)
    ((sold,),) = erp.sold([name_of(order)]).values()
    assert sold.lines == [(one.internal_sku, one.qty, one.unit_price) for one in BEFORE]
    changed = change(order, MORE)
    check_as_ordered(erp, changed, erp.connector.export(changed, config), MORE)
    assert state(erp, changed) == "sale"


@ONLY_ODOO
def test_what_odoo_rounds_is_set_back(erp) -> None:
    order = sent(erp)
    before = erp.sold([name_of(order)])
    changed = change(order, [replace(BEFORE[0], qty=Decimal("2.12345")), BEFORE[2], AFTER[2]], notes="other")
    with pytest.raises(RejectedError, match=r"for the quantity 2\.12345 of line 1"):
        erp.connector.export(changed, erp.config)
    assert sorted(erp.sold([name_of(order)])[name_of(order)][0].lines) == sorted(before[name_of(order)][0].lines)
    assert not records(erp, "sale.order", [["origin", "=", name_of(changed)]], ["id"])


@pytest.fixture
def proxy(erp) -> Iterator[ForgetfulProxy]:
    started = ForgetfulProxy(int(erp.config["url"].rsplit(":", 1)[1]), b"")
    started.start()
    yield started
    started.stop()


def test_a_lost_answer_to_a_change_or_a_recall_is_asked_for(erp, proxy) -> None:
    config = erp.config | {"url": proxy.url}
    order = sent(erp)
    changed = change(order)
    write, cancel = {"TRYTON": (b"/write?", b"/cancel?"), "ODOO": (b"sale.order/write", b"action_cancel")}[erp.kind]
    proxy.forget = write
    with pytest.raises(InDoubtError):
        erp.connector.export(changed, config)
    result = erp.connector.find(changed, config) or erp.connector.export(changed, config)
    check_as_ordered(erp, changed, result, AFTER)
    proxy.forget = cancel
    with pytest.raises(InDoubtError):
        take_back(erp, order, config)
    assert take_back(erp, order, config).inferred


def test_a_changed_order_that_people_confirm_is_told_of_as_it_is_now(erp) -> None:
    order = sent(erp)
    changed = change(order)
    erp.connector.export(changed, erp.config)
    waiting = [WaitingExport(one.delivery.export_id, one.id, name_of(one)) for one in (order, changed)]
    assert list(erp.connector.poll_acks(erp.config, waiting)) == []
    erp.decide(name_of(changed), "confirm")
    (ack,) = erp.connector.poll_acks(erp.config, waiting)
    assert (ack.status, ack.export_id) == ("ACKED", changed.delivery.export_id)
    assert differences(changed, applied(changed, None, ack.details)) == []


@pytest.mark.large
def test_one_that_was_cancelled_meanwhile_is_not_changed(erp) -> None:
    order = sent(erp)
    erp.decide(name_of(order), "cancel")
    with pytest.raises(RejectedError) as raised:
        erp.connector.export(change(order), erp.config)
    assert (raised.value.code, state(erp, order)) == ("CANCELLED_IN_ERP", "cancel")
