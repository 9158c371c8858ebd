"""One login on an FTP server (RFC 959), plain or with explicit TLS (RFC 4217).

All that comes from the server is bytes: counted, with an absolute end, and decoded so that names and words in any
character set pass. ftplib knows the commands; reading and waiting are done here.
"""

from __future__ import annotations

import ftplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from orderflow.channels.ftp.errors import is_about_version, login_refused, tls_not_offered, translated, turned_away
from orderflow.channels.ftp.target import FTPTarget
from orderflow.channels.limits import (
    BYTES_PER_SECOND,
    MOST_NAME_BYTES,
    MOST_NAMES,
    closed_unheard,
    seconds_for,
    silent,
)
from orderflow.domain.errors import ConfigError
from orderflow.net.addresses import connected
from orderflow.net.deadline import Deadline
from orderflow.net.private_keys import mended

LONGEST_LINE = 8 * 1024
MOST_LINES = 1_000
"""Of one reply: bytes of a line, and lines."""

LISTING_TIMES = 10
"""How many times the time to answer the listing of a folder may take, with what is asked about each name."""

_PIECE = 64 * 1024
# Servers that take nothing older than TLS 1.3, by host and port.
_only_13: set[tuple[str, int]] = set()


class FTPSession(ftplib.FTP_TLS):
    """A live login.

    Attributes:
        home: The folder that relative paths begin in.
        features: What the server says that it can (RFC 2389).
        answer_time: Seconds for any answer.
    """

    home: str
    features: frozenset[str]
    answer_time: float
    _end: float
    _received: bytearray

    @classmethod
    def begin(cls, target: FTPTarget) -> FTPSession:
        """Connect, verify the server, and log in.

        Raises:
            NeedsAttentionError: AUTH_FAILED, CERTIFICATE_UNTRUSTED, TLS_NOT_OFFERED, TLS_REQUIRED, TLS_VERSION,
                TLS_INCOMPATIBLE, PRIVATE_ADDRESS, ADDRESS_NOT_ALLOWED.
            BusyError: SESSION_LIMIT.
            UnavailableError: HOST_UNKNOWN, CONNECTION_REFUSED, CONNECTION_LOST, TIMEOUT.
        """
        ends = time.monotonic() + target.connect_timeout + target.timeout
        with translated(target):
            try:
                return cls._begun(target, ends)
            except ssl.SSLCertVerificationError:
                raise
            except (ssl.SSLError, ConnectionResetError) as error:
                if not target.tls:
                    raise
                return cls._begun_otherwise(target, ends, error)

    @classmethod
    def _begun_otherwise(cls, target: FTPTarget, ends: float, first: OSError) -> FTPSession:
        """Try the other version of TLS; if that goes wrong too, the first error is told that is not about versions."""
        _only_13.symmetric_difference_update({_place(target)})
        try:
            return cls._begun(target, ends)
        except (ssl.SSLError, ConnectionResetError) as second:
            _only_13.symmetric_difference_update({_place(target)})
            raise (second if is_about_version(first) else first) from None

    @classmethod
    def _begun(cls, target: FTPTarget, ends: float) -> FTPSession:
        context = _context(target)
        seconds = min(target.connect_timeout, ends - time.monotonic())
        try:
            sock = connected(target.host, target.port, Deadline(seconds), target.reach)
        except ConnectionResetError:
            raise closed_unheard(target.place) from None
        session = cls(context=context, encoding="utf-8")
        session._end, session.answer_time, session._received = ends, target.timeout, bytearray()
        try:
            session._open(target, sock)
        except BaseException:
            sock.close()
            session.close()
            raise
        session._end = float("inf")
        return session

    def _open(self, target: FTPTarget, sock: socket.socket) -> None:
        self.host, self.port, self.sock, self.af = target.host, target.port, sock, sock.family
        self._be_greeted(target)
        if target.tls:
            self._secure(target)
        try:
            self.login(target.username, target.password or "", secure=target.tls)
        except (ftplib.error_perm, ftplib.error_temp) as error:
            raise login_refused(target, error) from None
        if target.tls:
            self._protect(target)
        self.voidcmd("TYPE I")
        self.home = self.pwd()
        self.features = self._asked_for_features()
        if "UTF8" in self.features:  # draft-ietf-ftpext-utf-8-option: some answer in it only when asked to
            with suppress(ftplib.error_perm, ftplib.error_temp):
                self.sendcmd("OPTS UTF8 ON")

    def _be_greeted(self, target: FTPTarget) -> None:
        try:
            self.welcome = self.getresp()
        except ftplib.error_proto:
            raise
        except ftplib.Error as error:
            raise turned_away(target, error) from None
        except TimeoutError:
            raise silent(target.place, target.timeout) from None
        except (EOFError, ConnectionError):
            raise closed_unheard(target.place) from None

    def _secure(self, target: FTPTarget) -> None:
        try:
            self.voidcmd("AUTH TLS")
        except ftplib.error_perm as error:
            raise tls_not_offered(target, error) from None
        if self._received:  # what came in the clear must not be taken for what comes over TLS
            raise ftplib.error_proto("bytes in the clear after AUTH TLS")  # noqa: S321  # an exception, no call
        assert self.sock is not None
        self.sock.settimeout(self._left())
        self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)

    def _protect(self, target: FTPTarget) -> None:
        try:
            self.prot_p()
        except ftplib.error_perm as error:
            raise tls_not_offered(target, error) from None

    def _asked_for_features(self) -> frozenset[str]:
        with suppress(ftplib.error_perm):  # an old server, or one that says nothing about itself
            answer = self.sendcmd("FEAT")
            return frozenset(line.split()[0].upper() for line in answer.splitlines()[1:-1] if line.strip())
        return frozenset()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let all that is done in the block end within so many seconds; a block inside may only end earlier."""
        outer, self._end = self._end, min(self._end, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._end = outer

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def putline(self, line: str) -> None:
        """Send a command; names that are no UTF-8 survive a round trip."""
        if any(character in line for character in "\r\n\0"):
            raise ValueError("a line break in a command")
        assert self.sock is not None
        with self.within(self.answer_time):
            self.sock.settimeout(self._left())
            self.sock.sendall(f"{line}\r\n".encode(errors="surrogateescape"))

    def getline(self) -> str:
        """Return a line of a reply; raises EOFError at the connection's end."""
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > LONGEST_LINE:
                raise ftplib.error_proto(f"a line of more than {LONGEST_LINE} bytes")  # noqa: S321  # as above
            self._receive()
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line.rstrip(b"\r").decode(errors="surrogateescape")

    def _receive(self) -> None:
        assert self.sock is not None
        self.sock.settimeout(self._left())
        more = self.sock.recv(LONGEST_LINE)
        if not more:
            raise EOFError
        self._received += more

    def getmultiline(self) -> str:
        """Return one reply (RFC 959, 4.2), whole within the time to answer and of at most `MOST_LINES` lines."""
        with self.within(self.answer_time):
            lines = [self.getline()]
            code = lines[0][:3]
            if not code.isdigit():  # as "SSH-2.0-…" is, which looks like the first line of several
                raise ftplib.error_proto(lines[0])  # noqa: S321  # as above
            if lines[0][3:4] == "-":
                while not (lines[-1][:3] == code and lines[-1][3:4] != "-" and len(lines) > 1):
                    if len(lines) >= MOST_LINES:
                        raise ftplib.error_proto(f"a reply of more than {MOST_LINES} lines")  # noqa: S321  # as above
                    lines.append(self.getline())
            return "\n".join(lines)

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open a data connection; over TLS as the same session, which most servers ask for."""
        with self.within(self.answer_time):
            conn = socket.create_connection(self.makepasv(), self._left())
            try:
                self._begin_transfer(cmd)
                return self._wrapped(conn), None
            except BaseException:
                conn.close()
                raise

    def _begin_transfer(self, cmd: str) -> None:
        reply = self.sendcmd(cmd)
        if reply[0] == "2":  # some servers send it before the 1xx
            reply = self.getresp()
        if reply[0] != "1":
            raise ftplib.error_reply(reply)  # noqa: S321  # as above

    def _wrapped(self, conn: socket.socket) -> socket.socket:
        if not self._prot_p:  # type: ignore[attr-defined]  # not in the stubs; set by prot_p
            return conn
        known = getattr(self.sock, "session", None)
        conn.settimeout(self._left())
        return self.context.wrap_socket(conn, server_hostname=self.host, session=known)

    def put(self, path: str, content: bytes) -> None:
        """Write a file."""
        with self.within(seconds_for(self.answer_time, len(content))):
            conn = self.transfercmd(f"STOR {path}")
            with conn:
                for start in range(0, len(content), _PIECE):
                    conn.settimeout(self._left())
                    conn.sendall(content[start : start + _PIECE])
                self._over(conn)
            self.voidresp()

    def get(self, command: str, most: int, most_lines: float = float("inf")) -> bytes:
        """Return what a RETR, MLSD or NLST sends. Raises TooMuchError beyond `most` bytes, or beyond `most_lines`."""
        with self.within(seconds_for(self.answer_time, most)):
            content, lines = bytearray(), 0
            with self.within(self.answer_time), self.transfercmd(command) as conn:
                while piece := self._piece(conn):
                    content += piece
                    lines += piece.count(b"\n")
                    if len(content) > most or lines > most_lines:
                        raise TooMuchError
                    self._end += len(piece) / BYTES_PER_SECOND
                self._over(conn)
            self.voidresp()
            return bytes(content)

    def _piece(self, conn: socket.socket) -> bytes:
        conn.settimeout(self._left())
        try:
            return conn.recv(_PIECE)
        except ssl.SSLEOFError:  # closed without a word; the reply to the command tells whether all came
            return b""

    def _over(self, conn: socket.socket) -> None:
        """Say that nothing more comes; a server that does not answer that has its say in its reply."""
        if isinstance(conn, ssl.SSLSocket):
            conn.settimeout(self._left())
            with suppress(ssl.SSLError, ConnectionError):
                conn.unwrap()

    def names(self, command: str) -> list[str]:
        """Return the lines of a listing, which may take a few times as long as an answer.

        Raises:
            TooMuchError: There are more than `MOST_NAMES`.
        """
        with self.within(self.answer_time * LISTING_TIMES):
            lines = self.get(command, MOST_NAME_BYTES, MOST_NAMES).split(b"\n")
        return [line.rstrip(b"\r").decode(errors="surrogateescape") for line in lines if line.strip()]

    def has_folder(self, folder: str) -> bool:
        """Return whether a folder can be entered."""
        try:
            self.voidcmd(f"CWD {folder}")
        except ftplib.error_perm:
            return False
        self.voidcmd(f"CWD {self.home}")
        return True


class TooMuchError(ftplib.Error):
    """More came than is read; the session is of no use any more."""


def _place(target: FTPTarget) -> tuple[str, int]:
    return target.host, target.port


def _context(target: FTPTarget) -> ssl.SSLContext:
    if not target.tls:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used; to read the system's authorities takes long
    try:
        context = ssl.create_default_context(cadata=mended(target.ca) if target.ca else None)
    except (ssl.SSLError, ValueError, TypeError):  # the last for what is not ASCII
        raise ConfigError(
            "The certificate to trust is not one in PEM format.", details={"fields": ["tls_ca"]}
        ) from None
    if _place(target) in _only_13:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    else:  # a session of TLS 1.3 may not be there yet when the first data connection wants to resume it
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context
