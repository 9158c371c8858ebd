"""Servers that are full, frozen or something else, and say so before they greet: busy, within one deadline."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from orderflow.channels.filestore import FileStore
from orderflow.channels.ftp.store import FTPTarget, close_all, open_ftp
from orderflow.channels.sftp.store import SFTPTarget, open_sftp
from orderflow.domain.errors import BusyError, ConnectorError, UnavailableError
from orderflow.testing.openssh_server import OpenSSHServer
from tests.integration.channels.conftest import target_on
from tests.integration.channels.plain_server import Does, closes, drips, is_silent, resets, says, serving
from tests.waiting import wait_until

WITHIN = 1.0
LATE = 3 * WITHIN + 5
SSH = "Exceeded MaxStartups\r\n", "Not allowed at this time\r\n", "Too many connections\r\n", ""


@pytest.fixture(autouse=True)
def no_session_stays(sftp_sessions: None) -> Iterator[None]:
    yield
    close_all()


def store(speaks: str, port: int, **more: Any) -> FileStore:
    patience: dict[str, Any] = {"connect_timeout": WITHIN, "timeout": WITHIN, "username": "u", "password": "p"} | more
    if speaks == "sftp":
        return open_sftp(SFTPTarget("127.0.0.1", port, host_key=f"SHA256:{'A' * 43}", **patience))
    return open_ftp(FTPTarget("127.0.0.1", port, tls=speaks == "ftps", **patience))


def refused(speaks: str, does: Does) -> ConnectorError:
    with serving(does) as port:
        began = time.monotonic()
        with pytest.raises(ConnectorError) as caught:
            store(speaks, port).list("/out")
        assert time.monotonic() - began < LATE
    return caught.value


@pytest.mark.parametrize("speaks", ["sftp", "ftp", "ftps"])
@pytest.mark.parametrize("does", [closes, resets], ids=lambda does: does.__name__)
def test_a_server_that_hangs_up_before_it_greets_is_full(speaks: str, does: Does) -> None:
    error = refused(speaks, does)
    assert isinstance(error, BusyError)
    assert (error.code, error.rests_for) == ("SESSION_LIMIT", 15)


@pytest.mark.parametrize("words", SSH)
def test_so_is_one_that_says_something_else_than_ssh_first(words: str) -> None:
    error = refused("sftp", says(words.encode()))
    assert isinstance(error, BusyError)
    assert error.code == "SESSION_LIMIT"


@pytest.mark.parametrize("speaks", ["sftp", "ftp", "ftps"])
@pytest.mark.parametrize("does", [is_silent, drips(b"2"), drips(b"220-\r\n")], ids=["silent", "a line", "lines"])
def test_a_server_that_never_greets_is_given_up_in_time_and_is_away(speaks: str, does: Does) -> None:
    error = refused(speaks, does)
    assert isinstance(error, UnavailableError)
    assert (error.code, error.rests_for) == ("TIMEOUT", None)


@pytest.mark.parametrize("does", [says(b"SSH-2.0-x\r\n"), drips(b"SSH-2.0-x\r\n" + bytes(4000))], ids=["ends", "drips"])
def test_one_that_greets_and_fails_then_is_away(does: Does) -> None:
    error = refused("sftp", does)
    assert type(error) is UnavailableError
    assert error.rests_for is None


@pytest.mark.parametrize("at_once", [1, 3])
def test_an_sshd_with_all_its_places_taken_is_busy_until_one_is_free(at_once: int, sftp_sessions: None) -> None:
    """OpenSSH counts those who have not signed in yet (MaxStartups)."""
    with OpenSSHServer(extra=[f"MaxStartups {at_once}:100:{at_once + 1}"]) as server:
        opened = open_sftp(target_on(server))
        held = [_greeted(server) for _ in range(at_once)]
        with pytest.raises(BusyError) as caught:
            opened.list(str(server.root))
        for conn in held:
            conn.close()
        assert caught.value.code == "SESSION_LIMIT"
        wait_until(partial(_is_let_in, opened, str(server.root)))


def _greeted(server: OpenSSHServer) -> socket.socket:
    """Return a connection that takes a place, once there is one."""
    while True:
        conn = socket.create_connection((server.host, server.port))
        if conn.recv(4) == b"SSH-":
            return conn
        conn.close()


def _is_let_in(opened: FileStore, folder: str) -> bool:
    """Return whether the server has seen that its places are free."""
    try:
        return opened.list(folder) == []
    except BusyError:
        return False
