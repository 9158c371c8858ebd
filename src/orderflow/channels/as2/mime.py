"""MIME entities (RFC 2045, 2046) as AS2 uses them: a head, and bytes that stay exactly as they came.

Signatures and checks cover those bytes. So nothing is parsed into a tree and written anew.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from orderflow.channels.as2.faults import unsupported

LONGEST_HEAD = 16 * 1024
"""Bytes of an entity's head that are read."""

MOST_HEADERS = 100
MOST_PARTS = 8
"""Of a multipart; a signed message has two, a receipt three."""

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LINE_BREAK = re.compile(rb"\r?\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_PARAMETER = re.compile(r""";\s*([\w!#$%&'*+.^`|~-]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s"]*)""", re.ASCII)
_BOUNDARY = re.compile(r"[\w'()+,./:=? -]{1,70}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Media:
    """A `Content-Type` or `Content-Disposition`: its value in small letters, and its parameters by name."""

    value: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Entity:
    """A head and a body.

    Attributes:
        headers: By name, in small letters.
        body: As it came, so still in its transfer encoding.
        raw: All of it as it came; that of a whole HTTP message is its body alone.
    """

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    raw: bytes = field(repr=False)

    @cached_property
    def media(self) -> Media:
        """Its `Content-Type`; text/plain where it names none."""
        return media(self.headers.get("content-type", "text/plain"))

    @cached_property
    def content(self) -> bytes:
        """The body without its transfer encoding. Raises Fault: it is in none that there is."""
        encoding = self.headers.get("content-transfer-encoding", "binary").strip().lower()
        try:
            return _decoded(self.body, encoding)
        except (binascii.Error, ValueError):
            raise unsupported(f"The message says that it is in {encoding[:40]}, and is not.") from None

    @property
    def filename(self) -> str | None:
        """The name that its sender gave it, without a path; None if there is none that can be used."""
        disposition = media(self.headers.get("content-disposition", ""))
        given = disposition.parameters.get("filename") or self.media.parameters.get("name") or ""
        name = re.split(r"[/\\]", given)[-1].strip(" .")
        return name if name and name.isprintable() and len(name.encode()) <= 200 else None


def parse(raw: bytes) -> Entity:
    """Read an entity. Raises Fault: its head never ends, or is none."""
    if raw.startswith((b"\r\n", b"\n")):
        body = raw[2:] if raw.startswith(b"\r") else raw[1:]
        return Entity({}, body, raw)
    end = _BLANK_LINE.search(raw, 0, LONGEST_HEAD)
    if end is None:
        raise unsupported("A part of the message has no head, or one that is too long.")
    return Entity(_headers(raw[: end.start()]), raw[end.end() :], raw)


def whole(headers: Iterable[tuple[str, str]], body: bytes) -> Entity:
    """Return the entity that an HTTP message is. Raises Fault: a header that counts is there twice."""
    return Entity(_once((name.lower(), value) for name, value in headers), body, body)


def media(text: str) -> Media:
    """Read a value with parameters. Source: RFC 2045, section 5.1."""
    value = text.partition(";")[0].strip().lower()
    found = _PARAMETER.findall(text[: LONGEST_HEAD // 4])
    return Media(value, {name.lower(): _unquoted(given) for name, given in found})


def parts(entity: Entity) -> list[bytes]:
    """Return the parts of a multipart as they came. Raises Fault: it is none, or breaks off."""
    boundary = entity.media.parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise unsupported("A part of the message consists of several, and does not say where they end.")
    return _split(entity.body, b"--" + boundary.encode())


def _split(body: bytes, mark: bytes) -> list[bytes]:
    """Part a body at the lines that are `mark`; the line break before such a line belongs to it."""
    found: list[bytes] = []
    for piece in (b"\n" + body).split(b"\n" + mark, MOST_PARTS + 2)[1:]:
        rest, _, content = piece.partition(b"\n")
        if rest.strip() not in (b"", b"--"):  # the mark of a part within, which is only longer
            if not found:
                break
            found[-1] += b"\n" + mark + piece
            continue
        if rest.startswith(b"--"):
            return [part.removesuffix(b"\r") for part in found]
        found.append(content)
    raise unsupported("A part of the message consists of several, and breaks off, or has too many.")


def written(headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """Return an entity as it travels."""
    return head(headers) + b"\r\n" + body


def head(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return headers as they travel; what is no ASCII in them is left out as `?`."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii", "replace")


def multipart(boundary: str, entities: Iterable[bytes]) -> bytes:
    """Return the body of a multipart."""
    mark = b"--" + boundary.encode()
    return b"".join(mark + b"\r\n" + entity + b"\r\n" for entity in entities) + mark + b"--\r\n"


def canonical(content: bytes) -> bytes:
    """Return an entity with CRLF as its line breaks."""
    return _LINE_BREAK.sub(b"\r\n", content)


def quoted(text: str) -> str:
    """Return a parameter's value in quotation marks."""
    plain = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{plain}"'


def _headers(block: bytes) -> dict[str, str]:
    lines = _FOLDED.sub(b" ", block).splitlines()
    if len(lines) > MOST_HEADERS:
        raise unsupported(f"A part of the message has more than {MOST_HEADERS} headers.")
    pairs = []
    for line in lines:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon or not name.strip() or " " in name.strip():
            raise unsupported("A part of the message has a line in its head that is no header.")
        pairs.append((name.strip().lower(), value.strip()))
    return _once(pairs)


_COUNT = {"content-type", "content-transfer-encoding", "as2-from", "as2-to", "message-id"}


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by name; of one that is there twice the first, unless two readers might read the message apart."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        if name in headers and name in _COUNT:
            raise unsupported(f"The message has {name} twice.")
        headers.setdefault(name, value)
    return headers


def _decoded(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "base64":
            return binascii.a2b_base64(body)
        case "quoted-printable":
            return binascii.a2b_qp(body)
        case "binary" | "8bit" | "7bit":
            return body
        case _:
            raise ValueError(encoding)


def _unquoted(given: str) -> str:
    return re.sub(r"\\(.)", r"\1", given[1:-1]) if given.startswith('"') else given


def base64_lines(content: bytes) -> bytes:
    """Return `content` in base64, in lines of 64 characters."""
    text = binascii.b2a_base64(content, newline=False)
    return b"\r\n".join(text[at : at + 64] for at in range(0, len(text), 64))
