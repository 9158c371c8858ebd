"""The server that authors test with: its token endpoint, routes and port."""

from __future__ import annotations

import json
import socket
import time
from urllib.parse import urlencode

import pytest

from orderflow.connectors.rest import RestJsonConnector
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, UnavailableError
from orderflow.http import Assertion, ClientCredentials, HttpClient, tls_context
from orderflow.testing.engine import an_order
from orderflow.testing.http_server import CLOSES, DROP_AFTER, RESET_MID_ANSWER, MisbehavingHTTPServer, status
from orderflow.testing.server_certificates import ServerCertificates

CLIENT = ("orderflow", "s3cret-client")


@pytest.fixture
def client():
    made = HttpClient("The shop", timeout=30)
    yield made
    made.close()


def signed_in(server, **more):
    return {
        "url": f"{server.url}/orders",
        "plain_http": True,
        "order_number": "id",
        "auth": "oauth2",
        "token_url": f"{server.url}/token",
        "client_id": CLIENT[0],
        "client_secret": CLIENT[1],
    } | more


@pytest.mark.parametrize("client_auth", ["basic", "body"])
def test_it_gives_tokens_and_lets_in_who_has_one(client, client_auth):
    with MisbehavingHTTPServer(client=CLIENT) as server:
        assert client.send("POST", f"{server.url}/orders", content=b"{}").status == 401
        connector = RestJsonConnector()
        assert connector.export(an_order(), signed_in(server, client_auth=client_auth)).erp_order_id == "SO-1"
        with pytest.raises(NeedsAttentionError, match="invalid_client"):
            connector.export(an_order(), signed_in(server, client_auth=client_auth, client_secret="wr0ng-secret"))
        connector.close()


def test_a_token_ends_and_its_endpoint_misbehaves():
    with MisbehavingHTTPServer(client=CLIENT, token_lasts=0) as server:
        connector = RestJsonConnector()
        with pytest.raises(NeedsAttentionError):
            connector.export(an_order(), signed_in(server))
        server.misbehave(DROP_AFTER, DROP_AFTER, method="token")
        with pytest.raises(UnavailableError) as away:
            RestJsonConnector().export(an_order(), signed_in(server, timeout=29))
        assert away.value.code == "TOKEN_UNAVAILABLE"
        assert server.taken == []
        connector.close()


def test_it_has_routes_of_ones_own_and_listens_where_it_is_told(client):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    prices = {"GET /prices": lambda request: (200, {"X-Of": request.path}, json.dumps({"a": 1}).encode())}
    with MisbehavingHTTPServer(port=port, routes=prices) as server:
        assert server.url == f"http://127.0.0.1:{port}"
        answer = client.send("GET", f"{server.url}/prices?{urlencode({'of': 'a'})}")
        assert (answer.json(), answer.headers["X-Of"]) == ({"a": 1}, "/prices")
        assert client.send("GET", f"{server.url}/ping").ok


def test_it_speaks_tls_with_a_certificate_of_its_own(client):
    with MisbehavingHTTPServer(tls="trusted", idempotent=False) as server:
        trusting = HttpClient("The shop", tls=tls_context(server.authority))
        assert trusting.send("GET", f"{server.url}/ping").ok
        server.misbehave(DROP_AFTER, RESET_MID_ANSWER)
        with pytest.raises(InDoubtError):
            trusting.send("POST", f"{server.url}/orders", content=b"{}")
        assert trusting.send("POST", f"{server.url}/orders", content=b"{}").broken == "half an answer"
        assert len(server.taken) == 2
        trusting.close()
        with pytest.raises(NeedsAttentionError, match="No trusted connection"):
            client.send("POST", f"{server.url}/orders", content=b"{}")
        assert len(server.taken) == 2


def test_over_mutual_tls_it_lets_in_whom_it_gave_a_certificate():
    with MisbehavingHTTPServer(tls="mutual") as server:
        certificate, key = server.client_certificate
        for tls, lets_in in (
            (tls_context(server.authority), False),
            (tls_context(server.authority, certificate, key), True),
        ):
            asks = HttpClient("The shop", tls=tls)
            if lets_in:
                assert asks.send("GET", f"{server.url}/ping").ok
            else:
                with pytest.raises(NeedsAttentionError, match="certificate"):
                    asks.send("GET", f"{server.url}/ping")
            asks.close()


def test_it_misbehaves_at_one_address_or_before_anything_is_read(client):
    with MisbehavingHTTPServer() as server:
        server.misbehave(status(500), method="GET /ping")
        server.misbehave(DROP_AFTER, method="connect")
        with pytest.raises(UnavailableError):
            client.send("GET", f"{server.url}/orders?reference=7")
        assert server.received == []
        assert client.send("GET", f"{server.url}/orders?reference=7").ok
        assert client.send("GET", f"{server.url}/ping").status == 500


def test_a_connection_that_it_closes_without_a_word_is_used_no_more(client):
    with MisbehavingHTTPServer() as server:
        server.misbehave(CLOSES)
        assert client.send("POST", f"{server.url}/orders", content=b"{}").ok
        while server._server.live[0].fileno() != -1:  # until it is closed, and not for a time
            time.sleep(0.01)
        assert client.send("POST", f"{server.url}/orders", content=b"{}").ok
        assert server.connections == 2


def test_a_client_proves_itself_by_its_key_and_its_tokens_can_be_ended(client):
    certificate, key = ServerCertificates("127.0.0.1").client
    with MisbehavingHTTPServer(client=("us", ""), client_key=certificate) as server:
        for proof, gives in ((key, True), (ServerCertificates("127.0.0.1").client[1], False)):
            signs = ClientCredentials(f"{server.url}/token", "us", assertion=Assertion(proof))
            asks = HttpClient("The shop", sign_in=signs)
            if gives:
                assert asks.send("GET", f"{server.url}/ping").ok
                server.end_tokens()
                assert asks.send("GET", f"{server.url}/ping").ok
                assert asks.got() == server.tokens
            else:
                with pytest.raises(NeedsAttentionError, match="invalid_client"):
                    asks.send("GET", f"{server.url}/ping")
            asks.close()
        assert len(server.tokens) == 2
