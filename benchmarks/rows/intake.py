"""Requests a second that take orders in: POST, approve, push, each with all that belongs to it, beside one bare INSERT.

The API runs as `orderflow serve --no-engine`, so that its deliveries, which are another row, take nothing from it;
our figure counts each of the three requests. Both servers are one process and write to one PostgreSQL.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count

import msgspec
import psycopg

from benchmarks.api import Client, free_port, new_key, order_json, request, serve, server, throughput
from benchmarks.installation import ACTOR, Installation
from benchmarks.interleaved import medians
from benchmarks.orders import SMALL, make_orders
from benchmarks.table import Row
from orderflow.flow.setup import connections as steps

CONNECTIONS = 16
PEER = "bare FastAPI + one INSERT"


def measure(full: bool) -> Iterator[Row]:
    with Installation() as place:
        _connect(place)
        with _bare(place) as bare, serve(place, "--no-engine", LOG_LEVEL="WARNING") as ours:
            bodies = _bodies()
            key = new_key(place)
            seconds = 10 if full else 2

            async def take_in(client: Client) -> int:
                answer = await client.call(request("POST", "/api/v1/draft-orders", key, next(bodies)))
                order_id = msgspec.json.decode(answer)["id"]
                await client.call(request("POST", f"/api/v1/draft-orders/{order_id}/approve", key))
                await client.call(request("POST", f"/api/v1/draft-orders/{order_id}/push", key))
                return 3

            async def insert(client: Client) -> int:
                await client.call(request("POST", "/orders", body=next(bodies)))
                return 1

            programs = {
                "ours": lambda: throughput(ours.port, take_in, CONNECTIONS, seconds),
                PEER: lambda: throughput(bare.port, insert, CONNECTIONS, seconds),
            }
            medians(programs, 1)  # both get warm
            figures = medians(programs, 7 if full else 3)
    yield Row(
        "API intake: POST order + approve + push",
        figures["ours"],
        "requests/s",
        {PEER: figures[PEER]},
        target=f"≥ 60 % of {PEER}",
        reached=figures["ours"] >= 0.6 * figures[PEER],
        note=f"{CONNECTIONS} connections kept open, one process each, orders of {SMALL} lines; each of our three "
        "requests is authorized, checked, and audited",
        spread=figures.spread,
    )


def _bodies() -> Iterator[bytes]:
    """Yield orders without end, no number twice: what came in once is refused."""
    some = [order_json(order) for order in make_orders(1_000, SMALL)]
    for number in count():
        yield from (body.replace(b'"PO-', b'"PO-%d-' % number, 1) for body in some)


def _connect(place: Installation) -> None:
    """Give the organization a connection to push to; nobody delivers over it."""
    config = {"mode": "filesystem", "export_path": str(place.home)}
    added = steps.add_connection(place.app.wiring, place.org_id, "DROPZONE_JSON_V1", config, ACTOR, name="nowhere")
    steps.enable_connection(place.app.wiring, place.org_id, added, ACTOR)


def _bare(place: Installation):
    assert place.app.embedded is not None
    url = place.app.embedded.url("postgres").replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA bare")
        connection.execute("CREATE TABLE bare.orders (id uuid PRIMARY KEY, content jsonb NOT NULL)")
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    return server([*command, "benchmarks.peers.bare_fastapi:api"], port, {"DATABASE": url}, place.home / "bare.log")
