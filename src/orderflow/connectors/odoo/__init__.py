"""ODOO: orders become quotations or sales orders in Odoo, 19 by JSON-2, 14 to 18 by JSON-RPC."""

from orderflow.connectors.odoo.connector import OdooConnector

__all__ = ["OdooConnector"]
