"""Secrets taken out of whatever a target or a connector says, in every form in which they may have been sent."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "********"
"""What stands for a secret."""

SHORTEST = 4
"""Characters; a shorter secret would be found by chance, and hide what is none."""

_SURE = 8
"""Characters from which on a form is looked for in whatever case, since it is not found by chance."""

_DEEPEST = 60


class Redactor:
    """Replaces secrets by `HIDDEN`.

    Args:
        secrets: As they are configured, or were got from a token server.
        users: Names that may be sent together with a secret, as `Authorization: Basic` does.
    """

    def __init__(self, secrets: Iterable[str], users: Iterable[str] = ()) -> None:
        named = ["", *users]
        secrets = [secret for secret in secrets if len(secret) >= SHORTEST]
        forms = {form for secret in secrets for form in _forms(secret, named) if len(form) >= SHORTEST}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        pattern = "|".join(
            f"(?i:{re.escape(form)})" if len(form) >= _SURE else re.escape(form) for form in longest_first
        )
        self._pattern = re.compile(pattern) if pattern else None

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return a JSON value, or what a connector keeps like one, without secrets; a number may be one too."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if depth > _DEEPEST:
            return HIDDEN
        if isinstance(value, dict):
            return {self.value(name, depth): self.value(inner, depth + 1) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            made = [self.value(inner, depth + 1) for inner in value]
            return made if isinstance(value, list) else type(value)(made)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float | Decimal):
            return HIDDEN if self._pattern.fullmatch(str(value)) else value
        return self._of_thing(value)

    def _of_thing(self, value: Any) -> Any:
        """Return a thing that says no secret when it is written as text; else only that there was one."""
        if isinstance(value, bytes):
            return self.text(value.decode("latin-1")).encode("latin-1")
        return value if self._pattern is None or not self._pattern.search(str(value)) else HIDDEN


def _forms(secret: str, users: list[str]) -> Iterator[str]:
    lines = [line for line in map(str.strip, secret.splitlines()) if len(line) >= 16 and not line.startswith("-----")]
    for plain in {secret, secret.strip(), " ".join(secret.split()), *lines}:
        yield from _written(plain)
        yield from _coded(plain.encode("utf-8", "surrogatepass"))
        for user in users:
            for encoding in ("utf-8", "latin-1"):
                pair = f"{user}:{plain}".encode(encoding, "replace")
                yield base64.b64encode(pair).decode().rstrip("=")
        yield from (f"{quote(user, safe='')}:{quote(plain, safe='')}" for user in users if user)


def _written(secret: str) -> Iterator[str]:
    """Yield a secret as JSON, URLs, forms, XML and Python write it."""
    yield secret
    if len(secret) >= _SURE:
        yield secret[::-1]
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield from (escaped, escaped.replace("/", "\\/"), json.dumps(escaped)[1:-1])
    quoted = quote(secret, safe="")
    yield from (quoted, quote(secret), quote_plus(secret), quote(quoted, safe=""))
    yield from (html.escape(secret), html.escape(secret, quote=False), repr(secret)[1:-1])


def _coded(secret: bytes) -> Iterator[str]:
    """Yield it in hexadecimal and in base64, alone or as a part of something longer, at whichever of three places."""
    if len(secret) >= _SURE:
        yield secret.hex()
    yield base64.b64encode(secret).decode().rstrip("=")
    for before, spoilt in ((0, 0), (1, 2), (2, 3)):
        whole = base64.b64encode(b"\0" * before + secret).decode()
        sure = whole[spoilt : (before + len(secret)) * 8 // 6]
        if len(sure) >= _SURE:
            yield from (sure, sure.translate(str.maketrans("+/", "-_")))
