"""What a file that has the final name already means: it is ours and was published before, or it is somebody else's.

Names of ours are made for one export each. So a file under such a name that holds the same bytes was published
before; one that holds others belongs to somebody else, and is never replaced.
"""

from __future__ import annotations

from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError

COMPARED_AT_MOST = 64 * 1024 * 1024
"""Bytes of a file that are read to be compared."""


def target_exists(place: str, path: str) -> RejectedError:
    """Return the error for a name that somebody else's file has."""
    return RejectedError(
        f"{path} is there already on {place} and holds something else; it was not replaced.",
        code="TARGET_EXISTS",
        hint="Find out whose file it is and move it away, then retry the order.",
    )


def publish_unknown(place: str, path: str, why: str = "") -> InDoubtError:
    """Return the error for a rename of which nobody knows whether it was done."""
    return InDoubtError(f"It is unknown whether {path} was published on {place}{why}.", code="PUBLISH_UNKNOWN")


def written_before(place: str, path: str, ours: bytes, found: object) -> ConnectorError | None:
    """Return what `found` is, where a file of ours is written in place; None: an earlier attempt's beginning of it.

    Args:
        found: What was read, as `FileStore.read` gives it: bytes, None or an error.
    """
    if isinstance(found, bytes):
        return None if ours.startswith(found) else target_exists(place, path)
    return publish_unknown(place, path, ": a file of that name is there, and cannot be compared")


def published_before(place: str, path: str, ours: object, found: object) -> ConnectorError | None:
    """Return what `found` is under the final name, beside `ours` that waits to be published; None: the same.

    Args:
        ours, found: What was read, as `FileStore.read` gives it: bytes, None or an error.
    """
    if isinstance(ours, bytes) and isinstance(found, bytes):
        return None if ours == found else target_exists(place, path)
    return publish_unknown(place, path, ": a file of that name is there, and cannot be compared")
