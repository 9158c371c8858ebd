"""An order's values as elements: whole, exact, in letters that the document has; or the order is refused.

Each is given with the field that it comes from, so that a refusal names it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from orderflow.domain.errors import RejectedError
from orderflow.domain.letters import normalized

_HINT = "Correct the order; or, if the partner can read it, the connection's settings. Then push again."
_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")


class Letters(Protocol):
    """The letters that a document may hold."""

    @property
    def name(self) -> str:
        """For people, as `UNOC`."""

    def written(self, text: str) -> str | None:
        """Return a text as it stands in a segment, or None: it holds a letter that is not among them."""


@dataclass
class Values:
    """Writes values of one order, in the letters of its document.

    Attributes:
        decimal_mark: In numbers.
        line_no: The line that values come from; None for the order's head.
    """

    letters: Letters
    decimal_mark: str = "."
    line_no: int | None = None

    def text(self, value: str | None, longest: int, field: str, shortest: int = 1) -> str:
        """Return a text that stands in one element; blanks around it do not count. None is empty.

        Raises:
            RejectedError: It is too long or too short, or holds a letter that the document has not.
        """
        text = (value or "").strip()
        if not text:
            return ""
        if not shortest <= len(text) <= longest:
            wanted = f"{longest} at most" if len(text) > longest else f"{shortest} at least"
            raise self.refusal(field, f"has {len(text)} characters, and the format takes {wanted}", "DOES_NOT_FIT")
        return self._letters(text, field)

    def needed(self, value: str | None, longest: int, field: str, shortest: int = 1) -> str:
        """Return a text that must be there. Raises RejectedError, as `text`."""
        written = self.text(value, longest, field, shortest)
        if not written:
            raise self.refusal(field, "is missing, and the format needs it", "FIELD_MISSING")
        return written

    def pieces(self, value: str | None, longest: int, most: int, field: str) -> list[str]:
        """Return a text in pieces that come back joined by blanks: parted at blanks and line breaks, never in a word.

        Raises:
            RejectedError: It has a word that is too long, needs more pieces than there may be, or as `text`.
        """
        parts = [part for line in self.lines(value) for part in self._parted(line, longest, field)]
        if len(parts) > most:
            raise self.refusal(field, f"has {len(value or '')} characters, more than fit", "DOES_NOT_FIT")
        return [self._letters(part, field) for part in parts]

    def lines(self, value: str | None) -> list[str]:
        """Return the lines of a text that are not blank."""
        return [line for raw in _BREAKS.split(value or "") if (line := raw.strip())]

    def number(self, value: Decimal | int, digits: int, field: str) -> str:
        """Return a number without zeros at its end. Raises RejectedError: it has more digits, or is none."""
        text = f"{value:f}" if isinstance(value, Decimal) else str(value)
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        if len(text) - text.count(".") - text.count("-") > digits or not text[-1:].isdigit():
            raise self.refusal(field, f"is {text}, and the format takes {digits} digits at most", "DOES_NOT_FIT")
        return text.replace(".", self.decimal_mark)

    def in_hundredths(self, value: Decimal, digits: int, field: str) -> str:
        """Return a number of hundredths, whose point is not written. Raises RejectedError: it has more decimals."""
        hundredths = value.scaleb(2)
        if hundredths != hundredths.to_integral_value():
            raise self.refusal(field, f"is {value:f}, and the format takes 2 decimals", "DOES_NOT_FIT")
        return self.number(hundredths, digits, field)

    def given(self, value: Decimal | None, field: str) -> Decimal:
        """Return a number that must be there. Raises RejectedError."""
        if value is None:
            raise self.refusal(field, "is missing, and the format needs it", "FIELD_MISSING")
        return value

    def date(self, value: date | None) -> str:
        """Return a date as CCYYMMDD."""
        return value.isoformat().replace("-", "") if value else ""

    def coded(self, value: str | None, codes: Mapping[str, str], field: str, setting: str) -> str:
        """Return the code of a value that is known by one only. None is empty.

        Raises:
            RejectedError: Neither the mapping `setting` of the connection nor the format's own list has it; or the
                code holds a letter that the document has not.
        """
        given = (value or "").strip()
        if not given or given in codes:
            return self._letters(codes.get(given, ""), field)
        hint = f"Add it to '{setting}' of the connection, or correct the order; then push again."
        raise self.refusal(field, f"is {given[:40]!r}, for which no code is known", "CODE_UNKNOWN", hint)

    def refusal(self, field: str, problem: str, code: str, hint: str = _HINT) -> RejectedError:
        """Return why the order is refused."""
        place = field if self.line_no is None else f"Line {self.line_no}: {field}"
        return RejectedError(f"{place} {problem}.", code=code, hint=hint, details={"field": field})

    def _parted(self, line: str, longest: int, field: str) -> list[str]:
        parts = []
        while len(line) > longest:
            cut = line.rfind(" ", 1, longest + 1)
            while cut > 0 and " " in (line[cut - 1], line[cut + 1]):
                cut = line.rfind(" ", 1, cut)
            if cut <= 0:
                raise self.refusal(field, f"has no blank within {longest} characters to part it at", "DOES_NOT_FIT")
            parts.append(line[:cut])
            line = line[cut + 1 :]
        return [*parts, line]

    def _letters(self, text: str, field: str) -> str:
        written = self.letters.written(text)
        if written is None:
            written = self.letters.written(normalized("NFC", text))
        if written is None:
            wrong = next((letter for letter in text if self.letters.written(letter) is None), text[:1])
            problem = f"holds {wrong!r} (U+{ord(wrong):04X}), which is not in {self.letters.name}"
            raise self.refusal(field, problem, "NOT_IN_ENCODING")
        return written
