"""Nobody knows whether an order arrived: it is asked about again, and after an hour a person is, who may decide."""

from __future__ import annotations

from orderflow.domain.errors import (
    AwaitedError,
    ConnectorError,
    DocumentChangedError,
    InDoubtError,
    KindUnsupportedError,
    LeaseEndingError,
    NeedsAttentionError,
    OnHoldError,
    PerhapsThereError,
    TargetChangedError,
    UnavailableError,
)
from orderflow.domain.retry import RetryPolicy
from orderflow.domain.revisions import RevisionChangedError
from orderflow.domain.states import AttemptStatus, ERPExportStatus
from orderflow.flow.delivery.look import ASKED_IN_VAIN
from orderflow.flow.delivery.rest import rest_of
from orderflow.flow.ports import Attempt, Batch, Settlement


def is_in_doubt(attempt: Attempt) -> bool:
    """Return whether it is unknown, after this attempt, whether the order arrived."""
    return isinstance(attempt.outcome, InDoubtError) or attempt.order.delivery.in_doubt


def in_doubt(attempt: Attempt, error: ConnectorError, batch: Batch, retry: RetryPolicy) -> Settlement:
    """Return what follows: it waits, is asked about again, or held. It never fails, and nothing is sent for it here."""
    settlement = Settlement(attempt, ERPExportStatus.PENDING, AttemptStatus.RETRYING, still_in_doubt=True)
    if isinstance(error, NeedsAttentionError | UnavailableError | LeaseEndingError):  # nobody was asked
        settlement.hold = settlement.asking = attempt.held
        return settlement
    # Nothing can be sent, whatever the policy says.
    if isinstance(error, DocumentChangedError | RevisionChangedError | KindUnsupportedError):
        settlement.hold = True
        return settlement
    if isinstance(error, PerhapsThereError) and attempt.order.delivery.in_doubt:  # asked before and after: in vain
        settlement.spent = settlement.hold = True
        return settlement
    if isinstance(error, OnHoldError):  # that it may be sent is clear: there is no doubt for a person to decide
        settlement.hold = settlement.asking = attempt.held
        settlement.delay = _until_asked(attempt, error, retry)
        return settlement
    if isinstance(error, TargetChangedError) and attempt.order.delivery.staged_path is None:
        settlement.hold = True
        settlement.asking = batch.to.can_find or attempt.order.delivery.at_once(batch.to.takes_back)
        settlement.delay = _until_asked(attempt, error, retry)
        return settlement
    if isinstance(error, AwaitedError):
        settlement.spent, settlement.delay = attempt.sent, error.within
        settlement.hold = retry.exhausted(attempt.attempts_spent + attempt.sent)
        return settlement
    settlement.asking = _can_be_asked(attempt, error, batch)
    settlement.spent = attempt.sent
    settlement.hold = _waits_for_a_person(attempt, batch, retry, asking=settlement.asking)
    settlement.delay = _until_asked(attempt, error, retry)
    return settlement


def _can_be_asked(attempt: Attempt, error: ConnectorError, batch: Batch) -> bool:
    """Return whether asking again may tell: by `find`, by renaming what is staged, by sending what is taken once."""
    if attempt.order.delivery.staged_path is not None:
        return not isinstance(error, TargetChangedError)
    return batch.to.can_find or batch.to.idempotent or attempt.order.delivery.at_once(batch.to.takes_back)


def _waits_for_a_person(attempt: Attempt, batch: Batch, retry: RetryPolicy, *, asking: bool) -> bool:
    if asking and (attempt.doubt_age or 0.0) < ASKED_IN_VAIN:
        return False
    resends = batch.to.target.in_doubt == "resend" and not attempt.superseded
    sends_again = resends and attempt.order.delivery.staged_path is None
    return not sends_again or retry.exhausted(attempt.attempts_spent + attempt.sent)


def _until_asked(attempt: Attempt, error: ConnectorError, retry: RetryPolicy) -> float:
    """Return the seconds: half as long as it has been in doubt, or what is left until "not there" is an answer."""
    if rest_of(error) is not None:  # the connection rests, and this order with it
        return 0.0
    usual = retry.delay(1, error.retry_after)
    longest = min(attempt.ask_in if attempt.ask_in is not None else (attempt.doubt_age or 0.0) / 2, retry.cap)
    return max(usual if attempt.ask_in is None else 0.0, longest)
