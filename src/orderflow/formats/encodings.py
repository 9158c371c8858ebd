"""Encodings that a file of text may have, and a text in one of them: every letter, or the order is refused.

Each fails loudly where it lacks a letter. Left out are those with states (ISO-2022, UTF-7) and those that are none.
Source: https://docs.python.org/3/library/codecs.html#standard-encodings
"""

from __future__ import annotations

import codecs
import unicodedata
from bisect import bisect_left
from typing import Literal

from orderflow.domain.errors import RejectedError
from orderflow.domain.letters import normalized

Encoding = Literal[
    "utf-8", "utf-8-sig", "windows-1252", "iso-8859-15",
    "utf-16", "utf-16-le", "utf-16-be", "us-ascii",
    "windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1255", "windows-1256", "windows-1257",
    "windows-1258",
    "iso-8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8",
    "iso-8859-9", "iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-16",
    "cp437", "cp737", "cp775", "cp850", "cp852", "cp855", "cp857", "cp858", "cp860", "cp861", "cp862", "cp863", "cp864",
    "cp865", "cp866", "cp869", "koi8-r", "koi8-u", "mac-roman",
    "cp932", "euc-jp", "gbk", "gb18030", "big5", "cp949", "euc-kr", "cp874",
    "cp037", "cp273", "cp500", "cp1140",
]  # fmt: skip

_IANA = {
    "cp932": "windows-31j", "cp874": "windows-874", "cp949": "ks_c_5601-1987", "utf-8-sig": "utf-8",
    "mac-roman": "macintosh", "cp037": "ibm037", "cp273": "ibm273", "cp500": "ibm500", "cp1140": "ibm01140",
    "cp858": "ibm00858",
}  # fmt: skip
"""Where the name at IANA (https://www.iana.org/assignments/character-sets) is another; `cp850` is `ibm850`."""


def charset(encoding: str) -> str:
    """Return an encoding's name for a media type."""
    return _IANA.get(encoding) or encoding.replace("cp", "ibm")


def encoded(text: str, encoding: str) -> bytes:
    """Write a text; letters that came in parts (u and ¨) are composed where the encoding has only the whole.

    Raises:
        RejectedError: NOT_IN_ENCODING: it holds a letter that the encoding lacks, which the message names.
    """
    content = _exact(text, encoding)
    if content is None:
        text = normalized("NFC", text)
        content = _exact(text, encoding)
    if content is None:
        raise _lacks(text, encoding)
    return content


def _exact(text: str, encoding: str) -> bytes | None:
    """Return the text's bytes if they are read back as that text, else None."""
    try:
        content = codecs.BOM_UTF16_LE + text.encode("utf-16-le") if encoding == "utf-16" else text.encode(encoding)
        return content if content.decode(encoding) == text else None
    except UnicodeError:
        return None


def _place(text: str, encoding: str) -> int:
    """Return where a letter stands that an encoding lacks, or gives back as another; texts may be of many megabytes."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        return error.start
    return bisect_left(range(1, len(text) + 1), True, key=lambda length: _exact(text[:length], encoding) is None)


def _lacks(text: str, encoding: str) -> RejectedError:
    place = _place(text, encoding)
    letter = text[place]
    whole = text[place - 1 : place + 1] if unicodedata.combining(letter) and place else letter
    around = " ".join(text[max(place - 15, 0) : place + 15].split()).encode("utf-8", "replace").decode()
    return RejectedError(
        f"The letter {whole!r} (U+{ord(letter):04X}) in {around!r} is not in {encoding}.",
        code="NOT_IN_ENCODING",
        hint="Use UTF-8 if the ERP can read it, or correct the order.",
    )
