"""Errors, grouped by what follows from them.

    OrderFlowError                 anything that we say to a person: code, message, hint
    ├── ConnectorError             a delivery or a test did not work; transient, unless it hides doubt (see below)
    │   ├── TransientError         nothing was done: try again with backoff; an attempt is spent
    │   │   └── LeaseEndingError   too little of the lease was left to begin: nothing was tried, nothing is spent
    │   ├── UnavailableError       nothing was sent, the target is down: the breaker opens, nothing is spent
    │   │   └── BusyError          the target takes no more for now (429, too many sessions): the connection rests
    │   ├── NeedsAttentionError    a person must act: the connection pauses, orders wait, nothing is spent
    │   │   └── ConfigError        the same, for a configuration that is incomplete or contradicts itself
    │   ├── RejectedError          the ERP or the format says no to this order: the order goes to ERROR
    │   │   ├── KindUnsupportedError the connection takes no recall or change, whatever else it takes: nothing is sent
    │   │   │   └── ChangeUnsupportedError the same, for the change of an order that a person now sees to
    │   │   └── ChangedSinceError  the order says something else by now: what it said before is not sent
    │   ├── ByRecallError          the ERP takes no change: the order is recalled first, then it goes out anew
    │   ├── DocumentChangedError   the stored document is not the one that was built: it is not sent
    │   └── InDoubtError           nobody knows whether it arrived: ask `find`, else a person
    │       ├── AwaitedError       the target has it and will say later what became of it: it is waited for
    │       ├── OnHoldError        it may be sent again, and a person has a hold on it: it waits for the release
    │       ├── TargetChangedError it was staged where this connection does not point any more
    │       └── PerhapsThereError  it is refused now, and an earlier attempt may have brought it there: a person decides
    ├── StateError                 the order or export is not in a state that allows this
    │   ├── StaleVersionError      somebody else changed it since it was looked at
    │   └── NoRouteError           no rule sends the order anywhere, or only to a connection that is disabled: it waits
    ├── NotFoundError              no such thing in this organization
    ├── InputError                 what was given cannot be used
    │   └── KeyReusedError         an Idempotency-Key comes with another request than the first time
    ├── EncryptionError            a stored secret does not open
    │   └── KeyMismatchError       this process lacks the key; another one may have it: skipped, never disabled
    ├── ObjectStoreError           the document store does not answer: orders wait, nothing is spent
    │   └── DocumentMissingError   it answers, and does not have the document
    └── PushServiceError           `PushOrchestrator` could not push at all

A message never holds a secret, a file's content or a library's repr of a configuration.
"""

from __future__ import annotations

from typing import Any, ClassVar

from orderflow.domain.proof import Proof


class OrderFlowError(Exception):
    """Something went wrong that a person should hear about.

    Args:
        message: One sentence that says what happened, for a person.
        code: Stable upper-case code for programs; the class's own by default.
        hint: What to do next; the class's own by default.
        details: Further facts, safe to show to anyone who may see the object concerned.
    """

    code: ClassVar[str] = "ERROR"
    hint: ClassVar[str] = "See docs/troubleshooting.md."
    default_message: ClassVar[str] = "Something went wrong."

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        hint: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        self.message = message or self.default_message
        if code is not None:
            self.code = code  # type: ignore[misc]  # an instance may be more precise than its class
        if hint is not None:
            self.hint = hint  # type: ignore[misc]  # as above
        self.details = details or {}
        super().__init__(self.message)

    def as_json(self) -> dict[str, Any]:
        """Return `{"code", "message", "hint", "details"}` for storage in `error_json`."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "details": self.details}


class ConnectorError(OrderFlowError):
    """A delivery failed for a reason that may pass.

    It says that nothing was done, unless it was raised while another exception was handled: then that one decides
    (`orderflow.domain.doubt`).

    Args:
        retry_after: Seconds that the target asked us to wait, where it did.
        nothing_done: True says outright that the target did nothing, False that it may have; None leaves it to the
            class and to what was being handled.
        rests_for: Seconds for which the whole connection is to rest before anything else is sent over it; None
            where the fault says nothing about other orders.
        proof: What the target signed about it.

    Attributes:
        check: What a receipt that may come yet has to name as the digest of what was sent; None: it signs for nothing.
    """

    code = "CONNECTOR_ERROR"
    hint = "It is tried again by itself; if it keeps failing, test the connection."
    default_message = "The connector could not deliver the order."

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        hint: str | None = None,
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
        nothing_done: bool | None = None,
        rests_for: float | None = None,
        proof: Proof | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, details=details)
        self.retry_after = retry_after
        self.nothing_done = nothing_done
        self.rests_for = rests_for
        self.proof = proof
        self.check: str | None = None


class TransientError(ConnectorError):
    """A passing fault: tried again with backoff, and an attempt is spent."""

    code = "TRANSIENT"


class UnavailableError(ConnectorError):
    """The target does not answer: its orders wait and spend nothing until a probe finds it back."""

    code = "TARGET_UNAVAILABLE"
    hint = "Nothing is lost: the orders wait, and delivery resumes by itself once the target answers."
    default_message = "The target cannot be reached."


class LeaseEndingError(TransientError):
    """Too little of the lease was left to begin with this order: nothing was tried, and nothing is spent."""

    code = "LEASE_ENDING"
    hint = "Nothing to do: it goes out with the next batch."
    default_message = "There was too little time left to begin with this order."


class BusyError(UnavailableError):
    """The target takes nothing more for now: the connection rests for `rests_for` seconds, and nothing is spent."""

    code = "TARGET_BUSY"
    hint = "Nothing is lost: the orders wait, and delivery resumes by itself after the time that the target asked for."
    default_message = "The target is busy and takes no more for now."


class NeedsAttentionError(ConnectorError):
    """Only a person can mend this: the connection pauses, and resumes after a good test."""

    code = "NEEDS_ATTENTION"
    hint = "Correct the connection's settings or the target, then test the connection; the waiting orders follow."
    default_message = "The connection needs a person's attention."


class RejectedError(ConnectorError):
    """The ERP, or its format, refuses this one order; the others go on."""

    code = "REJECTED"
    hint = "Correct the order, approve it and push it again."
    default_message = "The ERP rejected the order."


class DocumentChangedError(ConnectorError):
    """The stored document is not the one that was built: it is not sent, nor can it be until somebody restores it."""

    code = "DOCUMENT_CHANGED"
    hint = "Somebody changed the file in the object store; restore it from a backup, then retry."
    default_message = "The stored document is not the one that was built for this export."


class KindUnsupportedError(RejectedError):
    """The ERP is not to be asked for this over the connection as it is now: nothing is sent, whatever its policy is."""

    code = "KIND_UNSUPPORTED"
    hint = "Ask whoever runs the ERP. If it can be asked, the connection's settings say so."


class ChangeUnsupportedError(KindUnsupportedError):
    """The ERP has the order, and is not to be asked for a change of it: a person sees to it."""

    code = "CHANGE_UNSUPPORTED"
    hint = (
        "The ERP has the order as it was before. Have it changed there, then say so (confirm the change); or discard "
        "the change. If its import reads changes, or may take the order anew once it was recalled, the connection's "
        "settings say so."
    )
    default_message = "This connection cannot ask its ERP for a change of an order."


class ChangedSinceError(RejectedError):
    """What was to be sent, or sent again, is not what the order says any more."""

    code = "CHANGED_SINCE"
    hint = "What the order says now goes out once it is approved and pushed."
    default_message = "The order was changed since, so this revision of it is not sent."


class ByRecallError(ConnectorError):
    """The ERP takes no changes, and its connection has changed orders recalled and sent anew."""

    code = "CHANGE_BY_RECALL"
    hint = "Nothing to do. The order goes out anew once the ERP has given it back."
    default_message = "The ERP takes no changes: it is asked to give the order back, which then goes out anew."


class InDoubtError(ConnectorError):
    """The target may or may not have taken the order."""

    code = "IN_DOUBT"
    hint = "Look in the ERP whether the order is there, then resolve it as delivered or send it again."
    default_message = "It is unknown whether the ERP received the order."


class AwaitedError(InDoubtError):
    """The target took the message, and its receipt comes later: it is waited for.

    Args:
        within: Seconds; the connection goes on meanwhile.
    """

    code = "RECEIPT_AWAITED"
    hint = "Nothing to do: the order goes on as soon as the receipt comes."
    default_message = "The partner has the message; its receipt has not come yet."

    def __init__(self, message: str | None = None, *, within: float = 3600.0, **more: Any) -> None:
        super().__init__(message, **more)
        self.within = within


class OnHoldError(InDoubtError):
    """An order in doubt may be sent again, and is not: somebody has a hold on it."""

    code = "ORDER_ON_HOLD"
    hint = "Nothing to do. It goes on once it is released."
    default_message = "Not sent again: the order is on hold."


class TargetChangedError(InDoubtError):
    """The file was staged at a place that the connection does not point to any more."""

    code = "TARGET_CHANGED"
    hint = (
        "Look at the old place. If the file still is there as .tmp, remove it and send the order again; "
        "if it is gone, it was delivered there."
    )


class PerhapsThereError(InDoubtError):
    """The ERP refuses the order, which an earlier attempt may have brought there: perhaps just for that reason."""

    code = "PERHAPS_THERE"
    hint = (
        "Look in the ERP whether the order is there. If it is, resolve it as delivered; if not, resolve it as not "
        "delivered and correct it."
    )
    default_message = "The ERP refuses the order; an earlier attempt may have brought it there."


class ConfigError(NeedsAttentionError):
    """A connector's configuration is incomplete or contradicts itself; names fields, never values."""

    code = "CONFIG_INVALID"
    hint = "Open the connection, correct the fields named and save it."
    default_message = "The connection's configuration cannot be used."


class StateError(OrderFlowError):
    """The thing is not in a state that allows what was asked."""

    code = "CONFLICT"
    hint = "Look at its present state and try what that state allows."


class StaleVersionError(StateError):
    """Somebody else changed it since it was looked at; `details["version"]` is its present version."""

    code = "STALE_VERSION"
    hint = "Look at what is there now, decide field by field, and save once more with the present version."
    default_message = "Somebody else changed this since you looked at it; nothing was saved."


class NoRouteError(StateError):
    """The rules send an order to no connection that delivers; it waits until they do."""

    code: ClassVar[str] = "NO_ROUTE"
    hint: ClassVar[str] = (
        "Add a rule for it, or make a connection the default: it goes out by itself then. Or name one."
    )
    default_message: ClassVar[str] = "No rule is for this order, and no connection is the default."


class NotFoundError(OrderFlowError):
    """There is no such thing in this organization."""

    code = "NOT_FOUND"
    hint = "Check the id, and that you are signed in to the right organization."


class InputError(OrderFlowError):
    """What was given cannot be used; `details["fields"]` lists `{"field", "message"}` where known."""

    code = "VALIDATION_ERROR"
    hint = "Correct what is named and send it again."


class KeyReusedError(InputError):
    """The Idempotency-Key was used before, for another request."""

    code = "IDEMPOTENCY_KEY_REUSED"
    hint = "Send each request with a key of its own, and the same request with the same key."
    default_message = "The Idempotency-Key was used before, for another request."


class EncryptionError(OrderFlowError):
    """A stored secret does not open; never shows its content."""

    code = "ENCRYPTION_ERROR"
    hint = (
        "Set the key that it was saved with in ENCRYPTION_PREVIOUS_KEYS, or restore the row from a backup; "
        "if the key is lost, enter the connection's configuration again."
    )
    default_message = "authentication tag verification failed"


class KeyMismatchError(EncryptionError):
    """This process does not have the key that something was sealed with; that says nothing about other processes."""

    code = "KEY_MISMATCH"
    hint = (
        "Give this process the ENCRYPTION_MASTER_KEY of all the others, and restart it; during a rotation also the "
        "one before, in ENCRYPTION_PREVIOUS_KEYS. See docs/operations.md, Keys."
    )
    default_message = "This process does not have the key that the configuration was sealed with."


class ObjectStoreError(OrderFlowError):
    """The store of documents does not answer."""

    code = "OBJECT_STORE_UNAVAILABLE"
    hint = "The orders wait and spend no attempt; check OBJECT_STORAGE_* and the store itself."
    default_message = "The document store cannot be reached."


class DocumentMissingError(ObjectStoreError):
    """The store answers, and does not have the document."""

    code = "OBJECT_NOT_FOUND"
    hint = "If documents were moved, point OBJECT_STORAGE_* or ORDERFLOW_HOME to where they are now."
    default_message = "The document is not in the store."


class PushServiceError(OrderFlowError):
    """`PushOrchestrator` could not start a push: no connection, wrong state, unreadable configuration."""

    code = "PUSH_FAILED"
