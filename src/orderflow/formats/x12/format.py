"""X12 as a dialect on any channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import BaseModel

from orderflow.domain.answer_files import Answer
from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.orders import DraftOrder
from orderflow.formats.file_name import made_name
from orderflow.formats.format import Format
from orderflow.formats.x12.answers import read_answers
from orderflow.formats.x12.purchase_order import write_purchase_order
from orderflow.formats.x12.settings import X12Settings


class X12Format(Format):
    """Each order as one interchange with one 850; its answers say themselves what they are about."""

    name: ClassVar[str] = "x12_850"
    title: ClassVar[str] = "X12 850"
    numbered: ClassVar[bool] = True
    settings: ClassVar[type[BaseModel]] = X12Settings

    def render(self, order: DraftOrder, delivery: Delivery, settings: X12Settings) -> Document:
        """Write the interchange. Raises RejectedError: the order holds what an 850 cannot say."""
        content = write_purchase_order(order, delivery, settings).encode(settings.encoding)
        return Document(made_name(settings.file_name, order, delivery), content, "application/EDI-X12", self.name)

    def claims(self, name: str) -> bool:
        """Return True: a partner names its files as it likes."""
        return True

    def about(self, name: str) -> Sequence[str]:
        """Return nothing: what lies in a file says it."""
        return ()

    def read(self, name: str, content: bytes, settings: X12Settings) -> Iterable[Answer]:
        """Read TA1, 997, 999, 855 and 865, as many as the file holds."""
        return read_answers(content, settings)
