"""A small shop on FastAPI: another make of HTTP server than the one that misbehaves, with and without OAuth2."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request, Response

CLIENT = ("orderflow", "s3cret-client:pass")


@dataclass
class Shop:
    """What the shop has, and how it behaves.

    Attributes:
        orders: Every order that was created, by number; one that was doubled is here twice.
        taking: What the next creations answer instead, one after the other, *after* they have taken the order.
        refusing: What the next ones answer before that, without taking it.
        tokens: Access tokens that it honours; empty and `oauth` set: nobody gets in without a new one.
    """

    url: str = ""
    oauth: bool = False
    orders: list[dict[str, Any]] = field(default_factory=list)
    taking: list[Callable[[], Response]] = field(default_factory=list)
    refusing: list[Callable[[], Response]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    granted: int = 0
    lifetime: int = 3600
    status: str = "open"

    def app(self) -> FastAPI:
        app = FastAPI()
        app.post("/token")(self.grant)
        app.get("/v1/sales-orders")(self.search)
        app.post("/v1/sales-orders", status_code=201)(self.create)
        app.get("/v1/sales-orders/{number}")(self.read)
        app.get("/v1/me")(self.me)
        return app

    async def grant(self, request: Request) -> dict[str, Any]:
        form = parse_qs((await request.body()).decode())
        sent = base64.b64decode(request.headers.get("authorization", "")[6:]).decode()
        if form.get("grant_type") != ["client_credentials"] or sent != f"{CLIENT[0]}:s3cret-client%3Apass":
            raise HTTPException(401, {"error": "invalid_client"})
        self.granted += 1
        self.tokens.add(f"token-{self.granted}")
        return {"access_token": f"token-{self.granted}", "token_type": "bearer", "expires_in": self.lifetime}

    def let_in(self, authorization: str | None) -> None:
        if self.oauth and (authorization or "").removeprefix("Bearer ") not in self.tokens:
            raise HTTPException(401, "token expired")

    def create(self, order: dict[str, Any], authorization: str | None = Header(None)) -> Any:
        self.let_in(authorization)
        if self.refusing:
            return self.refusing.pop(0)()
        if order["customer"] == "NOBODY":
            raise HTTPException(422, "Customer NOBODY is unknown")
        self.orders.append(order | {"number": f"SO-{len(self.orders) + 1}"})
        number = self.orders[-1]["number"]
        if self.taking:
            return self.taking.pop(0)()
        return {"order": {"number": number}}

    def search(self, reference: str, authorization: str | None = Header(None)) -> dict[str, Any]:
        self.let_in(authorization)
        return {"hits": [order["number"] for order in self.orders if order["reference"] == reference]}

    def read(self, number: str, authorization: str | None = Header(None)) -> dict[str, Any]:
        self.let_in(authorization)
        return {"number": number, "state": self.status}

    def me(self, authorization: str | None = Header(None)) -> dict[str, Any]:
        self.let_in(authorization)
        return {"scopes": ["orders:create"]}


@pytest.fixture
def open_shop() -> Iterator[Callable[..., Shop]]:
    """Opens shops."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def open_(**settings: Any) -> Shop:
        shop = Shop(**settings)
        server = uvicorn.Server(uvicorn.Config(shop.app(), port=0, log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        shop.url = f"http://127.0.0.1:{port}"
        servers.append((server, thread))
        return shop

    yield open_
    for server, thread in servers:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def shop_config() -> Callable[[Shop], dict[str, Any]]:
    """Makes the configuration of a connection to a shop."""

    def make(shop: Shop) -> dict[str, Any]:
        config = {
            "url": f"{shop.url}/v1/sales-orders",
            "plain_http": True,
            "body": '{"reference": {{ delivery.export_id }}, "customer": {{ customer.erp_customer_number }}, '
            '"lines": [{% for line in lines %}{"sku": {{ line.internal_sku }}, "qty": {{ line.qty }}}'
            "{% if not loop.last %}, {% endif %}{% endfor %}]}",
            "order_number": "order.number",
            "find_url": f"{shop.url}/v1/sales-orders?reference={{{{ delivery.export_id }}}}",
            "found": "hits[0]",
            "test_url": f"{shop.url}/v1/me",
            "test_passes": "contains(scopes, 'orders:create')",
            "timeout": 1,
        }
        if shop.oauth:
            config |= {"auth": "oauth2", "token_url": f"{shop.url}/token"}
            config |= {"client_id": CLIENT[0], "client_secret": CLIENT[1]}
        return config

    return make
