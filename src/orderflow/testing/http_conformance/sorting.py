"""What an answer, or none, is taken for, and in whose words it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind, OrderStatus
from orderflow.testing.engine import an_order
from orderflow.testing.evidence import watched
from orderflow.testing.http_conformance.calls import (
    CHANGING,
    answer_of,
    ask_for,
    error_of,
    outcome_of,
    push,
    settle,
    shows_no_secret,
    with_document,
)
from orderflow.testing.http_conformance.faults import LONGEST_MESSAGE, ODD_BODIES, REFUSALS, TAKEN
from orderflow.testing.http_conformance.suite import HttpSuite
from orderflow.testing.http_server import Fault, MisbehavingHTTPServer, status

_NOT_TAKEN = (RejectedError, NeedsAttentionError, InDoubtError)


class Sorting(HttpSuite):
    """What an answer, or none, is taken for, and in whose words it is told."""

    def test_each_status_is_sorted_by_what_follows(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """By who has to do something: the ERP in time, a person about the connection, or about this order."""
        wanted: dict[int, tuple[type[ConnectorError], ...]] = {
            401: (NeedsAttentionError,),
            403: (NeedsAttentionError,),
            429: (BusyError,),
            400: (RejectedError,),
            408: (BusyError, TransientError, UnavailableError, InDoubtError),
            422: (RejectedError,),
            504: (InDoubtError,),
            500: (InDoubtError,),
            502: (InDoubtError,),
            503: (InDoubtError, BusyError),
            **dict.fromkeys((505, 507, 520, 524, 530, 599), (InDoubtError,)),
            407: (NeedsAttentionError, UnavailableError),
            511: (InDoubtError, NeedsAttentionError, UnavailableError),
            **dict.fromkeys((402, 404, 405, 406, 410, 413, 415, 451, 501), _NOT_TAKEN),
            **dict.fromkeys((409, 412, 423), (*_NOT_TAKEN, TransientError, BusyError)),
        }
        for code, sorts in wanted.items():
            server.misbehave(*[status(code, f"words-{code}", Retry_After="77")] * 3, method=self.creates)
            error = error_of(connector, good_config, self.soon)
            assert isinstance(error, sorts), f"{code} is {type(error).__name__}, not {sorts[0].__name__}"
            if code in (400, 422):
                assert f"words-{code}" in error.message, "a refusal must be told in the ERP's own words"
            if code in (429, 503):
                waits = error.rests_for or error.retry_after
                assert waits is not None, f"{code} asks for 77 s, and the connection does not rest"
                assert waits >= 77, f"{code} asks for 77 s, and the connection rests {waits:.0f} s"
            server.recover()
        later = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
        server.misbehave(*[status(429, Retry_After=later)] * 3, method=self.creates)
        error = error_of(connector, good_config, self.soon)
        assert (error.rests_for or error.retry_after or 0) > 77, "a Retry-After that is a date is not read"
        server.recover()
        for asked in ("soon", "-5", "", "1.5", "9" * 400):
            server.misbehave(*[status(429, Retry_After=asked)] * 3, method=self.creates)
            error = error_of(connector, good_config, self.soon)
            assert isinstance(error, BusyError), f"with Retry-After {asked[:9]!r}, 429 is {type(error).__name__}"
            server.recover()

    def test_a_server_that_is_not_there_is_unavailable(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Nothing was sent: orders wait, spend nothing, and nobody is asked."""
        with watched() as shown:
            server.__exit__(None, None, None)
            error = error_of(connector, good_config)
            shown.append(f"{error} {error.details} {error.hint} {connector.test_connection(good_config)!r}")
            if connector.can_find(good_config):
                found = answer_of(connector.find, with_document(connector, an_order(), good_config), good_config)
                assert isinstance(found, ConnectorError), "find says no of a server that is not there"
                shown.append(f"{found} {found.details} {found.hint}")
        assert isinstance(error, UnavailableError), f"{type(error).__name__}: {error.message}"
        shows_no_secret(connector, server, good_config, "\n".join(shown))

    def test_a_refused_change_or_recall_is_told_in_the_erps_words(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """And the order stays what it was: changed it is in ERROR, recalled it is where it stood."""
        for kind in sorted(connector.kinds(good_config) - {Kind.ORDER}):
            order, engine = push(connector, good_config, server, {})
            settle(engine)
            before = order.status
            ask_for(engine, order, kind)
            for method in CHANGING:
                server.misbehave(status(422, "it is on the lorry"), method=method)
            settle(engine)
            server.recover()
            assert order.status is (OrderStatus.ERROR if kind is Kind.CHANGE else before), f"{kind}: {order.status}"
            said = engine.delivered(order).export.error or {}
            assert "it is on the lorry" in str(said.get("message")), f"the {kind} was refused in other words: {said}"

    def test_of_a_long_answer_little_is_told(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """A person reads it, and it is stored with each attempt."""
        page = b"<html><title>Wrong customer</title><body>" + b"<p>lorem ipsum</p>" * 10_000 + b"</body></html>"
        for code in (400, 500):
            server.misbehave(Fault(status=code, content=page), method=self.creates)
            error = error_of(connector, good_config)
            assert len(error.message) < LONGEST_MESSAGE, f"a {code} is told in {len(error.message):,} characters"

    def test_a_refusal_within_a_2xx_is_no_success(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Many APIs answer 200 to whatever comes, and say in the body that they did not take it."""
        for what, fault in REFUSALS.items():
            server.misbehave(fault, method=self.creates)
            outcome = outcome_of(connector, an_order(), good_config)
            assert isinstance(outcome, RejectedError | InDoubtError), f"with {what} it is {type(outcome).__name__}"
            server.recover()

    def test_whatever_comes_it_is_the_connector_that_says_what_it_means(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """And no exception of Python's."""
        bodies = {what: Fault(takes=True, status=201, content=content) for what, content in ODD_BODIES.items()}
        bodies["an answer that is not packed"] = Fault(True, 201, {"Content-Encoding": "gzip"}, b"no gzip")
        for kind, call in ((self.creates, connector.export), (self.finds, connector.find)):
            for what, fault in (TAKEN | bodies).items():
                server.misbehave(fault, fault, method=kind)
                if kind == self.creates or connector.can_find(good_config):
                    _without_a_fault(call, with_document(connector, an_order(), good_config), good_config, what)
                server.recover()

    def test_the_erps_words_are_read_in_their_charset(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """As its Content-Type declares it: no letter is lost or guessed."""
        for charset in ("utf-8", "iso-8859-1"):
            content = json.dumps({"message": "Größe für Müller fehlt"}, ensure_ascii=False).encode(charset)
            named = {"Content-Type": f"application/json; charset={charset}"}
            server.misbehave(Fault(status=422, headers=named, content=content), method=self.creates)
            error = error_of(connector, good_config)
            assert "Größe für Müller fehlt" in error.message, f"in {charset} it reads {error.message[:100]!r}"
        for charset in ("no-such-charset", "rot13", ""):
            named = {"Content-Type": f"application/json; charset={charset}"}
            server.misbehave(
                Fault(status=422, headers=named, content=b'{"message": "Size missing"}'), method=self.creates
            )
            assert "Size missing" in error_of(connector, good_config).message, (
                f"the charset {charset!r} hides its words"
            )


def _without_a_fault(call: Callable[..., Any], order: DraftOrder, config: dict[str, Any], what: str) -> None:
    try:
        call(order, config)
    except ConnectorError:
        pass
    except Exception as error:
        raise AssertionError(f"after {what} the connector raised {type(error).__name__}") from error
