"""What ends each call: time, size, and what is well."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import ConnectorError
from orderflow.testing.engine import an_order
from orderflow.testing.http_conformance.calls import (
    STILL_AT_IT,
    acks_of,
    asked,
    expects,
    number_of,
    outcome_of,
    quietly,
    waiting_since,
    with_document,
    within,
)
from orderflow.testing.http_conformance.faults import FLOOD, LONGEST_MESSAGE, MOST_READ
from orderflow.testing.http_conformance.suite import HttpSuite
from orderflow.testing.http_server import DRIPPING, ENDLESS_HEAD, WAIT_FOR_EVER, Fault, MisbehavingHTTPServer


class Ends(HttpSuite):
    """What ends each call: time, size, and what is well."""

    def test_every_call_ends_in_time(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, quick_config: dict[str, Any]
    ) -> None:
        """Connecting, head and body together, however slowly they come; see `quick` and `soon`."""
        silent = Fault(takes=True, delay=self.soon * 2)
        endless = {"1xx for ever": WAIT_FOR_EVER, "a head without an end": ENDLESS_HEAD}
        for what, fault in {"silent": silent, "dripping": DRIPPING, **endless}.items():
            for kind, call in ((self.creates, connector.export), (self.finds, connector.find)):
                if kind == self.finds and not connector.can_find(quick_config):
                    continue
                server.misbehave(*[fault] * 3, method=kind)
                order = with_document(connector, an_order(), quick_config)
                before = asked(server, kind)
                outcome = within(self.soon, call, order, quick_config)
                assert outcome is not STILL_AT_IT, f"{what}: {call.__name__} did not end"
                assert isinstance(outcome, ConnectorError), f"{what}: {call.__name__} returned {outcome}"
                assert asked(server, kind) - before <= 1, f"{what}: {call.__name__} asked again by itself"
                server.recover()
        waiting = [waiting_since(datetime.now(UTC))] if expects(connector, quick_config) else []
        for what, fault in {"silent": silent, "dripping": DRIPPING}.items() if waiting else ():
            server.misbehave(*[fault] * 5, method=self.finds)
            acks = within(self.soon, lambda _, config: acks_of(connector, config, waiting), None, quick_config)
            assert acks is not STILL_AT_IT, f"{what}: asking for answers did not end"
            server.recover()
        for what, fault in {"silent": silent, "dripping": DRIPPING}.items():
            for kind in {"GET", "HEAD", "OPTIONS", self.finds, self.creates}:
                server.misbehave(*[fault] * 5, method=kind)
            result = within(self.soon, lambda _, config: connector.test_connection(config), None, quick_config)
            assert result is not STILL_AT_IT, f"{what}: the test did not end"
            server.recover()

    def test_no_more_of_an_answer_is_read_than_it_should(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """An ERP, or whoever answers for it, must not fill the memory that all share."""
        for kind, call in ((self.creates, connector.export), (self.finds, connector.find)):
            server.misbehave(FLOOD, method=kind)
            if kind == self.creates or connector.can_find(good_config):
                quietly(call, with_document(connector, an_order(), good_config), good_config)
            server.recover()
            assert server.most_written < MOST_READ, f"{server.most_written:,} bytes of an answer were read"
        server.misbehave(_packed(FLOOD), method=self.creates)
        outcome = outcome_of(connector, an_order(), good_config)
        number = number_of(outcome) if isinstance(outcome, ExportResult) else None
        assert len(number or "") < LONGEST_MESSAGE, f"an answer was unpacked to {len(number or ''):,} characters"


def _packed(fault: Fault) -> Fault:
    content = gzip.compress(fault.content or b"", 1)
    return replace(fault, headers={"Content-Encoding": "gzip"}, content=content)
