"""Any format on any channel: orders go out as documents, answers come back the same way."""

from orderflow.connectors.dropzone.config import Dropzone, form
from orderflow.connectors.dropzone.connector import DropzoneConnector, over_channels
from orderflow.connectors.dropzone.csv_v1 import DropzoneCsvV1Connector
from orderflow.connectors.dropzone.json_v1 import DropzoneConfig, DropzoneJsonV1Connector

__all__ = [
    "Dropzone",
    "DropzoneConfig",
    "DropzoneConnector",
    "DropzoneCsvV1Connector",
    "DropzoneJsonV1Connector",
    "form",
    "over_channels",
]
