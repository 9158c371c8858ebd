"""Orders into Tryton with its own scripting client, which does what Tryton's screen does; a session for each order.

Run by Tryton's Python. Reads `{"url", "database", "username", "password", "orders"}`, prints `{"seconds"}`.
"""

import json
import sys
import time
from decimal import Decimal

from proteus import Model, config


def send(given: dict, order: dict) -> None:
    url = f"{given['url']}/{given['database']}/rpc/"
    with config.set_xmlrpc_session(url, given["username"], given["password"]):
        (party,) = Model.get("party.party").find([("code", "=", order["customer"])])
        (currency,) = Model.get("currency.currency").find([("code", "=", order["currency"])])
        sale = Model.get("sale.sale")()
        sale.party = party
        sale.currency = currency
        sale.reference = order["number"]
        for wanted in order["lines"]:
            (product,) = Model.get("product.product").find([("code", "=", wanted["sku"])])
            line = sale.lines.new()
            line.product = product
            line.quantity = float(wanted["quantity"])
            line.unit_price = Decimal(wanted["price"])
        sale.save()


given = json.load(sys.stdin)
started = time.monotonic()
for order in given["orders"]:
    send(given, order)
print(json.dumps({"seconds": time.monotonic() - started}))
