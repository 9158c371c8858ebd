"""TRYTON: each order becomes a sale in a Tryton server."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from orderflow.connectors.order_book import OrderBook, OrderBookConnector
from orderflow.connectors.tryton.api import READS, TrytonApi, open_api
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.connectors.tryton.sales import Sales


class TrytonConnector(OrderBookConnector[TrytonApi]):
    """Makes sales, and reports back what Tryton's people make of them."""

    connector_type: ClassVar[str] = "TRYTON"
    display_name: ClassVar[str] = "Tryton"
    config_model: ClassVar[type[BaseModel]] = TrytonConfig

    reads: ClassVar[frozenset[str]] = READS

    def open_session(self, settings: TrytonConfig) -> TrytonApi:
        """Return the way in that the configuration names."""
        return open_api(settings)

    def open_book(self, api: TrytonApi, settings: TrytonConfig) -> OrderBook:
        """Return Tryton's sales."""
        return Sales(api, settings)
