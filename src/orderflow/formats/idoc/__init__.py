"""SAP's IDocs as a format: ORDERS and ORDCHG in ORDERS05, XML or flat, answered by STATUS, ALEAUD and ORDRSP."""

from orderflow.formats.idoc.format import IdocFormat
from orderflow.formats.idoc.settings import IdocSettings

__all__ = ["IdocFormat", "IdocSettings"]
