"""What an order still needs before it is READY, and the delivery it carries."""

from dataclasses import replace
from decimal import Decimal

import pytest

from orderflow.domain.delivery import Delivery
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine, missing_for_ready


@pytest.fixture
def ready():
    line = DraftOrderLine(line_no=1, internal_sku="INT-999", qty=Decimal("0.001"), uom="M")
    return DraftOrder(currency="EUR", customer=Customer(erp_customer_number="4711"), lines=[line])


def test_a_complete_order_misses_nothing(ready):
    assert missing_for_ready(ready) == []


@pytest.mark.parametrize("customer", [None, Customer(), Customer(erp_customer_number="", name="Muster GmbH")])
def test_the_customer_must_be_known_to_the_erp(ready, customer):
    assert missing_for_ready(replace(ready, customer=customer)) == [
        "The customer is missing (customer.erp_customer_number)."
    ]


@pytest.mark.parametrize("currency", [None, ""])
def test_the_currency_is_needed(ready, currency):
    assert missing_for_ready(replace(ready, currency=currency)) == ["The currency is missing."]


def test_an_order_needs_a_line(ready):
    assert missing_for_ready(replace(ready, lines=[])) == ["The order has no lines."]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"qty": None}, "Line 1: the quantity must be more than 0."),
        ({"qty": Decimal(0)}, "Line 1: the quantity must be more than 0."),
        ({"qty": Decimal(-1)}, "Line 1: the quantity must be more than 0."),
        ({"uom": None}, "Line 1: the unit of measure is missing."),
        ({"uom": ""}, "Line 1: the unit of measure is missing."),
        ({"internal_sku": None}, "Line 1: the internal SKU is missing."),
        ({"internal_sku": ""}, "Line 1: the internal SKU is missing."),
    ],
)
def test_each_line_needs_its_fields(ready, change, reason):
    assert missing_for_ready(replace(ready, lines=[replace(ready.lines[0], **change)])) == [reason]


def test_everything_that_is_missing_is_listed_at_once(ready):
    reasons = missing_for_ready(DraftOrder(lines=[ready.lines[0], DraftOrderLine(line_no=7)]))
    assert len(reasons) == 5
    assert [reason for reason in reasons if reason.startswith("Line 7: ")] == reasons[2:]


def test_a_delivery_is_made_on_the_spot_and_then_stays(ready):
    made = ready.delivery
    assert ready.delivery is made
    assert (made.attempt_no, made.in_doubt, made.document, made.reference) == (1, False, None, None)


def test_a_delivery_that_was_given_is_the_one_used(ready):
    given = Delivery(export_id=ready.id, requested_at=ready.delivery.requested_at, attempt_no=3)
    ready.delivery = given
    assert ready.delivery is given


def test_two_orders_share_neither_id_nor_lines():
    one, other = DraftOrder(), DraftOrder()
    one.lines.append(DraftOrderLine(line_no=1))
    assert one.id != other.id
    assert other.lines == []


def test_the_delivery_does_not_decide_whether_two_orders_are_equal(ready):
    twin = replace(ready)
    assert ready.delivery is not twin.delivery
    assert ready == twin
