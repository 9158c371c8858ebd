"""`orderflow serve` as a process of its own, and a client that keeps many connections busy at little cost.

The client writes whole requests and looks at no more of an answer than it must: a load generator that needs as much
CPU as the server would measure itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvloop

from benchmarks.installation import ACTOR, Installation
from orderflow.domain.access import Role
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.flow.people.api_keys import create_key

START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """Where it listens, and its process."""

    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def serve(place: Installation, *options: str, **environment: str) -> Iterator[Server]:
    """Run `orderflow serve` on an installation's data until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "orderflow", "serve", "--port", str(port), *options]
    with server(command, port, {"ORDERFLOW_HOME": str(place.home), **environment}, place.home / "serve.log") as running:
        yield running


@contextmanager
def server(command: Sequence[str], port: int, environment: dict[str, str], log: Any) -> Iterator[Server]:
    """Run a server until the block ends; it must answer `GET /healthz` when it is ready."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=output, stderr=output)
        try:
            _wait(process, port, log)
            yield Server(port, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _wait(process: subprocess.Popen[bytes], port: int, log: Any) -> None:
    ends = time.monotonic() + START_SECONDS
    while True:
        try:
            uvloop.run(_healthy(port))
        except OSError:
            if time.monotonic() > ends or process.poll() is not None:
                raise RuntimeError(f"The server did not start: {log.read_text()[-5000:]}") from None
            time.sleep(0.05)
        else:
            return


async def _healthy(port: int) -> None:
    client = await Client.connect(port)
    try:
        await client.call(request("GET", "/healthz"))
    finally:
        client.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def new_key(place: Installation) -> str:
    """Return a key of the installation's API."""
    return create_key(place.app.store, place.org_id, ACTOR, f"bench-{new_id().hex}", Role.ADMIN)[1]


def order_json(order: DraftOrder) -> bytes:
    """Return an order as `POST /draft-orders` takes it."""
    assert order.customer is not None
    return json.dumps(
        {
            "external_order_number": order.external_order_number,
            "order_date": str(order.order_date),
            "currency": order.currency,
            "customer": {"erp_customer_number": order.customer.erp_customer_number, "name": order.customer.name},
            "lines": [
                {
                    "line_no": line.line_no,
                    "internal_sku": line.internal_sku,
                    "qty": float(line.qty or 0),
                    "uom": line.uom,
                    "unit_price": float(line.unit_price or 0),
                    "currency": line.currency,
                    "customer_sku_raw": line.customer_sku_raw,
                    "description": line.product_description,
                }
                for line in order.lines
            ],
        }
    ).encode()


def request(method: str, path: str, key: str = "", body: bytes = b"") -> bytes:
    """Return an HTTP/1.1 request."""
    head = [f"{method} {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}"]
    head += ["content-type: application/json"] if body else []
    head += [f"x-api-key: {key}"] if key else []
    return "\r\n".join([*head, "", ""]).encode() + body


class Client:
    """One connection, kept open. Knows answers with a Content-Length only, as our API's and FastAPI's are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> Client:
        """Connect to this machine. Raises OSError."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def call(self, sent: bytes) -> bytes:
        """Send a request and return the answer's body; fails unless it is a good answer."""
        self._writer.write(sent)
        head = await self._reader.readuntil(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length: ")
        body = await self._reader.readexactly(int(length.partition(b"\r")[0]))
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"{head.decode()}{body.decode()}")
        return body

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def throughput(port: int, work: Callable[[Client], Awaitable[int]], connections: int, seconds: float) -> float:
    """Let as many connections repeat `work`, which tells how many requests it sent; returns requests a second."""

    async def repeat(client: Client, ends: float) -> int:
        count = 0
        while time.monotonic() < ends:
            count += await work(client)
        client.close()
        return count

    async def run() -> float:
        clients = [await Client.connect(port) for _ in range(connections)]
        started = time.monotonic()
        counts = await asyncio.gather(*(repeat(client, started + seconds) for client in clients))
        return sum(counts) / (time.monotonic() - started)

    return uvloop.run(run())
