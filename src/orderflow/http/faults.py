"""Whatever goes wrong on the way, named by what follows from it; the table stands in `client`."""

from __future__ import annotations

import ssl

import httpx

from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, UnavailableError
from orderflow.http.transport import Call
from orderflow.net.addresses import HOST_UNKNOWN, REFUSED, SILENT
from orderflow.net.deadline import DeadlineError, TooMuchError

CHECK_URL = "Correct the URL in the connection, then test it."


def fault_of(error: Exception, name: str, url: str, call: Call, *, changes: bool) -> ConnectorError:
    """Name what a failed call means by what follows from it."""
    if fault := tls_fault(error, begun=call.begun):
        return fault_of_tls(name, fault)
    if isinstance(error, httpx.ProxyError):
        return _fault_of_proxy(str(error))
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | UnicodeError) or (
        isinstance(error, httpx.LocalProtocolError | ValueError) and not call.begun
    ):
        return NeedsAttentionError(
            f"{name} cannot be asked: its URL or a header is none that can be sent.",
            code="WRONG_REQUEST",
            hint=CHECK_URL,
        )
    if not call.begun:
        return _unreachable(name, url, error, call)
    what = "sent more than is read" if isinstance(error, TooMuchError) else _how_it_ended(error, call)
    if changes:
        return InDoubtError(f"{name} {what}; whether it took the order is unknown.", code="ANSWER_LOST")
    return UnavailableError(f"{name} {what}.")


def redirected_elsewhere(name: str, target: httpx.URL) -> NeedsAttentionError:
    """Return the error for a server that sends us to another one."""
    return NeedsAttentionError(
        f"{name} sends us to another server, {target.scheme}://{target.host}; OrderFlow does not go there.",
        code="REDIRECT_ELSEWHERE",
        hint="If that is right, give it as the connection's URL, then test it.",
    )


def _how_it_ended(error: Exception, call: Call) -> str:
    if call.deadline.passed or isinstance(error, httpx.TimeoutException | DeadlineError):
        return f"gave no answer in time ({call.deadline.seconds:g} seconds)"
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error):
        return "answered with something that is no HTTP, or broke off within it"
    return "broke the connection off"


def _unreachable(name: str, url: str, error: Exception, call: Call) -> UnavailableError:
    host = httpx.URL(url).host
    if isinstance(error, httpx.PoolTimeout):
        return UnavailableError(f"{name} has no connection free: its other requests take too long.")
    if call.deadline.passed or isinstance(error, httpx.TimeoutException | DeadlineError):
        return UnavailableError(f"{name} does not answer at {host}.", hint=SILENT)
    cause = _os_error(error)
    if cause is not None and cause.errno is not None and cause.errno < 0:  # of getaddrinfo
        return UnavailableError(f"There is no host called {host}.", hint=HOST_UNKNOWN)
    return UnavailableError(f"{name} cannot be reached at {host}.", hint=REFUSED)


def _os_error(error: BaseException | None) -> OSError | None:
    while error is not None:
        if isinstance(error, OSError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _fault_of_proxy(said: str) -> ConnectorError:
    """Name what a proxy said instead of letting us through; nothing was sent."""
    if said.startswith("407"):
        return NeedsAttentionError(
            "The proxy on the way asks for a sign-in.",
            code="PROXY_AUTH",
            hint="Give user and password in HTTPS_PROXY of this machine's environment, or have it let us through.",
        )
    return UnavailableError(f"The proxy on the way does not lead there ({said or 'no reason given'}).")


_CERTIFICATE_ALERTS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
"""In the names of OpenSSL's reasons: what the other side says of our certificate, perhaps after the handshake."""

_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
    "UNKNOWN_PROTOCOL",
)
_OLD = (
    "UNSUPPORTED_PROTOCOL",
    "PROTOCOL_VERSION",
    "LEGACY",
    "TOO_WEAK",
    "TOO_SMALL",
    "NO_CIPHERS",
    "HANDSHAKE_FAILURE",
)
_NOBODY_VOUCHES = (
    "Give the certificate of its authority (CA) in the connection, or have the server use one that this machine "
    "trusts; then test it."
)
_OTHER_NAME = "Have the URL name the host that the certificate is for, or have the server use one for this host."
_TO_MEND = {
    9: "Check this machine's clock, or wait until the server's certificate begins to count.",
    10: "Have the server's certificate renewed; then test the connection.",
    62: _OTHER_NAME,
    64: _OTHER_NAME,
}
"""What to do by the code of OpenSSL's verification: not yet valid, expired, another name, another address."""

_ENDS = ("EOF", "SHUTDOWN", "CLOSED")


def tls_fault(error: BaseException | None, *, begun: bool) -> ssl.SSLError | None:
    """Return what TLS found wrong, if that is why a request failed and proves that nothing was done.

    Args:
        begun: Bytes of the request have left, so that only a refused certificate proves it.
    """
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        if isinstance(error, ssl.SSLError) and (reason := error.reason or ""):
            proves = _CERTIFICATE_ALERTS if begun else ("",)
            if any(part in reason for part in proves) and not any(part in reason for part in _ENDS):
                return error
        error = error.__cause__ or error.__context__
    return None


def fault_of_tls(name: str, error: ssl.SSLError) -> NeedsAttentionError:
    """Return the error that says which side asked for what."""
    reason = error.reason or ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return NeedsAttentionError(
            f"No trusted connection to {name}: {error.verify_message.rstrip('.')}.",
            code="TLS_CERTIFICATE",
            hint=_TO_MEND.get(error.verify_code, _NOBODY_VOUCHES),
        )
    if any(part in reason for part in _NOT_TLS):
        return NeedsAttentionError(
            f"No trusted connection to {name}: it speaks no TLS at this address.",
            code="TLS_MISSING",
            hint="Check the port, and whether the URL should begin with http://.",
        )
    if any(part in reason for part in _OLD) and "CERTIFICATE" not in reason:
        perhaps = ", or ask for a client certificate" if "HANDSHAKE_FAILURE" in reason else ""
        return NeedsAttentionError(
            f"No trusted connection to {name}: it and OrderFlow have no TLS in common ({_plain(reason)}). It may know "
            f"only TLS 1.0 or 1.1, or old ciphers{perhaps}.",
            code="TLS_TOO_OLD",
            hint="Have the server offer TLS 1.2 or 1.3"
            f"{', or give the client certificate that it asks for' if perhaps else ''}; then test the connection.",
        )
    return NeedsAttentionError(
        f"No trusted connection to {name}: it does not accept our certificate ({_plain(reason)}).",
        code="TLS_CERTIFICATE",
        hint="Give the client certificate and key that it asks for in the connection, then test it.",
    )


def _plain(reason: str) -> str:
    return reason.lower().replace("_", " ")
