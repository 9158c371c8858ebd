"""Units as orders and as SAP call them.

SAP's names are those of its standard units in English; a connection's own go before them.
"""

from __future__ import annotations

from collections.abc import Mapping

SAP_UNITS = {
    "C62": "PC", "H87": "PC", "PCE": "PC", "PCS": "PC", "STK": "PC", "KGM": "KG", "GRM": "G", "TNE": "TO",
    "MTR": "M", "CMT": "CM", "MMT": "MM", "LTR": "L", "HUR": "H",
}  # fmt: skip
"""By codes of UN/ECE Recommendation 20 and what orders usually write; all other units are called alike."""


def sap_unit(code: str, own: Mapping[str, str]) -> str:
    """Return what SAP calls the unit that an order calls `code`."""
    return own.get(code) or SAP_UNITS.get(code.upper(), code)


def orders_units(unit: str, own: Mapping[str, str]) -> tuple[str, ...]:
    """Return what orders may call the unit that SAP calls `unit`."""
    return tuple(dict.fromkeys(code for code in (*own, *SAP_UNITS, unit) if sap_unit(code, own) == unit))
