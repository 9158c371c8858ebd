"""Where connectors are found: registered by hand, or brought by any installed package.

A package brings a connector by an entry point in the group `orderflow.connectors`, or a format, which goes over
every channel, by one in the group `orderflow.formats`; its name is the type.
Source: https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from threading import Lock
from typing import Any, ClassVar

import structlog

from orderflow.connectors.dropzone.connector import over_channels
from orderflow.domain.connector_port import ConnectorMetadata, ERPConnectorPort
from orderflow.formats.format import Format

log = structlog.get_logger(__name__)
GROUP = "orderflow.connectors"
FORMATS = "orderflow.formats"
OURS = (
    EntryPoint("BUSINESS_CENTRAL", "orderflow.connectors.business_central:BusinessCentralConnector", GROUP),
    EntryPoint("DROPZONE_CSV_V1", "orderflow.connectors.dropzone:DropzoneCsvV1Connector", GROUP),
    EntryPoint("DROPZONE_JSON_V1", "orderflow.connectors.dropzone:DropzoneJsonV1Connector", GROUP),
    EntryPoint("EDIFACT_ORDERS", "orderflow.formats.edifact:EdifactFormat", GROUP),
    EntryPoint("MOCK", "orderflow.connectors.mock:MockConnector", GROUP),
    EntryPoint("ODOO", "orderflow.connectors.odoo:OdooConnector", GROUP),
    EntryPoint("REST_JSON", "orderflow.connectors.rest:RestJsonConnector", GROUP),
    EntryPoint("SAP_IDOC", "orderflow.formats.idoc:IdocFormat", GROUP),
    EntryPoint("SAP_ODATA", "orderflow.connectors.sap:SapODataConnector", GROUP),
    EntryPoint("SAP_RFC", "orderflow.connectors.sap.rfc:SapRfcConnector", GROUP),
    EntryPoint("TEMPLATE_DOCUMENT", "orderflow.formats.template:TemplateFormat", GROUP),
    EntryPoint("TRYTON", "orderflow.connectors.tryton:TrytonConnector", GROUP),
    EntryPoint("UBL_ORDER", "orderflow.formats.ubl:UblFormat", GROUP),
    EntryPoint("X12_850", "orderflow.formats.x12:X12Format", GROUP),
)
"""What comes with OrderFlow, and the only list of it. A format is named like a connector: by its class."""


class ConnectorRegistry:
    """The connector types of this process."""

    _connectors: ClassVar[dict[str, ERPConnectorPort]] = {}
    _discovered: ClassVar[bool] = False
    _lock: ClassVar[Lock] = Lock()

    @classmethod
    def register(cls, connector_type: str, connector: type[ERPConnectorPort | Format] | ERPConnectorPort) -> None:
        """Make `connector` known as `connector_type`, in place of any that had this name.

        Args:
            connector: The class, or an instance; one instance serves all calls, from several threads. Or the class
                of a format, which is put on every channel.

        Raises:
            TypeError: It is no `ERPConnectorPort`.
        """
        if isinstance(connector, type) and issubclass(connector, Format):
            connector = over_channels(connector_type, connector)
        kind = connector if isinstance(connector, type) else type(connector)
        if not issubclass(kind, ERPConnectorPort):
            raise TypeError(f"{kind.__qualname__} is no connector: it must extend orderflow.BaseConnector.")
        cls._connectors[connector_type] = connector() if isinstance(connector, type) else connector

    @classmethod
    def get(cls, connector_type: str) -> ERPConnectorPort:
        """Return the connector of that type.

        Raises:
            ValueError: There is none; the message lists those there are.
        """
        found = cls._connectors.get(connector_type)
        if found is not None:
            return found
        cls._discover()
        try:
            return cls._connectors[connector_type]
        except KeyError:
            known = ", ".join(cls.types())
            raise ValueError(f"Unknown connector type: '{connector_type}'. Known types: {known}") from None

    @classmethod
    def types(cls) -> list[str]:
        """Return all types, sorted."""
        cls._discover()
        return sorted(cls._connectors)

    @classmethod
    def metadata(cls, connector_type: str) -> ConnectorMetadata:
        """Return what is to be told about a type. Raises ValueError as `get` does."""
        connector = cls.get(connector_type)
        model = connector.config_model
        schema: dict[str, Any] = model.model_json_schema() if model else {"type": "object"}
        name = connector.display_name or connector_type
        return ConnectorMetadata(connector_type, name, schema, connector.capabilities)

    @classmethod
    def close(cls) -> None:
        """Have every connector of this process close what it keeps open; they can be used again."""
        for connector_type, connector in list(cls._connectors.items()):
            try:
                connector.close()
            except Exception as error:  # noqa: BLE001  # a third party's; the others are closed all the same
                log.warning("connector not closed", type=connector_type, error=type(error).__name__)

    @classmethod
    def _discover(cls) -> None:
        if cls._discovered:
            return
        with cls._lock:
            if not cls._discovered:
                for entry in (*entry_points(group=GROUP), *entry_points(group=FORMATS), *OURS):
                    if entry.name not in cls._connectors:  # one registered by hand goes before
                        cls._load(entry)
                cls._discovered = True

    @classmethod
    def _load(cls, entry: EntryPoint) -> None:
        try:
            cls.register(entry.name, entry.load())
        except Exception as error:  # noqa: BLE001  # one broken package must not take the others away
            log.warning("connector not loaded", type=entry.name, source=entry.value, error=repr(error))
