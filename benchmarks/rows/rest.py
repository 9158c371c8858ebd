"""Orders a second into a small shop by REST_JSON, beside httpx, and beside the shop's own function."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from urllib.request import urlopen

from benchmarks.api import free_port, server
from benchmarks.erp import LIMIT, Erp, Program, rows_of
from benchmarks.installation import Installation
from benchmarks.table import Row

AT_ONCE = 8


def measure(full: bool) -> Iterator[Row]:
    with Installation() as place:
        database = place.database_url
        port = free_port()
        shop = [sys.executable, "-m", "uvicorn", "--port", str(port), "--no-access-log", "--log-level", "warning"]
        shop.append("benchmarks.peers.shop:api")
        with server(shop, port, {"DATABASE": database}, place.home / "shop.log"):
            yield from rows_of(
                place, _shop(port, database), orders=1_500 if full else 500, rounds=5 if full else 3, full=full
            )


def _shop(port: int, database: str) -> Erp:
    url = f"http://127.0.0.1:{port}"
    ours = {
        "url": f"{url}/orders",
        "plain_http": True,
        "order_number": "id",
        "find_url": f"{url}/orders?key={{{{ delivery.export_id }}}}",
        "found": "items[0].id",
        "idempotent": True,
        "max_in_flight": AT_ONCE,
    }
    peer = (sys.executable, "-m", "benchmarks.peers.rest_httpx")
    inside = (sys.executable, "-m", "benchmarks.peers.shop")
    one, some = ({"url": f"{url}/orders", "at_once": at_once} for at_once in (1, AT_ONCE))
    programs = {
        f"httpx, {AT_ONCE} at once, with books": Program(peer, some | {"books": database}),
        f"httpx, {AT_ONCE} at once": Program(peer, some),
        "httpx, one after the other": Program(peer, one, orders=20),
        LIMIT: Program(inside, some, linked=False, environment={"DATABASE": database}),
    }
    return Erp("REST_JSON", "a small shop (FastAPI, PostgreSQL)", port, ours, programs, lambda: _sales(url))


def _sales(url: str) -> int:
    with urlopen(f"{url}/sales") as answer:
        return int(answer.read())
