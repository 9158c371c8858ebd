"""Charsets by the names that others give them. By such names Python knows more, which unpack, run or compute."""

from __future__ import annotations

import codecs
import re

_OF_LETTERS = re.compile(r"utf|iso8859|cp\d|ascii|latin|koi8|mac|gb|big5|euc|shift|johab|hz|tis")
_NO_CHARSETS = {"utf-7"}


def known_charset(name: str) -> str | None:
    """Return Python's name of a charset; None if it is none, as `zlib`, or `punycode`, which takes hours for a MiB."""
    try:
        charset = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return charset if _OF_LETTERS.match(charset) and charset not in _NO_CHARSETS else None
