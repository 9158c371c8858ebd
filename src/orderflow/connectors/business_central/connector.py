"""BUSINESS_CENTRAL: each order becomes a sales order in a company of Dynamics 365 Business Central."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, ClassVar

from pydantic import BaseModel

from orderflow.channels.http.session import check_lease
from orderflow.connectors.business_central.change import change
from orderflow.connectors.business_central.config import NAME, BusinessCentralConfig
from orderflow.connectors.business_central.held import details_of, is_released
from orderflow.connectors.business_central.payload import write_order
from orderflow.connectors.business_central.service import Company, Row, clear, only
from orderflow.connectors.business_central.take_back import take_back
from orderflow.connectors.business_central.trial import try_out
from orderflow.connectors.one_by_one import OneByOneConnector, made, refuse_strangers
from orderflow.domain.connector_port import Preview
from orderflow.domain.delivery import Ack, Document, ExportResult, Waiting, WaitingExport
from orderflow.domain.document import export_filename
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.net.deadline import Deadline

READ_AT_ONCE = 5
"""Orders that are read together, each with its lines."""

READ_WITHIN = 90.0
"""Seconds for one round of answers, however slowly they come; the next round asks about the rest."""

LONGEST_COMMIT = 1_140.0
"""Seconds: a request waits 8 minutes in Business Central's queue at most, then is worked at for 10, and a minute more.

Source: "Operational limits for Business Central online" and "Current API limits", Microsoft Learn.
"""


class BusinessCentralConnector(OneByOneConnector):
    """Makes sales orders, and reports back what becomes of them."""

    connector_type: ClassVar[str] = "BUSINESS_CENTRAL"
    display_name: ClassVar[str] = "Dynamics 365 Business Central"
    config_model: ClassVar[type[BaseModel]] = BusinessCentralConfig
    capabilities: ClassVar[frozenset[str]] = frozenset({"find", "acks"})

    def open_session(self, settings: BusinessCentralConfig) -> Company:
        """Return the way into the company; nothing is sent yet."""
        return Company(settings)

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Return the request's body. Raises RejectedError, ConfigError."""
        delivery = draft_order.delivery
        if delivery.kind is not Kind.ORDER:
            return super().render(draft_order, config)
        content = write_order(draft_order, delivery.export_id, self.parse(config))
        name = export_filename(draft_order.id, delivery)
        return Document(name, content, "application/json", "business_central_v2")

    def preview(self, draft_order: DraftOrder, config: dict[str, Any]) -> Preview:
        """Return the request without sign-in; a company that is called by its name has an id that only it knows."""
        document, settings = self.document(draft_order, config), self.parse(config)
        method = "PATCH" if draft_order.delivery.kind is Kind.CHANGE else "POST"
        place = f"{method} {settings.root}/companies({settings.company})/salesOrders"
        return Preview(document, place, {"Content-Type": document.media_type})

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Make the sales order, or change it.

        Raises:
            ConnectorError: As `orderflow.connectors.business_central.answers` sorts them.
        """
        if draft_order.delivery.kind is Kind.CHANGE:
            with self.session(config) as company:
                check_lease(draft_order.delivery.may_start())
                return made(draft_order, change(company, draft_order))
        document = self.document(draft_order, config)
        with self.session(config) as company:
            path = company.path
            known = _there_before(company, draft_order)
            check_lease(draft_order.delivery.may_start())
            return known or made(draft_order, company.create(path, document.content))

    def commits_within(self, config: dict[str, Any]) -> float:
        """Return as long as Business Central may be at a request."""
        return LONGEST_COMMIT

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Ask for the order, or whether it was changed: either way it has the delivery's key then.

        Raises:
            InDoubtError: There are several.
            ConnectorError: There was no clear answer; it is asked again later.
        """
        with self.session(config) as company:
            number = only(company.find(draft_order, draft_order.delivery.export_id))
        return made(draft_order, number, inferred=True) if number else None

    def takes_back(self, config: dict[str, Any]) -> bool:
        """Return whether orders may be deleted."""
        return bool(config.get("deletes_recalled"))

    def take_back(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Delete a sent order. Raises ConnectorError, as `orderflow.connectors.business_central.take_back`."""
        with self.session(config) as company:
            check_lease(draft_order.delivery.may_start())
            return take_back(company, draft_order)

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Return True: what becomes of an order is read, and compared."""
        return True

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Read the orders that wait, by their numbers; one without a number is looked for by `find` first.

        Raises:
            ConnectorError: Business Central does not answer, or not clearly.
        """
        numbered = (export for export in Waiting.of(waiting) if export.erp_reference)
        deadline = Deadline(READ_WITHIN)
        with self.session(config) as company:
            while not deadline.passed and (some := list(islice(numbered, READ_AT_ONCE))):
                yield from _acks(company, some)

    def try_out(self, session: Company) -> dict[str, Any]:
        """Reach the company, be let in, and see whether orders can be asked for. Raises ConnectorError."""
        return try_out(session)


def _there_before(company: Company, order: DraftOrder) -> ExportResult | None:
    """Look for the order first where it is known by the customer's number alone, which may have come another way.

    Raises:
        RejectedError: There is an order of this number and customer, and this delivery never sent one.
        ConnectorError: There was no clear answer, and nothing was sent.
    """
    if company.config.reference_in != "number":
        return None
    found = company.find(order, order.delivery.export_id)
    refuse_strangers(order, found, NAME)
    number = only(found)
    return made(order, number, inferred=True) if number else None


def _acks(company: Company, some: Sequence[WaitingExport]) -> Iterator[Ack]:
    rows = {row["number"]: row for row in company.orders([export.erp_reference or "" for export in some])}
    for export in some:
        row = rows.get(export.erp_reference or "")
        ack = _ack(company, export, row) if row else _ack_of_none(company, export)
        if ack is not None:
            yield ack


def _ack(company: Company, export: WaitingExport, row: Row) -> Ack | None:
    wanted = company.config.confirmed_when
    stands = {"there": True, "released": is_released(row), "shipped": row.get("fullyShipped") is True}
    if not stands[wanted]:
        return None
    with clear("What does the order hold?"):
        details = details_of(row, company.config)
    return Ack(export.reference, "ACKED", export.export_id, export.erp_reference, details=details)


def _ack_of_none(company: Company, export: WaitingExport) -> Ack | None:
    """Return what became of an order that is gone: invoiced in full, or deleted."""
    if company.is_invoiced(export.erp_reference or ""):
        return Ack(export.reference, "ACKED", export.export_id, export.erp_reference)
    if export.sent_at is None:
        return None
    message = f"The order {export.erp_reference} is not in Business Central any more: it was deleted there."
    return Ack(export.reference, "FAILED", export.export_id, export.erp_reference, "CANCELLED_IN_ERP", message)
