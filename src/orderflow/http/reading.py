"""The body of an answer as text: unpacked within a limit, in the charset that it says, and never by guess."""

from __future__ import annotations

import codecs
import re
import zlib

from orderflow.domain.charsets import known_charset

ENCODINGS = ("gzip", "x-gzip", "deflate")
"""Content codings that are unpacked; we ask for none. Source: RFC 9110, section 8.4.1."""

_GZIP = b"\x1f\x8b\x08"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_IN_XML = re.compile(rb"""\A\s*<\?xml[^>]{0,200}encoding\s*=\s*["']([\w.-]{1,40})["']""")


def unpacked(content: bytes, encoding: str, most: int) -> bytes | None:
    """Return a body without its content coding; None if that is not known, cut off, or longer than `most` bytes."""
    names = [name.strip().lower() for name in encoding.split(",")]
    for name in reversed([name for name in names if name not in ("", "identity")]):
        found = _inflated(content, name, most)
        if found is None:
            return None
        content = found
    if content.startswith(_GZIP):  # packed, and nobody said so
        return _inflated(content, "gzip", most)
    return content


def _inflated(content: bytes, name: str, most: int) -> bytes | None:
    if name not in ENCODINGS:
        return None
    windows = (15, -15) if name == "deflate" else (31,)  # some send deflate without its frame
    for window in windows:
        try:
            return _inflated_by(content, window, most)
        except zlib.error:
            continue
    return None


def _inflated_by(content: bytes, window: int, most: int) -> bytes | None:
    whole = b""
    while content:
        inflater = zlib.decompressobj(window)
        whole += inflater.decompress(content, most - len(whole) + 1)
        if not inflater.eof or len(whole) > most:
            return None
        content = inflater.unused_data if inflater.unused_data.startswith(_GZIP) else b""
    return whole


def decoded(content: bytes, content_type: str = "") -> str:
    """Return a body as text: by its mark (BOM), the charset that it declares, or UTF-8 to 32.

    Where none of them fits, letters beyond ASCII become U+FFFD: what holds one is not what was sent.
    """
    for mark, charset in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(charset, "replace").removeprefix("\ufeff")  # some mark it twice
    for charset in (*_declared(content, content_type), *_looks_like(content)):
        try:
            return content.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("ascii", "replace")


def _declared(content: bytes, content_type: str) -> list[str]:
    named = _CHARSET.findall(content_type) + [name.decode() for name in _IN_XML.findall(content)]
    return [charset for charset in map(known_charset, named) if charset]


def _looks_like(content: bytes) -> list[str]:
    """Return what JSON's first characters tell, which are ASCII. Source: RFC 4627, section 3."""
    zeros = "".join("0" if byte == 0 else "x" for byte in content[:4])
    shapes = {"000x": "utf-32-be", "x000": "utf-32-le", "0x0x": "utf-16-be", "x0x0": "utf-16-le"}
    return [shapes.get(zeros, "utf-8")]
