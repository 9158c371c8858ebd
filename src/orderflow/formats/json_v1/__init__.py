"""DROPZONE_JSON_V1: each order as one JSON file, in the format `orderflow_export_json_v1`."""

from __future__ import annotations

from typing import Any, ClassVar

from orderflow.connectors.dropzone.connector import DropzoneConnector
from orderflow.domain.delivery import Document
from orderflow.domain.document import export_document
from orderflow.domain.orders import DraftOrder


class DropzoneJsonV1Connector(DropzoneConnector):
    """A dropzone for JSON files."""

    connector_type: ClassVar[str] = "DROPZONE_JSON_V1"
    display_name: ClassVar[str] = "Dropzone (JSON file)"

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Build the JSON document. Raises RejectedError if the order does not fit the published schema."""
        return export_document(draft_order)
