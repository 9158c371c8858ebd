"""Secrets taken out of whatever a target or a connector says, in every form in which they may have been sent."""

from __future__ import annotations

import base64
import html
import json
import re
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from heapq import heapreplace
from itertools import chain
from operator import itemgetter
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

MOST = 4_000_000
"""Characters of all forms of a configuration's secrets, and as many of those got by them: a password without marks has
some 13 for each of its own, a key in lines of 64 some 125, and an RSA key of 4,096 bits 410,000."""

_BESIDE = 100
"""Characters for which each form counts, beside its own."""

_LOOSE = 20_000
"""Characters for which each secret counts that is looked for by a pattern of its own."""

_HEAD = 64
"""Characters of a form that are looked up at a place of a text; the rest of a longer one is looked for."""

_FEW = 32
"""Parts that are looked for one by one in a text; of more, each place of the text is looked up."""

_PIECE = 4
"""Characters of a piece of a part of `_SURE`. Wherever a part stands in a text, one of its pieces begins at a multiple
of `_APART`: a look at every fifth place tells of nearly all texts that they hold none, of however many."""
_APART = _SURE - _PIECE + 1

_PART = 8_192
"""Characters of a text that a pattern is held against at a time: all other threads wait for it. No secret that is
looked for by one is longer, however its marks are escaped."""

_NOWHERE = sys.maxsize, sys.maxsize
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
        most: Characters of all forms; where there are more, whatever is said is hidden.
        got: Secrets that were got by these, the latest last. Of more than `most`, the oldest are not looked for: who
            gives them must not make all that is said unreadable.

    Attributes:
        size: Characters of the forms that are kept.
        hides_all: There are too many forms to look for.
    """

    def __init__(
        self, secrets: Iterable[str], users: Iterable[str] = (), most: int = MOST, got: Iterable[str] = ()
    ) -> None:
        named = ["", *users]
        kept = {secret for secret in secrets if len(secret) >= SHORTEST}
        forms, self.size = _within(chain.from_iterable(_forms(one, named) for one in kept), _marked(kept), most)
        self.hides_all = self.size > most
        if self.hides_all:
            kept, forms, self.size = set(), set(), 0
        else:
            self._add_latest([secret for secret in got if len(secret) >= SHORTEST], named, most, kept, forms)
        secrets = sorted(kept, key=lambda one: (-len(one), one))
        marked = _marked(secrets)
        self._nothing = not forms and not self.hides_all
        sure = {alike(form) for form in forms if len(form) >= _SURE}
        self._long = _by_head(sorted((form for form in sure if len(form) > _HEAD), key=lambda form: (-len(form), form)))
        self._whole = {form for form in sure if len(form) <= _HEAD}
        self._exact = {form for form in forms if len(form) < _SURE}
        self._sizes = _sizes([*self._whole, *self._exact], self._long)
        self._loose = re.compile("|".join(map(_loosely, marked))) if marked else None
        self._needles = _needles([*forms, *map(_longest_run, marked)])
        self._pieces = Pieces(secrets, forms, HIDDEN)

    def _add_latest(self, got: list[str], named: list[str], most: int, kept: set[str], forms: set[str]) -> None:
        for secret in reversed(got):
            more, size = _within(_forms(secret, named), _marked([secret]), most)
            most -= size
            if most < 0:
                return
            kept.add(secret)
            forms |= more
            self.size += size

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        if self._nothing:
            return text
        if self.hides_all:
            return text and HIDDEN
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
        known: dict[str, list[tuple[int, int, str]]] = {}
        form = loose = (-1, 0)
        while True:
            form = form if form[0] >= at else self._next_form(text, small, at, known)
            loose = loose if loose[0] >= at else self._next_loose(text, at)
            start, end = min(form, loose, key=itemgetter(0))
            if (start, end) == _NOWHERE:
                return
            yield start, end
            at = end

    def _next_form(
        self, text: str, small: str, at: int, known: dict[str, list[tuple[int, int, str]]]
    ) -> tuple[int, int]:
        """Return where the next form is. What is done at a place does not grow with the number of forms."""
        for start in range(at, len(small) - SHORTEST + 1):
            sizes = self._sizes.get(small[start : start + SHORTEST])
            if sizes is None:
                continue
            if end := self._end_of_long(small, start, known):
                return start, end
            for size in sizes:
                end = start + size
                if end <= len(small) and (small[start:end] in self._whole or text[start:end] in self._exact):
                    return start, end
        return _NOWHERE

    def _end_of_long(self, small: str, start: int, known: dict[str, list[tuple[int, int, str]]]) -> int:
        """Return where the longest form of more than `_HEAD` characters ends that begins at `start`; 0 if none does.

        Args:
            known: By heads, where each form stands next, the nearest first and the longest of these. It is looked for
                again only when that is passed: to compare the rest of it at each place where its head is would take
                hours for a text that is made of its head.
        """
        head = small[start : start + _HEAD]
        if head not in self._long:
            return 0
        nearest = known.get(head) or known.setdefault(head, [(-1, -len(form), form) for form in self._long[head]])
        while nearest[0][0] < start:
            _, length, form = nearest[0]
            place = small.find(form, start)
            heapreplace(nearest, (place if place >= 0 else len(small), length, form))
        return start - nearest[0][1] if nearest[0][0] == start else 0

    def _next_loose(self, text: str, at: int) -> tuple[int, int]:
        while self._loose is not None and at < len(text):
            found = self._loose.search(text, at, at + 2 * _PART)
            if found and found.start() < at + _PART:
                return found.span()
            at += _PART
        return _NOWHERE

    def _may_hold(self, text: str) -> bool:
        """Return False where a look for a few parts of secrets, a hundredth of the work, tells that there is none."""
        if self._needles is None:
            return True
        small = alike(text)
        for needles in self._needles:  # noqa: SIM110  # as in `_Needles`
            if len(small) >= needles.size and needles.one_is_in(small):
                return True
        return False

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return a JSON value, or what a connector keeps like one, without secrets; a number may be one too."""
        if self._nothing:
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
        return HIDDEN if self.hides_all or next(self._places(str(value)), None) else value

    def _is_form(self, text: str) -> bool:
        small = alike(text)
        if self.hides_all or small in self._whole or text in self._exact or small in self._long.get(small[:_HEAD], ()):
            return True
        return self._loose is not None and self._loose.fullmatch(text) is not None


def _marked(secrets: Iterable[str]) -> list[str]:
    return [secret.strip() for secret in secrets if _has_marks(secret.strip())]


def _within(found: Iterator[str], marked: list[str], most: int) -> tuple[set[str], int]:
    """Return the forms that are looked for, and their size; no more of them are made than that is `most`."""
    forms: set[str] = set()
    size = _LOOSE * len(marked)
    while size <= most and (form := next(found, None)) is not None:
        if len(form) >= SHORTEST and form not in forms:
            forms.add(form)
            size += len(form) + _BESIDE
    return forms, size


def _by_head(forms: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for form in forms:
        found.setdefault(form[:_HEAD], []).append(form)
    return found


def _sizes(short: Iterable[str], long: Iterable[str]) -> dict[str, list[int]]:
    """Return how long the short forms are that begin alike, the longest first; none where only long ones do."""
    found: dict[str, set[int]] = {head[:SHORTEST]: set() for head in long}
    for form in short:
        found.setdefault(alike(form)[:SHORTEST], set()).add(len(form))
    return {beginning: sorted(sizes, reverse=True) for beginning, sizes in found.items()}


class _Needles:
    """Parts of secrets, all of one size, of which a text holds one if it holds a secret."""

    def __init__(self, size: int, parts: set[str]) -> None:
        self.size, self._parts, self._few = size, parts, len(parts) <= _FEW
        self._pieces = {part[at : at + _PIECE] for part in parts for at in range(_APART)} if size == _SURE else None

    def one_is_in(self, text: str) -> bool:
        """Return whether a text in small letters holds one of them."""
        if self._few:
            for part in self._parts:  # noqa: SIM110  # `any` takes half as long again, for every order
                if part in text:
                    return True
            return False
        if self._pieces is not None and self._pieces.isdisjoint(
            [text[at : at + _PIECE] for at in range(0, len(text) - _PIECE + 1, _APART)]
        ):
            return False
        return any(text[at : at + self.size] in self._parts for at in range(len(text) - self.size + 1))


def _needles(parts: Iterable[str]) -> list[_Needles] | None:
    """Return what a text holds in small letters if it holds one of the parts; None where nobody can tell.

    Of a part that is its beginning; of few, one that holds another one is not looked for. An empty one says nothing.
    """
    begun = {alike(part)[:_SURE] for part in parts}
    if "" in begun:
        return None
    if len(begun) <= _FEW:
        begun = {one for one in begun if not any(other in one for other in begun - {one})}
    return [_Needles(size, {one for one in begun if len(one) == size}) for size in sorted({*map(len, begun)})]


def _longest_run(secret: str) -> str:
    """Return the longest part of a secret without marks, which is written the same however its marks are escaped."""
    return max(_RUNS.findall(secret), key=len, default="")


def _forms(secret: str, users: list[str]) -> Iterator[str]:
    lines = [line for line in map(str.strip, secret.splitlines()) if len(line) >= 16 and not line.startswith("-----")]
    for plain in {secret, secret.strip(), " ".join(secret.split()), *lines}:
        yield from _written(plain)
        yield from _coded(plain.encode("utf-8", "surrogatepass"))
        yield base64.b64encode(plain.encode("utf-16-le", "surrogatepass")).decode().rstrip("=")
    for plain in {secret, secret.strip(), " ".join(secret.split())}:
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
