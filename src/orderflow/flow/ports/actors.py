"""Who asks for something, as the audit log names it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, for the audit log; `request_id` ties together all that one request caused.

    `traceparent` is the trace that the request belongs to, as W3C Trace Context writes it, if it is traced. Where
    connections lead that a `restricted` actor sets up, the operator's settings say.
    """

    name: str
    request_id: str | None = None
    traceparent: str | None = None
    restricted: bool = False
