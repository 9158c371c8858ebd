"""Names of settings that are nearly ours: what is misspelled would otherwise be silently left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

PREFIX = "ORDERFLOW_"
OTHERS = frozenset({"ORDERFLOW_DEBUG", "ORDERFLOW_EMAIL", "ORDERFLOW_FAULT", "ORDERFLOW_ORG", "ORDERFLOW_PASSWORD"})
"""Variables that are read elsewhere: by the command line, by scripts, by tests."""

OTHER_KINDS = ("ORDERFLOW_SECRET_", "ORDERFLOW_TEST_")
NEAR, VERY_NEAR = 0.8, 0.9
"""How alike two names are (difflib's ratio) that are taken for one: behind our prefix, and without it."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable that nothing reads.

    Attributes:
        meant: The setting that it nearly names; None if it only begins like one of ours.
        harmful: What was meant is not set, and nobody else can mean it: going on would be going on without it.
    """

    name: str
    meant: str | None
    harmful: bool

    @property
    def sentence(self) -> str:
        """What is wrong, for a person."""
        return f"{self.name} is no setting" + (f": {self.meant} is" if self.meant else "")


def unknown_names(given: Mapping[str, str | None], settings: Collection[str]) -> Iterator[Unknown]:
    """Yield the variables that are nearly settings of ours, or have our prefix and are none.

    Args:
        given: The environment and the file .env.
        settings: The names of all settings, in upper case.
    """
    present = {name.upper() for name, value in given.items() if value}
    for name in sorted(present):
        if name in settings or name in OTHERS or name.startswith(OTHER_KINDS):
            continue
        meant = _meant(name, settings)
        ours = name.startswith(PREFIX) or (meant or "").startswith("DATABASE_")
        if meant or name.startswith(PREFIX):
            yield Unknown(name, meant, harmful=bool(meant and ours and meant not in present))


def _meant(name: str, settings: Collection[str]) -> str | None:
    """Return the setting that a name nearly is. Kubernetes and others add names of their own behind our prefix."""
    if name.startswith(PREFIX):
        short = {setting.removeprefix(PREFIX): setting for setting in settings}
        found = get_close_matches(name.removeprefix(PREFIX), short, 1, NEAR)
        return short[found[0]] if found else None
    found = get_close_matches(name, [setting for setting in settings if not setting.startswith(PREFIX)], 1, VERY_NEAR)
    return found[0] if found else None
