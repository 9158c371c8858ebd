"""How answers are read, in a form that a channel can ask: a format, and a connection's settings of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from orderflow.domain.answer_files import Answer, UnreadableError
from orderflow.domain.frames import frames_of
from orderflow.formats.format import Format
from orderflow.formats.json_v1 import JsonV1Format

log = structlog.get_logger(__name__)

OUR_FAULT = (
    "Reading it failed by a fault of OrderFlow's own, which its log tells. Nothing of it was taken: look what it says, "
    "and report the fault."
)


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

    def __call__(self, name: str, content: bytes) -> Sequence[Answer]:
        """Read an answer whole; a format that fails over it does not keep the others from being read.

        Raises:
            UnreadableError: It cannot be understood; or the format fails over it, which is logged.
        """
        try:
            return list(self.format.read(name, content, self.settings))
        except UnreadableError:
            raise
        except Exception as error:  # noqa: BLE001  # a format meets whatever somebody wrote, and may be a plugin's
            log.error(  # noqa: TRY400  # a traceback shows the message, which may hold a secret
                "answer not read", format=self.format.name, error=type(error).__name__, frames=frames_of(error)
            )
            raise UnreadableError(OUR_FAULT) from None


JSON_ANSWERS = Reading(JsonV1Format(), None)
"""For connectors that have no format of their own: answers are JSON, with the fields of an answer file."""
