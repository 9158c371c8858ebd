"""Certificates and keys of the two sides. Both may have several at a time, so that one can take over from another."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from orderflow.net.private_keys import KindError, WorkFactorError, mended, open_key, public_key

MOST = 8
"""Certificates that a side may have."""

LEAST_BITS = 2048
"""Of an RSA key."""

_BEGIN_KEY = "-----BEGIN "
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Certificate:
    """A side's certificate, with what messages name it by."""

    x509: x509.Certificate
    issuer: bytes = field(repr=False)
    serial: int
    key_id: bytes = field(repr=False)
    begins: dt.datetime
    ends: dt.datetime

    @property
    def fingerprint(self) -> str:
        """Its SHA-256, as two partners compare it over the telephone."""
        return hashlib.sha256(self.x509.public_bytes(Encoding.DER)).digest().hex(":").upper()

    @property
    def name(self) -> str:
        """Whom it names."""
        return self.x509.subject.rfc4514_string()

    def valid(self, now: dt.datetime) -> bool:
        """Return whether it counts at that moment."""
        return self.begins <= now <= self.ends

    def meant_by(self, identifier: Any) -> bool:
        """Return whether a message means this one; `identifier` is asn1crypto's of a signer or a recipient."""
        if identifier.name == "issuer_and_serial_number":
            named = identifier.chosen
            return bool(named["serial_number"].native == self.serial and named["issuer"].dump() == self.issuer)
        return bool(identifier.chosen.native == self.key_id)


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate of ours, with its key."""

    certificate: Certificate
    key: PrivateKey = field(repr=False)


def certificates(text: str) -> list[Certificate]:
    """Read certificates in PEM, one after the other. Raises ValueError, whose message is for a person."""
    try:
        found = x509.load_pem_x509_certificates(mended(text).encode())
    except ValueError:
        raise ValueError("must be certificates in PEM: -----BEGIN CERTIFICATE-----") from None
    if len(found) > MOST:
        raise ValueError(f"has more than {MOST} certificates")
    return [_known(one) for one in found]


def identities(keys: str, theirs: Sequence[Certificate]) -> list[Identity]:
    """Return our certificates with their keys, in the certificates' order. Raises ValueError, for a person."""
    by_public = {_public(key): key for key in _keys(keys)}
    found = [Identity(one, by_public[public]) for one in theirs if (public := _public(one.x509)) in by_public]
    if len(found) < len(theirs):
        raise ValueError("lacks the private key of one of the certificates")
    return found


def first_valid(known: Sequence[Certificate], now: dt.datetime) -> Certificate | None:
    """Return the first that counts now: the order in which they are given is the order of preference."""
    return next((one for one in known if one.valid(now)), None)


def _known(one: x509.Certificate) -> Certificate:
    key = _checked(_public_key(one))
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_BITS:
        raise ValueError(f"has a key of {key.key_size} bits; at least {LEAST_BITS} are asked for")
    return Certificate(
        x509=one,
        issuer=one.issuer.public_bytes(),
        serial=one.serial_number,
        key_id=_key_id(one),
        begins=one.not_valid_before_utc,
        ends=one.not_valid_after_utc,
    )


def _public_key(one: x509.Certificate) -> object:
    try:
        return public_key(one)
    except WorkFactorError as error:
        raise ValueError(f"cannot be used: {error}") from None
    except KindError:
        return None


def _key_id(one: x509.Certificate) -> bytes:
    try:
        return one.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return x509.SubjectKeyIdentifier.from_public_key(one.public_key()).digest


def _checked(key: object) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise ValueError("has a key that is neither RSA nor on an elliptic curve")  # noqa: TRY004  # of a form's field
    return key


def _keys(text: str) -> list[PrivateKey]:
    blocks = [_BEGIN_KEY + block for block in mended(text).split(_BEGIN_KEY)[1:] if "PRIVATE KEY-----" in block]
    if not blocks:
        raise ValueError("must be private keys in PEM: -----BEGIN PRIVATE KEY-----")
    if len(blocks) > MOST:
        raise ValueError(f"has more than {MOST} keys")
    return [_key(block) for block in blocks]


def _key(block: str) -> PrivateKey:
    try:
        key = open_key(block)
    except TypeError:
        raise ValueError("has a key with a passphrase; take it off, it is stored encrypted here") from None
    except WorkFactorError as error:
        raise ValueError(f"cannot be used: {error}") from None
    except ValueError:
        raise ValueError("has a private key that cannot be read") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError("has a key that is neither RSA nor on an elliptic curve")  # noqa: TRY004  # as above
    return key


def _public(one: x509.Certificate | PrivateKey) -> bytes:
    return one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
