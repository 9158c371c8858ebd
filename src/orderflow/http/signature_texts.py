"""What a signature covers and how it is sent, as texts with named parts in braces.

`orderflow.http.request_signature` says which there are. Nothing is computed in them, and no part is the secret.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from itertools import product
from typing import Literal

Encoding = Literal["text", "hex", "base64"]
Algorithm = Literal["sha256", "sha512", "sha1"]
Output = Literal["hex", "base64"]

LONGEST_TEXT = 2_000
"""Characters of a text, before its parts are filled in."""

MOST_PARTS = 40
"""Of a text."""

DIGESTS = {
    f"body_{algorithm}_{output}": (algorithm, output)
    for algorithm, output in product(("md5", "sha256", "sha512"), ("hex", "base64"))
}
"""By the part's name: a digest of the body, and how it is written."""

OF_THE_REQUEST = ("method", "host", "path", "query", "target")
OF_THE_MOMENT = ("timestamp", "timestamp_ms", "timestamp_iso", "date", "nonce", "message_id")
EVERYWHERE = (*OF_THE_REQUEST, *OF_THE_MOMENT, "key_id", *DIGESTS)
HEADER = "header."
"""How a part begins that is a header of the request."""

_PART = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS = (
    *("connection", "content-encoding", "content-length", "content-type", "expect", "host"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
)
_VARIES = {*OF_THE_REQUEST, *OF_THE_MOMENT, *DIGESTS, "body"} - {"method", "host"}


def pieces_of(text: str) -> list[str]:
    """Return a text cut at its parts: text, a part's name, text, and so on."""
    return _PART.split(text)


def parts_of(text: str) -> list[str]:
    """Return the names of a text's parts, in their order."""
    return _PART.findall(text)


def check_signed(text: str) -> str:
    """Return what is signed, as it is.

    Raises:
        ValueError: It is too long, has a part that there is not, or says the same of every request.
    """
    parts = _checked(text, (*EVERYWHERE, "body"), headers=True)
    if not _VARIES.intersection(parts):
        raise ValueError("must hold {body}, a digest of it, {path} or {timestamp}: it is the same for every request")
    if parts.count("body") > 1:
        raise ValueError("must hold {body} once")
    return text


def check_sent(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that a signature is sent with, as they are.

    Raises:
        ValueError: One cannot be sent, or has a part that there is not; or none has the signature.
    """
    names = [name.lower() for name in headers]
    for name, text in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS or names.count(name.lower()) > 1:
            raise ValueError(f"{name[:100]!r} is no header that may be set here, or is there twice")
        if not (text.isascii() and text.isprintable()) or text != text.strip():
            raise ValueError(f"{name} must be visible ASCII characters, without spaces around them")
        _checked(text, (*EVERYWHERE, "signature"))
    if not any("signature" in parts_of(text) for text in headers.values()):
        raise ValueError("must hold {signature} in one of the headers")
    return dict(headers)


def _checked(text: str, known: tuple[str, ...], *, headers: bool = False) -> list[str]:
    parts = parts_of(text)
    if len(text) > LONGEST_TEXT or len(parts) > MOST_PARTS:
        raise ValueError(f"must have at most {LONGEST_TEXT:,} characters and {MOST_PARTS} parts")
    if {"{", "}"} & set(_PART.sub("", text)):
        raise ValueError("has a brace that belongs to no part")
    for part in parts:
        if part not in known and not (headers and part.startswith(HEADER) and _NAME.fullmatch(part[len(HEADER) :])):
            raise ValueError(f"has no part {{{part[:100]}}}; there are {', '.join(known)}")
    return parts


def key_in(secret: str, encoding: Encoding) -> bytes:
    """Return the bytes of a secret.

    Raises:
        ValueError: It is not written so.
    """
    try:
        match encoding:
            case "hex":
                return bytes.fromhex(secret)
            case "base64":
                return base64.b64decode(secret, validate=True)
            case _:
                return secret.encode()
    except (binascii.Error, ValueError):
        raise ValueError(f"must be written in {encoding}") from None
