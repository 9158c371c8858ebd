"""Values of the types that are declared for them."""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_learned: set[Any] = set()
_learning = Lock()


def typed(value: Any, kind: type[T]) -> T:
    """Return plain data as `kind`, which may be a dataclass, a struct, or a list of such.

    msgspec learns a type when it first meets it. Two threads that had it learn dataclasses at once have ended the
    process by a segmentation fault, so each type is met first by one of them alone.

    Raises:
        msgspec.ValidationError: The value is not of this kind.
    """
    if kind in _learned:
        return msgspec.convert(value, kind)  # noqa: TID251  # learned
    with _learning:
        try:
            return msgspec.convert(value, kind)  # noqa: TID251  # by one thread alone
        finally:
            _learned.add(kind)
