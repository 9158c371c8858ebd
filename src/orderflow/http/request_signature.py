"""A signature (HMAC, RFC 2104) of each request, over whatever the API's own description says.

What is signed and what is sent are texts with named parts in braces: signed is `{timestamp}.{body}`, for instance, and
sent are `X-Timestamp: {timestamp}` and `X-Signature: sha256={signature}`.

| part | what stands for it |
|---|---|
| `{method}`, `{host}`, `{path}`, `{query}` | as they are sent; the host with its port where that is an unusual one |
| `{target}` | the path, with `?` and the query if there is one |
| `{timestamp}`, `{timestamp_ms}` | when it is signed, in seconds or milliseconds since 1970 |
| `{timestamp_iso}`, `{date}` | the same as `2026-01-31T09:00:00Z`, and as a header `Date` has it |
| `{nonce}` | 32 hexadecimal digits, others for each request |
| `{message_id}` | the same for every attempt at the same thing; a nonce where there is none |
| `{key_id}` | which key it is |
| `{body_sha256_hex}`, … | a digest of the body: md5, sha256 or sha512, in hex or base64 |
| `{body}`, `{header.NAME}` | in what is signed: the body; a header of the request, empty if it has none |
| `{signature}` | in what is sent |
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import uuid4

import httpx

from orderflow.http.sign_in import Outgoing, SignIn, Way
from orderflow.http.signature_texts import (
    DIGESTS,
    HEADER,
    Algorithm,
    Encoding,
    Output,
    check_sent,
    check_signed,
    key_in,
    parts_of,
    pieces_of,
)


class RequestSignature(SignIn):
    """A signature of each request.

    Args:
        secret: As the API's owner gave it out.
        signed: What is signed, as the module says.
        headers: What is sent, likewise.
        encoding: How the secret is written: what is signed with are its bytes.
        algorithm: sha1 is weak: for an API that knows nothing better.
        output: How the signature is written.
        key_id: What `{key_id}` stands for.

    Raises:
        ValueError: The secret is not written so, or a text has a part that there is not.
    """

    def __init__(
        self,
        secret: str,
        signed: str,
        headers: Mapping[str, str],
        *,
        encoding: Encoding = "text",
        algorithm: Algorithm = "sha256",
        output: Output = "hex",
        key_id: str = "",
    ) -> None:
        self._secret, self._key = secret, key_in(secret, encoding)
        self._signed, self._headers = check_signed(signed), check_sent(headers)
        self._algorithm, self._output, self._key_id = algorithm, output, key_id

    def sign(self, outgoing: Outgoing, way: Way) -> Outgoing:
        """Add the headers."""
        return self.signed(outgoing, time.time(), uuid4().hex)

    def signed(self, outgoing: Outgoing, moment: float, nonce: str) -> Outgoing:
        """Return a request with its headers, signed at a moment, in seconds since 1970."""
        parts = self._parts(outgoing, moment, nonce)
        plain = {name: text for name, text in self._headers.items() if "signature" not in parts_of(text)}
        for name, text in plain.items():
            outgoing = outgoing.with_header(name, _filled(text, parts).decode())
        covered = _filled(self._signed, parts | _covered(outgoing, self._signed))
        parts["signature"] = _written(hmac.digest(self._key, covered, self._algorithm), self._output).encode()
        for name in self._headers.keys() - plain.keys():
            outgoing = outgoing.with_header(name, _filled(self._headers[name], parts).decode())
        return outgoing

    def secrets(self) -> list[str]:
        """Return the secret, as it was given out and as it is used."""
        used = self._key.decode("utf-8", "ignore")
        return [self._secret, self._key.hex(), base64.b64encode(self._key).decode(), *([used] if used else [])]

    def _parts(self, outgoing: Outgoing, moment: float, nonce: str) -> dict[str, bytes]:
        url, at = httpx.URL(outgoing.url), datetime.fromtimestamp(moment, UTC)
        path, _, query = url.raw_path.decode().partition("?")
        texts = {
            "method": outgoing.method,
            "host": url.netloc.decode(),
            "path": path,
            "query": query,
            "target": url.raw_path.decode(),
            "timestamp": str(int(moment)),
            "timestamp_ms": str(int(moment * 1000)),
            "timestamp_iso": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "date": format_datetime(at, usegmt=True),
            "nonce": nonce,
            "message_id": outgoing.message_id or nonce,
            "key_id": self._key_id,
        }
        asked = {*parts_of(self._signed), *(part for text in self._headers.values() for part in parts_of(text))}
        digests = {name: _digest(outgoing.content, *DIGESTS[name]) for name in asked & DIGESTS.keys()}
        return {name: text.encode() for name, text in (texts | digests).items()}


def _covered(outgoing: Outgoing, signed: str) -> dict[str, bytes]:
    """Return the parts that only what is signed may have."""
    given = {name.lower(): value for name, value in outgoing.headers.items()}
    named = [part for part in parts_of(signed) if part.startswith(HEADER)]
    return {part: given.get(part[len(HEADER) :].lower(), "").encode() for part in named} | {"body": outgoing.content}


def _filled(text: str, parts: Mapping[str, bytes]) -> bytes:
    pieces = pieces_of(text)
    return b"".join(parts[piece] if at % 2 else piece.encode() for at, piece in enumerate(pieces))


def _digest(content: bytes, algorithm: str, output: str) -> str:
    return _written(hashlib.new(algorithm, content, usedforsecurity=False).digest(), output)


def _written(digest: bytes, output: str) -> str:
    return digest.hex() if output == "hex" else base64.b64encode(digest).decode()
