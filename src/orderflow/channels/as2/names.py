"""How AS2 writes who somebody is, and which message is meant."""

from __future__ import annotations

import re
from typing import Literal
from uuid import UUID

from orderflow.channels.as2.mime import quoted

CipherName = Literal["aes128-cbc", "aes192-cbc", "aes256-cbc", "aes128-gcm", "aes192-gcm", "aes256-gcm"]
"""How messages may be encrypted."""

NAME = r"[!-~]([ -~]{0,126}[!-~])?"
"""An AS2 name: 1 to 128 visible characters of ASCII; spaces within. Source: RFC 4130, section 6.2."""

_NEEDS_QUOTES = re.compile(r'[ "\\]')
_MESSAGE_ID = re.compile(r"<?([^\s<>]{1,998})>?")


def written_name(name: str) -> str:
    """Return a name as it stands in a header."""
    return quoted(name) if _NEEDS_QUOTES.search(name) else name


def read_name(header: str) -> str:
    """Return the name that a header holds."""
    text = header.strip()
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def read_message_id(header: str) -> str | None:
    """Return a Message-ID without its brackets; None if it is none. Source: RFC 4130, section 5.3.3."""
    found = _MESSAGE_ID.fullmatch(header.strip())
    return found[1] if found else None


def own_message_id(export_id: UUID, refusals: int) -> str:
    """Return the id of a delivery's message: the same on each attempt, and another once it was refused."""
    return f"{export_id}.{refusals}@orderflow-connect"
