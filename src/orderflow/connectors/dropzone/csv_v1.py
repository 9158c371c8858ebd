"""DROPZONE_CSV_V1: each order as one CSV file, by a mapping of the organization's own."""

from __future__ import annotations

from typing import ClassVar

from orderflow.connectors.dropzone.connector import DropzoneConnector
from orderflow.formats.csv import CsvFormat
from orderflow.formats.format import Format


class DropzoneCsvV1Connector(DropzoneConnector):
    """A dropzone for CSV files."""

    connector_type: ClassVar[str] = "DROPZONE_CSV_V1"
    display_name: ClassVar[str] = "Dropzone (CSV file)"
    format: ClassVar[Format] = CsvFormat()
