"""Passwords: Argon2id over an HMAC with the installation's pepper.

The pepper is no part of the database, so a stolen table alone cannot be guessed at.
Parameters: RFC 9106 §4, second recommended option (64 MiB, 3 passes, 4 lanes), which is argon2-cffi's default.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import cached_property
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE = BoundedSemaphore(4)  # each costs 64 MiB while it runs


class Passwords:
    """Hashes and verifies passwords.

    Args:
        pepper: Secret of the installation; a changed one makes every stored hash useless.
    """

    def __init__(self, pepper: str) -> None:
        self._pepper = pepper.encode()
        self._hasher = PasswordHasher()

    def __repr__(self) -> str:
        return "Passwords(…)"

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        with _AT_ONCE:
            return self._hasher.hash(self._peppered(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Return whether `password` is the one of the hash `stored`.

        None, for a user that there is not, takes as long as a wrong password does.
        """
        with _AT_ONCE:
            try:
                self._hasher.verify(stored or self._nobody, self._peppered(password))
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    def outdated(self, stored: str) -> bool:
        """Return whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(self._peppered("nobody"))

    def _peppered(self, password: str) -> bytes:
        return base64.b64encode(hmac.digest(self._pepper, password.encode("utf-8", "surrogatepass"), hashlib.sha256))
