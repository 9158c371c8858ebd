"""What a connection's settings hold that proves who somebody is: certificates in PEM, and host keys of SSH.

A field of a form says by `holds` in its schema whose it holds, so that all of an organization's can be shown and
watched without knowing connectors.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from orderflow.net.private_keys import mended, public_key


class Holder(StrEnum):
    """Whose certificates or keys a field of a form holds."""

    OURS = "OURS"  # several at a time, of which the first that counts now is used
    PARTNER = "PARTNER"  # likewise
    CLIENT = "CLIENT"  # ours for TLS or a sign-in, with the chain that vouches for it behind it
    AUTHORITY = "AUTHORITY"  # trusted, each of them
    SERVER = "SERVER"  # host keys, which do not end


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate, or a host key; what a host key does not say is None.

    Attributes:
        fingerprint: SHA-256, as it is compared: of a certificate in hexadecimal, of a host key as SSH shows it.
        algorithm: Of its key, as `RSA 3072`.
    """

    name: str | None = None
    issuer: str | None = None
    serial: str | None = None
    fingerprint: str | None = None
    algorithm: str | None = None
    begins: datetime | None = None
    ends: datetime | None = None

    def counts(self, now: datetime) -> bool:
        """Return whether it may be used at that moment."""
        return (self.begins is None or self.begins <= now) and (self.ends is None or now <= self.ends)


@dataclass(frozen=True, slots=True)
class Held:
    """What one field of a configuration holds; nothing that could be read if `known` is empty."""

    field: str
    title: str
    holder: Holder
    known: list[Certificate]

    @property
    def ends(self) -> datetime | None:
        """When none is left; None: never, or nobody knows."""
        ends = [one.ends for one in self.known if one.ends is not None]
        if not ends:
            return None
        return min(ends) if self.holder is Holder.CLIENT else max(ends)  # a chain is as good as its weakest part

    def in_use(self, now: datetime) -> list[Certificate]:
        """Return those that are used at that moment."""
        counting = [one for one in self.known if one.counts(now)]
        return counting[:1] if self.holder in {Holder.OURS, Holder.PARTNER} else counting


def held(schema: dict[str, Any], config: dict[str, Any]) -> Iterator[Held]:
    """Yield what a configuration holds, in the order of its form.

    Args:
        schema: The form's JSON Schema.
        config: The configuration; its secrets are not looked at.
    """
    fields = schema.get("properties", {})
    for name, field in fields.items():
        text = config.get(name)
        if "holds" in field and isinstance(text, str) and text.strip() and _applies(field, fields, config):
            holder = Holder(field["holds"])
            read = host_keys if holder is Holder.SERVER else certificates
            yield Held(name, field.get("title", name), holder, read(text))


def last_end(schema: dict[str, Any], config: dict[str, Any]) -> datetime | None:
    """Return when the first of the fields has no certificate left; None: there are none that end."""
    return min((one.ends for one in held(schema, config) if one.ends is not None), default=None)


def _applies(field: dict[str, Any], fields: dict[str, Any], config: dict[str, Any]) -> bool:
    wanted = field.get("show_when", {}).items()
    return all(config.get(name, fields.get(name, {}).get("default")) in values for name, values in wanted)


def certificates(text: str) -> list[Certificate]:
    """Read certificates in PEM, one after the other; none where the text is something else."""
    from cryptography import x509  # few connections have one

    try:
        return [_known(one) for one in x509.load_pem_x509_certificates(mended(text).encode())]
    except ValueError:
        return []


def _known(one: Any) -> Certificate:
    return Certificate(
        name=one.subject.rfc4514_string(),
        issuer=one.issuer.rfc4514_string(),
        serial=f"{one.serial_number:X}",
        fingerprint=hashlib.sha256(one.public_bytes(_der())).digest().hex(":").upper(),
        algorithm=_algorithm(one),
        begins=one.not_valid_before_utc,
        ends=one.not_valid_after_utc,
    )


def _der() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def _algorithm(one: Any) -> str | None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    try:
        key = public_key(one)
    except ValueError:
        return None
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return f"EC {key.curve.name}" if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__.strip("_")


def host_keys(text: str) -> list[Certificate]:
    """Read host keys, one per line: `ssh-ed25519 AAAA…`, also behind a host's name, or `SHA256:…` (RFC 4253, 4716)."""
    lines = (line.strip() for line in text.splitlines())
    found = (_host_key(line.split()) for line in lines if line and not line.startswith("#"))
    return [one for one in found if one is not None]


def _host_key(words: list[str]) -> Certificate | None:
    if named := next((word for word in words if word.startswith("SHA256:")), None):
        return Certificate(fingerprint=named)
    for kind, key in pairwise(words):
        if kind.startswith(("ssh-", "ecdsa-")):
            return Certificate(fingerprint=_fingerprint(key), algorithm=kind)
    return None


def _fingerprint(key: str) -> str | None:
    try:
        digest = hashlib.sha256(base64.b64decode(key, validate=True)).digest()
    except binascii.Error:
        return None
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
