"""Secrets taken out of whatever a target or a connector says, in every form in which they may have been sent."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

from orderflow.domain.letters import alike
from orderflow.domain.pieces import Pieces

HIDDEN = "********"
"""What stands for a secret."""

SHORTEST = 4
"""Characters; a shorter secret would be found by chance, and hide what is none."""

_SURE = 8
"""Characters from which on a form is looked for in whatever case, since it is not found by chance."""

_HEAD = 64
"""Characters of a form that a pattern compares at each place of a text; the rest of a longer one is looked up."""

_NOTHING = "(?!)"
_DEEPEST = 60

_RUNS = re.compile("[A-Za-z0-9]+")

_LONGEST_LOOSE = 128
"""Characters of a secret that is looked for however its marks are escaped; longer ones, as keys, are in known forms."""

_NAMED = {
    **{mark: (rf"&(?:amp;){{0,2}}(?i:{name});",) for mark, name in (("&", "amp"), ("<", "lt"), (">", "gt"))},
    '"': (r"&(?:amp;){0,2}(?i:quot);", '""'),
    "'": (r"&(?:amp;){0,2}(?i:apos);", "''", r"'\\''"),
    " ": (r"\+", r"\s{1,4}"),
}
"""Ways of its own to escape a mark: by a name, by doubling it."""


class Redactor:
    """Replaces secrets by `HIDDEN`.

    Args:
        secrets: As they are configured, or were got from a token server.
        users: Names that may be sent together with a secret, as `Authorization: Basic` does.
    """

    def __init__(self, secrets: Iterable[str], users: Iterable[str] = ()) -> None:
        named = ["", *users]
        secrets = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=lambda one: (-len(one), one))
        forms = {form for secret in secrets for form in _forms(secret, named) if len(form) >= SHORTEST}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        marked = [secret.strip() for secret in secrets if _has_marks(secret.strip())]
        loose = [_loosely(secret) for secret in marked]
        self._long = _by_head([alike(form) for form in longest_first if len(form) > _HEAD])
        short = [form for form in longest_first if len(form) <= _HEAD]
        sure = [f"(?i:{re.escape(form)})" if len(form) >= _SURE else re.escape(form) for form in short]
        pattern = "|".join([*sure, *loose]) or _NOTHING
        heads = "|".join(map(re.escape, self._long)) or _NOTHING
        self._short = re.compile(pattern)
        self._pattern = re.compile(f"((?i:{heads}))|{pattern}") if forms else None
        self._needles = _needles([*forms, *map(_longest_run, marked)])
        self._shortest = len(self._needles[0]) if self._needles else 0
        self._pieces = Pieces(secrets, forms, HIDDEN)

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        if self._pattern is None:
            return text
        return self._pieces.hidden_in(self._without_whole(text) if self._may_hold(text) else text)

    def _without_whole(self, text: str) -> str:
        shown, kept = [], 0
        for start, end in self._places(text):
            shown += [text[kept:start], HIDDEN]
            kept = end
        return "".join([*shown, text[kept:]])

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where forms begin and end: at each place the longest one, if none that began before reaches beyond."""
        small, at = alike(text), 0
        known: dict[str, int] = {}
        while self._pattern is not None and (found := self._pattern.search(text, at)):
            start, end = found.span()
            if found.lastindex:
                end = self._end_of_long(small, start, known) or self._end_of_short(text, start)
            if end:
                yield start, end
            at = end or start + 1

    def _end_of_long(self, small: str, start: int, known: dict[str, int]) -> int:
        """Return where the longest form ends that begins at `start`, where a head of one is; 0 if none does.

        Args:
            known: Where each form stands next, which is looked for again only when that is passed: to compare the rest
                of it at each place where its head is would take hours for a text that is made of its head.
        """
        for form in self._long[small[start : start + _HEAD]]:
            if known.get(form, -1) < start:
                place = small.find(form, start)
                known[form] = len(small) if place < 0 else place
            if known[form] == start:
                return start + len(form)
        return 0

    def _end_of_short(self, text: str, start: int) -> int:
        found = self._short.match(text, start)
        return found.end() if found else 0

    def _may_hold(self, text: str) -> bool:
        """Return False where a look for a few parts of secrets, a hundredth of the work, tells that there is none."""
        if self._needles is None:
            return True
        if len(text) < self._shortest:
            return False
        small = alike(text)
        for needle in self._needles:  # noqa: SIM110  # `any` takes half as long again, for every order
            if needle in small:
                return True
        return False

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
            return HIDDEN if self._is_form(str(value)) else value
        return self._of_thing(value)

    def _of_thing(self, value: Any) -> Any:
        """Return a thing that says no secret when it is written as text; else only that there was one."""
        if isinstance(value, bytes):
            return self.text(value.decode("latin-1")).encode("latin-1")
        return value if next(self._places(str(value)), None) is None else HIDDEN

    def _is_form(self, text: str) -> bool:
        small = alike(text)
        return small in self._long.get(small[:_HEAD], ()) or self._short.fullmatch(text) is not None


def _by_head(forms: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for form in forms:
        found.setdefault(form[:_HEAD], []).append(form)
    return found


def _needles(parts: Iterable[str]) -> list[str] | None:
    """Return what a text holds in small letters if it holds one of the parts; None where that cannot be told.

    A part that holds another one need not be looked for. An empty part says nothing.
    """
    needles: list[str] = []
    for part in sorted(set(map(alike, parts)), key=len):
        if not part:
            return None
        if not any(needle in part for needle in needles):
            needles.append(part)
    return needles


def _longest_run(secret: str) -> str:
    """Return the longest part of a secret without marks, which is written the same however its marks are escaped."""
    return max(_RUNS.findall(secret), key=len, default="")


def _forms(secret: str, users: list[str]) -> Iterator[str]:
    lines = [line for line in map(str.strip, secret.splitlines()) if len(line) >= 16 and not line.startswith("-----")]
    for plain in {secret, secret.strip(), " ".join(secret.split()), *lines}:
        yield from _written(plain)
        yield from _coded(plain.encode("utf-8", "surrogatepass"))
        yield base64.b64encode(plain.encode("utf-16-le", "surrogatepass")).decode().rstrip("=")
        for user in users:
            for encoding in ("utf-8", "latin-1"):
                pair = f"{user}:{plain}".encode(encoding, "replace")
                yield base64.b64encode(pair).decode().rstrip("=")
        yield from (f"{quote(user, safe='')}:{quote(plain, safe='')}" for user in users if user)


def _has_marks(secret: str) -> bool:
    """Return whether a secret holds what is written otherwise here and there, and is none of the long ones."""
    return len(secret) <= _LONGEST_LOOSE and not (secret.isascii() and secret.isalnum())


def _loosely(secret: str) -> str:
    """Return a pattern of a secret each of whose marks may be escaped in any way: no two programs escape the same ones.

    It never goes back over a mark, and each repetition has an end, so that no text makes it slow.
    """
    pattern = "".join(one if one.isascii() and one.isalnum() else f"(?>{_escaped(one)})" for one in secret)
    return f"(?i:{pattern})" if len(secret) >= _SURE else pattern


@lru_cache(maxsize=1024)
def _escaped(mark: str) -> str:
    """Return a pattern of a character as URLs, XML, JSON, Python, SQL and shells escape it, once or several times."""
    code, read_as = ord(mark), mark.encode("utf-8", "surrogatepass")
    latin = {read_as, mark.encode("latin-1", "ignore")} - {b""}
    units = mark.encode("utf-16-be", "surrogatepass")
    ways = [*_NAMED.get(mark, ()), rf"&(?:amp;){{0,2}}#(?i:0{{0,5}}{code}|x0{{0,5}}{code:x});"]
    ways += ["".join(f"%(?:25){{0,3}}(?i:{byte:02x})" for byte in encoded) for encoded in latin]
    ways += ["".join(rf"\\{{1,8}}x(?i:{byte:02x})" for byte in encoded) for encoded in latin]
    ways += ["".join(rf"\\{{1,8}}u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))]
    if not mark.isascii():
        ways += [re.escape(read_as.decode("latin-1"))]
    return "|".join([*ways, rf"\\{{0,8}}{re.escape(mark)}"])


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
    """Yield bytes as numbers, and in base64: alone, or as a part of more, at whichever of three places."""
    if len(secret) >= _SURE:
        yield secret.hex()
    if _SURE <= len(secret) <= _LONGEST_LOOSE:
        yield from (*map(secret.hex, " :-"), ", ".join(map(str, secret)))
    yield base64.b64encode(secret).decode().rstrip("=")
    for before, spoilt in ((0, 0), (1, 2), (2, 3)):
        whole = base64.b64encode(b"\0" * before + secret).decode()
        sure = whole[spoilt : (before + len(secret)) * 8 // 6]
        if len(sure) >= _SURE:
            yield from (sure, sure.translate(str.maketrans("+/", "-_")))
