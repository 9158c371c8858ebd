"""What a partner signed about a delivery, kept as it came, so that it can be shown to others."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Proof:
    """A receipt.

    Attributes:
        message_id: Of the message that it is about.
        says: Its own words, as `processed`.
        refused: It says, and is surely the partner's, that nothing was done with the message, which is never sent again
            under that id.
        content: As it came, with the head that says what it is.
    """

    message_id: str
    says: str
    refused: bool
    content: bytes = field(repr=False)
