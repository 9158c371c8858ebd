"""A key and a certificate of one's own, as partners exchange them: nobody vouches, the fingerprint is compared."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

BITS = 3072
DAYS = 3 * 365


@dataclass(frozen=True, slots=True)
class NewKeys:
    """In PEM: the key stays here, the certificate goes to the partner."""

    key: str = field(repr=False)
    certificate: str


def new_keys(name: str, now: dt.datetime, *, days: int = DAYS, bits: int = BITS) -> NewKeys:
    """Return a new RSA key and a certificate signed by itself.

    Args:
        name: Whom it names, as our AS2 name.
        days: For which it counts, from now on; an hour earlier, since clocks differ.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return NewKeys(private.decode(), certificate.public_bytes(Encoding.PEM).decode())
