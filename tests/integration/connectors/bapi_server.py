"""An SAP whose function modules can be called by SOAP, and which keeps nothing without a commit: the tests' own.

Names and lengths are those of the structures BAPISDHD1, BAPISDITM, BAPISCHDL, BAPICOND, BAPIPARNR and BAPISDTEXT; a
session is one of the Internet Communication Framework, known by its cookie.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from lxml import etree

from orderflow.connectors.sap.rfc.values import element, table, value_of
from orderflow.http.soap import envelope
from orderflow.testing.http_server import MisbehavingHTTPServer, Received

USER, PASSWORD = "ORDERFLOW", "s3cret-passw0rd"
Answer = tuple[int, Mapping[str, str], bytes]
Structure = dict[str, Any]

STRUCTURES: dict[str, dict[str, str]] = {
    "ORDER_HEADER_IN": {
        "DOC_TYPE": "C4", "SALES_ORG": "C4", "DISTR_CHAN": "C2", "DIVISION": "C2", "REQ_DATE_H": "T", "CURRENCY": "C5",
        "PURCH_NO_C": "C35", "PURCH_DATE": "T", "PMNTTRMS": "C4", "INCOTERMS1": "C3", "INCOTERMS2": "C28",
        "INCOTERMS2L": "C70",
    },
    "ORDER_ITEMS_IN": {
        "ITM_NUMBER": "N6", "MATERIAL": "C18", "MATERIAL_LONG": "C40", "CUST_MAT35": "C35", "SHORT_TEXT": "C40",
        "SALES_UNIT": "C3", "REASON_REJ": "C2",
    },
    "ORDER_SCHEDULES_IN": {"ITM_NUMBER": "N6", "SCHED_LINE": "N4", "REQ_DATE": "T", "REQ_QTY": "D"},
    "ORDER_CONDITIONS_IN": {
        "ITM_NUMBER": "N6", "COND_TYPE": "C4", "COND_VALUE": "D", "CURRENCY": "C5", "COND_UNIT": "C3",
        "COND_P_UNT": "D",
    },
    "ORDER_PARTNERS": {
        "PARTN_ROLE": "C2", "PARTN_NUMB": "C10", "NAME": "C35", "NAME_2": "C35", "NAME_3": "C35", "NAME_4": "C35",
        "STREET": "C35", "CITY": "C35", "POSTL_CODE": "C10", "TELEPHONE": "C16", "COUNTRY": "C3", "REGION": "C3",
    },
    "ORDER_TEXT": {"ITM_NUMBER": "N6", "TEXT_ID": "C4", "LANGU_ISO": "C2", "FORMAT_COL": "C2", "TEXT_LINE": "C132"},
}  # fmt: skip
"""Text and digits of so many characters, date, decimal."""


class FaultError(Exception):
    """What SAP answers with a SOAP fault, with status 500."""


class BapiServer(MisbehavingHTTPServer):
    """One system. Faults are for `create`, `list`, `status`, `commit`, `ping`, `rollback`.

    Attributes:
        orders: What SAP keeps, by number.
        pending: What was made in a session and is not committed, by the session's cookie.
        keeps_sessions: Whether it does.
        commits_itself: The function module commits, as one of one's own would.
        loses_commits: A commit is another server's: it says so be it, and nothing is kept.
        locked: The numbers of orders that somebody has open.
        refuses_when: Further rules: (message, id, number) where one holds.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(idempotent=False, admits=_admits, **options)
        self.orders: dict[str, Structure] = {}
        self.pending: dict[str, tuple[str, Structure] | None] = {}
        self.made = 0
        self.keeps_sessions, self.commits_itself, self.loses_commits = True, False, False
        self.refuses_when: list[Callable[[Structure], tuple[str, str, str] | None]] = []
        self.locked: set[str] = set()
        self.says = ("S", "V1", "311", "Standard Order has been saved")

    def kind_of(self, request: Received) -> str:
        found = re.search(rb"<(?:\w+:)?(BAPI_\w+|RFC_PING|Z_\w+)", request.content)
        kinds = {
            b"BAPI_SALESORDER_GETLIST": "list", b"BAPI_SALESORDER_GETSTATUS": "status", b"RFC_PING": "ping",
            b"BAPI_SALESORDER_CHANGE": "change", b"BAPI_TRANSACTION_COMMIT": "commit",
            b"BAPI_TRANSACTION_ROLLBACK": "rollback",
        }  # fmt: skip
        return kinds.get(found[1] if found else b"", "create")

    def _answer(self, request: Received) -> Answer:
        if not self.admits(request):
            return 401, {}, b"<html><title>Logon failed</title></html>"
        if request.path != "/sap/bc/soap/rfc":
            return 404, {}, b"<html><title>Service cannot be reached</title></html>"
        (call,) = etree.fromstring(request.content).iterfind("{*}Body/*")
        headers, session = {}, request.headers.get("Cookie", "").partition("=")[2]
        if "sap-sessioncmd=open" in request.target and self.keeps_sessions:
            session = f"SID-{len(self.received)}-{id(self)}"
            self.pending[session] = None
            headers = {"Set-Cookie": f"sap-contextid={session}; path=/sap/bc/soap/rfc; HttpOnly"}
        value = value_of(call)
        try:
            told = self._call(etree.QName(call).localname, value if isinstance(value, dict) else {}, session)
        except FaultError as fault:
            return 500, headers, _fault(str(fault))
        if "sap-sessioncmd=close" in request.target:
            self.pending.pop(session, None)
        return 200, headers | {"Content-Type": "text/xml"}, envelope(element(f"{call.tag}.Response", told))

    def _call(self, function: str, given: Structure, session: str) -> Structure:
        match function:
            case "BAPI_SALESORDER_GETLIST":
                return self._list(given)
            case "BAPI_SALESORDER_GETSTATUS":
                return self._status(given)
            case "BAPI_TRANSACTION_COMMIT":
                return self._commit(session)
            case "BAPI_TRANSACTION_ROLLBACK":
                self.pending[session] = None
                return {"RETURN": {"TYPE": ""}}
            case "RFC_PING":
                return {}
            case "BAPI_SALESORDER_CREATEFROMDAT2":
                return self._create(given, session)
            case "BAPI_SALESORDER_CHANGE":
                return self._change(given, session)
        raise FaultError(f"Function module {function} not found (FU_NOT_FOUND)")

    def _create(self, given: Structure, session: str) -> Structure:
        if given.get("TESTRUN") == "X":
            return _returned("E", "V1", "021", "Enter an order header")
        order = {name: [_checked(row, name) for row in table(given, name)] for name in STRUCTURES}
        if refused := self._refusal(order):
            message, space, number = refused
            return _returned("E", space, number, message)
        self.made += 1
        number = str(self.made).zfill(10)
        if self.commits_itself:
            self._keep(number, order)
        elif session:
            self.pending[session] = number, order
        return {"SALESDOCUMENT": number} | _returned(*self.says)

    def _change(self, given: Structure, session: str) -> Structure:
        number = given["SALESDOCUMENT"]
        if number not in self.orders:
            return _returned("E", "V1", "302", f"SD document {number} is not in the database")
        if number in self.locked:
            return _returned("E", "V1", "042", f"Sales document {number} is currently being processed by MEIER")
        order = copy.deepcopy(self.orders[number])
        if refused := _carried_out(order, given):
            return _returned("E", *refused)
        if session:
            self.pending[session] = number, order
        return _returned("S", "V1", "311", f"Standard Order {number} has been saved")

    def _refusal(self, order: Structure) -> tuple[str, str, str] | None:
        partners = {row["PARTN_ROLE"]: row["PARTN_NUMB"] for row in order["ORDER_PARTNERS"]}
        if not partners.get("AG"):
            return "Please enter sold-to party", "V1", "301"
        if partners["AG"] == "NOBODY":
            return "Sold-to party NOBODY not maintained for sales area 1710 10 00", "VP", "199"
        if [row["ITM_NUMBER"] for row in order["ORDER_ITEMS_IN"]] != [
            row["ITM_NUMBER"] for row in order["ORDER_SCHEDULES_IN"]
        ]:
            return "Each item needs a schedule line", "V1", "401"
        return next((told for rule in self.refuses_when if (told := rule(order))), None)

    def _keep(self, number: str, order: Structure) -> None:
        (self.changed if number in self.orders else self.taken).append(order)
        self.orders[number] = order

    def _commit(self, session: str) -> Structure:
        pending = None if self.loses_commits else self.pending.pop(session, None)
        if pending is not None:
            self._keep(*pending)
        return {"RETURN": {"TYPE": "", "ID": "", "NUMBER": "000", "MESSAGE": ""}}

    def _list(self, given: Structure) -> Structure:
        wanted = (given["CUSTOMER_NUMBER"], given["SALES_ORGANIZATION"], given["PURCHASE_ORDER_NUMBER"])
        rows = [{"SD_DOC": number, "PURCH_NO_C": _head(order)["PURCH_NO_C"]} for number, order in self.orders.items()
                if (_sold_to(order), _head(order)["SALES_ORG"], _head(order)["PURCH_NO_C"]) == wanted]  # fmt: skip
        return {"RETURN": {"TYPE": "", "CODE": "", "MESSAGE": ""}, "SALES_ORDERS": rows}

    def _status(self, given: Structure) -> Structure:
        number = given["SALESDOCUMENT"]
        order = self.orders.get(number)
        if order is None:
            return {"STATUSINFO": []} | _returned("E", "V1", "302", f"SD document {number} is not in the database")
        quantities = {row["ITM_NUMBER"]: row["REQ_QTY"] for row in order["ORDER_SCHEDULES_IN"]}
        prices = {row["ITM_NUMBER"]: row for row in order["ORDER_CONDITIONS_IN"] if row["COND_TYPE"] == "PMP0"}
        rows = []
        for item in order["ORDER_ITEMS_IN"]:
            place = item["ITM_NUMBER"]
            price = prices.get(place, {"COND_VALUE": "0", "COND_P_UNT": "1"})
            qty, unit = quantities[place], item["SALES_UNIT"]
            row = {"DOC_NUMBER": number, "ITM_NUMBER": place, "MATERIAL": item["MATERIAL"], "REQ_QTY": qty,
                   "CUM_CF_QTY": qty, "SALES_UNIT": unit, "NET_PRICE": price["COND_VALUE"],
                   "COND_P_UNT": price["COND_P_UNT"], "COND_UNIT": unit, "REA_FOR_RE": item.get("REASON_REJ", ""),
                   "DLV_STAT_H": "", "REQ_DATE_H": _head(order).get("REQ_DATE_H", ""),
                   "CURRENCY": _head(order)["CURRENCY"]}  # fmt: skip
            rows += [row | item.get("now", {})] * item.get("deliveries", 1)
        return {"STATUSINFO": rows} | _returned("S", "V4", "233", "Status read")


REASONS = ("50", "51", "60")
"""SAP's reasons for rejection."""

_MARKED = {
    "ORDER_ITEM_IN": ("ORDER_ITEM_INX", "ORDER_ITEMS_IN"),
    "SCHEDULE_LINES": ("SCHEDULE_LINESX", "ORDER_SCHEDULES_IN"),
    "CONDITIONS_IN": ("CONDITIONS_INX", "ORDER_CONDITIONS_IN"),
}
"""By the parameter of a change: where it is marked, and where it is kept."""


def _carried_out(order: Structure, given: Structure) -> tuple[str, str, str] | None:
    """Do to an order what a call asks for, as far as it is marked. Returns class, number and words of a refusal."""
    (marks,) = table(given, "ORDER_HEADER_INX") or [{}]
    if marks.get("UPDATEFLAG") != "U":
        return "V1", "008", "Update flag of the header is missing"
    for row in table(given, "ORDER_HEADER_IN"):
        _head(order).update(_checked({name: row[name] for name in row if marks.get(name) == "X"}, "ORDER_HEADER_IN"))
    for name, (mark, kept) in _MARKED.items():
        for row, how in zip(table(given, name), table(given, mark), strict=True):
            values = {field: value for field, value in row.items() if how.get(field) in ("X", value)}
            if refused := _edit(order, kept, values, how["UPDATEFLAG"]):
                return refused
    order["ORDER_TEXT"] += [_checked(row, "ORDER_TEXT") for row in table(given, "ORDER_TEXT")]
    return None


def _edit(order: Structure, kept: str, values: Structure, flag: str) -> tuple[str, str, str] | None:
    place = values["ITM_NUMBER"]
    found = next((row for row in order[kept] if row["ITM_NUMBER"] == place), None)
    if flag == "I":
        order[kept].append(_checked(values, kept))
        return None
    if flag != "U" or found is None:
        return "V1", "319", f"Item {place} does not exist"
    item = next(row for row in order["ORDER_ITEMS_IN"] if row["ITM_NUMBER"] == place)
    if item.get("deliveries"):
        return "V1", "497", f"Item {place} was delivered, and cannot be changed"
    if values.get("REASON_REJ", "50") not in REASONS:
        return "V1", "212", f"Reason for rejection {values['REASON_REJ']} is not defined"
    found.update(_checked(values, kept))
    return None


def _checked(row: Structure, name: str) -> Structure:
    """Return a row as SAP keeps it. Raises FaultError: there is no such field, or no room."""
    for field, value in row.items():
        if not _fits(STRUCTURES[name].get(field, ""), value):
            raise FaultError(f"CX_ST_INVALID_XML: {name}-{field} cannot be {value!r}")
    return dict(row)


def _fits(kind: str, value: str) -> bool:
    match kind[:1]:
        case "C":
            return len(value) <= int(kind[1:])
        case "N":
            return bool(re.fullmatch(rf"\d{{{kind[1:]}}}", value))
        case "T":
            return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value))
        case "D":
            return Decimal(value).is_finite()
    return False


def _head(order: Structure) -> Structure:
    found: Structure = order["ORDER_HEADER_IN"][0]
    return found


def _sold_to(order: Structure) -> str:
    return next(str(row["PARTN_NUMB"]) for row in order["ORDER_PARTNERS"] if row["PARTN_ROLE"] == "AG")


def _returned(kind: str, space: str, number: str, message: str) -> Structure:
    return {"RETURN": [{"TYPE": kind, "ID": space, "NUMBER": number, "MESSAGE": message}]}


def _fault(text: str) -> bytes:
    fault = etree.Element("{http://schemas.xmlsoap.org/soap/envelope/}Fault")
    fault.append(element("faultcode", "Server"))
    fault.append(element("faultstring", text))
    return envelope(fault)


def _admits(request: Received) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Basic ")
    return given == base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
