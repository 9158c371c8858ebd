"""Orders into Odoo as its documentation shows it: XML-RPC, call after call; a connection and a sign-in for each order.

Reads `{"url", "database", "username", "api_key", "orders"}`, prints `{"seconds"}`.
"""

import json
import sys
import time
from xmlrpc.client import ServerProxy


def send(given: dict, order: dict) -> None:
    database, key = given["database"], given["api_key"]
    user = ServerProxy(f"{given['url']}/xmlrpc/2/common").authenticate(database, given["username"], key, {})
    models = ServerProxy(f"{given['url']}/xmlrpc/2/object")

    def one(model: str, field: str, value: str) -> int:
        (found,) = models.execute_kw(database, user, key, model, "search", [[[field, "=", value]]])
        return found

    lines = [
        {
            "product_id": one("product.product", "default_code", line["sku"]),
            "product_uom_qty": float(line["quantity"]),
            "price_unit": float(line["price"]),
        }
        for line in order["lines"]
    ]
    quotation = {
        "partner_id": one("res.partner", "ref", order["customer"]),
        "client_order_ref": order["number"],
        "order_line": [(0, 0, line) for line in lines],
    }
    models.execute_kw(database, user, key, "sale.order", "create", [[quotation]])


given = json.load(sys.stdin)
started = time.monotonic()
for order in given["orders"]:
    send(given, order)
print(json.dumps({"seconds": time.monotonic() - started}))
