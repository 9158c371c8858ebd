"""Codes: the numbers of orders and customers, articles, units. What looks the same is the same code."""

from __future__ import annotations

import re

from orderflow.domain.letters import normalized

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")

UNSEEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What is not to be shown, for a class of letters in a regular expression. Source: Unicode 15.1,
DerivedCoreProperties.txt, Default_Ignorable_Code_Point."""

_HIDDEN = re.compile(f"[{UNSEEN}]")
_BLANKS = re.compile("[\\s\u2800]+")  # a braille cell without dots shows as one, and is no white space to Unicode
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def clean_code(code: str | None) -> str | None:
    """Return a code as it is kept and compared; None if nothing of it can be seen.

    White space around it goes, and inside it is one blank; what Unicode says is not to be shown goes; letters and
    their accents are one character where there is one (NFC).
    """
    if code is None or _PLAIN.fullmatch(code):
        return code
    seen = normalized("NFC", _HIDDEN.sub("", code))
    return _BLANKS.sub(" ", seen).strip(" ") or None


def identifier_fault(name: str, code: str) -> str | None:
    """Return what is wrong with a code of a public scheme, if `name` is one of `IDENTIFIERS`; None if nothing is."""
    pattern, message, has_check_digit = IDENTIFIERS.get(name, _ANY_CODE)
    if not pattern.fullmatch(code):
        return message
    if has_check_digit and code[-1] != (wanted := _check_digit(code[:-1])):
        return f"ends with {code[-1]}, and its check digit would be {wanted}: one of its digits is wrong"
    return None


IDENTIFIERS = {
    "gln": (re.compile(r"[0-9]{13}"), "must be a GLN, which has 13 digits", True),
    "gtin": (re.compile(r"[0-9]{8}|[0-9]{12,14}"), "must be a GTIN, which has 8, 12, 13 or 14 digits", True),
    "duns": (
        re.compile(r"[0-9]{9}([0-9]{4})?"),
        "must be a D-U-N-S number, which has 9 digits, or 13 with DUNS+4",
        False,
    ),
    "vat": (
        re.compile(r"[A-Z]{2}[0-9A-Za-z+*. -]{2,18}"),
        "must be a VAT number, which begins with two letters of the country, as DE123456789",
        False,
    ),
    "endpoint": (
        re.compile(r"[0-9]{4}:[!-~]{1,50}"),
        "must be an electronic address with its scheme, as 0088:4012345000009 or 9930:DE123456789",
        False,
    ),
    "country_code": (re.compile(r"[A-Z]{2}"), "must be two capital letters (ISO 3166-1), as DE", False),
}
"""Codes of public schemes: how each looks, how that is told, and whether it ends with a check digit.

Sources: GS1 General Specifications, section 7.9 (check digits); ISO 6523 and OpenPeppol's list of electronic address
schemes (endpoints).
"""
_ANY_CODE = (re.compile(r".*", re.DOTALL), "", False)


def _check_digit(digits: str) -> str:
    odd, even = (sum(map(int, digits[::-1][start::2])) for start in (0, 1))
    return str(-(3 * odd + even) % 10)


def control_in(code: str) -> str | None:
    r"""Return the first control character of a code that is not white space, as `\x1b`; None if there is none."""
    found = None if code.isprintable() else _CONTROLS.search(code)
    return f"\\x{ord(found[0]):02x}" if found else None
