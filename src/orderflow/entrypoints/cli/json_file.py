"""A JSON file that a person names, or what comes in by stdin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from orderflow.domain.errors import InputError
from orderflow.domain.strict_json import NotJSONError, parse


def read_json(file: str) -> Any:
    """Return what a file holds, stdin for `-`. Raises InputError if it cannot be read, or is no JSON."""
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.") from None
    try:
        return parse(text)
    except NotJSONError as error:
        raise InputError(f"The file is no JSON: {error}") from None
