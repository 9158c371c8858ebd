"""Orders into Tryton over its JSON-RPC with httpx, call after call.

Reads `{"url", "database", "username", "password", "keep", "orders"}`, prints `{"seconds"}`. With `keep` there is one
connection and one sign-in for all orders, else one for each. Of orders it has a record if `books` names a database.
"""

import base64
import json
import sys
import time

import httpx

from benchmarks.peers.books import books_of


class Tryton:
    def __init__(self, given: dict) -> None:
        self.client = httpx.Client(base_url=given["url"], timeout=60)
        self.path = f"/{given['database']}/rpc/"
        user, password = given["username"], given["password"]
        uid, token, *_ = self.call("common.db.login", user, {"password": password})
        signed = base64.b64encode(f"{user}:{uid}:{token}".encode()).decode()
        self.client.headers["Authorization"] = f"Session {signed}"
        self.context = self.call("model.res.user.get_preferences", True, {})

    def call(self, method: str, *params: object) -> object:
        body = {"id": 1, "method": method, "params": params}
        answer = self.client.post(self.path, json=body).raise_for_status().json()
        if isinstance(answer, dict) and answer.get("error"):
            raise RuntimeError(answer["error"])
        return answer["result"] if isinstance(answer, dict) else answer

    def one(self, model: str, field: str, value: str) -> int:
        (found,) = self.call(f"model.{model}.search", [[field, "=", value]], 0, None, None, self.context)
        return found

    def send(self, order: dict) -> None:
        party = self.one("party.party", "code", order["customer"])
        currency = self.one("currency.currency", "code", order["currency"])
        unit = self.one("product.uom", "symbol", "u")
        lines = []
        for wanted in order["lines"]:
            line = {
                "type": "line",
                "product": self.one("product.product", "code", wanted["sku"]),
                "quantity": float(wanted["quantity"]),
                "unit": unit,
                "company": self.context["company"],
                "currency": currency,
                "customer": party,
            }
            said = self.call("model.sale.line.on_change", line, ["product"], self.context)
            taxes = [tax["id"] for _, tax in said.get("taxes", {}).get("add", [])]
            price = {"__class__": "Decimal", "decimal": wanted["price"]}
            made = {name: line[name] for name in ("type", "product", "quantity", "unit")}
            lines.append(made | {"unit_price": price, "taxes": [["add", taxes]]})
        sale = {"party": party, "currency": currency, "reference": order["number"], "lines": [["create", lines]]}
        key = books.begin(order["number"])
        books.done(key, self.call("model.sale.sale.create", [sale], self.context))


given = json.load(sys.stdin)
books = books_of(given)
started = time.monotonic()
kept = Tryton(given) if given["keep"] else None
for order in given["orders"]:
    tryton = kept or Tryton(given)
    tryton.send(order)
    if tryton is not kept:
        tryton.client.close()
print(json.dumps({"seconds": time.monotonic() - started}))
