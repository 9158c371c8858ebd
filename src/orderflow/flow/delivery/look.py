"""Before an order that may have arrived is sent again, its ERP is asked.

Sent are only

- those that were never in doubt;
- those that the ERP clearly does not have, and that it should show by now;
- those that the ERP takes once however often they come;
- those whose connection says `in_doubt: resend`, if it cannot be asked, or was asked in vain for an hour; while it is
  closed, nobody is asked;

and none of these while the order is on hold, or after its connection was made to lead elsewhere: what another target
does not have, the former one may.

What is sent again stays in doubt until it arrived: that a later attempt is refused, or goes wrong, says nothing about
the earlier one. An ERP that refuses it then may do so since it has it, in words that nobody can read for all ERPs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from orderflow.domain import clock
from orderflow.domain.connector_port import for_the_others
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import (
    ChangedSinceError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    OnHoldError,
    PerhapsThereError,
    RejectedError,
    TargetChangedError,
    UnavailableError,
)
from orderflow.domain.retry import RetryPolicy
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.flow.ports import Attempt, Batch, Wiring

ASKED_IN_VAIN = 3600.0
"""Seconds after which a person is told of what is in doubt, if asking has been in vain."""


def may_be_sent(wiring: Wiring, batch: Batch, attempts: Sequence[Attempt], started: float) -> list[Attempt]:
    """Return those of the attempts that may be sent now; the others have their outcome.

    That these are about to be sent is committed before they come back, so that a crash is counted from here.
    """
    doubtful = [attempt for attempt in attempts if attempt.order.delivery.in_doubt]
    _look(batch, doubtful, started, wiring.retry)
    sent_again = {attempt.export_id for attempt in doubtful if attempt.outcome is None}
    if not sent_again:
        return _open(attempts)
    with wiring.store.work(batch.to.target.org_id) as work:
        ours = work.exports.mark_begun(batch.lease, list(sent_again))
    for attempt in doubtful:
        if attempt.export_id in sent_again - ours:  # or its lease was lost: then nobody writes this down
            attempt.outcome = OnHoldError()
    return _open(attempts)


def _open(attempts: Sequence[Attempt]) -> list[Attempt]:
    return [attempt for attempt in attempts if attempt.outcome is None]


def _look(batch: Batch, attempts: Sequence[Attempt], started: float, retry: RetryPolicy) -> None:
    """Ask about each; once the target is found to be down or busy, the others are not asked about."""
    shut: ConnectorError | None = None
    for attempt in attempts:
        shut = shut or _ask(batch, attempt, retry)
        if shut is not None and attempt.outcome is None:
            attempt.outcome = shut
        attempt.latency_ms = clock.milliseconds_since(started)


def _ask(batch: Batch, attempt: Attempt, retry: RetryPolicy) -> ConnectorError | None:
    """Ask about one; returns why no other needs to be asked about, if that came to light."""
    if not batch.to.can_find:
        if not _sends_unasked(batch, attempt, retry):
            attempt.outcome = _elsewhere(batch, attempt) or InDoubtError(
                "Whether the order arrived is unknown, and this ERP cannot be asked."
            )
        return None
    try:
        found = _found(batch, attempt)
    except ConnectorError as error:
        if not _sends_unasked(batch, attempt, retry):
            attempt.outcome = _unclear(error)
        return for_the_others(error)
    if found is not None and (early := too_early(batch, attempt, found)):
        attempt.outcome = early
    elif found is not None:
        attempt.order.delivery.in_doubt, found.inferred, attempt.outcome = False, True, found
    elif elsewhere := _elsewhere(batch, attempt):
        attempt.outcome = elsewhere
    elif _counts_late(batch, attempt) and (wait := batch.to.commit_within - (attempt.begun_ago or 0.0)) > 0:
        attempt.ask_in, attempt.outcome = wait, _perhaps_yet_to_come(wait)
    elif attempt.superseded:
        attempt.order.delivery.in_doubt, attempt.outcome = False, ChangedSinceError()
    return None


def _elsewhere(batch: Batch, attempt: Attempt) -> TargetChangedError | None:
    """Return why nobody here can say that an order did not arrive: the connection led elsewhere as it was sent."""
    if not batch.to.is_another(attempt.begun_to):
        return None
    return TargetChangedError(
        "The order may have reached the target to which its connection led before; this one does not tell.",
        hint="Look in the former ERP. If the order is there, resolve it as delivered; if not, send it again. Or have "
        "the connection lead there again: then that one is asked.",
    )


def _counts_late(batch: Batch, attempt: Attempt) -> bool:
    """Return whether "not there" is an answer only after a while: where a second sending would be taken once, it is."""
    return attempt.superseded or not batch.to.idempotent


def look_again(batch: Batch, attempts: Sequence[Attempt]) -> None:
    """Ask once more about each that was refused, and that an earlier attempt may have brought there."""
    for attempt in attempts:
        refusal = attempt.outcome
        asks = batch.to.can_find and attempt.order.delivery.in_doubt
        if asks and isinstance(refusal, RejectedError | PerhapsThereError):
            attempt.outcome = _after_refusal(batch, attempt, refusal)


def _after_refusal(batch: Batch, attempt: Attempt, refusal: ConnectorError) -> ExportResult | ConnectorError:
    try:
        found = _found(batch, attempt)
    except ConnectorError as error:
        return InDoubtError(
            f"The ERP refuses the order, which an earlier attempt may have brought there: {refusal.message} "
            f"Asked whether it is there: {error.message}",
            code="FIND_FAILED",
            rests_for=error.rests_for,
        )
    if found is None:
        return PerhapsThereError(
            f"The ERP refuses the order, and does not find it, though an earlier attempt may have brought it there: "
            f"{refusal.message}",
            details=refusal.details,
        )
    if early := too_early(batch, attempt, found):
        return early
    attempt.order.delivery.in_doubt, found.inferred = False, True
    return found


def too_early(batch: Batch, attempt: Attempt, found: ExportResult) -> InDoubtError | None:
    """Return why a recalled order that its ERP does not show is not given back for sure yet; None: it is.

    It may have been sent a moment before its recall, and an ERP shows late what it took.
    """
    wait = batch.to.commit_within - (attempt.doubt_age or 0.0)
    if not found.not_shown or wait <= 0:
        return None
    attempt.ask_in = wait
    return _perhaps_yet_to_come(wait)


def _found(batch: Batch, attempt: Attempt) -> ExportResult | None:
    """Return the ERP's clear answer. Raises ConnectorError: there was none."""
    try:
        found = batch.to.connector.find(attempt.order, batch.to.target.config)
    except ConnectorError:
        raise
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything, the engine goes on
        raise connector_fault(batch.to.target.connector_type, error) from None
    if found is None or found.success:
        return found
    raise InDoubtError("The connector's answer is neither that the order is there nor that it is not.")


def _sends_unasked(batch: Batch, attempt: Attempt, retry: RetryPolicy) -> bool:
    """Return whether it is sent although nobody knows whether it arrived."""
    if attempt.superseded or _elsewhere(batch, attempt):
        return False
    if batch.to.idempotent:
        return True
    asked_for = min(attempt.doubt_age or 0.0, batch.to.target.open_for or math.inf)
    in_vain = not batch.to.can_find or asked_for >= ASKED_IN_VAIN
    return batch.to.target.in_doubt == "resend" and in_vain and not retry.exhausted(attempt.attempts_spent)


def _unclear(error: ConnectorError) -> ConnectorError:
    """Return how an attempt ends whose question got no clear answer; a target that is down stays what it is."""
    if isinstance(error, UnavailableError | NeedsAttentionError):
        return error
    return InDoubtError(
        f"Is the order there? {error.message}",
        code="FIND_FAILED",
        details=error.details,
        retry_after=error.retry_after,
        rests_for=error.rests_for,
    )


def _perhaps_yet_to_come(wait: float) -> InDoubtError:
    return InDoubtError(
        f"The ERP does not show the order, but may still be at it: it is asked again in {wait:.0f} s.",
        code="FIND_TOO_EARLY",
        hint="Nothing to do. If this ERP shows an order sooner, or needs longer, set the connection's commit_within.",
    )
