"""A folder between OrderFlow and an ERP: orders go in as files, answers come back as files."""

from orderflow.connectors.dropzone.config import DropzoneConfig
from orderflow.connectors.dropzone.connector import DropzoneConnector
from orderflow.connectors.dropzone.csv_v1 import DropzoneCsvV1Connector
from orderflow.connectors.dropzone.json_v1 import DropzoneJsonV1Connector

__all__ = ["DropzoneConfig", "DropzoneConnector", "DropzoneCsvV1Connector", "DropzoneJsonV1Connector"]
