"""A template of the organization's own as a format."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.orders import DraftOrder
from orderflow.formats.edi.settings import LINE_ENDS
from orderflow.formats.encodings import charset, encoded
from orderflow.formats.file_name import made_name
from orderflow.formats.format import Format
from orderflow.formats.order_fields import order_fields
from orderflow.formats.template.settings import TemplateSettings
from orderflow.formats.template.texts import made

_MEDIA_TYPES = {"json": "application/json", "xml": "application/xml"}
_SUFFIXES = {"json": ".json", "xml": ".xml", "text": ".txt"}


class TemplateFormat(Format):
    """Each order as a file that a template makes."""

    name: ClassVar[str] = "template_document"
    title: ClassVar[str] = "template"
    settings: ClassVar[type[BaseModel]] = TemplateSettings

    def render(self, order: DraftOrder, delivery: Delivery, settings: TemplateSettings) -> Document:
        """Fill the template. Raises RejectedError: it needs what the order lacks, or cannot hold what it has."""
        text = made(
            settings.template,
            settings.content,
            order_fields(order, delivery),
            encoding=settings.encoding,
            separators=settings.separators,
        )
        text = text.replace("\r\n", "\n").replace("\n", LINE_ENDS[settings.line_end])
        name = made_name(settings.file_name or _file_name(settings), order, delivery)
        return Document(name, encoded(text, settings.encoding), _media_type(settings), self.name)


def _file_name(settings: TemplateSettings) -> str:
    return "sales_order_{draft_order_id}_{timestamp}_{export}" + _SUFFIXES[settings.content]


def _media_type(settings: TemplateSettings) -> str:
    given = settings.media_type or _MEDIA_TYPES.get(settings.content)
    return given or f"text/plain; charset={charset(settings.encoding)}"
