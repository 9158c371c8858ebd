"""By what an order is known when it comes again, and what counts as the same content."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from orderflow.domain.order_keys import key_of
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine, SourceDocument


def order(**fields: Any) -> DraftOrder:
    lines = [DraftOrderLine(1, "Ä-1", Decimal(10), "M", Decimal("1.5")), DraftOrderLine(2, "B", Decimal(1), "PCE")]
    given = {"external_order_number": "PO 1", "customer": Customer("4711"), "lines": lines, "currency": "EUR"}
    return DraftOrder(**{**given, **fields})


@pytest.mark.parametrize("number", [None, "", " ", "\u200b", "\u00a0"])
def test_an_order_without_a_number_has_no_key(number: str | None) -> None:
    assert key_of(order(external_order_number=number)) is None


@pytest.mark.parametrize("number", [" PO 1", "PO  1 ", "PO\u00a01", "PO\t1\n", "P\u200bO 1"])
def test_a_number_is_known_however_its_white_space_is_written(number: str) -> None:
    assert key_of(order(external_order_number=number)) == key_of(order())


@pytest.mark.parametrize(
    "other",
    [
        {"external_order_number": "PO1"},
        {"external_order_number": "po 1"},
        {"customer": Customer("4712")},
        {"customer": None},
        {"source": "shop-b"},
    ],
)
def test_another_number_customer_or_source_is_another_order(other: dict[str, Any]) -> None:
    now, before = key_of(order(**other)), key_of(order())
    assert now is not None
    assert before is not None
    assert now.key_sha256 != before.key_sha256


def test_parts_of_a_key_do_not_run_into_each_other() -> None:
    one, other = order(source="a", customer=Customer("b")), order(source=None, customer=Customer("ab"))
    assert key_of(one) != key_of(other)


@pytest.mark.parametrize(
    "said",
    [
        {"source_document": SourceDocument(UUID(int=1), "order.pdf", "ab" * 32)},
        {"notes": "  \u200b"},
        {"ship_to": {}},
        {"ship_to": {"city": None, "street": " "}},
        {"customer": Customer("4711", "")},
        {"lines": list(reversed(order().lines))},
        {"lines": [replace(order().lines[0], qty=Decimal("10.000"), internal_sku="A\u0308-1"), order().lines[1]]},
    ],
)
def test_the_same_may_be_written_in_many_ways(said: dict[str, Any]) -> None:
    assert key_of(order(**said)) == key_of(order())


@pytest.mark.parametrize(
    "said",
    [
        {"notes": "quickly"},
        {"order_date": date(2025, 12, 1)},
        {"ship_to": {"city": "Köln"}},
        {"customer": Customer("4711", "Muster GmbH")},
        {"lines": order().lines[:1]},
        {"lines": [replace(order().lines[0], qty=Decimal("10.001")), order().lines[1]]},
        {"lines": [replace(order().lines[0], line_no=3), order().lines[1]]},
    ],
)
def test_what_says_something_else_is_known_by_the_same_key(said: dict[str, Any]) -> None:
    now, before = key_of(order(**said)), key_of(order())
    assert now is not None
    assert before is not None
    assert now.key_sha256 == before.key_sha256
    assert now.content_sha256 != before.content_sha256


def test_the_key_of_an_order_stays_the_same_in_every_release() -> None:
    key = key_of(DraftOrder(external_order_number="PO-1", customer=Customer("4711")))
    assert key is not None
    assert key.key_sha256.hex() == "0ab5d1d43b1d37436c06f3c00f083a127ae80ca3349b2e7716ecbbe900c9e235"
    assert key.content_sha256.hex() == "13c64b5265aa12bcac7bef9c2d7d89cf73b26ac97ee172a01ed7057a0034d866"
