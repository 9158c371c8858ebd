"""Connections have an end: idle ones, slow heads, heads that are too large, too many of them, answers not taken."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import ClassVar

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from orderflow.entrypoints.bounded_http import MOST_BEHIND, BoundedProtocol, Bounds
from tests.waiting import wait_until

Dial = Callable[[], socket.socket]


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer anything: 50 MB below /large, else two bytes."""
    body = b"x" * 50_000_000 if scope["path"] == "/large" else b"ok"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def served(bounds: Bounds) -> Iterator[Dial]:
    class Protocol(BoundedProtocol):
        held: ClassVar[Counter[str]] = Counter()

    Protocol.bounds = bounds
    config = uvicorn.Config(
        answers, port=0, http=Protocol, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    address = server.servers[0].sockets[0].getsockname()
    yield lambda: socket.create_connection(address, timeout=20)
    server.should_exit = True
    thread.join()


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received


def test_a_connection_that_says_nothing_is_closed() -> None:
    with served(Bounds(head_within=0.2)) as dial, closing(dial()) as idle:
        assert read_all(idle) == b""


@pytest.mark.parametrize("begin", [b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX-", b"GET / HTTP/1.1\r\n"])
def test_a_head_that_does_not_end_is_ended(begin: bytes) -> None:
    with served(Bounds(head_within=0.3)) as dial, closing(dial()) as slow:
        slow.sendall(begin)
        answer = read_all(slow)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"HEAD_TOO_SLOW" in answer


def test_so_is_the_second_one_of_a_connection() -> None:
    with served(Bounds(head_within=0.3)) as dial, closing(dial()) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert slow.recv(1_000).startswith(b"HTTP/1.1 200 ")
        slow.sendall(b"GET / HTTP/1.1\r\nHo")
        assert b"408" in read_all(slow)


def test_a_head_that_grows_without_end_is_refused() -> None:
    with served(Bounds()) as dial, closing(dial()) as large:
        large.sendall(b"GET / HTTP/1.1\r\n")
        for number in range(100):
            try:
                large.sendall(b"X-%d: %s\r\n" % (number, b"y" * 2_000))
            except OSError:
                break
        try:
            answer = read_all(large)
        except ConnectionError:
            answer = b"reset"
        assert b"431" in answer or answer == b"reset"
        with closing(dial()) as next_one:
            next_one.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert b"200" in read_all(next_one)


def test_more_connections_than_there_may_be_are_told_so_and_others_go_on() -> None:
    with served(Bounds(connections=3)) as dial:
        held = [dial() for _ in range(3)]
        for connection in held:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(1_000).startswith(b"HTTP/1.1 200 ")
        with closing(dial()) as refused:
            answer = read_all(refused)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"TOO_MANY_CONNECTIONS" in answer
            assert b"retry-after" in answer
        for connection in held:
            connection.close()

        def is_let_in() -> bool:
            with closing(dial()) as again:
                again.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return read_all(again).startswith(b"HTTP/1.1 200 ")

        wait_until(is_let_in, lambda: "the connections that were closed are still counted")


def test_an_answer_that_nobody_takes_ends_the_connection() -> None:
    with served(Bounds(taken_within=0.3)) as dial, closing(dial()) as stuck:
        stuck.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        received = 0
        time.sleep(1)  # takes nothing meanwhile: that is the fault
        with suppress(ConnectionError):
            while chunk := stuck.recv(65_536):
                received += len(chunk)
        assert received < 50_000_000


def test_a_connection_that_sends_more_requests_at_once_than_may_wait_is_ended() -> None:
    one = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with served(Bounds()) as dial:
        with closing(dial()) as many:
            many.sendall(one * MOST_BEHIND + one.replace(b"Host", b"Connection: close\r\nHost"))
            assert read_all(many).count(b"HTTP/1.1 200 ") == MOST_BEHIND + 1
        with closing(dial()) as too_many:
            answer = b""
            with suppress(ConnectionError):
                too_many.sendall(one * 10_000)
                answer = read_all(too_many)
            assert answer.count(b"HTTP/1.1") == answer.count(b"HTTP/1.1 200 ") <= 2 * MOST_BEHIND


def test_what_is_no_http_is_told_so() -> None:
    with served(Bounds()) as dial, closing(dial()) as other:
        other.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        assert read_all(other).startswith(b"HTTP/1.1 400 ")
