"""BC_EXAMPLE: sales orders for Dynamics 365 Business Central, as an author of a connector writes one.

docs/connectors.md leads here: OAuth2, a document of one's own, `find` without an idempotency key, answers later.
Source: Microsoft Learn, "Business Central API (v2.0)", salesOrder and salesOrderLine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from orderflow import (
    Ack,
    BaseConnector,
    ConnectorError,
    Document,
    DraftOrder,
    ExportResult,
    InDoubtError,
    LeaseEndingError,
    Preview,
    RejectedError,
    TestResult,
    UnavailableError,
    Waiting,
    WaitingExport,
)
from orderflow.http import Answer, ClientCredentials, HttpClient, ServerUrl, UnreadableError, error_of, is_part
from orderflow.http.odata import encode, entity_in, equal, key, page_in, query

NAME = "Business Central"
LONGEST = {"externalDocumentNumber": 35, "shipToName": 100, "shipToAddressLine1": 100, "shipToCity": 30}
"""Characters of the fields of a sales order; what is longer is refused, not cut."""


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", title=NAME, hide_input_in_errors=True)

    url: ServerUrl = Field(
        "https://api.businesscentral.dynamics.com/v2.0/production/api/v2.0",
        title="URL",
        description="Of the API, with the environment's name in it.",
    )
    token_url: ServerUrl = Field(
        title="Token URL", description="As https://login.microsoftonline.com/TENANT/oauth2/v2.0/token."
    )
    client_id: str = Field(title="Client", description="The application's id in Entra.")
    client_secret: SecretStr = Field(title="Client secret", description="One of the application's secrets.")
    company: UUID = Field(title="Company", description="The company's id, as /companies lists it.")
    timeout: float = Field(
        60,
        gt=0,
        le=600,
        title="Time for a request",
        description="Seconds for all of it; Business Central ends a request after 10 minutes.",
        json_schema_extra={"destination": False},
    )


class BusinessCentralConnector(BaseConnector):
    """Creates each order with its lines by one request, and waits until it is released."""

    connector_type: ClassVar[str] = "BC_EXAMPLE"
    display_name: ClassVar[str] = NAME
    config_model: ClassVar[type[BaseModel]] = Config
    capabilities: ClassVar[frozenset[str]] = frozenset({"find", "acks"})

    def open_session(self, settings: Config) -> HttpClient:
        """Return what signs in at Entra and keeps connections open."""
        secret = settings.client_secret.get_secret_value()
        scope = "https://api.businesscentral.dynamics.com/.default"
        signs = ClientCredentials(settings.token_url, settings.client_id, secret, scope=scope, by="body")
        return HttpClient(NAME, timeout=settings.timeout, sign_in=signs)

    def commits_within(self, config: dict[str, Any]) -> float:
        """Return what a request may take at the longest, and a little."""
        return 660.0

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Return the sales order with its lines (deep insert). Raises RejectedError: it has no place for something."""
        address = draft_order.party("ship_to")
        order: dict[str, Any] = {
            "externalDocumentNumber": number_of(draft_order),
            "customerNumber": customer_of(draft_order),
            "currencyCode": draft_order.currency,
            "orderDate": draft_order.order_date,
            "requestedDeliveryDate": draft_order.requested_delivery_date,
            "shipToName": address.get("name"),
            "shipToAddressLine1": address.get("street"),
            "shipToCity": address.get("city"),
            "shipToPostCode": address.get("postal_code"),
            "shipToCountry": address.get("country_code") or address.get("country"),
        }
        for field, longest in LONGEST.items():
            if len(order[field] or "") > longest:
                raise RejectedError(f"{field} has {len(order[field])} characters, and {NAME} takes {longest}.")
        lines = [line_of(line) for line in draft_order.lines]
        lines += [{"lineType": "Comment", "description": part} for part in comment_of(draft_order)]
        content = encode({name: value for name, value in order.items() if value} | {"salesOrderLines": lines})
        return Document(f"{draft_order.delivery.export_id}.json", content, "application/json", "bc_sales_order")

    def preview(self, draft_order: DraftOrder, config: dict[str, Any]) -> Preview:
        """Show the request that `export` would send."""
        settings = self.parse(config)
        return Preview(self.document(draft_order, config), f"POST {settings.url}{orders_of(settings)}", {})

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Create the order."""
        document = self.document(draft_order, config)
        if not draft_order.delivery.may_start():
            raise LeaseEndingError
        answer = self._ask(config, "POST", orders_of(self.parse(config)), document.content)
        if not answer.ok:
            raise error_of(answer, NAME)
        try:
            created = entity_in(answer)
            return result_of(draft_order, created["number"])
        except (UnreadableError, KeyError):
            raise InDoubtError(f"{NAME} took the order, it seems, but gave no number: {answer.words}") from None

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Ask for the customer's orders of that number: None only if there clearly is none."""
        wanted = equal(externalDocumentNumber=number_of(draft_order), customerNumber=customer_of(draft_order))
        found = self._rows(config, wanted)
        if len(found) > 1:
            raise InDoubtError(f"{NAME} has {len(found)} orders of that number and customer; look which one is ours.")
        return result_of(draft_order, found[0]["number"]) if found else None

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Return True: an order counts once somebody has released it."""
        return True

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Ask for each order by its number; one that cannot be read keeps no others waiting."""
        problem = None
        for export in Waiting.of(waiting):
            if export.erp_reference is None:
                continue
            try:
                found = self._rows(config, equal(number=export.erp_reference))
            except (InDoubtError, UnavailableError) as error:
                problem = error
                continue
            if not found and export.sent_at is not None:
                words = "The order is not in Business Central any more: it was deleted there."
                yield Ack(export.reference, "FAILED", export.export_id, message=words)
            elif found and found[0].get("status") == "Open":
                yield Ack(export.reference, "ACKED", export.export_id, erp_order_id=export.erp_reference)
        if problem is not None:
            raise problem

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Sign in, and see the company."""
        problem: ConnectorError | None = None
        with self.measure_latency("test") as timer:
            try:
                answer = self._ask(config, "GET", f"/companies{key(self.parse(config).company)}")
                problem = None if answer.ok else error_of(answer, NAME, changes=False)
            except ConnectorError as error:
                problem = error
        if problem is not None:
            return self.failed_test(problem, timer.latency_ms)
        return self.build_test_result(True, latency_ms=timer.latency_ms)

    def _rows(self, config: dict[str, Any], wanted: str) -> list[dict[str, Any]]:
        """Return the orders that fit a filter; anything but a whole list of orders is no answer."""
        options = query({"$filter": wanted, "$select": "number,status"})
        answer = self._ask(config, "GET", f"{orders_of(self.parse(config))}?{options}")
        try:
            page = page_in(answer) if answer.ok else None
            if page and page.next is None and (page.rows or not is_part(answer, answer.json())):
                return [row for row in page.rows if row["number"]]
        except (UnreadableError, KeyError):
            pass
        if answer.ok:
            raise InDoubtError(f"{NAME} does not clearly say which orders it has: {answer.words}")
        raise error_of(answer, NAME, changes=False)

    def _ask(self, config: dict[str, Any], method: str, path: str, content: bytes = b"") -> Answer:
        with self.session(config) as client:
            headers = {"Content-Type": "application/json"} if content else {}
            answer: Answer = client.send(method, self.parse(config).url + path, headers=headers, content=content)
        return answer


def orders_of(settings: Config) -> str:
    """Return where the sales orders of the company are."""
    return f"/companies{key(settings.company)}/salesOrders"


def number_of(order: DraftOrder) -> str:
    """Return the number by which the order is found again."""
    if not order.external_order_number:
        raise RejectedError(
            f"The order has no number of the customer's, and {NAME} could not find it by anything else."
        )
    return order.external_order_number


def customer_of(order: DraftOrder) -> str:
    """Return the customer's number in the ERP."""
    return (order.customer.erp_customer_number if order.customer else None) or ""


def line_of(line: Any) -> dict[str, Any]:
    """Return a line of the order, exact."""
    if len(line.product_description or "") > 100:
        raise RejectedError(f"The text of line {line.line_no} is longer than 100 characters.")
    told = {
        "lineType": "Item",
        "lineObjectNumber": line.internal_sku,
        "description": line.product_description,
        "unitOfMeasureCode": line.uom,
        "quantity": line.qty,
        "unitPrice": line.unit_price,
        "shipmentDate": line.requested_delivery_date,
    }
    return {name: value for name, value in told.items() if value is not None}


def comment_of(order: DraftOrder) -> list[str]:
    """Return the notes as lines of 100 characters at most; nothing of them is dropped."""
    words = order.notes or ""
    return [words[start : start + 100] for start in range(0, len(words), 100)]


def result_of(order: DraftOrder, number: str) -> ExportResult:
    """Return the result of a delivery."""
    return ExportResult(True, order.delivery.export_id, erp_order_id=str(number))
