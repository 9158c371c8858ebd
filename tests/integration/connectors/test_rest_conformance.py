"""REST_JSON against the contract of every connector, with each way to sign in that shows in a request."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

from orderflow.connectors.rest import RestJsonConnector
from orderflow.domain.orders import Customer
from orderflow.testing.conformance import ConnectorConformance
from orderflow.testing.engine import an_order
from orderflow.testing.http_server import MisbehavingHTTPServer

SECRET = "s3cret-key-0123456789"
WEBHOOK = "whsec_" + base64.b64encode(SECRET.encode()).decode()


def signed(request):
    head = request.headers
    text = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + request.content
    mark = base64.b64encode(hmac.digest(SECRET.encode(), text, hashlib.sha256)).decode()
    return head["webhook-signature"] == f"v1,{mark}"


def signed_anew(request):
    head = request.headers
    text = f"{request.method}\n{request.target}\n{head['X-Timestamp']}\n{hashlib.sha512(request.content).hexdigest()}"
    mark = base64.b64encode(hmac.digest(SECRET.encode(), text.encode(), hashlib.sha512)).decode()
    return head["Authorization"] == f"HMAC key-1:{mark}"


SIGNATURE: dict[str, Any] = {
    "signature_secret": SECRET.encode().hex(),
    "signature_encoding": "hex",
    "signature_key_id": "key-1",
    "signature_algorithm": "sha512",
    "signature_of": "{method}\n{target}\n{timestamp}\n{body_sha512_hex}",
    "signature_output": "base64",
    "signature_headers": {"Authorization": "HMAC {key_id}:{signature}", "X-Timestamp": "{timestamp}"},
}
WAYS: dict[str, tuple[dict[str, Any], Callable[..., bool]]] = {
    "bearer": ({"token": SECRET}, lambda request: request.headers["Authorization"] == f"Bearer {SECRET}"),
    "basic": (
        {"username": "ops", "password": SECRET},
        lambda request: base64.b64decode(request.headers["Authorization"][6:]) == f"ops:{SECRET}".encode(),
    ),
    "api_key": ({"api_key": SECRET}, lambda request: request.headers["X-API-Key"] == SECRET),
    "query": (
        {"auth": "api_key", "api_key": SECRET, "api_key_in": "query", "api_key_name": "key"},
        lambda request: request.parameter("key") == SECRET,
    ),
    "hmac": ({"hmac_secret": WEBHOOK}, signed),
    "signature": (SIGNATURE, signed_anew),
}
WRONG = {
    "token": "wr0ng-token",
    "password": "wr0ng-password",
    "api_key": "wr0ng-key",
    "hmac_secret": "whsec_d3Iwbmctc2VjcmV0",
    "signature_secret": "7772306e672d6b6579",
}


class TestRestJsonBehindOAuth2(ConnectorConformance):
    """With a server of another make, which knows no idempotency key: it is asked whether an order is there."""

    connector_class = RestJsonConnector

    @pytest.fixture
    def shop(self, open_shop):
        return open_shop(oauth=True)

    @pytest.fixture
    def good_config(self, shop, shop_config):
        body = '{"reference": {{ delivery.export_id }}, "customer": {{ customer.erp_customer_number }}, '
        body += '"lines": {{ lines }}}'
        return shop_config(shop) | {"body": body, "timeout": 30}

    @pytest.fixture
    def bad_config(self, good_config):
        return good_config | {"client_secret": "wr0ng-secret"}

    @pytest.fixture
    def arrived(self, shop):
        return lambda: shop.orders

    @pytest.fixture
    def refused_order(self):
        order = an_order()
        order.customer = Customer("NOBODY")
        return order


class TestRestJson(ConnectorConformance):
    connector_class = RestJsonConnector

    @pytest.fixture(params=WAYS)
    def way(self, request):
        return {"auth": request.param} | WAYS[request.param][0], WAYS[request.param][1]

    @pytest.fixture
    def server(self, way):
        def refuses(order):
            return "Customer NOBODY is unknown" if order["customer"]["erp_customer_number"] == "NOBODY" else None

        with MisbehavingHTTPServer(admits=way[1], refuses=refuses) as server:
            yield server

    @pytest.fixture
    def good_config(self, server, way):
        return way[0] | {
            "url": f"{server.url}/orders",
            "plain_http": True,
            "order_number": "id",
            "idempotent": True,
            "test_url": f"{server.url}/ping",
            "test_passes": "may.create",
        }

    @pytest.fixture
    def bad_config(self, good_config):
        return good_config | {name: value for name, value in WRONG.items() if name in good_config}

    @pytest.fixture
    def arrived(self, server):
        return lambda: server.taken

    @pytest.fixture
    def refused_order(self):
        order = an_order()
        order.customer = Customer("NOBODY")
        return order
