"""Whatever a server does, a call ends in time and at its limit, and its fault is named by what follows."""

from __future__ import annotations

import gzip
import socket
import threading
import time

import pytest

from orderflow.domain.errors import InDoubtError, NeedsAttentionError, UnavailableError
from orderflow.http import HttpClient
from orderflow.testing.http_server import (
    DRIPPING,
    DROP_AFTER,
    ENDLESS_HEAD,
    HUGE,
    NO_HTTP,
    WAIT_FOR_EVER,
    Fault,
    MisbehavingHTTPServer,
    redirect,
)

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server():
    with MisbehavingHTTPServer() as running:
        yield running


@pytest.fixture
def client():
    made = HttpClient("The shop", timeout=0.5)
    yield made
    made.close()


@pytest.mark.parametrize("fault", [DRIPPING, WAIT_FOR_EVER, ENDLESS_HEAD, NO_HTTP, DROP_AFTER], ids=str)
@pytest.mark.parametrize("changes", [True, False])
def test_no_server_holds_a_call_beyond_its_time(server, client, fault, changes):
    server.misbehave(fault)
    started = time.monotonic()
    with pytest.raises(InDoubtError if changes else UnavailableError):
        client.send("POST", f"{server.url}/orders", content=b"{}", changes=changes)
    assert time.monotonic() - started < 2


def test_a_body_that_drips_is_an_answer_that_is_not_whole(server, client):
    server.misbehave(Fault(takes=True, content=b"x" * 100, drip=0.001, headers={"X": "y"}))
    answer = client.send("POST", f"{server.url}/orders", content=b"{}")
    assert answer.broken or answer.content == b"x" * 100


@pytest.mark.parametrize(
    "fault",
    [HUGE, Fault(takes=True, content=gzip.compress(b" " * 40_000_000), headers={"Content-Encoding": "gzip"})],
    ids=["long", "packed"],
)
def test_no_more_is_read_than_it_should(server, client, fault):
    server.misbehave(fault)
    answer = client.send("POST", f"{server.url}/orders", content=b"{}")
    assert answer.ok
    assert answer.broken
    assert len(answer.content) <= 2 * 1024 * 1024


def test_what_was_never_sent_leaves_nothing_in_doubt(client):
    with MisbehavingHTTPServer() as gone:
        url = gone.url
    with pytest.raises(UnavailableError, match="cannot be reached"):
        client.send("POST", url, content=b"{}")
    with pytest.raises(UnavailableError, match="no host called"):
        client.send("POST", "http://nobody.invalid/", content=b"{}")
    with pytest.raises(NeedsAttentionError, match="speaks no TLS"), MisbehavingHTTPServer() as plain:
        client.send("POST", plain.url.replace("http:", "https:"), content=b"{}")


def test_a_question_follows_a_redirect_on_its_server_and_to_no_other(server, client):
    server.misbehave(redirect("/ping", 302), method="GET")
    assert client.send("GET", f"{server.url}/orders").ok
    server.misbehave(redirect("https://elsewhere.example/", 302), method="GET")
    with pytest.raises(NeedsAttentionError, match="elsewhere"):
        client.send("GET", f"{server.url}/orders")


def test_the_environments_proxy_is_asked(server, client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url)
    assert client.send("GET", "http://erp.invalid/ping").status in (200, 404)
    assert server.received[-1].target == "http://erp.invalid/ping"
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8, erp.invalid")
    with pytest.raises(UnavailableError):
        client.send("GET", "http://erp.invalid/ping")


def test_a_proxy_that_does_not_lead_there_leaves_nothing_in_doubt(server, client, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    with pytest.raises(UnavailableError, match="proxy"):
        client.send("POST", "https://erp.invalid/orders", content=b"{}")


def test_a_proxy_that_breaks_off_before_tls_leaves_nothing_in_doubt(client, monkeypatch):
    listener = socket.create_server(("127.0.0.1", 0))

    def open_and_close():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")

    threading.Thread(target=open_and_close, daemon=True).start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
    with listener, pytest.raises(UnavailableError):
        client.send("POST", "https://shop.example/orders", content=b"an order")
