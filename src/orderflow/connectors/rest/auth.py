"""Who we are, said to the API: a header, a parameter, an access token, or a signature."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from pydantic import SecretStr

from orderflow.connectors.rest.session import Answer, Outgoing, Session
from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, TransientError, UnavailableError
from orderflow.notices import webhook_signature

EARLY = 30.0
"""Seconds before its end at which an access token is fetched anew."""


def send_signed(session: Session, outgoing: Outgoing, message_id: str) -> Answer:
    """Send a request in the connection's name; an access token that the API refuses is fetched anew, once.

    Args:
        message_id: The same for every attempt at the same thing; part of a signature.

    Raises:
        ConnectorError: As `Session.send`, or because no access token could be had.
    """
    if session.config.auth != "oauth2":
        return session.send(_signed(session, outgoing, message_id))
    token = access_token(session)
    answer = session.send(_with(outgoing, "Authorization", f"Bearer {token}"))
    if answer.status == 401:
        token = access_token(session, refused=token)
        answer = session.send(_with(outgoing, "Authorization", f"Bearer {token}"))
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


def sent_secrets(session: Session) -> list[str]:
    """Return every form in which the connection's secrets may have been sent, the longest first."""
    config = session.config
    values = [getattr(config, name) for name in type(config).model_fields]
    secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    if session.token.held is not None:
        secrets.append(session.token.held[0])
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""), urlencode({"": secret})[1:])}
    forms |= {basic(user or "", secret)[6:] for user in (config.username, config.client_id) for secret in secrets}
    return sorted((form for form in forms if len(form) > 3), key=len, reverse=True)


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
        return session.token.held[0]


def _fetch_token(session: Session) -> tuple[str, float]:
    """Ask for a token by client credentials. Source: RFC 6749, section 4.4."""
    asked_at = time.monotonic()
    try:
        answer = session.send(_token_request(session))
    except InDoubtError as error:
        raise UnavailableError(f"The token server did not answer: {error.message}", code="TOKEN_UNAVAILABLE") from None
    granted = _granted(answer)
    token = granted.get("access_token")
    if answer.status == 200 and isinstance(token, str) and token:
        return token, asked_at + max(_seconds(granted.get("expires_in")) - EARLY, 1.0)
    raise _token_error(answer, granted)


def _token_request(session: Session) -> Outgoing:
    config = session.config
    form = {"grant_type": "client_credentials"} | ({"scope": config.scope} if config.scope else {})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    client, secret = config.client_id or "", _open(config.client_secret)
    if config.client_auth == "basic":
        headers["Authorization"] = basic(quote(client, safe=""), quote(secret, safe=""))
    else:
        form |= {"client_id": client, "client_secret": secret}
    return Outgoing("POST", config.token_url or "", headers, urlencode(form).encode())


def _token_error(answer: Answer, granted: dict[str, Any]) -> ConnectorError:
    said = str(granted.get("error_description") or granted.get("error") or f"status {answer.status}")[:300]
    if answer.status == 429 or answer.status >= 500:
        return TransientError(f"The token server is not ready: {said}.", code="TOKEN_UNAVAILABLE")
    return NeedsAttentionError(
        f"The token server gives no access token: {said}.",
        code="AUTH_FAILED",
        hint="Check token URL, client, client secret and scope, then test the connection.",
    )


def _granted(answer: Answer) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(answer.content or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError):
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
