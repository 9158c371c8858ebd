"""EDIFACT as a format: ORDERS of D.96A and EANCOM, answered by CONTRL, APERAK and ORDRSP."""

from orderflow.formats.edifact.format import EdifactFormat
from orderflow.formats.edifact.settings import EdifactSettings

__all__ = ["EdifactFormat", "EdifactSettings"]
