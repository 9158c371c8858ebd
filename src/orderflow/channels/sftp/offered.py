"""What a server offers before anything is encrypted: its KEXINIT (RFC 4253, 7.1), read where no handshake succeeds."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from orderflow.channels.sftp.host_keys import ALL
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.errors import NeedsAttentionError
from orderflow.net.addresses import checked_socket

_KEXINIT = 20
_COOKIE = 16
_MOST_LINES = 50
_LONGEST = 35_000
"""Bytes of a packet that every side must take (RFC 4253, 6.1)."""


async def host_key_refusal(target: SFTPTarget) -> NeedsAttentionError | None:
    """Return the error for a server none of whose host keys are taken here; None if that is not it, or unknown."""
    with suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
        offered = await _host_key_algorithms(target)
        if offered and not set(offered) & set(ALL):
            return _refusal(target, offered)
    return None


def _refusal(target: SFTPTarget, offered: list[str]) -> NeedsAttentionError:
    return NeedsAttentionError(
        f"{target.place} shows host keys only as {', '.join(offered)[:200]}, which are too weak to be trusted.",
        code="SSH_INCOMPATIBLE",
        hint="Have the server's SSH software updated, or its HostKeyAlgorithms widened by rsa-sha2-512 or "
        "ssh-ed25519; OrderFlow takes ssh-ed25519, ecdsa-sha2-nistp*, rsa-sha2-512 and rsa-sha2-256.",
    )


async def _host_key_algorithms(target: SFTPTarget) -> list[str]:
    where = await checked_socket(target.host, target.port, target.reach) or {"host": target.host, "port": target.port}
    reader, writer = await asyncio.open_connection(**where)
    try:
        writer.write(b"SSH-2.0-OrderFlow\r\n")
        for _ in range(_MOST_LINES):
            if (await reader.readline()).startswith(b"SSH-"):
                return _second_list(await _packet(reader))
        return []
    finally:
        writer.close()


async def _packet(reader: asyncio.StreamReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(4), "big")
    if not 2 <= size <= _LONGEST:
        raise ValueError("no SSH packet")
    packet = await reader.readexactly(size)
    return packet[1 : size - packet[0]]


def _second_list(payload: bytes) -> list[str]:
    if payload[:1] != bytes([_KEXINIT]):
        return []
    at = 1 + _COOKIE
    at += 4 + int.from_bytes(payload[at : at + 4], "big")
    size = int.from_bytes(payload[at : at + 4], "big")
    names = payload[at + 4 : at + 4 + size].decode("ascii", "replace")
    return [name for name in names.split(",") if name and not name.startswith("ext-info")]
