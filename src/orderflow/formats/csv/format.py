"""CSV by a mapping of the organization's own, as a dialect on any channel."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.orders import DraftOrder
from orderflow.formats.csv.document import FORMAT_VERSION, csv_document
from orderflow.formats.csv.settings import CsvSettings
from orderflow.formats.format import Format


class CsvFormat(Format):
    """Each order as one CSV file."""

    name: ClassVar[str] = FORMAT_VERSION
    title: ClassVar[str] = "CSV file"
    settings: ClassVar[type[BaseModel]] = CsvSettings

    def render(self, order: DraftOrder, delivery: Delivery, settings: CsvSettings) -> Document:
        """Write the file. Raises RejectedError if the mapping cannot express the order."""
        return csv_document(order, delivery, settings)
