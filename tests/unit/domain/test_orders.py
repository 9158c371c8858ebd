"""What an order still needs before it is READY, and the delivery it carries."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from orderflow.domain.delivery import Delivery
from orderflow.domain.errors import InputError
from orderflow.domain.orders import (
    AllowanceCharge,
    Customer,
    DraftOrder,
    DraftOrderLine,
    check_rules,
    faults_in,
    missing_for_ready,
)


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


def day(number):
    return date(2025, 12, number)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"earliest_delivery_date": day(3), "latest_delivery_date": day(2)}, "latest_delivery_date"),
        ({"earliest_delivery_date": day(3), "requested_delivery_date": day(2)}, "requested_delivery_date"),
        ({"requested_delivery_date": day(3), "latest_delivery_date": day(2)}, "latest_delivery_date"),
        ({"allowances": (AllowanceCharge(reason="Rabatt"),)}, "allowances[0]"),
        ({"charges": (AllowanceCharge(amount=Decimal(-1)),)}, "charges[0].amount"),
    ],
)
def test_what_cannot_be_right_is_told_with_its_place_in_an_order_and_in_a_line(ready, change, place):
    assert [field for field, _ in faults_in(replace(ready, **change))] == [place]
    lines = [*ready.lines, replace(ready.lines[0], **change)]
    assert [field for field, _ in faults_in(replace(ready, lines=lines))] == [f"lines[1].{place}"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"seller": {"gln": "4012345000008"}}, "seller.gln"),
        ({"ship_to": {"country_code": "Germany"}}, "ship_to.country_code"),
        ({"lines": [DraftOrderLine(1, gtin="4006381333932")]}, "lines[0].gtin"),
    ],
)
def test_a_program_that_embeds_us_is_told_of_a_wrong_code(ready, change, place):
    with pytest.raises(InputError) as refused:
        check_rules(replace(ready, **change))
    assert refused.value.details["fields"][0]["field"] == place


def test_dates_in_order_and_an_allowance_by_percent_are_right(ready):
    ready = replace(ready, earliest_delivery_date=day(1), requested_delivery_date=day(1), latest_delivery_date=day(1))
    check_rules(replace(ready, promised_delivery_date=day(9), allowances=(AllowanceCharge(percent=Decimal("2.5")),)))
