"""How much is read from a server, and how long a transfer may take. All ends are absolute."""

from __future__ import annotations

from orderflow.domain.errors import NeedsAttentionError

BYTES_PER_SECOND = 16 * 1024
"""What a line must carry at least: a transfer has its time to answer, and a second more for every 16 KiB."""

MOST_NAMES = 200_000
"""Names of a folder that are read; a listing that is longer, or never ends, is an error."""

MOST_NAME_BYTES = 64 * 1024 * 1024
"""Bytes of a listing that are read."""


def seconds_for(timeout: float, size: int) -> float:
    """Return the seconds that a transfer of `size` bytes may take at a server that has `timeout` seconds to answer."""
    return timeout + size / BYTES_PER_SECOND


def too_many_names(place: str, folder: str) -> NeedsAttentionError:
    """Return the error for a folder that holds more than is read."""
    return NeedsAttentionError(
        f"{folder} on {place} holds more than {MOST_NAMES:,} files, or its list never ended; it was not read.",
        code="FOLDER_TOO_FULL",
        hint="Have old files moved out of this folder.",
    )
