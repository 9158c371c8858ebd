"""Where an error happened, for a log."""

from __future__ import annotations

import traceback


def frames_of(error: BaseException) -> list[str]:
    """Return where an error happened, without its message: the text of an unknown exception may hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
