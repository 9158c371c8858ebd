"""A dropzone on a real sshd through an outage: the connection waits, nothing is spent, and all of it goes out after."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orderflow.channels.sftp.store import close_all
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.flow.ports import Actor
from orderflow.flow.setup.probe import test_connection as run_test
from orderflow.testing.openssh_server import OpenSSHServer


@pytest.fixture(autouse=True)
def no_session_stays() -> Iterator[None]:
    yield
    close_all()


def connected(installation: Any, server: OpenSSHServer, *, answers: bool = True) -> UUID:
    folders = {"export_path": str(server.root / "out")} | ({"ack_path": str(server.root / "acks")} if answers else {})
    for path in folders.values():
        Path(path).mkdir()
    account = {"host": server.host, "port": server.port, "username": server.username, "ssh_key": server.client_key}
    config = folders | account | {"host_key": server.host_keys[0], "connect_timeout": 5, "timeout": 5}
    connection: UUID = installation.connect(DropzoneJsonV1Connector(), config)
    return connection


def statuses(installation: Any, orders: list[UUID]) -> list[Any]:
    return [(installation.order(order)["status"], installation.export(order)["attempts_spent"]) for order in orders]


def connection_of(installation: Any) -> Any:
    (row,) = installation.rows("SELECT *, rests_until > now() AS rests FROM erp_connection")
    return row


@pytest.mark.parametrize(
    "refused", ["stat", "stat,lstat,fstat", "stat,lstat,fstat,opendir,readdir", "mkdir", "statvfs"]
)
def test_after_an_outage_the_probe_passes_whatever_the_server_refuses_to_tell(installation: Any, refused: str) -> None:
    with OpenSSHServer(sftp_options=f"-P {refused}") as server:
        # A folder that may not be listed gives no answers.
        connection_id = connected(installation, server, answers="opendir" not in refused)
        if refused == "mkdir":
            (server.root / "acks" / "processed").mkdir()
        assert run_test(installation.wiring, installation.org_id, connection_id, Actor("test")).success
        for _ in range(2):
            orders = installation.pushed(5)
            with down(server):
                installation.work_off(connection_id)
                assert statuses(installation, orders) == [("PUSHING", 0)] * 5
                assert connection_of(installation)["breaker_state"] == "OPEN"
            assert run_test(installation.wiring, installation.org_id, connection_id, Actor("test")).success
            assert installation.work_off(connection_id) == 5
            assert statuses(installation, orders) == [("PUSHED", 0)] * 5


@contextmanager
def down(server: OpenSSHServer) -> Iterator[None]:
    server.kill()
    close_all()
    yield
    server.start()


def test_an_sshd_that_is_full_before_it_greets_rests_the_connection(installation: Any) -> None:
    with OpenSSHServer(extra=["MaxStartups 2:100:3"]) as server:
        connection_id = connected(installation, server)
        orders = installation.pushed(5)
        with full(server):
            installation.work_off(connection_id)
            assert statuses(installation, orders) == [("PUSHING", 0)] * 5
            row = connection_of(installation)
            assert (row["breaker_state"], row["rests"]) == ("CLOSED", True)
            installation.do("UPDATE erp_connection SET rests_until = now()")
            installation.work_off(connection_id)
            assert connection_of(installation)["rests"], "it is full still"
        told = installation.rows("SELECT action FROM audit_log WHERE action LIKE 'CONNECTION_%'")
        assert [row["action"] for row in told] == ["CONNECTION_RESTS"], "once"
        installation.do("UPDATE erp_connection SET rests_until = now()")
        installation.work_off(connection_id)
        assert statuses(installation, orders) == [("PUSHED", 0)] * 5
        assert len(list((server.root / "out").iterdir())) == 5


@contextmanager
def full(server: OpenSSHServer) -> Iterator[None]:
    """Take both places of those who have not signed in; after the block they are free, as the server knows."""
    held = [_greeted(server), _greeted(server)]
    yield
    for conn in held:
        conn.close()
    _greeted(server).close()


def _greeted(server: OpenSSHServer) -> socket.socket:
    while True:
        conn = socket.create_connection((server.host, server.port))
        if conn.recv(4) == b"SSH-":
            return conn
        conn.close()
