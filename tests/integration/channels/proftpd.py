"""ProFTPD from the distribution's packages, speaking SFTP (mod_sftp), FTP or FTPS (mod_tls)."""

from __future__ import annotations

import getpass
import grp
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import asyncssh

from tests.integration.channels.certificates import make_certificates

PROGRAM = shutil.which("proftpd", path="/usr/sbin:/usr/local/sbin:/usr/bin") or "/usr/sbin/proftpd"
START_SECONDS = 10
PASSWORD = "sesame"
Speaks = Literal["sftp", "ftp", "ftps"]


class ProFTPD:
    """Serve a folder as `/` to the account `orderflow`, as the present user; `extra` are lines of its configuration."""

    def __init__(self, root: Path, speaks: Speaks, extra: Sequence[str] = ()) -> None:
        self.root, self.speaks = root, speaks
        self._home = Path(tempfile.mkdtemp(prefix="of-proftpd-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
        self._write("host_key", key.export_private_key("pkcs1-pem").decode())
        self.host_key = " ".join(key.export_public_key().decode().split()[:2])
        self._certificates = make_certificates(self._home)
        hashed = subprocess.run(
            ["openssl", "passwd", "-6", PASSWORD], capture_output=True, text=True, check=True
        ).stdout.strip()
        self._write("passwd", f"orderflow:{hashed}:{os.getuid()}:{os.getgid()}::{root}:/bin/sh\n")
        self._write("proftpd.conf", "\n".join([*self._common(), *self._engine(), *extra, ""]))

    @property
    def account(self) -> dict[str, Any]:
        account = {"host": "127.0.0.1", "port": self.port, "username": "orderflow", "password": PASSWORD}
        trust = {"sftp": {"host_key": self.host_key}, "ftp": {}, "ftps": {"tls_ca": self._certificates.ca.read_text()}}
        return {"mode": self.speaks} | account | trust[self.speaks]

    def __enter__(self) -> Self:
        self._log = (self._home / "log").open("ab")
        config = str(self._home / "proftpd.conf")
        self._process = subprocess.Popen([PROGRAM, "-n", "-c", config], stdout=self._log, stderr=self._log)
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return self
        raise RuntimeError(f"ProFTPD did not start: {(self._home / 'log').read_text()}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()
        shutil.rmtree(self._home)

    def _write(self, name: str, content: str) -> None:
        path = self._home / name
        path.touch(mode=0o600)
        path.write_text(content)

    def _common(self) -> list[str]:
        modules = next(path for path in ("/usr/lib/proftpd", "/usr/libexec/proftpd") if Path(path).is_dir())
        user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
        return [
            "ServerType standalone",
            "DefaultServer on",
            "DefaultAddress 127.0.0.1",
            f"Port {self.port}",
            f"User {user}",
            f"Group {group}",
            "UseIPv6 off",
            f"ModulePath {modules}",
            "LoadModule mod_sftp.c",
            "LoadModule mod_tls.c",
            "AuthOrder mod_auth_file.c",
            f"AuthUserFile {self._home}/passwd",
            "RequireValidShell off",
            "RootLogin on",
            "UseReverseDNS off",
            "WtmpLog off",
            f"PidFile {self._home}/pid",
            f"ScoreboardFile {self._home}/scoreboard",
            "DelayEngine off",
            f"SystemLog {self._home}/system.log",
            "TransferLog none",
            "AllowOverwrite on",
            f"DefaultRoot {self.root}",
        ]

    def _engine(self) -> list[str]:
        return {
            "sftp": ["SFTPEngine on", f"SFTPHostKey {self._home}/host_key", "SFTPAuthMethods password"],
            "ftp": [],
            "ftps": [
                "TLSEngine on",
                "TLSRequired on",
                f"TLSECCertificateFile {self._certificates.chain}",
                f"TLSECCertificateKeyFile {self._certificates.chain}",
            ],
        }[self.speaks]
