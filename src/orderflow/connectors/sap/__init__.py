"""SAP_ODATA: orders become sales orders in SAP S/4HANA, by its API for sales orders."""

from orderflow.connectors.sap.connector import SapODataConnector

__all__ = ["SapODataConnector"]
