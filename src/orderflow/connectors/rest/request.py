"""The request that a configuration makes of an order."""

from __future__ import annotations

from orderflow.channels.http.checks import header_lines
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.domain.delivery import Delivery, Document, WaitingExport
from orderflow.domain.document import export_filename
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.formats.json_v1 import JsonV1Format, JsonV1Settings
from orderflow.formats.order_fields import order_fields
from orderflow.formats.template.filters import in_header, in_url
from orderflow.formats.template.texts import made, template
from orderflow.http import Outgoing

_JSON = JsonV1Format()
MEDIA_TYPES = {"json": "application/json", "xml": "application/xml", "form": "application/x-www-form-urlencoded"}
_SUFFIXES = {"json": ".json", "xml": ".xml", "form": ".txt"}


def body_of(order: DraftOrder, config: RestJsonConfig) -> Document:
    """Return the request's body: from the template, or the published document.

    Raises:
        RejectedError: The order cannot be expressed in it.
    """
    if config.body is None:
        return _JSON.render(order, order.delivery, JsonV1Settings())
    text = made(config.body, config.body_format, order_fields(order))
    name = export_filename(order.id, order.delivery, _SUFFIXES[config.body_format])
    return Document(name, text.encode(), MEDIA_TYPES[config.body_format], "rest_template")


def create_request(order: DraftOrder, config: RestJsonConfig, document: Document) -> Outgoing:
    """Return the request that creates the order, without credentials.

    Raises:
        RejectedError: The URL or a header needs a field that the order lacks.
    """
    ours = {
        "Content-Type": document.media_type,
        config.idempotency_header: idempotency_key(order.delivery),
    }
    given = _headers(order, config)
    named = {name.lower() for name in given}
    headers = given | {name: value for name, value in ours.items() if name.lower() not in named}
    key = idempotency_key(order.delivery)
    return Outgoing(config.method, _url(order, config.url), headers, document.content, message_id=key)


def find_request(order: DraftOrder, config: RestJsonConfig) -> Outgoing:
    """Return the request that asks whether the order is there. Raises as `create_request` does."""
    headers = {name: value for name, value in _headers(order, config).items() if name.lower() != "content-type"}
    fresh = {} if any(name.lower() == "cache-control" for name in headers) else {"Cache-Control": "no-cache"}
    return Outgoing("GET", _url(order, config.find_url or ""), headers | fresh)


def status_request(export: WaitingExport, config: RestJsonConfig) -> Outgoing:
    """Return the request that asks how an order fares.

    Raises:
        RejectedError: The URL needs the ERP's order number, and it is not known.
    """
    fields = {
        "erp_order_id": export.erp_reference,
        "reference": export.reference,
        "export_id": str(export.export_id),
        "draft_order_id": str(export.draft_order_id),
    }
    return Outgoing("GET", template(config.status_url or "", in_url).render(fields), {})


def idempotency_key(delivery: Delivery) -> str:
    """Return the key of this delivery, the same for each of its attempts."""
    return str(delivery.export_id)


def _url(order: DraftOrder, source: str) -> str:
    return template(source, in_url).render(order_fields(order))


def _headers(order: DraftOrder, config: RestJsonConfig) -> dict[str, str]:
    fields = order_fields(order)
    headers = {name: template(value, in_header).render(fields) for name, value in header_lines(config.headers)}
    if any(not value.isascii() for value in headers.values()):
        raise RejectedError("A header of the connection holds other characters than ASCII.", code="TEMPLATE_FAILED")
    return headers
