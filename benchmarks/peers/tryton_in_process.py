"""Orders into Tryton from within: its own `create` and `on_change`, in one transaction, and no request for any of it.

Run by Tryton's Python, with TRYTOND_CONFIG set. Reads `{"database", "orders"}`, prints `{"seconds"}`.
"""

import json
import sys
import time
from decimal import Decimal

from trytond.config import config

config.update_etc()

from trytond.pool import Pool  # noqa: E402  # Tryton reads its configuration when it is imported
from trytond.transaction import Transaction  # noqa: E402


def make(orders: list) -> None:
    pool = Pool()
    sales, lines = pool.get("sale.sale"), pool.get("sale.line")

    def one(model: str, field: str, value: str) -> object:
        (found,) = pool.get(model).search([(field, "=", value)])
        return found

    made = []
    for order in orders:
        sale = sales()
        sale.party = one("party.party", "code", order["customer"])
        sale.on_change_party()
        sale.currency = one("currency.currency", "code", order["currency"])
        sale.reference = order["number"]
        rows = []
        for wanted in order["lines"]:
            line = lines()
            line.sale, line.type = sale, "line"
            line.product = one("product.product", "code", wanted["sku"])
            line.quantity = float(wanted["quantity"])
            line.on_change_product()
            line.unit_price = Decimal(wanted["price"])
            line.sale = None
            rows.append(line)
        sale.lines = rows
        made.append(sale)
    sales.save(made)


given = json.load(sys.stdin)
database = given["database"]
Pool.start()
Pool(database).init()
with Transaction().start(database, 0, readonly=True):
    (user,) = Pool().get("res.user").search([("login", "=", "orderflow")])
    user_id = user.id
with Transaction().start(database, user_id):
    context = Pool().get("res.user").get_preferences(context_only=True)
    with Transaction().set_context(context):
        started = time.monotonic()
        make(given["orders"])
        Transaction().commit()
        print(json.dumps({"seconds": time.monotonic() - started}))
