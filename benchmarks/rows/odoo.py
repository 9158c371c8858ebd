"""Orders a second into a real Odoo, as quotations, by ODOO; in minutes only where `make test-odoo` has fetched one.

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
from orderflow.connectors.odoo import api as odoo_api
from orderflow.connectors.odoo import master_data
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.entrypoints.demo.erps.erp_process import own_database
from orderflow.entrypoints.demo.erps.odoo_server import OdooServer


def measure(full: bool) -> Iterator[Row]:
    if not full:
        raise LeftOutError("Odoo and its peers take a minute, and minutes to be installed: run `make bench-full`")
    yield from started(_odoo, full=full)


def _odoo(place: Installation, stack: ExitStack) -> Erp:
    server = OdooServer(place.home / "odoo", CACHE / "odoo", own_database(place.app, "odoo"))
    stack.enter_context(server)
    settings = OdooConfig(**server.json2_config | {"api_key": server.facts["admin"]})
    master_data.load_master_data(settings, [an_order(number) for number in range(60)])
    api = odoo_api.open_api(settings)
    stack.callback(api.close)
    peer = (sys.executable, "-m", "benchmarks.peers.odoo_xmlrpc")
    kept, each = (server.rpc_config | {"keep": keep} for keep in (True, False))
    inside = (str(CACHE / "odoo" / "python" / "bin" / "python"), str(PEERS / "odoo_in_process.py"))
    there = {"config": str(place.home / "odoo" / "odoo.conf"), "database": server.database}
    programs = {
        "XML-RPC, session kept, with books": Program(peer, kept | {"books": place.database_url}, orders=20),
        "XML-RPC, session kept": Program(peer, kept, orders=20),
        "XML-RPC, a connection per order": Program(peer, each, orders=10, repeated=False),
        LIMIT: Program(inside, there, linked=False, environment=server.variables),
    }
    return Erp(
        "ODOO",
        "Odoo 19, as drafts",
        port_of(server.url),
        server.json2_config,
        programs,
        lambda: len(odoo_api.search_read(api, "sale.order", [], ["id"])),
    )
