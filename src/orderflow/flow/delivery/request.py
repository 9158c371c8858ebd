"""Somebody wants an order delivered: it is written down, and a worker is told to look."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.errors import InputError, KeyReusedError, NoRouteError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.states import ERPExportStatus, Kind, OrderAction, OrderStatus, next_order_status
from orderflow.flow.delivery.change import standing
from orderflow.flow.delivery.route import one_to_push_to, way_of
from orderflow.flow.fault_points import reached
from orderflow.flow.ports import Actor, Export, PushRequest, Store, Work

WITHDRAWN = {
    "code": "WITHDRAWN",
    "message": "The push was withdrawn before anything was sent.",
    "hint": "Push the order again when it is to go out.",
}
EITHER = (OrderAction.PUSH, OrderAction.RETRY)
LONGEST_AHEAD = timedelta(days=366)
"""A push asks to wait; what is meant to wait longer is better pushed later."""

LONGEST_PAST = timedelta(days=1)
"""A push asks not to go out before, and may go out now: it may have been written down a while ago."""


def request_push(
    store: Store,
    org_id: UUID,
    order_id: UUID,
    actor: Actor,
    *,
    connection_id: UUID | None = None,
    idempotency_key: str | None = None,
    meant: Collection[OrderAction] = EITHER,
    not_before: datetime | None = None,
    digest: int | None = None,
) -> Export | None:
    """Ask for an APPROVED or failed order to be delivered. Returns at once; a worker does the rest.

    None is returned where the rules send an APPROVED order nowhere: it waits until they do.

    Args:
        connection_id: Where to; by the organization's rules, or to its default connection, if not given.
        idempotency_key: The same key for the same order returns the same export, for 24 hours.
        meant: What the caller means, of `EITHER`.
        not_before: It waits until then; None: it goes out as soon as it may.
        digest: Of the whole request, in 64 bits; None: the key alone tells it from others.

    Raises:
        InputError: Nobody can mean this `not_before`.
        KeyReusedError: The key was used for another request.
        StateError: The order is not APPROVED or in ERROR, is pushed already, or there is no connection, or several to
            choose from.
        NotFoundError: There is no such order or connection.
    """
    check_not_before(not_before)
    with store.work(org_id) as work:
        export = request_or_wait(
            work,
            order_id,
            actor,
            connection_id=connection_id,
            idempotency_key=idempotency_key,
            meant=meant,
            not_before=not_before,
            digest=digest,
        )
    announce(store, org_id, export)
    return export


def check_not_before(moment: datetime | None) -> None:
    """Make sure that a push may ask not to go out before this moment.

    Raises:
        InputError: It has no time zone, or lies so far ahead or behind that nobody can mean it.
    """
    if moment is None:
        return
    if moment.tzinfo is None:
        words = "has no time zone"
    elif moment - clock.now() > LONGEST_AHEAD:
        words = f"is more than {LONGEST_AHEAD.days} days ahead"
    elif clock.now() - moment > LONGEST_PAST:
        words = "is more than a day ago"
    else:
        return
    raise InputError(
        f"Deliver not before {moment:%Y-%m-%d %H:%M %Z}: that {words}.",
        code="NOT_BEFORE_UNUSABLE",
        hint="Give a time with its zone; leave it out to deliver as soon as may be.",
        details={"fields": [{"field": "not_before", "message": words}]},
    )


def announce(store: Store, org_id: UUID, export: Export | None) -> None:
    """Tell the workers of a request that is committed."""
    reached("requested")
    if export is not None:
        store.wake(org_id, export.connection_id)


def request_or_wait(
    work: Work,
    order_id: UUID,
    actor: Actor,
    *,
    connection_id: UUID | None = None,
    idempotency_key: str | None = None,
    meant: Collection[OrderAction] = EITHER,
    not_before: datetime | None = None,
    digest: int | None = None,
) -> Export | None:
    """Write the request down in `work`'s transaction; arguments, answer and errors as for `request_push`."""
    try:
        return note_request(
            work,
            order_id,
            actor,
            connection_id=connection_id,
            idempotency_key=idempotency_key,
            meant=meant,
            not_before=not_before,
            digest=digest,
        )
    except NoRouteError as none:
        if OrderAction.PUSH not in meant or work.orders.lock_status(order_id) not in OrderAction.PUSH.change.starts:
            raise
        request = PushRequest(order_id, actor, idempotency_key, not_before, digest)
        _refuse_another(request, work.routes.request_of(order_id) if idempotency_key else None)
        if work.routes.wait(request, none.code):
            work.audit.add("DRAFT_PUSH_WAITS", actor, "draft_order", [order_id], None, {"waits_for": none.code})
        return None


def note_request(
    work: Work,
    order_id: UUID,
    actor: Actor,
    *,
    connection_id: UUID | None = None,
    idempotency_key: str | None = None,
    meant: Collection[OrderAction] = EITHER,
    not_before: datetime | None = None,
    digest: int | None = None,
) -> Export:
    """Write the request down in `work`'s transaction; arguments and errors as for `request_push`.

    Raises:
        NoRouteError: The rules send the order nowhere. Nothing was changed.
    """
    before = work.orders.lock_status(order_id)  # the lock makes two requests for one order take turns
    if known := asked_before(work, order_id, idempotency_key, digest):
        return known
    action = next((action for action in meant if before in action.change.starts), None)
    if action is None:
        raise _cannot_push(before)
    status = next_order_status(action, before)
    there = standing(work, order_id) if work.exports.latest(order_id) else None
    if there is not None and _is_what_it_says(work, there, action):
        if there.status is not ERPExportStatus.FAILED:
            raise StateError(
                f"The order's last delivery is {there.status}: it arrived or is under way.", code="DELIVERED_ALREADY"
            )
        export = _go_on_with(work, there, connection_id, idempotency_key, not_before, digest)
    else:
        export = _first(work, order_id, connection_id) if there is None else _change_of(work, there, connection_id)
        export.not_before, export.request_digest = not_before, digest
        work.exports.add(export, idempotency_key=idempotency_key, actor=actor)
    work.orders.set_status(order_id, status, error_json=None)
    noted = "DRAFT_PUSHED" if action is OrderAction.PUSH else "DRAFT_PUSH_RETRIED"
    work.audit.add(noted, actor, "draft_order", [order_id], {"status": before}, {"status": status})
    return export


def asked_before(work: Work, order_id: UUID, key: str | None, digest: int | None) -> Export | None:
    """Return what a locked order's push under this key has led to; None if there was none, or it waits for a route.

    Raises:
        KeyReusedError: The key was used for another request.
    """
    known = work.exports.by_idempotency_key(order_id, key) if key else None
    if known is not None and _differ(known.request_digest, digest):
        raise KeyReusedError
    return known


def _refuse_another(request: PushRequest, before: PushRequest | None) -> None:
    if before and before.idempotency_key == request.idempotency_key and _differ(before.digest, request.digest):
        raise KeyReusedError


def _differ(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one != other


def _is_what_it_says(work: Work, there: Export, action: OrderAction) -> bool:
    """Return whether a delivery is of the order as it is now; that of an older release does not say."""
    if there.revision is None and action is OrderAction.RETRY:
        return True
    return there.revision == work.orders.revision_of(there.draft_order_id)


def _first(work: Work, order_id: UUID, connection_id: UUID | None) -> Export:
    way, route = way_of(work, order_id, connection_id)
    return Export(new_id(), order_id, way, ERPExportStatus.PENDING, work.exports.next_time(order_id), route=route)


def _change_of(work: Work, there: Export, connection_id: UUID | None) -> Export:
    """Return the delivery of what the order says now, which waits until the one that is there is decided.

    One that FAILED and may have arrived all the same is held for a person: else nobody would ever decide it, and what
    the order said before is not sent any more.
    """
    _refuse_elsewhere(there, connection_id)
    work.refuse_beside_older_release()
    way = one_to_push_to(work, there.connection_id)
    if there.status is ERPExportStatus.FAILED:
        work.exports.hold_failed(there.id)
    pending, now = ERPExportStatus.PENDING, work.exports.next_time(there.draft_order_id)
    return Export(new_id(), there.draft_order_id, way, pending, now, kind=Kind.CHANGE, follows=there.id)


def _refuse_elsewhere(there: Export, connection_id: UUID | None) -> None:
    if connection_id is not None and connection_id != there.connection_id:
        raise StateError(
            "The order has reached its former connection, or may have, so it cannot go to another one.",
            code="POSSIBLY_DELIVERED",
            hint="Push it there. If it is to go to another ERP, recall it first, or look in the former ERP, reject the "
            "order and enter it anew.",
        )


def withdraw(store: Store, org_id: UUID, order_id: UUID, actor: Actor) -> None:
    """Take back a push of which nothing was sent; the order is APPROVED again.

    Raises:
        StateError: Something may have been sent, a worker is at it, or the order is not on its way.
    """
    with store.work(org_id) as work:
        withdraw_in(work, order_id, actor)


def withdraw_in(work: Work, order_id: UUID, actor: Actor) -> None:
    """Take back a push in `work`'s transaction; errors as for `withdraw`."""
    before = work.orders.lock_status(order_id)
    if work.routes.request_of(order_id):
        work.orders.set_status(order_id, before)
        work.audit.add("DRAFT_PUSH_WITHDRAWN", actor, "draft_order", [order_id], {"status": before}, {"status": before})
        return
    export = work.exports.latest(order_id)
    if before not in OrderAction.WITHDRAW.change.if_sure or export is None:
        raise StateError(f"The order is {before}, so no push is waiting.", hint="Look at its present state.")
    if not (work.exports.withdraw(export.id) or work.exports.stop(export.id, WITHDRAWN)):
        raise _cannot_withdraw(export)
    work.orders.set_status(order_id, next_order_status(OrderAction.WITHDRAW, before))
    work.audit.add("DRAFT_PUSH_WITHDRAWN", actor, "draft_order", [order_id], {"status": before}, {"status": "APPROVED"})


def under_way() -> StateError:
    """Return how the withdrawal of a push is refused that a worker is at."""
    return StateError(
        "The push cannot be withdrawn: an attempt is under way.",
        hint="Wait for the attempt to end; the order's page shows it.",
    )


def _cannot_withdraw(export: Export) -> StateError:
    if export.lease_is_live or not export.in_doubt:
        return under_way()
    return StateError(
        "The push cannot be withdrawn: the order may have reached the ERP.",
        code="POSSIBLY_DELIVERED",
        hint="Look in the ERP, then resolve the delivery: as delivered, as not delivered, or to be sent again.",
    )


def _go_on_with(
    work: Work,
    export: Export,
    connection_id: UUID | None,
    idempotency_key: str | None,
    not_before: datetime | None,
    digest: int | None,
) -> Export:
    """Retry under the same name and bytes: there is no proof that the last delivery never arrived."""
    _refuse_elsewhere(export, connection_id)
    one_to_push_to(work, export.connection_id)
    work.exports.revive(export.id, idempotency_key, not_before, digest)
    export.status = ERPExportStatus.PENDING
    return export


def _cannot_push(status: OrderStatus) -> StateError:
    match status:
        case OrderStatus.PUSHING | OrderStatus.PUSHED | OrderStatus.CONFIRMED:
            return StateError(f"The order is {status} already.", hint="It is delivered once; see its exports.")
        case OrderStatus.ERROR:
            return StateError("The order is in ERROR.", hint="Retry its push, or correct it and approve it again.")
        case OrderStatus.APPROVED:
            return StateError("The order is APPROVED: there is no failed push to retry.", hint="Push it.")
    return StateError(f"The order is {status}; only an APPROVED order can be pushed.", hint="Approve the order first.")
