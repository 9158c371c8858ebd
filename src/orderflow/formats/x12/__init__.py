"""X12 as a format: 850 of 004010 and 005010, answered by TA1, 997, 999, 855 and 865."""

from orderflow.formats.x12.format import X12Format
from orderflow.formats.x12.settings import X12Settings

__all__ = ["X12Format", "X12Settings"]
