"""Receipts that came by themselves, after the message that they are about: each says what became of one delivery."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from orderflow.channels.as2 import mime, receipt
from orderflow.channels.as2.faults import Fault
from orderflow.channels.as2.names import own_message_id
from orderflow.channels.as2.receipt import Receipt
from orderflow.channels.as2.sides import Sides
from orderflow.domain import clock
from orderflow.domain.answer_details import Level
from orderflow.domain.delivery import Ack, Arrived, Waiting, WaitingExport
from orderflow.domain.proof import Proof


def read_late(
    items: Sequence[Arrived], waiting: Waiting | Iterable[WaitingExport], sides: Sides, *, checked: bool
) -> Iterator[Ack]:
    """Yield what each says.

    Args:
        checked: Whether the partner has to name the check of what it received.
    """
    known = Waiting.of(waiting)
    for item in items:
        yield _ack(item, known, sides, checked=checked)


def _ack(item: Arrived, waiting: Waiting, sides: Sides, *, checked: bool) -> Ack:
    try:  # when it came, its certificate counted; it may have ended since
        found = receipt.read_late(mime.parse(item.content), sides.keys(clock.now() - dt.timedelta(seconds=item.age)))
    except Fault as fault:
        return Ack("receipt", "UNMATCHED", source=item.source, message=fault.reason)
    export_id = _export_id(found.message_id)
    export = waiting.match([export_id]).get(export_id) if export_id else None
    if export is None:
        return Ack("receipt", "UNMATCHED", source=item.source)
    return _meaning(found, export, item, checked=checked)


def _export_id(message_id: str) -> UUID | None:
    try:
        return UUID(message_id.partition(".")[0])
    except ValueError:
        return None


def _meaning(found: Receipt, export: WaitingExport, item: Arrived, *, checked: bool) -> Ack:
    ack = Ack(export.reference, "ACKED", export.export_id, source=item.source, level=Level.RECEIVED)
    ack.proof = Proof(found.message_id, found.words, found.verdict == "refused", item.content)
    if found.message_id != own_message_id(export.export_id, export.refusals):
        _unclear(ack, item, "It is about another message of this delivery than the last.")
    elif found.verdict == "refused" and export.sent_again:  # another Message-ID would be another order to the partner
        _unclear(ack, item, f"It refuses the message, which was sent more than once: {found.words}")
    elif found.verdict == "refused":
        ack.status, ack.error_code = "FAILED", "PARTNER_REFUSED"
        ack.message = f"The partner did not take the message: {found.words}"
    elif found.verdict == "duplicate" and export.refusals:
        _unclear(ack, item, "It says that the message was there before, and an earlier one was refused.")
    elif found.verdict == "processed" and export.receipt_check is None and (found.check or checked):
        _unclear(
            ack,
            item,
            "It names this message; its check (MIC) cannot be compared: its sender died before it noted that.",
        )
    elif found.verdict == "processed" and not _matches(found, export, checked=checked):
        _unclear(ack, item, "Its check (MIC) is not that of what was sent.")
    return ack


def _matches(found: Receipt, export: WaitingExport, *, checked: bool) -> bool:
    if found.check is None:
        return not checked
    return receipt.check_text(*found.check) == export.receipt_check


def _unclear(ack: Ack, item: Arrived, why: str) -> None:
    ack.status, ack.digest = "UNREADABLE", str(item.id)
    ack.message = f"The partner's receipt does not say whether it has the order. {why}"
