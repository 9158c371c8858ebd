"""Units as orders write them and as ERPs do.

Source of the codes: UN/ECE Recommendation 20, and the short forms of German and English trade.
"""

from __future__ import annotations

UNIT_SYMBOLS = {
    "piece": ("C62", "H87", "PCE", "PCS", "PC", "EA", "ST", "STK"),
    "kg": ("KGM", "KG"),
    "g": ("GRM", "G"),
    "m": ("MTR", "M"),
    "cm": ("CMT", "CM"),
    "mm": ("MMT", "MM"),
    "l": ("LTR", "L"),
    "h": ("HUR", "H", "STD"),
    "d": ("DAY", "D"),
}


def common_unit(code: str) -> str:
    """Return the unit that a code stands for, as `piece` or `kg`; the code itself if it is none of these."""
    wanted = code.upper()
    return next((unit for unit, codes in UNIT_SYMBOLS.items() if wanted in codes), code)
