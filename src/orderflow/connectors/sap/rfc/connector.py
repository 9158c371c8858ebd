"""SAP_RFC: each order becomes a sales order in SAP, by BAPI_SALESORDER_CREATEFROMDAT2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from orderflow.channels.http.session import check_lease
from orderflow.connectors.one_by_one import OneByOneConnector, made, refuse_strangers
from orderflow.connectors.sap.rfc.change import change, is_changed, take_back
from orderflow.connectors.sap.rfc.config import SapRfcConfig
from orderflow.connectors.sap.rfc.functions import SapFunctions
from orderflow.connectors.sap.rfc.held import details_of, is_rejected
from orderflow.connectors.sap.rfc.tables import write_order
from orderflow.domain.connector_port import Preview
from orderflow.domain.delivery import Ack, Document, ExportResult, Waiting, WaitingExport
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    UnavailableError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.formats.order_fields import sample_order
from orderflow.http import UnreadableError
from orderflow.http.soap import headers_of
from orderflow.net.deadline import Deadline

READ_WITHIN = 90.0
"""Seconds for one round of answers, however slowly SAP gives them; the next round asks about the rest."""

_ONLY_A_DELIVERY_SHOWS = (
    "SAP was reached, lets us in and can be asked; only a delivery shows that our user may create orders in this sales "
    "area."
)


class SapRfcConnector(OneByOneConnector):
    """Makes sales orders, and reports back what SAP makes of them."""

    connector_type: ClassVar[str] = "SAP_RFC"
    display_name: ClassVar[str] = "SAP (BAPI by SOAP)"
    config_model: ClassVar[type[BaseModel]] = SapRfcConfig
    capabilities: ClassVar[frozenset[str]] = frozenset({"find", "acks"})

    def open_session(self, settings: SapRfcConfig) -> SapFunctions:
        """Return the way into SAP; nothing is sent yet."""
        return SapFunctions(settings)

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Return the call's envelope. Raises RejectedError, ConfigError."""
        delivery = draft_order.delivery
        if delivery.kind is not Kind.ORDER:
            return super().render(draft_order, config)
        content = write_order(draft_order, delivery, self.parse(config))
        return Document(f"{delivery.export_id}.xml", content, "text/xml", "sap_bapi_salesorder")

    def preview(self, draft_order: DraftOrder, config: dict[str, Any]) -> Preview:
        """Return the order's call without sign-in and session."""
        document, settings = self.document(draft_order, config), self.parse(config)
        return Preview(document, f"POST {settings.endpoint}", headers_of() | settings.logon)

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Make the sales order, or change it, and commit that.

        Raises:
            ConnectorError: As `orderflow.connectors.sap.rfc.functions`.
        """
        if draft_order.delivery.kind is Kind.CHANGE:
            with self.session(config) as functions:
                return made(draft_order, change(functions, draft_order))
        document, delivery = self.document(draft_order, config), draft_order.delivery
        with self.session(config) as functions:
            known = _there_before(functions, draft_order)
            check_lease(delivery.may_start())
            if known is not None:
                return known
            entered = functions.create(document.content, lambda: check_lease(delivery.may_start()))
        return made(draft_order, entered.number, **({"messages": entered.messages} if entered.messages else {}))

    def commits_within(self, config: dict[str, Any]) -> float:
        """Return 300 seconds, or twice as long as two calls may take: SAP is at the one when the other begins."""
        return max(300.0, 4 * float(config.get("timeout") or 0))

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Ask SAP.

        Raises:
            InDoubtError: There are several.
            ConnectorError: There was no clear answer; it is asked again later.
        """
        with self.session(config) as functions:
            if draft_order.delivery.kind is Kind.CHANGE:
                number = is_changed(functions, draft_order)
            else:
                number = _only(functions.find(draft_order, draft_order.delivery.export_id))
        return made(draft_order, number, inferred=True) if number else None

    def takes_back(self, config: dict[str, Any]) -> bool:
        """Return whether items may be given a reason for rejection."""
        return bool(config.get("rejection_reason"))

    def take_back(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Have all items of a sent order rejected. Raises ConnectorError, as `orderflow.connectors.sap.rfc.change`."""
        with self.session(config) as functions:
            return take_back(functions, draft_order)

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Return True: what SAP makes of an order is read, and compared."""
        return True

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Read the orders that wait, by their numbers; one that cannot be read keeps no others waiting.

        Raises:
            ConnectorError: SAP does not answer, or not clearly.
        """
        problem: ConnectorError | None = None
        deadline = Deadline(READ_WITHIN)
        with self.session(config) as functions:
            for export in Waiting.of(waiting):
                if export.erp_reference is None or deadline.passed:
                    continue
                try:
                    ack = _ack(functions, export, functions.status(export.erp_reference))
                except (UnavailableError, InDoubtError) as error:
                    problem = error
                    continue
                if ack is not None:
                    yield ack
        if problem is not None:
            raise problem

    def try_out(self, session: SapFunctions) -> dict[str, Any]:
        """Reach SAP, be let in, and see whether orders can be made and asked for. Raises ConnectorError."""
        return _try_out(session)


def _try_out(functions: SapFunctions) -> dict[str, Any]:
    """Check all that a delivery needs, as far as that can be asked. Raises ConnectorError: what is missing, by name."""
    config, nobodys = functions.config, sample_order()
    nobodys.external_order_number = f"TEST-{new_id().hex[-12:]}"
    if functions.find(nobodys, new_id()):
        raise NeedsAttentionError("SAP finds an order that was never sent.", code="WRONG_FIND",
                                  hint="Its list of orders must be SAP's own. Then test the connection.")  # fmt: skip
    functions.status("0")
    if config.commit == "in_session":
        functions.try_session()
    return {
        "reached": True,
        "signed_in": True,
        "keeps_session": True if config.commit == "in_session" else None,
        "may_create": None,
        "sales_area": f"{config.sales_organization}/{config.distribution_channel}/{config.division}",
        "note": _ONLY_A_DELIVERY_SHOWS,
    }


def _there_before(functions: SapFunctions, order: DraftOrder) -> ExportResult | None:
    """Look for the order first where SAP knows it by the customer's number alone, which may have come another way.

    Raises:
        RejectedError: SAP has an order of this number and customer, and this delivery never sent one.
        ConnectorError: There was no clear answer, and nothing was sent.
    """
    if functions.config.reference_in != "number":
        return None
    found = functions.find(order, order.delivery.export_id)
    refuse_strangers(order, found, "SAP")
    number = _only(found)
    return made(order, number, inferred=True) if number else None


def _only(numbers: Sequence[str]) -> str | None:
    if len(numbers) > 1:
        raise InDoubtError(
            f"SAP has {len(numbers)} orders with this purchase order number: {', '.join(numbers[:5])}.",
            hint="Look in SAP which one is ours, then resolve the order.",
        )
    return numbers[0] if numbers else None


def _ack(functions: SapFunctions, export: WaitingExport, rows: list[dict[str, Any]] | None) -> Ack | None:
    number = export.erp_reference
    if rows is None:
        if export.sent_at is None:
            return None
        message = f"The order {number} is not in SAP any more: it was deleted there, or archived."
        return Ack(export.reference, "FAILED", export.export_id, number, "CANCELLED_IN_ERP", message)
    try:
        details = details_of(rows, functions.config)
    except (UnreadableError, ArithmeticError) as error:
        raise UnavailableError(f"What does the order hold? SAP gave {error}.", code="FIND_FAILED") from None
    if is_rejected(details):
        message = f"The order {number} was rejected in SAP."
        return Ack(export.reference, "FAILED", export.export_id, number, "CANCELLED_IN_ERP", message)
    return Ack(export.reference, "ACKED", export.export_id, number, details=details)
