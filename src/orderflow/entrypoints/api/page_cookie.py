"""The page's session is a cookie that no script reads: one for all tabs, and for nobody else's page.

`SameSite=Lax`, `HttpOnly` and the prefix `__Host-` are those of draft-ietf-httpbis-rfc6265bis. To it sites are
the same whatever their port and subdomain, so what changes anything must also come from our own origin, as the browser
says (https://www.w3.org/TR/fetch-metadata/; the header `Origin` from one that is too old for that).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from orderflow.entrypoints.api.errors import ForbiddenError
from orderflow.entrypoints.api.session_tokens import LONGEST_SESSION, PAGE_LIFETIME, Claims

SECURE, PLAIN = "__Host-orderflow", "orderflow"
"""The cookie's name over HTTPS, which no other host of the domain can set, and on this machine."""

RENEWED_AFTER = timedelta(minutes=10)
"""A session slides by as much, so that few answers carry a cookie."""

_READING = {"GET", "HEAD", "OPTIONS"}


def token_in(request: Request) -> str | None:
    """Return the token that a browser keeps for our page.

    Raises:
        ForbiddenError: Another site's page had the browser send it.
    """
    token = request.cookies.get(SECURE) or (request.cookies.get(PLAIN) if _is_this_machine(_host(request)) else None)
    if token and request.method not in _READING:
        require_own_page(request)
    return token


def require_own_page(request: Request) -> None:
    """Raise ForbiddenError unless the browser says that our own page sends this."""
    site, origin = request.headers.get("sec-fetch-site"), _origin(request)
    secure = origin.scheme == "https" or _is_this_machine(origin.hostname)
    if site == "same-origin" or (site is None and secure and origin.netloc == request.headers.get("host")):
        return
    raise ForbiddenError(
        "A browser may only be used from OrderFlow's own page.",
        code="ORIGIN_REFUSED",
        hint="Open the page itself. Programs send a token or an API key instead of a cookie; a proxy must leave the "
        "headers Host, Origin and Sec-Fetch-Site as they are.",
    )


def is_secure(request: Request) -> bool:
    """Return whether the page came over HTTPS; by the browser's word, for a proxy may end TLS before us.

    Raises:
        ForbiddenError: It came over a network in the clear, where whoever listens could take the session over.
    """
    origin = _origin(request)
    if origin.scheme == "https":
        return True
    if origin.scheme == "http" and _is_this_machine(origin.hostname):
        return False
    raise ForbiddenError(
        "Nobody is signed in over plain HTTP: whoever listens could take the session over.",
        code="HTTPS_NEEDED",
        hint="Put a proxy with a certificate in front, as docs/operations.md says, or open the page on the server "
        "itself, at http://127.0.0.1.",
    )


def keep(answer: Response, token: str, *, secure: bool) -> None:
    """Have the browser keep a token."""
    _set(answer, token, LONGEST_SESSION, secure=secure)


def drop(answer: Response) -> None:
    """Have the browser forget what it keeps."""
    for secure in (True, False):
        _set(answer, "", 0, secure=secure)


def is_due(session: Claims) -> bool:
    """Return whether a session has to slide."""
    left = min(session.expires_at, session.ends_at) - datetime.now(UTC)
    return left < timedelta(seconds=PAGE_LIFETIME) - RENEWED_AFTER and session.expires_at < session.ends_at


def slide(request: Request, answer: Response, token: str) -> None:
    """Have the browser keep the next token of its session, under the name of the last."""
    keep(answer, token, secure=SECURE in request.cookies)


def _set(answer: Response, token: str, seconds: int, *, secure: bool) -> None:
    name = SECURE if secure else PLAIN
    answer.set_cookie(name, token, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _origin(request: Request) -> SplitResult:
    return _split(request.headers.get("origin", ""))


def _host(request: Request) -> str | None:
    return _split(f"//{request.headers.get('host', '')}").hostname


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # brackets that hold no address
        return urlsplit("")


def _is_this_machine(host: str | None) -> bool:
    if host is None or host == "localhost" or host.endswith(".localhost"):  # RFC 6761, section 6.3
        return host is not None
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
