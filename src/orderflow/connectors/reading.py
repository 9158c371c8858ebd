"""How answers are read, in a form that a channel can ask: a format, and a connection's settings of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orderflow.domain.answer_files import Answer
from orderflow.formats.format import Format
from orderflow.formats.json_v1 import JsonV1Format


@dataclass(frozen=True, slots=True)
class Reading:
    """How a connection's format reads what comes in: `orderflow.channels.channel.Reader`."""

    format: Format
    settings: Any

    @property
    def largest(self) -> int:
        """How many bytes are read at most."""
        return self.format.largest_answer

    def claims(self, name: str) -> bool:
        """Return whether a file of this name is an answer."""
        return self.format.claims(name)

    def about(self, name: str) -> Sequence[str]:
        """Return which files the name of an answer may mean."""
        return self.format.about(name)

    def __call__(self, name: str, content: bytes) -> Iterable[Answer]:
        """Read an answer."""
        return self.format.read(name, content, self.settings)


JSON_ANSWERS = Reading(JsonV1Format(), None)
"""For connectors that have no format of their own: answers are JSON, with the fields of an answer file."""
