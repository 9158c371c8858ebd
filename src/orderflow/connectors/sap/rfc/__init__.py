"""SAP_RFC: orders become sales orders in SAP by its BAPI, called through SAP's SOAP service for function modules."""

from orderflow.connectors.sap.rfc.connector import SapRfcConnector

__all__ = ["SapRfcConnector"]
