"""What people may ask of deliveries, and what came of it."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from orderflow.entrypoints.api.schemas import In, Moment, Out


class Resolution(In):
    """How a delivery in doubt had ended."""

    as_: Literal["delivered", "not_delivered", "send_again"] = Field(
        alias="as",
        description="After a look into the ERP: it has the order; it has not, and the delivery ends (the order is in "
        "ERROR and may be corrected); it has not, and the same document is to be sent again",
    )
    perhaps_sent_at: Moment | None = Field(
        None,
        description="Of the export, as you read it before the look into the ERP. If it may have been sent again since, "
        "nothing happens: 409 `STALE_DOUBT`. Left out: whatever happened since",
    )


class MoveBody(In):
    """What is to be moved where."""

    source: UUID = Field(alias="from", description="The connector that they wait for")
    target: UUID = Field(alias="to", description="An ACTIVE connector")
    ids: Annotated[list[UUID], Field(min_length=1, max_length=1_000)] | None = Field(None, description="Exports")
    all: bool = Field(False, description="All that wait for it")

    @model_validator(mode="after")
    def _one_way(self) -> MoveBody:
        if (self.ids is None) != self.all:
            raise ValueError("give either ids or all: true")
        return self


class Moved(Out):
    """What was moved. Under way, staged or in doubt: those stay, for they may have arrived."""

    moved: int
    not_moved: list[UUID] = Field(description="Those of the ids that stay where they are")
