"""What a connection would send for an order, before anything is sent."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orderflow.domain.charsets import known_charset
from orderflow.domain.connector_port import ERPConnectorPort, Preview
from orderflow.domain.delivery import Document, Sent
from orderflow.domain.errors import ConnectorError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import ARRIVED, Kind
from orderflow.flow.delivery.change import not_given_back, standing
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.flow.delivery.open_target import find_connector
from orderflow.flow.delivery.route import way_of
from orderflow.flow.ports import Export, Wiring, Work
from orderflow.flow.setup.try_config import completed


@dataclass(frozen=True, slots=True)
class Shown:
    """A preview for a person.

    Attributes:
        destination: Where it would go; None if only delivery decides.
        headers: What goes with it, without credentials.
        size: Bytes of the document.
        text: The document as text, by `encoding`.
        encoding: The `charset` of the media type, else `utf-8` or `windows-1252`; `utf-8-sig` with a BOM, which `text`
            leaves out; `binary` if it is no text, which then is shown as far as it goes.
    """

    connector_type: str
    destination: str | None
    headers: dict[str, str]
    file_name: str
    media_type: str
    size: int
    text: str
    encoding: str


def preview_order(wiring: Wiring, org_id: UUID, order_id: UUID, connection_id: UUID | None = None) -> Shown:
    """Show what a connection, by default the one it goes to, would send for an order: as approved, else as it is now.

    Of an order that its ERP has, that is its change, if that connection can ask for one.

    Raises:
        NotFoundError, StateError: There is no such order or connection, or no default one.
        EncryptionError: The connection's configuration does not open.
        ConnectorError: The order cannot be expressed in the connection's format, or is not what was approved.
    """
    with wiring.store.work(org_id) as work:
        order = work.orders.as_approved(order_id)
        there = standing(work, order_id)
        changes = there is not None and there.status in ARRIVED and connection_id in (None, there.connection_id)
        if connection_id is None:
            connection_id = there.connection_id if there and changes else way_of(work, order_id)[0]
        target = work.connections.open(connection_id)
        connector = find_connector(wiring, target.connector_type)
        if there and changes and Kind.CHANGE in connector.kinds(target.config):
            _as_change(work, order, there)
    return show(connector, target.connector_type, order, target.config)


def _as_change(work: Work, order: DraftOrder, there: Export) -> None:
    """Have an order shown as the change of what its ERP has."""
    first = next(one for one in reversed(not_given_back(work, order.id)) if one.status in ARRIVED)
    delivery = order.delivery
    delivery.kind, delivery.before = Kind.CHANGE, work.orders.as_sent(order.id, there.revision)
    delivery.sent = Sent(first.id, first.created_at, first.filename or "", erp_order_id=first.erp_order_id)


def preview_config(
    wiring: Wiring,
    org_id: UUID,
    connector_type: str,
    config: dict[str, Any],
    order: DraftOrder | UUID,
    connection_id: UUID | None = None,
) -> Shown:
    """Show what a configuration that is not saved would send.

    Args:
        order: An order, or the id of a stored one.
        connection_id: The stored connection whose secrets fill those that are masked or left out.

    Raises:
        InputError, NotFoundError, EncryptionError: As `try_config`.
        ConnectorError: As `preview_order`.
    """
    connector, config, _ = completed(wiring, org_id, connector_type, config, connection_id)
    if isinstance(order, UUID):
        with wiring.store.work(org_id) as work:
            order = work.orders.as_approved(order)
    return show(connector, connector_type, order, config)


def show(connector: ERPConnectorPort, connector_type: str, order: DraftOrder, config: dict[str, Any]) -> Shown:
    """Show what a connector would send.

    Raises:
        ConnectorError: It cannot be made; also where the connector itself is at fault.
    """
    try:
        preview = connector.preview(order, config)
    except ConnectorError:
        raise
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything
        fault = connector_fault(connector_type, error)
        raise ConnectorError("The connector failed; nothing was sent.", code=fault.code, hint=fault.hint) from None
    return _shown(connector_type, preview)


def _shown(connector_type: str, preview: Preview) -> Shown:
    document = preview.document
    text, encoding = _as_text(document)
    return Shown(
        connector_type,
        preview.destination,
        preview.headers,
        document.filename,
        document.media_type,
        len(document.content),
        text,
        encoding,
    )


def _as_text(document: Document) -> tuple[str, str]:
    content = document.content
    marked = ["utf-8-sig"] if content.startswith(codecs.BOM_UTF8) else []
    named = filter(known_charset, re.findall(r"charset=([\w.-]+)", document.media_type))
    for encoding in (*marked, *named, "utf-8", "windows-1252"):
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            return text, encoding
    return content.decode("ascii", "replace").replace("\0", "\ufffd"), "binary"
