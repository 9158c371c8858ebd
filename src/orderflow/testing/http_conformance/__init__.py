"""What a connector to an HTTP API must do besides: the contract against a server that does what servers do.

```python
@pytest.fixture
def server():
    with MisbehavingHTTPServer(idempotent=False) as running:
        yield running


class TestMyErp(HttpConformance):
    connector_class = MyErpConnector

    @pytest.fixture
    def good_config(self, server): ...

    @pytest.fixture
    def bad_config(self, server): ...
```
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, ClassVar

import pytest

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import ExportResult, Lease, Waiting, WaitingExport
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.orders import AllowanceCharge, Customer, DraftOrder
from orderflow.domain.redaction import HIDDEN
from orderflow.domain.states import ARRIVED, FITTING, Kind, OrderStatus
from orderflow.testing.conformance import ConnectorConformance
from orderflow.testing.engine import MemoryEngine, an_order
from orderflow.testing.evidence import check_error, holds, secrets_of, watched
from orderflow.testing.http_server import (
    DRIPPING,
    DROP_AFTER,
    DROP_BEFORE,
    ENDLESS_HEAD,
    ERROR_INSIDE,
    HALF_JSON,
    HTML,
    NOTHING,
    RESET_MID_ANSWER,
    UNAUTHORIZED,
    WAIT_FOR_EVER,
    Fault,
    MisbehavingHTTPServer,
    redirect,
    status,
)

LONGEST_MESSAGE = 5_000
"""Characters."""

SHORTEST_PATIENCE = 10.0
"""Seconds for which an ERP may be at an order at the least, where the configuration says nothing of its patience."""

MOST_READ = 16 * 1024 * 1024
"""Bytes of an answer that a client takes at most: what it reads, and what lies in the sockets between."""

_FLOOD = Fault(takes=True, content=b'{"id": "' + b"9" * (4 * MOST_READ) + b'"}')
_ODD = Fault(takes=True, status=201, content=b'{"message": "we are working on it"}')
_TAKEN = {
    "the connection dropped": DROP_AFTER,
    "half an answer": RESET_MID_ANSWER,
    "half its JSON": HALF_JSON,
    "a web page": HTML,
    "an empty answer": NOTHING,
    "an answer without a number": _ODD,
    "500": status(500, takes=True),
    "502": Fault(takes=True, status=502, content=b"<h1>Bad Gateway</h1>"),
    "503": status(503, takes=True, Retry_After="1"),
    "504": Fault(takes=True, status=504, content=b""),
}
"""What becomes of the answer after an order was taken."""

_GATEWAY = Fault(status=404, content=b'{"message": "no Route matched with those values"}')
_NO_ANSWER = {
    "the connection dropped": DROP_AFTER,
    "half its JSON": Fault(content=b'{"items": ['),
    "a web page": HTML,
    "an empty answer": NOTHING,
    "null": Fault(content=b"null"),
    "something else": Fault(content=b'{"message": "later"}'),
    "a part": Fault(content=b'{"items": [], "has_more": true}'),
    "an error in a 200": Fault(content=b'{"error": {"code": 17, "message": "the index is being built"}}'),
    **{str(code): status(code) for code in (400, 401, 403, 409, 410, 429, 500, 502, 503)},
    "a gateway's 404": _GATEWAY,
    "a page's 404": Fault(status=404, content=b"<h1>Not Found</h1>"),
}
"""What is no answer to the question whether an order is there."""

_NO_TOKEN = {
    "the connection dropped": DROP_BEFORE,
    "half an answer": RESET_MID_ANSWER,
    "a web page": HTML,
    "an empty answer": NOTHING,
    "an answer without a token": Fault(content=b'{"token_type": "bearer"}'),
    **{str(code): status(code, f"words-{code}", Retry_After="77") for code in (400, 401, 403, 429, 500, 503)},
}
"""What a token server gives instead of an access token."""

_IN_PASSING = ("the connection dropped", "half an answer", "429", "500", "503")
"""Of these, what ends by itself: nobody has to do anything about the connection."""

_LOST = ("the connection dropped", "half an answer", "a web page", "500", "503")
"""Of what becomes of an answer, what is tried with changes and recalls, too."""

_CHANGING = ("POST", "PUT", "PATCH", "DELETE")

_NOT_WELL = {
    "the connection dropped": DROP_AFTER,
    **{str(code): status(code) for code in (401, 403, 404, 500, 502, 503)},
}
"""What a test of a connection must not pass for."""


class HttpConformance(ConnectorConformance):
    """`ConnectorConformance` for a connector to an HTTP API, which a `MisbehavingHTTPServer` plays.

    Further fixtures: `server`, running, that takes an order however often it comes (`idempotent=False`).

    Attributes:
        creates, finds: What the server calls requests that create an order, and that ask for one (`kind_of`).
        quick: Of a configuration, what makes its requests end soon.
        soon: Seconds within which a call then ends, whatever the server does.
        leaves_out: What the document has no place for, of `FIELDS`, as `NOT_IN_JSON_V1`; all else has to be in it.
    """

    creates: ClassVar[str] = "POST"
    finds: ClassVar[str] = "GET"
    quick: ClassVar[dict[str, Any]] = {"timeout": 0.5}
    soon: ClassVar[float] = 10.0
    leaves_out: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture
    def arrived(self, server: MisbehavingHTTPServer) -> Any:
        """Return what lists the orders taken."""
        return lambda: server.taken

    @pytest.fixture
    def quick_config(self, good_config: dict[str, Any]) -> dict[str, Any]:
        """Return a good configuration whose requests end soon."""
        return good_config | self.quick

    def test_an_order_is_taken_once_whatever_becomes_of_the_answer(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """And is asked for, found, and delivered; or held for a person where nobody can be asked."""
        for what, fault in _TAKEN.items():
            server.taken.clear()
            order, engine = _push(connector, good_config, server, {self.creates: [fault]})
            _settle(engine)
            assert len(server.taken) == 1, f"after {what} it was taken {len(server.taken)} times"
            delivered = order.status in (FITTING[state] for state in ARRIVED)
            known = connector.can_find(good_config) or connector.idempotent(good_config)
            assert delivered or (not known and engine.delivered(order).export.held), (
                f"after {what} it is {order.status}"
            )

    def test_an_unclear_question_has_nothing_sent_and_nothing_refused(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """However it goes wrong, for however long."""
        if not connector.can_find(good_config):
            return
        for what, fault in _NO_ANSWER.items():
            server.taken.clear()
            faults = {self.creates: [DROP_AFTER], self.finds: [fault] * 200}
            order, engine = _push(connector, good_config, server, faults)
            _settle(engine)
            server.recover()
            assert len(server.taken) == 1, f"asked, it got {what}, and sent again"
            assert order.status is not OrderStatus.ERROR, f"asked, it got {what}, and blamed the order"

    def test_a_question_without_an_answer_is_an_error_and_never_no(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """`find` returns None only where the ERP says clearly that the order is not there."""
        if not connector.can_find(good_config):
            return
        order = _with_document(connector, an_order(), good_config)
        for what, fault in _NO_ANSWER.items():
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
            for what in _LOST:
                fault = _TAKEN[what]
                server.taken.clear()
                made = len(server.changed) + len(server.taken_back)
                order, engine = _push(connector, good_config, server, {})
                _settle(engine)
                _ask_for(engine, order, kind)
                for method in _CHANGING:
                    server.misbehave(fault, method=method)
                _settle(engine)
                server.recover()
                assert len(server.taken) == 1, f"its {kind} was taken for another order"
                times = len(server.changed) + len(server.taken_back) - made
                assert times <= 1, f"after {what} the {kind} was made {times} times"
                done = {FITTING[state] for state in ARRIVED} if kind is Kind.CHANGE else {OrderStatus.RECALLED}
                held = engine.delivered(order).export.held
                assert order.status in done or held, f"after {what} the {kind} left it {order.status}"

    def test_a_refused_change_or_recall_is_told_in_the_erps_words(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """And the order stays what it was: changed it is in ERROR, recalled it is where it stood."""
        for kind in sorted(connector.kinds(good_config) - {Kind.ORDER}):
            order, engine = _push(connector, good_config, server, {})
            _settle(engine)
            before = order.status
            _ask_for(engine, order, kind)
            for method in _CHANGING:
                server.misbehave(status(422, "it is on the lorry"), method=method)
            _settle(engine)
            server.recover()
            assert order.status is (OrderStatus.ERROR if kind is Kind.CHANGE else before), f"{kind}: {order.status}"
            said = engine.delivered(order).export.error or {}
            assert "it is on the lorry" in str(said.get("message")), f"the {kind} was refused in other words: {said}"

    def test_one_call_sends_an_order_once(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """No loop of its own tries again: it would hide what became of the first, and press a busy server."""
        faults = {**_TAKEN, "429": status(429, Retry_After="0"), "400": status(400), "a drop before": DROP_BEFORE}
        for what, fault in faults.items():
            server.misbehave(*[fault] * 3, method=self.creates)
            before = _asked(server, self.creates)
            dict(connector.export_many([an_order()], good_config))
            assert _asked(server, self.creates) - before <= 1, f"after {what} it sent the order again by itself"
            server.recover()
            if connector.can_find(good_config):
                server.misbehave(*[fault] * 9, method=self.finds)
                before = _asked(server, self.finds)
                _quietly(connector.find, _with_document(connector, an_order(), good_config), good_config)
                assert _asked(server, self.finds) - before <= 2, f"after {what} it asked again and again by itself"
                server.recover()

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
        }
        for code, sorts in wanted.items():
            server.misbehave(*[status(code, f"words-{code}", Retry_After="77")] * 3, method=self.creates)
            error = _error(connector, good_config)
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
        error = _error(connector, good_config)
        assert (error.rests_for or error.retry_after or 0) > 77, "a Retry-After that is a date is not read"
        server.recover()

    def test_a_server_that_is_not_there_is_unavailable(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Nothing was sent: orders wait, spend nothing, and nobody is asked."""
        with watched() as shown:
            server.__exit__(None, None, None)
            error = _error(connector, good_config)
            shown.append(f"{error} {error.details} {error.hint} {connector.test_connection(good_config)!r}")
            if connector.can_find(good_config):
                found = _answer(connector.find, _with_document(connector, an_order(), good_config), good_config)
                assert isinstance(found, ConnectorError), "find says no of a server that is not there"
                shown.append(f"{found} {found.details} {found.hint}")
        assert isinstance(error, UnavailableError), f"{type(error).__name__}: {error.message}"
        _shows_no_secret(connector, server, good_config, "\n".join(shown))

    def test_a_server_that_nobody_vouches_for_is_told_nothing(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Over TLS the server's certificate is verified, before a secret or an order leaves."""
        with MisbehavingHTTPServer(tls="untrusted", client=server.client) as untrusted:
            config = _leading_to(good_config, server.url, untrusted.url)
            if config == good_config:
                return  # it is told nowhere where the server is
            error = _error(connector, config)
            result = connector.test_connection(config)
            assert not untrusted.received, "a server whose certificate nobody vouches for was told something"
            assert isinstance(error, NeedsAttentionError | UnavailableError), f"it is {type(error).__name__}"
            assert not result.success, "the test of a server that nobody vouches for passed"

    def test_a_test_creates_nothing_and_passes_only_where_all_is_well(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Reached, let in, and answered as it should."""
        assert connector.test_connection(good_config).success
        assert not server.taken, "the test created an order"
        for what, fault in _NOT_WELL.items():
            for kind in {"GET", "HEAD", "OPTIONS", self.finds, self.creates}:
                server.misbehave(*[fault] * 5, method=kind)
            result = _answer(lambda _, config: connector.test_connection(config), None, good_config)
            server.recover()
            assert not isinstance(result, Exception), f"the test raised after {what}: {type(result).__name__}"
            assert not result.success, f"the test passed although the server answered with {what}"
            assert result.error_message, f"the test says nothing of {what}"
            server.taken.clear()

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
                order = _with_document(connector, an_order(), quick_config)
                outcome = _within(self.soon, call, order, quick_config)
                assert outcome is not _STILL_AT_IT, f"{what}: {call.__name__} did not end"
                assert isinstance(outcome, ConnectorError), f"{what}: {call.__name__} returned {outcome}"
                server.recover()
        for what, fault in {"silent": silent, "dripping": DRIPPING}.items():
            for kind in {"GET", "HEAD", "OPTIONS", self.finds, self.creates}:
                server.misbehave(*[fault] * 5, method=kind)
            result = _within(self.soon, lambda _, config: connector.test_connection(config), None, quick_config)
            assert result is not _STILL_AT_IT, f"{what}: the test did not end"
            server.recover()

    def test_no_more_of_an_answer_is_read_than_it_should(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """An ERP, or whoever answers for it, must not fill the memory that all share."""
        for kind, call in ((self.creates, connector.export), (self.finds, connector.find)):
            server.misbehave(_FLOOD, method=kind)
            if kind == self.creates or connector.can_find(good_config):
                _quietly(call, _with_document(connector, an_order(), good_config), good_config)
            server.recover()
            assert server.most_written < MOST_READ, f"{server.most_written:,} bytes of an answer were read"
        server.misbehave(_packed(_FLOOD), method=self.creates)
        outcome = _outcome(connector, an_order(), good_config)
        number = _number(outcome) if isinstance(outcome, ExportResult) else None
        assert len(number or "") < LONGEST_MESSAGE, f"an answer was unpacked to {len(number or ''):,} characters"

    def test_of_a_long_answer_little_is_told(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """A person reads it, and it is stored with each attempt."""
        page = b"<html><title>Wrong customer</title><body>" + b"<p>lorem ipsum</p>" * 10_000 + b"</body></html>"
        for code in (400, 500):
            server.misbehave(Fault(status=code, content=page), method=self.creates)
            error = _error(connector, good_config)
            assert len(error.message) < LONGEST_MESSAGE, f"a {code} is told in {len(error.message):,} characters"

    def test_a_refusal_within_a_2xx_is_no_success(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Many APIs answer 200 to whatever comes, and say in the body that they did not take it."""
        server.misbehave(ERROR_INSIDE, method=self.creates)
        outcome = _outcome(connector, an_order(), good_config)
        assert isinstance(outcome, RejectedError | InDoubtError), f"it is {type(outcome).__name__}"

    def test_whatever_comes_it_is_the_connector_that_says_what_it_means(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """And no exception of Python's."""
        odd = {"a list": b"[]", "a text": b'"SO-1"', "a number": b"7", "null": b"null", "another shape": b'{"id": {}}'}
        bodies = {what: Fault(takes=True, status=201, content=content) for what, content in odd.items()}
        for kind, call in ((self.creates, connector.export), (self.finds, connector.find)):
            for what, fault in (_TAKEN | bodies).items():
                server.misbehave(fault, fault, method=kind)
                if kind == self.creates or connector.can_find(good_config):
                    _without_a_fault(call, _with_document(connector, an_order(), good_config), good_config, what)
                server.recover()

    def test_nothing_goes_to_another_server(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Neither an order nor a secret follows a redirect elsewhere."""
        with MisbehavingHTTPServer() as elsewhere:
            for code in (301, 302, 303, 307, 308):
                for kind, call in (
                    (self.creates, connector.export),
                    (self.finds, connector.find),
                    ("token", connector.export),
                ):
                    if kind == "token":
                        _forget_tokens(connector, server)
                    server.misbehave(redirect(f"{elsewhere.url}/orders", code), method=kind)
                    if kind != self.finds or connector.can_find(good_config):
                        order = _with_document(connector, an_order(), good_config)
                        _quietly(call, order, good_config)
                    server.recover()
            secrets = _secrets(connector, server, good_config)
            told = [f"{request.headers} {request.content!r}" for request in elsewhere.received]
            assert not elsewhere.taken, "an order went to another server"
            assert not any(secret in text for secret in secrets for text in told), "a secret went to another server"

    def test_an_order_is_sent_to_no_second_address(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Many servers redirect once they have taken it."""
        for code in (301, 302, 303, 307, 308):
            server.taken.clear()
            there = Fault(takes=True, status=code, headers={"Location": f"{server.url}/orders"}, content=b"")
            server.misbehave(there, method=self.creates)
            error = _error(connector, good_config)
            assert isinstance(error, InDoubtError), f"{code} is {type(error).__name__}: it may have taken the order"
            assert len(server.taken) == 1, f"after {code} the order was sent again"

    def test_each_thread_sends_its_own_order(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """One instance serves all threads: what is kept of an order in `self` is another thread's a moment later."""
        together = threading.Barrier(8)
        orders = [an_order(external_order_number=f"PO-THREAD-{number:02}") for number in range(8)]
        for order in orders:
            _with_document(connector, order, good_config)
            order.delivery.lease = _Together(together)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda order: _outcome(connector, order, good_config), orders))
        sent = [request.content for request in server.received if server.kind_of(request) == self.creates]
        for order in orders:
            times = sum(holds(content, str(order.external_order_number)) for content in sent)
            assert times == 1, f"of 8 orders sent at once, one went out {times} times"
        if connector.can_find(good_config):
            found = [connector.find(order, good_config) for order in orders]
            assert all(found), "of 8 orders sent at once, one is not found by what was sent with it"
            numbers = {_number(result) for result in found if result is not None}
            assert len(numbers) == 8 or numbers == {None}, "of 8 orders sent at once, one is found as another"

    def test_two_connections_at_once_stay_apart(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], bad_config: dict[str, Any]
    ) -> None:
        """What is kept of a configuration in `self` is another connection's a moment later."""
        together = threading.Barrier(8)
        orders = [_with_document(connector, an_order(), good_config) for _ in range(8)]
        configs = [good_config, bad_config] * 4
        for order in orders:
            order.delivery.lease = _Together(together)
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda order, config: _outcome(connector, order, config), orders, configs))
        went = [isinstance(outcome, ExportResult) for outcome in outcomes]
        assert went == [True, False] * 4, "of two connections at once, one used the other's configuration"

    def test_the_order_is_left_as_it_was(self, connector: ERPConnectorPort, good_config: dict[str, Any]) -> None:
        """It is shown, compared and sent again."""
        order = an_order()
        before = copy.deepcopy(order)
        connector.preview(order, good_config)
        connector.export(order, good_config)
        assert replace(order, delivery_in_progress=None) == replace(before, delivery_in_progress=None), "it was changed"

    def test_the_erps_words_are_read_in_their_charset(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """As its Content-Type declares it: no letter is lost or guessed."""
        for charset in ("utf-8", "iso-8859-1"):
            content = json.dumps({"message": "Größe für Müller fehlt"}, ensure_ascii=False).encode(charset)
            named = {"Content-Type": f"application/json; charset={charset}"}
            server.misbehave(Fault(status=422, headers=named, content=content), method=self.creates)
            error = _error(connector, good_config)
            assert "Größe für Müller fehlt" in error.message, f"in {charset} it reads {error.message[:100]!r}"

    def test_what_is_found_is_what_was_taken(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Not before it was, and under the number that it was given; two orders are two."""
        orders = [an_order(external_order_number=f"PO-FIND-{number}") for number in range(2)]
        numbers = []
        for order in orders:
            _with_document(connector, order, good_config)
            if connector.can_find(good_config):
                assert connector.find(order, good_config) is None, "find finds what was not sent yet"
            numbers.append(_number(connector.export(order, good_config)))
        assert numbers[0] is None or numbers[0] != numbers[1], f"two orders have one number, {numbers[0]}"
        for order, number in zip(orders, numbers, strict=True):
            found = connector.find(order, good_config) if connector.can_find(good_config) else None
            assert found is not None or not connector.can_find(good_config), "find does not find what was taken"
            if found is not None and number is not None and _number(found) is not None:
                assert _number(found) == number, f"the order {number} is found as {_number(found)}"

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
        order = _with_document(connector, an_order(), good_config)
        order.delivery.lease = Lease(new_id(), 60.0)
        order.delivery.lease.revoke()
        _quietly(connector.export, order, good_config)
        assert not server.taken, "an order was sent for which there was no lease any more"

    def test_each_attempt_sends_what_the_first_one_would_have(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """The stored document, though the order or the connector has changed since; and a key that honours it."""
        order = an_order(external_order_number="PO-AS-STORED")
        _with_document(connector, order, good_config)
        order.external_order_number = "PO-CHANGED"
        server.idempotent = connector.idempotent(good_config)
        for attempt in (1, 2):
            order.delivery.attempt_no = attempt
            _outcome(connector, order, good_config)
        sent = [request.content for request in server.received if server.kind_of(request) == self.creates]
        assert all(holds(content, "PO-AS-STORED") for content in sent), "another document than the stored one was sent"
        assert len(server.taken) <= (1 if server.idempotent else 2), "it says idempotent, and the order was taken twice"

    def test_all_that_the_order_holds_is_in_the_document(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """Or is named in `leaves_out`: what is dropped quietly is missed by those who get the goods."""
        plain = connector.render(_order(), good_config).content
        for name, change in FIELDS.items():
            order = change(_order())
            try:
                content = connector.render(order, good_config).content
            except RejectedError:
                continue
            assert name in self.leaves_out or content != plain, f"{name} is not in the document"

    def test_lines_stay_apart_and_texts_whole(self, connector: ERPConnectorPort, good_config: dict[str, Any]) -> None:
        """Two lines of one article are two; nothing is cut."""
        line = an_order().lines[0]
        lines = [replace(line, line_no=1, qty=Decimal("7.125")), replace(line, line_no=2, qty=Decimal("8.375"))]
        content = connector.render(_order(lines=lines), good_config).content.replace(b",", b".")
        assert b"7.125" in content, "lines are merged"
        assert b"8.375" in content, "lines are merged"
        if "lines.product_description" in self.leaves_out:
            return
        long = "Hose, reinforced, " * 20 + "end"
        try:
            content = connector.render(_order(lines=[replace(line, product_description=long)]), good_config).content
        except RejectedError:
            return
        assert holds(content, long), "a text is cut"

    def test_a_connection_uses_its_own_sign_in(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], bad_config: dict[str, Any]
    ) -> None:
        """No session or token of one connection serves another, and a test says of a bad sign-in whose fault it is."""
        for config, good in ((good_config, True), (bad_config, False), (good_config, True), (bad_config, False)):
            outcome = _outcome(connector, an_order(), config)
            assert isinstance(outcome, ExportResult) is good, "a connection signs in as another one"
        assert isinstance(outcome, NeedsAttentionError | UnavailableError), f"a bad sign-in is {type(outcome).__name__}"

    def test_nothing_that_goes_wrong_shows_a_secret(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, quick_config: dict[str, Any]
    ) -> None:
        """Neither what is lost on the way nor what is refused, in messages, details, hints or logs."""
        faults = [*_TAKEN.values(), DROP_BEFORE, DRIPPING, *(status(code) for code in (400, 401, 403, 429))]
        with watched() as shown:
            for fault in faults:
                server.misbehave(fault, fault, method=self.creates)
                outcome = _outcome(connector, an_order(), quick_config)
                shown.append(f"{outcome!r} {getattr(outcome, 'details', '')} {getattr(outcome, 'hint', '')}")
                server.recover()
            for fault in (*faults, status(500), status(503)):
                for kind in {"GET", "HEAD", "OPTIONS", self.finds}:
                    server.misbehave(*[fault] * 9, method=kind)
                shown.append(repr(connector.test_connection(quick_config)))
                if connector.can_find(quick_config):
                    order = _with_document(connector, an_order(), quick_config)
                    found = _answer(connector.find, order, quick_config)
                    shown.append(f"{found!r} {getattr(found, 'details', '')} {getattr(found, 'hint', '')}")
                shown.extend(repr(ack) for ack in _answers(connector, quick_config, [_waiting(datetime.now(UTC))]))
                server.recover()
        _shows_no_secret(connector, server, quick_config, "\n".join(shown))

    def test_an_access_token_is_kept_and_renewed_once_it_is_refused(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Where the server gives tokens (`client`): one for all threads, and a new one only when that has ended."""
        if server.client is None:
            return
        server.misbehave(*[Fault(takes=True, delay=0.2)] * 8, method="token")
        together, orders = threading.Barrier(8), [an_order() for _ in range(8)]
        for order in orders:
            _with_document(connector, order, good_config).delivery.lease = _Together(together)
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda order: _outcome(connector, order, good_config), orders))
        server.recover()
        assert all(isinstance(outcome, ExportResult) for outcome in outcomes), outcomes
        assert len(server.tokens) == 1, f"for 8 orders at once {len(server.tokens)} access tokens were fetched"
        server.end_tokens()
        outcome = _outcome(connector, an_order(), good_config)
        assert isinstance(outcome, ExportResult), f"a token that has ended is not renewed: {outcome}"
        server.end_tokens()
        assert connector.test_connection(good_config).success, "a test does not renew a token that has ended"
        if connector.can_find(good_config):
            server.end_tokens()
            order = _with_document(connector, an_order(external_order_number="PO-NEVER-SENT"), good_config)
            found = _answer(connector.find, order, good_config)
            assert found is None, f"find does not renew a token that has ended: {found}"
        server.misbehave(*[UNAUTHORIZED] * 6, method=self.creates)
        before = _asked(server, self.creates)
        assert isinstance(_error(connector, good_config), NeedsAttentionError)
        assert _asked(server, self.creates) - before <= 2, "it renews a token that is refused again and again"

    def test_a_token_server_that_gives_none_has_orders_wait(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, quick_config: dict[str, Any]
    ) -> None:
        """Nothing was sent to the ERP: no order is refused or in doubt for it; and nothing shows a secret."""
        if server.client is None:
            return
        with watched() as shown:
            for what, fault in _NO_TOKEN.items():
                _forget_tokens(connector, server)
                server.misbehave(*[fault] * 3, method="token")
                error = _error(connector, quick_config)
                server.recover()
                sorts = (UnavailableError, BusyError if what in _IN_PASSING else NeedsAttentionError)
                assert isinstance(error, sorts), f"a token server that gives {what} is {type(error).__name__}"
                assert what != "429" or (error.rests_for or 0) >= 77, "the token server asks for 77 s"
                shown.append(f"{error} {error.details} {error.hint}")
            shown.append(repr(connector.test_connection(quick_config)))
        assert not server.taken, "an order was sent without an access token"
        _shows_no_secret(connector, server, quick_config, "\n".join(shown))

    def test_what_is_not_known_is_neither_confirmed_nor_refused(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Of an order that the ERP does not know, nothing is said: it may not have arrived yet."""
        if not connector.expects_acks(good_config):
            return
        reads = type(connector).poll_acks is not ERPConnectorPort.poll_acks
        assert reads or connector.takes_answers(good_config), "it expects answers, and reads none"
        unknown = [_waiting(sent_at=None), _waiting(sent_at=datetime.now(UTC))]
        for ack in _answers(connector, good_config, unknown):
            assert ack.status != "ACKED", "an order that the ERP does not have is confirmed"
            in_doubt = ack.export_id == unknown[0].export_id
            assert not (in_doubt and ack.status == "FAILED"), "an order that may yet come is refused"
        for what, fault in _NO_ANSWER.items():
            server.misbehave(*[fault] * 10, method=self.finds)
            for ack in _answers(connector, good_config, unknown):
                assert ack.status not in ("ACKED", "FAILED"), f"asked, it got {what}, and says {ack.status}"
            server.recover()


def _ask_for(engine: MemoryEngine, order: DraftOrder, kind: Kind) -> None:
    if kind is Kind.RECALL:
        engine.recall(order)
        return
    first, *others = order.lines
    engine.change(order, lines=[replace(first, qty=(first.qty or Decimal(0)) + 1), *others])


def _order(**changes: Any) -> DraftOrder:
    order = an_order(**changes)
    order.id, order.external_order_number = _ID, "PO-1"
    return order


_ID = new_id()


def _line(**changes: Any) -> Callable[[DraftOrder], DraftOrder]:
    return lambda order: replace(order, lines=[replace(order.lines[0], **changes), *order.lines[1:]])


def _whole(**changes: Any) -> Callable[[DraftOrder], DraftOrder]:
    return lambda order: replace(order, **changes)


def _address(name: str) -> Callable[[DraftOrder], DraftOrder]:
    def change(order: DraftOrder) -> DraftOrder:
        return replace(order, ship_to=dict(order.ship_to or {}) | {name: "QQ"})

    return change


def _of_another_customer(order: DraftOrder) -> DraftOrder:
    return replace(order, customer=replace(order.customer or Customer(), erp_customer_number="90125"))


_OFF = AllowanceCharge(reason="QQ", amount=Decimal("7.77"))
FIELDS: dict[str, Callable[[DraftOrder], DraftOrder]] = {
    "external_order_number": _whole(external_order_number="PO-77"),
    "currency": _whole(currency="SEK"),
    "order_date": _whole(order_date=date(2031, 7, 17)),
    "requested_delivery_date": _whole(requested_delivery_date=date(2031, 8, 18)),
    "notes": _whole(notes="Ring at the second gate"),
    "customer.erp_customer_number": _of_another_customer,
    **{f"ship_to.{name}": _address(name) for name in ("name", "street", "city", "postal_code", "country")},
    "lines.internal_sku": _line(internal_sku="INT-777"),
    "lines.qty": _line(qty=Decimal("77.125")),
    "lines.uom": _line(uom="KGM"),
    "lines.unit_price": _line(unit_price=Decimal("77.7777")),
    "lines.product_description": _line(product_description="A hose of another kind"),
    "lines.customer_sku_raw": _line(customer_sku_raw="CUST-777"),
    "lines.requested_delivery_date": _line(requested_delivery_date=date(2031, 9, 19)),
    "lines.line_notes": _line(line_notes="Ring at the third gate"),
    "lines.allowances": _line(allowances=(_OFF,)),
    "lines.charges": _line(charges=(_OFF,)),
    "bill_to": _whole(bill_to={"name": "QQ"}),
    "delivery_terms": _whole(delivery_terms="QQ"),
    "payment_terms": _whole(payment_terms="QQ"),
    "latest_delivery_date": _whole(latest_delivery_date=date(2031, 10, 20)),
    "allowances": _whole(allowances=(_OFF,)),
    "charges": _whole(charges=(_OFF,)),
}
"""What the suite changes of an order, by name: the document has to change with it."""

NOT_IN_JSON_V1 = frozenset(name for name in FIELDS if name.startswith("ship_to.")) | {
    *("lines.requested_delivery_date", "lines.line_notes", "lines.allowances", "lines.charges"),
    *("bill_to", "delivery_terms", "payment_terms", "latest_delivery_date", "allowances", "charges"),
}
"""What `orderflow_export_json_v1` has no place for."""


class _Together(Lease):
    """A lease whose holders begin all at the same moment, each with its document at hand."""

    def __init__(self, barrier: threading.Barrier) -> None:
        super().__init__(new_id(), 600.0)
        self._barrier = barrier

    def may_start(self) -> bool:
        """Wait for the others, once; then yes."""
        with contextlib.suppress(threading.BrokenBarrierError):  # one that never asks has the others wait in vain
            self._barrier.wait(2.0)
        return True


def _push(
    connector: ERPConnectorPort, config: dict[str, Any], server: MisbehavingHTTPServer, faults: dict[str, list[Fault]]
) -> tuple[DraftOrder, MemoryEngine]:
    order, engine = an_order(), MemoryEngine(connector, config)
    for kind, some in faults.items():
        server.misbehave(*some, method=kind)
    engine.push(order)
    return order, engine


def _with_document(connector: ERPConnectorPort, order: DraftOrder, config: dict[str, Any]) -> DraftOrder:
    order.delivery.document = connector.render(order, config)
    return order


def _settle(engine: MemoryEngine) -> None:
    for _ in range(3):
        engine.run()
        engine.test()  # as a probe does where the server was away


def _outcome(connector: ERPConnectorPort, order: DraftOrder, config: dict[str, Any]) -> ExportResult | ConnectorError:
    try:
        return dict(connector.export_many([order], config))[order.id]
    except Exception as error:
        raise AssertionError(f"export_many raised {type(error).__name__}; it has to yield an outcome") from error


def _error(connector: ERPConnectorPort, config: dict[str, Any]) -> ConnectorError:
    outcome = _outcome(connector, an_order(), config)
    assert isinstance(outcome, ConnectorError), "what went wrong passes for a delivery"
    check_error(outcome)
    return outcome


def _quietly(call: Callable[..., Any], order: DraftOrder, config: dict[str, Any]) -> None:
    with contextlib.suppress(Exception):  # whatever it says: what counts is where it went, and that it ended
        call(order, config)


_STILL_AT_IT = object()


def _within(seconds: float, call: Callable[..., Any], order: DraftOrder | None, config: dict[str, Any]) -> Any:
    """Return what a call returned or raised, or that it did not end."""
    outcomes: list[Any] = []
    thread = threading.Thread(target=lambda: outcomes.append(_answer(call, order, config)), daemon=True)
    thread.start()
    thread.join(seconds)
    return outcomes[0] if outcomes else _STILL_AT_IT


def _answer(call: Callable[..., Any], order: DraftOrder | None, config: dict[str, Any]) -> Any:
    """Return what a call returned or raised."""
    try:
        return call(order, config)
    except Exception as error:  # noqa: BLE001  # an author's code; the caller looks at it
        return error


def _packed(fault: Fault) -> Fault:
    content = gzip.compress(fault.content or b"", 1)
    return replace(fault, headers={"Content-Encoding": "gzip"}, content=content)


def _asked(server: MisbehavingHTTPServer, kind: str) -> int:
    return sum(server.kind_of(request) == kind for request in server.received)


def _shows_no_secret(
    connector: ERPConnectorPort, server: MisbehavingHTTPServer, config: dict[str, Any], text: str
) -> None:
    assert HIDDEN not in text, "the connector shows a secret; OrderFlow has hidden it"
    for name, secret in secrets_of(connector, config):
        assert secret not in text, f"the secret {name} is shown"
    assert not any(token in text for token in server.tokens), "an access token is shown"


def _secrets(connector: ERPConnectorPort, server: MisbehavingHTTPServer, config: dict[str, Any]) -> list[str]:
    return [*(secret for _, secret in secrets_of(connector, config)), *server.tokens]


def _forget_tokens(connector: ERPConnectorPort, server: MisbehavingHTTPServer) -> None:
    """Have the connector fetch a token for its next request: its sessions are closed, and those it may hold end."""
    server.end_tokens()
    close = getattr(connector, "close", None)
    if close is not None:
        close()


def _leading_to(value: Any, url: str, other: str) -> Any:
    """Return a configuration that leads to another server."""
    if isinstance(value, dict):
        return {name: _leading_to(inner, url, other) for name, inner in value.items()}
    return value.replace(url, other) if isinstance(value, str) else value


def _number(result: ExportResult) -> str | None:
    found = result.erp_order_id or result.connector_metadata.get("erp_order_id")
    return str(found) if found else None


def _without_a_fault(call: Callable[..., Any], order: DraftOrder, config: dict[str, Any], what: str) -> None:
    try:
        call(order, config)
    except ConnectorError:
        pass
    except Exception as error:
        raise AssertionError(f"after {what} the connector raised {type(error).__name__}") from error


def _waiting(sent_at: datetime | None) -> WaitingExport:
    return WaitingExport(export_id=new_id(), draft_order_id=new_id(), reference=f"{new_id()}.json", sent_at=sent_at)


def _answers(connector: ERPConnectorPort, config: dict[str, Any], waiting: list[WaitingExport]) -> list[Any]:
    try:
        return list(connector.poll_acks(config, Waiting.of(waiting)))
    except ConnectorError:
        return []  # it could not ask
