"""Secrets that stand where none belong: in a field that everybody reads who may see the connection.

Private keys: RFC 7468, section 10 and 11 (PEM), OpenSSH's PROTOCOL.key, PuTTY's .ppk. Query parameters: what signed
URLs of Azure (`sig`), AWS (`X-Amz-Signature`), Google (`X-Goog-Signature`) and usual API keys are called.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

MASK = "********"
_KEY = re.compile(
    r"-----\s*BEGIN\s+(?:[A-Z0-9]+\s+)*PRIVATE\s+KEY.*?(?:-----\s*END[^-]*-----|\Z)"
    r"|PuTTY-User-Key-File-\d.*\Z"
    r"|\"d\"\s*:\s*\"[\w-]{20,}\"",
    re.DOTALL,
)
_WORDS = (
    r"(?:[\w.-]*(?:token|secret|passw(?:or)?d|passphrase|signature|credential)|(?:[\w.]*[-_.])?(?:pwd|sig|sas)"
    r"|[\w.-]*(?:api|access|subscription|functions|auth)[-_.]?key|code|key|password\d?)"
)
_NOT_MADE = r"(?!\{[{%])"  # what a template fills in is no secret
_USER = re.compile(r"(?<=://)([^/\s@?#:]*+:[^/\s@?#]++)(?=@)")
_QUERY = re.compile(rf"(?<=[?&])({_WORDS})=(?!\*{{8}}){_NOT_MADE}([^&#\s]+)", re.IGNORECASE)
_HEADER = re.compile(
    rf"^([ \t]*(?:(?:proxy-)?authorization|cookie|{_WORDS})[ \t]*:[ \t]*)(?!\*{{8}}){_NOT_MADE}(\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_NAMED_SECRET = re.compile(
    r"[\w.-]*(?:secret|passw(?:or)?d|passphrase|credentials?|assertion|private[-_.]?key|api[-_.]?key|(?:^|[-_.])token)",
    re.IGNORECASE,
)
_BY_NAME = "is a secret by its name, which belongs into the fields of the sign-in"
_SAID = (
    (_KEY, "holds a private key, which belongs into a field for secrets"),
    (_USER, "holds a user and a password, which belong into the fields of the sign-in"),
    (_QUERY, "holds a secret in its query, which belongs into the fields of the sign-in"),
)


def misplaced(
    value: Any, name: str = "", *, headers: bool = False, maps: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yield the path of each text within `value` that holds a secret, and what is wrong with it.

    Args:
        headers: It is lines of `Name: value`.
        maps: Names of fields whose own names are a person's choice: one that sounds like a secret is one.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            path = f"{name}.{key}" if name else key
            if key in maps and isinstance(inner, dict):
                yield from ((f"{path}.{one}", _BY_NAME) for one in inner if _NAMED_SECRET.fullmatch(str(one)))
            yield from misplaced(inner, path, headers=key == "headers", maps=maps)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from misplaced(inner, f"{name}.{number}", headers=headers, maps=maps)
    elif isinstance(value, str) and (problem := _problem(value, headers=headers)):
        yield name, problem


def hidden(text: str, *, headers: bool = False) -> str:
    """Return `text` with the secrets masked that stand in it; those of before they were refused."""
    text = _KEY.sub(MASK, text)
    text = _USER.sub(MASK, text)
    text = _QUERY.sub(lambda found: f"{found[1]}={MASK}", text)
    return _HEADER.sub(lambda found: f"{found[1]}{MASK}", text) if headers else text


def _problem(text: str, *, headers: bool) -> str | None:
    for pattern, problem in _SAID:
        if pattern.search(text):
            return problem
    if headers and (found := _HEADER.search(text)):
        name = found[1].partition(":")[0].strip()
        return f"holds a secret ({name}), which belongs into the fields of the sign-in"
    return None
