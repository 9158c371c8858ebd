"""DROPZONE_JSON_V1: each order as one JSON document, in the format `orderflow_export_json_v1`."""

from __future__ import annotations

from typing import ClassVar

from orderflow.connectors.dropzone.config import form
from orderflow.connectors.dropzone.connector import DropzoneConnector
from orderflow.formats.format import Format
from orderflow.formats.json_v1 import JsonV1Format, JsonV1Settings

DropzoneConfig = form(JsonV1Settings, JsonV1Format.kinds)
"""The form of DROPZONE_JSON_V1 with the channels that come with OrderFlow."""


class DropzoneJsonV1Connector(DropzoneConnector):
    """A dropzone for JSON files."""

    connector_type: ClassVar[str] = "DROPZONE_JSON_V1"
    display_name: ClassVar[str] = "Dropzone (JSON file)"
    format: ClassVar[Format] = JsonV1Format()
