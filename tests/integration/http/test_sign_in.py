"""Each kind of sign-in, against servers that let tokens and sessions end, refuse them, and are slow or away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from orderflow.connectors.rest import RestJsonConnector
from orderflow.domain.errors import BusyError, ConfigError, NeedsAttentionError, UnavailableError
from orderflow.domain.redaction import HIDDEN
from orderflow.http import (
    ApiKey,
    Assertion,
    Basic,
    Bearer,
    ClientCredentials,
    HttpClient,
    Outgoing,
    SessionCookies,
    SignIn,
    WebhookSignature,
    error_of,
)
from orderflow.http.webhook_signature import is_signed, webhook_key
from orderflow.testing.engine import an_order
from orderflow.testing.http_server import (
    DRIPPING,
    DROP_BEFORE,
    HTML,
    RESET_MID_ANSWER,
    UNAUTHORIZED,
    Fault,
    MisbehavingHTTPServer,
    Received,
    Route,
    redirect,
    status,
)
from tests.integration.connectors.test_rest_tls import make_certificate

CLIENT = ("us", "s3cret-of-ours")
Made = Callable[..., HttpClient]


@pytest.fixture
def server() -> Iterator[MisbehavingHTTPServer]:
    with MisbehavingHTTPServer(client=CLIENT, idempotent=False) as running:
        yield running


@pytest.fixture
def client() -> Iterator[Made]:
    made: list[HttpClient] = []

    def client(sign_in: SignIn, timeout: float = 5.0) -> HttpClient:
        made.append(HttpClient("The shop", timeout=timeout, sign_in=sign_in))
        return made[-1]

    yield client
    for one in made:
        one.close()


def oauth(server: MisbehavingHTTPServer, **more: object) -> ClientCredentials:
    return ClientCredentials(f"{server.url}/token", *CLIENT, **more)  # type: ignore[arg-type]  # as given


def asked(server: MisbehavingHTTPServer, path: str) -> list[Received]:
    return [request for request in server.received if request.path == path]


@pytest.mark.parametrize(
    ("sign_in", "name", "value"),
    [
        (Basic("Müller", "s3cret"), "Authorization", "Basic TcO8bGxlcjpzM2NyZXQ="),
        (Bearer("t0k"), "Authorization", "Bearer t0k"),
        (ApiKey("k3y"), "X-API-Key", "k3y"),
        (SignIn(), "Authorization", None),
    ],
)
def test_what_is_configured_goes_into_a_header(client: Made, sign_in: SignIn, name: str, value: str | None) -> None:
    with MisbehavingHTTPServer() as server:
        assert client(sign_in).send("GET", f"{server.url}/ping", headers={name.lower(): "x"} if value else None).ok
        assert server.received[-1].headers.get_all(name) == ([value] if value else None)


def test_a_key_in_the_url_goes_with_each_request_once(client: Made) -> None:
    with MisbehavingHTTPServer() as server:
        server.misbehave(redirect("/ping"), method="GET")
        assert client(ApiKey("k3y", "key", "query")).send("GET", f"{server.url}/orders?reference=7").ok
        assert [request.target for request in server.received] == ["/orders?reference=7&key=k3y", "/ping?key=k3y"]


def test_a_message_is_signed_as_the_same_one_at_each_attempt(client: Made) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the standard's own example
    with MisbehavingHTTPServer() as server:
        for _ in range(2):
            sends = client(WebhookSignature(secret))
            sends.send("POST", f"{server.url}/orders", content=b'{"a": 1}', message_id="export-7")
        for request in server.received:
            moment, mark = request.headers["webhook-timestamp"], request.headers["webhook-signature"]
            assert request.headers["webhook-id"] == "export-7"
            assert is_signed(webhook_key(secret), "export-7", moment, mark, request.content, time.time())


class TestTokens:
    def test_one_is_fetched_for_all_threads(self, client: Made, server: MisbehavingHTTPServer) -> None:
        sends, together = client(oauth(server)), threading.Barrier(8)

        def send(number: int) -> int:
            together.wait(5)
            return sends.send("POST", f"{server.url}/orders", content=b'{"n": %d}' % number).status

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(send, range(8))) == {201}
        assert len(asked(server, "/token")) == 1
        assert len(sends.got()) == 1

    def test_no_connection_uses_that_of_another(self, client: Made, server: MisbehavingHTTPServer) -> None:
        tokens = set()
        for _ in range(2):
            client(oauth(server)).send("GET", f"{server.url}/ping")
            tokens.add(server.received[-1].headers["Authorization"])
        assert len(tokens) == 2

    @pytest.mark.parametrize("by", ["basic", "body"])
    def test_client_scope_and_audience_are_told(self, client: Made, server: MisbehavingHTTPServer, by: str) -> None:
        signs = oauth(server, by=by, scope="orders", audience="https://api.example", parameters={"resource": "7"})
        assert client(signs).send("GET", f"{server.url}/ping").ok
        form = parse_qs(asked(server, "/token")[0].content.decode())
        assert form["scope"] == ["orders"]
        assert form["audience"] == ["https://api.example"]
        assert form["resource"] == ["7"]
        assert ("client_secret" in form) is (by == "body")

    def test_it_is_renewed_before_it_ends(self, client: Made) -> None:
        with MisbehavingHTTPServer(client=CLIENT, token_lasts=1.0) as server:
            sends = client(oauth(server))
            sends.send("GET", f"{server.url}/ping")
            held = sends._sign_in._tokens  # type: ignore[attr-defined]  # instead of waiting
            held._held = (held._held[0], time.monotonic())  # as above
            assert sends.send("GET", f"{server.url}/ping").ok
            assert len(asked(server, "/token")) == 2

    def test_one_that_is_refused_is_fetched_anew_once(self, client: Made, server: MisbehavingHTTPServer) -> None:
        sends = client(oauth(server))
        sends.send("GET", f"{server.url}/ping")
        server.misbehave(UNAUTHORIZED)
        assert sends.send("POST", f"{server.url}/orders", content=b"{}").ok
        assert len(asked(server, "/token")) == 2
        server.misbehave(*[UNAUTHORIZED] * 3)
        assert sends.send("POST", f"{server.url}/orders", content=b"{}").status == 401
        assert len(asked(server, "/orders")) == 4
        assert len(server.taken) == 1

    @pytest.mark.parametrize(
        ("fault", "sort", "said"),
        [
            (status(429, Retry_After="77"), BusyError, "asks us to wait"),
            (status(500), UnavailableError, "is not ready"),
            (DROP_BEFORE, UnavailableError, "gave no access token"),
            (DRIPPING, UnavailableError, "gave no access token|too slowly"),
            (RESET_MID_ANSWER, UnavailableError, "gave half an answer"),
            (HTML, NeedsAttentionError, "gives no access token"),
            (
                Fault(content=b'{"access_token": "' + b"t" * 20_000 + b'"}'),
                NeedsAttentionError,
                "gives no access token",
            ),
            (Fault(status=400, content=b'{"error": "invalid_scope"}'), NeedsAttentionError, "invalid_scope"),
            (redirect("https://elsewhere.example/token"), NeedsAttentionError, "gives no access token"),
        ],
    )
    def test_a_token_server_that_gives_none_is_sorted_and_nothing_is_sent(
        self, client: Made, server: MisbehavingHTTPServer, fault: Fault, sort: type[Exception], said: str
    ) -> None:
        server.misbehave(fault, method="token")
        with pytest.raises(sort, match=said):
            client(oauth(server), timeout=1.0).send("POST", f"{server.url}/orders", content=b"{}")
        assert not asked(server, "/orders")

    def test_the_time_for_a_call_holds_for_token_and_request_together(
        self, client: Made, server: MisbehavingHTTPServer
    ) -> None:
        sends = client(oauth(server), timeout=0.6)
        server.misbehave(*[Fault(takes=True, delay=3.0)] * 4, method="token")
        began = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            asks = [pool.submit(sends.sign_in) for _ in range(4)]
        assert {type(ask.exception()) for ask in asks} == {UnavailableError}
        assert time.monotonic() - began < 3.0

    def test_what_it_quotes_holds_no_secret(self, client: Made, server: MisbehavingHTTPServer) -> None:
        quoting = f'{{"error": "invalid_client", "error_description": "{CLIENT[1]} is wrong"}}'.encode()
        server.misbehave(Fault(status=401, content=quoting), method="token")
        sends = client(oauth(server))
        with pytest.raises(NeedsAttentionError, match="is wrong") as refused:
            sends.send("GET", f"{server.url}/ping")
        assert CLIENT[1] not in refused.value.message
        sends.sign_in()
        (token,) = sends.got()
        server.misbehave(Fault(status=422, content=f'{{"message": "{token} may not"}}'.encode()))
        answer = sends.send("POST", f"{server.url}/orders", content=b"{}")
        assert str(error_of(answer, "The shop")) == f"{HIDDEN} may not"

    def test_a_token_that_comes_as_a_form_is_one(self, client: Made) -> None:
        kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        routes: dict[str, Route] = {
            "POST /token": lambda _: (200, kind, b"access_token=t0k%2F7&token_type=bearer&expires_in=60")
        }
        with MisbehavingHTTPServer(routes=routes) as server:
            assert client(ClientCredentials(f"{server.url}/token", "us", "s3cret")).send("GET", f"{server.url}/ping").ok
            assert server.received[-1].headers["Authorization"] == "Bearer t0k/7"


class TestAssertions:
    @pytest.mark.parametrize("kind", ["rsa", "ec"])
    def test_a_key_proves_who_we_are(self, client: Made, kind: str) -> None:
        key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
        forms: list[dict[str, list[str]]] = []

        def give(request: Received) -> tuple[int, Mapping[str, str], bytes]:
            forms.append(parse_qs(request.content.decode()))
            return 200, {}, b'{"access_token": "t0k"}'

        locked = serialization.BestAvailableEncryption(b"0pen")
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked).decode()
        with MisbehavingHTTPServer(routes={"POST /token": give}) as server:
            url, proof = f"{server.url}/token", Assertion(pem, key_id="k1", passphrase="0pen")  # no secret
            assert client(ClientCredentials(url, "us", assertion=proof)).send("GET", f"{server.url}/ping").ok
            assert server.received[-1].headers["Authorization"] == "Bearer t0k"
        (form,) = forms
        assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
        (made,) = form["client_assertion"]
        assert jwt.get_unverified_header(made)["kid"] == "k1"
        claims = jwt.decode(made, key.public_key(), ["RS256", "ES256"], audience=url)
        assert (claims["iss"], claims["sub"]) == ("us", "us")
        assert 0 < claims["exp"] - claims["iat"] <= 600

    def test_a_certificate_says_which_key_it_is(self) -> None:
        certificate, key = make_certificate("us")
        head = jwt.get_unverified_header(Assertion(key, certificate).made("us", "https://login.example/token"))
        assert len(head["x5t"]) == 27
        assert len(head["x5t#S256"]) == 43

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (("no key",), "no private key in PEM"),
            ((make_certificate("us")[1], "no certificate"), "certificate cannot be read"),
        ],
    )
    def test_what_signs_nothing_is_refused(self, given: tuple[str, ...], said: str) -> None:
        with pytest.raises(ConfigError, match=said):
            Assertion(*given)

    def test_a_client_has_one_proof(self) -> None:
        with pytest.raises(ValueError, match="give one of them"):
            ClientCredentials("https://login.example/token", "us")


class Sap:
    """Opens a session to who asks for its token, and takes orders of it alone."""

    def __init__(self) -> None:
        self.opened = 0
        self.takes: list[str] = []

    def fetch(self, request: Received) -> tuple[int, Mapping[str, str], bytes]:
        if request.headers["Authorization"] != "Basic dXM6czNjcmV0" or request.headers["X-CSRF-Token"] != "Fetch":
            return 401, {}, b"who are you?"
        self.opened += 1
        return 200, {"Set-Cookie": f"SID=s{self.opened}; Path=/; HttpOnly", "X-CSRF-Token": f"c{self.opened}"}, b"{}"

    def take(self, request: Received) -> tuple[int, Mapping[str, str], bytes]:
        shown = f"{request.headers.get('Cookie')} {request.headers.get('X-CSRF-Token')}"
        if shown != f"SID=s{self.opened} c{self.opened}":
            return 403, {"X-CSRF-Token": "Required"}, b"CSRF token validation failed"
        self.takes.append(shown)
        return 201, {}, b'{"id": "SO-1"}'


class TestSessions:
    @pytest.fixture
    def sap(self) -> Sap:
        return Sap()

    @pytest.fixture
    def running(self, sap: Sap) -> Iterator[MisbehavingHTTPServer]:
        with MisbehavingHTTPServer(routes={"GET /api/": sap.fetch, "POST /orders": sap.take}) as server:
            yield server

    def of(self, server: MisbehavingHTTPServer, password: str = "s3cret") -> SessionCookies:
        asks = Outgoing("GET", f"{server.url}/api/", {"X-CSRF-Token": "Fetch"})
        return SessionCookies(asks, csrf="X-CSRF-Token", by=Basic("us", password))

    def test_one_is_opened_and_its_token_goes_with_what_changes_something(
        self, client: Made, sap: Sap, running: MisbehavingHTTPServer
    ) -> None:
        sends = client(self.of(running))
        for _ in range(2):
            assert sends.send("POST", f"{running.url}/orders", content=b"{}").ok
        assert sends.send("GET", f"{running.url}/ping").ok
        last = running.received[-1].headers
        assert (last["Cookie"], last["X-CSRF-Token"], last["Authorization"]) == ("SID=s1", None, "Basic dXM6czNjcmV0")
        assert sap.takes == ["SID=s1 c1"] * 2
        assert set(sends.got()) == {"s1", "c1"}

    def test_one_that_has_ended_is_opened_anew_and_the_order_sent_once_more(
        self, client: Made, sap: Sap, running: MisbehavingHTTPServer
    ) -> None:
        sends = client(self.of(running))
        sends.sign_in()
        sap.opened = 7
        assert sends.send("POST", f"{running.url}/orders", content=b"{}").ok
        assert sap.takes == ["SID=s8 c8"]
        running.misbehave(status(403, "no right"))
        assert sends.send("POST", f"{running.url}/orders", content=b"{}").status == 403
        assert sap.opened == 8, "a 403 that is not about the token opened a session"

    def test_threads_share_it(self, client: Made, sap: Sap, running: MisbehavingHTTPServer) -> None:
        sends = client(self.of(running))
        with ThreadPoolExecutor(8) as pool:
            asks = [pool.submit(sends.send, "POST", f"{running.url}/orders", content=b"{}") for _ in range(8)]
        assert {asked.result().status for asked in asks} == {201}
        assert sap.opened == 1

    def test_a_wrong_password_is_a_persons_affair(self, client: Made, sap: Sap, running: MisbehavingHTTPServer) -> None:
        with pytest.raises(NeedsAttentionError, match=r"The log-in gives no session \(status 401\): who are you"):
            client(self.of(running, "wr0ng")).send("POST", f"{running.url}/orders", content=b"{}")
        assert sap.takes == []

    def test_a_log_in_without_a_cookie_is_none(self, client: Made, running: MisbehavingHTTPServer) -> None:
        with pytest.raises(NeedsAttentionError, match="it gave no cookie"):
            client(SessionCookies(Outgoing("GET", f"{running.url}/ping"))).send("POST", f"{running.url}/orders")

    def test_cookies_go_to_no_other_server(self, client: Made, running: MisbehavingHTTPServer) -> None:
        sends = client(self.of(running))
        sends.sign_in()
        other = running.url.replace("127.0.0.1", "localhost")
        sends.send("GET", f"{other}/ping")
        assert "Cookie" not in running.received[-1].headers


@pytest.mark.parametrize("login_format", ["json", "form"])
def test_a_connection_logs_in_and_goes_on_with_the_session(login_format: str) -> None:
    logins: list[bytes] = []

    def log_in(request: Received) -> tuple[int, Mapping[str, str], bytes]:
        logins.append(request.content)
        return 200, {"Set-Cookie": f"B1SESSION=s{len(logins)}; HttpOnly"}, b"{}"

    def take(request: Received) -> tuple[int, Mapping[str, str], bytes]:
        good = request.headers.get("Cookie") == f"B1SESSION=s{len(logins)}"
        return (201, {}, b'{"id": "SO-1"}') if good else (401, {}, b'{"message": "log in"}')

    with MisbehavingHTTPServer(routes={"POST /Login": log_in, "POST /orders": take}) as server:
        config = {
            "url": f"{server.url}/orders",
            "plain_http": True,
            "order_number": "id",
            "auth": "session",
            "login_url": f"{server.url}/Login",
            "login_format": login_format,
            "login_fields": {"UserName": "{username}", "Password": "{password}", "CompanyDB": "PROD"},
            "username": "us",
            "password": "s3cret-word",
        }
        connector = RestJsonConnector()
        for _ in range(2):
            assert connector.export(an_order(), config).erp_order_id == "SO-1"
        assert len(logins) == 1
        logins.append(b"ended")
        assert connector.export(an_order(), config).erp_order_id == "SO-1"
        assert set(connector.further_secrets(config)) == {"s1", "s3"}
        connector.close()
    assert b"s3cret-word" in logins[0]
    assert b"CompanyDB" in logins[0]
