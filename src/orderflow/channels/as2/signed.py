"""Detached signatures (RFC 5652, section 5; RFC 5751). Whose they may be is known beforehand: no authority vouches.

SHA-1 and MD5 are not taken: a signature by them proves nothing any more.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from orderflow.channels.as2.certificates import Certificate, Identity
from orderflow.channels.as2.faults import Fault
from orderflow.channels.as2.reading_cms import content_of, faults_are, few

DIGESTS: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
}
"""By their names in `micalg` (RFC 5751)."""

MOST_SIGNERS = 4
_OPTIONS = (PKCS7Options.DetachedSignature, PKCS7Options.Binary)
_UNKNOWN = "authentication-failed"
CHANGED = "integrity-check-failed"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was found good."""

    certificate: Certificate
    digest: str


def digest_named(name: str) -> str | None:
    """Return a digest as we call it, however others spell it (`sha256`, `SHA-256`); None if it is not taken."""
    plain = name.strip().lower().replace("-", "").replace("_", "")
    return next((known for known in DIGESTS if known.replace("-", "") == plain), None)


def digest_of(content: bytes, digest: str) -> bytes:
    """Return the digest of `content`, by a name of `DIGESTS`."""
    return hashlib.new(digest.replace("-", ""), content).digest()


def sign(content: bytes, identity: Identity, digest: str) -> bytes:
    """Return SignedData without the content itself."""
    builder = PKCS7SignatureBuilder(content).add_signer(identity.certificate.x509, identity.key, DIGESTS[digest])
    return builder.sign(Encoding.DER, _OPTIONS)


def verify(content: bytes, der: bytes, known: Sequence[Certificate], now: dt.datetime) -> Signature:
    """Return whose signature of `content` it is.

    Args:
        known: The certificates that the signer may have.

    Raises:
        Fault: Nobody's whom we know, not of this content, or by a certificate that does not count now.
    """
    with faults_are(_UNKNOWN, "The signature is none."):
        for signer in few(content_of(der, "signed_data")["signer_infos"])[:MOST_SIGNERS]:
            certificate = next((one for one in known if one.meant_by(signer["sid"])), None)
            if certificate is not None:
                return _verified(content, signer, certificate, now)
    raise Fault(_UNKNOWN, "The signature was made with no certificate that this connection knows of the partner.")


def _verified(content: bytes, signer: cms.SignerInfo, certificate: Certificate, now: dt.datetime) -> Signature:
    digest = digest_named(signer["digest_algorithm"]["algorithm"].native)
    if digest is None:
        raise Fault("unsupported MIC-algorithms", "The signature uses no SHA-256, SHA-384 or SHA-512.", failure=True)
    covered = _covered(content, signer, digest)
    try:
        _check(certificate, signer, covered, DIGESTS[digest])
    except InvalidSignature:
        raise Fault(_UNKNOWN, "The signature is not that of the partner's certificate that it names.") from None
    if not certificate.valid(now):
        counts = f"from {certificate.begins:%Y-%m-%d} to {certificate.ends:%Y-%m-%d}"
        raise Fault(_UNKNOWN, f"The signature's certificate counts {counts} only.")
    return Signature(certificate, digest)


def _covered(content: bytes, signer: cms.SignerInfo, digest: str) -> bytes:
    """Return the bytes that were signed: attributes that hold the content's digest, or the content itself."""
    attributes = signer["signed_attrs"]
    if not len(attributes):
        return content
    said = {attribute["type"].native: list(attribute["values"]) for attribute in attributes}
    if [one.native for one in said["content_type"]] != ["data"]:
        raise ValueError("content_type")
    if [one.native for one in said["message_digest"]] != [digest_of(content, digest)]:
        raise Fault(CHANGED, "The content is not the one that was signed.")
    return b"\x31" + bytes(attributes.dump())[1:]  # a SET OF, whatever its tag within the structure (RFC 5652, 5.4)


def _check(certificate: Certificate, signer: cms.SignerInfo, covered: bytes, digest: Any) -> None:
    key, signature = certificate.x509.public_key(), signer["signature"].native
    how = signer["signature_algorithm"].signature_algo
    if isinstance(key, ec.EllipticCurvePublicKey) and how == "ecdsa":
        key.verify(signature, covered, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey) and how == "rsassa_pkcs1v15":
        key.verify(signature, covered, padding.PKCS1v15(), digest)
    elif isinstance(key, rsa.RSAPublicKey) and how == "rsassa_pss":
        key.verify(signature, covered, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
    else:
        raise InvalidSignature
