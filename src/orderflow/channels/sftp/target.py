"""Where an SFTP server is, who we are there, and how patient we are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from urllib.parse import quote

from orderflow.channels.accounts import Account, account
from orderflow.domain.reach import Reach, current


@dataclass(frozen=True)
class SFTPTarget:
    """An SFTP server and an account on it; equal targets share one connection.

    Attributes:
        host, port, username: Where and as whom.
        password: The account's password, or its second factor beside a key.
        ssh_key: A private key's text: OpenSSH, PEM or PKCS#8; Ed25519, ECDSA or RSA.
        ssh_key_passphrase: Opens the key, where it is protected.
        host_key: The server's public key line (`ssh-ed25519 AAAA…`) or fingerprint (`SHA256:…`), several on
            several lines. Without one, no connection is made: the error tells which key was seen.
        connect_timeout: Seconds for TCP, handshake and login together.
        timeout: Seconds that a request may wait for its answer before the connection is given up.
        max_in_flight: How many files may be under way on the connection at a time.
        fsync: Ask the server to write each file through to its disk, where it offers that.
        max_sessions: How many logins to this account may be open at a time; None if it does not matter. Here they are
            counted for this process, which needs one, and one more for a test.
        apart: Anything; targets that differ in it share no connection. A test logs in for itself with this.
        reach: How far it may lead; taken from where it is made.
    """

    host: str
    port: int = 22
    username: str = ""
    password: str | None = field(default=None, repr=False)
    ssh_key: str | None = field(default=None, repr=False)
    ssh_key_passphrase: str | None = field(default=None, repr=False)
    host_key: str | None = None
    connect_timeout: float = 10.0
    timeout: float = 30.0
    max_in_flight: int = 256
    fsync: bool = False
    max_sessions: int | None = None
    apart: str = ""
    reach: Reach = field(default_factory=current)

    @cached_property
    def account(self) -> Account:
        """Who is signed in where; of several organizations that may, each has a share of the same sessions."""
        return account(self.host, self.port, self.username, self.password, self.ssh_key)

    @property
    def place(self) -> str:
        """`host:port`, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def address(self, path: str) -> str:
        """Return a path's URL: `sftp://user@host:22/out/x`, and `…/~/out/x` for `out/x` in the home folder."""
        return f"{self._server}{_quoted(path if path.startswith('/') else f'/~/{path}')}"

    @cached_property
    def _server(self) -> str:
        user = f"{quote(self.username, safe='')}@" if self.username else ""
        return f"sftp://{user}{self.place}"


_quoted = lru_cache(maxsize=4_096)(quote)  # a path is asked for when its file is staged, and when it is published
