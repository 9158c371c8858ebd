"""X12 as a dialect on any channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import BaseModel

from orderflow.domain.answer_files import Answer
from orderflow.domain.delivery import Delivery
from orderflow.domain.orders import DraftOrder
from orderflow.formats.edi.format import EdiFormat
from orderflow.formats.x12.answers import read_answers
from orderflow.formats.x12.purchase_order import write_purchase_order
from orderflow.formats.x12.settings import X12Settings


class X12Format(EdiFormat):
    """850 and 860, answered by TA1, 997, 999, 855 and 865."""

    name: ClassVar[str] = "x12_850"
    change: ClassVar[str] = "x12_860"
    title: ClassVar[str] = "X12 850"
    media_type: ClassVar[str] = "application/EDI-X12"
    settings: ClassVar[type[BaseModel]] = X12Settings

    def written(self, order: DraftOrder, delivery: Delivery, settings: X12Settings) -> bytes:
        """Return the interchange. Raises RejectedError: the order holds what the set cannot say."""
        return write_purchase_order(order, delivery, settings).encode(settings.encoding)

    def read(self, name: str, content: bytes, settings: X12Settings) -> Iterable[Answer]:
        """Read TA1, 997, 999, 855 and 865, as many as the file holds."""
        return read_answers(content, settings)
