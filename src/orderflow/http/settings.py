"""Who we are and whom we trust, as fields of a configuration: the form asks them, and `sign_in_of` makes use of them.

```python
class ShopConfig(TLSSettings, SignInSettings, BaseModel):
    url: ServerUrl = Field(title="URL", description="Of the API.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_sign_in(self)
        check_encrypted(self, ["url", "token_url"])
        return self
```

The client is then `HttpClient("The shop", tls=tls_of(settings), sign_in=sign_in_of(settings))`.
"""

from __future__ import annotations

import base64
import binascii
import json
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from orderflow.domain.form import hint
from orderflow.domain.redaction import SHORTEST
from orderflow.http.signature_texts import Algorithm, Encoding, Output, check_sent, check_signed, key_in
from orderflow.http.urls import origin_of
from orderflow.net.certificates import Holder
from orderflow.net.private_keys import check_work_factor

if TYPE_CHECKING:
    from orderflow.http.sign_in import SignIn


def _pem(text: str) -> str:
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise ValueError("must be in PEM: -----BEGIN CERTIFICATE-----")
    return text


def _webhook_secret(secret: SecretStr) -> SecretStr:
    try:
        base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be the signing secret in base64, with or without whsec_ before it") from None
    return secret


def _for_a_header(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not (text.isascii() and text.isprintable()) or text != text.strip():
        raise ValueError("must be visible ASCII characters, without spaces around them")
    return secret


def _opened_in_time(key: SecretStr) -> SecretStr:
    check_work_factor(key.get_secret_value())
    return key


def _plain_url(text: str) -> str:
    origin_of(text)
    return text.strip()


UrlText = Annotated[str, Field(min_length=8, max_length=4_000)]
Url = Annotated[UrlText, AfterValidator(_plain_url)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=20_000)]
HeaderSecret = Annotated[Secret, AfterValidator(_for_a_header)]
WebhookSecret = Annotated[Secret, AfterValidator(_webhook_secret)]


def field(title: str, description: str, group: str, show_when: dict[str, list[str]] | None = None, **more: Any) -> Any:
    """Return a field of the form; what stands under Sign-in or TLS decides who gets the secrets, and how protected."""
    shown = {"show_when": show_when} if show_when else {}
    return Field(title=title, description=description, json_schema_extra=hint(group, **shown, **more))


def _secret(title: str, description: str, *kinds: str) -> Any:
    return field(title, description, "Sign-in", {"auth": [*kinds]}, writeOnly=True)


_BY_KEY = {"auth": ["oauth2"], "client_auth": ["certificate"]}
_LOGIN = {"username": "{username}", "password": "{password}"}
_BY_SESSION = {"auth": ["session"]}
_BY_SIGNATURE = {"auth": ["signature"]}
_SIGNED = {"X-Signature": "{signature}"}
_BY_SECRET = {"auth": ["oauth2"], "client_auth": ["basic", "body"]}


class SignInSettings(BaseModel):
    """Who we are."""

    auth: Annotated[
        Literal["none", "basic", "bearer", "api_key", "oauth2", "session", "hmac", "signature"],
        field(
            "Kind",
            "How OrderFlow proves who it is. oauth2: client credentials. session: a log-in, and cookies from then on. "
            "hmac: Standard Webhooks. signature: another HMAC, over what the API's description says.",
            "Sign-in",
        ),
    ] = "none"
    username: Annotated[str | None, field("User", "The account's name.", "Sign-in", {"auth": ["basic", "session"]})] = (
        None
    )
    password: Annotated[Secret | None, _secret("Password", "The account's password.", "basic", "session")] = None
    token: Annotated[HeaderSecret | None, _secret("Token", "Sent as 'Authorization: Bearer …'.", "bearer")] = None
    api_key: Annotated[HeaderSecret | None, _secret("API key", "The key that the API's owner gave out.", "api_key")] = (
        None
    )
    api_key_name: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9_.\-]{1,100}$"),
        field("Key's name", "The header or parameter that carries the key.", "Sign-in", {"auth": ["api_key"]}),
    ] = "X-API-Key"
    api_key_in: Annotated[
        Literal["header", "query"],
        field("Key goes into", "A header, or a parameter of the URL.", "Sign-in", {"auth": ["api_key"]}),
    ] = "header"
    token_url: Annotated[
        Url | None, field("Token URL", "Where access tokens are fetched.", "Sign-in", {"auth": ["oauth2"]})
    ] = None
    client_id: Annotated[str | None, field("Client", "The client's id.", "Sign-in", {"auth": ["oauth2"]})] = None
    client_secret: Annotated[
        Secret | None, field("Client secret", "The client's secret.", "Sign-in", _BY_SECRET, writeOnly=True)
    ] = None
    client_auth: Annotated[
        Literal["basic", "body", "certificate"],
        field(
            "Client signs in by",
            "basic: its secret in an Authorization header. body: in the request's body. certificate: an assertion that "
            "its private key signs (private_key_jwt).",
            "Sign-in",
            {"auth": ["oauth2"]},
        ),
    ] = "basic"
    assertion_key: Annotated[
        Annotated[Secret, AfterValidator(_opened_in_time)] | None,
        field(
            "Client's private key",
            "RSA or EC, in PEM.",
            "Sign-in",
            _BY_KEY,
            writeOnly=True,
            multiline=True,
        ),
    ] = None
    assertion_passphrase: Annotated[
        Secret | None,
        field(
            "That key's passphrase",
            "If the key has one.",
            "Sign-in",
            _BY_KEY,
            writeOnly=True,
        ),
    ] = None
    assertion_certificate: Annotated[
        Annotated[str, AfterValidator(_pem)] | None,
        field(
            "That key's certificate",
            "In PEM, where the token server knows the key by it, as Entra does.",
            "Sign-in",
            _BY_KEY,
            multiline=True,
            holds=Holder.CLIENT,
        ),
    ] = None
    assertion_key_id: Annotated[
        str | None,
        field(
            "That key's id",
            "Where the token server knows it by a name (kid).",
            "Sign-in",
            _BY_KEY,
        ),
    ] = None
    scope: Annotated[str | None, field("Scope", "If the API wants one.", "Sign-in", {"auth": ["oauth2"]})] = None
    token_parameters: Annotated[
        dict[str, str],
        Field(max_length=20),
        field(
            "Further parameters",
            "What the token server wants besides, as audience: https://api.example. No secrets here.",
            "Sign-in",
            {"auth": ["oauth2"]},
        ),
    ] = {}
    login_url: Annotated[
        Url | None, field("Log-in URL", "Where a log-in (POST) opens a session.", "Sign-in", _BY_SESSION)
    ] = None
    login_format: Annotated[
        Literal["json", "form"], field("Log-in's format", "How user and password are sent.", "Sign-in", _BY_SESSION)
    ] = "json"
    login_fields: Annotated[
        dict[str, str],
        Field(max_length=20),
        field(
            "Log-in's fields",
            'What the log-in sends: "{username}" and "{password}" stand for those two. Further ones, as CompanyDB, may '
            "be added; no secrets here.",
            "Sign-in",
            _BY_SESSION,
        ),
    ] = _LOGIN
    csrf_header: Annotated[
        str | None,
        Field(pattern=r"^[A-Za-z0-9\-]{1,100}$"),
        field(
            "Header of the CSRF token",
            "If requests that change something must carry one, as X-CSRF-Token.",
            "Sign-in",
            _BY_SESSION,
        ),
    ] = None
    csrf_cookie: Annotated[
        str | None,
        field(
            "Cookie of the CSRF token",
            "The cookie that holds it. Empty: the answer to the log-in has it in a header of the same name.",
            "Sign-in",
            _BY_SESSION,
        ),
    ] = None
    hmac_secret: Annotated[WebhookSecret | None, _secret("Signing secret", "whsec_… in base64.", "hmac")] = None
    signature_secret: Annotated[
        Secret | None, _secret("Signature's secret", "What the API's owner gave out to sign with.", "signature")
    ] = None
    signature_encoding: Annotated[
        Encoding, field("Secret is written in", "hex and base64 stand for bytes.", "Sign-in", _BY_SIGNATURE)
    ] = "text"
    signature_key_id: Annotated[
        str | None,
        Field(pattern=r"^[\x21-\x7e]{1,200}$"),
        field(
            "Key's id", "What {key_id} stands for, if the API wants to know which key it is.", "Sign-in", _BY_SIGNATURE
        ),
    ] = None
    signature_algorithm: Annotated[
        Algorithm,
        field(
            "Algorithm",
            "Of the HMAC. sha1 is weak: only for an old API that knows nothing better.",
            "Sign-in",
            _BY_SIGNATURE,
        ),
    ] = "sha256"
    signature_of: Annotated[
        str,
        AfterValidator(check_signed),
        field(
            "What is signed",
            "Text with parts in braces, as {timestamp}.{body}: method, host, path, query, target (path and query), "
            "timestamp, timestamp_ms, timestamp_iso, date, nonce, message_id, key_id, body, body_sha256_hex (md5, "
            "sha512; base64), header.NAME.",
            "Sign-in",
            _BY_SIGNATURE,
            multiline=True,
        ),
    ] = "{body}"
    signature_output: Annotated[
        Output, field("Signature is written in", "What {signature} stands for.", "Sign-in", _BY_SIGNATURE)
    ] = "hex"
    signature_headers: Annotated[
        dict[str, str],
        Field(max_length=20),
        AfterValidator(check_sent),
        field(
            "Signature's headers",
            "What is sent, by name: X-Hub-Signature-256 → sha256={signature}, X-Timestamp → {timestamp}. "
            "No secrets here.",
            "Sign-in",
            _BY_SIGNATURE,
        ),
    ] = _SIGNED


class TrustSettings(BaseModel):
    """Whom we trust."""

    plain_http: Annotated[
        bool, field("Allow http://", "Orders and passwords then travel unencrypted. Only within a machine.", "TLS")
    ] = False
    ca_certificate: Annotated[
        Annotated[str, AfterValidator(_pem)] | None,
        field("CA", "Certificate of a private authority, in PEM.", "TLS", multiline=True, holds=Holder.AUTHORITY),
    ] = None


class TLSSettings(TrustSettings):
    """How what travels is protected."""

    client_certificate: Annotated[
        str | None,
        field("Client certificate", "For mutual TLS, in PEM.", "TLS", multiline=True, holds=Holder.CLIENT),
    ] = None
    client_key: Annotated[
        Annotated[Secret, AfterValidator(_opened_in_time)] | None,
        field("Client key", "Its private key, in PEM.", "TLS", writeOnly=True, multiline=True),
    ] = None
    client_passphrase: Annotated[
        Secret | None, field("Key's passphrase", "If the client key has one.", "TLS", writeOnly=True)
    ] = None


_NEEDS: dict[str, tuple[str, ...]] = {
    "none": (),
    "basic": ("username", "password"),
    "bearer": ("token",),
    "api_key": ("api_key",),
    "oauth2": ("token_url", "client_id"),
    "session": ("login_url", "username", "password"),
    "hmac": ("hmac_secret",),
    "signature": ("signature_secret",),
}


def check_sign_in(settings: SignInSettings) -> None:
    """Raise ValueError if the kind of sign-in needs what is not given."""
    needs = _NEEDS[settings.auth]
    if settings.auth == "oauth2":
        needs += ("assertion_key",) if settings.client_auth == "certificate" else ("client_secret",)
    missing = [name for name in needs if getattr(settings, name) is None]
    if missing:
        raise ValueError(f"auth {settings.auth} needs {' and '.join(missing)}")
    if settings.auth == "signature":
        _check_signature(settings)


def _check_signature(settings: SignInSettings) -> None:
    secret = opened(settings.signature_secret) or ""
    try:
        key_in(secret, settings.signature_encoding)
    except ValueError as error:
        raise ValueError(f"signature_secret: {error}") from None
    for name, texts in (
        ("signature_of", [settings.signature_of]),
        ("signature_key_id", [settings.signature_key_id or ""]),
        ("signature_headers", [*settings.signature_headers, *settings.signature_headers.values()]),
    ):
        if len(secret) >= SHORTEST and any(secret in text for text in texts):
            raise ValueError(f"{name} must not hold the secret itself")


def check_together(settings: BaseModel, pairs: Iterable[tuple[str, str]]) -> None:
    """Raise ValueError if one field of a pair is given without the other."""
    for name, other in pairs:
        if (getattr(settings, name) is None) != (getattr(settings, other) is None):
            raise ValueError(f"{name} and {other} belong together: give both or neither")


def check_encrypted(settings: TrustSettings, names: Iterable[str]) -> None:
    """Raise ValueError if one of these URLs is http:// and that is not allowed."""
    for name in names:
        url = getattr(settings, name)
        if url and urlsplit(url).scheme == "http" and not settings.plain_http:
            raise ValueError(f"{name} must begin with https://, or plain_http must be allowed")


def tls_of(settings: TLSSettings) -> ssl.SSLContext:
    """Return what trusts as configured. Raises ConfigError: a certificate or a key cannot be used."""
    from orderflow.http.tls import tls_context  # a form needs no cryptography

    key, passphrase = opened(settings.client_key), opened(settings.client_passphrase)
    return tls_context(settings.ca_certificate, settings.client_certificate, key, passphrase)


def sign_in_of(settings: SignInSettings) -> SignIn:
    """Return what signs as configured. Raises ConfigError: a key cannot be used."""
    from orderflow.http.sign_in import ApiKey, Basic, Bearer, SignIn, WebhookSignature  # a form needs no HTTP client

    match settings.auth:
        case "basic":
            return Basic(settings.username or "", opened(settings.password) or "")
        case "bearer":
            return Bearer(opened(settings.token) or "")
        case "api_key":
            return ApiKey(opened(settings.api_key) or "", settings.api_key_name, settings.api_key_in)
        case "oauth2":
            return _client_credentials(settings)
        case "session":
            return _session(settings)
        case "hmac":
            return WebhookSignature(opened(settings.hmac_secret) or "")
        case "signature":
            return _signature(settings)
        case _:
            return SignIn()


def _client_credentials(settings: SignInSettings) -> SignIn:
    from orderflow.http.tokens import Assertion, ClientCredentials  # as above

    assertion, by_key = None, settings.client_auth == "certificate"
    if by_key:
        assertion = Assertion(
            opened(settings.assertion_key) or "",
            settings.assertion_certificate,
            settings.assertion_key_id,
            opened(settings.assertion_passphrase),
        )
    return ClientCredentials(
        settings.token_url or "",
        settings.client_id or "",
        None if by_key else opened(settings.client_secret) or "",
        scope=settings.scope,
        parameters=settings.token_parameters,
        by="body" if settings.client_auth == "body" else "basic",
        assertion=assertion,
    )


def _session(settings: SignInSettings) -> SignIn:
    from orderflow.http.cookies import SessionCookies  # as above
    from orderflow.http.sign_in import Outgoing  # as above

    password = opened(settings.password) or ""
    stand_for = {"{username}": settings.username or "", "{password}": password}
    told = {name: stand_for.get(value, value) for name, value in settings.login_fields.items()}
    as_json = settings.login_format == "json"
    kind = "application/json" if as_json else "application/x-www-form-urlencoded"
    content = (json.dumps(told) if as_json else urlencode(told)).encode()
    login = Outgoing("POST", settings.login_url or "", {"Content-Type": kind}, content)
    return SessionCookies(login, csrf=settings.csrf_header, csrf_cookie=settings.csrf_cookie, secrets=[password])


def _signature(settings: SignInSettings) -> SignIn:
    from orderflow.http.request_signature import RequestSignature  # as above

    return RequestSignature(
        opened(settings.signature_secret) or "",
        settings.signature_of,
        settings.signature_headers,
        encoding=settings.signature_encoding,
        algorithm=settings.signature_algorithm,
        output=settings.signature_output,
        key_id=settings.signature_key_id or "",
    )


def opened(secret: SecretStr | None) -> str | None:
    """Return what a field keeps secret."""
    return secret.get_secret_value() if secret else None
