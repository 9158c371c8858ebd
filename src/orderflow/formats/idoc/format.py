"""IDocs as a dialect on any channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import BaseModel

from orderflow.documents.xml import LARGEST
from orderflow.domain.answer_files import Answer
from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.formats.encodings import charset
from orderflow.formats.file_name import made_name
from orderflow.formats.format import Format
from orderflow.formats.idoc.answers import read_answers
from orderflow.formats.idoc.orders import write_order
from orderflow.formats.idoc.receipts import read_receipt
from orderflow.formats.idoc.settings import IdocSettings

_SUFFIXES = {"xml": ".xml", "flat": ".idoc"}


class IdocFormat(Format):
    """Each order, change and recall as one IDoc; its answers say themselves what they are about."""

    name: ClassVar[str] = "sap_idoc_orders05"
    title: ClassVar[str] = "SAP IDoc"
    numbered: ClassVar[bool] = True
    largest_answer: ClassVar[int] = LARGEST
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    settings: ClassVar[type[BaseModel]] = IdocSettings

    def render(self, order: DraftOrder, delivery: Delivery, settings: IdocSettings) -> Document:
        """Write the IDoc. Raises RejectedError: the order holds what it cannot say."""
        content = write_order(order, delivery, settings)
        pattern = settings.file_name or "sales_order_{draft_order_id}_{timestamp}_{export}" + _SUFFIXES[settings.layout]
        xml = settings.layout == "xml"
        media_type = "application/xml" if xml else f"text/plain; charset={charset(settings.encoding)}"
        return Document(made_name(pattern, order, delivery), content, media_type, self.name)

    def receipt(self, content: bytes) -> Answer | None:
        """Return what SAP's port says at once: the number of the IDoc there, and whether it was posted."""
        return read_receipt(content)

    def claims(self, name: str) -> bool:
        """Return True: SAP's ports name their files as they like."""
        return True

    def about(self, name: str) -> Sequence[str]:
        """Return nothing: what lies in a file says it."""
        return ()

    def read(self, name: str, content: bytes, settings: IdocSettings) -> Iterable[Answer]:
        """Read STATUS, ALEAUD and ORDRSP, as many as the file holds."""
        return read_answers(content, settings)
