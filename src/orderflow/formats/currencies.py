"""What a currency counts in. Source: ISO 4217:2015 (minor units)."""

from __future__ import annotations

_MINOR_UNITS = {
    code: places
    for places, codes in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for code in codes.split()
}


def minor_units(currency: str) -> int:
    """Return how many decimals an amount in a currency has."""
    return _MINOR_UNITS.get(currency, 2)
