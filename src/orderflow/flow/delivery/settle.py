"""What happened is written down: export, order and log in one transaction, guarded by the lease's token."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    RejectedError,
    TargetChangedError,
    UnavailableError,
)
from orderflow.domain.retry import RetryPolicy
from orderflow.domain.states import AttemptStatus, BreakerState, ERPExportStatus, OrderStatus
from orderflow.flow.delivery.open_target import ENGINE
from orderflow.flow.fault_points import reached
from orderflow.flow.ports import Attempt, Batch, Settlement, Wiring, Work

FIRST_PROBE = 5.0
"""Seconds from the breaker's opening to its first probe."""


def settle(wiring: Wiring, batch: Batch) -> None:
    """Settle every attempt of the batch that has an outcome, and the connection's breaker."""
    settlements = [_what_follows(attempt, batch, wiring.retry) for attempt in batch.attempts if attempt.outcome]
    with wiring.store.work(batch.target.org_id) as work:
        held = work.exports.settle(batch, settlements)
        work.exports.leave_lane(batch.target.connection_id, batch.lease)
        failed = [item.attempt.order.id for item in settlements if item.export_status is ERPExportStatus.FAILED]
        if failed:
            work.audit.add("DRAFT_PUSH_FAILED", ENGINE, "draft_order", failed)
        _move_breaker(work, batch, settlements)
    reached("settled")
    _tell(wiring, batch, settlements, held)


def settle_now(wiring: Wiring, batch: Batch) -> Settlement | None:
    """Settle the one attempt of a caller who waits for it: every failure counts, and the breaker stays as it is.

    Returns:
        What was settled, with `keep_lease` if the caller should attempt again after `delay`; None if the lease
        was lost.
    """
    attempt = batch.attempts[0]
    if attempt.outcome is None:
        return None
    settlement = _what_follows_now(attempt, batch, wiring.retry)
    settlement.keep_lease = settlement.export_status is ERPExportStatus.PENDING and not settlement.hold
    with wiring.store.work(batch.target.org_id) as work:
        held = work.exports.settle(batch, [settlement])
    reached("settled")
    _tell(wiring, batch, [settlement], held)
    return settlement if held else None


def _tell(wiring: Wiring, batch: Batch, settlements: Sequence[Settlement], held: set[UUID]) -> None:
    settled = [settlement for settlement in settlements if settlement.attempt.export_id in held]
    for observe in wiring.observers:
        observe(batch, settled)


def _what_follows_now(attempt: Attempt, batch: Batch, retry: RetryPolicy) -> Settlement:
    match attempt.outcome:
        case NeedsAttentionError():
            return _failed(attempt, still_in_doubt=attempt.order.delivery.in_doubt)
        case UnavailableError() as error:
            return after_transient(attempt, error, retry, still_in_doubt=attempt.order.delivery.in_doubt)
        case _:
            return _what_follows(attempt, batch, retry)


def _what_follows(attempt: Attempt, batch: Batch, retry: RetryPolicy) -> Settlement:
    outcome = attempt.outcome
    in_doubt = attempt.order.delivery.in_doubt
    match outcome:
        case ExportResult():
            return _delivered(attempt, outcome, confirms=not batch.to.expects_acks)
        case RejectedError():
            return _failed(attempt)
        case NeedsAttentionError() | UnavailableError() | LeaseEndingError():  # nothing was tried
            return _waits(attempt, delay=0.0, still_in_doubt=in_doubt)
        case InDoubtError():
            return _unknown(attempt, batch, outcome, retry)
        case ConnectorError():
            return after_transient(attempt, outcome, retry, still_in_doubt=in_doubt)
    raise TypeError(f"an attempt cannot end with {type(outcome).__name__}")


def after_transient(attempt: Attempt, error: ConnectorError, retry: RetryPolicy, *, still_in_doubt: bool) -> Settlement:
    """A spent attempt: another follows after the backoff, or it was the last."""
    spent = attempt.attempts_spent + 1
    if retry.exhausted(spent):
        return _failed(attempt, spent=True, still_in_doubt=still_in_doubt)
    delay = retry.delay(spent, error.retry_after)
    return _waits(attempt, delay=delay, spent=True, still_in_doubt=still_in_doubt)


def _delivered(attempt: Attempt, result: ExportResult, *, confirms: bool) -> Settlement:
    confirmed = confirms and result.erp_order_id is not None
    return Settlement(
        attempt,
        ERPExportStatus.ACKED if confirmed else ERPExportStatus.SENT,
        AttemptStatus.SUCCESS,
        OrderStatus.CONFIRMED if confirmed else OrderStatus.PUSHED,
    )


def _failed(attempt: Attempt, *, spent: bool = True, still_in_doubt: bool = False) -> Settlement:
    return Settlement(
        attempt,
        ERPExportStatus.FAILED,
        AttemptStatus.FAILED,
        OrderStatus.ERROR,
        spent=spent,
        still_in_doubt=still_in_doubt,
    )


def _waits(
    attempt: Attempt, *, delay: float, spent: bool = False, still_in_doubt: bool, hold: bool = False
) -> Settlement:
    return Settlement(
        attempt,
        ERPExportStatus.PENDING,
        AttemptStatus.RETRYING,
        delay=delay,
        spent=spent,
        hold=hold,
        still_in_doubt=still_in_doubt,
    )


def _unknown(attempt: Attempt, batch: Batch, error: InDoubtError, retry: RetryPolicy) -> Settlement:
    """Nobody knows: a staged file is asked about again by renaming it; otherwise the connection's policy decides."""
    staged = attempt.order.delivery.staged_path is not None
    if staged and not isinstance(error, TargetChangedError):
        return _waits(attempt, delay=retry.delay(1), still_in_doubt=True)
    config = batch.target.config
    cannot_ask = not (batch.connector.can_find(config) or batch.connector.idempotent(config))
    asked_in_vain = attempt.unknowable or staged or cannot_ask or retry.exhausted(attempt.attempts_spent + 1)
    if batch.target.in_doubt == "hold" and asked_in_vain:
        return _waits(attempt, delay=0.0, still_in_doubt=True, hold=True)
    return after_transient(attempt, error, retry, still_in_doubt=True)  # the next attempt asks before it sends


def _move_breaker(work: Work, batch: Batch, settlements: Sequence[Settlement]) -> None:
    """Open or pause at the first sure sign; told once, on the change of state."""
    outcomes = [item.attempt.outcome for item in settlements]
    bad = next((error for error in outcomes if isinstance(error, NeedsAttentionError)), None)
    down = next((error for error in outcomes if isinstance(error, UnavailableError)), None)
    target = batch.target
    if bad is not None:
        changed = work.connections.set_breaker(target.connection_id, BreakerState.PAUSED, bad.as_json(), None)
        action, error = "CONNECTION_NEEDS_ATTENTION", bad.as_json()
    elif down is not None:
        changed = work.connections.set_breaker(target.connection_id, BreakerState.OPEN, down.as_json(), FIRST_PROBE)
        action, error = "CONNECTION_UNAVAILABLE", down.as_json()
    else:
        return
    if changed:
        work.audit.add(action, ENGINE, "erp_connection", [target.connection_id], None, error)
