"""A session of Tryton is opened again when it has run out: once, however many requests were on their way."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from orderflow.connectors.tryton.api import RpcApi
from orderflow.connectors.tryton.config import TrytonConfig
from orderflow.http import Answer, read_answer

CONFIG = TrytonConfig.model_validate(
    {"url": "http://tryton.example", "database": "acme", "api": "jsonrpc", "username": "of", "password": "secret"}
)


class Server:
    """Takes sessions that were opened after the last `restart`; `on_the_way` happens before it looks at a sale."""

    def __init__(self) -> None:
        self.opened = self.ended = 0
        self.on_the_way: Callable[[], None] | None = None

    def restart(self) -> None:
        self.ended = self.opened

    def send(self, _verb: str, _path: str, *, headers: Mapping[str, str], content: bytes, changes: bool) -> Answer:
        method = json.loads(content)["method"]
        if method == "common.db.list":
            return result(["acme"])
        if method == "common.db.login":
            self.opened += 1
            return result([1, str(self.opened)])
        on_the_way, self.on_the_way = self.on_the_way, None
        if on_the_way and changes:
            on_the_way()
        token = base64.b64decode(headers["Authorization"].removeprefix("Session ")).decode().rpartition(":")[2]
        return result({}) if int(token) > self.ended else read_answer(401, {}, b"")


def result(value: object) -> Answer:
    return read_answer(200, {}, json.dumps({"id": 1, "result": value}).encode())


def test_a_late_refusal_ends_no_session_that_another_thread_has_opened_meanwhile() -> None:
    server: Any = Server()
    api = RpcApi(server, CONFIG)

    def sell() -> None:
        api.call("sale.sale", "create")

    def run_out() -> None:
        server.restart()
        sell()

    sell()
    server.on_the_way = run_out
    sell()
    assert server.opened == 2
