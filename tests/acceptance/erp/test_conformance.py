"""TRYTON and ODOO against the contract of every connector, over a real ERP."""

from __future__ import annotations

import pytest

from orderflow.connectors.odoo import OdooConnector
from orderflow.connectors.tryton import TrytonConnector
from orderflow.domain.orders import Customer
from orderflow.testing.conformance import ConnectorConformance
from orderflow.testing.engine import an_order

TRYTON = pytest.param("tryton", marks=pytest.mark.xdist_group("tryton"))
ODOO = pytest.param("odoo", marks=[pytest.mark.odoo, pytest.mark.xdist_group("odoo")])


class RealErpConformance(ConnectorConformance):
    """The ERP is given the customers and products of whatever the suite sends."""

    @pytest.fixture(autouse=True)
    def fill(self, erp, monkeypatch):
        prepare = erp.book.prepare

        def filled(book, orders, references):
            wanted = [order for order in orders if order.customer.erp_customer_number != "NOBODY"]
            erp.load(wanted, units=book.config.units)
            prepare(book, orders, references)

        monkeypatch.setattr(erp.book, "prepare", filled)

    @pytest.fixture
    def good_config(self, erp):
        # Tryton sells pieces whole, and the suite sells halves; Odoo wants a price list for each currency.
        more = {"TRYTON": {"units": {"PCE": "kg"}}, "ODOO": {"pricelists": {"EUR": "EUR"}}}
        return dict(erp.config) | more[erp.kind]

    @pytest.fixture
    def bad_config(self, erp):
        secret = {"TRYTON": "application_key", "ODOO": "api_key"}[erp.kind]
        return dict(erp.config) | {secret: "wr0ng-k3y-0123456789"}

    @pytest.fixture
    def arrived(self, erp):
        start = len(erp.rows(erp.count_query))
        return lambda: erp.rows(erp.count_query)[start:]

    @pytest.fixture
    def refused_order(self):
        order = an_order()
        order.customer = Customer("NOBODY")
        return order


@pytest.mark.timeout(400, func_only=True)
@pytest.mark.parametrize("erp", [TRYTON], indirect=True)
class TestTryton(RealErpConformance):
    connector_class = TrytonConnector


@pytest.mark.timeout(400, func_only=True)
@pytest.mark.parametrize("erp", [ODOO], indirect=True)
class TestOdoo(RealErpConformance):
    connector_class = OdooConnector
