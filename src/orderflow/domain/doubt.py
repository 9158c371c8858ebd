"""Whether anything was sent or done, decided from what a connector raised and what it was handling when it did.

`except Exception as e: raise ConnectorError(…)` says "try again" about a lost answer as well as about a connection
that never came to be. So the exception that was being handled decides: where it shows that no connection was made,
nothing was sent; anything else leaves the order in doubt. Libraries are told by the names of their classes, so that
none is needed.

A library that follows a redirect or tries again by itself sends more than one request in one call, and only the last
fails with what we see. The exception's own frames tell: where an earlier request may have been taken, it is doubt.

Sources: the exceptions of httpx and httpcore (python-httpx.org/exceptions), of requests and urllib3
(urllib3.readthedocs.io, reference/urllib3.exceptions), of http.client, socket and ssl (docs.python.org).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import FrameType

from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)

_CLEAR = (UnavailableError, NeedsAttentionError, RejectedError, LeaseEndingError)
"""They say what happened whatever they were raised from."""

_NEVER_CONNECTED = {
    "builtins": {"ConnectionRefusedError"},
    "socket": {"gaierror"},
    "ssl": {"SSLCertVerificationError"},
}
_NEVER_CONNECTED_BY_NAME = {
    "httpx": {"ConnectError", "ConnectTimeout", "PoolTimeout"},
    "httpcore": {"ConnectError", "ConnectTimeout", "PoolTimeout"},
    "requests": {"ConnectTimeout"},
    "urllib3": {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"},
    "http": {"NotConnected"},
}
_PASSES_ON_BY_NAME = {
    "requests": {"ConnectionError", "SSLError", "ProxyError"},
    "urllib3": {"MaxRetryError", "SSLError", "ProxyError"},
    "urllib": {"URLError"},
}
"""As sure as what they were raised from."""

_FOLLOWS_REDIRECTS = {("requests.sessions", "resolve_redirects"), ("urllib.request", "http_error_302")}
"""Functions that send a further request, in the words of an answer to the first."""


def sorted_out(error: ConnectorError) -> ConnectorError:
    """Return how an attempt ended that `export` ended with `error`: an InDoubtError where it hides doubt."""
    if isinstance(error, InDoubtError):
        return _nothing_done(error) if error.nothing_done else error
    return error if nothing_was_done(error) else _in_doubt(error)


def nothing_was_done(error: BaseException) -> bool:
    """Return whether `error` shows that the target did nothing; False is doubt."""
    if not isinstance(error, ConnectorError):
        return _never_connected(error)
    if error.nothing_done is not None:
        return error.nothing_done
    if isinstance(error, _CLEAR):
        return True
    if isinstance(error, InDoubtError):
        return False
    return all(nothing_was_done(handled) for handled in _handled(error))


def _never_connected(error: BaseException) -> bool:
    """Return whether no connection was made, by this exception and by each that it was raised from.

    Each of them counts: who tries again by himself may have had an answer lost before the connection was refused.
    """
    if any(_sent_before(frame) for frame, _ in traceback.walk_tb(error.__traceback__)):
        return False
    below = list(_handled(error))
    if _named(error, _PASSES_ON_BY_NAME):
        return bool(below) and all(map(nothing_was_done, below))
    if _named(error, _NEVER_CONNECTED_BY_NAME):
        return all(_says_why(inner) or nothing_was_done(inner) for inner in below)
    return _named(error, _NEVER_CONNECTED) and all(map(nothing_was_done, below))


def _sent_before(frame: FrameType) -> bool:
    """Return whether a library's function was at a further request after one that may have been taken."""
    module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_name
    if module.startswith("httpx.") and function == "_send_handling_redirects":
        return bool(frame.f_locals.get("history"))
    if module.startswith("urllib3.") and function == "urlopen":
        tried = getattr(frame.f_locals.get("retries"), "history", None) or ()
        return any(not _named(one.error, _NEVER_CONNECTED_BY_NAME) for one in tried)
    return (module, function) in _FOLLOWS_REDIRECTS


def _says_why(error: BaseException) -> bool:
    """Return whether it is the system's own error below a library's that says that there was no connection."""
    systems_own = isinstance(error, OSError) and _library(error) in ("builtins", "socket", "ssl")
    return systems_own and all(_says_why(inner) or nothing_was_done(inner) for inner in _handled(error))


def _handled(error: BaseException) -> Iterator[BaseException]:
    """Yield what was being handled when `error` was raised, also `from None`, and what it carries as its reason."""
    seen: list[BaseException] = []
    for inner in (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException) and not any(inner is one for one in seen):
            seen.append(inner)
            yield inner


def _named(error: BaseException | None, names: dict[str, set[str]]) -> bool:
    return type(error).__name__ in names.get(_library(error), ())


def _library(error: BaseException | None) -> str:
    return type(error).__module__.partition(".")[0]


def _in_doubt(error: ConnectorError) -> InDoubtError:
    own_code = None if error.code in (ConnectorError.code, TransientError.code) else error.code
    return InDoubtError(
        error.message, code=own_code, details=error.details, retry_after=error.retry_after, rests_for=error.rests_for
    )


def _nothing_done(error: InDoubtError) -> TransientError:
    return TransientError(
        error.message, code=error.code, details=error.details, retry_after=error.retry_after, rests_for=error.rests_for
    )
