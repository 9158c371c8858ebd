"""Forty things that a server does to its answer after it took an order, and servers that speak enough of each API."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

from orderflow.testing.http_server import (
    DRIPPING,
    DROP_AFTER,
    ENDLESS_HEAD,
    HALF_JSON,
    HTML,
    HUGE,
    NO_HTTP,
    NOTHING,
    RESET_MID_ANSWER,
    WAIT_FOR_EVER,
    Fault,
    MisbehavingHTTPServer,
    delayed,
)

JSON = b'{"message": "so it is"}'


def after(code, content=b"", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(takes=True, status=code, headers=named, content=content)


FORTY = {
    "closed": DROP_AFTER,
    "reset after a byte": Fault(takes=True, cut=1),
    "reset after 5": RESET_MID_ANSWER,
    "reset before the last byte": Fault(takes=True, cut=14),
    "half": HALF_JSON,
    "late": delayed(1.0),
    "dripping": DRIPPING,
    "1xx for ever": WAIT_FOR_EVER,
    "a head without end": ENDLESS_HEAD,
    "no HTTP": NO_HTTP,
    "10 MB": HUGE,
    "200 page": HTML,
    "200 nothing": NOTHING,
    "201 nothing": after(201),
    "202 nothing": after(202, Location="/orders/1"),
    "204": after(204),
    "206 part": after(206, b'{"id": "S'),
    "text": after(200, b"OK", Content_Type="text/plain"),
    "XML": after(200, b"<?xml version='1.0'?><order/>", Content_Type="application/xml"),
    "utf-16": after(200, '{"note": "grün"}'.encode("utf-16")),
    "latin-1, undeclared": after(200, '{"note": "grün"}'.encode("latin-1")),
    "packed, half": after(200, gzip.compress(JSON * 50)[:-12], Content_Encoding="gzip"),
    "packed in a way of its own": after(200, JSON, Content_Encoding="x-own"),
    "a bomb": after(200, gzip.compress(b" " * 40_000_000), Content_Encoding="gzip"),
    "JSON of another kind": after(200, b"[[1]]"),
    "a number": after(200, b"3"),
    "null": after(200, b"null"),
    "a word": after(200, b'"ok"'),
    "something else": after(200, JSON),
    "may be an error": after(200, b'{"code": 1001, "message": "hm"}'),
    "300": after(300),
    "301": after(301, Location="/orders"),
    "302 elsewhere": after(302, Location="https://elsewhere.example/"),
    "303": after(303, Location="/orders/1"),
    "307 to itself": after(307, Location="/orders"),
    "308": after(308, b"<html>moved</html>", Location="/orders"),
    "500": after(500, JSON),
    "502": after(502, b"<html><h1>Bad Gateway</h1></html>"),
    "503": after(503, b"", Retry_After="0"),
    "504": after(504),
}
"""By what it is called."""

assert len(FORTY) == 40


class OdooServer(MisbehavingHTTPServer):
    """Odoo 19's JSON-2 as far as an order needs it."""

    path = ""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict[str, Any]] = {}

    def kind_of(self, request):
        body = request.json() if request.content else {}
        if request.path.endswith("sale.order/load"):
            return "create"
        return "find" if "origin" in str(body.get("domain")) else "other"

    def _act(self, request):
        model, method = request.path.removeprefix("/json/2/").split("/")
        return 200, json.dumps(self._do(model, method, request.json()), default=str).encode()

    def _do(self, model, method, body):
        if method == "load":
            return self._load(dict(zip(body["fields"], zip(*body["data"], strict=True), strict=True)))
        if method != "search_read":
            return {"product_uom_id": {}} if method == "fields_get" else True
        if model == "sale.order":
            wanted = body["domain"][0][2]
            return (
                [o for o in self.orders.values() if o["origin"] in wanted]
                if isinstance(wanted, list)
                else [o for o in self.orders.values() if o["id"] == wanted]
            )
        if model == "sale.order.line":
            return next(o["lines"] for o in self.orders.values() if o["id"] == body["domain"][0][2])
        if model == "uom.uom":
            return [{"id": 1, "name": "Units"}]
        (field, _, names), *_ = body["domain"]
        return [{"id": number, field: name} for number, name in enumerate(names, 1)]

    def _load(self, columns):
        name = columns["id"][0]
        made = {
            "id": len(self.orders) + 1,
            "origin": columns["origin"][0],
            "name": f"S{len(self.orders)}",
            "state": "draft",
        }
        made |= {"currency_id": [1, "EUR"], "amount_untaxed": 1, "amount_total": 1, "lines": []}
        for number, (qty, price) in enumerate(
            zip(columns["order_line/product_uom_qty"], columns["order_line/price_unit"], strict=True), 1
        ):
            made["lines"].append({"id": number, "sequence": number, "product_uom_qty": qty, "price_unit": price})
        self.orders.setdefault(name, made)
        self.taken.append(made["origin"])
        return {"ids": [self.orders[name]["id"]], "messages": []}

    @property
    def there(self):
        """References of the orders that people see in the ERP."""
        return [order["origin"] for order in self.orders.values()]


class TrytonServer(MisbehavingHTTPServer):
    """Tryton 8's REST as far as an order needs it."""

    def __init__(self) -> None:
        super().__init__()
        self.sales: dict[int, dict[str, Any]] = {}

    def kind_of(self, request):
        body = request.json() if request.content else {}
        if request.path.endswith("sale.sale/create"):
            return "create"
        return "find" if "description" in str(body.get("domain")) else "other"

    def _act(self, request):
        found = re.fullmatch(r"/acme/rest/model/([\w.]+)/(?:(\d+)/?)?(\w+)?", request.path)
        assert found
        model, record, method = found[1], int(found[2] or 0), found[3] or "delete"
        body = request.json() if request.content else {}
        return 200, json.dumps(self._do(model, record, method, body), default=str).encode()

    def _do(self, model, record, method, body):
        if method == "get_preferences":
            return {"company": 1}
        if method == "delete":
            return self.sales.pop(record, None) and None
        if method == "create":
            number = max(self.sales, default=0) + 1
            self.sales[number] = {
                "id": number,
                "number": None,
                "state": "draft",
                "untaxed_amount": 1,
                "total_amount": 1,
            }
            self.sales[number] |= {"description": body["vlist"][0]["description"]}
            self.taken.append(self.sales[number]["description"])
            return [number]
        if method == "write":
            return self.sales[record].update(description=body["values"]["description"])
        return self._read(model, body["domain"]) if method == "search_read" else {}

    def _read(self, model, domain):
        if model == "sale.sale":
            ((field, operator, wanted),) = domain
            return [s for s in self.sales.values() if (s[field] in wanted if operator == "in" else s[field] == wanted)]
        if model in ("product.uom", "sale.line"):
            return [{"id": 1, "symbol": "u", "product": 1}]
        return [{"id": number, "code": name} for number, name in enumerate(domain[0][2], 1)]

    @property
    def there(self):
        """References of the sales that people see in the ERP."""
        return [sale["description"] for sale in self.sales.values() if not sale["description"].endswith("(arriving)")]


class ShopServer(MisbehavingHTTPServer):
    """An API that takes an order by each request."""

    def kind_of(self, request):
        return {"POST": "create", "GET": "find" if request.path == "/orders" else "other"}.get(request.method, "other")

    @property
    def there(self):
        """The orders that people see in the ERP."""
        return [order["draft_order_id"] for order in self.taken]
