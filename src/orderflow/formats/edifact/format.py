"""EDIFACT as a dialect on any channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import BaseModel

from orderflow.domain.answer_files import Answer
from orderflow.domain.delivery import Delivery
from orderflow.domain.orders import DraftOrder
from orderflow.formats.edi.format import EdiFormat
from orderflow.formats.edifact.answers import read_answers
from orderflow.formats.edifact.letters import ENCODINGS
from orderflow.formats.edifact.orders import write_orders
from orderflow.formats.edifact.settings import EdifactSettings


class EdifactFormat(EdiFormat):
    """ORDERS and ORDCHG, answered by CONTRL, APERAK and ORDRSP."""

    name: ClassVar[str] = "edifact_orders_d96a"
    change: ClassVar[str] = "edifact_ordchg_d96a"
    title: ClassVar[str] = "EDIFACT ORDERS"
    media_type: ClassVar[str] = "application/EDIFACT"
    settings: ClassVar[type[BaseModel]] = EdifactSettings

    def written(self, order: DraftOrder, delivery: Delivery, settings: EdifactSettings) -> bytes:
        """Return the interchange. Raises RejectedError: the order holds what the message cannot say."""
        return write_orders(order, delivery, settings).encode(ENCODINGS[settings.letters])

    def read(self, name: str, content: bytes, settings: EdifactSettings) -> Iterable[Answer]:
        """Read CONTRL, APERAK and ORDRSP, as many as the file holds."""
        return read_answers(content, settings)
