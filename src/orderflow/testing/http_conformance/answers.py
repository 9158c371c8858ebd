"""A test and an answer say what is so, and nothing that nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.testing.http_conformance.calls import acks_of, answer_of, waiting_since
from orderflow.testing.http_conformance.faults import NO_ANSWER, NOT_WELL
from orderflow.testing.http_conformance.suite import HttpSuite
from orderflow.testing.http_server import MisbehavingHTTPServer


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
