"""What the words of an FTP server mean (RFC 959, 4.2), as errors for a person; each quotes the server.

Codes are shared by quite different refusals, so that the words decide where they are clear: `530` may be a wrong
password, a limit of sessions, or a server that wants TLS first.
"""

from __future__ import annotations

import ftplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from orderflow.channels.ftp.target import FTPTarget
from orderflow.channels.limits import session_limit, too_many, tried_too_often
from orderflow.domain.errors import (
    ConfigError,
    ConnectorError,
    NeedsAttentionError,
    TransientError,
    UnavailableError,
)
from orderflow.net.addresses import HOST_UNKNOWN, REFUSED, SILENT

_FULL = re.compile(r"no space|quota|disk.{0,200}full|full disk|insufficient", re.IGNORECASE)
_WANTS_TLS = re.compile(r"\b(ssl|tls|encrypt\w*|secure|ftps|verschl)", re.IGNORECASE)
_VERSION = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS", "WRONG_SSL_VERSION")
_NO_CIPHER = ("HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "INSUFFICIENT_SECURITY", "KEY_TOO_SMALL", "DH_KEY")


def code_of(error: BaseException) -> int:
    """Return the reply's code; 0 if there is none."""
    first = str(error)[:3]
    return int(first) if first.isdigit() else 0


def words_of(target: FTPTarget, error: BaseException) -> str:
    """Return what the server said as one short printable line; a password that it echoes is left out."""
    text = str(error)
    if target.password:
        text = text.replace(target.password, "…")
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:200]


def is_fatal(error: BaseException) -> bool:
    """Return whether a session is of no use any more after this error."""
    return not isinstance(error, ftplib.error_perm | ftplib.error_temp) or code_of(error) in (421, 530)


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


def login_refused(target: FTPTarget, error: ftplib.Error) -> ConnectorError:
    """Return our counterpart of a refusal to let us in."""
    words, code = words_of(target, error), code_of(error)
    if too_many(words):
        return session_limit(target.place, words)
    if not target.tls and _WANTS_TLS.search(words):
        return _tls_required(target, words)
    if code == 421 and not tried_too_often(words):
        return session_limit(target.place, words)
    if isinstance(error, ftplib.error_perm) or code in (421, 430):
        return NeedsAttentionError(
            f"{target.place} refused the login of {target.username} with this password ({words}).",
            code="AUTH_FAILED",
            hint="Check user name and password with whoever runs the server, correct them and test the connection.",
        )
    return session_error(target, error)


def turned_away(target: FTPTarget, error: ftplib.Error) -> ConnectorError:
    """Return our counterpart of a refusal before anybody signed in."""
    reason = login_refused(target, error)
    if reason.code != "AUTH_FAILED":
        return reason
    return NeedsAttentionError(
        f"{target.place} turned us away before the sign-in ({words_of(target, error)}).",
        code="PERMISSION_DENIED",
        hint="Have the server let this machine in, then test the connection.",
    )


def _tls_required(target: FTPTarget, words: str) -> NeedsAttentionError:
    return NeedsAttentionError(
        f"{target.place} lets nobody in without TLS ({words}).",
        code="TLS_REQUIRED",
        hint="Choose the kind ftps for this connection, then test it.",
    )


def tls_not_offered(target: FTPTarget, error: ftplib.Error) -> NeedsAttentionError:
    """Return the error for a server that refuses AUTH TLS or PROT P."""
    return NeedsAttentionError(
        f"{target.place} does not offer TLS ({words_of(target, error)}).",
        code="TLS_NOT_OFFERED",
        hint="Have explicit TLS (AUTH TLS, PROT P) switched on at the server.",
    )


def tls_failed(target: FTPTarget, error: ssl.SSLError) -> ConnectorError:
    """Return our counterpart of a TLS handshake that failed, with who asked for what."""
    reason = (error.reason or "").upper()
    if isinstance(error, ssl.SSLCertVerificationError):
        return NeedsAttentionError(
            f"{target.place} did not prove to be {target.host}: {error.verify_message.rstrip('.')}.",
            code="CERTIFICATE_UNTRUSTED",
            hint="Have the server's certificate mended, or enter the certificate of the authority that signed it.",
        )
    said = reason.replace("_", " ").lower() or "the connection was closed"
    if "CERTIFICATE" in reason:  # the server's word about ours
        return NeedsAttentionError(
            f"{target.place} asks for a client certificate ({said}), and OrderFlow has none for FTPS.",
            code="TLS_INCOMPATIBLE",
            hint="Have the server let this account in by its password alone.",
        )
    if is_about_version(error):
        return NeedsAttentionError(
            f"{target.place} takes neither TLS 1.2 nor TLS 1.3 ({said}).",
            code="TLS_VERSION",
            hint="Have TLS 1.2 or 1.3 switched on at the server; older versions are not safe and not spoken here.",
        )
    if any(part in reason for part in _NO_CIPHER):
        return NeedsAttentionError(
            f"{target.place} and OrderFlow found no common way to encrypt over TLS ({said}).",
            code="TLS_INCOMPATIBLE",
            hint="Have the server's certificate, keys and ciphers brought up to date (RSA 2048 or ECDSA, AES-GCM). If "
            "it asks for a client certificate, have it let this account in by its password alone.",
        )
    return UnavailableError(f"TLS with {target.place} broke off ({said}).", code="CONNECTION_LOST")


def is_about_version(error: BaseException) -> bool:
    """Return whether a TLS handshake failed because the server takes other versions."""
    reason = (error.reason or "").upper() if isinstance(error, ssl.SSLError) else ""
    return any(part in reason for part in _VERSION)


def session_error(target: FTPTarget, error: Exception) -> ConnectorError:
    """Return our counterpart of an error that ends a session, or kept it from beginning."""
    place = target.place
    match error:
        case ssl.SSLError():
            return tls_failed(target, error)
        case ftplib.error_temp() if code_of(error) == 421:
            return session_limit(place, words_of(target, error))
        case socket.gaierror():
            return _host_unknown(target)
        case UnicodeError():  # only names that we send are encoded strictly; what comes is taken as it is
            return ConfigError("A path or a name cannot be sent over FTP: it is not text.")
        case ConnectionRefusedError():
            return UnavailableError(f"{place} refuses connections.", code="CONNECTION_REFUSED", hint=REFUSED)
        case TimeoutError():
            return UnavailableError(f"{place} left a request unanswered.", code="TIMEOUT", hint=SILENT)
        case ftplib.Error():
            words = words_of(target, error)
            return UnavailableError(f"{place} did not speak FTP as it should ({words}).", code="PROTOCOL_ERROR")
        case OSError() | EOFError():
            return UnavailableError(f"The connection to {place} broke.", code="CONNECTION_LOST")
    return ConfigError("A path or a name cannot be sent over FTP: it holds a line break.")


def _host_unknown(target: FTPTarget) -> UnavailableError:
    return UnavailableError(f"The host name {target.host} cannot be resolved.", code="HOST_UNKNOWN", hint=HOST_UNKNOWN)


def refused(target: FTPTarget, path: str, error: ftplib.Error, *, folder_there: bool) -> ConnectorError:
    """Return our counterpart of a refusal that concerns one file."""
    code, words = code_of(error), words_of(target, error)
    if code in (452, 552) or _FULL.search(words):
        return NeedsAttentionError(
            f"{target.place} has no room left for {path} ({words}).",
            code="DISK_FULL",
            hint="Free some space or raise the quota on the server, then test the connection.",
        )
    if not folder_there:
        return NeedsAttentionError(
            f"The folder {path.rpartition('/')[0] or '/'} does not exist on {target.place} ({words}).",
            code="FOLDER_MISSING",
            hint="Create the folder on the server, or correct the path in the connection, then test the connection.",
        )
    if not target.tls and code in (522, 534, 550) and _WANTS_TLS.search(words):
        return _tls_required(target, words)
    if code in (532, 550, 553):
        return NeedsAttentionError(
            f"{target.username} may not do this on {target.place}: {path} ({words}).",
            code="PERMISSION_DENIED",
            hint="Have the account's rights on this folder corrected on the server, then test the connection.",
        )
    return TransientError(f"{target.place} could not do this: {path} ({words}).", code="FTP_FAILURE")
