"""What the audit log says about an edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.flow.order.differences import MOST_LINES, differences, field_changes

LINES = [DraftOrderLine(1, "A", Decimal(1), "PCE"), DraftOrderLine(2, "B", Decimal(2), "PCE")]
ORDER = DraftOrder(currency="EUR", customer=Customer("4711", "Muster"), order_date=date(2025, 1, 1), lines=LINES)


def test_only_what_changed_is_written_down():
    edited = replace(ORDER, notes="urgent", customer=Customer("4711", "Muster GmbH"))
    before, after = differences(ORDER, edited)
    assert before == {"notes": None, "customer": {"erp_customer_number": "4711", "name": "Muster", "id": None}}
    assert after.keys() == before.keys()
    assert differences(ORDER, ORDER) == ({}, {})


def test_lines_are_compared_by_number():
    edited = replace(ORDER, lines=[replace(LINES[0]), replace(LINES[1], qty=Decimal(5)), DraftOrderLine(3, "C")])
    before, after = differences(ORDER, edited)
    assert [(line["line_no"], line["qty"]) for line in before["lines"]] == [(2, Decimal(2))]
    assert [line["line_no"] for line in after["lines"]] == [2, 3]


def test_revisions_are_compared_field_by_field_and_lines_by_number():
    was = replace(ORDER, ship_to={"city": "Köln", "name": "M"}, bill_to=None)
    now = replace(was, notes="urgent", customer=Customer("4711", "Muster GmbH"), ship_to={"city": "Bonn", "name": "M"})
    now.lines = [replace(LINES[0], qty=Decimal("1.500"), id=new_id()), DraftOrderLine(3, "C", Decimal("10.000"))]
    found = {change.path: (change.before, change.after) for change in field_changes(was, now)}
    gone, new = found.pop(("lines", "2")), found.pop(("lines", "3"))
    assert found == {
        ("notes",): (None, "urgent"),
        ("customer", "name"): ("Muster", "Muster GmbH"),
        ("ship_to", "city"): ("Köln", "Bonn"),
        ("lines", "1", "qty"): (1, Decimal("1.5")),
    }
    assert (gone[0]["internal_sku"], gone[1]) == ("B", None)
    assert (new[0], new[1]["internal_sku"], new[1]["qty"]) == (None, "C", 10)
    assert field_changes(was, replace(was, lines=[replace(line, id=new_id()) for line in LINES])) == []


def test_very_many_changed_lines_are_only_counted():
    many = [DraftOrderLine(number, "A") for number in range(1, MOST_LINES + 2)]
    before, after = differences(replace(ORDER, lines=[]), replace(ORDER, lines=many))
    assert (before["lines"], after["lines"]) == ("0 changed lines", f"{MOST_LINES + 1} changed lines")
