"""ODOO: each order becomes a quotation, or a sales order, in Odoo."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from orderflow.connectors.odoo.api import READS, OdooApi, open_api
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.connectors.odoo.quotations import Quotations
from orderflow.connectors.order_book import OrderBook, OrderBookConnector


class OdooConnector(OrderBookConnector[OdooApi]):
    """Makes quotations, and reports back what Odoo's people make of them."""

    connector_type: ClassVar[str] = "ODOO"
    display_name: ClassVar[str] = "Odoo"
    config_model: ClassVar[type[BaseModel]] = OdooConfig

    reads: ClassVar[frozenset[str]] = READS

    def open_session(self, settings: OdooConfig) -> OdooApi:
        """Return the way in that the configuration names."""
        return open_api(settings)

    def open_book(self, api: OdooApi, settings: OdooConfig) -> OrderBook:
        """Return Odoo's sales orders."""
        return Quotations(api, settings)
