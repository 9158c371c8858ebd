"""The host keys that a person confirmed, and whether the key that a server shows is one of them."""

from __future__ import annotations

import binascii
import re

import asyncssh

from orderflow.domain.errors import ConfigError

# Signature algorithms for host keys by family, best first; ssh-rsa (SHA-1) and DSA are too weak to be asked for.
FAMILIES = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256"),
)
ALL = tuple(name for family in FAMILIES for name in family)
_FINGERPRINT = re.compile(r"(?<![A-Za-z0-9])SHA256:[A-Za-z0-9+/]{43}(?![A-Za-z0-9+/])")


class PinnedKeys:
    """Keys that were accepted for one server.

    Args:
        text: One per line: `ssh-ed25519 AAAA…` (also with a host name before, as `ssh-keyscan` prints it) or
            `SHA256:…`, alone or in a line of `ssh-keygen -lf`; None if none was confirmed yet.

    Raises:
        ConfigError: A line is neither.
    """

    def __init__(self, text: str | None) -> None:
        lines = [
            plain for line in (text or "").splitlines() if (plain := line.strip("\ufeff \t\"'")) and plain[0] != "#"
        ]
        self._fingerprints = {_fingerprint(line) for line in lines if "SHA256:" in line}
        self._keys = [_key(line) for line in lines if "SHA256:" not in line]

    def __bool__(self) -> bool:
        return bool(self._fingerprints or self._keys)

    def match(self, key: asyncssh.SSHKey) -> bool:
        """Return whether this is one of them."""
        return key.get_fingerprint() in self._fingerprints or any(key.public_data == k.public_data for k in self._keys)

    def fingerprints(self) -> list[str]:
        """Return their fingerprints."""
        return sorted({*self._fingerprints, *(key.get_fingerprint() for key in self._keys)})

    def rounds(self) -> list[list[str]]:
        """Return which algorithms to ask for, in turn, until the server shows a key that matches.

        A server with several keys shows the one that was asked for first. A key line tells its kind; for a
        fingerprint each family is tried, so that another of the server's keys is not taken for a changed one.
        """
        pinned = {key.get_algorithm() for key in self._keys}
        first = [name for name in ALL if ("ssh-rsa" if name.startswith("rsa-") else name) in pinned]
        order = [*first, *(name for name in ALL if name not in first)]
        return [order, *(list(family) for family in FAMILIES)] if self._fingerprints else [order]


def _fingerprint(line: str) -> str:
    found = _FINGERPRINT.search(line)
    if found is None:
        raise _unreadable()
    return found[0]


def _key(line: str) -> asyncssh.SSHKey:
    words = line.split()
    start = next((at for at, word in enumerate(words[:2]) if word.startswith(("ssh-", "ecdsa-"))), 0)
    try:
        return asyncssh.import_public_key(" ".join(words[start : start + 2]))
    except (asyncssh.KeyImportError, binascii.Error) as error:
        raise _unreadable() from error


def _unreadable() -> ConfigError:
    return ConfigError(
        "The host key is neither a public key line nor a fingerprint.",
        hint="Use a line such as `ssh-ed25519 AAAA…`, as `ssh-keyscan` prints it, or a fingerprint `SHA256:…`.",
        details={"fields": ["host_key"]},
    )
