"""Orders a second into a real Tryton, as drafts, by TRYTON.

Peers look up what an order names and make it, call after call, as its documentation shows; with one connection and
one sign-in for each order, or for all.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.erp import CACHE, LIMIT, PEERS, Erp, Program, an_order, port_of, started
from benchmarks.installation import Installation
from benchmarks.runs import LeftOutError
from benchmarks.table import Row
from orderflow.connectors.tryton import api as tryton_api
from orderflow.connectors.tryton import master_data
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.entrypoints.demo.erps.erp_process import own_database
from orderflow.entrypoints.demo.erps.tryton_server import TrytonServer


def measure(full: bool) -> Iterator[Row]:
    if not full:
        raise LeftOutError("Tryton and its peers take more than a minute: run `make bench-full`")
    yield from started(_tryton, full=full)


def _tryton(place: Installation, stack: ExitStack) -> Erp:
    server = TrytonServer(place.home / "tryton", CACHE / "tryton", own_database(place.app, "tryton"))
    stack.enter_context(server)
    settings = TrytonConfig(**server.rest_config)
    master_data.load_master_data(settings, [an_order(number) for number in range(60)])
    api = tryton_api.open_api(settings)
    stack.callback(api.close)
    theirs = str(CACHE / "tryton" / "bin" / "python")
    proteus, rpc = (theirs, str(PEERS / "tryton_proteus.py")), (sys.executable, "-m", "benchmarks.peers.tryton_rpc")
    kept, each = (server.rpc_config | {"keep": keep} for keep in (True, False))
    inside = (theirs, str(PEERS / "tryton_in_process.py"))
    programs = {
        "proteus, session kept": Program(proteus, kept, orders=10),
        "proteus, a connection per order": Program(proteus, each, orders=5, repeated=False),
        "JSON-RPC, session kept, with books": Program(rpc, kept | {"books": place.database_url}, orders=20),
        "JSON-RPC, session kept": Program(rpc, kept, orders=20),
        "JSON-RPC, a connection per order": Program(rpc, each, orders=10, repeated=False),
        LIMIT: Program(inside, server.rpc_config, linked=False, environment=server.variables),
    }
    return Erp(
        "TRYTON",
        "Tryton 8.2, as drafts",
        port_of(server.url),
        server.rest_config,
        programs,
        lambda: len(tryton_api.search_read(api, "sale.sale", [], [])),
    )
