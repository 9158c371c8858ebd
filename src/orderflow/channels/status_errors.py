"""What the server said about a file, as an error for a person."""

from __future__ import annotations

import re

from orderflow.channels.sftp.protocol import Code, StatusError
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.errors import (
    ConnectorError,
    LeaseEndingError,
    NeedsAttentionError,
    TransientError,
    UnavailableError,
)

_FULL = re.compile(r"no space|quota|disk.{0,200}full|full disk", re.IGNORECASE)
_NO_SPACE = frozenset({Code.NO_SPACE, Code.QUOTA_EXCEEDED})
_NOT_ALLOWED = frozenset({Code.PERMISSION_DENIED, Code.WRITE_PROTECT})
_DOWN = frozenset({Code.NO_CONNECTION, Code.CONNECTION_LOST, Code.NO_MEDIA})


def status_error(target: SFTPTarget, path: str, status: StatusError) -> ConnectorError:
    """Return our counterpart of a status; `path` is the file concerned, whose folder may be what is missing."""
    if status.missing:
        return folder_missing(target, path.rpartition("/")[0] or "/")
    if status.code in _NOT_ALLOWED:
        return NeedsAttentionError(
            f"{target.username} may not do this on {target.place}: {path} ({_said(status)}).",
            code="PERMISSION_DENIED",
            hint="Have the account's rights on this folder corrected on the server, then test the connection.",
        )
    if status.code in _NO_SPACE or _FULL.search(status.words):
        return disk_full(target, path)
    if status.code in _DOWN:
        return UnavailableError(f"{target.place} lost its storage: {_said(status)}.", code="CONNECTION_LOST")
    return TransientError(f"{target.place} could not do this: {path} ({_said(status)}).", code="SFTP_FAILURE")


def _said(status: StatusError) -> str:
    return f"status {status.code}: {status.words.rstrip('.')}" if status.words else f"status {status.code}"


def folder_missing(target: SFTPTarget, folder: str) -> NeedsAttentionError:
    """Return the error for a folder that is not there."""
    return NeedsAttentionError(
        f"The folder {folder} does not exist on {target.place}.",
        code="FOLDER_MISSING",
        hint="Create the folder on the server, or correct the path in the connection, then test the connection.",
    )


def changed_meanwhile(target: SFTPTarget, folder: str) -> TransientError:
    """Return the error for a folder whose files went while it was listed."""
    return TransientError(f"{folder} changed on {target.place} while it was listed.", code="FOLDER_CHANGED")


def disk_full(target: SFTPTarget, path: str) -> NeedsAttentionError:
    """Return the error for a server without room."""
    return NeedsAttentionError(
        f"{target.place} has no room left for {path}.",
        code="DISK_FULL",
        hint="Free some space or raise the quota on the server, then test the connection.",
    )


def wrong_size(path: str, found: int, expected: int) -> TransientError:
    """Return the error for a file that did not arrive whole."""
    return TransientError(f"{path} has {found} bytes on the server instead of {expected}.", code="SIZE_MISMATCH")


def too_large(path: str, limit: int) -> NeedsAttentionError:
    """Return the error for a file that is larger than any that we expect."""
    return NeedsAttentionError(
        f"{path} has more than {limit} bytes and was not read.",
        code="FILE_TOO_LARGE",
        hint="Look at the file; if it does not belong there, move it away.",
    )


def lease_ending(path: str) -> TransientError:
    """Return the error for a file that was left out because too little of its lease was left."""
    return LeaseEndingError(f"There was too little time left to begin with {path}.")
