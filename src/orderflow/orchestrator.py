"""The embeddable front: push one order, now, and hear how it went."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from orderflow.domain.delivery import Lease
from orderflow.domain.errors import NotFoundError, OrderFlowError, PushServiceError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.order_keys import OnDuplicate
from orderflow.domain.orders import DraftOrder, clean_codes, missing_for_ready
from orderflow.domain.reach import within
from orderflow.domain.retry import RetryPolicy, idempotency_key
from orderflow.domain.states import (
    ARRIVED,
    ConnectionStatus,
    ERPExportStatus,
    OrderAction,
    OrderStatus,
    next_order_status,
)
from orderflow.flow.delivery.change import says_another
from orderflow.flow.delivery.claim import begin_attempts, crew_of
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import with_connector
from orderflow.flow.delivery.request import note_request
from orderflow.flow.delivery.route import one_to_push_to
from orderflow.flow.delivery.settle import settle_now
from orderflow.flow.order.accept import accept_orders, revise_order
from orderflow.flow.ports import Actor, Attempt, Batch, Export, OpenTarget, Settlement, Target, Wiring, Work
from orderflow.storage.tables.models import DraftOrderRow, ERPPushLog

CALLER = Actor("orchestrator")
Way = tuple[UUID | None, str | None]
"""The connection that the caller named, and the type that it must have."""

_ENGINE_WAITS = "Push the order again then, or request its push: the engine waits by itself."


class PushOrchestrator:
    """Pushes orders synchronously, for programs that embed OrderFlow.

    It works in short transactions of its own on the session's database, none of which is open while the
    connector talks to the ERP. What the session has pending is committed first, for the same reason.

    Args:
        session: From `orderflow.open_session(org_id)`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._wiring: Wiring = session.info["wiring"]

    def push_order(
        self,
        org_id: UUID,
        draft_order: DraftOrder,
        max_retries: int = 3,
        retry_delay_base: float = 1.0,
        connection_id: UUID | None = None,
        connector_type: str | None = None,
        on_duplicate: str = OnDuplicate.REFUSE,
    ) -> ERPPushLog:
        """Deliver `draft_order` and return the log row of the last attempt; look at its `status`.

        An order that is not stored yet is stored as APPROVED. One of the same number that says the same is taken for
        it, and gives it its id. If the order's delivery succeeded before, and it was not changed since, that
        row comes back and the connector is not called; if the engine is at it, its PENDING row does. Where nobody
        knows whether the order arrived, and where the ERP is busy, the row is RETRYING: the engine goes on with it.

        Args:
            max_retries: Further attempts after a first one that failed and may pass.
            retry_delay_base: Seconds before the first retry; doubled before each further one.
            connection_id: Where to; the organization's default connection, or its only one, if not given.
            connector_type: Of which type that must be.
            on_duplicate: What to do with an order that is not stored if its customer has another one of the same
                number: `refuse` it, `revise` the one that is stored, or store a `new` one and deliver both.

        Raises:
            PushServiceError: No attempt could be made: no connection, or several to choose from, the wrong state, an
                order that is not ready or says something else than the one of its number, a configuration that does
                not open, an ERP that asked to be left alone for a while. `code`, `message` and `hint` say which.
        """
        self._session.commit()
        retry = RetryPolicy(max_retries + 1, retry_delay_base, jitter=0.0)
        try:
            return self._push(org_id, draft_order, retry, (connection_id, connector_type), OnDuplicate(on_duplicate))
        except PushServiceError:
            raise
        except OrderFlowError as error:
            raise PushServiceError(error.message, code=error.code, hint=error.hint, details=error.details) from error

    def generate_idempotency_key(self, org_id: UUID, draft_order_id: UUID, attempt: int = 0) -> str:
        """Return the key of one attempt, 64 hex digits, as in the log; `attempt` 0 is the first, number 1 there."""
        return idempotency_key(org_id, draft_order_id, attempt + 1)

    def check_idempotency(self, key: str) -> ERPPushLog | None:
        """Return the attempt that was made under `key`, if one was."""
        return self._session.scalars(select(ERPPushLog).where(ERPPushLog.idempotency_key == key)).one_or_none()

    def _push(
        self, org_id: UUID, draft_order: DraftOrder, retry: RetryPolicy, way: Way, on_duplicate: OnDuplicate
    ) -> ERPPushLog:
        lease = Lease(new_id(), self._wiring.lease_seconds)
        with self._wiring.store.work(org_id) as work:
            _store_if_new(work, draft_order, on_duplicate)
            export = _export_to_push(work, draft_order.id, way)
            if export.status in ARRIVED:
                row = self._last_row(export, "SUCCESS")
                self._bring_up_to_date(org_id, draft_order)
                return row
            _refuse_on_hold(work, export)
            to = with_connector(self._wiring, work.connections.open(export.connection_id))
            _refuse_while_stopped(to.target)
            _refuse_while_resting(to.target)
            _refuse_while_closed(to.target, export)
            taken = self._take(work, to, lease, export)
        if taken:
            batch = Batch(to, lease, taken)
            try:
                with self._wiring.keeper.keep(org_id, lease):
                    _attempt_until_settled(replace(self._wiring, retry=retry), batch)
            finally:
                self._leave(to, lease)
        row = self._last_row(export)
        self._bring_up_to_date(org_id, draft_order)
        return row

    def _take(self, work: Work, to: OpenTarget, lease: Lease, export: Export) -> list[Attempt]:
        """Lease the export within the connection's sessions and its orders per minute, as an engine does."""
        if export.lease_is_live:
            return []
        connection_id, crew = export.connection_id, crew_of(self._wiring, to)
        if crew and not work.exports.take_lane(connection_id, lease, lease.seconds, self._wiring.lanes, crew):
            raise _sessions_taken(crew.most)
        if to.target.orders_per_minute is not None and not work.exports.may_take(connection_id, 1):
            raise _minute_full(to.target.orders_per_minute)
        taken = work.exports.lease(connection_id, lease, lease.seconds, 1, only=export.id, numbered=to.numbered)
        if to.target.orders_per_minute is not None:
            work.exports.note_taken(connection_id, len(taken))
        if crew and not taken:
            work.exports.leave_lane(connection_id, lease)
        return taken

    def _leave(self, to: OpenTarget, lease: Lease) -> None:
        if to.processes is not None:
            with self._wiring.store.work(to.target.org_id) as work:
                work.exports.leave_lane(to.target.connection_id, lease)

    def _bring_up_to_date(self, org_id: UUID, order: DraftOrder) -> None:
        """Let the caller's order say where it stands, and by which number or file its ERP knows it."""
        stored = self._session.get(DraftOrderRow, (order.id, org_id), populate_existing=True)
        if stored is not None:
            order.status, order.erp_order_id = OrderStatus(stored.status), stored.erp_order_id

    def _last_row(self, export: Export, status: str | None = None) -> ERPPushLog:
        self._session.rollback()  # what was read before may be older than what was just settled
        query = select(ERPPushLog).where(ERPPushLog.erp_export_id == export.id)
        if status is not None:
            query = query.where(ERPPushLog.status == status)
        row = self._session.scalars(
            query.order_by(ERPPushLog.attempt_no.desc()), execution_options={"populate_existing": True}
        ).first()
        if row is None:
            raise PushServiceError(
                "A worker has just taken this order; its attempt is not written down yet.",
                code="PUSH_UNDER_WAY",
                hint="Ask again in a moment.",
            )
        return row


def _refuse_while_stopped(target: Target) -> None:
    """Refuse what a person has stopped, for the connection or for all; an engine has it wait."""
    if target.paused:
        raise PushServiceError(
            "All deliveries of the organization are paused.",
            code="DELIVERIES_PAUSED",
            hint="Push the order again once they go on, or request its push: the engine waits by itself.",
        )
    if target.status is not ConnectionStatus.ACTIVE:
        raise PushServiceError(
            "The connection is DISABLED.", code="CONNECTION_DISABLED", hint="Enable it, or move the order to another."
        )


def _refuse_while_resting(target: Target) -> None:
    if target.rests_for is not None:
        raise PushServiceError(
            f"The ERP is busy and asked not to be sent anything for another {target.rests_for:.0f} s.",
            code="TARGET_BUSY",
            hint=_ENGINE_WAITS,
        )


def _sessions_taken(most: int) -> PushServiceError:
    return PushServiceError(
        f"The connection's sessions at once are in use by others: {most} may be signed in at a time.",
        code="TARGET_BUSY",
        hint="Push the order again in a moment, or request its push: the engine waits by itself.",
    )


def _minute_full(most: int) -> PushServiceError:
    return PushServiceError(
        f"The connection takes {most} orders a minute, and had as many in the last one.",
        code="PUSH_TOO_EARLY",
        hint="Push the order again within a minute, or request its push: the engine waits by itself.",
    )


def _refuse_on_hold(work: Work, export: Export) -> None:
    holds = work.holds.of(export.draft_order_id)
    if holds and export.never_arrived:
        raise PushServiceError(
            f"The order is on hold: {holds[0].reason} ({holds[0].placed_by}).",
            code="ORDER_ON_HOLD",
            hint="Push it once it is released, or request its push: the engine waits by itself.",
        )


def _refuse_while_closed(target: Target, export: Export) -> None:
    """Raise PushServiceError if the engine would wait; an order that waits for the engine may be pushed now."""
    if export.not_before is not None and export.not_before > datetime.now(UTC):
        why = f"The order's push was asked for not before {export.not_before:%Y-%m-%d %H:%M %Z}"
    elif target.closed:
        why = f"The connection is closed by its opening hours until {target.closed_until:%Y-%m-%d %H:%M %Z}"
    else:
        return
    raise PushServiceError(
        f"{why}.",
        code="PUSH_TOO_EARLY",
        hint=_ENGINE_WAITS,
    )


def _store_if_new(work: Work, order: DraftOrder, on_duplicate: OnDuplicate) -> None:
    """Store an order that only the caller knows, as APPROVED; or let it be the one of its number that is stored."""
    try:
        work.orders.lock_status(order.id)
        return
    except NotFoundError:
        pass
    if missing := missing_for_ready(clean_codes(order)):
        raise StateError(
            f"The order is not ready: {' '.join(missing)}", code="ORDER_NOT_READY", details={"missing": missing}
        )
    if on_duplicate is OnDuplicate.REVISE:
        arrival = revise_order(work, order, CALLER)
    else:
        arrival = accept_orders(work, [order], CALLER, on_duplicate)[0]
    if arrival.error:
        raise arrival.error
    order.id, order.status = arrival.order.id, arrival.order.status
    if not arrival.duplicate:
        _approve(work, order)


def _approve(work: Work, order: DraftOrder) -> None:
    order.approved_at = order.approved_at or datetime.now(UTC)
    order.approved_by = order.approved_by or CALLER.name
    work.orders.keep_revision(order.id, order.approved_at, order.approved_by)
    before, order.status = order.status, next_order_status(OrderAction.APPROVE, order.status)
    work.orders.set_status(order.id, order.status, approved_by=order.approved_by, approved_at=order.approved_at)
    work.audit.add("DRAFT_APPROVED", CALLER, "draft_order", [order.id], {"status": before}, {"status": order.status})


def _export_to_push(work: Work, order_id: UUID, way: Way) -> Export:
    """Return the order's current export if it is under way or arrived, or a new one."""
    latest = work.exports.latest(order_id)
    if latest is not None and latest.status is not ERPExportStatus.FAILED and not says_another(work, latest):
        return latest
    connection_id, connector_type = way
    if connector_type is not None:
        connection_id = one_to_push_to(work, connection_id, connector_type)
    return note_request(work, order_id, CALLER, connection_id=connection_id)


def _attempt_until_settled(wiring: Wiring, batch: Batch) -> None:
    """Attempt the one export of `batch` until it arrived, failed for good, or is held."""
    while True:
        begin_attempts(wiring, batch)
        if not batch.attempts:  # the lease was lost: a worker has it
            return
        with within(batch.to.target.reach):
            deliver(wiring, batch)
        settlement = settle_now(wiring, batch)
        if settlement is None or not settlement.keep_lease:
            return
        time.sleep(settlement.delay)
        _again(batch.attempts[0], settlement)


def _again(attempt: Attempt, settlement: Settlement) -> None:
    attempt.attempts_spent += int(settlement.spent)
    proof = attempt.outcome.proof if attempt.outcome is not None else None
    if proof is not None and proof.refused:  # as it was stored: who sends next, the engine too, sends the same message
        attempt.order.delivery.refusals += 1
    attempt.outcome, attempt.sent = None, False
    attempt.stored = True
