"""Orders a second into the SAP of our tests by SAP_ODATA, beside requests, and beside that SAP's own function.

It is no SAP: a real one prices and checks for a tenth of a second and more. The less the other side takes, the more is
seen of us.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from urllib.request import urlopen

from benchmarks.erp import LIMIT, Erp, Program, rows_of
from benchmarks.installation import Installation
from benchmarks.programs import listening
from benchmarks.table import Row
from tests.integration.connectors.sap_server import PASSWORD, USER

AT_ONCE = 8
SYSTEM = (sys.executable, "-m", "benchmarks.peers.sap_system")
SIGN_IN = {"username": USER, "password": PASSWORD}


def measure(full: bool) -> Iterator[Row]:
    with Installation() as place, listening(SYSTEM) as port:
        yield from rows_of(
            place, _sap(port, place.database_url), orders=1_500 if full else 500, rounds=5 if full else 3, full=full
        )


def _sap(port: int, database: str) -> Erp:
    url = f"http://127.0.0.1:{port}"
    area = {"sales_organization": "1710", "distribution_channel": "10", "division": "00"}
    ours = {"url": url, "plain_http": True, **area, **SIGN_IN, "max_in_flight": AT_ONCE}
    peer = (sys.executable, "-m", "benchmarks.peers.sap_requests")
    one, some = ({"url": url, "at_once": at_once, **SIGN_IN} for at_once in (1, AT_ONCE))
    programs = {
        f"requests, {AT_ONCE} sessions, with books": Program(peer, some | {"books": database}),
        f"requests, {AT_ONCE} sessions": Program(peer, some),
        "requests, one session": Program(peer, one, orders=20),
        LIMIT: Program((*SYSTEM, "in_process"), {"url": url}, linked=False),
    }
    return Erp("SAP_ODATA", "an SAP that costs next to nothing", port, ours, programs, lambda: _sales(url))


def _sales(url: str) -> int:
    with urlopen(f"{url}/sales") as answer:
        return int(answer.read())
