"""What is wrong with something that a person wrote, each fault with its place, told all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orderflow.domain.errors import InputError

MOST_FAULTS = 50
"""That are told at a time."""

LONGEST_QUOTE = 200
"""Characters."""


@dataclass(slots=True)
class Faults:
    """The faults found so far, as an error's `details["fields"]` lists them."""

    found: list[dict[str, str]] = field(default_factory=list)

    def add(self, place: str, message: str) -> None:
        """Note what is wrong at a place."""
        if len(self.found) < MOST_FAULTS:
            self.found.append({"field": place, "message": message})

    def refuse(self, what: str, code: str) -> None:
        """Raise InputError if anything is wrong; `what`, a plural, cannot be used then."""
        if not self.found:
            return
        listed = "; ".join(f"{one['field']}: {one['message']}" for one in self.found[:5])
        raise InputError(
            f"The {what} cannot be used: {listed}.",
            code=code,
            hint="Correct what is named; nothing was saved.",
            details={"fields": self.found},
        )

    def has_only(self, given: Any, place: str, names: Sequence[str]) -> bool:
        """Return whether something is an object with no other names than these; what is wrong is noted."""
        if not isinstance(given, Mapping):
            self.add(place, "must be an object")
            return False
        unknown = [str(name) for name in given if name not in names]
        for name in unknown:
            self.add(f"{place}.{name[:LONGEST_QUOTE]}", f"is not known here; there are {', '.join(names)}")
        return not unknown


def quoted(given: Any) -> str:
    """Return what was given as a fault shows it."""
    if isinstance(given, str):
        return repr(given[:LONGEST_QUOTE])
    return "there is none" if given is None else "it is no text"
