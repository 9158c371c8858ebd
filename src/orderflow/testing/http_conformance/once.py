"""An order is taken once, whatever becomes of requests, answers and workers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import Document, ExportResult, Lease
from orderflow.domain.errors import ConnectorError, InDoubtError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer
from orderflow.domain.states import ARRIVED, FITTING, Kind, OrderStatus
from orderflow.testing.engine import an_order
from orderflow.testing.evidence import holds
from orderflow.testing.http_conformance.calls import (
    CHANGING,
    answer_of,
    ask_for,
    asked,
    error_of,
    number_of,
    outcome_of,
    push,
    quietly,
    settle,
    with_document,
)
from orderflow.testing.http_conformance.faults import EMPTY_PROMISES, LOST, NO_ANSWER, TAKEN
from orderflow.testing.http_conformance.suite import HttpSuite
from orderflow.testing.http_server import DROP_AFTER, DROP_BEFORE, Fault, MisbehavingHTTPServer, status

SHORTEST_PATIENCE = 10.0
"""Seconds for which an ERP may be at an order at the least, where the configuration says nothing of its patience."""


ODD_NUMBER = 'O\'N&S #7/50%+1 "x"'
"""What has a meaning in URLs, filters and quotes."""


NUMBERS = ("SO-2026-11-30-EMEA-00000000000000000000000001234567890", "0000012345", "SO 7/11 (b)")
"""Long, with zeros in front, with what has a meaning in URLs: what it is called in the ERP, to the last letter."""


def _was_told(server: MisbehavingHTTPServer, number: str) -> bool:
    whole = re.compile(rb"(?<![\w-])" + re.escape(number.encode()) + rb"(?![\w-])")
    return any(whole.search(body) for body in [*server.told][-9:])


class Once(HttpSuite):
    """An order is taken once, whatever becomes of requests, answers and workers."""

    def test_an_order_is_taken_once_whatever_becomes_of_the_answer(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """And is asked for, found, and delivered; or held for a person where nobody can be asked."""
        for what, fault in TAKEN.items():
            server.taken.clear()
            order, engine = push(connector, good_config, server, {self.creates: [fault]})
            settle(engine)
            assert len(server.taken) == 1, f"after {what} it was taken {len(server.taken)} times"
            delivered = order.status in (FITTING[state] for state in ARRIVED)
            known = connector.can_find(good_config) or connector.idempotent(good_config)
            assert delivered or (not known and engine.delivered(order).export.held), (
                f"after {what} it is {order.status}"
            )

    def test_a_2xx_that_took_nothing_confirms_nothing(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """What says neither that the order was taken nor under which number is looked at again."""
        for what, fault in EMPTY_PROMISES.items():
            server.taken.clear()
            order, engine = push(connector, good_config, server, {self.creates: [fault]})
            settle(engine)
            server.recover()
            confirmed = order.status is OrderStatus.CONFIRMED
            assert len(server.taken) == 1 or not confirmed, f"after {what} it is confirmed, and was never taken"
            assert len(server.taken) <= 1, f"after {what} it was taken twice"

    def test_an_unclear_question_has_nothing_sent_and_nothing_refused(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """However it goes wrong, for however long."""
        if not connector.can_find(good_config):
            return
        for what, fault in NO_ANSWER.items():
            server.taken.clear()
            faults = {self.creates: [DROP_AFTER], self.finds: [fault] * 200}
            order, engine = push(connector, good_config, server, faults)
            settle(engine)
            server.recover()
            assert len(server.taken) == 1, f"asked, it got {what}, and sent again"
            assert order.status is not OrderStatus.ERROR, f"asked, it got {what}, and blamed the order"

    def test_a_question_without_an_answer_is_an_error_and_never_no(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """`find` returns None only where the ERP says clearly that the order is not there."""
        if not connector.can_find(good_config):
            return
        order = with_document(connector, an_order(), good_config)
        for what, fault in NO_ANSWER.items():
            server.misbehave(fault, fault, method=self.finds)  # a connector may ask twice after a 401
            try:
                found = connector.find(order, good_config)
            except ConnectorError:
                server.recover()
                continue
            pytest.fail(f"asked, it got {what}, and find returned {found}")
        assert connector.find(order, good_config) is None, "find finds what was never sent"

    def test_a_change_or_a_recall_is_made_once_whatever_becomes_of_the_answer(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Where it names them (`kinds`): what became of it is asked for, or a person is; and it is no new order."""
        for kind in sorted(connector.kinds(good_config) - {Kind.ORDER}):
            for what in LOST:
                fault = TAKEN[what]
                server.taken.clear()
                made = len(server.changed) + len(server.taken_back)
                order, engine = push(connector, good_config, server, {})
                settle(engine)
                ask_for(engine, order, kind)
                for method in CHANGING:
                    server.misbehave(fault, method=method)
                settle(engine)
                server.recover()
                assert len(server.taken) == 1, f"its {kind} was taken for another order"
                times = len(server.changed) + len(server.taken_back) - made
                assert times <= 1, f"after {what} the {kind} was made {times} times"
                done = {FITTING[state] for state in ARRIVED} if kind is Kind.CHANGE else {OrderStatus.RECALLED}
                held = engine.delivered(order).export.held
                assert order.status in done or held, f"after {what} the {kind} left it {order.status}"

    def test_one_call_sends_an_order_once(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """No loop of its own tries again: it would hide what became of the first, and press a busy server."""
        faults = {**TAKEN, "429": status(429, Retry_After="0"), "400": status(400), "a drop before": DROP_BEFORE}
        for what, fault in faults.items():
            server.misbehave(*[fault] * 3, method=self.creates)
            before = asked(server, self.creates)
            dict(connector.export_many([an_order()], good_config))
            assert asked(server, self.creates) - before <= 1, f"after {what} it sent the order again by itself"
            server.recover()
            if connector.can_find(good_config):
                server.misbehave(*[fault] * 9, method=self.finds)
                before = asked(server, self.finds)
                quietly(connector.find, with_document(connector, an_order(), good_config), good_config)
                assert asked(server, self.finds) - before <= 2, f"after {what} it asked again and again by itself"
                server.recover()

    def test_an_order_is_sent_to_no_second_address(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Many servers redirect once they have taken it."""
        for code in (300, 301, 302, 303, 304, 307, 308):
            server.taken.clear()
            there = Fault(takes=True, status=code, headers={"Location": f"{server.url}/orders"}, content=b"")
            server.misbehave(there, method=self.creates)
            error = error_of(connector, good_config)
            assert isinstance(error, InDoubtError), f"{code} is {type(error).__name__}: it may have taken the order"
            assert len(server.taken) == 1, f"after {code} the order was sent again"

    def test_it_waits_for_an_order_that_is_not_there_yet(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """An ERP may still be at an order whose answer was lost: `commits_within` says for how long, in seconds."""
        if connector.can_find(good_config):
            longest = float(good_config.get("timeout") or SHORTEST_PATIENCE)
            assert connector.commits_within(good_config) >= longest, "what is not found at once is sent again"

    def test_a_worker_whose_lease_is_lost_sends_nothing(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Another worker has the order by now: `export` asks `delivery.may_start()` itself, right before it sends."""
        order = with_document(connector, an_order(), good_config)
        order.delivery.lease = Lease(new_id(), 60.0)
        order.delivery.lease.revoke()
        quietly(connector.export, order, good_config)
        assert not server.taken, "an order was sent for which there was no lease any more"

    def test_each_attempt_sends_what_the_first_one_would_have(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """The stored document, though the order or the connector has changed since; and a key that honours it."""
        order = an_order(external_order_number="PO-AS-STORED")
        with_document(connector, order, good_config)
        order.external_order_number = "PO-CHANGED"
        server.idempotent = connector.idempotent(good_config)
        for attempt in (1, 2):
            order.delivery.attempt_no = attempt
            outcome_of(connector, order, good_config)
        sent = [request.content for request in server.received if server.kind_of(request) == self.creates]
        assert all(holds(content, "PO-AS-STORED") for content in sent), "another document than the stored one was sent"
        assert len(server.taken) <= (1 if server.idempotent else 2), "it says idempotent, and the order was taken twice"
        before = len(server.taken)
        outcome_of(connector, an_order(), good_config)
        assert len(server.taken) == before + 1, "another order goes under the same key, and is taken for the first"
        anew = an_order(external_order_number="PO-ANEW")
        anew.id = order.id
        outcome_of(connector, with_document(connector, anew, good_config), good_config)
        assert len(server.taken) == before + 2, "an order delivered anew goes under the key of its last delivery"
        sent = [request.content for request in server.received if server.kind_of(request) == self.creates]
        assert holds(sent[-1], "PO-ANEW"), "an order that is delivered anew is sent as it was before"

    def test_find_tells_an_order_from_one_that_is_nearly_alike(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Its number may begin another's; and where `numbers_repeat`, be another customer's, or another shop's."""
        if not connector.can_find(good_config):
            return
        taken = with_document(connector, an_order(external_order_number="PO-NEAR-10", buyer=None), good_config)
        connector.export(taken, good_config)
        other = replace(taken.customer or Customer(), erp_customer_number="90125")
        near = {
            "whose number begins it": an_order(external_order_number="PO-NEAR-1"),
            "whose number goes on": an_order(external_order_number="PO-NEAR-100"),
            "whose number is in small letters": an_order(external_order_number="po-near-10"),
        }
        if self.numbers_repeat:
            near["of another customer"] = an_order(external_order_number="PO-NEAR-10", customer=other, buyer=None)
            near["of another source"] = an_order(external_order_number="PO-NEAR-10", source="another-shop", buyer=None)
        for what, order in near.items():
            found = answer_of(connector.find, with_document(connector, order, good_config), good_config)
            assert found is None or isinstance(found, ConnectorError), f"find takes an order for one {what}"

    def test_find_takes_no_order_of_others_where_its_filter_is_not_heeded(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Many APIs leave a parameter aside that they do not know; unless the test of the connection tells of it."""
        if not connector.can_find(good_config):
            return
        for _ in range(2):
            connector.export(with_document(connector, an_order(), good_config), good_config)
        order = with_document(connector, an_order(), good_config)
        server.filters = False
        found = answer_of(connector.find, order, good_config)
        told = not connector.test_connection(good_config).success
        server.filters = True
        assert told or found is None or isinstance(found, ConnectorError), "find takes an order of others for this one"

    def test_what_is_found_is_what_was_taken(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Not before it was, and under the number that it was given; two orders are two."""
        orders = [an_order(external_order_number=number) for number in ("PO-FIND-1", "PO-FIND-10", ODD_NUMBER)]
        orders = [order for order in orders if isinstance(answer_of(connector.render, order, good_config), Document)]
        numbers = []
        for order in orders:
            with_document(connector, order, good_config)
            before = len(server.taken)
            if connector.can_find(good_config):
                assert connector.find(order, good_config) is None, "find finds what was not sent yet"
            assert len(server.taken) == before, "find creates an order"
            result = connector.export(order, good_config)
            number = number_of(result)
            assert isinstance(result.erp_order_id, str | None), f"its number is a {type(result.erp_order_id).__name__}"
            assert number is None or _was_told(server, number), f"its number is {number}, and the ERP did not say so"
            numbers.append(number)
        assert numbers[0] is None or numbers[0] != numbers[1], f"two orders have one number, {numbers[0]}"
        for number in NUMBERS:
            taken = Fault(takes=True, status=201, content=json.dumps({"id": number}).encode())
            server.misbehave(taken, method=self.creates)
            outcome = answer_of(connector.export, with_document(connector, an_order(), good_config), good_config)
            told = number_of(outcome) if isinstance(outcome, ExportResult) else None
            assert told in (None, number), f"the order {number} is delivered as {told}"
            server.recover()
        for order, number in zip(orders, numbers, strict=True):
            found = connector.find(order, good_config) if connector.can_find(good_config) else None
            assert found is not None or not connector.can_find(good_config), "find does not find what was taken"
            if found is not None and number is not None and number_of(found) is not None:
                assert number_of(found) == number, f"the order {number} is found as {number_of(found)}"
