"""SAP_ODATA: each order becomes a sales order in SAP S/4HANA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, ClassVar

from pydantic import BaseModel

from orderflow.channels.http.session import check_lease
from orderflow.connectors.one_by_one import OneByOneConnector, made, refuse_strangers
from orderflow.connectors.sap.change import change, is_changed
from orderflow.connectors.sap.config import SapODataConfig
from orderflow.connectors.sap.held import Held, held_of, number_of_order
from orderflow.connectors.sap.payload import own_key, write_order
from orderflow.connectors.sap.service import ORDER, REJECTED, Row, SapService
from orderflow.connectors.sap.take_back import take_back
from orderflow.connectors.sap.trial import try_out
from orderflow.domain.connector_port import Preview
from orderflow.domain.delivery import Ack, Document, ExportResult, Waiting, WaitingExport
from orderflow.domain.document import export_filename
from orderflow.domain.errors import InDoubtError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.net.deadline import Deadline

READ_AT_ONCE = 20
"""Orders whose items are read together."""

READ_WITHIN = 90.0
"""Seconds for one round of answers, however slowly SAP gives them; the next round asks about the rest."""


class SapODataConnector(OneByOneConnector):
    """Makes sales orders, and reports back what SAP makes of them."""

    connector_type: ClassVar[str] = "SAP_ODATA"
    display_name: ClassVar[str] = "SAP S/4HANA (OData)"
    config_model: ClassVar[type[BaseModel]] = SapODataConfig
    capabilities: ClassVar[frozenset[str]] = frozenset({"find", "acks"})

    def open_session(self, settings: SapODataConfig) -> SapService:
        """Return the way into SAP; nothing is sent yet."""
        return SapService(settings)

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Return the request's body. Raises RejectedError, ConfigError."""
        delivery = draft_order.delivery
        if delivery.kind is not Kind.ORDER:
            return super().render(draft_order, config)
        content = write_order(draft_order, delivery, self.parse(config))
        return Document(export_filename(draft_order.id, delivery), content, "application/json", "sap_odata_v2")

    def preview(self, draft_order: DraftOrder, config: dict[str, Any]) -> Preview:
        """Return the request without sign-in and token."""
        document, settings = self.document(draft_order, config), self.parse(config)
        headers = {"Content-Type": document.media_type, **settings.logon}
        changes = draft_order.delivery.kind is Kind.CHANGE
        return Preview(document, f"{'PATCH' if changes else 'POST'} {settings.root}/{ORDER}", headers)

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Make the sales order, or change it.

        Raises:
            ConnectorError: As `orderflow.connectors.sap.answers` sorts them.
        """
        if draft_order.delivery.kind is Kind.CHANGE:
            with self.session(config) as service:
                check_lease(draft_order.delivery.may_start())
                return made(draft_order, change(service, draft_order))
        document = self.document(draft_order, config)
        with self.session(config) as service:
            known = _there_before(service, draft_order)
            check_lease(draft_order.delivery.may_start())
            if known is not None:
                return known
            entered = service.create(document.content)
        return made(draft_order, entered.number, **({"messages": entered.messages} if entered.messages else {}))

    def commits_within(self, config: dict[str, Any]) -> float:
        """Return 120 seconds: SAP commits an order after it has priced and checked all of its items."""
        return 120.0

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Ask SAP.

        Raises:
            ConnectorError: There was no clear answer; it is asked again later.
        """
        with self.session(config) as service:
            if draft_order.delivery.kind is Kind.CHANGE:
                number = is_changed(service, draft_order)
                return made(draft_order, number, inferred=True) if number else None
            found = _one(service, service.find(draft_order, draft_order.delivery.export_id))
        return made(draft_order, found, inferred=True) if found else None

    def takes_back(self, config: dict[str, Any]) -> bool:
        """Return whether items may be given a reason for rejection."""
        return bool(config.get("rejection_reason"))

    def take_back(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Have all items of a sent order rejected. Raises ConnectorError, as `orderflow.connectors.sap.take_back`."""
        with self.session(config) as service:
            check_lease(draft_order.delivery.may_start())
            return take_back(service, draft_order)

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Return True: what SAP makes of an order is read, and compared."""
        return True

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Read the orders that wait; one that SAP does not have, or has blocked, waits for the next round.

        Raises:
            ConnectorError: SAP does not answer, or not clearly.
        """
        exports, deadline = iter(Waiting.of(waiting)), Deadline(READ_WITHIN)
        with self.session(config) as service:
            while not deadline.passed and (some := list(islice(exports, READ_AT_ONCE))):
                yield from _acks(service, some)

    def try_out(self, session: SapService) -> dict[str, Any]:
        """Reach SAP, be let in, and see whether orders can be sent and asked for. Raises ConnectorError."""
        return try_out(session)


def _there_before(service: SapService, order: DraftOrder) -> ExportResult | None:
    """Look for the order first where SAP knows it by the customer's number alone, which may have come another way.

    Raises:
        RejectedError: SAP has an order of this number and customer, and this delivery never sent one.
        ConnectorError: There was no clear answer, and nothing was sent.
    """
    if service.config.reference_in != "customer_reference":
        return None
    found = service.find(order, order.delivery.export_id)
    stands = [number_of_order(row) for row in found if row.get("OverallSDDocumentRejectionSts") != REJECTED]
    refuse_strangers(order, stands, "SAP")
    return made(order, stands[0], inferred=True) if stands else None


def _one(service: SapService, rows: Sequence[Row]) -> str | None:
    """Return the number of the order that was found.

    Raises:
        InDoubtError: It is known by the customer's number alone, and was rejected: perhaps it is an earlier delivery's.
    """
    by_number = service.config.reference_in == "customer_reference"
    stands = [row for row in rows if not (by_number and row.get("OverallSDDocumentRejectionSts") == REJECTED)]
    if stands:
        return number_of_order(stands[0])
    if rows:
        raise InDoubtError(
            f"SAP has the order {number_of_order(rows[0])} with this number, which was rejected there: nobody can tell "
            "whether it is this delivery's.",
        )
    return None


def _acks(service: SapService, some: Sequence[WaitingExport]) -> Iterator[Ack]:
    by_number = {export.erp_reference: export for export in some if export.erp_reference}
    by_key = {
        own_key(export.export_id): export
        for export in some
        if not export.erp_reference and service.config.reference_in == "ship_to_reference"
    }
    heads = service.orders([number for number in by_number if number], list(by_key))
    for held, head in zip(held_of(service, heads), heads, strict=True):
        export = by_number.get(held.number) or by_key.get(str(head.get("PurchaseOrderByShipToParty") or ""))
        if export is not None and (ack := _ack(service, export, held)) is not None:
            yield ack


def _ack(service: SapService, export: WaitingExport, held: Held) -> Ack | None:
    if held.rejected:
        message = f"The order {held.number} was rejected in SAP."
        return Ack(export.reference, "FAILED", export.export_id, held.number, "CANCELLED_IN_ERP", message)
    if not held.details.lines or (held.blocked and service.config.confirmed_when == "not_blocked"):
        return None
    return Ack(export.reference, "ACKED", export.export_id, held.number, details=held.details)
