"""The published document as a dialect on any channel.

The document itself is `orderflow.domain.document`: it is what every connector sends that has no format of its own.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.document import FORMAT_VERSION, export_document
from orderflow.domain.orders import DraftOrder
from orderflow.formats.format import Format, FormatSettings


class JsonV1Settings(FormatSettings):
    """A place where OrderFlow leaves order files and the ERP leaves its answers."""

    model_config = ConfigDict(title="Dropzone")


class JsonV1Format(Format):
    """Each order as one JSON document, valid by the published schema."""

    name: ClassVar[str] = FORMAT_VERSION
    title: ClassVar[str] = "JSON file"
    settings: ClassVar[type[BaseModel]] = JsonV1Settings

    def render(self, order: DraftOrder, delivery: Delivery, settings: JsonV1Settings) -> Document:  # it has none
        """Write the document. Raises RejectedError if the order does not fit the published schema."""
        return export_document(order, delivery)
