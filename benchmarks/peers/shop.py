"""A small shop with an HTTP API, as a user's own people would write one: FastAPI, a row and a COMMIT for each order.

`uvicorn benchmarks.peers.shop:api` serves it, and `python -m benchmarks.peers.shop` makes orders by the same function
without a request: it reads `{"at_once", "orders"}` and prints `{"seconds"}`. DATABASE names the PostgreSQL server.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import uuid4

import uvloop
from fastapi import FastAPI, Header
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

_TABLE = (
    "CREATE TABLE IF NOT EXISTS orders (number bigserial PRIMARY KEY, key text UNIQUE NOT NULL, content jsonb NOT NULL)"
)
_MAKE = "INSERT INTO orders (key, content) VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET key = excluded.key"

pool = AsyncConnectionPool(os.environ["DATABASE"], min_size=8, max_size=8, open=False)


@asynccontextmanager
async def _opened(_: FastAPI) -> AsyncIterator[None]:
    async with pool:
        async with pool.connection() as connection:
            await connection.execute(_TABLE)
        yield


api = FastAPI(lifespan=_opened)


@api.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@api.post("/orders", status_code=201)
async def take(order: dict[str, Any], idempotency_key: Annotated[str, Header()]) -> dict[str, str]:
    async with pool.connection() as connection:
        made = await connection.execute(f"{_MAKE} RETURNING number", (idempotency_key, Jsonb(order)))
        (number,) = await made.fetchone() or ("",)
    return {"id": f"SO-{number}"}


@api.get("/orders")
async def find(key: str) -> dict[str, list[dict[str, str]]]:
    async with pool.connection() as connection:
        found = await connection.execute("SELECT number FROM orders WHERE key = %s", (key,))
        return {"items": [{"id": f"SO-{number}"} for (number,) in await found.fetchall()]}


@api.get("/sales")
async def sales() -> int:
    async with pool.connection() as connection:
        (number,) = await (await connection.execute("SELECT count(*) FROM orders")).fetchone() or (0,)
        return int(number)


async def _take_all(given: dict[str, Any]) -> float:
    waiting = iter(given["orders"])

    async def some() -> None:
        for order in waiting:
            await take(order, uuid4().hex)

    async with pool:
        await pool.wait()
        started = time.monotonic()
        await asyncio.gather(*(some() for _ in range(given["at_once"])))
        return time.monotonic() - started


if __name__ == "__main__":
    print(json.dumps({"seconds": uvloop.run(_take_all(json.load(sys.stdin)))}))
