"""A Business Central that answers as its API v2.0 does, with its limits: a server of the tests' own.

Written from Microsoft Learn: "salesOrder resource type", "salesOrderLine resource type", "Troubleshooting REST
API/OData calls" (codes of errors), "OData known limitations", "Operational limits for Business Central online".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID, uuid4

import msgspec

from orderflow.testing.http_server import Fault, MisbehavingHTTPServer, Received

TENANT, ENVIRONMENT = "contoso.onmicrosoft.com", "Production"
COMPANY, COMPANY_NAME = UUID("8d7e6d0e-1c07-4a4f-a2f9-3b1f8b1e3f10"), "CRONUS Köln, GmbH"
CLIENT = ("5f1c7a52-orderflow", "s3cret-of-the-app")
API = f"/v2.0/{TENANT}/{ENVIRONMENT}/api/v2.0"
NET_30, DAP = UUID(int=30), UUID(int=77)
Answer = tuple[int, Mapping[str, str], bytes]
Entity = dict[str, Any]

HEAD = {
    "externalDocumentNumber": "C35", "orderDate": "T", "postingDate": "T", "customerNumber": "C20",
    "billToCustomerNumber": "C20", "shipToName": "S100", "shipToContact": "S100", "shipToAddressLine1": "S100",
    "shipToAddressLine2": "S50", "shipToCity": "S30", "shipToState": "S30", "shipToPostCode": "C20",
    "shipToCountry": "C10", "currencyCode": "C10", "pricesIncludeTax": "B", "paymentTermsId": "U",
    "shipmentMethodId": "U", "requestedDeliveryDate": "T", "discountAmount": "D", "salesOrderLines": "L",
}  # fmt: skip
LINE = {
    "sequence": "I", "lineType": "S20", "lineObjectNumber": "C20", "description": "S100", "description2": "S50",
    "unitOfMeasureCode": "C10", "quantity": "D", "unitPrice": "D", "discountAmount": "D", "discountPercent": "D",
    "shipmentDate": "T",
}  # fmt: skip
"""What may be written, and how: text or code (in capitals) of so many characters, date, decimal, id, boolean."""

LINE_TYPES = ("Comment", "Account", "Item", "Resource", "Fixed Asset", "Charge")
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_EQUAL = re.compile(r"(\w+) eq (?:'((?:[^']|'')*)'|([\w-]+))")


class RefusedError(Exception):
    """What Business Central refuses."""

    def __init__(self, message: str, code: str = "Application_DialogException", status: int = 400) -> None:
        super().__init__(message)
        self.message, self.code, self.status = message, code, status


class BusinessCentralServer(MisbehavingHTTPServer):
    """One environment with one company. Faults are for `POST`, `GET` (of orders, invoices), `DELETE`, `PATCH`, `read`,
    and `add` (a line).

    Attributes:
        orders, invoices: What the company holds, by number.
        page: Entities in one answer.
        most: Requests that it takes until `rested`; then it says 429, and when to come again.
        items, units, accounts: What the company has. No customer is called NOBODY, and no item NOTHING.
        refuses_when: Further rules.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(idempotent=False, client=CLIENT, **options)
        self.orders: dict[str, Entity] = {}
        self.invoices: dict[str, Entity] = {}
        self.page, self.most, self.asked = 100, 10**9, 0
        self.accounts: list[str] = ["6810", "6820"]
        self.units: list[str] = ["PCS", "KG", "M", "PCE"]
        self.items = ["1896-S"]
        self.refuses_when: list[Callable[[Entity], None]] = []

    def kind_of(self, request: Received) -> str:
        if self._asks_for_token(request):
            return "token"
        of_orders = request.path.endswith(("/salesOrders", "/salesInvoices"))
        if request.path.endswith("/salesOrderLines"):
            return "add"
        return "read" if request.method == "GET" and not of_orders else request.method

    def _asks_for_token(self, request: Received) -> bool:
        return (request.method, request.path) == ("POST", f"/{TENANT}/oauth2/v2.0/token")

    def rested(self) -> None:
        """Let the window of the rate's limit pass."""
        self.asked = 0

    def release(self, *numbers: str) -> None:
        for number in numbers or self.orders:
            self.orders[number]["status"] = "Open"

    def ship(self, number: str) -> None:
        for line in self.orders[number]["lines"]:
            line["shippedQuantity"] = line.get("quantity", 0)
        self.orders[number]["fullyShipped"] = True

    def invoice(self, number: str) -> None:
        """Post it: the order is gone, and an invoice there."""
        order = self.orders.pop(number)
        told = {"number": f"PS-INV{len(self.invoices) + 1}", "orderNumber": number}
        self.invoices[number] = order | told

    def _answer(self, request: Received) -> Answer:
        if self._asks_for_token(request):
            code, content = self._give_token(request)
            return code, {}, content
        try:
            return self._respond(request)
        except RefusedError as refusal:
            error = {"code": refusal.code, "message": f"{refusal.message}  CorrelationId:  {uuid4()}."}
            return refusal.status, {}, json.dumps({"error": error}).encode()

    def _respond(self, request: Received) -> Answer:
        if not self.lets_in(request):
            raise RefusedError("The server has rejected the client credentials.", "Authentication_InvalidCredentials",
                               401)  # fmt: skip
        self.asked += 1
        if self.asked > self.most:
            return 429, {"Retry-After": "77"}, b'{"error": {"code": "Application_TooManyRequests", "message": "wait"}}'
        path = unquote(request.path)
        if not path.startswith(API):
            raise RefusedError("No HTTP resource was found that matches the request URI", "BadRequest_NotFound", 404)
        rest = path.removeprefix(API).strip("/")
        if rest == "companies":
            return self._list([{"id": str(COMPANY), "name": COMPANY_NAME}], request)
        company, _, rest = rest.partition("/")
        if company != f"companies({COMPANY})":
            raise RefusedError("The company does not exist.", "Internal_CompanyNotFound", 404)
        return self._in_company(request, rest)

    def _in_company(self, request: Received, rest: str) -> Answer:
        if request.method == "GET" and "(" not in rest:
            return self._list(self._entities(rest), request)
        if (request.method, rest) == ("POST", "salesOrders"):
            return self._make(request.json())
        order, row = self._found(rest)
        if request.method == "GET":
            return 200, {}, _json({name: value for name, value in row.items() if name != "lines"})
        if request.method == "POST":
            return self._add(order, request.json())
        if request.headers.get("If-Match") != row["@odata.etag"]:
            raise RefusedError("Another user has already changed the record.", "Request_EntityChanged", 409)
        return self._delete(order, row) if request.method == "DELETE" else self._edit(order, row, request.json())

    def _found(self, path: str) -> tuple[Entity, Entity]:
        """Return the order that a path leads to, and its line, or itself."""
        for order in self.orders.values():
            for row, entity in [(order, "salesOrders"), *((line, "salesOrderLines") for line in order["lines"])]:
                if path in (f"{entity}({row['id']})", f"{entity}({row['id']})/salesOrderLines"):
                    return order, row
        raise RefusedError("The requested resource does not exist.", "BadRequest_NotFound", 404)

    def _edit(self, order: Entity, row: Entity, body: Entity) -> Answer:
        self._check_open(order)
        for rule in self.refuses_when:
            rule(body)
        if row is not order and "quantity" in body and "unitPrice" not in body:
            row["unitPrice"] = Decimal(99)  # which the company's own price list says
        row.update(_checked(body, HEAD if row is order else LINE))
        self._touch(order, row)
        return 200, {}, _json({name: value for name, value in row.items() if name != "lines"})

    def _add(self, order: Entity, body: Entity) -> Answer:
        self._check_open(order)
        for rule in self.refuses_when:
            rule(body)
        line = _checked(body, LINE)
        self._check_line(line)
        order["lines"].append(line)
        self._touch(order, line)
        return 201, {}, _json(line)

    def _touch(self, order: Entity, row: Entity) -> None:
        """Give what was changed, and the order with it, another version."""
        for one in (order, row):
            one["@odata.etag"] = f'W/"{uuid4()}"'

    def _check_open(self, order: Entity) -> None:
        if order["status"] != "Draft":
            raise RefusedError(f"Status must be equal to 'Open' in Sales Header: Document Type=Order, "
                               f"No.={order['number']}. Current value is 'Released'.",
                               "Application_FieldValidationException")  # fmt: skip

    def _entities(self, name: str) -> list[Entity]:
        listed = {
            "salesOrders": [self._shown(order) for order in self.orders.values()],
            "salesInvoices": list(self.invoices.values()),
            "customers": [{"number": "4711"}],
            "items": [{"number": number} for number in self.items],
            "unitsOfMeasure": [{"code": code} for code in self.units],
            "accounts": [{"number": number} for number in self.accounts],
            "paymentTerms": [{"id": str(NET_30), "code": "30 DAYS"}],
            "shipmentMethods": [{"id": str(DAP), "code": "DAP"}],
        }
        if name not in listed:
            raise RefusedError(f"Resource not found for the segment '{name}'.", "BadRequest_ResourceNotFound", 404)
        return listed[name]

    def _shown(self, order: Entity) -> Entity:
        lines = sorted(order["lines"], key=lambda line: line["sequence"])
        return {name: value for name, value in order.items() if name != "lines"} | {"salesOrderLines": lines}

    def _list(self, rows: list[Entity], request: Received) -> Answer:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
        rows = [row for row in rows if _passes(row, asked.get("$filter", ""))]
        start, most = int(asked.get("$skiptoken", 0)), int(asked.get("$top", 10**9))
        page = rows[:most][start : start + self.page]
        chosen = [*asked["$select"].split(","), "@odata.etag", *asked.get("$expand", "").split(",")]
        value = [{name: row[name] for name in chosen if name in row} for row in page]
        more: Entity = {}
        if start + self.page < min(len(rows), most):
            plain = re.sub(r"[?&]\$skiptoken=\d+", "", request.target)
            more = {"@odata.nextLink": f"{self.url}{plain}&$skiptoken={start + self.page}"}
        return 200, {"OData-Version": "4.0"}, _json({"value": value, **more})

    def _make(self, body: Entity) -> Answer:
        """Make all of an order, or nothing."""
        head, lines = _checked(body, HEAD), [_checked(line, LINE) for line in body.get("salesOrderLines", [])]
        if not head.get("customerNumber"):
            raise RefusedError('A "customerNumber" or a "customerId" must be provided.')
        if "NOBODY" in (head["customerNumber"], head.get("billToCustomerNumber")):
            raise RefusedError("The sell-to customer cannot be found.")
        for line in lines:
            self._check_line(line)
        for rule in self.refuses_when:
            rule(body)
        if len({line["sequence"] for line in lines}) < len(lines):
            raise RefusedError("The Sales Line already exists.", "Internal_EntityWithSameKeyExists")
        self.taken.append(body)
        number = f"S-ORD{101_000 + len(self.taken)}"
        self.orders[number] = made = head | {
            "id": str(uuid4()), "number": number, "@odata.etag": f'W/"{uuid4()}"', "status": "Draft",
            "fullyShipped": False, "lines": lines,
        }  # fmt: skip
        shown = {name: value for name, value in made.items() if name != "lines"}
        return 201, {"OData-Version": "4.0"}, _json(shown)

    def _check_line(self, line: Entity) -> None:
        if line.get("lineType") not in LINE_TYPES:
            raise RefusedError(f'The value "{line.get("lineType")}" cannot be evaluated into type Option.',
                               "Application_EvaluateException")  # fmt: skip
        if line["lineType"] == "Account" and line.get("lineObjectNumber") not in self.accounts:
            raise RefusedError("The field No. of table Sales Line contains a value that cannot be found in the related "
                               "table (G/L Account).", "Internal_InvalidTableRelation")  # fmt: skip
        if line["lineType"] == "Item" and line.get("lineObjectNumber") == "NOTHING":
            raise RefusedError("The Item does not exist. Identification fields and values: No.='NOTHING'",
                               "Internal_RecordNotFound")  # fmt: skip
        line.setdefault("discountAmount", Decimal(0))
        line |= {"shippedQuantity": Decimal(0), "id": str(uuid4()), "@odata.etag": f'W/"{uuid4()}"'}
        amount = line.get("quantity", Decimal(0)) * line.get("unitPrice", Decimal(0)) - line["discountAmount"]
        line["amountExcludingTax"] = amount.quantize(Decimal("0.01"))

    def _delete(self, order: Entity, row: Entity) -> Answer:
        self._check_open(order)
        for rule in self.refuses_when:
            rule(row)
        if row is order:
            del self.orders[order["number"]]
        else:
            order["lines"].remove(row)
            self._touch(order, row)
        return 204, {}, b""


def _checked(body: Entity, known: dict[str, str]) -> Entity:
    """Return the fields as they are kept. Raises RefusedError: there is no such field, or no room."""
    kept = {}
    for name, value in body.items():
        if name not in known:
            raise RefusedError(
                f"The property '{name}' does not exist on type 'Microsoft.NAV.salesOrder'.", "BadRequest"
            )
        kind = known[name]
        if kind == "L":
            continue
        if kind[0] in "CS" and len(value) > int(kind[1:]):
            raise RefusedError(
                f"The length of the string is {len(value)}, but it must be less than or equal to {kind[1:]} "
                f"characters. Value: {value}", "Application_StringExceededLength")  # fmt: skip
        wanted = {"C": str, "S": str, "T": str, "U": str, "B": bool, "D": int | Decimal, "I": int}[kind[0]]
        is_one = isinstance(value, wanted) and (kind != "T" or re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)))
        if not is_one:
            raise RefusedError(f"Cannot convert the value of '{name}'.", "BadRequest")
        kept[name] = _capitals(value) if kind[0] == "C" else Decimal(value) if kind == "D" else value
    return kept


def _capitals(text: str) -> str:
    """Return a text in capitals: as .NET has them, one letter for each, and a dotless i is left as it is."""
    return "".join(letter if letter in "ßı" else letter.upper() for letter in text).strip()


def _passes(row: Entity, text: str) -> bool:
    if not text:
        return True
    if ending := re.fullmatch(r"endswith\((\w+),'(\w+)'\)", text):
        return str(row.get(ending[1], "")).endswith(ending[2])
    text = text.removeprefix("(").removesuffix(")")
    either, parts = " or " in text, _EQUAL.findall(text)
    if either and len({name for name, *_ in parts}) > 1:
        raise RefusedError("The 'OR' operator is not supported on distinct fields on an OData filter.", "BadRequest")
    if not parts or _EQUAL.sub("", text).replace(" or ", "").replace(" and ", "").strip():
        raise RefusedError("Bad Request - Error in query syntax", "BadRequest_NotFound")
    found = [str(row.get(name, "")) == (quoted.replace("''", "'") or plain) for name, quoted, plain in parts]
    return any(found) if either else all(found)


def _json(value: Any) -> bytes:
    return _ENCODER.encode(value)


SLOW = Fault(takes=True, status=504, content=b'{"error": {"code": "Unknown", "message": "Gateway Timeout"}}')
"""It took longer than its 10 minutes, and was done all the same."""
