"""The least that takes an order in: FastAPI, one INSERT, COMMIT. No account, no organization, no check, no history.

Run by `uvicorn benchmarks.peers.bare_fastapi:api`; DATABASE names the PostgreSQL server.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

pool = AsyncConnectionPool(os.environ["DATABASE"], min_size=10, max_size=10, open=False)


@asynccontextmanager
async def _opened(_: FastAPI) -> AsyncIterator[None]:
    async with pool:
        yield


api = FastAPI(lifespan=_opened)


@api.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@api.post("/orders", status_code=201)
async def create_order(order: dict[str, Any]) -> dict[str, UUID]:
    order_id = uuid4()
    async with pool.connection() as connection:
        await connection.execute("INSERT INTO bare.orders (id, content) VALUES (%s, %s)", (order_id, Jsonb(order)))
    return {"id": order_id}
