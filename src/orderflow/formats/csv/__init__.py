"""CSV by a mapping as a format; answered as JSON v1 is."""

from orderflow.formats.csv.format import CsvFormat
from orderflow.formats.csv.settings import CsvSettings

__all__ = ["CsvFormat", "CsvSettings"]
