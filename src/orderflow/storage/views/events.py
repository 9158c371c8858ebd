"""What happened, as programs read it: in one order, without gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from orderflow.domain.errors import StateError
from orderflow.domain.events import EventKind
from orderflow.storage.tables.models.events import OF_EVERY_ORDER, OF_FEW
from orderflow.storage.views.view import Table, View
from orderflow.storage.work.events import number_events

_EVENTS = Table("e", "FROM event e")
_COUNTER = text("SELECT last, pruned FROM event_counter WHERE org_id = :org_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an order or a connector."""

    number: Annotated[int, Field(description="Its place among all events of the organization; pass it as `after`")]
    kind: Annotated[EventKind, Field(examples=["order.confirmed"])]
    at: Annotated[datetime, Field(description="When it happened")]
    order_id: Annotated[UUID | None, Field(description="The order; null: it is about a connector")]
    connection_id: Annotated[UUID | None, Field(description="The connector, where it is about one")]
    data: Annotated[
        dict[str, Any],
        Field(
            description="What was so at that moment. Of an order `status`, and where there are any "
            "`external_order_number`, `source`, `erp_order_id`, `error_code` and `confirmation`; of a connector its "
            "`name`, `connector_type`, `status`, `state` and `error_code`",
            examples=[{"status": "CONFIRMED", "external_order_number": "PO-1", "erp_order_id": "SO-4711"}],
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Events, the oldest first."""

    items: list[Event]
    last: Annotated[
        int, Field(description="All up to this number were looked at: pass it as `after` of the next request")
    ]
    more: Annotated[bool, Field(description="More are there already: ask again at once")]


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; what is not given does not matter.

    Attributes:
        after: The last number that the reader knows; None: from the oldest that is kept.
    """

    after: int | None = None
    kinds: Sequence[EventKind] = ()
    order_id: UUID | None = None


def find_events(view: View, wanted: EventFilter, limit: int) -> EventPage:
    """Return what follows a number, the oldest first; gives numbers to what has none yet.

    Raises:
        StateError: What follows was deleted meanwhile, as it is kept no longer; or the number was never given.
    """
    more = number_events(view.connection, view.org_id)
    counter = view.connection.execute(_COUNTER, {"org_id": view.org_id}).first()
    last, pruned = (counter.last, counter.pruned) if counter else (0, 0)
    _refuse(wanted.after, last, pruned)
    after = wanted.after if wanted.after is not None else pruned
    query, values = _query(wanted)
    rows = view.rows(Event, query, values | {"after": after, "last": last, "limit": limit + 1})
    items, full = rows[:limit], len(rows) > limit
    return EventPage(items=items, last=items[-1].number if full else last, more=full or more)


def _query(wanted: EventFilter) -> tuple[str, dict[str, Any]]:
    where = "WHERE e.org_id = :org_id AND e.number IS NOT NULL AND e.number > :after AND e.number <= :last"
    values: dict[str, Any] = {}
    if wanted.order_id is not None:
        where, values = f"{where} AND e.order_id = :order_id", {"order_id": wanted.order_id}
    if len(wanted.kinds) == 1:  # as one value: the index on it has them in order, which for several it has not
        where, values = f"{where} AND e.kind = :kind", {**values, "kind": wanted.kinds[0]}
    elif wanted.kinds:
        where, values = f"{where} AND e.kind = ANY(:kinds)", {**values, "kinds": list(wanted.kinds)}
    if wanted.kinds and not set(OF_EVERY_ORDER).intersection(wanted.kinds):
        where = f"{where} AND e.{OF_FEW}"
    return f"{_EVENTS.select(Event)} {where} ORDER BY e.number LIMIT :limit", values


def _refuse(after: int | None, last: int, pruned: int) -> None:
    if after and after < pruned:
        raise StateError(
            f"The events {after + 1} to {pruned} are kept no longer, so some would be missed.",
            code="EVENTS_GONE",
            hint=f"Read what changed meanwhile (GET /draft-orders?updated_since=…), then go on with after={pruned}. "
            "ORDERFLOW_EVENT_RETENTION_DAYS says how long events are kept.",
            details={"oldest": pruned + 1, "last": last},
        )
    if after is not None and after > last:
        raise StateError(
            f"There is no event {after} yet; the last is {last}.",
            code="EVENTS_AHEAD",
            hint="The database was restored from a backup, or the number is another installation's. "
            f"Read your orders anew, then go on with after={last}.",
            details={"last": last},
        )
