"""A throw-away channel: one folder. It is no file store: pigeons carry documents to a loft, and answers back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from orderflow.channels.channel import Channel, Parcel, Reader, Ready, Session
from orderflow.channels.settings import ChannelSettings
from orderflow.domain.delivery import Ack, ExportResult, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError, NeedsAttentionError
from orderflow.domain.form import hint


@dataclass
class Loft:
    """What lies at the target: `ready` is not seen yet, `answers` are the ERP's, by the document's name."""

    ready: dict[str, bytes] = field(default_factory=dict)
    arrived: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)


LOFTS: dict[str, Loft] = {}


class PigeonSettings(ChannelSettings):
    """Which loft."""

    loft: str = Field(title="Loft", description="Where the pigeons live.", json_schema_extra=hint("Server"))


class PigeonChannel(Channel):
    """Documents by pigeon."""

    mode: ClassVar[str] = "pigeon"
    about: ClassVar[str] = "a pigeon that flies home"
    settings: ClassVar[type[BaseModel]] = PigeonSettings

    def open(self, settings: PigeonSettings, *, apart: str = "") -> Session:
        return Flight(settings.loft)


class Flight(Session):
    """One way home: what was staged is at home, in a basket, until it is published."""

    stages = True
    answers = True

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def loft(self) -> Loft:
        if self._name not in LOFTS:
            raise NeedsAttentionError(f"There is no loft {self._name}.", code="WRONG_URL")
        return LOFTS[self._name]

    def destination(self, filename: str) -> str:
        return f"pigeon://{self._name}/{filename}"

    def deliver(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        staged = [ready for _, ready in self.stage(parcels) if isinstance(ready, Ready)]
        yield from self.publish(staged)

    def stage(self, parcels: Sequence[Parcel]) -> Iterator[tuple[UUID, Ready | ConnectorError]]:
        for parcel in parcels:
            self.loft.ready[parcel.document.filename] = parcel.document.content
            address = self.destination(parcel.document.filename)
            yield parcel.order_id, Ready(parcel.order_id, parcel.delivery, address)

    def publish(self, staged: Sequence[Ready]) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        for item in staged:
            name = item.address.rpartition("/")[2]
            content = self.loft.ready.pop(name, None)
            if content is not None:
                self.loft.arrived[name] = content
            yield item.order_id, ExportResult(True, item.delivery.export_id, inferred=content is None)

    def incoming(self, waiting: Waiting | Iterable[WaitingExport], read: Reader) -> Iterator[Ack]:
        for name, export in Waiting.of(waiting).match(self.loft.answers).items():
            for answer in read(f"ack_{name}", self.loft.answers[name]):
                yield Ack(
                    name,
                    answer.status,
                    export.export_id,
                    answer.erp_order_id,
                    answer.error_code,
                    answer.message,
                    source=self.destination(name),
                )

    def put_away(self, acks: Sequence[Ack]) -> None:
        for ack in acks:
            self.loft.answers.pop(ack.reference, None)

    def test(self, steps: list[str]) -> None:
        self.loft  # noqa: B018  # raises if there is none
        steps.append("loft: there")
