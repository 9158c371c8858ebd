"""A message becomes a document: decrypted, its signature checked, unpacked; all of it within limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orderflow.channels.as2 import mime
from orderflow.channels.as2.certificates import Certificate, Identity
from orderflow.channels.as2.compressed import decompress
from orderflow.channels.as2.enveloped import decrypt
from orderflow.channels.as2.faults import Fault, unsupported
from orderflow.channels.as2.reading_cms import kind_of
from orderflow.channels.as2.signed import CHANGED, Signature, verify

MOST_LAYERS = 4
"""Encrypted, compressed, signed, and compressed within; nobody packs more."""

_CMS = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_INSUFFICIENT = "insufficient-message-security"


@dataclass(frozen=True, slots=True)
class Keys:
    """With what a message is opened.

    Attributes:
        ours: Any of these may decrypt.
        theirs: Any of these that counts now may have signed.
        limit: Bytes that a message may unpack to.
        now: The moment at which certificates have to count.
    """

    ours: Sequence[Identity]
    theirs: Sequence[Certificate]
    limit: int
    now: dt.datetime


@dataclass(slots=True)
class Unpacked:
    """What a message held.

    Attributes:
        entity: Its inmost part: a document, or the parts of a receipt.
        checked: What the check (MIC) in the receipt is the digest of.
        signature: Whose it is; None: it was not signed.
    """

    entity: mime.Entity
    checked: bytes = field(repr=False)
    signature: Signature | None = None
    encrypted: bool = False
    compressed: bool = False

    def require(self, *, signed: bool, encrypted: bool) -> None:
        """Raise Fault if it lacks what the partners have agreed."""
        if encrypted and not self.encrypted:
            raise Fault(_INSUFFICIENT, "The message is not encrypted, and this connection asks for that.")
        if signed and self.signature is None:
            raise Fault(_INSUFFICIENT, "The message is not signed, and this connection asks for that.")


def unpack(entity: mime.Entity, keys: Keys) -> Unpacked:
    """Open a message, layer by layer. Raises Fault: it cannot be opened, or is not what it says."""
    found = Unpacked(entity, entity.content)
    for _ in range(MOST_LAYERS):
        open_layer = _layer(found.entity)
        if open_layer is None:
            return found
        open_layer(found, keys)
    raise unsupported("The message is packed into itself more often than anybody needs.")


def _layer(entity: mime.Entity) -> Callable[[Unpacked, Keys], None] | None:
    """Return how the outermost layer is opened; None if there is none left."""
    if entity.media.value == "multipart/signed":
        return _verify
    if entity.media.value not in _CMS:
        return None
    match kind_of(entity.content):
        case "enveloped_data" | "authenticated_enveloped_data":
            return _decrypt
        case "compressed_data":
            return _decompress
        case "":
            return _decrypt  # which says what is wrong with it
        case other:
            raise unsupported(f"The message holds {other.replace('_', ' ')}, which is not read here.")


def _decrypt(found: Unpacked, keys: Keys) -> None:
    _go_in(found, decrypt(found.entity.content, keys.ours))
    found.encrypted = True


def _decompress(found: Unpacked, keys: Keys) -> None:
    _go_in(found, decompress(found.entity.content, keys.limit))
    found.compressed = True


def _verify(found: Unpacked, keys: Keys) -> None:
    if found.signature is not None:
        raise unsupported("The message is signed within what is signed.")
    parts = mime.parts(found.entity)
    if len(parts) != 2 or (signature := mime.parse(parts[1])).media.value not in _SIGNATURES:
        raise unsupported("The message is signed, and does not consist of its content and one signature.")
    found.checked, found.signature = _signed(parts[0], signature.content, keys)
    found.entity = mime.parse(found.checked)


def _signed(content: bytes, signature: bytes, keys: Keys) -> tuple[bytes, Signature]:
    """Return what was signed, and by whom: with line breaks of CRLF where some program made them LF on the way.

    Source: RFC 5751, section 3.1.1: what is signed is the canonical form.
    """
    try:
        return content, verify(content, signature, keys.theirs, keys.now)
    except Fault as fault:
        canonical = mime.canonical(content)
        if fault.modifier != CHANGED or canonical == content:
            raise
        return canonical, verify(canonical, signature, keys.theirs, keys.now)


def _go_in(found: Unpacked, plain: bytes) -> None:
    found.entity = mime.parse(plain)
    if found.signature is None:  # what was signed stays what is checked, also if it was packed
        found.checked = plain
