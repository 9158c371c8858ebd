"""The server that authors test with: its token endpoint, routes and port."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlencode

import pytest

from orderflow.connectors.rest import RestJsonConnector
from orderflow.domain.errors import NeedsAttentionError, UnavailableError
from orderflow.http import HttpClient
from orderflow.testing.engine import an_order
from orderflow.testing.http_server import DROP_AFTER, MisbehavingHTTPServer

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
