"""An order is changed after it was sent: what its ERP has stays, and what it says now follows by a delivery of its own.

The new revision goes the way of every one: it is approved and pushed. Its delivery waits until that of the revision
before is decided. If that arrived, it is a change, which carries the whole order, and goes to connections that can ask
their ERP for changes; if it never did, it is the order. A revision that was changed since is not sent any more, nor
sent again: what may have arrived of it is asked about, and what is staged is published, since it may have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from orderflow.domain.errors import ChangedSinceError, ConnectorError, EncryptionError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.order_keys import key_of
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import (
    ARRIVED,
    EDITED,
    FITTING,
    ERPExportStatus,
    Kind,
    OrderAction,
    OrderEvent,
    OrderStatus,
    next_order_status,
)
from orderflow.flow.delivery.open_target import ENGINE, with_connector
from orderflow.flow.order.differences import field_changes
from orderflow.flow.ports import Actor, Export, OpenTarget, Settlement, Wiring, Work

STANDING_BY = (ERPExportStatus.PENDING, *ARRIVED)
"""The states of a delivery that the ERP has, or may get."""

UNTOUCHED = tuple(FITTING[status] for status in STANDING_BY)
"""Where an order stands that says what was sent: an edit that changes nothing leaves it there."""

TO_CHANGE = "The order was changed, and is sent anew once it was given back."
"""Why an order is recalled whose ERP takes no changes."""


class ChangeWay(StrEnum):
    """What becomes of an order that is edited now, once it is approved and pushed."""

    ORDER = "order"
    REPLACE = "replace"
    WAIT = "wait"
    CHANGE = "change"
    RECALL = "recall"
    BY_HAND = "by_hand"


_WORDS = {
    ChangeWay.ORDER: "Nothing was sent yet: what the order says then is what goes out.",
    ChangeWay.REPLACE: "Nothing was sent yet: its push is withdrawn, and it goes out as it is then.",
    ChangeWay.WAIT: "It is on its way, or may have arrived. What it says then waits until that is known, and follows.",
    ChangeWay.CHANGE: "The ERP has it, and is asked to change it. It may refuse: the order tells what it says.",
    ChangeWay.RECALL: "The ERP has it, and takes no changes: it is asked to give the order back, which then goes out "
    "anew. If it keeps the order, the change is not made.",
    ChangeWay.BY_HAND: "The ERP has it, and takes no changes over this connection. Have the order changed there, then "
    "push it here, and confirm the change.",
}


@dataclass(frozen=True, slots=True)
class WhatFollows:
    """What an edit of an order leads to, in a word and in words."""

    way: ChangeWay
    message: str


def what_follows(wiring: Wiring, org_id: UUID, order_id: UUID) -> WhatFollows:
    """Return what becomes of an order that is edited now; changes nothing.

    Raises:
        StateError: It cannot be edited.
        NotFoundError: There is no such order.
    """
    with wiring.store.work(org_id) as work:
        status = work.orders.lock_status(order_id)
        if status not in OrderAction.EDIT.change.starts:
            raise StateError(f"The order is {status} and cannot be edited.", hint="Look at its present state.")
        there = standing(work, order_id)
        if there is None:
            way = ChangeWay.ORDER
        elif there.status not in ARRIVED:
            unsent = there.never_arrived and not there.lease_is_live
            way = ChangeWay.REPLACE if unsent and status is OrderStatus.PUSHING else ChangeWay.WAIT
        else:
            way = _way_to_change(wiring, work, there.connection_id)
    return WhatFollows(way, _WORDS[way])


def _way_to_change(wiring: Wiring, work: Work, connection_id: UUID) -> ChangeWay:
    if connection_id not in work.routes.states([connection_id]):
        return ChangeWay.BY_HAND
    try:
        to = with_connector(wiring, work.connections.open(connection_id))
    except (ConnectorError, EncryptionError):  # its own health says what is wrong
        return ChangeWay.WAIT
    if Kind.CHANGE in to.kinds:
        return ChangeWay.CHANGE
    return ChangeWay.RECALL if recalls_to_change(to) else ChangeWay.BY_HAND


def recalls_to_change(to: OpenTarget) -> bool:
    """Return whether the connection has a changed order recalled and sent anew."""
    return to.target.change_by_recall and Kind.RECALL in to.kinds


def standing(work: Work, order_id: UUID) -> Export | None:
    """Return the newest delivery of an order that its ERP has, or may have or get; None: there is none."""
    return next((export for export in not_given_back(work, order_id) if not export.failed_for_sure), None)


def not_given_back(work: Work, order_id: UUID) -> list[Export]:
    """Return the deliveries of an order, the newest first, that no recall has undone since."""
    deliveries = work.exports.deliveries_of(order_id)
    return left_by_recalls(deliveries, work.exports.recalls_of(order_id) if deliveries else ())


class Delivered(Protocol):
    """What is known of a delivery in either store."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def created_at(self) -> datetime:
        """When it was asked for."""

    @property
    def follows(self) -> UUID | None:
        """What it waits for, or waited."""

    @property
    def status(self) -> ERPExportStatus:
        """How far it is."""


OneDelivered = TypeVar("OneDelivered", bound=Delivered)


def left_by_recalls(deliveries: Sequence[OneDelivered], recalls: Iterable[OneDelivered]) -> list[OneDelivered]:
    """Return those deliveries of an order that no recall has undone; `storage.tables.states.given_back` says the same.

    What waited for the recall goes out after it, and what waited for that in turn, though it was asked for before.

    Args:
        deliveries, recalls: All of the order's, the newest first.
    """
    undone_by = next((recall for recall in recalls if recall.status is ERPExportStatus.ACKED), None)
    if undone_by is None:
        return list(deliveries)
    after = {undone_by.id}
    for one in reversed(deliveries):
        if one.created_at > undone_by.created_at or one.follows in after:
            after.add(one.id)
    return [one for one in deliveries if one.id in after]


def says_another(work: Work, delivery: Export) -> bool:
    """Return whether the order was changed since this delivery was asked for, and that was not sent yet."""
    edited = work.orders.lock_status(delivery.draft_order_id) in EDITED
    return edited and delivery.revision != work.orders.revision_of(delivery.draft_order_id)


def change_what_was_sent(work: Work, there: Export, stored: DraftOrder, changed: DraftOrder) -> bool:
    """Make room for another revision beside the one that the ERP has, or may get; False: it says the same.

    What was not sent yet is withdrawn.

    Raises:
        StateError: The ERP knows the order by another number; a process of an older release still runs; its delivery
            is being taken or moved at this moment.
    """
    before, now = key_of(stored), key_of(changed)
    if (before and before.key_sha256) != (now and now.key_sha256):
        raise StateError(
            "The ERP has the order under the number, customer and source that it has now, or may have.",
            code="NUMBER_IS_SENT",
            hint="Leave them as they are. If they are wrong, recall the order and enter it anew.",
        )
    if stored.status in UNTOUCHED and not field_changes(stored, changed):
        return False
    work.refuse_beside_older_release()
    if there.revision is None and stored.status in FITTING.values():  # as long as the order says what was sent
        work.exports.pin(there.id)
    if stored.status is OrderStatus.PUSHING and there.status is ERPExportStatus.PENDING:
        _take_off(work, there)
    return True


def _take_off(work: Work, unsent: Export) -> None:
    """End a delivery of which nothing was sent; what was, or is at this moment, goes on.

    Raises:
        StateError: It is being taken or moved at this moment, and would go out as it was.
    """
    if work.exports.withdraw(unsent.id) or work.exports.stop(unsent.id, ChangedSinceError().as_json()):
        return
    now = work.exports.find(unsent.id)
    if now is not None and now.never_arrived and not now.lease_is_live:
        raise StateError("The order's delivery is being taken or moved at this moment.", hint="Try again in a moment.")


def discard_change(work: Work, order_id: UUID, actor: Actor) -> None:
    """Let an order say again what its ERP has of it, or may have.

    Raises:
        StateError: Nothing of it was sent, its change is on its way, or what was sent is not kept any more.
        NotFoundError: There is no such order.
    """
    before = work.orders.lock_status(order_id)
    there = standing(work, order_id)
    if there is None or before not in OrderAction.DISCARD_CHANGE.change.if_there:
        raise StateError(
            f"The order is {before}, and no change of it waits that could be discarded.",
            hint="What is on its way is withdrawn first. What was never sent is edited or rejected.",
        )
    was = work.orders.as_sent(order_id, there.revision) if there.revision else None
    if was is None or was.approved_at is None:  # by which it is known as that revision
        raise StateError(
            "What was sent of the order is not kept any more.", hint="Edit the order to say what the ERP has."
        )
    after = next_order_status(OrderAction.DISCARD_CHANGE, before, FITTING[there.status])
    work.orders.replace(was)
    work.orders.set_status(order_id, after, error_json=there.error if after is OrderStatus.ERROR else None)
    facts = {"status": after, "revision": there.revision}
    work.audit.add("DRAFT_CHANGE_DISCARDED", actor, "draft_order", [order_id], {"status": before}, facts)


def confirm_change(work: Work, order_id: UUID, actor: Actor) -> None:
    """Note that the ERP's people have changed the order there: a person says so.

    Raises:
        StateError: No change of it was refused.
        NotFoundError: There is no such order.
    """
    before = work.orders.lock_status(order_id)
    latest, there = work.exports.latest(order_id), standing(work, order_id)
    refused = before in OrderAction.CONFIRM_CHANGE.change.if_there and latest and there and there.status in ARRIVED
    if not (refused and latest and work.exports.take_over(latest.id, actor.name)):
        raise StateError(
            f"The order is {before}, and no change of it has failed.",
            hint="Push the change first: it tells whether the ERP can be asked.",
        )
    after = next_order_status(OrderAction.CONFIRM_CHANGE, before)
    work.orders.set_status(order_id, after, error_json=None)
    work.audit.add("DRAFT_CHANGE_CONFIRMED", actor, "draft_order", [order_id], {"status": before}, {"status": after})


def recall_to_change(work: Work, item: Settlement, connection_id: UUID) -> None:
    """Ask for the order back that a change is for, so that it goes out anew; where the change is settled."""
    order_id = item.attempt.order.id
    before = work.orders.lock_status(order_id)
    if before not in OrderEvent.CHANGE_BY_RECALL.change.starts:
        # It was changed once more meanwhile, or has failed; left as it is, this one would be tried without end.
        work.exports.stop(item.attempt.export_id, ChangedSinceError().as_json())
        return
    pending = ERPExportStatus.PENDING
    now = work.exports.next_time(order_id)
    recall = Export(new_id(), order_id, connection_id, pending, now, kind=Kind.RECALL, reason=TO_CHANGE)
    work.exports.add(recall, idempotency_key=None, actor=ENGINE)
    work.exports.send_anew_after(item.attempt.export_id, recall.id)
    after = next_order_status(OrderEvent.CHANGE_BY_RECALL, before)
    work.orders.set_status(order_id, after)
    facts = {"status": after, "reason": recall.reason}
    work.audit.add("DRAFT_RECALL_REQUESTED", ENGINE, "draft_order", [order_id], {"status": before}, facts)
