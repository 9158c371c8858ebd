"""SAP's API for sales orders: they are made, looked for, and read.

Source: "Sales Order (A2X, OData V2)", API_SALES_ORDER_SRV (help.sap.com, api.sap.com).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orderflow.connectors.sap.answers import number_in, refusal, told_beside
from orderflow.connectors.sap.config import SapODataConfig
from orderflow.connectors.sap.metadata import Metadata, read_metadata
from orderflow.connectors.sap.payload import own_key
from orderflow.connectors.sap.session import SapSession
from orderflow.domain.errors import InDoubtError, TransientError
from orderflow.domain.orders import DraftOrder
from orderflow.http import Answer, UnreadableError, odata

Row = dict[str, Any]
PAGE = 500
"""Entities in one answer; of a few fields each it has some 300 KB."""

REJECTED = "C"
"""Of OverallSDDocumentRejectionSts: each item has a reason for rejection."""

ORDER, ITEM, SCHEDULE, PRICE = (
    "A_SalesOrder", "A_SalesOrderItem", "A_SalesOrderScheduleLine", "A_SalesOrderItemPrElement",
)  # fmt: skip
KEYS = {
    ORDER: "SalesOrder",
    ITEM: "SalesOrder,SalesOrderItem",
    SCHEDULE: "SalesOrder,SalesOrderItem,ScheduleLine",
    PRICE: "SalesOrder,SalesOrderItem,PricingProcedureStep,PricingProcedureCounter",
}
"""By which pages are ordered, so that nothing falls between two of them."""


@dataclass(frozen=True, slots=True)
class Made:
    """An order that SAP made, and what it said beside it."""

    number: str
    messages: list[str]


class SapService:
    """One SAP system's sales orders, for all threads."""

    def __init__(self, config: SapODataConfig) -> None:
        self.config = config
        self.session = SapSession(config)
        self._metadata: Metadata | None = None

    def close(self) -> None:
        """Close all connections."""
        self.session.close()

    def got(self) -> list[str]:
        """Return tokens and cookies that SAP gave lately: secrets, to be hidden."""
        return self.session.got()

    def create(self, content: bytes) -> Made:
        """Make the order.

        Raises:
            ConnectorError: As `answers` sorts it; InDoubtError: it may be there.
        """
        answer = self.session.change("POST", ORDER, content)
        if not answer.ok:
            raise refusal(answer)
        return Made(number_in(answer), told_beside(answer))

    def find(self, order: DraftOrder, export_id: UUID) -> list[Row]:
        """Return the orders that may be this delivery's, the oldest first; none: SAP clearly has none.

        Raises:
            ConnectorError: There was no clear answer.
        """
        if self.config.reference_in == "ship_to_reference":
            wanted: dict[str, odata.Value] = {"PurchaseOrderByShipToParty": own_key(export_id)}
        else:
            wanted = {
                "PurchaseOrderByCustomer": (order.external_order_number or "").strip(),
                "SoldToParty": (order.customer.erp_customer_number if order.customer else "") or "",
                "SalesOrganization": self.config.sales_organization,
            }
        with _clear("Is the order there?"):
            # Each row is looked at: a service that does not filter would find everything.
            rows = list(self._rows(ORDER, odata.equal(2, **wanted)))
            if not all(_is(row, wanted) for row in rows):
                raise UnreadableError("orders that it was not asked for")
            return rows

    def orders(self, numbers: Sequence[str], own_keys: Sequence[str]) -> list[Row]:
        """Return the heads of orders by SAP's numbers, and of others by our keys."""
        wanted = [("SalesOrder", numbers), ("PurchaseOrderByShipToParty", own_keys)]
        filters = [odata.any_of(name, values, 2) for name, values in wanted if values]
        fields = ("SalesOrder", "PurchaseOrderByShipToParty", "TransactionCurrency", "TotalBlockStatus",
                  "OverallSDDocumentRejectionSts", "OverallDeliveryStatus", "CustomerPurchaseOrderDate",
                  "RequestedDeliveryDate")  # fmt: skip
        with _clear("How do the orders fare?"):
            return list(self._rows(ORDER, " or ".join(filters), fields)) if filters else []

    def items(self, numbers: Sequence[str]) -> list[Row]:
        """Return the items of orders."""
        fields = ("SalesOrder", "SalesOrderItem", "HigherLevelItem", "Material", "RequestedQuantity",
                  "RequestedQuantityUnit", "NetAmount", "SalesDocumentRjcnReason")  # fmt: skip
        with _clear("What do the orders hold?"):
            return list(self._rows(ITEM, odata.any_of("SalesOrder", numbers, 2), fields))

    def schedules(self, numbers: Sequence[str]) -> list[Row] | None:
        """Return what SAP has confirmed of items, and for when; None: this release does not tell."""
        fields = ("SalesOrder", "SalesOrderItem", "ScheduleLine", "ConfirmedDeliveryDate",
                  "ConfdOrderQtyByMatlAvailCheck")  # fmt: skip
        with _clear("What is confirmed?"):
            if not self.metadata.has(SCHEDULE, *fields):
                return None
            return list(self._rows(SCHEDULE, odata.any_of("SalesOrder", numbers, 2), fields))

    def conditions(self, numbers: Sequence[str]) -> list[Row]:
        """Return the conditions of items from which their prices are worked out."""
        fields = ("SalesOrder", "SalesOrderItem", "PricingProcedureStep", "PricingProcedureCounter", "ConditionType",
                  "ConditionRateValue", "ConditionQuantity", "ConditionQuantityUnit", "ConditionAmount",
                  "ConditionClass", "ConditionInactiveReason")  # fmt: skip
        kinds = {self.config.price_condition, *self.config.conditions.values()} - {""}
        which = [odata.any_of("ConditionType", sorted(kinds), 2)] if kinds else []
        with _clear("What do the orders cost?"):
            if not self.config.price_condition:
                if not self.metadata.has(PRICE, "ConditionClass"):
                    return []
                which.append(odata.equal(2, ConditionClass="B"))
            filters = [odata.any_of("SalesOrder", numbers, 2), f"({' or '.join(which)})"]
            return list(self._rows(PRICE, " and ".join(filters), fields))

    def one(self, path: str) -> Row:
        """Return an entity as it is now, with its version. Raises ConnectorError: there was no clear answer."""
        with _clear("How does it stand?"):
            return odata.entity_in(self._asked(path))

    def edit(self, path: str, values: Row, version: str = "*") -> None:
        """Change fields of an entity, if it is still of that version.

        Raises:
            ConnectorError: As `answers` sorts it.
        """
        self._done(self.session.change("PATCH", path, odata.encode(values, 2), If_Match=version))

    def add(self, path: str, entity: Row) -> None:
        """Make an entity where `path` leads, as `A_SalesOrder('1')/to_Item`. Raises as `edit`."""
        self._done(self.session.change("POST", path, odata.encode(entity, 2)))

    def remove(self, path: str) -> None:
        """Delete an entity. Raises as `edit`."""
        self._done(self.session.change("DELETE", path, b"", If_Match="*"))

    def _done(self, answer: Answer) -> None:
        """Make sure that an answer to a change is SAP's yes: no content, or the entity.

        Raises:
            ConnectorError: As `answers` sorts it; InDoubtError: something else may have answered in SAP's place.
        """
        if not answer.ok:
            raise refusal(answer)
        if answer.status == 204:
            return
        try:
            odata.entity_in(answer)
        except UnreadableError as error:
            problem = str(error)
        else:
            return
        raise InDoubtError(f"SAP answered {answer.status}, with {problem}.", code="ANSWER_UNREADABLE")

    @property
    def metadata(self) -> Metadata:
        """What this system's service knows, read once.

        Raises:
            UnreadableError: The answer is no metadata.
            ConnectorError: There was none.
        """
        if self._metadata is None:
            self._metadata = read_metadata(self._asked("$metadata", accept="application/xml"))
        return self._metadata

    def _rows(self, entity: str, wanted: str, fields: Sequence[str] | None = None) -> Iterator[Row]:
        """Return entities, page by page; of `fields` those that this release knows."""
        known = self.metadata.known(entity, tuple(fields)) if fields else None
        options = {"$filter": wanted, "$select": known, "$orderby": KEYS[entity], "$top": PAGE}
        first = f"{self.session.root}/{entity}?{odata.query(options)}"
        return odata.pages(first, self._asked, by=PAGE)

    def _asked(self, path: str, accept: str = "application/json") -> Answer:
        answer = self.session.ask(path, accept)
        if not answer.ok:
            raise refusal(answer, changes=False)
        return answer


def _is(row: Row, wanted: dict[str, odata.Value]) -> bool:
    """Return whether an entity has these values, however SAP writes them: without zeros before it, in capitals."""
    return all(_plain(row.get(name)) == _plain(value) for name, value in wanted.items())


def _plain(value: Any) -> str:
    return str(value or "").strip().lstrip("0").casefold()


@contextmanager
def _clear(question: str) -> Iterator[None]:
    """Have an answer of a shape that is not SAP's be no answer.

    Raises:
        TransientError: It is that.
    """
    try:
        yield
    except UnreadableError as error:
        problem = str(error)
    else:
        return
    raise TransientError(f"{question} SAP gave {problem}.", code="FIND_FAILED")
