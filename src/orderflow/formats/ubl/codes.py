"""Codes that UBL has: units of today's Recommendation 20, and countries of two letters.

Sources: UN/ECE Recommendation 20 (revision 17), ISO 3166-1.
"""

from __future__ import annotations

from orderflow.formats.edi import codes

_DROPPED = {"PCE", "BX", "CT", "CS", "PK", "PF", "BG", "RO"}

UNITS = {code: code for code in codes.REC_20 if code not in _DROPPED} | {"PCE": "H87"}
"""Units; a piece is H87 since PCE was dropped. The other dropped ones are packages of any kind: nobody knows which."""


class Countries(codes.Countries):
    """Codes of countries by what an order calls them; a code of two letters stands for itself, no other one does."""

    def __contains__(self, name: object) -> bool:
        return bool(self.get(name)) if isinstance(name, str) else False

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]  # of text only
        """Return the code of a country."""
        code = super().get(name, default)
        return code if len(code) == 2 else default
