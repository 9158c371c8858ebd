"""Who we are, said to the API: a header, a parameter, an access token, or a signature."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from orderflow.channels.http.api import Api, Outgoing
from orderflow.domain.errors import ConnectorError, NeedsAttentionError, UnavailableError
from orderflow.http import Answer, UnreadableError, webhook_signature
from orderflow.http.sorting import BUSY, busy

EARLY = 30.0
"""Seconds before its end at which an access token is fetched anew."""


def send_signed(api: Api, outgoing: Outgoing, message_id: str, *, changes: bool) -> Answer:
    """Send a request in the connection's name; an access token that the API refuses is fetched anew, once.

    Args:
        message_id: The same for every attempt at the same thing; part of a signature.
        changes: The request changes something.

    Raises:
        ConnectorError: As `Api.exchange`, or because no access token could be had.
    """
    if api.settings.auth != "oauth2":
        return api.exchange(_signed(api, outgoing, message_id), changes=changes)
    token = access_token(api)
    answer = api.exchange(_with(outgoing, "Authorization", f"Bearer {token}"), changes=changes)
    if answer.status == 401:  # it did nothing for somebody whom it does not know
        token = access_token(api, refused=token)
        answer = api.exchange(_with(outgoing, "Authorization", f"Bearer {token}"), changes=changes)
    return answer


def _signed(api: Api, outgoing: Outgoing, message_id: str) -> Outgoing:
    settings = api.settings
    match settings.auth:
        case "basic":
            return _with(outgoing, "Authorization", basic(settings.username or "", _open(settings.password)))
        case "bearer":
            return _with(outgoing, "Authorization", f"Bearer {_open(settings.token)}")
        case "api_key" if settings.api_key_in == "header":
            return _with(outgoing, settings.api_key_name, _open(settings.api_key))
        case "api_key":
            join = "&" if "?" in outgoing.url else "?"
            url = f"{outgoing.url}{join}{urlencode({settings.api_key_name: _open(settings.api_key)})}"
            return replace(outgoing, url=url)
        case "hmac":
            return replace(outgoing, headers=outgoing.headers | signature(settings.hmac_secret, outgoing, message_id))
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


def access_token(api: Api, refused: str | None = None) -> str:
    """Return an access token: the one at hand, or a new one if that has ended or was `refused`.

    Raises:
        ConnectorError: None could be had; nothing was sent to the API itself.
    """
    with api.token.lock:
        if api.token.held is not None:
            token, ends = api.token.held
            if token != refused and time.monotonic() < ends:
                return token
        api.token.held = _fetch_token(api)
        api.token.given.append(api.token.held[0])
        return api.token.held[0]


def _fetch_token(api: Api) -> tuple[str, float]:
    """Ask for a token by client credentials; any 2xx with a token is one. Source: RFC 6749, section 4.4."""
    asked_at = time.monotonic()
    try:
        answer = api.exchange(_token_request(api), changes=False)
    except UnavailableError as error:
        raise UnavailableError(
            f"The token server gave no access token: {error.message}", code="TOKEN_UNAVAILABLE"
        ) from None
    granted = _granted(answer)
    token = granted.get("access_token")
    if answer.ok and isinstance(token, str) and token and token.isascii() and token.isprintable():
        return token, asked_at + max(_seconds(granted.get("expires_in")) - EARLY, 1.0)
    raise _token_error(api, answer)


def _token_request(api: Api) -> Outgoing:
    settings = api.settings
    form = {"grant_type": "client_credentials"} | ({"scope": settings.scope} if settings.scope else {})
    form |= settings.token_parameters
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    client, secret = settings.client_id or "", _open(settings.client_secret)
    if settings.client_auth == "basic":
        headers["Authorization"] = basic(quote(client, safe=""), quote(secret, safe=""))
    else:
        form |= {"client_id": client, "client_secret": secret}
    return Outgoing("POST", settings.token_url or "", headers, urlencode(form).encode())


def _token_error(api: Api, answer: Answer) -> ConnectorError:
    said = api.redactor.text(answer.words).rstrip(".")
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
