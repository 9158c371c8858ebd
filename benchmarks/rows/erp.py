"""Orders a second into real ERPs, as drafts: Tryton by TRYTON and, where it is at hand, Odoo by ODOO.

Peers look up what an order names and make it, call after call, as their documentation shows; with one connection and
one sign-in for each order, or for all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

from benchmarks.erp import CACHE, LIMIT, PEERS, WAYS, Erp, Program, an_order, rows_of
from benchmarks.installation import Installation
from benchmarks.table import Row
from orderflow.connectors.odoo import api as odoo_api
from orderflow.connectors.odoo import master_data as odoo_master_data
from orderflow.connectors.odoo.config import OdooConfig
from orderflow.connectors.tryton import api as tryton_api
from orderflow.connectors.tryton import master_data as tryton_master_data
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.entrypoints.demo.erps.erp_process import own_database
from orderflow.entrypoints.demo.erps.odoo_server import OdooServer
from orderflow.entrypoints.demo.erps.tryton_server import TrytonServer

Start = Callable[[Installation, ExitStack], Erp]


def measure(full: bool) -> Iterator[Row]:
    starts: list[Start] = [_tryton]
    if full or (CACHE / "odoo" / "files").exists():
        starts.append(_odoo)
    for start in starts:
        with Installation() as place, ExitStack() as stack:
            place.home.chmod(0o711)  # run by root, the database works as another user and has to pass
            erp = start(place, stack)
            ways = WAYS if full else {"": 0.0}
            yield from rows_of(place, erp, orders=300 if full else 40, rounds=5 if full else 3, ways=ways)


def _tryton(place: Installation, stack: ExitStack) -> Erp:
    server = TrytonServer(place.home / "tryton", CACHE / "tryton", own_database(place.app, "tryton"))
    stack.enter_context(server)
    settings = TrytonConfig(**server.rest_config)
    tryton_master_data.load_master_data(settings, [an_order(number) for number in range(60)])
    api = tryton_api.open_api(settings)
    stack.callback(api.close)
    theirs = str(CACHE / "tryton" / "bin" / "python")
    proteus, rpc = (theirs, str(PEERS / "tryton_proteus.py")), (sys.executable, str(PEERS / "tryton_rpc.py"))
    kept, each = (server.rpc_config | {"keep": keep} for keep in (True, False))
    inside = (theirs, str(PEERS / "tryton_in_process.py"))
    programs = {
        "proteus, session kept": Program(proteus, kept, orders=10),
        "proteus, a connection per order": Program(proteus, each, orders=5, repeated=False),
        "JSON-RPC, session kept": Program(rpc, kept, orders=20),
        "JSON-RPC, a connection per order": Program(rpc, each, orders=10, repeated=False),
        LIMIT: Program(inside, server.rpc_config, linked=False, environment=server.variables),
    }
    return Erp(
        "TRYTON",
        "Tryton 8.2, as drafts",
        _port_of(server.url),
        server.rest_config,
        programs,
        lambda: len(tryton_api.search_read(api, "sale.sale", [], [])),
    )


def _odoo(place: Installation, stack: ExitStack) -> Erp:
    server = OdooServer(place.home / "odoo", CACHE / "odoo", own_database(place.app, "odoo"))
    stack.enter_context(server)
    settings = OdooConfig(**server.json2_config | {"api_key": server.facts["admin"]})
    odoo_master_data.load_master_data(settings, [an_order(number) for number in range(60)])
    api = odoo_api.open_api(settings)
    stack.callback(api.close)
    peer = (sys.executable, str(PEERS / "odoo_xmlrpc.py"))
    kept, each = (server.rpc_config | {"keep": keep} for keep in (True, False))
    inside = (str(CACHE / "odoo" / "python" / "bin" / "python"), str(PEERS / "odoo_in_process.py"))
    there = {"config": str(place.home / "odoo" / "odoo.conf"), "database": server.database}
    programs = {
        "XML-RPC, session kept": Program(peer, kept, orders=20),
        "XML-RPC, a connection per order": Program(peer, each, orders=10, repeated=False),
        LIMIT: Program(inside, there, linked=False, environment=server.variables),
    }
    return Erp(
        "ODOO",
        "Odoo 19, as drafts",
        _port_of(server.url),
        server.json2_config,
        programs,
        lambda: len(odoo_api.search_read(api, "sale.order", [], ["id"])),
    )


def _port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port
