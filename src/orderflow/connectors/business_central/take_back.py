"""An order is taken back: it is deleted, as long as it is open and nothing of it was shipped."""

from __future__ import annotations

from orderflow.connectors.business_central.config import NAME
from orderflow.connectors.business_central.held import has_shipped, is_open
from orderflow.connectors.business_central.service import Company, clear
from orderflow.connectors.one_by_one import sent_as, the_sent
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder

_BY_HAND = "Ask the company's people. Once it is cancelled there, confirm the recall by hand."


def take_back(company: Company, order: DraftOrder) -> ExportResult:
    """Delete a sent order. Repeated after a lost answer, it finds the order gone; so it does one that is not shown yet.

    Raises:
        RejectedError: The company keeps it; TOO_LATE: it is released, shipped or invoiced.
        ConnectorError: It is not known how far it got; it is safe to repeat.
    """
    number = sent_number(company, order)
    rows = company.orders([number])
    if not rows:
        if company.is_invoiced(number):
            raise _too_late(f"The order {number} was invoiced already.")
        about = {"erp_order_id": number}
        return ExportResult(True, order.delivery.export_id, connector_metadata=about, inferred=True, not_shown=True)
    with clear("How does the order fare?"):
        if has_shipped(rows[0]):
            raise _too_late(f"Some of the order {number} was shipped already.")
    if not is_open(rows[0]):
        raise _too_late(f"The order {number} is released, or somebody is to approve it.")
    try:
        company.delete(rows[0])
    except RejectedError as error:
        raise RejectedError(f"{NAME} keeps the order: {error.message}", code="ERP_REJECTED", hint=_BY_HAND) from None
    return ExportResult(True, order.delivery.export_id, connector_metadata={"erp_order_id": number})


def sent_number(company: Company, order: DraftOrder) -> str:
    """Return the number of the order that was sent. Raises InDoubtError: the company does not have it, or several."""
    sent = order.delivery.sent
    if sent is not None and sent.erp_order_id:
        return sent.erp_order_id
    return the_sent(sorted(set(company.find(order, sent_as(order)))), NAME)


def _too_late(what: str) -> RejectedError:
    return RejectedError(what, code="TOO_LATE", hint=_BY_HAND)
