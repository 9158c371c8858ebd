"""Orders to an HTTP API with httpx: one client that keeps its connections, some orders at a time, no record of any.

Reads `{"url", "at_once", "orders"}`, prints `{"seconds"}`.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx

given = json.load(sys.stdin)


def send(order: dict) -> str:
    answer = client.post(given["url"], json=order, headers={"Idempotency-Key": str(uuid4())})
    return answer.raise_for_status().json()["id"]


with httpx.Client(timeout=30) as client, ThreadPoolExecutor(given["at_once"]) as pool:
    started = time.monotonic()
    numbers = set(pool.map(send, given["orders"]))
    seconds = time.monotonic() - started
assert len(numbers) == len(given["orders"])
print(json.dumps({"seconds": seconds}))
