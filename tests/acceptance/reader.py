"""Whoever reads the page in a story: in which language, and whether with a mouse or by the keyboard alone.

A story is told in English; what it looks for comes in the reader's language out of the catalogues of page and API.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

LOCALES = Path(__file__).parents[2] / "frontend/src/locales"
_ENTRY = re.compile(r'^msgid ((?:"(?:[^"\\]|\\.)*"\n)+)msgstr ((?:"(?:[^"\\]|\\.)*"\n?)+)', re.MULTILINE)
_PLURAL = re.compile(r"\{(\w+), plural, one \{([^{}]*)\} other \{([^{}]*)\}\}")
_PLACE = re.compile(r"\{(\w+)\}")
_IS_REACHED = "one => one === document.activeElement || one.matches('[data-combobox-selected]')"
_NUMBER = r"[\d.,]+"
MOST_STEPS = 400
"""Presses of Tab until something has to be reached: a page with a table has this many."""


@dataclass(frozen=True)
class Reader:
    """One who walks a story."""

    language: str = "en"
    by_keyboard: bool = False

    def say(self, english: str) -> str:
        """Return a text of the page as this reader reads it."""
        return english if self.language == "en" else _translated(self.language, english)

    def press(self, what: Locator) -> None:
        """Click it; or go there by Tab, and press Enter."""
        if self.by_keyboard:
            self.reach(what)
            what.page.keyboard.press("Enter")
        else:
            what.click()

    def write(self, what: Locator, text: str) -> None:
        """Fill a field; or go there by Tab, and type over what is there."""
        if self.by_keyboard:
            self.reach(what)
            what.page.keyboard.press("Control+a")
            what.page.keyboard.insert_text(text)
        else:
            what.fill(text)

    def choose(self, group: Locator, name: str) -> None:
        """Choose one of a few: by its name, or from the chosen one on by the arrow."""
        if not self.by_keyboard:
            group.get_by_text(name, exact=True).click()
            return
        self._go_to(group.get_by_role("radio", checked=True))
        wanted = group.get_by_role("radio", name=name)
        while not wanted.is_checked():
            group.page.keyboard.press("ArrowRight")

    def reach(self, what: Locator) -> None:
        """Press Tab until it has the focus, or the arrow until a list stands on it. Nothing may keep the focus."""
        expect(what).to_be_visible()
        expect(what).to_be_enabled()
        self._go_to(what, "ArrowDown" if what.get_attribute("role") in {"option", "menuitem"} else "Tab")

    def _go_to(self, what: Locator, key: str = "Tab") -> None:
        for _ in range(MOST_STEPS):
            if what.evaluate(_IS_REACHED):
                return
            what.page.keyboard.press(key)
        raise AssertionError(f"no {key} leads to {what}")

    def settle(self, page: Page) -> None:
        """Choose this reader's language in the account's menu."""
        if self.language != "en":
            self.press(page.get_by_role("button", name=re.compile("^Account")))
            self.press(page.get_by_role("menuitem", name="Deutsch"))
            expect(page.locator("html")).to_have_attribute("lang", self.language)


def _translated(language: str, english: str) -> str:
    said = _found(language, english)
    assert said is not None, f"{language}.po has no {english!r}"
    return said


def _found(language: str, english: str) -> str | None:
    """Return a text of the catalogue; with values in it, of the source that says most itself."""
    known = _catalogue(language)
    if english in known:
        return known[english]
    for source in _with_places(language):
        if found := _pattern(source).fullmatch(english):
            values = {name: value and (_found(language, value) or value) for name, value in found.groupdict().items()}
            return _filled(known[source], values)
    return None


@cache
def _with_places(language: str) -> list[str]:
    sources = (source for source in _catalogue(language) if "{" in source and _PLACE.sub("", source).strip())
    return sorted(sources, key=_says_little)


def _says_little(source: str) -> tuple[int, bool, int]:
    """Return by what sources are ranked: the fewest places first, then what begins with words, then the longest."""
    plain = _PLURAL.sub(r"{\1}\2", source)
    return len(_PLACE.findall(plain)), plain.startswith("{"), -len(_PLACE.sub("", plain))


@cache
def _catalogue(language: str) -> dict[str, str]:
    api: dict[str, dict[str, str]] = json.loads((files("orderflow.locales") / f"{language}.json").read_text("utf-8"))
    return api["form"] | api["fields"] | dict(_pairs((LOCALES / f"{language}.po").read_text("utf-8")))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for source, said in _ENTRY.findall(text):
        yield _joined(source), _joined(said)


def _joined(quoted: str) -> str:
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', quoted)).replace('\\"', '"')


@cache
def _pattern(source: str) -> re.Pattern[str]:
    """Return what an English text looks like with values in its places, and with one or several of what is counted."""
    parts, at = "", 0
    for found in re.finditer(f"{_PLURAL.pattern}|{_PLACE.pattern}", source):
        parts += re.escape(source[at : found.start()])
        counted, one, other, place = found.groups()
        name = f"_{counted or place}"
        group = f"(?P<{name}>{_NUMBER if counted else '.+?'})"
        value = f"(?P={name})" if f"(?P<{name}>" in parts else group
        parts += f"(?:{_counted(other, value)}|{_counted(one, '1')})" if counted else value
        at = found.end()
    return re.compile(parts + re.escape(source[at:]))


def _counted(text: str, number: str) -> str:
    return re.escape(text).replace(re.escape("#"), number)


def _filled(said: str, values: dict[str, str | None]) -> str:
    def chosen(found: re.Match[str]) -> str:
        number = values[f"_{found[1]}"]
        return found[2].replace("#", "1") if number in {None, "1"} else found[3].replace("#", str(number))

    return _PLACE.sub(lambda found: str(values[f"_{found[1]}"]), _PLURAL.sub(chosen, said))
