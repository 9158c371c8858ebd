"""What a program does that uses paramiko's SFTP in the usual way: a connection, then one call after the other."""

from __future__ import annotations

import io
import json
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

import paramiko

from orderflow.testing.openssh_server import OpenSSHServer

CONTENT = b"a test of the connection\n"


@dataclass(frozen=True)
class Target:
    host: str
    port: int
    username: str
    key: paramiko.PKey
    host_key: paramiko.PKey

    @classmethod
    def of(cls, server: OpenSSHServer) -> Target:
        kind, key = server.host_keys[0].split()
        return cls(
            server.host,
            server.port,
            server.username,
            paramiko.Ed25519Key.from_private_key(io.StringIO(server.client_key)),
            paramiko.PKey.from_type_string(kind, b64decode(key)),
        )

    @contextmanager
    def session(self) -> Iterator[paramiko.SFTPClient]:
        with paramiko.SSHClient() as client:
            name = f"[{self.host}]:{self.port}"
            client.get_host_keys().add(name, self.host_key.get_name(), self.host_key)
            client.connect(
                self.host, self.port, self.username, pkey=self.key, allow_agent=False, look_for_keys=False, timeout=5
            )
            with client.open_sftp() as sftp:
                yield sftp


def test_connection(target: Target, folder: str, answers: str) -> None:
    """Write, check, rename, remove and look that it is gone, in both folders; list and make what a poll needs."""
    with target.session() as sftp:
        _try(sftp, folder)
        next(iter(sftp.listdir_iter(answers)), None)
        with suppress(OSError):
            sftp.mkdir(f"{answers}/processed")
        _try(sftp, f"{answers}/processed")


def _try(sftp: paramiko.SFTPClient, folder: str) -> None:
    first = f"{folder}/test_{uuid4().hex}.tmp"
    second = f"{first}.2.tmp"
    sftp.putfo(io.BytesIO(CONTENT), first, confirm=True)
    sftp.posix_rename(first, second)
    sftp.remove(second)
    with suppress(FileNotFoundError):
        sftp.stat(second)


def deliver(target: Target, path: str, content: bytes) -> None:
    """Deliver one file over a connection of its own."""
    with target.session() as sftp:
        sftp.putfo(io.BytesIO(content), f"{path}.tmp", confirm=True)
        sftp.posix_rename(f"{path}.tmp", path)


def read_answers(target: Target, folder: str, wanted: set[str]) -> int:
    """Find those answers in a folder, read each and move it away; returns how many. Notes nothing anywhere."""
    with target.session() as sftp:
        found = [name for name in sftp.listdir(folder) if name in wanted]
        for name in found:
            with sftp.open(f"{folder}/{name}") as file:
                json.loads(file.read())
            sftp.posix_rename(f"{folder}/{name}", f"{folder}/processed/{name}")
        return len(found)


def timed_deliver(target: Target, path: str, content: bytes) -> float:
    started = time.perf_counter()
    deliver(target, path, content)
    return time.perf_counter() - started
