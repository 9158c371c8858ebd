"""Codes that stand for themselves, of units and countries; all else a connection's mapping must say.

Sources: UN/ECE Recommendation 20 (with the codes of UN/EDIFACT D.96A and EANCOM 1997 that it dropped since), ASC X12
data element 355, ISO 3166-1.
"""

from __future__ import annotations

REC_20_AS_X12 = {
    "PCE": "PC", "H87": "PC", "EA": "EA", "PR": "PR", "DZN": "DZ", "SET": "ST", "GRO": "GS",
    "KGM": "KG", "GRM": "GR", "LBR": "LB", "ONZ": "OZ",
    "MTR": "MR", "CMT": "CM", "MMT": "MM", "INH": "IN", "FOT": "FT", "YRD": "YD",
    "MTK": "SM", "FTK": "SF", "YDK": "SY", "MTQ": "CR", "FTQ": "CF",
    "LTR": "LT", "MLT": "ML", "GLL": "GA",
    "MIN": "MJ", "HUR": "HR", "DAY": "DA", "WEE": "WK", "MON": "MO", "ANN": "YR",
    "XBX": "BX", "XCT": "CT", "XCS": "CA", "XPK": "PK", "XBG": "BG",
}  # fmt: skip
"""Units that both lists have."""

REC_20 = {code: code for code in (*REC_20_AS_X12, "C62", "NAR", "TNE", "MGM", "KMT", "CMK", "CMQ", "HLT", "KWH", "XPX",
                                  "XRO", "XBO", "BX", "CT", "CS", "PK", "PF", "BG", "RO")}  # fmt: skip
"""Units in EDIFACT. `ST` is none of them: it is a sheet there, and a piece to many who write it."""

X12_355 = REC_20_AS_X12 | {code: code for code in (
    "EA", "PC", "PR", "DZ", "GS", "KG", "GR", "LB", "OZ", "MR", "CM", "MM", "IN", "FT", "YD", "SM", "SF", "SY", "CR",
    "CF", "LT", "ML", "GA", "HR", "DA", "WK", "MO", "YR", "BX", "CT", "CA", "CS", "PK", "PL", "BG", "RL", "UN",
)}  # fmt: skip
"""Units in X12. `ST` is none of them: it is a set there, and a piece to many who write it."""


class Countries(dict[str, str]):
    """Codes of countries by what an order calls them: a code stands for itself."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or _is_code(name)

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]  # of text only
        """Return the code of a country."""
        return super().get(name, name if _is_code(name) else default)


def _is_code(name: object) -> bool:
    return isinstance(name, str) and name.isascii() and name.isalpha() and name.isupper() and len(name) in {2, 3}
