"""What an attacker does, who has one organization and an address: everything at once, until this process is ended.

`python -m tests.acceptance.attack` reads a `Target` as JSON from its standard input, and writes a line once all of it
goes on. It runs at the lowest priority: an attacker's own work is done elsewhere, and costs the server's machine
nothing.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import repeat
from typing import Any, Self

PAUSE = 3.0
"""Seconds before the same is tried again."""

UNKNOWN_FIELDS = ("{" + ",".join(f'"f{number}":1' for number in range(800_000)) + "}").encode()
NO_LINES = (
    '{"lines": [' + ",".join(f'{{"line_no": {number}, "x": 1, "qty": "y"}}' for number in range(90_000)) + "]}"
).encode()
DEEP = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
DOUBLING_EXPRESSION = "[" + "|".join(repeat("[@,@][]", 120)) + "]"
DOUBLING_TEMPLATE = "{% set a = [order, order] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}"
MANY_HEADERS = "\n".join(f"X-{number}: {{{{ order.id }}}}" for number in range(800))


REFUSED = {"/connectors/test 429", "/auth/login 413", "/draft-orders 422"}
"""Answers that come soon where there are limits."""


def costly_key(rounds: int = 1 << 31) -> str:
    """Return a private key (OpenSSH's PROTOCOL.key) whose passphrase takes that many rounds of bcrypt to try."""

    def string(content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + content

    options = string(b"s" * 16) + rounds.to_bytes(4, "big")
    head = b"openssh-key-v1\0" + string(b"aes256-ctr") + string(b"bcrypt") + string(options) + (1).to_bytes(4, "big")
    blob = b64encode(head + string(b"public") + string(b"p" * 256)).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{blob}\n-----END OPENSSH PRIVATE KEY-----\n"


@dataclass(frozen=True)
class Target:
    """Where the server is, and what the attacker has there.

    Attributes:
        erp_port: Of the attacker's own ERP, on this machine.
        admin: A key of the attacker's organization.
        viewer: A token of a user of it, who may only read.
        size: Of the attack: requests of one kind at once.
        idle: Connections that never say anything.
    """

    host: str
    port: int
    erp_port: int
    admin: str
    viewer: str
    size: int
    idle: int


class HostileERP:
    """Takes orders, and answers everything else so that nobody who waits for the end of it ever gets there.

    The path says how: `/drip-head`, `/drip-body`, `/endless-head`, `/endless-body`, `/interim`; whoever says nothing
    gets the endless reply of an FTP server.
    """

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=500)
        self._over = threading.Event()
        self.asked: Counter[str] = Counter()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with closing(connection), suppress(OSError):
            connection.settimeout(1)
            try:
                head = connection.recv(65_536)
            except TimeoutError:
                head = b"FTP /endless-reply"
            how = head.split(b" ")[1].split(b"?")[0].decode("ascii", "replace") if b" " in head else ""
            self.asked[how] += 1
            connection.settimeout(30)
            if how == "/orders":
                connection.sendall(b'HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{"id": 7}')
                return
            for piece, seconds in _answer(how):
                connection.sendall(piece)
                if self._over.wait(seconds):
                    return


def _answer(how: str) -> Iterable[tuple[bytes, float]]:
    """Yield pieces of an answer, with the seconds to wait after each."""
    ok, block = b"HTTP/1.1 200 OK\r\n", b"9" * 65_536
    match how:
        case "/drip-body":
            return _after(ok + b"Content-Length: 1000000\r\n\r\n", b" ", 0.2)
        case "/endless-head":
            return _after(ok, b"X-A: " + b"b" * 60 + b"\r\n", 0.01)
        case "/endless-body":
            return _after(ok + b"Content-Type: application/json\r\n\r\n[", block, 0.01)
        case "/interim":
            return _after(b"", b"HTTP/1.1 102 Processing\r\n\r\n", 0.01)
        case "/endless-reply":
            return _after(b"220-Welcome\r\n", b"220-and again\r\n" * 100, 0.01)
        case _:
            return _after(ok, b"X-A: b\r\n", 0.2)


def _after(first: bytes, then: bytes, seconds: float) -> Iterable[tuple[bytes, float]]:
    yield first, 0.0
    yield from repeat((then, seconds))


class Attack:
    """All of it, each kind in threads of its own."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.begun: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()

    def begin(self, within: float = 20.0) -> None:
        """Start, and return once each kind was tried and the server has answered some of it; or after some seconds."""
        kinds = {
            self.drip_imports: self.target.size,
            self.test_what_has_no_end: self.target.size,
            self.double: self.target.size // 4,
            self.open_costly_keys: self.target.size // 4,
            self.guess_own_password: self.target.size // 4,
            self.guess_sign_ins: self.target.size // 4,
            self.send_much_unasked: 2,
            self.nest: 2,
            self.send_large_orders: 2,
            self.take_no_answer: 2,
        }
        for kind, times in kinds.items():
            for _ in range(max(times, 1)):
                threading.Thread(target=self._again_and_again, args=(kind,), daemon=True).start()
        threading.Thread(target=self.hold_idle, daemon=True).start()
        ends = time.monotonic() + within
        while time.monotonic() < ends and not (len(self.begun) > len(kinds) and self.answered.keys() >= REFUSED):
            time.sleep(0.05)

    def _again_and_again(self, kind: Callable[[], None]) -> None:
        while True:
            self.begun[kind.__name__] += 1
            with suppress(OSError, HTTPException):
                kind()
            time.sleep(PAUSE)

    def drip_imports(self) -> None:
        """Send an import a byte at a time, until it is refused."""
        with closing(socket.create_connection((self.target.host, self.target.port), timeout=30)) as connection:
            connection.sendall(
                b"POST /api/v1/draft-orders/import HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                b"Authorization: Bearer " + self.target.admin.encode() + b"\r\n\r\n"
            )
            connection.setblocking(False)
            while not _answered(connection):
                connection.sendall(b"1\r\n \r\n")
                time.sleep(0.5)

    def test_what_has_no_end(self) -> None:
        """Test a connector whose server never ends its answer, in one way after the other."""
        ways = ("drip-head", "drip-body", "endless-head", "endless-body", "interim", "ftp")
        way = ways[self.begun["test_what_has_no_end"] % len(ways)]
        url = f"http://127.0.0.1:{self.target.erp_port}/{way}"
        rest = {"url": url, "test_url": url, "plain_http": True, "timeout": 300, "order_number": "id"}
        ftp = {"mode": "ftp", "host": "127.0.0.1", "port": self.target.erp_port, "username": "u", "password": "nobodys"}
        config = ftp | {"export_path": "/in"} if way == "ftp" else rest
        self._test("DROPZONE_JSON_V1" if way == "ftp" else "REST_JSON", config)

    def double(self) -> None:
        """Preview templates and expressions that double what they hold with every step."""
        config = {"url": "https://a.example/", "body": DOUBLING_TEMPLATE, "order_number": "id"}
        self._post("/connectors/preview", {"connector_type": "REST_JSON", "config": config})
        config = {"url": "https://a.example/", "headers": MANY_HEADERS, "order_number": DOUBLING_EXPRESSION}
        self._post("/connectors/preview", {"connector_type": "REST_JSON", "config": config})
        answer = {"connector_type": "REST_JSON", "config": config, "status": 201, "headers": {}, "body": "[[1]]"}
        self._post("/connectors/answer", answer)

    def open_costly_keys(self) -> None:
        """Test a connector whose key asks for centuries of work."""
        config = {"mode": "sftp", "host": "127.0.0.1", "port": self.target.erp_port, "username": "u"}
        key = {"ssh_key": costly_key(), "ssh_key_passphrase": "nobodys", "export_path": "/in"}
        self._test("DROPZONE_JSON_V1", config | key)

    def guess_own_password(self) -> None:
        """Give a wrong old password, as a user who may only read."""
        body = {"old_password": "not the password", "new_password": "another one, quite long"}
        self._post("/me/password", body, self.target.viewer)

    def guess_sign_ins(self) -> None:
        """Sign in as nobody."""
        body = {"email": f"nobody-{time.monotonic()}@attacker.example", "password": "not the password"}
        self._post("/auth/login", body, "")

    def send_much_unasked(self) -> None:
        """Send megabytes without saying who one is."""
        self._send("POST", "/auth/login", UNKNOWN_FIELDS, "")

    def nest(self) -> None:
        """Send what is nested 20,000 deep."""
        self._send("PATCH", "/organization", b'{"settings": ' + DEEP + b"}")
        self._send("POST", "/draft-orders", DEEP)

    def send_large_orders(self) -> None:
        """Send an order with 180,000 mistakes."""
        self._send("POST", "/draft-orders", NO_LINES)

    def take_no_answer(self) -> None:
        """Ask for a long answer, and read none of it for a while."""
        with closing(socket.create_connection((self.target.host, self.target.port), timeout=30)) as connection:
            head = f"GET /api/v1/connectors HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.target.admin}\r\n\r\n"
            connection.sendall(head.encode() * 20)
            time.sleep(2)

    def hold_idle(self) -> None:
        """Connect, and say nothing."""
        held = []
        while True:
            with suppress(OSError):
                held.append(socket.create_connection((self.target.host, self.target.port), timeout=5))
            self.begun["hold_idle"] += 1
            if len(held) >= self.target.idle:
                held.pop(0).close()
                time.sleep(0.05)

    def _test(self, connector_type: str, config: dict[str, Any]) -> None:
        self._post("/connectors/test", {"connector_type": connector_type, "config": config})

    def _post(self, path: str, body: object, key: str | None = None) -> None:
        self._send("POST", path, json.dumps(body).encode(), key)

    def _send(self, method: str, path: str, body: bytes, key: str | None = None) -> None:
        """Send a request over a connection of its own, and read what it answers."""
        headers = {"Content-Type": "application/json"}
        if key is None or key:
            headers["Authorization"] = f"Bearer {key or self.target.admin}"
        with closing(HTTPConnection(self.target.host, self.target.port, timeout=90)) as connection:
            connection.request(method, f"/api/v1{path}", body, headers)
            answer = connection.getresponse()
            answer.read()
            self.answered[f"{path} {answer.status}"] += 1


def _answered(connection: socket.socket) -> bool:
    try:
        connection.recv(1)
    except BlockingIOError:
        return False
    return True


def main() -> None:
    """Attack until this process is ended."""
    os.nice(19)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8_192), most))
    threading.stack_size(256 * 1024)
    target = Target(**json.loads(sys.stdin.readline()))
    with HostileERP(target.erp_port) as erp:
        attack = Attack(target)
        attack.begin()
        _say("attacking")
        sys.stdin.readline()
        _say(json.dumps({"begun": attack.begun, "answers": attack.answered, "asked": erp.asked}))
        os._exit(0)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
