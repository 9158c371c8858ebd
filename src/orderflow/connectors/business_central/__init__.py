"""BUSINESS_CENTRAL: orders become sales orders in Dynamics 365 Business Central, by its API v2.0."""

from orderflow.connectors.business_central.connector import BusinessCentralConnector

__all__ = ["BusinessCentralConnector"]
