"""Signatures as https://www.standardwebhooks.com describes them (version 1, symmetric)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

SECRET_PREFIX = "whsec_"  # noqa: S105  # what every secret begins with, no secret


def webhook_key(secret: str) -> bytes:
    """Return the key in a secret such as `whsec_C2FtcGxl…`.

    Raises:
        ValueError: It is not base64 of 24 to 64 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise ValueError("must be whsec_ and base64 of 24 to 64 random bytes")
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return what goes into the header `webhook-signature`."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


TOLERANCE = 300.0
"""Seconds by which a message's time may differ from ours."""


def is_recent(timestamp: str, now: float) -> bool:
    """Return whether the header `webhook-timestamp`, as it came, is a time not further from `now` than `TOLERANCE`.

    Args:
        now: Seconds since 1970.
    """
    plain = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    return plain and abs(now - int(timestamp)) <= TOLERANCE


def is_signed(key: bytes, message_id: str, timestamp: str, signatures: str, body: bytes, now: float) -> bool:
    """Return whether a message was signed with `key`, by its headers, and lately.

    Args:
        timestamp, signatures: The headers `webhook-timestamp` and `webhook-signature`, as they came; of several
            signatures, with spaces between, one is enough.
        now: Seconds since 1970.
    """
    if not is_recent(timestamp, now):
        return False
    wanted = signature(key, message_id, int(timestamp), body).encode()
    return any(hmac.compare_digest(wanted, given.encode()) for given in signatures.split(" ")[:10])
