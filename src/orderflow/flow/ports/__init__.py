"""What the steps need from outside: a store of orders and exports, a store of documents, a way to wake a worker."""

from __future__ import annotations

from orderflow.flow.ports.actors import Actor
from orderflow.flow.ports.answers import Inbound, Read, Reading
from orderflow.flow.ports.bulk import BulkJob, BulkJobs, BulkProgress, BulkResult, BulkTurn, Reasons
from orderflow.flow.ports.connections import (
    CHANGEABLE,
    LONGEST_CHANCE,
    SESSION_LINGERS,
    ActiveConnection,
    Connections,
    Crew,
    OpenTarget,
    Outage,
    Target,
)
from orderflow.flow.ports.exports import Attempt, Batch, Confirmed, DecidedAnswer, Export, Exports, Settlement
from orderflow.flow.ports.orders import Hold, Holds, LockedError, OrderKeys, Orders, PushRequest, Route
from orderflow.flow.ports.routes import FIRST_VERSION, Routes, RouteSet
from orderflow.flow.ports.work import Audit, Documents, Keeper, Observer, Store, Wiring, Work

__all__ = [
    "CHANGEABLE",
    "FIRST_VERSION",
    "LONGEST_CHANCE",
    "SESSION_LINGERS",
    "ActiveConnection",
    "Actor",
    "Attempt",
    "Audit",
    "Batch",
    "BulkJob",
    "BulkJobs",
    "BulkProgress",
    "BulkResult",
    "BulkTurn",
    "Confirmed",
    "Connections",
    "Crew",
    "DecidedAnswer",
    "Documents",
    "Export",
    "Exports",
    "Hold",
    "Holds",
    "Inbound",
    "Keeper",
    "LockedError",
    "Observer",
    "OpenTarget",
    "OrderKeys",
    "Orders",
    "Outage",
    "PushRequest",
    "Read",
    "Reading",
    "Reasons",
    "Route",
    "RouteSet",
    "Routes",
    "Settlement",
    "Store",
    "Target",
    "Wiring",
    "Work",
]
