"""EDIFACT as a dialect on any channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import BaseModel

from orderflow.domain.answer_files import Answer
from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.orders import DraftOrder
from orderflow.formats.edifact.answers import read_answers
from orderflow.formats.edifact.letters import ENCODINGS
from orderflow.formats.edifact.orders import write_orders
from orderflow.formats.edifact.settings import EdifactSettings
from orderflow.formats.file_name import made_name
from orderflow.formats.format import Format


class EdifactFormat(Format):
    """Each order as one interchange with one ORDERS; its answers say themselves what they are about."""

    name: ClassVar[str] = "edifact_orders_d96a"
    title: ClassVar[str] = "EDIFACT ORDERS"
    numbered: ClassVar[bool] = True
    settings: ClassVar[type[BaseModel]] = EdifactSettings

    def render(self, order: DraftOrder, delivery: Delivery, settings: EdifactSettings) -> Document:
        """Write the interchange. Raises RejectedError: the order holds what ORDERS cannot say."""
        content = write_orders(order, delivery, settings).encode(ENCODINGS[settings.letters])
        return Document(made_name(settings.file_name, order, delivery), content, "application/EDIFACT", self.name)

    def claims(self, name: str) -> bool:
        """Return True: a partner names its files as it likes."""
        return True

    def about(self, name: str) -> Sequence[str]:
        """Return nothing: what lies in a file says it."""
        return ()

    def read(self, name: str, content: bytes, settings: EdifactSettings) -> Iterable[Answer]:
        """Read CONTRL, APERAK and ORDRSP, as many as the file holds."""
        return read_answers(content, settings)
