"""Templates as a format: any text (JSON, XML, plain) that an ERP takes, written by a text with fields in it."""

from orderflow.formats.template.format import TemplateFormat
from orderflow.formats.template.settings import TemplateSettings

__all__ = ["TemplateFormat", "TemplateSettings"]
