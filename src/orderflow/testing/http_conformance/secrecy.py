"""Whom an order and a secret are told, and whom not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.errors import NeedsAttentionError, UnavailableError
from orderflow.testing.engine import an_order
from orderflow.testing.evidence import watched
from orderflow.testing.http_conformance.calls import (
    acks_of,
    answer_of,
    error_of,
    forget_tokens,
    outcome_of,
    quietly,
    secrets_in,
    shows_no_secret,
    waiting_since,
    with_document,
)
from orderflow.testing.http_conformance.faults import TAKEN
from orderflow.testing.http_conformance.suite import HttpSuite
from orderflow.testing.http_server import DRIPPING, DROP_BEFORE, Fault, MisbehavingHTTPServer, redirect, status


class Secrecy(HttpSuite):
    """Whom an order and a secret are told, and whom not."""

    def test_a_server_that_nobody_vouches_for_is_told_nothing(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Over TLS the server's certificate is verified, before a secret or an order leaves."""
        with MisbehavingHTTPServer(tls="untrusted", client=server.client) as untrusted:
            config = _leading_to(good_config, server.url, untrusted.url)
            if config == good_config:
                return  # it is told nowhere where the server is
            error = error_of(connector, config)
            result = connector.test_connection(config)
            assert not untrusted.received, "a server whose certificate nobody vouches for was told something"
            assert isinstance(error, NeedsAttentionError | UnavailableError), f"it is {type(error).__name__}"
            assert not result.success, "the test of a server that nobody vouches for passed"

    def test_nothing_goes_to_another_server(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, good_config: dict[str, Any]
    ) -> None:
        """Neither an order nor a secret follows a redirect, or a link in an answer, elsewhere."""
        with MisbehavingHTTPServer() as elsewhere:
            for code in (301, 302, 303, 307, 308):
                for kind, call in (
                    (self.creates, connector.export),
                    (self.finds, connector.find),
                    ("token", connector.export),
                ):
                    if kind == "token":
                        forget_tokens(connector, server)
                    server.misbehave(redirect(f"{elsewhere.url}/orders", code), method=kind)
                    if kind != self.finds or connector.can_find(good_config):
                        order = with_document(connector, an_order(), good_config)
                        quietly(call, order, good_config)
                    server.recover()
                for kind in {"GET", "HEAD", "OPTIONS", self.finds}:
                    server.misbehave(*[redirect(f"{elsewhere.url}/ping", code)] * 9, method=kind)
                result = connector.test_connection(good_config)
                acks_of(connector, good_config, [waiting_since(datetime.now(UTC))])
                server.recover()
                assert not (result.success and elsewhere.received), "the test asks another server"
            for link in (f"{elsewhere.url}/orders?page=2", f"//{elsewhere.url.partition('//')[2]}/orders"):
                self._follows(connector, server, good_config, link)
            secrets = secrets_in(connector, server, good_config)
            told = [f"{request.headers} {request.content!r}" for request in elsewhere.received]
            assert not elsewhere.taken, "an order went to another server"
            assert not any(secret in text for secret in secrets for text in told), "a secret went to another server"

    def _follows(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, config: dict[str, Any], link: str
    ) -> None:
        """Give links that lead elsewhere: to a further page, and to what was made."""
        named = dict.fromkeys(("next", "next_page", "@odata.nextLink", "__next", "url", "href", "self"), link)
        pages = {"items": [], "value": [], "links": [{"rel": "next", "href": link}]} | named
        headers = {"Link": f'<{link}>; rel="next"'}
        server.misbehave(*[Fault(headers=headers, content=json.dumps(pages).encode())] * 9, method=self.finds)
        if connector.can_find(config):
            quietly(connector.find, with_document(connector, an_order(), config), config)
        acks_of(connector, config, [waiting_since(datetime.now(UTC))])
        server.recover()
        made = json.dumps({"id": "SO-7"} | named).encode()
        server.misbehave(Fault(True, 201, {"Location": link, "Content-Location": link}, made), method=self.creates)
        quietly(connector.export, with_document(connector, an_order(), config), config)
        server.recover()

    def test_nothing_that_goes_wrong_shows_a_secret(
        self, connector: ERPConnectorPort, server: MisbehavingHTTPServer, quick_config: dict[str, Any]
    ) -> None:
        """Neither what is lost on the way nor what is refused, in messages, details, hints or logs."""
        faults = [*TAKEN.values(), DROP_BEFORE, DRIPPING, *(status(code) for code in (400, 401, 403, 429))]
        with watched() as shown:
            for fault in faults:
                server.misbehave(fault, fault, method=self.creates)
                outcome = outcome_of(connector, an_order(), quick_config)
                shown.append(f"{outcome!r} {getattr(outcome, 'details', '')} {getattr(outcome, 'hint', '')}")
                server.recover()
            for fault in (*faults, status(500), status(503)):
                for kind in {"GET", "HEAD", "OPTIONS", self.finds}:
                    server.misbehave(*[fault] * 9, method=kind)
                shown.append(repr(connector.test_connection(quick_config)))
                if connector.can_find(quick_config):
                    order = with_document(connector, an_order(), quick_config)
                    found = answer_of(connector.find, order, quick_config)
                    shown.append(f"{found!r} {getattr(found, 'details', '')} {getattr(found, 'hint', '')}")
                shown.extend(repr(ack) for ack in acks_of(connector, quick_config, [waiting_since(datetime.now(UTC))]))
                server.recover()
        shows_no_secret(connector, server, quick_config, "\n".join(shown))


def _leading_to(value: Any, url: str, other: str) -> Any:
    """Return a configuration that leads to another server."""
    if isinstance(value, dict):
        return {name: _leading_to(inner, url, other) for name, inner in value.items()}
    return value.replace(url, other) if isinstance(value, str) else value
