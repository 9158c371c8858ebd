"""A test and an answer say what is so, and nothing that nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import WaitingExport
from orderflow.testing.engine import an_order
from orderflow.testing.http_conformance.calls import (
    acks_of,
    answer_of,
    expects,
    number_of,
    waiting_since,
    with_document,
)
from orderflow.testing.http_conformance.faults import NO_ANSWER, NOT_WELL
from orderflow.testing.http_conformance.suite import HttpSuite
from orderflow.testing.http_server import MisbehavingHTTPServer


def _delivered(connector: ERPConnectorPort, config: dict[str, Any]) -> WaitingExport:
    """Return an order that was delivered, as it waits for its answer."""
    order = with_document(connector, an_order(), config)
    number, delivery = number_of(connector.export(order, config)), order.delivery
    reference = delivery.document.filename if delivery.document else str(delivery.reference)
    return WaitingExport(delivery.export_id, order.id, reference, datetime.now(UTC), number)


class Answers(HttpSuite):
    """A test and an answer say what is so, and nothing that nobody knows."""

    def test_a_test_creates_nothing_and_passes_only_where_all_is_well(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Reached, let in, and answered as it should."""
        assert connector.test_connection(good_config).success
        assert not server.taken, "the test created an order"
        for what, fault in NOT_WELL.items():
            for kind in {"GET", "HEAD", "OPTIONS", self.finds, self.creates}:
                server.misbehave(*[fault] * 5, method=kind)
            result = answer_of(lambda _, config: connector.test_connection(config), None, good_config)
            server.recover()
            assert not isinstance(result, Exception), f"the test raised after {what}: {type(result).__name__}"
            assert not result.success, f"the test passed although the server answered with {what}"
            assert result.error_message, f"the test says nothing of {what}"
            server.taken.clear()

    def test_each_answer_is_its_own_orders(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Of orders that are there, each is answered under its own number, and no more than those asked about."""
        if not expects(connector, good_config):
            return
        waiting = [_delivered(connector, good_config) for _ in range(3)]
        numbers = {export.export_id: export.erp_reference for export in waiting}
        for ack in acks_of(connector, good_config, waiting[:2]):
            assert ack.export_id in {export.export_id for export in waiting[:2]}, "an answer is about another order"
            number = numbers[ack.export_id]
            same = not (number and ack.erp_order_id) or ack.erp_order_id == number
            assert same, f"the order {number} is answered as {ack.erp_order_id}"

    def test_what_is_not_known_is_neither_confirmed_nor_refused(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Of an order that the ERP does not know, nothing is said: it may not have arrived yet."""
        if not connector.expects_acks(good_config):
            return
        reads = type(connector).poll_acks is not ERPConnectorPort.poll_acks
        assert reads or connector.takes_answers(good_config), "it expects answers, and reads none"
        unknown = [waiting_since(sent_at=None), waiting_since(sent_at=datetime.now(UTC))]
        for ack in acks_of(connector, good_config, unknown):
            assert ack.status != "ACKED", "an order that the ERP does not have is confirmed"
            in_doubt = ack.export_id == unknown[0].export_id
            assert not (in_doubt and ack.status == "FAILED"), "an order that may yet come is refused"
        for what, fault in NO_ANSWER.items():
            server.misbehave(*[fault] * 10, method=self.finds)
            for ack in acks_of(connector, good_config, unknown):
                assert ack.status not in ("ACKED", "FAILED"), f"asked, it got {what}, and says {ack.status}"
            server.recover()
