"""A document becomes a message: compressed, signed, encrypted, as the two partners have agreed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from orderflow.channels.as2 import mime
from orderflow.channels.as2.certificates import Certificate, Identity
from orderflow.channels.as2.compressed import compress
from orderflow.channels.as2.enveloped import encrypt
from orderflow.channels.as2.names import CipherName
from orderflow.channels.as2.signed import sign
from orderflow.domain.delivery import Document

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a message is packed.

    Attributes:
        sign: Who signs it, and by which digest; None: nobody.
        encrypt: For whom, and how; None: it is not encrypted.
    """

    sign: tuple[Identity, str] | None = None
    encrypt: tuple[Certificate, CipherName] | None = None
    compress: bool = False


@dataclass(frozen=True, slots=True)
class Packed:
    """A message's body, and the headers of HTTP that say what it is.

    Attributes:
        checked: What the check (MIC) in the receipt is the digest of; the same for the same document.
    """

    headers: Headers
    body: bytes = field(repr=False)
    checked: bytes = field(repr=False)


def pack(document: Document, terms: Terms) -> Packed:
    """Return the message that carries a document. Raises Fault: it cannot be encrypted with that certificate."""
    headers, body = _entity(document, compresses=terms.compress)
    if terms.sign is None:
        checked = _unsigned(document, wrapped=terms.encrypt is not None or terms.compress)
    else:
        checked = mime.written(headers, body)
        headers, body = signed(checked, *terms.sign)
    if terms.encrypt is not None:
        to, cipher = terms.encrypt
        kind = "authEnveloped-data" if cipher.endswith("gcm") else "enveloped-data"
        headers, body = _cms(kind, "smime.p7m"), encrypt(mime.written(headers, body), to, cipher)
    return Packed(headers, body, checked)


def what_is_checked(document: Document, *, signs: bool, encrypts: bool, compresses: bool) -> bytes:
    """Return what the check in a document's receipt is the digest of; the same for the same document.

    That is what is signed; of what is not, the document with its head if something is around it, else the document
    alone. Sources: RFC 4130, section 7.3.1; RFC 5402, section 4.
    """
    if signs:
        return mime.written(*_entity(document, compresses=compresses))
    return _unsigned(document, wrapped=encrypts or compresses)


def _unsigned(document: Document, *, wrapped: bool) -> bytes:
    return mime.written(_plain(document), document.content) if wrapped else document.content


def _entity(document: Document, *, compresses: bool) -> tuple[Headers, bytes]:
    headers, body = _plain(document), document.content
    if compresses:
        return _cms("compressed-data", "smime.p7z"), compress(mime.written(headers, body))
    return headers, body


def signed(entity: bytes, identity: Identity, digest: str) -> tuple[Headers, bytes]:
    """Return head and body of an entity with its signature beside it. Source: RFC 1847, RFC 5751, section 3.4.3."""
    boundary = f"=_{secrets.token_hex(16)}"
    protocol = f'protocol="application/pkcs7-signature"; micalg={digest}'
    headers = (("Content-Type", f'multipart/signed; {protocol}; boundary="{boundary}"'),)
    signature = mime.written(
        (
            ("Content-Type", "application/pkcs7-signature; name=smime.p7s; smime-type=signed-data"),
            ("Content-Transfer-Encoding", "base64"),
            ("Content-Disposition", "attachment; filename=smime.p7s"),
        ),
        mime.base64_lines(sign(entity, identity, digest)),
    )
    return headers, mime.multipart(boundary, [entity, signature])


def _plain(document: Document) -> Headers:
    return (
        ("Content-Type", document.media_type),
        ("Content-Transfer-Encoding", "binary"),
        ("Content-Disposition", f"attachment; filename={mime.quoted(document.filename)}"),
    )


def _cms(kind: str, filename: str) -> Headers:
    return (
        ("Content-Type", f"application/pkcs7-mime; smime-type={kind}; name={filename}"),
        ("Content-Transfer-Encoding", "binary"),
        ("Content-Disposition", f"attachment; filename={filename}"),
    )
