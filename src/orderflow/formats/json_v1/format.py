"""The published document as a dialect on any channel, in the version that the ERP reads.

Version 1 itself is `orderflow.domain.document`: it is what every connector sends that has no format of its own.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from orderflow.domain.change_document import change_document
from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.document import FORMAT_VERSION, export_document, export_fields
from orderflow.domain.orders import DraftOrder
from orderflow.domain.recall_document import recall_document
from orderflow.domain.states import Kind
from orderflow.formats.format import Format, FormatSettings
from orderflow.formats.json_v1.document_v2 import export_document_v2, export_fields_v2


class JsonV1Settings(FormatSettings):
    """A place where OrderFlow leaves order files and the ERP leaves its answers."""

    model_config = ConfigDict(title="Dropzone")

    export_version: Literal["v1", "v2"] = Field(
        "v1",
        title="Version",
        description="Of the document. v2: all of v1, and the parties, further dates, terms, article numbers, "
        "allowances and charges.",
        json_schema_extra={"group": "Format", "destination": False},
    )


class JsonV1Format(Format):
    """Each order as one JSON document, valid by the published schema."""

    name: ClassVar[str] = FORMAT_VERSION
    title: ClassVar[str] = "JSON file"
    settings: ClassVar[type[BaseModel]] = JsonV1Settings
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)

    def render(self, order: DraftOrder, delivery: Delivery, settings: JsonV1Settings) -> Document:
        """Write the document, its change or its recall. Raises RejectedError if it does not fit the schema."""
        if delivery.kind is Kind.RECALL:
            return recall_document(order, delivery)
        newer = settings.export_version == "v2"
        if delivery.kind is Kind.CHANGE:
            return change_document(order, delivery, export_fields_v2 if newer else export_fields)
        if newer:
            return export_document_v2(order, delivery)
        return export_document(order, delivery)
