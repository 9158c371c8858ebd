"""What webhooks send, for the OpenAPI document: `webhooks`, one for each kind of event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from orderflow.domain.events import EventKind

_DATA = {
    "number": 1042,
    "order_id": "0190c0de-7c1a-7000-8000-000000000001",
    "connection_id": None,
    "status": "CONFIRMED",
    "external_order_number": "PO-1",
    "erp_order_id": "SO-4711",
}


class EventMessage(BaseModel):
    """An event, as https://www.standardwebhooks.com has it; headers carry its id, the time and a signature."""

    type: EventKind = Field(description="What happened", examples=["order.confirmed"])
    timestamp: datetime = Field(description="When it happened")
    data: dict[str, Any] = Field(
        description="`number`, `order_id`, `connection_id`, and what was so at that moment, as `GET /events` has it",
        examples=[_DATA],
    )


def describe_messages(api: FastAPI) -> None:
    """Put into the document what webhooks send."""
    for kind in EventKind:
        api.webhooks.add_api_route(
            kind.value,
            _taken,
            methods=["POST"],
            status_code=204,
            summary=kind.value,
            description=f"{kind.meaning} Answer 2xx within 15 seconds; else it comes again. See docs/events.md.",
            operation_id=f"on_{kind.value.replace('.', '_')}",
            tags=["Webhooks"],
            response_description="It was taken",
            responses={"default": {"description": "It was not taken, and comes again"}},
        )


def _taken(body: EventMessage) -> None:
    """Stand for the receiver's side, which is somebody else's."""
