"""One login on an FTP server (RFC 959), plain or with explicit TLS (RFC 4217), and what the server's words mean."""

from __future__ import annotations

import ftplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from orderflow.domain.errors import ConfigError, ConnectorError, NeedsAttentionError, TransientError, UnavailableError
from orderflow.domain.reach import Reach, current
from orderflow.net.addresses import HOST_UNKNOWN, REFUSED, SILENT, connected

_FULL = re.compile(r"no space|quota|disk.*full|full disk|insufficient", re.IGNORECASE)


@dataclass(frozen=True)
class FTPTarget:
    """An FTP server and an account on it; equal targets share sessions.

    Attributes:
        tls: Explicit TLS (AUTH TLS) for commands and files; the certificate is verified always.
        ca: Certificates (PEM) to trust instead of the system's.
        connect_timeout, timeout: Seconds for the connection, and for any answer.
        sessions: Files under way at a time; FTP takes a login for each.
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
    apart: str = ""
    reach: Reach = field(default_factory=current)

    @property
    def place(self) -> str:
        """`host:port`, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def address(self, path: str) -> str:
        """Return a path's URL: `ftp://user@host:21/out/x`, and `…/~/out/x` for `out/x` in the home folder."""
        scheme = "ftps" if self.tls else "ftp"
        user = f"{quote(self.username, safe='')}@" if self.username else ""
        return f"{scheme}://{user}{self.place}{quote(path if path.startswith('/') else f'/~/{path}')}"


class FTPSession(ftplib.FTP_TLS):
    """A live login. Its `home` is the folder that relative paths begin in."""

    home: str
    features: frozenset[str]

    @classmethod
    def begin(cls, target: FTPTarget) -> FTPSession:
        """Connect, verify the server, and log in.

        Raises:
            NeedsAttentionError: AUTH_FAILED, CERTIFICATE_UNTRUSTED, TLS_NOT_OFFERED, PRIVATE_ADDRESS,
                ADDRESS_NOT_ALLOWED.
            UnavailableError: HOST_UNKNOWN, CONNECTION_REFUSED, CONNECTION_LOST, TIMEOUT, SESSION_LIMIT.
        """
        with translated(target):
            context = _context(target)
            sock = connected(target.host, target.port, target.connect_timeout, target.reach)
            session = cls(context=context, timeout=target.timeout, encoding="utf-8")
            try:
                session._open(target, sock)
            except BaseException:
                sock.close()
                session.close()
                raise
            return session

    def _open(self, target: FTPTarget, sock: socket.socket) -> None:
        sock.settimeout(target.timeout)
        self.host, self.port, self.sock, self.af = target.host, target.port, sock, sock.family
        self.file = sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        if target.tls:
            self.auth()
        self.login(target.username, target.password or "", secure=target.tls)
        if target.tls:
            self.prot_p()
        self.voidcmd("TYPE I")
        self.home = self.pwd()
        with suppress(ftplib.error_perm):  # an old server, or one that says nothing about itself
            answer = self.sendcmd("FEAT")
            self.features = frozenset(line.split()[0].upper() for line in answer.splitlines()[1:-1] if line.strip())
            return
        self.features = frozenset()

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open a data connection; over TLS as the same session, which most servers ask for."""
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321  # wrapped below
        if self._prot_p:  # type: ignore[attr-defined]  # not in the stubs; set by prot_p
            known = getattr(self.sock, "session", None)
            conn = self.context.wrap_socket(conn, server_hostname=self.host, session=known)
        return conn, size

    def has_folder(self, folder: str) -> bool:
        """Tell whether a folder can be entered."""
        try:
            self.voidcmd(f"CWD {folder}")
        except ftplib.error_perm:
            return False
        self.voidcmd(f"CWD {self.home}")
        return True


def _context(target: FTPTarget) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=target.ca)
    except ssl.SSLError:
        raise ConfigError(
            "The certificate to trust is not one in PEM format.", details={"fields": ["tls_ca"]}
        ) from None
    # A session of TLS 1.3 cannot be resumed by the time that the first data connection asks for it.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextmanager
def translated(target: FTPTarget) -> Iterator[None]:
    """Turn what concerns the whole session into our tree.

    Raises:
        ConnectorError: Named by what follows from it.
    """
    try:
        yield
    except ConnectorError:
        raise
    except (ftplib.Error, OSError, EOFError, ValueError) as error:
        raise session_error(target, error) from None


def session_error(target: FTPTarget, error: Exception) -> ConnectorError:
    """Return our counterpart of an error that ends a session, or kept it from beginning."""
    place = target.place
    match error:
        case ssl.SSLCertVerificationError():
            return NeedsAttentionError(
                f"{place} did not prove to be {target.host}: {error.verify_message}.",
                code="CERTIFICATE_UNTRUSTED",
                hint="Have the server's certificate mended, or enter the certificate of the authority that signed it.",
            )
        case ftplib.error_perm() if _code(error) == 530:
            return NeedsAttentionError(
                f"{place} refused the login of {target.username} with this password.",
                code="AUTH_FAILED",
                hint="Check user name and password with whoever runs the server, correct them and test the connection.",
            )
        case ftplib.error_perm() if target.tls and _code(error) in (500, 502, 504, 534):
            return NeedsAttentionError(
                f"{place} does not offer TLS.",
                code="TLS_NOT_OFFERED",
                hint="Have explicit TLS (AUTH TLS) switched on at the server.",
            )
        case ftplib.error_temp() if _code(error) == 421:
            return UnavailableError(f"{place} accepts no further session.", code="SESSION_LIMIT")
        case socket.gaierror() | UnicodeError():
            return UnavailableError(
                f"The host name {target.host} cannot be resolved.", code="HOST_UNKNOWN", hint=HOST_UNKNOWN
            )
        case ConnectionRefusedError():
            return UnavailableError(f"{place} refuses connections.", code="CONNECTION_REFUSED", hint=REFUSED)
        case TimeoutError():
            return UnavailableError(f"{place} left a request unanswered.", code="TIMEOUT", hint=SILENT)
        case ftplib.Error():
            return UnavailableError(f"{place} did not speak FTP as it should.", code="PROTOCOL_ERROR")
        case OSError() | EOFError():
            return UnavailableError(f"The connection to {place} broke.", code="CONNECTION_LOST")
    return ConfigError("A path or a name cannot be sent over FTP: it holds a line break.")


def refused(target: FTPTarget, path: str, error: ftplib.Error, *, folder_there: bool) -> ConnectorError:
    """Return our counterpart of a refusal that concerns one file (RFC 959, 4.2)."""
    code, words = _code(error), " ".join(str(error).split())[:200]
    if code in (452, 552) or _FULL.search(words):
        return NeedsAttentionError(
            f"{target.place} has no room left for {path}.",
            code="DISK_FULL",
            hint="Free some space or raise the quota on the server, then test the connection.",
        )
    if not folder_there:
        return NeedsAttentionError(
            f"The folder {path.rpartition('/')[0] or '/'} does not exist on {target.place}.",
            code="FOLDER_MISSING",
            hint="Create the folder on the server, or correct the path in the connection, then test the connection.",
        )
    if code in (532, 550, 553):
        return NeedsAttentionError(
            f"{target.username} may not do this on {target.place}: {path} ({words}).",
            code="PERMISSION_DENIED",
            hint="Have the account's rights on this folder corrected on the server, then test the connection.",
        )
    return TransientError(f"{target.place} could not do this: {path} ({words}).", code="FTP_FAILURE")


def _code(error: Any) -> int:
    first = str(error)[:3]
    return int(first) if first.isdigit() else 0


def is_fatal(error: BaseException) -> bool:
    """Tell whether a session is of no use any more after this error."""
    return not isinstance(error, ftplib.error_perm | ftplib.error_temp) or _code(error) == 421
