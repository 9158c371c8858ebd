"""The letters that an X12 interchange may hold: it has no mark that would release a separator within a text.

Source: ASC X12.6, the basic and the extended character set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class X12Letters:
    """Writes texts that hold no separator of their document."""

    encoding: str
    separators: str

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.encoding} without the separators {' '.join(self.separators)}"

    def written(self, text: str) -> str | None:
        """Return a text as it stands in a segment, or None: it holds a letter that is not among them."""
        if self._forbidden.search(text):
            return None
        try:
            if not text.isascii():
                text.encode(self.encoding)
        except UnicodeEncodeError:
            return None
        return text

    @cached_property
    def _forbidden(self) -> re.Pattern[str]:
        return re.compile(f"{_CONTROL.pattern}|[{re.escape(self.separators)}]")
