"""TRYTON: orders become sales in a Tryton server (8.x), by REST or JSON-RPC."""

from orderflow.connectors.tryton.connector import TrytonConnector

__all__ = ["TrytonConnector"]
