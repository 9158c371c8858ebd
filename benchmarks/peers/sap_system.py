"""The SAP of our tests as a process of its own: it refuses what SAP refuses, and keeps what it takes in memory.

Without arguments it prints its port and runs until it is ended. With `in_process` it makes the orders of
`{"url", "orders"}` in a system of its own, by the function that answers requests, tells the one at `url` how many there
are, and prints `{"seconds"}`.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from email.message import Message
from urllib.request import urlopen

from benchmarks.peers.sap_requests import sales_order
from orderflow.testing.http_server import Received
from tests.integration.connectors.sap_server import PASSWORD, ROOT, USER, Answer, SapServer


class System(SapServer):
    """It tells how many orders it has: `GET /sales`; `POST /sales` adds to them what was made elsewhere."""

    made_elsewhere = 0

    def _answer(self, request: Received) -> Answer:
        if request.path != "/sales":
            return super()._answer(request)
        if request.method == "POST":
            self.made_elsewhere += int(request.content)
        return 200, {}, str(len(self.orders) + self.made_elsewhere).encode()


def serve() -> None:
    with System() as system:
        print(system.url.rpartition(":")[2], flush=True)
        threading.Event().wait()


def make_in_process() -> None:
    """Sign in and ask for a token, then have each order made."""
    given = json.load(sys.stdin)
    system = SapServer()
    headers = Message()
    headers["Authorization"] = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
    headers["X-CSRF-Token"] = "Fetch"
    _, told, _, _ = system.respond(Received("GET", ROOT, headers, b""))
    headers.replace_header("X-CSRF-Token", told["x-csrf-token"])
    headers["Cookie"] = told["Set-Cookie"].partition(";")[0]
    requests = [
        Received("POST", f"{ROOT}/A_SalesOrder", headers, json.dumps(sales_order(order)).encode())
        for order in given["orders"]
    ]
    started = time.monotonic()
    answers = [system.respond(request) for request in requests]
    seconds = time.monotonic() - started
    assert all(status == 201 for status, *_ in answers)
    urlopen(f"{given['url']}/sales", data=str(len(requests)).encode()).close()
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    make_in_process() if sys.argv[1:] == ["in_process"] else serve()
