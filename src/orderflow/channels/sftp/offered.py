"""What a server offers before anything is encrypted: its KEXINIT (RFC 4253, 7.1), read where no handshake succeeds.

The library's own error names both sides' lists if it is the first to see that they have nothing in common; a server
that sees it first only hangs up. So the lists are compared here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from asyncssh.encryption import get_default_encryption_algs, get_encryption_params
from asyncssh.kex import get_default_kex_algs
from asyncssh.mac import get_default_mac_algs

from orderflow.channels.sftp.host_keys import ALL
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.errors import NeedsAttentionError
from orderflow.net.addresses import checked_socket

_KEXINIT = 20
_COOKIE = 16
_MOST_LINES = 50
_LONGEST = 35_000
"""Bytes of a packet that every side must take (RFC 4253, 6.1)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that both sides must agree on.

    Attributes:
        does: What the server does with it.
        setting: Its name in sshd_config(5).
        ours: What is taken here.
        safe: What to widen the setting by.
    """

    does: str
    setting: str
    ours: frozenset[str]
    safe: str


def _names(algorithms: Sequence[bytes]) -> frozenset[str]:
    return frozenset(name.decode() for name in algorithms)


KEX_ALGORITHMS = [
    name
    for algorithm in get_default_kex_algs()
    if not (name := algorithm.decode()).startswith(("gss-", "rsa", "diffie-hellman-group-exchange-"))
]
"""How keys are exchanged here: by numbers that are known to both. A server that may choose them, before anybody knows
who it is, chooses such as take hours to be tested for primes."""

KEY_EXCHANGE = Choice(
    "exchanges keys only by",
    "KexAlgorithms",
    frozenset(KEX_ALGORITHMS),
    "curve25519-sha256 or diffie-hellman-group14-sha256",
)
HOST_KEYS = Choice("shows host keys only as", "HostKeyAlgorithms", frozenset(ALL), "rsa-sha2-512 or ssh-ed25519")
CIPHERS = Choice(
    "encrypts only by", "Ciphers", _names(get_default_encryption_algs()), "aes128-gcm@openssh.com or aes256-ctr"
)
MACS = Choice("seals what it sends only by", "MACs", _names(get_default_mac_algs()), "hmac-sha2-256")
_SEALED = frozenset(name for name in CIPHERS.ours if get_encryption_params(name.encode())[-1])
"""Ciphers that need no MAC beside them."""


async def refusal(target: SFTPTarget) -> NeedsAttentionError | None:
    """Return the error for a server with which nothing can be agreed on; None if that is not it, or unknown."""
    with suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
        offered = await _offered(target)
        for choice, names in _to_agree_on(offered):
            if names and not set(names) & choice.ours:
                return _refusal(target, choice, names)
    return None


def _to_agree_on(offered: list[list[str]]) -> list[tuple[Choice, list[str]]]:
    """Return each choice with what the server offers; both directions for ciphers and MACs."""
    exchange, host_keys, *ciphers_and_macs = offered[:6]
    ciphers, macs = ciphers_and_macs[:2], ciphers_and_macs[2:]
    needs_mac = any(not set(names) & _SEALED for names in ciphers)
    return [
        (KEY_EXCHANGE, exchange),
        (HOST_KEYS, host_keys),
        *((CIPHERS, names) for names in ciphers),
        *((MACS, names) for names in macs if needs_mac),
    ]


def _refusal(target: SFTPTarget, choice: Choice, names: list[str]) -> NeedsAttentionError:
    return NeedsAttentionError(
        f"{target.place} {choice.does} {', '.join(names)[:200]}, and OrderFlow takes none of these.",
        code="SSH_INCOMPATIBLE",
        hint=f"The server is very old or very strict: have its SSH software updated, or its {choice.setting} widened "
        f"by {choice.safe}.",
    )


async def _offered(target: SFTPTarget) -> list[list[str]]:
    reader, writer = await asyncio.open_connection(sock=await checked_socket(target.host, target.port, target.reach))
    try:
        writer.write(b"SSH-2.0-OrderFlow\r\n")
        for _ in range(_MOST_LINES):
            if (await reader.readline()).startswith(b"SSH-"):
                return _lists(await _packet(reader))
        raise ValueError("no greeting of SSH")
    finally:
        writer.close()


async def _packet(reader: asyncio.StreamReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(4), "big")
    if not 2 <= size <= _LONGEST:
        raise ValueError("no SSH packet")
    packet = await reader.readexactly(size)
    return packet[1 : size - packet[0]]


def _lists(payload: bytes) -> list[list[str]]:
    """Return the first six lists of names; raises ValueError if there are none."""
    if payload[:1] != bytes([_KEXINIT]):
        raise ValueError("no KEXINIT")
    lists, at = [], 1 + _COOKIE
    for _ in range(6):
        size = int.from_bytes(payload[at : at + 4], "big")
        names = payload[at + 4 : at + 4 + size].decode("ascii", "replace").split(",")
        lists.append([name for name in names if name and not name.startswith(("ext-info", "kex-strict"))])
        at += 4 + size
    return lists
