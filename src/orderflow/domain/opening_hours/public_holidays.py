"""The public holidays of countries and their parts, as the library `holidays` knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Region:
    """Whose holidays: a country (ISO 3166-1, two letters), and a part of it as ISO 3166-2 names it after the hyphen."""

    country: str
    subdivision: str | None = None


def regions() -> dict[str, list[str]]:
    """Return the subdivisions of each country whose holidays are known; none of a country that has one calendar."""
    import holidays  # takes a quarter of a second, which few processes need

    return dict(sorted(holidays.list_supported_countries(include_aliases=False).items()))


@lru_cache(maxsize=1_000)
def holidays_of(region: Region, year: int) -> Mapping[date, str]:
    """Return the public holidays of one year, with what they are called there.

    A calendar that grows as it is asked, as the library's own do, would answer one thread while another fills it.

    Raises:
        ValueError: The holidays of this country, or of this part of it, are not known.
    """
    import holidays  # as above

    try:
        known = holidays.country_holidays(region.country, subdiv=region.subdivision, years=year, expand=False)
    except NotImplementedError:
        raise ValueError("not known") from None
    return dict(known)
