"""UBL as a dialect on any channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import BaseModel

from orderflow.documents.xml import LARGEST
from orderflow.domain.answer_files import Answer
from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.formats.file_name import made_name
from orderflow.formats.format import Format
from orderflow.formats.ubl import rules
from orderflow.formats.ubl.answers import read_answers
from orderflow.formats.ubl.order import write_order
from orderflow.formats.ubl.settings import UblSettings

VERSIONS = {
    Kind.ORDER: "ubl_order_2_1",
    Kind.CHANGE: "ubl_order_change_2_1",
    Kind.RECALL: "ubl_order_cancellation_2_1",
}


class UblFormat(Format):
    """Each order as one Order, its change and its recall likewise; its answers say themselves what they are about."""

    name: ClassVar[str] = VERSIONS[Kind.ORDER]
    title: ClassVar[str] = "UBL Order"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    numbered: ClassVar[bool] = True
    largest_answer: ClassVar[int] = LARGEST
    settings: ClassVar[type[BaseModel]] = UblSettings

    def render(self, order: DraftOrder, delivery: Delivery, settings: UblSettings) -> Document:
        """Write the document.

        Raises:
            RejectedError: The order holds what it cannot say, or breaks a rule of Peppol's.
            ConnectorError: Peppol's rules are here, and could not be tried.
        """
        content = write_order(order, delivery, settings)
        if settings.is_peppol:
            rules.check(delivery.kind, content, order)
        name = made_name(settings.file_name, order, delivery)
        return Document(name, content.encode(), "application/xml", VERSIONS[delivery.kind])

    def note(self, settings: UblSettings) -> str | None:
        """Say which of Peppol's rules are missing."""
        return rules.note() if settings.is_peppol else None

    def claims(self, name: str) -> bool:
        """Return True: a partner names its files as it likes."""
        return True

    def about(self, name: str) -> Sequence[str]:
        """Return nothing: what lies in a file says it."""
        return ()

    def read(self, name: str, content: bytes, settings: UblSettings) -> Iterable[Answer]:
        """Read an Order Response."""
        return read_answers(content, settings)
