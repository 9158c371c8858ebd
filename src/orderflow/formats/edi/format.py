"""What both dialects are as formats: numbered documents, and answers that say themselves what they are about."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.formats.edi.segments import LARGEST
from orderflow.formats.file_name import made_name
from orderflow.formats.format import Format


class EdiFormat(Format):
    """Each order, change and recall as one interchange with one message."""

    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    numbered: ClassVar[bool] = True
    largest_answer: ClassVar[int] = LARGEST

    media_type: ClassVar[str]
    change: ClassVar[str]
    """The name of the message that changes an order and recalls it."""

    @abstractmethod
    def written(self, order: DraftOrder, delivery: Delivery, settings: Any) -> bytes:
        """Return the interchange. Raises RejectedError: the order holds what the dialect cannot say."""

    def render(self, order: DraftOrder, delivery: Delivery, settings: Any) -> Document:
        """Write the interchange. Raises RejectedError: the order holds what the dialect cannot say."""
        content = self.written(order, delivery, settings)
        version = self.name if delivery.kind is Kind.ORDER else self.change
        return Document(made_name(settings.file_name, order, delivery), content, self.media_type, version)

    def claims(self, name: str) -> bool:
        """Return True: a partner names its files as it likes."""
        return True

    def about(self, name: str) -> Sequence[str]:
        """Return nothing: what lies in a file says it."""
        return ()
