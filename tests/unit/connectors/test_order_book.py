"""A batch of orders in an ERP's order book, where something goes wrong in the middle."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from orderflow.connectors.order_book import Entry, OrderBookConnector
from orderflow.domain.delivery import Delivery, ExportResult
from orderflow.domain.errors import NeedsAttentionError, RejectedError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder


class Book:
    """Takes the first order, and refuses the next in words that it cannot explain."""

    def __init__(self) -> None:
        self.entered: list[str] = []

    def prepare(self, orders: Any, references: Any) -> None:
        """Look nothing up."""

    def enter(self, order: DraftOrder, reference: str) -> Entry:
        if self.entered:
            raise RejectedError("a rule")
        self.entered.append(reference)
        return Entry("SO-1", finished=True, answer=None)

    def explain(self, error: RejectedError) -> Any:
        raise KeyError("rights")


class Connector(OrderBookConnector[Any]):
    connector_type = display_name = "BOOK"
    reads = frozenset()

    def session(self, config: Any) -> Any:
        return nullcontext(SimpleNamespace())

    def open_session(self, settings: Any) -> Any:
        """Never asked."""

    def open_book(self, api: Any, settings: Any) -> Any:
        return Book()


def an_order() -> DraftOrder:
    order = DraftOrder(new_id())
    order.delivery = Delivery(new_id(), datetime.now(UTC))
    return order


def test_a_refusal_that_cannot_be_explained_says_nothing_of_what_was_entered_before() -> None:
    entered, refused, untried = orders = [an_order() for _ in range(3)]
    outcomes = list(Connector().export_many(orders, {}))
    assert [order_id for order_id, _ in outcomes] == [entered.id, refused.id, untried.id]
    kinds = [type(outcome) for _, outcome in outcomes]
    assert kinds == [ExportResult, NeedsAttentionError, NeedsAttentionError]
