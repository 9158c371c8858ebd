"""What people and programs do all day: orders in one by one and in files, changes, recalls, holds, and looking."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import httpx

from tests.soak.place import Place

NEWEST = "/draft-orders?limit=50"
LOOKS = (
    NEWEST,
    "/draft-orders?status=CONFIRMED&sort=changed",
    "/draft-orders?q=PO-1",
    "/draft-orders/totals",
    "/stats?period=24h",
    "/stats/deliveries?by=customer",
    "/needs",
    "/exports?limit=50",
    "/push-log?limit=50",
    "/audit-log?limit=50",
    "/events?limit=100",
    "/connectors",
)
PATIENCE = 20.0
"""Seconds for an answer: while PostgreSQL comes back nothing is answered."""


class Work:
    """Everybody who works here, each in a thread.

    Attributes:
        done: How often each kind of work was done.
        failed: How often it was refused or broke off, as it may while something is broken.
    """

    def __init__(self, place: Place, seed: int) -> None:
        self._place, self._numbers, self._sent = place, count(1), 0
        self._chance = random.Random(seed)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        every: dict[Callable[[httpx.Client], None], float] = {
            self._bring_in: 0.35,
            self._import: 12,
            self._change: 4,
            self._recall: 6,
            self._hold: 15,
            self._look: 0.7,
            self._tidy: 5,
        }
        self._threads = [threading.Thread(target=self._repeat, args=pair, daemon=True) for pair in every.items()]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, all but what tidies up after it."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def took(self) -> dict[str, list[float]]:
        """Return the seconds that requests took since this was asked last, by kind."""
        with self._lock:
            taken, self._seconds = self._seconds, defaultdict(list)
        return taken

    @property
    def orders(self) -> int:
        """How many orders were sent in."""
        return self._sent

    def tidy_up(self) -> None:
        """Do what people do: test what stands still, retry what was refused, decide what is in doubt."""
        with self._client() as client, suppress(httpx.HTTPError):
            self._tidy(client)

    def _client(self) -> httpx.Client:
        headers = {"X-API-Key": self._place.key}
        return httpx.Client(base_url=f"{self._place.url}/api/v1", headers=headers, timeout=PATIENCE)

    def _repeat(self, step: Callable[[httpx.Client], None], every: float) -> None:
        name = step.__name__.strip("_")
        with self._client() as client:
            while not self._stopped.wait(every):
                try:
                    step(client)
                except (httpx.HTTPError, StopIteration):  # refused, away, or nothing there to do it to
                    self.failed[name] += 1
                else:
                    self.done[name] += 1

    def _call(self, client: httpx.Client, kind: str, method: str, path: str, **sent: Any) -> Any:
        began = time.monotonic()
        answer = client.request(method, path, **sent)
        answer.raise_for_status()
        with self._lock:
            self._seconds[kind].append(time.monotonic() - began)
        return answer

    def _bring_in(self, client: httpx.Client) -> None:
        order_id = self._call(client, "bringing in", "POST", "/draft-orders", json=self._order()).json()["id"]
        self._call(client, "approving", "POST", f"/draft-orders/{order_id}/approve")
        self._call(client, "pushing", "POST", f"/draft-orders/{order_id}/push")

    def _import(self, client: httpx.Client) -> None:
        lines = "\n".join(json.dumps(self._order()) for _ in range(20))
        answer = self._call(client, "importing", "POST", "/draft-orders/import", content=lines)
        ids = [one["id"] for one in map(json.loads, answer.text.splitlines()) if one.get("id")]
        for action in ("approve", "push"):
            self._call(client, "bulk jobs", "POST", "/bulk-jobs", json={"action": action, "ids": ids})

    def _change(self, client: httpx.Client) -> None:
        order_id = self._one(client, "status=CONFIRMED")
        lines = self._call(client, "reading one", "GET", f"/draft-orders/{order_id}").json()["lines"]
        lines[0]["qty"] = self._chance.randint(1, 99)
        self._call(client, "editing", "PATCH", f"/draft-orders/{order_id}", json={"lines": lines})
        self._call(client, "approving", "POST", f"/draft-orders/{order_id}/approve")
        self._call(client, "pushing", "POST", f"/draft-orders/{order_id}/push")

    def _recall(self, client: httpx.Client) -> None:
        order_id = self._one(client, "status=CONFIRMED&status=PUSHED")
        self._call(client, "recalling", "POST", f"/draft-orders/{order_id}/recall", json={"reason": "cancelled"})

    def _hold(self, client: httpx.Client) -> None:
        order_id = self._one(client, "status=PUSHING&status=APPROVED&status=READY")
        self._call(client, "holding", "POST", f"/draft-orders/{order_id}/holds", json={"reason": "credit"})
        time.sleep(1)
        self._call(client, "releasing", "DELETE", f"/draft-orders/{order_id}/holds")

    def _look(self, client: httpx.Client) -> None:
        self._call(client, "looking", "GET", self._chance.choice(LOOKS))

    def _tidy(self, client: httpx.Client) -> None:
        connectors = self._call(client, "looking", "GET", "/connectors").json()["items"]
        if any(one["health"]["state"] == "PAUSED" for one in connectors):
            client.post(f"/connectors/{self._place.connection_id}/test").raise_for_status()
        for status, action in (("ERROR", "retry"), ("APPROVED", "push"), ("READY", "approve")):
            body = {"action": action, "filter": {"status": [status]}}
            self._call(client, "bulk jobs", "POST", "/bulk-jobs", json=body)
        for held in client.get("/exports?held=true").json()["items"]:
            client.post(f"/exports/{held['id']}/resolve", json={"as": "delivered"})

    def _one(self, client: httpx.Client, states: str) -> str:
        found = self._call(client, "looking", "GET", f"/draft-orders?{states}&limit=50").json()["items"]
        return str(self._chance.choice(found)["id"]) if found else next(iter(()))

    def _order(self) -> dict[str, Any]:
        number = self._sent = next(self._numbers)
        lines = [
            {"line_no": place, "internal_sku": f"INT-{place}", "qty": place, "uom": "M", "unit_price": 1.23}
            for place in range(1, self._chance.randint(2, 8))
        ]
        return {
            "external_order_number": f"PO-{number}",
            "currency": self._chance.choice(("EUR", "USD", "CHF")),
            "customer": {"erp_customer_number": str(number % 500), "name": f"Müller & Söhne {number % 500}"},
            "lines": lines,
        }
