"""What is wrong with a message, in the words that AS2 has for it."""

from __future__ import annotations


class Fault(Exception):  # noqa: N818  # what it is of a message; it is told as a receipt, not raised to a caller
    """A message cannot be taken.

    Args:
        modifier: What a receipt's disposition says of it. Source: RFC 4130, section 7.5.
        reason: One sentence for a person; no content, no secret.
        failure: Whether the message is none that we understand, rather than one that is wrong.
    """

    def __init__(self, modifier: str, reason: str, *, failure: bool = False) -> None:
        super().__init__(reason)
        self.modifier, self.reason, self.failure = modifier, reason, failure


def unsupported(reason: str) -> Fault:
    """Return the fault of a message in a form that is not read here."""
    return Fault("unsupported format", reason, failure=True)
