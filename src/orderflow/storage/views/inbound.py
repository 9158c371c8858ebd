"""What ERPs sent by themselves, as people see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from orderflow.storage.views.view import Ask, Condition, NextCursor, Sql, Table, View

_INBOUND = Table("i", "FROM inbound i")
# Of a text; what else it may be is not shown here.
_BEGINNING = "regexp_replace(encode(substring(i.content FROM 1 FOR 300), 'escape'), '[[:cntrl:]]', ' ', 'g')"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundAnswer:
    """Something that an ERP sent by itself, and what became of it."""

    id: UUID
    created_at: Annotated[datetime, Field(description="When it first came")]
    received_at: Annotated[datetime, Field(description="When it last came: the same one sent again is one")]
    name: str
    message_id: Annotated[str | None, Field(description="The sender's own id of it")]
    media_type: str | None
    verdict: Annotated[
        str | None,
        Field(
            description="null: not read yet. acknowledge, refuse, update, note, ignore, alert: recorded; wait: read "
            "again in a moment; unmatched: belongs to no order, read again for a day; unreadable, misfit: told on its "
            "order; unreadable is too what ended each process that read it, which is told on its connector"
        ),
    ]
    told: Annotated[str | None, Field(description="What there is to know about that")]
    read_at: datetime | None
    next_read_at: Annotated[datetime | None, Field(description="When it is read again; null: not by itself")]
    put_aside: Annotated[bool, Field(description="Somebody let it be")]
    beginning: Annotated[
        str | None, Sql(_BEGINNING), Field(description="Of what it says, where that is kept: it was not understood")
    ]


@dataclass(frozen=True, slots=True)
class InboundPage:
    """What came by itself, newest first."""

    items: list[InboundAnswer]
    next_cursor: NextCursor = None


def inbound_page(view: View, connection_id: UUID, ask: Ask, updated_from: datetime | None = None) -> InboundPage:
    """Return what came to one connection, or was read, since then. Raises InputError for a cursor of another list."""
    ask = ask.of(view, "inbound", connection_id, updated_from)
    return InboundPage(*_INBOUND.page(view, InboundAnswer, _of(connection_id, updated_from), ask))


def _of(connection_id: UUID, updated_from: datetime | None) -> Iterator[Condition]:
    yield "i.connection_id = :connection_id", {"connection_id": connection_id}
    if updated_from:
        yield "GREATEST(i.received_at, i.read_at) >= :updated_from", {"updated_from": updated_from}
