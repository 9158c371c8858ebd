"""Orders into Odoo from within: its own `create`, in one transaction, and no request for any of it.

Run by Odoo's Python. Reads `{"config", "database", "orders"}`, prints `{"seconds"}`.
"""

import json
import sys
import time

import odoo
from odoo.modules.registry import Registry


def make(env: "odoo.api.Environment", orders: list) -> None:
    def one(model: str, field: str, value: str) -> int:
        return env[model].search([(field, "=", value)]).ensure_one().id

    env["sale.order"].create(
        [
            {
                "partner_id": one("res.partner", "ref", order["customer"]),
                "client_order_ref": order["number"],
                "order_line": [
                    (
                        0,
                        0,
                        {
                            "product_id": one("product.product", "default_code", line["sku"]),
                            "product_uom_qty": float(line["quantity"]),
                            "price_unit": float(line["price"]),
                        },
                    )
                    for line in order["lines"]
                ],
            }
            for order in orders
        ]
    )


given = json.load(sys.stdin)
odoo.tools.config.parse_config(["-c", given["config"], "-d", given["database"]])
with Registry(given["database"]).cursor() as cursor:
    seller = odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {})["res.users"].search([("login", "=", "seller")])
    env = odoo.api.Environment(cursor, seller.id, {})
    started = time.monotonic()
    make(env, given["orders"])
    env.flush_all()
    cursor.commit()
    print(json.dumps({"seconds": time.monotonic() - started}))
