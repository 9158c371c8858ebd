"""Orders into Odoo as its documentation shows it: XML-RPC, call after call.

Reads `{"url", "database", "username", "api_key", "keep", "orders"}`, prints `{"seconds"}`. With `keep` there is one
connection and one sign-in for all orders, else one for each. Of orders it has a record if `books` names a database.
"""

import json
import sys
import time
from xmlrpc.client import ServerProxy

from benchmarks.peers.books import books_of


class Odoo:
    def __init__(self, given: dict) -> None:
        self.database, self.key = given["database"], given["api_key"]
        self.user = ServerProxy(f"{given['url']}/xmlrpc/2/common").authenticate(
            self.database, given["username"], self.key, {}
        )
        self.models = ServerProxy(f"{given['url']}/xmlrpc/2/object")

    def call(self, model: str, method: str, *arguments: object) -> object:
        return self.models.execute_kw(self.database, self.user, self.key, model, method, arguments)

    def one(self, model: str, field: str, value: str) -> int:
        (found,) = self.call(model, "search", [[field, "=", value]])
        return found

    def send(self, order: dict) -> None:
        lines = [
            {
                "product_id": self.one("product.product", "default_code", line["sku"]),
                "product_uom_qty": float(line["quantity"]),
                "price_unit": float(line["price"]),
            }
            for line in order["lines"]
        ]
        quotation = {
            "partner_id": self.one("res.partner", "ref", order["customer"]),
            "client_order_ref": order["number"],
            "order_line": [(0, 0, line) for line in lines],
        }
        key = books.begin(order["number"])
        books.done(key, self.call("sale.order", "create", [quotation]))


given = json.load(sys.stdin)
books = books_of(given)
started = time.monotonic()
kept = Odoo(given) if given["keep"] else None
for order in given["orders"]:
    (kept or Odoo(given)).send(order)
print(json.dumps({"seconds": time.monotonic() - started}))
