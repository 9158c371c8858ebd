"""A throw-away format: one folder. An order is a slip of paper, answered by a word beside its number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.orders import DraftOrder
from orderflow.formats.answers import Answer, UnreadableError
from orderflow.formats.format import Format, FormatSettings


class SlipSettings(FormatSettings):
    """Slips of paper."""

    model_config = ConfigDict(title="Slips")

    ink: Literal["blue", "red"] = Field("blue", title="Ink", description="In which it is written.")


class SlipFormat(Format):
    """A line for the order, and one for each of its lines."""

    name: ClassVar[str] = "slip_1"
    title: ClassVar[str] = "slip"
    settings: ClassVar[type[BaseModel]] = SlipSettings

    def render(self, order: DraftOrder, delivery: Delivery, settings: SlipSettings) -> Document:
        lines = [f"{settings.ink}: {order.external_order_number}"]
        lines += [f"{line.qty:f} {line.uom} {line.internal_sku}" for line in order.lines]
        return Document(f"{delivery.export_id}.slip", "\n".join(lines).encode(), "text/plain", self.name)

    def read(self, name: str, content: bytes, settings: Any) -> Iterable[Answer]:
        word, _, number = content.decode().partition(" ")
        if word not in ("yes", "no"):
            raise UnreadableError("It says neither yes nor no.")
        yield Answer("ACKED", erp_order_id=number) if word == "yes" else Answer("FAILED", message=number)
