"""Text as it stands in XML, in an element or in an attribute with quotes of either kind."""

from __future__ import annotations

import re

NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""All but what XML 1.0 (fifth edition), section 2.2, calls a Char; also as a reference it may not stand there."""

_MARKS = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;",
}  # fmt: skip
"""White space as references: a reader makes blanks of it in attributes (section 3.3.3), of `\\r` everywhere (2.11)."""

_MARK = re.compile("[&<>\"'\t\n\r]")


def escaped(text: str) -> str:
    """Return a text from which a reader gets the same text; nothing in it ends the element or attribute."""
    return _MARK.sub(lambda mark: _MARKS[mark[0]], text)
