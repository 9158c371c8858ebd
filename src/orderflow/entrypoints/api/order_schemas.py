"""Orders as they come in, and what is answered besides the orders themselves (see `orderflow.storage.views.orders`)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from orderflow.domain.states import OrderStatus
from orderflow.entrypoints.api.schemas import VERSION, In, Moment, Name, Out, Text
from orderflow.storage.views.destinations import Destination
from orderflow.storage.views.problem import Problem


class OrderState(Out):
    """What became of an order."""

    id: UUID
    status: OrderStatus
    missing: list[str] = Field(default_factory=list, description="What it still needs to be READY, for a person")
    version: int = VERSION


class Arrived(OrderState):
    """What became of an order that came in."""

    duplicate: bool = Field(False, description="It was here before and says the same: nothing was changed")
    revised: bool = Field(False, description="It was here before, and says now what came in")


class PushAccepted(Out):
    """A delivery was asked for; it happens by itself."""

    order_id: UUID
    export_id: UUID | None = Field(description="See /exports/{export_id}; null: it waits for a route, APPROVED")
    connection_id: UUID | None
    status: str = Field(description="PENDING; WAITING for a route; another one if the Idempotency-Key was used before")


NotBefore = Annotated[
    Moment | None,
    Field(
        description="It waits until then, and for the connector's opening hours; up to 366 days ahead",
        examples=["2031-01-31T08:00:00+01:00"],
    ),
]


class PushBody(In):
    """Where to, and when."""

    connection_id: UUID | None = Field(
        None, description="Where the routing rules say if left out, or the organization's default connector"
    )
    not_before: NotBefore = None


class RejectBody(In):
    """Why."""

    reason: Text | None = Field(None, examples=["Ordered twice"])


class ConfirmBody(In):
    """The number that the order has in the ERP."""

    erp_order_id: Name = Field(examples=["SO-2025-000123"])


class OrderFilterBody(In):
    """Which orders; what is left out does not matter."""

    status: list[OrderStatus] | None = Field(None, description="The state that the action starts from if left out")
    q: Text | None = None
    since: Moment | None = None
    until: Moment | None = Field(None, description="Exclusive")
    connection_id: UUID | None = None
    error_code: Text | None = None
    unreadable_answer: Annotated[bool, Field(strict=True)] | None = Field(
        None, description="The ERP's answer could not be read"
    )
    differs: Annotated[bool, Field(strict=True)] | None = Field(
        None, description="Confirmed otherwise than it was ordered, which nobody accepted"
    )


class BulkBody(In):
    """One action on many orders: on those named, or on the 1,000 oldest that the filter finds."""

    action: Literal["approve", "push", "retry"]
    ids: Annotated[list[UUID], Field(min_length=1, max_length=1_000)] | None = None
    filter: OrderFilterBody | None = None
    connection_id: UUID | None = Field(None, description="Where to push; the default connector if left out")
    not_before: NotBefore = None

    @model_validator(mode="after")
    def _one_way(self) -> BulkBody:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either ids or filter")
        return self


class BulkResult(Out):
    """What became of one order."""

    id: UUID
    ok: bool
    error: Problem | None = None


class BulkAnswer(Out):
    """What became of each."""

    results: list[BulkResult]
    succeeded: int
    more: bool = Field(description="The filter found more than 1,000: ask again")


class BulkPreview(Out):
    """What an action would do. Nothing was done."""

    orders: int = Field(description="How many would go; those in another state than it starts from are left out")
    more: bool = Field(description="The filter found more than 1,000")
    destinations: list[Destination] = Field(description="Where they would go, most first; empty for `approve`")
    waiting: int = Field(0, description="How many would wait, since no routing rule sends them anywhere")
