"""What a receipt means for an order. Only one that is surely the partner's, about what we sent, is a yes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from orderflow.channels.as2 import mime, receipt
from orderflow.channels.as2.faults import Fault
from orderflow.channels.as2.receipt import Receipt
from orderflow.channels.as2.settings import As2Settings
from orderflow.channels.as2.sides import Sides
from orderflow.domain import clock
from orderflow.domain.delivery import Delivery, ExportResult
from orderflow.domain.errors import (
    AwaitedError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    PerhapsThereError,
    RejectedError,
    TransientError,
)
from orderflow.domain.proof import Proof
from orderflow.http import Answer, error_of

_ABOUT_THE_CONNECTION = (
    "authentication-failed",
    "decryption-failed",
    "decompression-failed",
    "insufficient-message-security",
    "integrity-check-failed",
    "unknown-trading",
    "unsupported",
    "sender-equals-receiver",
)
_LATER = "unexpected-processing-error"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that went out.

    Attributes:
        checked: What the receipt's check is to be the digest of.
    """

    message_id: str
    checked: bytes = field(repr=False)
    delivery: Delivery = field(repr=False)


def outcome(answer: Answer, sent: Sent, settings: As2Settings, sides: Sides) -> ExportResult:
    """Return that the partner has the message.

    Raises:
        ConnectorError: It has not, or that is not known; sorted by what follows. It carries the receipt, if one came.
    """
    if not answer.ok:
        raise _without_receipt(answer)
    if settings.receipts == "async" and not _brings_a_receipt(answer):  # whatever it says: what counts comes later
        raise AwaitedError(within=settings.receipt_within)
    message = _message(answer)
    found = _read(message, sides)
    proof = Proof(sent.message_id, found.words, found.verdict == "refused", receipt.as_it_came(message))
    return _meaning(found, sent, settings, proof)


def _read(message: mime.Entity, sides: Sides) -> Receipt:
    """Read the receipt; of a no also one that a stranger signed, since the partner's keys may be new."""
    try:
        return receipt.read(message, sides.keys(clock.now()))
    except Fault as fault:
        if _refuses(message):
            return receipt.unverified(message)
        raise _unreadable(fault.reason) from None


def _refuses(message: mime.Entity) -> bool:
    try:
        return receipt.unverified(message).verdict == "refused"
    except Fault:
        return False


def _brings_a_receipt(answer: Answer) -> bool:
    try:
        receipt.unverified(_message(answer))
    except (Fault, InDoubtError):
        return False
    return True


def _message(answer: Answer) -> mime.Entity:
    if answer.broken is not None:
        raise _unreadable(f"It is {answer.broken}.")
    if answer.empty:
        raise _unreadable("It is empty.")
    try:
        return mime.whole(answer.headers.multi_items(), answer.content)
    except Fault as fault:
        raise _unreadable(fault.reason) from None


def _without_receipt(answer: Answer) -> ConnectorError:
    """Return what a status other than 2xx means; a refusal in HTTP's words is the server's, and not about the order."""
    error = error_of(answer, "The partner")
    if isinstance(error, RejectedError):
        return NeedsAttentionError(
            f"The partner's server takes no message here (status {answer.status}): {answer.words}",
            code="WRONG_REQUEST",
            hint="Check URL and AS2 names with the partner, then test the connection.",
        )
    return error


def _meaning(found: Receipt, sent: Sent, settings: As2Settings, proof: Proof) -> ExportResult:
    if found.message_id != sent.message_id:
        raise _unreadable("It is about another message.")
    if found.verdict == "refused":
        if found.signature is None and not _is_encrypted(settings):
            raise _unreadable(
                f"It says “{found.words}”, and is not surely the partner's.", replace(proof, refused=False)
            )
        raise _refusal(found, sent, proof)
    if found.signature is None:
        raise _unreadable("It is not signed.", proof)
    if found.verdict == "duplicate":
        return _duplicate(sent, proof)
    unchecked = found.check is None and settings.sign == "none"  # some check only what is signed
    if not unchecked and not found.matches(sent.checked):
        raise _unreadable("Its check (MIC) is not that of what was sent.", proof)
    return _taken(sent, proof)


def _is_encrypted(settings: As2Settings) -> bool:
    """Return whether nobody but the partner's server can have answered, whoever signed the answer."""
    return settings.url.startswith("https:")


def _duplicate(sent: Sent, proof: Proof) -> ExportResult:
    """Return that it arrived before; not where the partner ever said no: it may mean the message that it refused."""
    if sent.delivery.refusals:
        raise _unreadable("It says that the message was there before, and an earlier one was refused.", proof)
    return _taken(sent, proof, inferred=True)


def _taken(sent: Sent, proof: Proof, *, inferred: bool = False) -> ExportResult:
    about = {"message_id": sent.message_id, "disposition": proof.says}
    result = ExportResult(True, sent.delivery.export_id, connector_metadata=about)
    result.inferred, result.received, result.proof = inferred, True, proof
    return result


def _refusal(found: Receipt, sent: Sent, proof: Proof) -> ConnectorError:
    said, words = found.words.lower(), f"The partner did not take the message: {found.words}"
    if sent.delivery.in_doubt:  # it may have taken an earlier one: another Message-ID would be another order to it
        return PerhapsThereError(words, proof=proof)
    if _LATER in said:
        return TransientError(words, code="PARTNER_FAILED", nothing_done=True, proof=proof)
    if any(part in said for part in _ABOUT_THE_CONNECTION):
        return NeedsAttentionError(
            words,
            code="PARTNER_REFUSES",
            hint="Compare AS2 names, certificates and algorithms with the partner, then test the connection.",
            proof=proof,
        )
    return RejectedError(words, code="PARTNER_REFUSED", proof=proof)


def _unreadable(why: str, proof: Proof | None = None) -> InDoubtError:
    return InDoubtError(
        f"The partner's receipt does not say whether it has the order. {why}",
        code="RECEIPT_UNCLEAR",
        hint="Ask the partner whether the message is there, then resolve the delivery.",
        proof=proof,
    )
