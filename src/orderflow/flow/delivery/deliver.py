"""The batch goes to the ERP. Between staging and publishing lies one commit; that is what makes it once only.

A file that is not noted as staged was never published: it is sent again. One that is noted as staged is only
ever renamed; if there is nothing left to rename, it was published before. What was not staged and may have arrived
is asked about before it is sent again, `look.py`: also where it would be staged now, since its connection was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.connector_port import Staged
from orderflow.domain.delivery import ExportResult
from orderflow.domain.doubt import sorted_out
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    RejectedError,
    TargetChangedError,
    TransientError,
)
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.flow.delivery.look import look_again, may_be_sent, too_early
from orderflow.flow.fault_points import reached
from orderflow.flow.ports import Attempt, Batch, Wiring

Outcomes = Iterator[tuple[UUID, ExportResult | ConnectorError]]


def deliver(wiring: Wiring, batch: Batch) -> None:
    """Deliver the batch and note each attempt's outcome; an attempt whose lease was lost gets none."""
    started = clock.monotonic()
    batch.delivering_since = clock.now()
    waiting = [attempt for attempt in batch.attempts if attempt.outcome is None]
    _publish_what_was_staged(batch, [a for a in waiting if a.order.delivery.staged_path], started)
    rest = [attempt for attempt in waiting if attempt.outcome is None and not attempt.order.delivery.staged_path]
    rest = _take_back(batch, _about_what_it_has(batch, rest), started)
    if any(attempt.order.delivery.in_doubt for attempt in rest):
        rest = may_be_sent(wiring, batch, rest, started)
    if batch.to.stages:
        _stage_then_publish(wiring, batch, rest, started)
    else:
        _send(batch, rest, started)


def _publish_what_was_staged(batch: Batch, attempts: list[Attempt], started: float) -> None:
    staged = [Staged(attempt.order, attempt.order.delivery.staged_path or "") for attempt in attempts]
    _note(batch, attempts, lambda: batch.to.connector.publish_many(staged, batch.to.target.config), started)
    for attempt in attempts:
        # A `.tmp` at a target that this connection no longer points to cannot be asked about.
        moved = isinstance(attempt.outcome, TargetChangedError)
        wanted = attempt.order.delivery.kind in batch.to.kinds and not attempt.superseded
        if moved and wanted and batch.to.target.in_doubt == "resend":
            attempt.outcome = None
            attempt.order.delivery.staged_path = None


def _stage_then_publish(wiring: Wiring, batch: Batch, attempts: list[Attempt], started: float) -> None:
    staged: dict[UUID, Staged] = {}

    def stage() -> Outcomes:
        orders = [attempt.order for attempt in attempts]
        for order_id, result in batch.to.connector.stage_many(orders, batch.to.target.config):
            if isinstance(result, Staged):
                staged[order_id] = result
            else:
                yield order_id, result

    _note(batch, attempts, stage, started, as_outcome=_not_staged, every=False)
    if not staged:
        return
    paths = {item.order.delivery.export_id: item.path for item in staged.values()}
    with wiring.store.work(batch.to.target.org_id) as work:
        ours = work.exports.mark_staged(batch.lease, paths)
    reached("staged")
    batch.publishing_since = clock.now()
    publish = [item for item in staged.values() if item.order.delivery.export_id in ours]
    lost = [item for item in staged.values() if item.order.delivery.export_id not in ours]
    if lost:
        batch.to.connector.discard(lost, batch.to.target.config)
    for item in publish:
        item.order.delivery.staged_path = item.path
    chosen = [attempt for attempt in attempts if attempt.export_id in ours]
    _note(batch, chosen, lambda: batch.to.connector.publish_many(publish, batch.to.target.config), started)
    reached("renamed")


def _send(batch: Batch, attempts: list[Attempt], started: float) -> None:
    orders = [attempt.order for attempt in attempts]
    if orders:
        for attempt in attempts:
            attempt.sent = True
        export = partial(batch.to.connector.export_many, orders, batch.to.target.config)
        _note(batch, attempts, export, started, as_outcome=sorted_out)
        look_again(batch, attempts)
        reached("renamed")


def _about_what_it_has(batch: Batch, attempts: list[Attempt]) -> list[Attempt]:
    """Return those that do not follow what another target has: this one may know another order by its number."""
    for attempt in attempts:
        delivery = attempt.order.delivery
        if delivery.sent and batch.to.is_another(delivery.sent.led_to):
            attempt.outcome = _another_has_it(in_doubt=delivery.in_doubt)
    return [attempt for attempt in attempts if attempt.outcome is None]


def _another_has_it(*, in_doubt: bool) -> ConnectorError:
    text = "The order was sent to the target to which its connection led before; this one is not asked about it."
    hint = "Have it done in the former ERP and say so here, or have the connection lead there again."
    if in_doubt:
        return TargetChangedError(text, hint=hint)
    return RejectedError(text, code=TargetChangedError.code, hint=hint)


def _take_back(batch: Batch, attempts: list[Attempt], started: float) -> list[Attempt]:
    """Take back what is recalled; returns the others. What is said of an order answers for earlier attempts too."""
    recalls = [attempt for attempt in attempts if attempt.order.delivery.at_once(batch.to.takes_back)]
    for attempt in recalls:
        attempt.sent = True
        _note(batch, [attempt], partial(_taken_back, batch, attempt), started, as_outcome=sorted_out)
        if isinstance(attempt.outcome, ExportResult):
            attempt.outcome = too_early(batch, attempt, attempt.outcome) or attempt.outcome
        if isinstance(attempt.outcome, ExportResult | RejectedError):
            attempt.order.delivery.in_doubt = False
    return [attempt for attempt in attempts if attempt not in recalls]


def _taken_back(batch: Batch, attempt: Attempt) -> Outcomes:
    if not attempt.order.delivery.may_start():
        raise LeaseEndingError("Too little of the lease is left to begin with this recall.")
    yield attempt.order.id, batch.to.connector.take_back(attempt.order, batch.to.target.config)


def _note(
    batch: Batch,
    attempts: list[Attempt],
    outcomes: Callable[[], Iterable[tuple[UUID, ExportResult | ConnectorError]]],
    started: float,
    *,
    as_outcome: Callable[[ConnectorError], ConnectorError] = lambda error: error,
    every: bool = True,
) -> None:
    """Run a connector's call and note each outcome; what a faulty connector leaves open is in doubt.

    Args:
        as_outcome: Makes of an error what it means for an order.
        every: Each attempt has an outcome after the call.
    """
    if not attempts:
        return
    by_order = {attempt.order.id: attempt for attempt in attempts}
    broken: ConnectorError | None = None
    try:
        for order_id, outcome in outcomes():
            by_order[order_id].outcome = _checked(outcome, as_outcome)
            by_order[order_id].latency_ms = clock.milliseconds_since(started)
    except ConnectorError as error:
        broken = as_outcome(error)
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything, the engine goes on
        broken = as_outcome(connector_fault(batch.to.target.connector_type, error))
    if not every and broken is None:
        return
    for attempt in attempts:
        if attempt.outcome is None:
            attempt.outcome = broken or as_outcome(connector_fault(batch.to.target.connector_type, None))
            attempt.latency_ms = clock.milliseconds_since(started)


def _checked(
    outcome: ExportResult | ConnectorError, as_outcome: Callable[[ConnectorError], ConnectorError]
) -> ExportResult | ConnectorError:
    if isinstance(outcome, ConnectorError):
        return as_outcome(outcome)
    return outcome if outcome.success else as_outcome(_no_success(outcome))


def _no_success(result: ExportResult) -> ConnectorError:
    """Return what a result without success means: that it failed says nothing about what the target did before."""
    details = {"metadata": result.connector_metadata}
    if result.nothing_done:
        return ConnectorError(result.error_message, details=details, nothing_done=True)
    said = result.error_message or "it gives no reason"
    return InDoubtError(
        f"The connector says that it did not succeed, and not what the ERP did: {said}", details=details
    )


def _not_staged(error: ConnectorError) -> ConnectorError:
    """Return what an error in staging means: nothing was published, whatever else is unknown."""
    if isinstance(error, InDoubtError):
        return TransientError(error.message, code=error.code, hint=error.hint, details=error.details)
    return error
