"""The request that a configuration makes of an order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

from orderflow.channels.http.checks import header_lines
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.domain.delivery import Delivery, Document, WaitingExport
from orderflow.domain.document import export_document, export_filename
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.recall_document import recall_document
from orderflow.domain.states import Kind
from orderflow.formats.json_v1 import JsonV1Format, JsonV1Settings
from orderflow.formats.order_fields import order_fields
from orderflow.formats.template.filters import in_header, in_url
from orderflow.formats.template.texts import made, template
from orderflow.http import Outgoing

_JSON = JsonV1Format()
MEDIA_TYPES = {"json": "application/json", "xml": "application/xml", "form": "application/x-www-form-urlencoded"}
_CALLED = {Kind.ORDER: "sales_order", Kind.CHANGE: "change", Kind.RECALL: "recall"}
_SUFFIXES = {"json": ".json", "xml": ".xml", "form": ".txt"}


def body_of(order: DraftOrder, config: RestJsonConfig) -> Document:
    """Return the request's body: from the template, or the published document.

    Raises:
        RejectedError: The order cannot be expressed in it.
    """
    match order.delivery.kind:
        case Kind.ORDER:
            return _made(order, config, config.body) or _JSON.render(order, order.delivery, JsonV1Settings())
        case Kind.CHANGE:
            return _made(order, config, config.change_body or config.body) or _whole(order)
        case Kind.RECALL:
            return _made(order, config, config.recall_body) or recall_document(order)


def _made(order: DraftOrder, config: RestJsonConfig, source: str | None) -> Document | None:
    if source is None:
        return None
    text = made(source, config.body_format, fields_of(order))
    name = export_filename(order.id, order.delivery, _SUFFIXES[config.body_format], _CALLED[order.delivery.kind])
    return Document(name, text.encode(), MEDIA_TYPES[config.body_format], "rest_template")


def _whole(order: DraftOrder) -> Document:
    """Return the order as its document would have it, under the name of a change."""
    name = export_filename(order.id, order.delivery, what=_CALLED[Kind.CHANGE])
    return replace(export_document(order), filename=name)


def request_of(order: DraftOrder, config: RestJsonConfig, document: Document) -> Outgoing:
    """Return the request that creates the order, changes it or takes it back, without credentials.

    Raises:
        RejectedError: The URL or a header needs a field that the order lacks.
    """
    method, url = {
        Kind.ORDER: (config.method, config.url),
        Kind.CHANGE: (config.change_method, config.change_url),
        Kind.RECALL: (config.recall_method, config.recall_url),
    }[order.delivery.kind]
    content = document.content if method != "DELETE" or config.recall_body else b""
    key = idempotency_key(order.delivery)
    ours = {config.idempotency_header: key} | ({"Content-Type": document.media_type} if content else {})
    given = _headers(order, config)
    named = {name.lower() for name in given}
    headers = given | {name: value for name, value in ours.items() if name.lower() not in named}
    return Outgoing(method, _url(order, url or ""), headers, content, message_id=key)


def find_request(order: DraftOrder, config: RestJsonConfig) -> Outgoing:
    """Return the request that asks whether the order is there, by the delivery that brought it.

    Raises:
        RejectedError: As `request_of`.
    """
    if sent := order.delivery.sent:
        order = replace(order, delivery_in_progress=None)
        document = Document(sent.reference, b"", "", "")
        order.delivery = Delivery(sent.export_id, sent.requested_at, document=document)
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


def fields_of(order: DraftOrder) -> dict[str, Any]:
    """Return the fields of templates: the order's, and of a change or recall what it is about."""
    fields = order_fields(order)
    if sent := order.delivery.sent:
        fields["sent"] = {
            "export_id": str(sent.export_id),
            "reference": sent.reference,
            "requested_at": sent.requested_at.astimezone(UTC),
            "erp_order_id": sent.erp_order_id,
        }
        fields["recall"] = {"reason": order.delivery.reason}
    return fields


def _url(order: DraftOrder, source: str) -> str:
    return template(source, in_url).render(fields_of(order)) if "{" in source else source


def _headers(order: DraftOrder, config: RestJsonConfig) -> dict[str, str]:
    fields = order_fields(order) if "{" in config.headers else {}
    headers = {name: template(value, in_header).render(fields) for name, value in header_lines(config.headers)}
    if any(not value.isascii() for value in headers.values()):
        raise RejectedError("A header of the connection holds other characters than ASCII.", code="TEMPLATE_FAILED")
    return headers
