"""Access tokens of OAuth2 by client credentials: a secret, or an assertion that a private key signs.

Source: RFC 6749, sections 2.3.1 and 4.4; RFC 7523; for the certificate's thumbprint
https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlencode
from uuid import uuid4

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from orderflow.domain.errors import ConfigError, UnavailableError
from orderflow.domain.port_redaction import redactor_for
from orderflow.http.answer import Answer, UnreadableError, words_of
from orderflow.http.sign_in import NO_SIGN_IN, Held, Outgoing, SignIn, Way, basic, not_let_in
from orderflow.http.tls import client_key
from orderflow.net.private_keys import mended

EARLY = 30.0
"""Seconds before its end at which an access token is fetched anew, or half of its time if that is less."""

LONGEST_TOKEN = 16_384
"""Characters; a longer one would be refused by most servers, as if the order were at fault."""

LONGEST = 86_400.0
"""Seconds for which a token is kept at most, whatever its server says."""

UNSAID = 300.0
"""Seconds for which one is kept whose server does not say. RFC 6749 leaves it open; this is short enough for any."""

ASSERTION_LASTS = 300
"""Seconds for which an assertion is good; token servers take 5 to 10 minutes at most."""

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SERVER = "The token server"
_HINT = "Check token URL, client, its secret or key, scope and further parameters, then test the connection."
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class Assertion:
    """Proves who the client is by its private key, which never leaves (`private_key_jwt`). Source: RFC 7523, section 3.

    Args:
        key: Private, RSA or EC, in PEM.
        certificate: The key's, in PEM; its thumbprint says which one it is (`x5t`, `x5t#S256`), as Entra wants.
        key_id: The key's name at the token server (`kid`).
        passphrase: The key's, if it has one.

    Raises:
        ConfigError: The key or the certificate cannot be used.
    """

    def __init__(
        self, key: str, certificate: str | None = None, key_id: str | None = None, passphrase: str | None = None
    ) -> None:
        self._key: Any = client_key(mended(key), passphrase)
        self._algorithm = _algorithm_for(self._key)
        self._head = _thumbprints(certificate) | ({"kid": key_id} if key_id else {})

    def made(self, client: str, audience: str) -> str:
        """Return an assertion of its own for one request.

        Args:
            audience: The token server's URL.
        """
        now = int(time.time())
        claims = {
            "iss": client,
            "sub": client,
            "aud": audience,
            "jti": str(uuid4()),
            "iat": now,
            "nbf": now,
            "exp": now + ASSERTION_LASTS,
        }
        return jwt.encode(claims, self._key, self._algorithm, self._head)


class ClientCredentials(SignIn):
    """An access token, fetched anew before it ends, and once where the API refuses it (401).

    Args:
        url: The token server's.
        client, secret: Who asks; without a secret, `assertion` proves it.
        scope: If the API wants one.
        audience: For which API the token is, where the token server asks for that; a parameter of the request.
        parameters: Further ones.
        by: Whether client and secret go into an `Authorization` header or into the request's body.
    """

    def __init__(
        self,
        url: str,
        client: str,
        secret: str | None = None,
        *,
        scope: str | None = None,
        audience: str | None = None,
        parameters: Mapping[str, str] | None = None,
        by: Literal["basic", "body"] = "basic",
        assertion: Assertion | None = None,
    ) -> None:
        if (secret is None) == (assertion is None):
            raise ValueError("A client proves who it is by a secret or by an assertion: give one of them.")
        self._url, self._client, self._secret, self._by, self._assertion = url, client, secret, by, assertion
        asked = {"grant_type": "client_credentials", "scope": scope, "audience": audience, **(parameters or {})}
        self._form = {name: value for name, value in asked.items() if value}
        self._tokens: Held[str] = Held("access token")

    def sign(self, outgoing: Outgoing, way: Way) -> Outgoing:
        """Add the access token."""
        return outgoing.with_header("Authorization", f"Bearer {self._token(way)}")

    def get_ready(self, way: Way) -> None:
        """Get an access token if there is none at hand."""
        self._token(way)

    def ended(self, signed: Outgoing, answer: Answer) -> bool:
        """Return whether the API refused the token: it did nothing for somebody whom it does not know."""
        if answer.status != 401:
            return False
        self._tokens.forget(lambda token: signed.headers.get("Authorization") == f"Bearer {token}")
        return True

    def got(self) -> list[str]:
        """Return the access tokens."""
        return list(self._tokens.got())

    def secrets(self) -> list[str]:
        """Return the client's secret."""
        return [self._secret] if self._secret else []

    def users(self) -> list[str]:
        """Return the client."""
        return [self._client]

    def _token(self, way: Way) -> str:
        return self._tokens.get(lambda: self._fetch(way), way)

    def _fetch(self, way: Way) -> tuple[str, float]:
        """Ask for a token; any 2xx with one gives it."""
        asked_at = time.monotonic()
        try:
            answer = way.ask(self._request(), _SERVER)
        except UnavailableError as error:
            raise UnavailableError(f"{_SERVER} gave no access token: {error.message}", code=NO_SIGN_IN) from None
        granted = _granted(answer)
        token = granted.get("access_token")
        if answer.ok and isinstance(token, str) and 0 < len(token) <= LONGEST_TOKEN and _fits_a_header(token):
            lasts = _seconds(granted.get("expires_in"))
            return token, asked_at + max(lasts - min(EARLY, lasts / 2), 1.0)
        hides = redactor_for(self.secrets(), self.users(), self.got())
        raise not_let_in(answer, _SERVER, "access token", words_of(answer, hides) or "It gave no reason", _HINT)

    def _request(self) -> Outgoing:
        headers, form = {"Content-Type": "application/x-www-form-urlencoded"}, dict(self._form)
        if self._assertion is not None:
            proof = self._assertion.made(self._client, self._url)
            form |= {
                "client_id": self._client,
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": proof,
            }
        elif self._by == "basic":
            headers["Authorization"] = basic(quote(self._client, safe=""), quote(self._secret or "", safe=""))
        else:
            form |= {"client_id": self._client, "client_secret": self._secret or ""}
        return Outgoing("POST", self._url, headers, urlencode(form).encode())


def _granted(answer: Answer) -> dict[str, Any]:
    try:
        value = answer.json()
    except UnreadableError:  # some write it as a form
        is_form = "x-www-form-urlencoded" in answer.headers.get("Content-Type", "").lower()
        return dict(parse_qsl(answer.text)) if is_form and answer.broken is None else {}
    return value if isinstance(value, dict) else {}


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return UNSAID
    return min(seconds, LONGEST) if seconds >= 0 else UNSAID  # not of what is no number (NaN) either


def _fits_a_header(token: str) -> bool:
    return token.isascii() and token.isprintable()


def _algorithm_for(key: Any) -> str:
    """Return how a key signs. Source: RFC 7518, section 3.1."""
    if isinstance(key, RSAPrivateKey):
        return "RS256"
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    raise ConfigError("The client's key is of a kind that signs no assertion: give an RSA or EC key (P-256 to P-521).")


def _thumbprints(certificate: str | None) -> dict[str, str]:
    """Return what says which certificate it is. Source: RFC 7515, sections 4.1.7 and 4.1.8."""
    if not certificate:
        return {}
    try:
        read = x509.load_pem_x509_certificate(mended(certificate).encode())
    except ValueError:
        raise ConfigError("The client's certificate cannot be read: give it in PEM.") from None
    prints = {"x5t": read.fingerprint(SHA1()), "x5t#S256": read.fingerprint(SHA256())}  # noqa: S303  # its name only
    return {name: base64.urlsafe_b64encode(mark).decode().rstrip("=") for name, mark in prints.items()}
