"""Stores on real servers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from orderflow.channels.sftp.store import SFTPStore, SFTPTarget, open_sftp
from orderflow.testing.openssh_server import OpenSSHServer
from orderflow.testing.sftp_server import SFTPServer

PATIENCE = {"connect_timeout": 5.0, "timeout": 5.0}


def target_on(server: OpenSSHServer | SFTPServer, **changes: Any) -> SFTPTarget:
    """Return how to reach a server and log in."""
    if isinstance(server, OpenSSHServer):
        login = {"ssh_key": server.client_key, "host_key": server.host_keys[0]}
    else:
        login = {"password": server.password, "host_key": server.host_key}
    place = {"host": server.host, "port": server.port, "username": server.username}
    return SFTPTarget(**{**PATIENCE, **place, **login, **changes})


@pytest.fixture
def store_on(sftp_sessions: None) -> Callable[..., SFTPStore]:
    """Opens a store on a server; keyword arguments change its target."""
    return lambda server, **changes: open_sftp(target_on(server, **changes))


@pytest.fixture
def store(sshd: OpenSSHServer, store_on: Callable[..., SFTPStore]) -> SFTPStore:
    """A store on the real sshd."""
    return store_on(sshd)


@pytest.fixture
def folder(sshd: OpenSSHServer) -> Path:
    """A new folder on the real sshd, whose path there is the same as here."""
    return Path(mkdtemp(dir=sshd.root))
