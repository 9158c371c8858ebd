"""An SAP that answers as SAP's Gateway does, and refuses what SAP refuses: a server of the tests' own.

Its fields are those of `sap_facts`; its errors have the shape of "Message Container", SAP Gateway Foundation.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from orderflow.http.odata import day_of
from orderflow.testing.http_server import MisbehavingHTTPServer, Received
from tests.integration.connectors.sap_facts import FACTS

USER, PASSWORD = "ORDERFLOW", "s3cret-passw0rd"
ROOT = "/sap/opu/odata/sap/API_SALES_ORDER_SRV"
Answer = tuple[int, Mapping[str, str], bytes]
Entity = dict[str, Any]
_TOKEN = re.compile(r"\s*(\(|\)|and\b|or\b|(\w+) eq (?:'((?:[^']|'')*)'))")
_ONE = re.compile(r"(\w+)\(([^)]*)\)")
_ITEMS_OF = re.compile(r"A_SalesOrder\('(\w+)'\)/to_Item")


class RefusedError(Exception):
    """What SAP refuses, as (text, code) each."""

    def __init__(self, *messages: tuple[str, str], status: int = 400) -> None:
        super().__init__(messages)
        self.messages, self.status = messages, status


class SapServer(MisbehavingHTTPServer):
    """One system. Faults are for `POST` and `GET` of orders, for `token`, `metadata`, `read` (all else), and `PATCH`.

    Attributes:
        orders: What SAP holds, by number; `taken` has the bodies as they came.
        facts: The fields that this release knows.
        warns: What it says beside a success.
        refuses_when: Further rules: the name of a refusal, and when it holds.
    """

    sales_area: ClassVar[tuple[str, str, str]] = ("1710", "10", "00")

    def __init__(self, **options: Any) -> None:
        super().__init__(idempotent=False, admits=_admits, **options)
        self.orders: dict[str, Entity] = {}
        self.facts = {entity: dict(fields) for entity, fields in FACTS.items()}
        self.warns = ""
        self.refuses_when: list[Callable[[Entity], None]] = []
        self.passes: dict[str, str] = {}
        self.versions: dict[str, int] = {}

    def kind_of(self, request: Received) -> str:
        if request.headers.get("x-csrf-token", "").lower() == "fetch":
            return "token"
        path = request.path.removeprefix(ROOT).strip("/")
        kinds = {"$metadata": "metadata", "A_SalesOrder": request.method}
        return kinds.get(path, request.method if request.method != "GET" else "read")

    def forget_passes(self) -> None:
        """Have all tokens run out."""
        self.passes.clear()

    def _answer(self, request: Received) -> Answer:
        try:
            return self._respond(request)
        except RefusedError as refusal:
            return refusal.status, {}, _error(refusal)

    def _respond(self, request: Received) -> Answer:
        if not self.admits(request):
            raise RefusedError(("Logon failed", "/IWFND/CM_LOGON"), status=401)
        if not request.path.startswith(ROOT):
            raise RefusedError((f"No service found for {request.path}", "/IWFND/MED/170"), status=403)
        path = unquote(request.path.removeprefix(ROOT).strip("/"))
        if request.method == "GET":
            return self._read(request, path)
        if not self._may_change(request):
            return 403, {"x-csrf-token": "Required"}, b"CSRF token validation failed"
        if request.method == "POST" and path == "A_SalesOrder":
            return self._make(request.json())
        if request.method == "POST" and (found := _ITEMS_OF.fullmatch(path)):
            return self._add_item(found[1], request.json())
        if request.method in ("PATCH", "DELETE") and (found := _ONE.fullmatch(path)):
            return self._change(found[1], found[2], request)
        raise RefusedError((f"Resource not found for the segment '{path}'", "/IWBEP/CM_MGW_RT/004"), status=404)

    def _may_change(self, request: Received) -> bool:
        cookie = request.headers.get("Cookie", "").partition("=")[2]
        return bool(cookie) and self.passes.get(cookie) == request.headers.get("x-csrf-token")

    def _read(self, request: Received, path: str) -> Answer:
        headers: dict[str, str] = {}
        if request.headers.get("x-csrf-token", "").lower() == "fetch":
            cookie, token = f"c00kie-{len(self.passes)}-{id(self)}", f"t0ken-{len(self.passes)}-{id(self)}=="
            self.passes[cookie] = token
            headers = {"x-csrf-token": token, "Set-Cookie": f"SAP_SESSIONID_S4H_100={cookie}; path=/"}
        if not path:
            return 200, headers, json.dumps({"d": {"EntitySets": list(self.facts)}}).encode()
        if path == "$metadata":
            return 200, {"Content-Type": "application/xml"}, self._metadata()
        if found := _ONE.fullmatch(path):
            row = self._one(found[1], found[2])
            entity = row | {"__metadata": {"etag": self._version(row["SalesOrder"])}}
            return 200, headers, json.dumps({"d": entity}, default=str).encode()
        if path not in self.facts:
            raise RefusedError((f"Resource not found for the segment '{path}'", "/IWBEP/CM_MGW_RT/004"), status=404)
        return 200, headers, json.dumps({"d": {"results": self._select(path, request)}}, default=str).encode()

    def _select(self, entity: str, request: Received) -> list[Entity]:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
        for name in filter(None, [*asked.get("$select", "").split(","), *asked.get("$orderby", "").split(",")]):
            self._check_known(entity, name)
        passes = self._filter(entity, asked.get("$filter", ""))
        rows = [row for row in self._entities(entity) if passes(row)]
        skip, top = int(asked.get("$skip", 0)), int(asked.get("$top", 10**6))
        chosen = asked.get("$select", "").split(",") if "$select" in asked else list(self.facts[entity])
        plain = [name for name in chosen if not name.startswith("to_")]
        return [
            {name: row.get(name, "") for name in plain} | {"__metadata": {"etag": self._version(row["SalesOrder"])}}
            for row in rows[skip : skip + top]
        ]

    def _entities(self, entity: str) -> Iterator[Entity]:
        for number, order in self.orders.items():
            if entity == "A_SalesOrder":
                yield order
            for item in order["to_Item"]:
                key = {"SalesOrder": number, "SalesOrderItem": item["SalesOrderItem"]}
                if entity == "A_SalesOrderItem":
                    yield item
                elif entity == "A_SalesOrderScheduleLine":
                    yield from (key | row for row in item["schedule"])
                elif entity == "A_SalesOrderItemPrElement":
                    for row in item["conditions"]:
                        row.update(key)
                        yield row

    def _filter(self, entity: str, text: str) -> Callable[[Entity], bool]:
        python, at = "", 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise RefusedError((f"Invalid token in $filter at {at}", "/IWBEP/CM_MGW_RT/133"))
            if found[2]:
                self._check_known(entity, found[2])
                python += f"(row.get({found[2]!r}, '') == {found[3].replace(chr(39) * 2, chr(39))!r})"
            else:
                python += f" {found[1]} "
            at = found.end()
        compiled = compile(python.strip() or "True", "filter", "eval")
        return lambda row: bool(eval(compiled, {"row": row}))  # of tokens that were just checked

    def _check_known(self, entity: str, name: str) -> None:
        if name not in self.facts[entity]:
            raise RefusedError((f"Property {name} not found in type {entity}Type", "/IWBEP/CM_MGW_RT/021"))

    def _make(self, body: Entity) -> Answer:
        self.check_body("A_SalesOrder", body)
        self._check_rules(body)
        for rule in self.refuses_when:
            rule(body)
        self.taken.append(body)
        number = str(1_000_000 + len(self.taken))
        self.orders[number] = made = _made(number, body)
        place = f"http://sap.example{ROOT}/A_SalesOrder('{number}')"
        headers = {"Location": place} | ({"sap-message": self.warns} if self.warns else {})
        shown = {name: value for name, value in made.items() if name != "to_Item"}
        return 201, headers, json.dumps({"d": shown}, default=str).encode()

    def check_body(self, entity: str, body: Entity) -> None:
        """Refuse what the service has no such field for, or no room."""
        for name, value in body.items():
            self._check_known(entity, name)
            kind = self.facts[entity][name]
            if kind.endswith("!"):
                raise RefusedError((f"Property {name} cannot be written", "/IWBEP/CM_MGW_RT/022"))
            if kind.startswith("A_"):
                for inner in value:
                    self.check_body(kind, inner)
            elif not _fits(kind, value):
                raise RefusedError((f"Property {name} has the invalid value {value!r}", "/IWBEP/CM_MGW_RT/043"))

    def _check_rules(self, body: Entity) -> None:
        area = (body.get("SalesOrganization"), body.get("DistributionChannel"), body.get("OrganizationDivision"))
        if not body.get("SalesOrderType"):
            raise RefusedError(("Enter an order type", "V1/320"))
        if area != self.sales_area:
            raise RefusedError((f"Sales area {' '.join(map(str, area))} is not defined", "V1/314"))
        if body.get("SoldToParty") == "NOBODY":
            raise RefusedError(
                ("Sold-to party NOBODY not maintained for sales area 1710 10 00", "VP/199"),
                ("Document could not be created", "SLS_API/001"),
            )

    def _one(self, entity: str, key: str) -> Entity:
        named = dict(re.findall(r"(\w+)='([^']*)'", key)) or {"SalesOrder": key.strip("'")}
        row = next((row for row in self._entities(entity) if named.items() <= row.items()), None)
        if row is None:
            raise RefusedError(("Resource not found", "/IWBEP/CM_MGW_RT/004"), status=404)
        return row

    def _version(self, number: str) -> str:
        """Return the version of an order, which all that belongs to it has."""
        return f'W/"{self.versions.get(number, 0)}"'

    def _change(self, entity: str, key: str, request: Received) -> Answer:
        row = self._one(entity, key)
        for rule in self.refuses_when:
            rule(row)
        if request.headers.get("If-Match") is None:
            raise RefusedError(("Precondition required", "/IWBEP/CM_MGW_RT/100"), status=428)
        if request.headers["If-Match"] not in ("*", self._version(row["SalesOrder"])):
            raise RefusedError(("The entity was changed meanwhile", "/IWBEP/CM_MGW_RT/102"), status=412)
        order = self.orders[row["SalesOrder"]]
        if request.method == "DELETE":
            order["to_Item"].remove(row)
        else:
            values = request.json()
            self.check_body(entity, values)
            row.update(values)
        self._reckon(order)
        return 204, {}, b""

    def _add_item(self, number: str, body: Entity) -> Answer:
        self.check_body("A_SalesOrderItem", body)
        for rule in self.refuses_when:
            rule(body)
        order = self.orders[number]
        if any(item["SalesOrderItem"] == body["SalesOrderItem"] for item in order["to_Item"]):
            raise RefusedError(("The item exists already", "V1/555"))
        order["to_Item"].append(_item(number, body, order))
        self._reckon(order)
        shown = {name: value for name, value in order["to_Item"][-1].items() if not name.startswith("to_")}
        return 201, {}, json.dumps({"d": shown}, default=str).encode()

    def _reckon(self, order: Entity) -> None:
        """Price and confirm anew what was changed."""
        number = order["SalesOrder"]
        self.versions[number] = self.versions.get(number, 0) + 1
        for item in order["to_Item"]:
            qty = Decimal(item["RequestedQuantity"])
            for one in item["conditions"]:
                one.update(_condition(one, qty, int(one["PricingProcedureStep"])))
            net = sum((Decimal(one["ConditionAmount"]) for one in item["conditions"]), Decimal(0))
            item["NetAmount"] = f"{net:.2f}"
            if len(item["schedule"]) == 1:
                item["schedule"][0]["ConfdOrderQtyByMatlAvailCheck"] = f"{qty:f}"

    def _metadata(self) -> bytes:
        types = "".join(
            f'<EntityType Name="{entity}Type">'
            + "".join(
                f'<NavigationProperty Name="{name}"/>' if kind.startswith("A_") else f'<Property Name="{name}"/>'
                for name, kind in fields.items()
            )
            + "</EntityType>"
            for entity, fields in self.facts.items()
        )
        schema = f'<Schema xmlns="http://schemas.microsoft.com/ado/2008/09/edm">{types}</Schema>'
        edmx = "http://schemas.microsoft.com/ado/2007/06/edmx"
        return f'<edmx:Edmx xmlns:edmx="{edmx}"><edmx:DataServices>{schema}</edmx:DataServices></edmx:Edmx>'.encode()


def _admits(request: Received) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Basic ")
    return given == base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def _error(refusal: RefusedError) -> bytes:
    (text, code), *_ = refusal.messages
    details = [{"code": code, "message": text, "severity": "error"} for text, code in refusal.messages]
    inner = {"transactionid": "5F3A", "Error_Resolution": {"SAP_Note": "See SAP Note 1797736"}, "errordetails": details}
    message = {"lang": "en", "value": text}
    return json.dumps({"error": {"code": code, "message": message, "innererror": inner}}).encode()


def _fits(kind: str, value: Any) -> bool:
    match kind[0]:
        case "S":
            return isinstance(value, str) and (kind == "S0" or len(value) <= int(kind[1:]))
        case "T":
            return isinstance(value, str) and day_of(value) is not None
        case _:
            digits, places = map(int, kind[1:].split("."))
            number = Decimal(value)
            whole = abs(number) < Decimal(10) ** (digits - places)
            return isinstance(value, str) and whole and number == round(number, places)


def _made(number: str, body: Entity) -> Entity:
    """Return what SAP makes of an order: priced as it says, and all confirmed for the day that it wants."""
    items = [_item(number, item, body) for item in body["to_Item"]]
    total = sum((Decimal(item["NetAmount"]) for item in items), Decimal(0))
    states = {"TotalBlockStatus": "", "OverallSDDocumentRejectionSts": "A", "OverallDeliveryStatus": "A"}
    return body | {"SalesOrder": number, "TotalNetAmount": f"{total:f}", "to_Item": items} | states


def _item(number: str, item: Entity, body: Entity) -> Entity:
    wanted = item.get("to_ScheduleLine", [{}])[0].get("RequestedDeliveryDate") or body.get("RequestedDeliveryDate")
    qty = Decimal(item["RequestedQuantity"])
    conditions = [_condition(one, qty, step) for step, one in enumerate(item.get("to_PricingElement", []), 1)]
    net = sum((Decimal(one["ConditionAmount"]) for one in conditions), Decimal(0))
    schedule = {"ScheduleLine": "1", "ConfirmedDeliveryDate": wanted, "ConfdOrderQtyByMatlAvailCheck": f"{qty:f}"}
    own = {"SalesOrder": number, "HigherLevelItem": "0", "NetAmount": f"{net:.2f}", "SalesDocumentRjcnReason": ""}
    return item | own | {"schedule": [schedule], "conditions": conditions}


def _condition(one: Entity, qty: Decimal, step: int) -> Entity:
    rate, per = Decimal(one["ConditionRateValue"]), Decimal(one.get("ConditionQuantity", 1))
    is_price = "ConditionQuantity" in one
    amount = (rate * qty / per if is_price else rate).quantize(Decimal("0.01"))
    keys = {"PricingProcedureStep": str(step), "PricingProcedureCounter": "1", "ConditionInactiveReason": ""}
    return one | keys | {"ConditionAmount": f"{amount:f}", "ConditionClass": "B" if is_price else "A"}
