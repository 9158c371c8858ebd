"""Orders as they come in, and what is answered besides the orders themselves (see `orderflow.storage.views.orders`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, model_validator

from orderflow.domain.bulk import UNSENT, BulkAction
from orderflow.domain.orders import MOST_PRIORITY, Missing
from orderflow.domain.states import ERPExportStatus, OrderStatus
from orderflow.entrypoints.api.schemas import VERSION, In, Moment, Name, Out, Text
from orderflow.flow.delivery.change import ChangeWay
from orderflow.storage.views.chosen import Chosen
from orderflow.storage.views.deliveries import ExportFilter, WaitsFor, WaitsForRoute
from orderflow.storage.views.destinations import Destination
from orderflow.storage.views.orders import OrderFilter, number_of
from orderflow.storage.views.problem import Problem
from orderflow.storage.views.recalls import RecallOutlook


class OrderState(Out):
    """What became of an order."""

    id: UUID
    status: OrderStatus
    missing: list[str] = Field(default_factory=list, description="What it still needs to be READY, for a person")
    missing_fields: list[Missing] = Field(default_factory=list, description="The same for a program")
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
    status: ERPExportStatus | Literal["WAITING"] = Field(
        description="PENDING; WAITING for a route; another one if the Idempotency-Key was used before"
    )


Minutes = Annotated[int, Field(strict=True, ge=0, le=MOST_PRIORITY)]
NotBefore = Annotated[
    Moment | None,
    Field(
        description="It waits until then, and for the connector's opening hours; up to 366 days ahead",
        examples=["2031-01-31T08:00:00+01:00"],
    ),
]


class PriorityBody(In):
    """How urgent an order is."""

    priority: Minutes = Field(description="Head start in the queue of deliveries, in minutes; 0 is usual")


class PushBody(In):
    """Where to, when, and how urgently."""

    connection_id: UUID | None = Field(
        None, description="Where the routing rules say if left out, or the organization's default connector"
    )
    not_before: NotBefore = None
    priority: Minutes | None = Field(None, description="Head start in the queue, in minutes; as it is if left out")


class HoldBody(In):
    """Why it is not to be delivered yet."""

    reason: Name = Field(examples=["The customer's address is being checked"])


class ChangeOutlook(Out):
    """What becomes of an order that is edited now, once it is approved and pushed."""

    way: ChangeWay = Field(
        description="order: nothing was sent. replace: likewise, and its push is withdrawn. wait: it follows once it "
        "is known whether the order arrived. change: the ERP is asked to change it. recall: the ERP is asked to give "
        "it back, and it goes out anew. by_hand: the ERP takes no changes, so that a person has it changed there"
    )
    message: str = Field(description="The same, for a person")


class RecallBody(In):
    """Why it is to be taken back; an ERP that reads recalls is told."""

    reason: Name = Field(examples=["The customer cancelled it by telephone"])


class CancellationBody(In):
    """What the order will be known by when it comes, and why it is not to be delivered."""

    external_order_number: Name = Field(examples=["PO-12345"])
    erp_customer_number: Name | None = Field(None, examples=["4711"])
    source: Name | None = Field(None, description="As the order will say it", examples=["webshop"])
    reason: Name = Field(examples=["The customer cancelled it by telephone"])


class Cancellation(Out):
    """An order is cancelled that has not come."""

    id: UUID


class RejectBody(In):
    """Why."""

    reason: Text | None = Field(None, examples=["Ordered twice"])


class ConfirmBody(In):
    """The number that the order has in the ERP."""

    erp_order_id: Name = Field(examples=["SO-2025-000123"])


class OrderToConfirm(In):
    """An order, and the number that it has in the ERP."""

    order: Name = Field(description="Its id, or its own number", examples=["PO-2025-0042"])
    erp_order_id: Name = Field(examples=["SO-2025-000123"])


class OrdersToConfirm(In):
    """Orders that a person confirms."""

    confirmations: list[OrderToConfirm] = Field(
        min_length=1, max_length=500, description="Each order with its number in the ERP"
    )


class ConfirmedOne(Out):
    """What became of one of them."""

    order: str = Field(description="As it was named", examples=["PO-2025-0042"])
    erp_order_id: str
    order_id: UUID | None = Field(description="null: there is none of that name, or several")
    error: Problem | None = Field(description="Why it was not confirmed; null: it was")


class ConfirmedMany(Out):
    """What became of each, in the order in which they were named."""

    items: list[ConfirmedOne]


Flag = Annotated[bool, Field(strict=True)]
MOST_VALUES = 50
"""Of one field of a filter: more than there are different ones."""


class OrderFilterBody(In):
    """Which orders; what is left out does not matter."""

    status: list[OrderStatus] | None = Field(
        None, max_length=MOST_VALUES, description="The state that the action starts from if left out"
    )
    only_fit: Flag | None = Field(None, description="Of those in `status`, only the states that the action starts from")
    q: Text | None = None
    external_order_number: Text | None = Field(None, description="Exactly this one")
    erp_customer_number: Text | None = Field(None, description="Beside `external_order_number`")
    source: Text | None = Field(None, description="Beside `external_order_number`")
    since: Moment | None = None
    until: Moment | None = Field(None, description="Exclusive")
    updated_since: Moment | None = Field(None, description="Changed since then")
    import_id: UUID | None = Field(None, description="Brought in with this file")
    connection_id: UUID | None = None
    error_code: Text | None = None
    unreadable_answer: Flag | None = Field(None, description="The ERP's answer could not be read")
    differs: Flag | None = Field(None, description="Confirmed otherwise than it was ordered, which nobody accepted")
    waits_for_route: Flag | None = Field(None, description="Its push waits for a route")
    waits_for: list[WaitsFor | WaitsForRoute] | None = Field(
        None, max_length=MOST_VALUES, description="Its push waits for any of these"
    )
    route: Text | None = Field(None, description="Sent by the routing rule of this name")
    on_hold: Flag | None = Field(None, description="Somebody has a hold on it")

    def chosen_for(self, action: BulkAction) -> Chosen:
        """Return what the list of orders finds, by default of those in a state that the action starts from."""
        starts, fit = action.starts, self.only_fit or not self.status
        statuses: Sequence[OrderStatus] = self.status or starts
        if fit and starts:  # a release starts from any
            statuses = [one for one in statuses if one in starts]
            if not statuses:
                return Chosen(ids=())
        found = OrderFilter(
            statuses=statuses,
            search=self.q,
            created_from=self.since,
            created_to=self.until,
            connection_id=self.connection_id,
            error_code=self.error_code,
            unreadable=self.unreadable_answer,
            waits=self.waits_for_route,
            waits_for=self.waits_for or (),
            route=self.route,
            differs=True if action is BulkAction.ACCEPT_DIFFERENCES else self.differs,
            on_hold=True if action is BulkAction.RELEASE else self.on_hold,
            asked_for=True if fit and action in UNSENT else None,
            on_its_way_or_sent=fit and action is BulkAction.RECALL,
            number=number_of(self.external_order_number, self.erp_customer_number, self.source),
            updated_from=self.updated_since,
            import_id=self.import_id,
        )
        return Chosen(orders=found)


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

    def asked(self) -> Chosen:
        """Return the orders that are meant."""
        return self.filter.chosen_for(BulkAction(self.action)) if self.filter else Chosen(self.ids)

    def chosen(self) -> dict[str, Any]:
        """Return the same for people, as it is kept with the job."""
        return _kept(self, self.ids)


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


class ExportFilterBody(In):
    """The orders of which deliveries; what is left out does not matter."""

    status: list[ERPExportStatus] | None = Field(None, max_length=MOST_VALUES)
    connection_id: UUID | None = None
    waiting: Flag | None = None
    held: Flag | None = None
    overdue: Flag | None = None
    error_code: Text | None = None
    waits_for: list[WaitsFor] | None = Field(None, max_length=MOST_VALUES)
    route: Text | None = Field(None, description="Sent by the routing rule of this name")
    since: Moment | None = None
    until: Moment | None = Field(None, description="Exclusive")
    updated_since: Moment | None = Field(None, description="Changed since then")

    def as_filter(self) -> ExportFilter:
        """Return it as the list of exports asks."""
        return ExportFilter(
            statuses=self.status or (),
            connection_id=self.connection_id,
            waiting=self.waiting,
            held=self.held,
            overdue=self.overdue,
            error_code=self.error_code,
            created_from=self.since,
            created_to=self.until,
            waits_for=self.waits_for or (),
            route=self.route,
            updated_from=self.updated_since,
        )


Ids = Annotated[list[UUID], Field(min_length=1, max_length=10_000)]


MOST_CONFIRMED = 5_000
"""Orders that one job confirms."""


class BulkJobBody(In):
    """One action on any number of orders: those named, or all that a filter finds at this moment."""

    action: BulkAction
    ids: Ids | None = None
    filter: OrderFilterBody | None = Field(None, description="As the list of orders has it")
    export_filter: ExportFilterBody | None = Field(
        None, description="As the list of exports has it: their orders, each once"
    )
    connection_id: UUID | None = Field(
        None, description="Where to push, retry or move; where the rules say, or the default connector, if left out"
    )
    confirmations: list[OrderToConfirm] | None = Field(
        None, min_length=1, max_length=MOST_CONFIRMED, description="Of `confirm`: each order with its number in the ERP"
    )
    reason: Text | None = Field(None, description="Why they are rejected, or put on hold: then it is needed")
    not_before: NotBefore = None

    @model_validator(mode="after")
    def _one_way(self) -> BulkJobBody:
        if (self.action is BulkAction.CONFIRM) is (self.confirmations is None):
            raise ValueError("confirmations are for the action confirm, which needs them")
        if sum(given is not None for given in (self.ids, self.filter, self.export_filter, self.confirmations)) != 1:
            raise ValueError("give one of ids, filter and export_filter")
        return self

    def asked(self) -> Chosen:
        """Return the orders that are meant."""
        if self.filter:
            return self.filter.chosen_for(self.action)
        return Chosen(self.ids, exports=self.export_filter.as_filter() if self.export_filter else None)

    def chosen(self) -> dict[str, Any]:
        """Return the same for people, as it is kept with the job."""
        return _kept(self, self.ids) if self.confirmations is None else {"confirmations": len(self.confirmations)}


def _kept(body: In, ids: list[UUID] | None) -> dict[str, Any]:
    named = {"filter", "export_filter"}
    return {"ids": len(ids)} if ids is not None else body.model_dump(mode="json", include=named, exclude_none=True)


class BulkJobPreview(Out):
    """What a bulk job would do. Nothing was done."""

    total: int = Field(description="How many orders it would be about")
    looked_at: int = Field(description="How many of them, the oldest, were looked at")
    orders: int = Field(description="How many of those would go, or be recalled")
    destinations: list[Destination] = Field(description="Where those would go, most first; empty for other actions")
    waiting: int = Field(0, description="How many of those would wait, since no routing rule sends them anywhere")
    recall: list[RecallOutlook] = Field(
        default_factory=list,
        description="What would become of those that are recalled, most first; empty for other actions",
    )
