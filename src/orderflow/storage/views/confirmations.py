"""What the ERP confirmed of an order, beside what was ordered."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, WithJsonSchema

from orderflow.domain.answer_details import Confirmation, LineStatus, Others
from orderflow.domain.confirmations import Difference
from orderflow.storage.views.view import Sql, Table, View

_CONFIRMED = Table("c", "FROM draft_order_confirmation c JOIN draft_order o ON o.id = c.draft_order_id")

Number = Annotated[Decimal, WithJsonSchema({"type": "number", "format": "decimal"})]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When something of a line comes."""

    date: dt.date
    qty: Annotated[Number | None, Field(description="null: all that the line confirms")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedLine:
    """What the ERP said about a line."""

    line_no: Annotated[int | None, Field(description="Of the order; null: the ERP added it")]
    status: LineStatus
    qty: Annotated[Number | None, Field(description="What is certain to come of it")]
    uom: str | None
    unit_price: Annotated[Number | None, Field(description="null: the ERP said nothing about it")]
    currency: str | None
    sku: Annotated[str | None, Field(description="The article, if the ERP named it; or its substitute")]
    schedules: list[Schedule]
    code: str | None
    message: Annotated[str | None, Field(description="The ERP's words")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedOrder:
    """What the ERP said about an order's lines until now, and what of it is not as ordered."""

    confirmation: Annotated[
        Confirmation,
        Sql("o.confirmation"),
        Field(
            description="AS_ORDERED; CHANGED: all of it comes, something otherwise; PARTIAL: something will not come, "
            "or not yet, or nothing was said about it"
        ),
    ]
    export_id: UUID
    answered_at: Annotated[datetime, Field(description="When the ERP last said something else")]
    other_lines: Annotated[
        Others,
        Sql("COALESCE(c.details ->> 'others', 'unanswered')"),
        Field(description="What holds for the order's lines that are not listed"),
    ]
    currency: Annotated[str | None, Sql("c.details ->> 'currency'")]
    lines: Annotated[list[ConfirmedLine], Sql("COALESCE(c.details -> 'lines', '[]')")]
    differences: list[Difference]
    accepted_at: Annotated[datetime | None, Sql("o.differences_accepted_at")]
    accepted_by: Annotated[
        str | None, Sql("o.differences_accepted_by"), Field(description="Who accepted the differences")
    ]


def confirmed_of(view: View, order_id: UUID) -> ConfirmedOrder | None:
    """Return what the ERP confirmed of an order; None if it never spoke of its lines."""
    query = f"{_CONFIRMED.select(ConfirmedOrder)} WHERE c.draft_order_id = :id AND c.org_id = :org_id"
    return view.one(ConfirmedOrder, f"{query} AND o.confirmation IS NOT NULL", {"id": order_id})
