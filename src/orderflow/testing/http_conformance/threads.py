"""One instance serves all threads and all connections."""

from __future__ import annotations

import decimal
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest import mock

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import ExportResult
from orderflow.testing.engine import an_order
from orderflow.testing.evidence import holds
from orderflow.testing.http_conformance.calls import (
    Together,
    answer_of,
    number_of,
    outcome_of,
    soon_of,
    with_document,
    within,
)
from orderflow.testing.http_conformance.faults import TAKEN
from orderflow.testing.http_conformance.suite import HttpSuite
from orderflow.testing.http_server import DROP_BEFORE, TOO_MANY, UNAUTHORIZED, MisbehavingHTTPServer, status

MOST_OPEN = 20
"""Connections that a connector may keep, of orders that go one after the other."""


class Threads(HttpSuite):
    """One instance serves all threads and all connections."""

    def test_each_thread_sends_its_own_order(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """One instance serves all threads: what is kept of an order in `self` is another thread's a moment later."""
        together = threading.Barrier(8)
        orders = [an_order(external_order_number=f"PO-THREAD-{number:02}") for number in range(8)]
        for order in orders:
            with_document(connector, order, good_config)
            order.delivery.lease = Together(together)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda order: outcome_of(connector, order, good_config), orders))
        sent = [request.content for request in server.received if server.kind_of(request) == self.creates]
        for order in orders:
            times = sum(holds(content, str(order.external_order_number)) for content in sent)
            assert times == 1, f"of 8 orders sent at once, one went out {times} times"
        if connector.can_find(good_config):
            found = [connector.find(order, good_config) for order in orders]
            assert all(found), "of 8 orders sent at once, one is not found by what was sent with it"
            numbers = {number_of(result) for result in found if result is not None}
            assert len(numbers) == 8 or numbers == {None}, "of 8 orders sent at once, one is found as another"

    def test_the_next_order_goes_through_whatever_became_of_one(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """No lock is kept, no connection is spoilt, and nothing is remembered of a server that failed once."""
        faults = TAKEN | {"a drop before": DROP_BEFORE, "401": UNAUTHORIZED, "429": TOO_MANY, "400": status(400)}
        for kind, call in ((self.creates, connector.export), (self.finds, connector.find)):
            for what, fault in faults.items() if kind == self.creates or connector.can_find(good_config) else ():
                server.misbehave(*[fault] * 3, method=kind)
                within(self.soon, call, with_document(connector, an_order(), good_config), good_config)
                server.recover()
                outcome = soon_of(connector, an_order(), good_config, self.soon)
                assert isinstance(outcome, ExportResult), f"after {what} the next order is {outcome!r}"

    def test_connections_are_closed_or_used_again(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """A process that keeps one for each order runs out of them."""
        before = _own_threads()
        for _ in range(3 * MOST_OPEN):
            outcome_of(connector, an_order(), good_config)
        _wait_for(lambda: server.open_connections <= MOST_OPEN)
        assert server.open_connections <= MOST_OPEN, f"{server.open_connections} connections are open"
        more = len(_own_threads() - before)
        assert more <= MOST_OPEN, f"{more} threads that it began go on"
        if close := getattr(connector, "close", None):
            close()
            _wait_for(lambda: server.open_connections == 0)
            assert server.open_connections == 0, "it was closed, and connections are still open"

    def test_what_all_the_process_shares_is_left_as_it_was(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """How exactly numbers are counted, what is logged, how long sockets wait, the environment."""
        with _process_watched() as changed:
            connector.test_connection(good_config)
            order = with_document(connector, an_order(), good_config)
            outcome_of(connector, order, good_config)
            if connector.can_find(good_config):
                answer_of(connector.find, order, good_config)
        assert not changed, f"it changed for all of the process: {', '.join(changed)}"

    def test_two_connections_at_once_stay_apart(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], bad_config: dict[str, Any]
    ) -> None:
        """What is kept of a configuration in `self` is another connection's a moment later."""
        together = threading.Barrier(8)
        orders = [with_document(connector, an_order(), good_config) for _ in range(8)]
        configs = [good_config, bad_config] * 4
        for order in orders:
            order.delivery.lease = Together(together)
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda order, config: outcome_of(connector, order, config), orders, configs))
        went = [isinstance(outcome, ExportResult) for outcome in outcomes]
        assert went == [True, False] * 4, "of two connections at once, one used the other's configuration"


def _own_threads() -> set[threading.Thread]:
    """Return the threads that are no test server's."""
    return {thread for thread in threading.enumerate() if "process_request" not in thread.name}


def _wait_for(holds_now: Callable[[], bool]) -> None:
    """Wait a little: a server may not know yet that a connection was closed."""
    until = time.monotonic() + 3
    while not holds_now() and time.monotonic() < until:
        time.sleep(0.05)


@contextmanager
def _process_watched() -> Iterator[list[str]]:
    """Collect what is changed for all of a process, also where it was changed so before."""
    changed: list[str] = []
    before = socket.getdefaulttimeout(), logging.root.manager.disable
    with decimal.localcontext(prec=33) as context, mock.patch("os.putenv") as putenv:
        socket.setdefaulttimeout(3_333)
        logging.disable(3)
        try:
            yield changed
            found = {
                "how exactly numbers are counted": decimal.getcontext().prec == context.prec == 33,
                "how long sockets wait": socket.getdefaulttimeout() == 3_333,
                "the environment": not putenv.called,
                "what is logged": logging.root.manager.disable == 3,
            }
            changed += [name for name, left_alone in found.items() if not left_alone]
        finally:
            socket.setdefaulttimeout(before[0])
            logging.disable(before[1])
