"""The tables. Every one but `organization` carries `org_id` and is protected by row-level security."""

from __future__ import annotations

from orderflow.storage.tables import sealing as _sealing  # noqa: F401  # seals ERPConnection rows as they are flushed
from orderflow.storage.tables.models.base import Base
from orderflow.storage.tables.models.connections import ControlCounter, ERPConnection, ERPLane, OrdersTaken, RouteSet
from orderflow.storage.tables.models.events import EventCounter, EventRow, NumberedEvent, WaitingEvent
from orderflow.storage.tables.models.exports import (
    MOST_INBOUND,
    DeliveryProof,
    DeliveryTally,
    DeliveryTallyState,
    ERPExport,
    ERPPushLog,
    InboundRow,
)
from orderflow.storage.tables.models.jobs import BulkJobOrder, BulkJobRow, NotificationRow, ProcessRow
from orderflow.storage.tables.models.orders import (
    DraftOrderConfirmation,
    DraftOrderLineRow,
    DraftOrderRevisionRow,
    DraftOrderRow,
    OrderHold,
    OrderKeyRow,
)
from orderflow.storage.tables.models.organization import (
    ApiKey,
    AppUser,
    AuditLog,
    EndedSession,
    KeptAnswer,
    KeptAnswerPart,
    NeedMark,
    NeedSeen,
    NoticeChoiceRow,
    NoticeSecret,
    NoticeWay,
    Organization,
    SavedView,
    SignInSource,
)
from orderflow.storage.tables.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "MOST_INBOUND",
    "ApiKey",
    "AppUser",
    "AuditLog",
    "Base",
    "BulkJobOrder",
    "BulkJobRow",
    "ControlCounter",
    "DeliveryProof",
    "DeliveryTally",
    "DeliveryTallyState",
    "DraftOrderConfirmation",
    "DraftOrderLineRow",
    "DraftOrderRevisionRow",
    "DraftOrderRow",
    "ERPConnection",
    "ERPExport",
    "ERPLane",
    "ERPPushLog",
    "EndedSession",
    "EventCounter",
    "EventRow",
    "InboundRow",
    "KeptAnswer",
    "KeptAnswerPart",
    "NeedMark",
    "NeedSeen",
    "NoticeChoiceRow",
    "NoticeSecret",
    "NoticeWay",
    "NotificationRow",
    "NumberedEvent",
    "OrderHold",
    "OrderKeyRow",
    "OrdersTaken",
    "Organization",
    "ProcessRow",
    "RouteSet",
    "SavedView",
    "SignInSource",
    "WaitingEvent",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
