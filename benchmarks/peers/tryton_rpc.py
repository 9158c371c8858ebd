"""Orders into Tryton over its JSON-RPC, call after call; a connection and a sign-in for each order.

Reads `{"url", "database", "username", "password", "orders"}`, prints `{"seconds"}`.
"""

import base64
import json
import sys
import time

import httpx


def send(given: dict, order: dict) -> None:
    with httpx.Client(base_url=given["url"], timeout=60) as client:
        headers = {}

        def call(method: str, *params: object) -> object:
            body = {"id": 1, "method": method, "params": params}
            answer = client.post(f"/{given['database']}/rpc/", json=body, headers=headers).raise_for_status().json()
            if isinstance(answer, dict) and answer.get("error"):
                raise RuntimeError(answer["error"])
            return answer["result"] if isinstance(answer, dict) else answer

        user, password = given["username"], given["password"]
        uid, token, *_ = call("common.db.login", user, {"password": password})
        headers["Authorization"] = f"Session {base64.b64encode(f'{user}:{uid}:{token}'.encode()).decode()}"
        context = call("model.res.user.get_preferences", True, {})

        def one(model: str, field: str, value: str) -> int:
            (found,) = call(f"model.{model}.search", [[field, "=", value]], 0, None, None, context)
            return found

        party = one("party.party", "code", order["customer"])
        currency = one("currency.currency", "code", order["currency"])
        unit = one("product.uom", "symbol", "u")
        lines = []
        for wanted in order["lines"]:
            line = {
                "type": "line",
                "product": one("product.product", "code", wanted["sku"]),
                "quantity": float(wanted["quantity"]),
                "unit": unit,
                "company": context["company"],
                "currency": currency,
                "customer": party,
            }
            said = call("model.sale.line.on_change", line, ["product"], context)
            taxes = [tax["id"] for _, tax in said.get("taxes", {}).get("add", [])]
            price = {"__class__": "Decimal", "decimal": wanted["price"]}
            made = {name: line[name] for name in ("type", "product", "quantity", "unit")}
            lines.append(made | {"unit_price": price, "taxes": [["add", taxes]]})
        sale = {"party": party, "currency": currency, "reference": order["number"], "lines": [["create", lines]]}
        call("model.sale.sale.create", [sale], context)


given = json.load(sys.stdin)
started = time.monotonic()
for order in given["orders"]:
    send(given, order)
print(json.dumps({"seconds": time.monotonic() - started}))
