"""A test that passed in the form counts when the form is saved: what proves it, made by us and for a short while."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any
from uuid import UUID

import msgspec

LIFETIME = 900
"""Seconds."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class TestProofs:
    """Makes and checks proofs.

    Args:
        secret: The same in every process.
    """

    __test__ = False

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"orderflow/test-proof/1\0" + secret.encode()).digest()

    def __repr__(self) -> str:
        return "TestProofs(…)"

    def issue(self, org_id: UUID, connector_type: str, config: dict[str, Any]) -> str:
        """Return the proof that this configuration, with its secrets, has just passed its test."""
        ends = int(time.time()) + LIFETIME
        return f"{ends}.{self._seal(ends, org_id, connector_type, config)}"

    def holds(self, proof: str | None, org_id: UUID, connector_type: str, config: dict[str, Any]) -> bool:
        """Return whether `proof` was issued for this very configuration, and is not too old."""
        ends, _, seal = (proof or "").partition(".")
        if not (ends.isascii() and ends.isdigit() and len(ends) < 12) or int(ends) < time.time():
            return False
        return hmac.compare_digest(seal.encode(), self._seal(int(ends), org_id, connector_type, config).encode())

    def _seal(self, ends: int, org_id: UUID, connector_type: str, config: dict[str, Any]) -> str:
        content = _encode([ends, str(org_id), connector_type, config])
        return hmac.new(self._key, content, hashlib.sha256).hexdigest()
