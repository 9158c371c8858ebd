"""What happened is written down: export, order and log in one transaction, guarded by the lease's token."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import (
    ByRecallError,
    ChangedSinceError,
    ConnectorError,
    LeaseEndingError,
    NeedsAttentionError,
    RejectedError,
    UnavailableError,
)
from orderflow.domain.retry import RetryPolicy
from orderflow.domain.states import AttemptStatus, BreakerState, ERPExportStatus, Kind, OrderStatus
from orderflow.flow.delivery.change import recall_to_change
from orderflow.flow.delivery.in_doubt import in_doubt, is_in_doubt
from orderflow.flow.delivery.open_target import ENGINE
from orderflow.flow.delivery.recall import note_settled
from orderflow.flow.delivery.rest import SHORTEST_REST, rest_of
from orderflow.flow.fault_points import reached
from orderflow.flow.ports import Attempt, Batch, Settlement, Target, Wiring, Work

FIRST_PROBE = 5.0
"""Seconds from the breaker's opening to its first probe."""


def settle(wiring: Wiring, batch: Batch) -> None:
    """Settle every attempt of the batch that has an outcome, and the connection's breaker."""
    settlements = [_what_follows(attempt, batch, wiring.retry) for attempt in batch.attempts if attempt.outcome]
    with wiring.store.work(batch.to.target.org_id) as work:
        held = work.exports.settle(batch, settlements)
        work.exports.leave_lane(batch.to.target.connection_id, batch.lease)
        settled = _of(held, settlements)
        _hold_what_is_awaited(work, settled)
        went_along = [item for item in settled if held[item.attempt.export_id]]
        if failed := [item.attempt.order.id for item in went_along if _fails_its_order(item)]:
            work.audit.add("DRAFT_PUSH_FAILED", ENGINE, "draft_order", failed)
        if recalls := [item for item in settled if _is_recall(item.attempt)]:
            note_settled(work, recalls)
        _recall_to_change(work, batch.to.target, settled)
        _move_breaker(work, batch, settlements)  # how the target is, whoever holds the lease now
        _note_that_it_works(work, batch.to.target, settled)
    reached("settled")
    _tell(wiring, batch, settled)


def settle_now(wiring: Wiring, batch: Batch) -> Settlement | None:
    """Settle the one attempt of a caller who waits for it: every failure counts, and the breaker stays as it is.

    What is in doubt, and what a busy target asked to come later, ends the call; the engine goes on with it.

    Returns:
        What was settled, with `keep_lease` if the caller should attempt again after `delay`; None if the lease
        was lost.
    """
    attempt = batch.attempts[0]
    if attempt.outcome is None:
        return None
    settlement = _what_follows_now(attempt, batch, wiring.retry)
    waits = rest_of(attempt.outcome) is not None or isinstance(attempt.outcome, ByRecallError)
    goes_on_later = settlement.still_in_doubt or waits
    settlement.keep_lease = settlement.export_status is ERPExportStatus.PENDING and not goes_on_later
    with wiring.store.work(batch.to.target.org_id) as work:
        settled = _of(work.exports.settle(batch, [settlement]), [settlement])
        _hold_what_is_awaited(work, settled)
        if isinstance(attempt.outcome, ConnectorError) and rest_of(attempt.outcome) is not None:
            _rest(work, batch.to.target, attempt.outcome)
        _recall_to_change(work, batch.to.target, settled)
        _note_that_it_works(work, batch.to.target, settled)
    reached("settled")
    _tell(wiring, batch, settled)
    return settlement if settled else None


def _of(held: Collection[UUID], settlements: Sequence[Settlement]) -> list[Settlement]:
    """Return those whose lease was still held: the others are settled by whoever has it now."""
    return [item for item in settlements if item.attempt.export_id in held]


def _fails_its_order(item: Settlement) -> bool:
    return item.order_status is OrderStatus.ERROR and not isinstance(item.attempt.outcome, ChangedSinceError)


def _hold_what_is_awaited(work: Work, settled: Sequence[Settlement]) -> None:
    """Hold what has failed although it is staged, if a change waits for it: nobody else would ever decide it."""
    for item in settled:
        if item.export_status is ERPExportStatus.FAILED and item.attempt.order.delivery.staged_path is not None:
            export = work.exports.find(item.attempt.export_id)
            if export is not None and export.kind is not Kind.RECALL and export.changed_since:
                work.exports.hold_failed(export.id)


def _recall_to_change(work: Work, target: Target, settled: Sequence[Settlement]) -> None:
    """Ask for those orders back whose ERP takes no changes, so that they go out anew."""
    for item in sorted(settled, key=lambda item: item.attempt.order.id):
        if isinstance(item.attempt.outcome, ByRecallError):
            recall_to_change(work, item, target.connection_id)


def _note_that_it_works(work: Work, target: Target, settled: Sequence[Settlement]) -> None:
    """Note when an order was first delivered with the connection's present configuration."""
    if not target.proven and any(isinstance(item.attempt.outcome, ExportResult) for item in settled):
        work.connections.note_delivery(target.connection_id, target.version)


def _tell(wiring: Wiring, batch: Batch, settled: Sequence[Settlement]) -> None:
    for observe in wiring.observers:
        observe(batch, settled)


def _what_follows_now(attempt: Attempt, batch: Batch, retry: RetryPolicy) -> Settlement:
    """Return what follows for a caller who waits: a target that is away counts as a failure, unless it rests."""
    error = attempt.outcome
    waits_for_others = rest_of(error) is not None or is_in_doubt(attempt)
    if isinstance(error, NeedsAttentionError) and not waits_for_others:
        return _failed(attempt)
    if isinstance(error, UnavailableError) and not waits_for_others:
        return after_transient(attempt, error, retry)
    return _what_follows(attempt, batch, retry)


def _what_follows(attempt: Attempt, batch: Batch, retry: RetryPolicy) -> Settlement:
    outcome = attempt.outcome
    if isinstance(outcome, ExportResult):
        given_back = outcome.given_back or attempt.order.delivery.at_once(batch.to.takes_back)
        answered = given_back if _is_recall(attempt) else not batch.to.expects_acks
        return _delivered(attempt, outcome, confirms=answered)
    if not isinstance(outcome, ConnectorError):
        raise TypeError(f"an attempt cannot end with {type(outcome).__name__}")
    if is_in_doubt(attempt):
        return in_doubt(attempt, outcome, batch, retry)
    match outcome:
        case RejectedError():
            return _failed(attempt)
        case NeedsAttentionError() | UnavailableError() | LeaseEndingError() | ByRecallError():  # nothing was tried
            return _waits(attempt)
        case _ if rest_of(outcome) is not None:
            return _waits(attempt)
    return after_transient(attempt, outcome, retry)


def after_transient(attempt: Attempt, error: ConnectorError, retry: RetryPolicy) -> Settlement:
    """A spent attempt: another follows after the backoff, or it was the last."""
    spent = attempt.attempts_spent + 1
    if retry.exhausted(spent):
        return _failed(attempt)
    return _waits(attempt, delay=retry.delay(spent, error.retry_after), spent=True)


def _delivered(attempt: Attempt, result: ExportResult, *, confirms: bool) -> Settlement:
    if _is_recall(attempt):
        status = ERPExportStatus.ACKED if confirms else ERPExportStatus.SENT
        return Settlement(attempt, status, AttemptStatus.SUCCESS)
    confirmed = confirms and result.erp_order_id is not None
    return Settlement(
        attempt,
        ERPExportStatus.ACKED if confirmed else ERPExportStatus.SENT,
        AttemptStatus.SUCCESS,
        OrderStatus.CONFIRMED if confirmed else OrderStatus.PUSHED,
    )


def _failed(attempt: Attempt) -> Settlement:
    status = None if _is_recall(attempt) else OrderStatus.ERROR
    return Settlement(attempt, ERPExportStatus.FAILED, AttemptStatus.FAILED, status, spent=True)


def _is_recall(attempt: Attempt) -> bool:
    return attempt.order.delivery.kind is Kind.RECALL


def _waits(attempt: Attempt, *, delay: float = 0.0, spent: bool = False) -> Settlement:
    return Settlement(attempt, ERPExportStatus.PENDING, AttemptStatus.RETRYING, delay=delay, spent=spent)


def _move_breaker(work: Work, batch: Batch, settlements: Sequence[Settlement]) -> None:
    """Open, pause or rest at the first sure sign; told once, on the change of state."""
    outcomes = [item.attempt.outcome for item in settlements]
    errors = [outcome for outcome in outcomes if isinstance(outcome, ConnectorError)]
    target = batch.to.target
    bad = next((error for error in errors if isinstance(error, NeedsAttentionError)), None)
    busy = next((error for error in errors if rest_of(error) is not None), None)
    down = next((error for error in errors if isinstance(error, UnavailableError) and rest_of(error) is None), None)
    if bad is not None:
        changed = _set_breaker(work, target, BreakerState.PAUSED, bad, None)
        _tell_of_connection(work, target, "CONNECTION_NEEDS_ATTENTION", bad, changed=changed)
    elif down is not None:
        changed = _set_breaker(work, target, BreakerState.OPEN, down, FIRST_PROBE)
        _tell_of_connection(work, target, "CONNECTION_UNAVAILABLE", down, changed=changed)
    elif busy is not None:
        _rest(work, target, busy)
    elif target.rest_told and any(isinstance(outcome, ExportResult) for outcome in outcomes):
        work.connections.end_rest(target.connection_id)


def _set_breaker(
    work: Work, target: Target, state: BreakerState, error: ConnectorError, probe_in: float | None
) -> bool:
    """Change the breaker, unless a person has changed the connection since: what was wrong may be right now."""
    said = error.as_json()
    return work.connections.set_breaker(target.connection_id, state, said, probe_in, version=target.version)


def _rest(work: Work, target: Target, busy: ConnectorError) -> None:
    changed = work.connections.rest(target.connection_id, rest_of(busy) or SHORTEST_REST, busy.as_json())
    _tell_of_connection(work, target, "CONNECTION_RESTS", busy, changed=changed)


def _tell_of_connection(work: Work, target: Target, action: str, error: ConnectorError, *, changed: bool) -> None:
    if changed:
        work.audit.add(action, ENGINE, "erp_connection", [target.connection_id], None, error.as_json())
