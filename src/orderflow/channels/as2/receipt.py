"""Receipts (MDN, RFC 4130, section 7; RFC 8098): a signed statement of what became of a message."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from orderflow.channels.as2 import mime
from orderflow.channels.as2.certificates import Identity
from orderflow.channels.as2.faults import Fault, unsupported
from orderflow.channels.as2.incoming import Keys, unpack
from orderflow.channels.as2.names import read_message_id
from orderflow.channels.as2.outgoing import Headers, signed
from orderflow.channels.as2.signed import Signature, digest_named, digest_of

LONGEST = 256 * 1024
"""Bytes of a receipt that are read."""

_KEPT = ("content-type", "content-transfer-encoding", "mime-version", "message-id", "as2-from", "as2-to", "date")

Verdict = Literal["processed", "duplicate", "refused"]
_DISPOSITION = re.compile(
    r"\s*[\w-]+\s*/\s*[\w-]+\s*;\s*(processed|failed)\s*(?:/\s*(error|warning|failure)\s*(?::\s*(.*?))?)?\s*",
    re.IGNORECASE | re.ASCII,
)
_DUPLICATE = re.compile(
    r"\W*duplicate[\W_]*(as2|document|message|filename|file|interchange|transmission|$)", re.IGNORECASE
)
"""How partners say that a message was there before: as the first that they say."""

_LONGEST_WORDS = 500
_AGENT = "OrderFlow Connect"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a partner says became of a message.

    Attributes:
        message_id: Of that message.
        verdict: `refused` is a clear no: nothing was done with it. `duplicate`: a message of that id was there.
        words: The disposition's own, without the part that is always the same.
        check: The digest of what came, by the partner; None: it gives none.
        signature: Whose it is; None: it is not signed.
    """

    message_id: str
    verdict: Verdict
    words: str
    check: tuple[bytes, str] | None = field(default=None, repr=False)
    signature: Signature | None = None

    def matches(self, checked: bytes) -> bool:
        """Return whether the partner received what `pack` says is checked."""
        return self.check is not None and self.check[0] == digest_of(checked, self.check[1])


def read(message: mime.Entity, keys: Keys) -> Receipt:
    """Read a receipt. Raises Fault: it is none, or its signature is not good."""
    found = unpack(message, keys)
    return _report(found.entity, found.signature)


def read_late(message: mime.Entity, keys: Keys) -> Receipt:
    """Read a receipt that came by itself. Raises Fault: as `read`, or nobody signed it."""
    found = read(message, keys)
    if found.signature is None:
        raise unsupported("A receipt that comes by itself has to be signed.")
    return found


def unverified(message: mime.Entity) -> Receipt:
    """Read a receipt without looking at its signature. Raises Fault: it is none."""
    is_signed = message.media.value == "multipart/signed"
    return _report(mime.parse(mime.parts(message)[0]) if is_signed else message, None)


def as_it_came(message: mime.Entity) -> bytes:
    """Return a receipt with the head that says what it is, as it is kept."""
    return mime.written([(name, message.headers[name]) for name in _KEPT if name in message.headers], message.raw)


def check_of(checked: bytes, digest: str) -> str:
    """Return the check that a receipt has to name for a message."""
    return check_text(digest_of(checked, digest), digest)


def check_text(value: bytes, digest: str) -> str:
    """Return a check as it stands in a receipt."""
    return f"{base64.b64encode(value).decode()}, {digest}"


def _report(entity: mime.Entity, signature: Signature | None) -> Receipt:
    if entity.media.value != "multipart/report":
        raise unsupported("What came is no receipt.")
    reports = [mime.parse(part) for part in mime.parts(entity)]
    report = next((one for one in reports if one.media.value == "message/disposition-notification"), None)
    if report is None:
        raise unsupported("The receipt does not hold what programs read.")
    return _read(mime.parse(report.content.strip() + b"\r\n\r\n").headers, signature)


def _read(fields: Mapping[str, str], signature: Signature | None) -> Receipt:
    message_id = read_message_id(fields.get("original-message-id", ""))
    if message_id is None:
        raise unsupported("The receipt does not say which message it is about.")
    verdict, words = _verdict(fields.get("disposition", ""))
    return Receipt(message_id, verdict, words, _check(fields.get("received-content-mic", "")), signature)


def _verdict(disposition: str) -> tuple[Verdict, str]:
    """Return what a disposition says; what says neither yes nor no is a Fault. Source: RFC 4130, section 7.4.3."""
    plain = " ".join(disposition.split())  # also since a pattern takes its time with long blanks
    found = _DISPOSITION.fullmatch(plain)
    if found is None:
        raise unsupported("The receipt does not say what became of the message.")
    kind, modifier, said = found[1].lower(), (found[2] or "").lower(), found[3] or ""
    words = plain.partition(";")[2].strip()[:_LONGEST_WORDS]
    if _DUPLICATE.match(said):  # also where it is called an error: the message was there
        return "duplicate", words
    if modifier != "warning" and "duplicate" in said.lower():
        raise unsupported(f"The receipt may mean that the message was there before, or not: {words}")
    return ("refused" if kind == "failed" or modifier in ("error", "failure") else "processed"), words


def _check(text: str) -> tuple[bytes, str] | None:
    value, _, name = text.rpartition(",")
    digest = digest_named(name)
    if digest is None:
        return None
    try:
        return base64.b64decode("".join(value.split()), validate=True), digest
    except (binascii.Error, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Statement:
    """What we say of a message that came.

    Attributes:
        recipient: Our AS2 name.
        check: What was checked, and by which digest; None: it could not be read.
        fault: Why it was not taken; None: it was.
        duplicate: A message of that id was taken before.
    """

    message_id: str
    recipient: str
    check: tuple[bytes, str] | None = field(default=None, repr=False)
    fault: Fault | None = None
    duplicate: bool = False

    @property
    def disposition(self) -> str:
        """What programs read of it."""
        if self.fault is not None:
            kind = "failed/Failure" if self.fault.failure else "processed/Error"
            return f"{kind}: {self.fault.modifier}"
        return "processed/Warning: duplicate-document" if self.duplicate else "processed"


def write(statement: Statement, sign: tuple[Identity, str] | None) -> tuple[Headers, bytes]:
    """Return head and body of a receipt, signed where that was asked for."""
    boundary = f"=_{secrets.token_hex(16)}"
    report = (
        ("Reporting-UA", _AGENT),
        ("Original-Recipient", f"rfc822; {statement.recipient}"),
        ("Final-Recipient", f"rfc822; {statement.recipient}"),
        ("Original-Message-ID", f"<{statement.message_id}>"),
        ("Disposition", f"automatic-action/MDN-sent-automatically; {statement.disposition}"),
        *_checked(statement),
    )
    body = mime.multipart(
        boundary,
        [
            mime.written(_part("text/plain; charset=us-ascii"), _for_people(statement).encode("ascii", "replace")),
            mime.written(_part("message/disposition-notification"), mime.head(report)),
        ],
    )
    headers = (("Content-Type", f'multipart/report; report-type=disposition-notification; boundary="{boundary}"'),)
    return signed(mime.written(headers, body), *sign) if sign else (headers, body)


def _part(kind: str) -> Headers:
    return (("Content-Type", kind), ("Content-Transfer-Encoding", "7bit"))


def _checked(statement: Statement) -> Headers:
    if statement.check is None:
        return ()
    content, digest = statement.check
    return (("Received-Content-MIC", check_of(content, digest)),)


def _for_people(statement: Statement) -> str:
    if statement.fault is not None:
        return f"The message was not taken. {statement.fault.reason}\r\n"
    if statement.duplicate:
        return "A message with this Message-ID was taken before; nothing was done with this one.\r\n"
    return "The message was received and kept.\r\n"
