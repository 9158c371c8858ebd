"""Where an FTP server is, who we are there, and how patient we are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

from orderflow.channels.accounts import Account, account
from orderflow.domain.reach import Reach, current


@dataclass(frozen=True)
class FTPTarget:
    """An FTP server and an account on it; equal targets share sessions.

    Attributes:
        tls: Explicit TLS (AUTH TLS) for commands and files; the certificate is verified always.
        ca: Certificates (PEM) to trust instead of the system's.
        connect_timeout: Seconds for the connection. Signing in must be done `timeout` seconds later.
        timeout: Seconds for any answer, whole; a transfer has one more for every 16 KiB.
        sessions: Logins at a time; each carries one file.
        counted: Of all processes together, since the server allows no more.
        apart: Anything; targets that differ in it share no session.
        reach: How far it may lead; taken from where it is made.
    """

    host: str
    port: int = 21
    username: str = ""
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca: str | None = None
    connect_timeout: float = 10.0
    timeout: float = 30.0
    sessions: int = 4
    counted: bool = False
    apart: str = ""
    reach: Reach = field(default_factory=current)

    @cached_property
    def account(self) -> Account:
        """Who is signed in where; of several organizations that may, each has a share of the same sessions."""
        return account(self.host, self.port, self.username, self.password)

    @property
    def place(self) -> str:
        """`host:port`, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def address(self, path: str) -> str:
        """Return a path's URL: `ftp://user@host:21/out/x`, and `…/~/out/x` for `out/x` in the home folder."""
        scheme = "ftps" if self.tls else "ftp"
        user = f"{quote(self.username, safe='')}@" if self.username else ""
        return f"{scheme}://{user}{self.place}{quote(path if path.startswith('/') else f'/~/{path}')}"
