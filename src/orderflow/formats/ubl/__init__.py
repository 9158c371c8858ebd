"""UBL as a format: Order 2.1 as Peppol BIS 3 or plain, answered by Order Response."""

from orderflow.formats.ubl.format import UblFormat
from orderflow.formats.ubl.settings import UblSettings

__all__ = ["UblFormat", "UblSettings"]
