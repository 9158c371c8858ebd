"""Sales orders into SAP's OData service with requests: a token for each session, sessions kept, some orders at a time.

Reads `{"url", "username", "password", "at_once", "orders"}`, prints `{"seconds"}`. Of orders it has a record if `books`
names a database.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from benchmarks.peers.books import books_of

ROOT = "/sap/opu/odata/sap/API_SALES_ORDER_SRV"
AREA = {
    "SalesOrderType": "OR",
    "SalesOrganization": "1710",
    "DistributionChannel": "10",
    "OrganizationDivision": "00",
}


class Sender:
    def __init__(self, given: dict[str, Any]) -> None:
        self._root, self._user = given["url"] + ROOT, (given["username"], given["password"])
        self._mine = threading.local()
        self._books = books_of(given)

    def send(self, order: dict[str, Any]) -> str:
        key = self._books.begin(order["number"])
        answer = self._session().post(f"{self._root}/A_SalesOrder", json=sales_order(order), timeout=30)
        answer.raise_for_status()
        number = answer.json()["d"]["SalesOrder"]
        self._books.done(key, number)
        return number

    def _session(self) -> requests.Session:
        if not hasattr(self._mine, "session"):  # each thread has its own: they are not to be shared
            session = self._mine.session = requests.Session()
            session.auth = self._user
            session.headers["Accept"] = "application/json"
            there = session.get(f"{self._root}/", headers={"X-CSRF-Token": "Fetch"}, timeout=30)
            session.headers["X-CSRF-Token"] = there.headers["x-csrf-token"]
        return self._mine.session


def sales_order(order: dict[str, Any]) -> dict[str, Any]:
    head = {
        "SoldToParty": order["customer"],
        "PurchaseOrderByCustomer": order["number"],
        "TransactionCurrency": order["currency"],
    }
    items = [_item(number, line, order["currency"]) for number, line in enumerate(order["lines"], start=1)]
    return AREA | head | {"to_Item": items}


def _item(number: int, line: dict[str, str], currency: str) -> dict[str, Any]:
    price = {
        "ConditionType": "PMP0",
        "ConditionRateValue": line["price"],
        "ConditionCurrency": currency,
        "ConditionQuantity": "1",
        "ConditionQuantityUnit": "PC",
    }
    return {
        "SalesOrderItem": str(number * 10),
        "Material": line["sku"],
        "RequestedQuantity": line["quantity"],
        "RequestedQuantityUnit": "PC",
        "to_PricingElement": [price],
    }


def main() -> None:
    given = json.load(sys.stdin)
    sender = Sender(given)
    with ThreadPoolExecutor(given["at_once"]) as pool:
        started = time.monotonic()
        numbers = set(pool.map(sender.send, given["orders"]))
        seconds = time.monotonic() - started
    assert len(numbers) == len(given["orders"])
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
