"""A template of the organization's own as a format."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.document import export_filename
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.formats.format import Format
from orderflow.formats.order_fields import order_fields
from orderflow.formats.template.letters import CharacterError, not_allowed
from orderflow.formats.template.settings import WRITERS, TemplateSettings, not_well_formed, template

MEDIA_TYPES = {"json": "application/json", "xml": "application/xml", "form": "application/x-www-form-urlencoded"}
_SUFFIX = {"json": ".json", "xml": ".xml", "form": ".txt"}


class TemplateFormat(Format):
    """Each order as a text that a template makes."""

    name: ClassVar[str] = "rest_template"
    title: ClassVar[str] = "template"
    settings: ClassVar[type[BaseModel]] = TemplateSettings

    def render(self, order: DraftOrder, delivery: Delivery, settings: TemplateSettings) -> Document:
        """Fill the template. Raises RejectedError: it needs what the order lacks, or cannot hold what it has."""
        fields = order_fields(order, delivery)
        text = template(settings.body, WRITERS[settings.body_format]).render(fields)
        name = export_filename(order.id, delivery, _SUFFIX[settings.body_format])
        try:
            content = text.encode()
        except UnicodeEncodeError as error:  # half of a pair of surrogates
            raise not_allowed(CharacterError(text[error.start], "UTF-8"), fields) from None
        if fault := not_well_formed(text, settings.body_format):
            raise RejectedError(
                f"The template makes no {fault}.",
                code="TEMPLATE_FAILED",
                hint="Correct the body's template in the connection, so that it fits this order too; then push again.",
            )
        return Document(name, content, MEDIA_TYPES[settings.body_format], self.name)
