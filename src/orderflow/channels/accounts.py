"""Who is signed in where: what servers count sessions by, and what we share them by."""

from __future__ import annotations

import hashlib
import secrets

_KEY = secrets.token_bytes(32)

Account = tuple[str, int, str, bytes]
"""Host, port, user, and a digest of what signs in, which only this process can make."""


def account(host: str, port: int, user: str, *signs_in: str | None) -> Account:
    """Return an account: who only names another's, without its password or key, takes none of its sessions."""
    text = repr(signs_in).encode("utf-8", "surrogatepass")
    return host, port, user, hashlib.blake2b(text, key=_KEY).digest()
