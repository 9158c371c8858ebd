"""Debian's own sshd on a free port, for tests and measurements against the server that most ERPs have."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh
import psutil

# sshd(8) refuses to run under a name without its path.
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin") or "/usr/sbin/sshd"
START_SECONDS = 10


class OpenSSHServer:
    """Run sshd as the present user, who logs in with a key made for the occasion.

    Args:
        extra: Further lines for sshd_config(5).
        sftp_options: For sftp-server(8), as `-R` for read-only or `-P posix-rename` for a server without it.
        key_types: Of its host keys.

    Attributes:
        host, port, username: Where and as whom.
        client_key: The private key that lets us in, as text.
        host_keys: Its public keys, one line each, in the order of `key_types`.
        root: A temporary folder to work in; its absolute path is also its path on the server.
    """

    host = "127.0.0.1"

    def __init__(
        self, *, extra: Sequence[str] = (), sftp_options: str = "", key_types: Sequence[str] = ("ssh-ed25519",)
    ) -> None:
        self.username = getpass.getuser()
        self._home = Path(tempfile.mkdtemp(prefix="of-sshd-"))
        self.root = self._home / "files"
        self.root.mkdir()
        self.port = _free_port(self.host)
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.client_key = key.export_private_key().decode()
        (self._home / "authorized_keys").write_bytes(key.export_public_key())
        self.host_keys = [self._write_host_key(kind) for kind in key_types]
        self._write_config([*extra, f"Subsystem sftp internal-sftp {sftp_options}"])

    def _write_host_key(self, kind: str) -> str:
        key = asyncssh.generate_private_key(kind)
        path = self._home / f"host_{kind}"
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key())
        return " ".join(key.export_public_key().decode().split()[:2])

    def _write_config(self, lines: list[str]) -> None:
        keys = [f"HostKey {path}" for path in sorted(self._home.glob("host_*"))]
        many = [] if any(line.startswith("MaxStartups") for line in lines) else ["MaxStartups 100"]
        (self._home / "sshd_config").write_text(
            "\n".join(
                [
                    f"ListenAddress {self.host}:{self.port}",
                    *keys,
                    "PidFile none",
                    f"AuthorizedKeysFile {self._home}/authorized_keys",
                    "StrictModes no",
                    "UsePAM no",
                    "PermitRootLogin yes",
                    *many,
                    *lines,
                    "",
                ]
            )
        )

    def start(self) -> Self:
        """Start it and wait until it answers."""
        if Path("/run").is_dir() and not Path("/run/sshd").exists() and self.username == "root":
            Path("/run/sshd").mkdir(mode=0o755)  # privilege separation needs it; a service manager would make it
        self._log = (self._home / "log").open("ab")
        config = str(self._home / "sshd_config")
        self._process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=self._log)  # noqa: S603  # our own files
        self._wait_for_banner()
        return self

    def _wait_for_banner(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with socket.create_connection((self.host, self.port), timeout=1) as connection:
                    if connection.recv(4) == b"SSH-":
                        return
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise RuntimeError(f"sshd did not start: {(self._home / 'log').read_text()}")

    def admit(self, public_key: str) -> None:
        """Let another key in, given as a line of authorized_keys(5)."""
        with (self._home / "authorized_keys").open("a") as keys:
            keys.write(f"\n{public_key}\n")

    def processes(self) -> list[psutil.Process]:
        """Return those that serve connections."""
        return psutil.Process(self._process.pid).children(recursive=True)

    def kill(self) -> None:
        """Kill it and its connections, as a crash of the machine would."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):  # its connection has just ended
                process.kill()
        self._process.kill()
        self._process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.kill()
        shutil.rmtree(self._home)


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
