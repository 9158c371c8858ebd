"""Whatever a server does, a call ends in time and at its limit, and its fault is named by what follows."""

from __future__ import annotations

import contextlib
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


@pytest.fixture
def patient():
    """A client for answers that come: however busy the machine is, it waits for them."""
    made = HttpClient("The shop", timeout=30)
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


def test_a_body_that_drips_is_an_answer_that_is_not_whole(server, patient):
    server.misbehave(Fault(takes=True, content=b"x" * 100, drip=0.001, headers={"X": "y"}))
    answer = patient.send("POST", f"{server.url}/orders", content=b"{}")
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


@pytest.mark.parametrize("listed", ["127.0.0.1", "*", "127.0.0.0/8", "erp.invalid,127.0.0.1", "127.0.0.1:PORT"])
def test_a_host_is_reached_without_the_proxy_as_it_is_listed(listed, server, client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", listed.replace("PORT", server.url.rpartition(":")[2]))
    assert client.send("GET", f"{server.url}/ping").ok


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "SOCKS5H://user:s3cret@127.0.0.1:1080", "ftp://proxy:21"])
def test_a_proxy_of_another_kind_is_named(proxy, server, client, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(NeedsAttentionError) as caught:
        client.send("POST", "https://erp.invalid/orders", content=b"{}")
    assert caught.value.code == "PROXY_UNKNOWN"
    assert "s3cret" not in caught.value.message


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


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", b"{}\r\n\r\n", b"x" * 100_000 + b"\r\n\r\n"], ids=len)
def test_a_request_arrives_whole_whatever_it_ends_with(server, patient, content):
    for _ in range(2):  # on a fresh connection, and on one that is kept
        assert patient.send("POST", f"{server.url}/ping", content=content).status
        assert server.received[-1].content == content


def test_a_body_in_pieces_arrives_with_its_end(patient):
    listener = socket.create_server(("127.0.0.1", 0))
    came: list[bytes] = []

    def take():
        connection, _ = listener.accept()
        with connection:
            while not b"".join(came).endswith(b"0\r\n\r\n"):
                came.append(connection.recv(65_536))
            connection.sendall(answered(1))

    threading.Thread(target=take, daemon=True).start()
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/orders"
        pieces = {"Transfer-Encoding": "chunked"}
        assert patient.send("POST", url, content=b"{}", headers=pieces).json()["id"] == "SO-1"
    assert b"".join(came).endswith(b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n")


ANSWER = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b"


def answered(number, code=201):
    body = b'{"id": "SO-%d"}' % number
    return ANSWER % (code, len(body), body)


class Scripted:
    """Answers each request by what its script says next, and closes nothing; counts connections and requests."""

    def __init__(self, *script):
        self._script, self._listener = list(script), socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/orders"
        self.connections, self.told = 0, threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @staticmethod
    def _asked(connection):
        asked = got = connection.recv(65_536)
        while got and not asked.endswith(b"{}"):
            got = connection.recv(65_536)
            asked += got
        return got

    def _talk(self, connection):
        with connection, contextlib.suppress(OSError):  # the client hangs up
            while self._script and self._asked(connection):
                first, later = self._script.pop(0)
                connection.sendall(first)
                if later:
                    time.sleep(0.05)  # it comes once the client has read the first
                    connection.sendall(later)
                    self.told.set()


LEFT_OVER = {
    "a second answer": answered(666),
    "another kind of answer": answered(666, 409),
    "half an answer": answered(666)[:20],
    "a late 100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a late 102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "a blank line": b"\r\n",
    "anything": b"garbage",
}


@pytest.mark.parametrize("left_over", LEFT_OVER.values(), ids=LEFT_OVER)
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "later"])
def test_what_comes_beside_an_answer_is_never_the_next_ones(patient, left_over, at_once):
    first = (answered(1) + left_over, b"") if at_once else (answered(1), left_over)
    with Scripted(first, (answered(2), b""), (answered(3), b"")) as server:
        numbers = [patient.send("POST", server.url, content=b"{}").json()["id"]]
        assert at_once or server.told.wait(10)
        numbers += [patient.send("POST", server.url, content=b"{}").json()["id"] for _ in range(2)]
    assert (numbers, server.connections) == (["SO-1", "SO-2", "SO-3"], 2)


@pytest.mark.parametrize("code", [204, 304])
def test_a_body_where_none_belongs_is_not_the_next_answer(patient, code):
    head = b"HTTP/1.1 %d X\r\n\r\n" % code
    with Scripted((head + answered(666), b""), (answered(2), b"")) as server:
        assert patient.send("POST", server.url, content=b"{}").status == code
        assert patient.send("POST", server.url, content=b"{}").json()["id"] == "SO-2"


def test_a_clean_answer_leaves_its_connection_to_the_next(patient):
    chunked = b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-End: 1\r\n\r\n"
    with Scripted((answered(1), b""), (chunked, b""), (answered(3), b"")) as server:
        for _ in range(3):
            assert patient.send("POST", server.url, content=b"{}").status == 201
    assert server.connections == 1
