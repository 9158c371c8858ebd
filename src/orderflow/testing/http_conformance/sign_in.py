"""Each connection signs in by itself, and renews what has ended."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import BusyError, NeedsAttentionError, UnavailableError
from orderflow.testing.engine import an_order
from orderflow.testing.evidence import watched
from orderflow.testing.http_conformance.calls import (
    Together,
    answer_of,
    asked,
    error_of,
    forget_tokens,
    outcome_of,
    shows_no_secret,
    with_document,
)
from orderflow.testing.http_conformance.faults import IN_PASSING, NO_TOKEN
from orderflow.testing.http_conformance.suite import HttpSuite
from orderflow.testing.http_server import UNAUTHORIZED, Fault, MisbehavingHTTPServer


class SignsIn(HttpSuite):
    """Each connection signs in by itself, and renews what has ended."""

    def test_a_connection_uses_its_own_sign_in(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], bad_config: dict[str, Any]
    ) -> None:
        """No session or token of one connection serves another, and a test says of a bad sign-in whose fault it is."""
        for config, good in ((good_config, True), (bad_config, False), (good_config, True), (bad_config, False)):
            outcome = outcome_of(connector, an_order(), config)
            assert isinstance(outcome, ExportResult) is good, "a connection signs in as another one"
        assert isinstance(outcome, NeedsAttentionError | UnavailableError), f"a bad sign-in is {type(outcome).__name__}"

    def test_an_access_token_is_kept_and_renewed_once_it_is_refused(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Where the server gives tokens or sessions (`client`, `user`): one for all threads, until it has ended."""
        if not server.signs_in:
            return
        server.misbehave(*[Fault(takes=True, delay=0.2)] * 8, method="token")
        together, orders = threading.Barrier(8), [an_order() for _ in range(8)]
        for order in orders:
            with_document(connector, order, good_config).delivery.lease = Together(together)
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda order: outcome_of(connector, order, good_config), orders))
        server.recover()
        assert all(isinstance(outcome, ExportResult) for outcome in outcomes), outcomes
        assert server.sign_ins == 1, f"for 8 orders at once it signed in {server.sign_ins} times"
        for _ in range(2):
            outcome_of(connector, an_order(), good_config)
        assert server.sign_ins == 1, "it signs in for each order"
        server.end_tokens()
        outcome = outcome_of(connector, an_order(), good_config)
        assert isinstance(outcome, ExportResult), f"a token that has ended is not renewed: {outcome}"
        server.change_csrf_tokens()
        outcome = outcome_of(connector, an_order(), good_config)
        assert isinstance(outcome, ExportResult), f"a CSRF token that has ended is not renewed: {outcome}"
        server.end_tokens()
        assert connector.test_connection(good_config).success, "a test does not renew a token that has ended"
        if connector.can_find(good_config):
            server.end_tokens()
            order = with_document(connector, an_order(external_order_number="PO-NEVER-SENT"), good_config)
            found = answer_of(connector.find, order, good_config)
            assert found is None, f"find does not renew a token that has ended: {found}"
        server.misbehave(*[UNAUTHORIZED] * 6, method=self.creates)
        before = asked(server, self.creates)
        assert isinstance(error_of(connector, good_config), NeedsAttentionError)
        assert asked(server, self.creates) - before <= 2, "it renews a token that is refused again and again"

    def test_a_token_server_that_gives_none_has_orders_wait(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, quick_config: dict[str, Any]
    ) -> None:
        """Nothing was sent to the ERP: no order is refused or in doubt for it; and nothing shows a secret."""
        if not server.signs_in:
            return
        with watched() as shown:
            for what, fault in NO_TOKEN.items():
                if server.user is not None and what == "half an answer":
                    continue  # the head of an answer is all that a session needs
                forget_tokens(connector, server)
                server.misbehave(*[fault] * 3, method="token")
                error = error_of(connector, quick_config)
                server.recover()
                sorts = (UnavailableError, BusyError if what in IN_PASSING else NeedsAttentionError)
                assert isinstance(error, sorts), f"a token server that gives {what} is {type(error).__name__}"
                assert what != "429" or (error.rests_for or 0) >= 77, "the token server asks for 77 s"
                shown.append(f"{error} {error.details} {error.hint}")
            shown.append(repr(connector.test_connection(quick_config)))
        assert not server.taken, "an order was sent without an access token"
        shows_no_secret(connector, server, quick_config, "\n".join(shown))
