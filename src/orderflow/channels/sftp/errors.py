"""The one place where the SSH library's errors become ours.

Most specific first; every class that asyncssh exports has a counterpart here, and a test sees to it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncssh
from asyncssh.packet import PacketDecodeError

from orderflow.channels.limits import session_limit, too_many, tried_too_often
from orderflow.channels.sftp.protocol import MalformedError, plain
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.errors import ConfigError, ConnectorError, NeedsAttentionError, UnavailableError
from orderflow.net.addresses import HOST_UNKNOWN, REFUSED, SILENT

_Builder = Callable[[SFTPTarget, Exception], ConnectorError]


def _words(error: Exception) -> str:
    return plain(str(error).encode()).rstrip(".")


def _unavailable(code: str, message: str, hint: str | None = None) -> _Builder:
    return lambda target, error: UnavailableError(
        message.format(target=target, words=_words(error)), code=code, hint=hint
    )


def _attention(code: str, message: str, hint: str) -> _Builder:
    return lambda target, error: NeedsAttentionError(
        message.format(target=target, words=_words(error)), code=code, hint=hint
    )


def _refused_login(target: SFTPTarget, _: Exception) -> ConnectorError:
    return login_refused(target)


def login_refused(target: SFTPTarget) -> NeedsAttentionError:
    """Return the error for an account that is not let in."""
    who = f"{target.place} refused the login of {target.username}"
    if target.ssh_key and not target.password:
        return NeedsAttentionError(
            f"{who} with this SSH key.",
            code="KEY_REFUSED",
            hint="Add the key's public half to the account's authorized keys on the server. Check the user name, and "
            "that the server takes keys of this kind.",
        )
    offered = "both the SSH key and the password" if target.ssh_key else "this password"
    return NeedsAttentionError(
        f"{who} with {offered}.",
        code="AUTH_FAILED",
        hint="Check user name and password with whoever runs the server, correct them and test the connection.",
    )


def _refused_channel(target: SFTPTarget, error: Exception) -> ConnectorError:
    # asyncssh raises its own codes above 0xfffffff0 where the channel was opened but SFTP was not started in it.
    if isinstance(error, asyncssh.ChannelOpenError) and error.code >= 0xFFFFFFF0:
        return no_sftp(target)
    return session_limit(target.place, _words(error))


def _session_limit(target: SFTPTarget, error: Exception) -> ConnectorError:
    return session_limit(target.place, _words(error))


def _disconnected(target: SFTPTarget, error: Exception) -> ConnectorError:
    """Sort a disconnection by its words: servers use one code for quite different reasons."""
    words = _words(error)
    if tried_too_often(words):
        return login_refused(target)
    full = isinstance(error, asyncssh.DisconnectError) and error.code == asyncssh.DISC_TOO_MANY_CONNECTIONS
    return (_session_limit if full or too_many(words) else _LOST)(target, error)


def _protocol(target: SFTPTarget, error: Exception) -> ConnectorError:
    words = _words(error)
    of_ours = "banner" in words or "packet" in words  # what asyncssh counts, in words of its own
    own = tried_too_often(words) or (too_many(words) and not of_ours)
    return (_disconnected if own else _PROTOCOL)(target, error)


_LOST = _unavailable("CONNECTION_LOST", "The connection to {target.place} broke: {words}.")
_PROTOCOL = _unavailable(
    "PROTOCOL_ERROR",
    "{target.place} did not speak SFTP as it should: {words}.",
    "Check that host and port are those of the SFTP server.",
)
_INCOMPATIBLE = _attention(
    "SSH_INCOMPATIBLE",
    "{target.place} and OrderFlow found no common way to encrypt: {words}.",
    "The server is very old or very strict: have its SSH software updated, or its algorithms widened.",
)
_KEY = _attention(
    "KEY_UNREADABLE",
    "The SSH key for {target.place} cannot be opened: {words}.",
    "Check the passphrase, and paste the whole private key with its BEGIN and END lines, as OpenSSH or PEM (not .ppk).",
)
_CHANGED = _attention(
    "HOST_KEY_CHANGED",
    "{target.place} did not prove to be the server that was confirmed: {words}.",
    "Ask whoever runs the server whether its key changed; only then accept the new one.",
)

_COUNTERPARTS: tuple[tuple[type[Exception], _Builder], ...] = (
    (asyncssh.PermissionDenied, _refused_login),
    (asyncssh.IllegalUserName, _refused_login),
    (asyncssh.HostKeyNotVerifiable, _CHANGED),
    (asyncssh.KeyExchangeFailed, _INCOMPATIBLE),
    (asyncssh.ProtocolNotSupported, _INCOMPATIBLE),
    (asyncssh.ConnectionLost, _LOST),
    (asyncssh.ProtocolError, _protocol),
    (asyncssh.MACError, _PROTOCOL),
    (asyncssh.CompressionError, _PROTOCOL),
    (asyncssh.ServiceNotAvailable, _unavailable("SERVICE_UNAVAILABLE", "{target.place} is not ready: {words}.")),
    (asyncssh.DisconnectError, _disconnected),
    (asyncssh.ChannelOpenError, _refused_channel),
    (asyncssh.KeyEncryptionError, _KEY),
    (asyncssh.KeyImportError, _KEY),
    (MalformedError, _PROTOCOL),
    (PacketDecodeError, _PROTOCOL),
    (UnicodeDecodeError, _PROTOCOL),
    (socket.gaierror, _unavailable("HOST_UNKNOWN", "The host name {target.host} cannot be resolved.", HOST_UNKNOWN)),
    (UnicodeError, _unavailable("HOST_UNKNOWN", "{target.host} is not a host name.", HOST_UNKNOWN)),
    (ConnectionRefusedError, _unavailable("CONNECTION_REFUSED", "{target.place} refuses connections.", REFUSED)),
    (
        TimeoutError,
        _unavailable("TIMEOUT", "{target.place} did not answer within {target.connect_timeout:g} seconds.", SILENT),
    ),
    (ConnectionError, _LOST),
    (OSError, _unavailable("HOST_UNREACHABLE", "{target.place} cannot be reached: {words}.", SILENT)),
    (ValueError, lambda _, error: ConfigError(f"The SSH settings cannot be used: {_words(error)}.")),
    (asyncssh.Error, _LOST),
)


def key_unreadable(target: SFTPTarget, words: str) -> NeedsAttentionError:
    """Return the error for a key that is not opened."""
    return NeedsAttentionError(
        f"The SSH key for {target.place} cannot be opened: {words}.",
        code="KEY_UNREADABLE",
        hint="Protect the key with less work, or use one without a passphrase, and enter it again.",
    )


def no_sftp(target: SFTPTarget) -> NeedsAttentionError:
    """Return the error for an account that lets us in but does not speak SFTP."""
    return NeedsAttentionError(
        f"{target.place} let {target.username} in, but does not offer SFTP to this account.",
        code="SFTP_NOT_OFFERED",
        hint="Have SFTP switched on for the account; its shell's start-up files must not print anything.",
    )


def timed_out(target: SFTPTarget) -> UnavailableError:
    """Return the error for a request that was not answered in time."""
    return UnavailableError(
        f"{target.place} left a request unanswered for {target.timeout:g} seconds; the connection was given up.",
        code="TIMEOUT",
    )


def translate(target: SFTPTarget, error: Exception) -> ConnectorError:
    """Return our counterpart of an error."""
    if isinstance(error, ConnectorError):
        return error
    return next(build for kind, build in _COUNTERPARTS if isinstance(error, kind))(target, error)


@contextmanager
def translated(target: SFTPTarget) -> Iterator[None]:
    """Turn what the SSH library, the system or a malformed packet raises into our tree.

    Raises:
        ConnectorError: Named by what follows from it, in words for a person.
    """
    try:
        yield
    except (asyncssh.Error, OSError, ValueError, MalformedError) as error:
        raise translate(target, error) from error
