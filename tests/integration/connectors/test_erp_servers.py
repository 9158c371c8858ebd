"""Connectors to ERPs with an API, and servers that are away or break off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from orderflow.connectors.odoo import OdooConnector
from orderflow.connectors.tryton import TrytonConnector
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, UnavailableError
from orderflow.entrypoints.demo.erps.erp_process import free_port
from orderflow.http.server import HttpServer

TRYTON = {"database": "acme", "application_key": "s3cret"}
ODOO = {"database": "acme", "api_key": "s3cret"}


@pytest.mark.parametrize(("connector", "config"), [(TrytonConnector(), TRYTON), (OdooConnector(), ODOO)])
def test_a_server_that_is_not_there_is_unavailable_and_that_is_no_persons_fault(connector, config) -> None:
    result = connector.test_connection({**config, "url": f"http://127.0.0.1:{free_port()}"})
    connector.close()
    assert result.details["code"] == "TARGET_UNAVAILABLE"
    assert result.details["needs_attention"] is False


class OddServer(threading.Thread):
    """Reads a request on each connection, and answers with the same bytes, or breaks off."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(daemon=True)
        self.answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(self.answer)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[HttpServer]:
    odd = OddServer(request.param)
    odd.start()
    client = HttpServer(f"http://127.0.0.1:{odd.socket.getsockname()[1]}", 2, "The ERP")
    yield client
    client.close()
    odd.socket.shutdown(socket.SHUT_RDWR)
    odd.socket.close()
    odd.join()


@pytest.mark.parametrize(
    "server",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"],
    indirect=True,
    ids=["breaks off", "half an answer", "503"],
)
def test_a_lost_answer_leaves_in_doubt_only_what_changes_something(server: HttpServer) -> None:
    with pytest.raises(InDoubtError):
        server.send("POST", "create", headers={}, content=b"{}")
    with pytest.raises(UnavailableError):
        server.send("POST", "read", headers={}, content=b"{}", changes=False)


@pytest.mark.parametrize("server", [b"no TLS here"], indirect=True)
def test_a_server_without_the_tls_that_its_address_promises_needs_a_person(server: HttpServer) -> None:
    over_tls = HttpServer(server.url.replace("http", "https"), 2, "The ERP")
    with pytest.raises(NeedsAttentionError, match="No trusted connection"):
        over_tls.send("POST", "create", headers={}, content=b"{}")
    over_tls.close()
