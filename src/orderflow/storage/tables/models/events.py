"""What programs are told: events, and how far their numbers are."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from orderflow.domain.events import EventKind
from orderflow.storage.tables.models.base import NOW, VACUUM_BY_ROWS, VACUUM_EARLY, Base
from orderflow.storage.tables.states import listed

OF_EVERY_ORDER = (
    EventKind.ORDER_CREATED,
    EventKind.ORDER_APPROVED,
    EventKind.ORDER_REQUESTED,
    EventKind.ORDER_PUSHED,
)
"""What each order brings: frequent enough to be found by number, so that no index has it by its kind."""

OF_FEW = f"kind NOT IN {listed(OF_EVERY_ORDER)}"
"""SQL for: of the others. Said in a query for some of them, or a plan for any kind would not use their index."""


class _Event:
    """An event, whichever part it is in."""

    id: Mapped[int] = mapped_column(BigInteger)
    org_id: Mapped[UUID]  # no foreign keys: every change of an order writes one
    number: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str]
    order_id: Mapped[UUID | None]
    connection_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    data: Mapped[dict[str, Any]]

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"primary_key": [cls.id]}  # of the mapper alone: no index has it


class EventRow(_Event, Base):
    """Something that happened, written by triggers in the transaction in which it did. Never changed, but numbered.

    `id` says in which order events of one order were written, for that is locked until the commit; among orders a
    later one may be committed first. `number` is given once it is committed, and is what readers go by. With it a row
    moves from one part to the other: changed where it is, it would be in each index twice, and leave a hole.
    """

    __tablename__ = "event"
    __table_args__ = ({"postgresql_partition_by": "RANGE (number)"},)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True))


class WaitingEvent(_Event, Base):
    """The part of those that have no number yet."""

    __tablename__ = "event_waiting"
    __table_args__ = (Index("idx_event_waiting", "org_id", "id"), {"postgresql_with": VACUUM_BY_ROWS})


class NumberedEvent(_Event, Base):
    """The part of those that have one, in about its order."""

    __tablename__ = "event_numbered"
    __table_args__ = (
        Index("uq_event_number", "org_id", "number", unique=True, postgresql_where=text("number IS NOT NULL")),
        Index("idx_event_kind", "org_id", "kind", "number", postgresql_where=text(f"number IS NOT NULL AND {OF_FEW}")),
        # Of one order all are read, and share an entry.
        Index("idx_event_order", "order_id", postgresql_where=text("number IS NOT NULL")),
        {"postgresql_with": VACUUM_EARLY},
    )
    number: Mapped[int] = mapped_column(BigInteger)  # never null here


class EventCounter(Base):
    """The last number that an organization's events were given, and the highest that is kept no longer."""

    __tablename__ = "event_counter"
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    pruned: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
