"""Orders over HTTP: a template makes the request, expressions read the answer."""

from orderflow.connectors.rest.connector import RestJsonConnector

__all__ = ["RestJsonConnector"]
