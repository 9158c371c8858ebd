"""Orders to an HTTP API with httpx: one client that keeps its connections, some orders at a time.

Reads `{"url", "at_once", "orders"}`, prints `{"seconds"}`. Of orders it has a record if `books` names a database.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from benchmarks.peers.books import books_of

given = json.load(sys.stdin)
books = books_of(given)


def send(order: dict) -> str:
    key = books.begin(order["number"])
    answer = client.post(given["url"], json=order, headers={"Idempotency-Key": key})
    number = answer.raise_for_status().json()["id"]
    books.done(key, number)
    return number


with httpx.Client(timeout=30) as client, ThreadPoolExecutor(given["at_once"]) as pool:
    started = time.monotonic()
    numbers = set(pool.map(send, given["orders"]))
    seconds = time.monotonic() - started
assert len(numbers) == len(given["orders"])
print(json.dumps({"seconds": seconds}))
