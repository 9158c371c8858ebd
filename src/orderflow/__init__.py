"""Carries approved sales orders from OrderFlow into ERPs, once and only once.

The names below are the public contract. Each is loaded when it is first asked for, so that `import orderflow`
costs next to nothing and a connector author does not pay for the web server.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orderflow.bootstrap import open_session
    from orderflow.connectors.base import BaseConnector
    from orderflow.connectors.dropzone import DropzoneJsonV1Connector
    from orderflow.connectors.mock import MockConnector
    from orderflow.connectors.registry import ConnectorRegistry
    from orderflow.domain.connector_port import ConnectorMetadata, ERPConnectorPort, Preview, Staged
    from orderflow.domain.delivery import Ack, Delivery, Document, ExportResult, TestResult, Waiting, WaitingExport
    from orderflow.domain.errors import (
        BusyError,
        ConnectorError,
        EncryptionError,
        InDoubtError,
        LeaseEndingError,
        NeedsAttentionError,
        OrderFlowError,
        PushServiceError,
        RejectedError,
        TransientError,
        UnavailableError,
    )
    from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine, Party, SourceDocument
    from orderflow.domain.states import ERPExportStatus, Kind, OrderStatus
    from orderflow.orchestrator import PushOrchestrator
    from orderflow.secrets.encryption import EncryptionService
    from orderflow.storage.tables.models import ERPConnection, ERPExport, ERPPushLog

    __version__: str

__all__ = [
    "Ack",
    "BaseConnector",
    "BusyError",
    "ConnectorError",
    "ConnectorMetadata",
    "ConnectorRegistry",
    "Customer",
    "Delivery",
    "Document",
    "DraftOrder",
    "DraftOrderLine",
    "DropzoneJsonV1Connector",
    "ERPConnection",
    "ERPConnectorPort",
    "ERPExport",
    "ERPExportStatus",
    "ERPPushLog",
    "EncryptionError",
    "EncryptionService",
    "ExportResult",
    "InDoubtError",
    "Kind",
    "LeaseEndingError",
    "MockConnector",
    "NeedsAttentionError",
    "OrderFlowError",
    "OrderStatus",
    "Party",
    "Preview",
    "PushOrchestrator",
    "PushServiceError",
    "RejectedError",
    "SourceDocument",
    "Staged",
    "TestResult",
    "TransientError",
    "UnavailableError",
    "Waiting",
    "WaitingExport",
    "open_session",
]

_NAMES = {
    "bootstrap": ("open_session",),
    "connectors.base": ("BaseConnector",),
    "connectors.dropzone": ("DropzoneJsonV1Connector",),
    "connectors.mock": ("MockConnector",),
    "connectors.registry": ("ConnectorRegistry",),
    "domain.delivery": ("Ack", "Delivery", "Document", "ExportResult", "TestResult", "Waiting", "WaitingExport"),
    "domain.errors": (
        "BusyError",
        "ConnectorError",
        "EncryptionError",
        "InDoubtError",
        "LeaseEndingError",
        "NeedsAttentionError",
        "OrderFlowError",
        "PushServiceError",
        "RejectedError",
        "TransientError",
        "UnavailableError",
    ),
    "domain.orders": ("Customer", "DraftOrder", "DraftOrderLine", "Party", "SourceDocument"),
    "domain.connector_port": ("ConnectorMetadata", "ERPConnectorPort", "Preview", "Staged"),
    "domain.states": ("ERPExportStatus", "Kind", "OrderStatus"),
    "orchestrator": ("PushOrchestrator",),
    "secrets.encryption": ("EncryptionService",),
    "storage.tables.models": ("ERPConnection", "ERPExport", "ERPPushLog"),
}
_HOME = {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = import_module("importlib.metadata").version("orderflow-connect")
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
