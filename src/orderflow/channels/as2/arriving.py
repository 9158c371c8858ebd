"""What a partner sends by itself, an answer or a late receipt: opened, and what we say of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from orderflow.channels.as2 import mime, receipt
from orderflow.channels.as2.faults import Fault
from orderflow.channels.as2.incoming import Unpacked, unpack
from orderflow.channels.as2.names import read_message_id, read_name
from orderflow.channels.as2.outgoing import Headers
from orderflow.channels.as2.receipt import Statement
from orderflow.channels.as2.settings import As2Settings
from orderflow.channels.as2.sides import Sides
from orderflow.channels.as2.signed import digest_named
from orderflow.domain import clock
from orderflow.domain.delivery import Arrived
from orderflow.domain.ids import new_id
from orderflow.http.urls import origin_of

LONGEST = 4 * 1024 * 1024
"""Bytes of a message: an answer of a mebibyte, signed, encrypted, and twice in base64."""

RECEIPT = "message/disposition-notification"
"""The media type under which a late receipt is kept."""

_MICALG = re.compile(r"signed-receipt-micalg\s*=\s*([^;]+)", re.IGNORECASE)


class StrangerError(Exception):
    """What came is not from this connection's partner to us, or no message at all; the text says why."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came, opened.

    Attributes:
        item: What is to be kept; None: nothing, for the `fault`.
        statement: What we say of it; None: it is a receipt itself, of which nobody says anything.
        digest: By which our receipt is to be signed; None: it need not be signed.
        wanted: Whether a receipt is asked for.
        address: Where to, if not in the answer; on the partner's host.
    """

    item: Arrived | None
    statement: Statement | None = field(default=None, repr=False)
    digest: str | None = None
    wanted: bool = False
    address: str | None = None

    @property
    def fault(self) -> Fault | None:
        """Why nothing is kept."""
        return self.statement.fault if self.statement else None

    def told(self, *, duplicate: bool = False, fault: Fault | None = None) -> Arrival:
        """Return it with what became of it."""
        assert self.statement is not None
        return replace(self, statement=replace(self.statement, duplicate=duplicate, fault=fault or self.fault))


def open_arrival(headers: Iterable[tuple[str, str]], body: bytes, settings: As2Settings, sides: Sides) -> Arrival:
    """Open what came. Raises StrangerError: it is not from the partner, or no message at all."""
    try:
        message = mime.whole(headers, body)
    except Fault as fault:
        raise StrangerError(fault.reason) from None
    if _is_receipt(message):  # whose it is, its signature says; some quote the names of the message that they sign for
        return _receipt(message, sides)
    message_id = _checked(message, settings)
    address = message.headers.get("receipt-delivery-option", "").strip() or None
    if address is not None and not _ours_to_send_to(address, settings):
        raise StrangerError("A receipt is asked for at another host than the partner's.")
    return _document(message, message_id, address, settings, sides)


def _checked(message: mime.Entity, settings: As2Settings) -> str:
    """Return the Message-ID of a message between the two of us."""
    names = [read_name(message.headers.get(name, "")) for name in ("as2-from", "as2-to")]
    if names != [settings.as2_to, settings.as2_from]:
        raise StrangerError("AS2-From and AS2-To are not the names that this connection knows.")
    message_id = read_message_id(message.headers.get("message-id", ""))
    if message_id is None or len(message_id) > 255:
        raise StrangerError("The message has no Message-ID, or none that can be used.")
    return message_id


def _is_receipt(message: mime.Entity) -> bool:
    try:
        receipt.unverified(message)
    except Fault:
        return False
    return True


def _receipt(message: mime.Entity, sides: Sides) -> Arrival:
    try:
        receipt.read_late(message, sides.keys(clock.now()))
    except Fault as fault:
        raise StrangerError(fault.reason) from None
    return Arrival(Arrived(new_id(), "", receipt.as_it_came(message), RECEIPT))


def _document(
    message: mime.Entity, message_id: str, address: str | None, settings: As2Settings, sides: Sides
) -> Arrival:
    digest = _digest(message.headers.get("disposition-notification-options", ""))
    wanted = "disposition-notification-to" in message.headers
    said = Statement(message_id, settings.as2_from)
    try:
        found = unpack(message, sides.keys(clock.now()))
        found.require(signed=settings.require_signed, encrypted=settings.require_encrypted)
    except Fault as fault:
        return Arrival(None, replace(said, fault=fault), digest, wanted, address)
    checked = (found.checked, found.signature.digest if found.signature else digest or "sha-256")
    return Arrival(_kept(found, message_id), replace(said, check=checked), digest, wanted, address)


def _kept(found: Unpacked, message_id: str) -> Arrived:
    entity = found.entity
    return Arrived(new_id(), entity.filename or "", entity.content, entity.media.value[:200], message_id)


def _digest(options: str) -> str | None:
    """Return by which digest a receipt is to be signed; None: it need not be. Source: RFC 4130, section 7.3."""
    if "pkcs7-signature" not in options.lower():
        return None
    found = _MICALG.search(options)
    asked = [digest_named(name) for name in found[1].split(",")] if found else []
    return next(filter(None, asked), "sha-256")


def _ours_to_send_to(address: str, settings: As2Settings) -> bool:
    try:
        scheme, host, _ = origin_of(address)
    except ValueError:
        return False
    return host == origin_of(settings.url)[1] and (scheme == "https" or settings.plain_http)


def written(arrival: Arrival, sides: Sides) -> tuple[Headers, bytes]:
    """Return our receipt. Raises NeedsAttentionError: none of our certificates counts."""
    assert arrival.statement is not None
    sign = (sides.signer(clock.now()), arrival.digest) if arrival.digest else None
    return receipt.write(arrival.statement, sign)
