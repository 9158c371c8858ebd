"""Orders into Tryton with its own scripting client, which does what Tryton's screen does.

Run by Tryton's Python. Reads `{"url", "database", "username", "password", "keep", "orders"}`, prints `{"seconds"}`.
With `keep` there is one session for all orders, else one for each.
"""

import json
import sys
import time
from contextlib import nullcontext
from decimal import Decimal

from proteus import Model, config


def send(order: dict) -> None:
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
where = (f"{given['url']}/{given['database']}/rpc/", given["username"], given["password"])
with config.set_xmlrpc_session(*where) if given["keep"] else nullcontext():
    for order in given["orders"]:
        with nullcontext() if given["keep"] else config.set_xmlrpc_session(*where):
            send(order)
print(json.dumps({"seconds": time.monotonic() - started}))
