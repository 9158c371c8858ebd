"""DROPZONE_CSV_V1: each order as one CSV file, by a mapping of the organization's own."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel

from orderflow.connectors.dropzone.connector import DropzoneConnector
from orderflow.connectors.dropzone.csv_config import CsvDropzoneConfig
from orderflow.connectors.dropzone.csv_document import csv_document
from orderflow.domain.delivery import Document
from orderflow.domain.orders import DraftOrder


class DropzoneCsvV1Connector(DropzoneConnector):
    """A dropzone for CSV files."""

    connector_type: ClassVar[str] = "DROPZONE_CSV_V1"
    display_name: ClassVar[str] = "Dropzone (CSV file)"
    config_model: ClassVar[type[BaseModel]] = CsvDropzoneConfig

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Build the CSV document. Raises RejectedError if the mapping cannot express the order."""
        opened = self.zone(config).config
        if not isinstance(opened, CsvDropzoneConfig):
            raise TypeError("a model validates to itself")
        return csv_document(draft_order, opened)
