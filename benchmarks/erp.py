"""Orders into an ERP with an API: our worker beside programs of a user's own, and beside what the ERP does by itself.

Ours is `orderflow worker` with all that it does: claim, document, object copy, log, the request, settle, all on a
PostgreSQL with fsync. The limit is a program that makes the same orders inside the ERP's own code, where no request is
sent. Each run has orders of its own and is over when the ERP has them: ours when the worker has written down that they
are delivered, another one's when it ends. Starting a program is not counted. Every order is counted in the ERP.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from benchmarks.installation import Installation
from benchmarks.interleaved import medians
from benchmarks.link import link
from benchmarks.runs import LeftOutError
from benchmarks.table import Row
from orderflow.domain.errors import OrderFlowError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine

CACHE = Path(os.environ.get("ORDERFLOW_TEST_ERPS", Path(sys.prefix) / "erps"))
PEERS = Path(__file__).with_name("peers")
LINES = 3
LIMIT = "in process, no requests (the limit)"
WAYS = {"": 0.0, ", 50 ms link": 0.05}
"""Seconds of a round trip, by what is said of it."""

Config = dict[str, Any]
_numbers = count(1)


@dataclass(frozen=True)
class Program:
    """One that reads `{**config, "orders": […]}` and prints `{"seconds": …}`.

    Args:
        orders: How many it is given, for each hundred of ours.
        linked: Whether it is measured over a link, too.
        repeated: Whether it runs in every round; else once, since it is slow and far from all others.
    """

    command: Sequence[str]
    config: Config
    orders: int = 100
    linked: bool = True
    repeated: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Erp:
    """A running ERP.

    Args:
        port: Where it listens; configurations that name it are led over the link.
        config: Of our connection, of the connector `kind`.
        sales: Tells how many orders it has.
    """

    kind: str
    name: str
    port: int
    config: Config
    programs: Mapping[str, Program]
    sales: Callable[[], int]


def rows_of(place: Installation, erp: Erp, orders: int, rounds: int, *, full: bool) -> Iterator[Row]:
    """Yield a row for each way to an ERP; over a link only in full, since most of that is waiting."""
    with place.workers():
        for where, round_trip in (WAYS if full else {"": 0.0}).items():
            with link(erp.port, round_trip) if round_trip else nullcontext(erp.port) as port:
                yield _row(place, erp, orders, rounds, where, port)


def started(start: Callable[[Installation, ExitStack], Erp], *, full: bool) -> Iterator[Row]:
    """Yield the rows of a real ERP, set up beside an installation of ours; in full over a link, too.

    Raises:
        LeftOutError: It could not be installed or set up here.
    """
    with Installation() as place, ExitStack() as stack:
        place.home.chmod(0o711)  # run by root, the database works as another user and has to pass
        try:
            erp = start(place, stack)
        except OrderFlowError as error:
            if error.code != "INSTALL_FAILED":
                raise
            raise LeftOutError(str(error)) from error
        yield from rows_of(place, erp, orders=100, rounds=3, full=full)


def port_of(url: str) -> int:
    """Return the port that a URL names."""
    port = urlsplit(url).port
    assert port is not None
    return port


def _row(place: Installation, erp: Erp, orders: int, rounds: int, where: str, port: int) -> Row:
    connection_id = place.connect_to(erp.kind, _by_way_of(port, erp, erp.config))
    programs = {name: one for name, one in erp.programs.items() if not where or one.linked}
    runs = {"ours": _counted(erp, "ours", orders, lambda: _ours(place, connection_id, orders))}
    for name, program in programs.items():
        number = max(1, orders * program.orders // 100)
        runs[name] = _counted(erp, name, number, _run_of(program, erp, number, port))
    once = {name for name, program in programs.items() if not program.repeated}
    _ours(place, connection_id, orders // 10)  # what a worker loads once, it has loaded for days
    figures = medians(runs, rounds, once)
    ours = figures.pop("ours")
    given = ", ".join(str(max(1, orders * program.orders // 100)) for program in programs.values())
    return Row(
        f"orders of {LINES} lines into {erp.name}{where}",
        ours,
        "orders/s",
        figures,
        note=f"{rounds} runs of {orders} orders, of the peers {given}; ours with PostgreSQL, log and object copy",
        spread=figures.spread,
    )


def _by_way_of(port: int, erp: Erp, config: Config) -> Config:
    there, by_way = f":{erp.port}", f":{port}"
    return {name: value.replace(there, by_way) if isinstance(value, str) else value for name, value in config.items()}


def _counted(erp: Erp, name: str, orders: int, run: Callable[[], float]) -> Callable[[], float]:
    """Return what runs it and gives orders per second, after having counted them in the ERP."""

    def counted() -> float:
        before = erp.sales()
        seconds = run()
        arrived = erp.sales() - before
        assert arrived == orders, f"{name}: {arrived} of {orders} orders arrived"
        return orders / seconds

    return counted


def _ours(place: Installation, connection_id: UUID, orders: int) -> float:
    place.pause()
    place.push([an_order(next(_numbers)) for _ in range(orders)])
    return place.drain(connection_id)


def _run_of(program: Program, erp: Erp, orders: int, port: int) -> Callable[[], float]:
    def run() -> float:
        drafts = [_plain(an_order(next(_numbers))) for _ in range(orders)]
        given = json.dumps(_by_way_of(port, erp, program.config) | {"orders": drafts})
        done = subprocess.run(
            program.command,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=os.environ | program.environment,
        )
        assert done.returncode == 0, done.stderr
        return float(json.loads(done.stdout.splitlines()[-1])["seconds"])

    return run


def an_order(number: int = 1, lines: int = LINES) -> DraftOrder:
    """One of 30 customers buys some of 20 products."""
    products = [(number * 7 + n * 5) % 20 for n in range(lines)]
    return DraftOrder(
        external_order_number=f"PO-{number}",
        currency="USD",
        customer=Customer(f"C{number % 30}", f"Müller & Söhne {number % 30}"),
        lines=[
            DraftOrderLine(n + 1, f"SKU-{sku}", Decimal(n + 1), "PCE", Decimal(f"{sku + 1}.5{n}"))
            for n, sku in enumerate(products)
        ],
    )


def _plain(order: DraftOrder) -> Config:
    assert order.customer
    return {
        "number": order.external_order_number,
        "customer": order.customer.erp_customer_number,
        "currency": order.currency,
        "lines": [
            {"sku": line.internal_sku, "quantity": str(line.qty), "price": str(line.unit_price)} for line in order.lines
        ],
    }
