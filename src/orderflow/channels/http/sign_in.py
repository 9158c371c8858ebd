"""Who we are, said to the API: a header, a parameter, an access token, or a signature."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from orderflow.connectors.rest.session import Outgoing, Session
from orderflow.domain.errors import ConnectorError, NeedsAttentionError, UnavailableError
from orderflow.http import Answer, UnreadableError
from orderflow.http.sorting import BUSY, busy
from orderflow.notices import webhook_signature

EARLY = 30.0
"""Seconds before its end at which an access token is fetched anew."""


def send_signed(session: Session, outgoing: Outgoing, message_id: str, *, changes: bool) -> Answer:
    """Send a request in the connection's name; an access token that the API refuses is fetched anew, once.

    Args:
        message_id: The same for every attempt at the same thing; part of a signature.
        changes: The request changes something.

    Raises:
        ConnectorError: As `Session.send`, or because no access token could be had.
    """
    if session.config.auth != "oauth2":
        return session.send(_signed(session, outgoing, message_id), changes=changes)
    token = access_token(session)
    answer = session.send(_with(outgoing, "Authorization", f"Bearer {token}"), changes=changes)
    if answer.status == 401:  # it did nothing for somebody whom it does not know
        token = access_token(session, refused=token)
        answer = session.send(_with(outgoing, "Authorization", f"Bearer {token}"), changes=changes)
    return answer


def _signed(session: Session, outgoing: Outgoing, message_id: str) -> Outgoing:
    config = session.config
    match config.auth:
        case "basic":
            return _with(outgoing, "Authorization", basic(config.username or "", _open(config.password)))
        case "bearer":
            return _with(outgoing, "Authorization", f"Bearer {_open(config.token)}")
        case "api_key" if config.api_key_in == "header":
            return _with(outgoing, config.api_key_name, _open(config.api_key))
        case "api_key":
            join = "&" if "?" in outgoing.url else "?"
            url = f"{outgoing.url}{join}{urlencode({config.api_key_name: _open(config.api_key)})}"
            return replace(outgoing, url=url)
        case "hmac":
            return replace(outgoing, headers=outgoing.headers | signature(config.hmac_secret, outgoing, message_id))
        case _:
            return outgoing


def basic(user: str, password: str) -> str:
    """Return the value of an `Authorization` header. Source: RFC 7617."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def signature(secret: SecretStr | None, outgoing: Outgoing, message_id: str) -> dict[str, str]:
    """Return the headers of a signed message. Source: https://www.standardwebhooks.com."""
    key = base64.b64decode(_open(secret).removeprefix(webhook_signature.SECRET_PREFIX))
    moment = int(time.time())
    mark = webhook_signature.signature(key, message_id, moment, outgoing.content)
    return {"webhook-id": message_id, "webhook-timestamp": str(moment), "webhook-signature": mark}


def access_token(session: Session, refused: str | None = None) -> str:
    """Return an access token: the one at hand, or a new one if that has ended or was `refused`.

    Raises:
        ConnectorError: None could be had; nothing was sent to the API itself.
    """
    with session.token.lock:
        if session.token.held is not None:
            token, ends = session.token.held
            if token != refused and time.monotonic() < ends:
                return token
        session.token.held = _fetch_token(session)
        session.token.given.append(session.token.held[0])
        return session.token.held[0]


def _fetch_token(session: Session) -> tuple[str, float]:
    """Ask for a token by client credentials; any 2xx with a token is one. Source: RFC 6749, section 4.4."""
    asked_at = time.monotonic()
    try:
        answer = session.send(_token_request(session), changes=False)
    except UnavailableError as error:
        raise UnavailableError(
            f"The token server gave no access token: {error.message}", code="TOKEN_UNAVAILABLE"
        ) from None
    granted = _granted(answer)
    token = granted.get("access_token")
    if answer.ok and isinstance(token, str) and token and token.isascii() and token.isprintable():
        return token, asked_at + max(_seconds(granted.get("expires_in")) - EARLY, 1.0)
    raise _token_error(session, answer)


def _token_request(session: Session) -> Outgoing:
    config = session.config
    form = {"grant_type": "client_credentials"} | ({"scope": config.scope} if config.scope else {})
    form |= config.token_parameters
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    client, secret = config.client_id or "", _open(config.client_secret)
    if config.client_auth == "basic":
        headers["Authorization"] = basic(quote(client, safe=""), quote(secret, safe=""))
    else:
        form |= {"client_id": client, "client_secret": secret}
    return Outgoing("POST", config.token_url or "", headers, urlencode(form).encode())


def _token_error(session: Session, answer: Answer) -> ConnectorError:
    said = session.redactor.text(answer.words).rstrip(".")
    if answer.status in BUSY:
        return busy(answer, "The token server", said)
    if answer.status >= 500:
        return UnavailableError(
            f"The token server is not ready (status {answer.status}): {said}.", code="TOKEN_UNAVAILABLE"
        )
    return NeedsAttentionError(
        f"The token server gives no access token (status {answer.status}): {said}.",
        code="AUTH_FAILED",
        hint="Check token URL, client, client secret, scope and further parameters, then test the connection.",
    )


def _granted(answer: Answer) -> dict[str, Any]:
    try:
        value = answer.json()
    except UnreadableError:
        return {}
    return value if isinstance(value, dict) else {}


def _seconds(value: Any) -> float:
    try:
        return min(float(value), 86_400.0)
    except (TypeError, ValueError):
        return 300.0  # RFC 6749 leaves it to the server to say; this is short enough for any


def _with(outgoing: Outgoing, name: str, value: str) -> Outgoing:
    return replace(outgoing, headers=outgoing.headers | {name: value})


def _open(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
