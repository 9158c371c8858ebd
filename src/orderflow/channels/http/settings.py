"""What HTTP asks of a person. One small model for each group of the form, so that a connector can put its own between.

A connector for a kind of API of its own (REST_JSON) extends them, and hands `HttpSettings` to the channel.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationInfo, field_validator, model_validator

from orderflow.channels.http.checks import header_lines, key_header, origin_of, without_twins
from orderflow.channels.settings import ChannelSettings, hint
from orderflow.net.private_keys import check_work_factor


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


def _plain_headers(text: str, about: ValidationInfo) -> str:
    for name, value in without_twins(header_lines(text), about.context):
        if not value.isascii():
            raise ValueError(f"{name} holds other characters than ASCII")
    return text


UrlText = Annotated[str, Field(min_length=8, max_length=4_000)]
Url = Annotated[UrlText, AfterValidator(_plain_url)]
Headers = Annotated[str, Field(max_length=20_000)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=20_000)]
HeaderSecret = Annotated[Secret, AfterValidator(_for_a_header)]
WebhookSecret = Annotated[Secret, AfterValidator(_webhook_secret)]


def field(title: str, description: str, group: str, show_when: dict[str, list[str]] | None = None, **more: Any) -> Any:
    """Return a field of the form; what stands under Sign-in or TLS decides who gets the secrets, and how protected."""
    shown = {"show_when": show_when} if show_when else {}
    return Field(title=title, description=description, json_schema_extra=hint(group, **shown, **more))


def _secret(title: str, description: str, auth: str) -> Any:
    return field(title, description, "Sign-in", {"auth": [auth]}, writeOnly=True)


class RequestSettings(BaseModel):
    """Where documents go, and with what."""

    url: Annotated[
        Url,
        field("URL", "Where a document is sent to, as https://erp.example/orders.", "Request", destination=True),
    ]
    method: Annotated[
        Literal["POST", "PUT", "PATCH"], field("Method", "What the API expects for a new order.", "Request")
    ] = "POST"
    headers: Annotated[
        Headers,
        AfterValidator(_plain_headers),
        field("Headers", "One 'Name: value' per line; no secrets here.", "Request", multiline=True),
    ] = ""


class SignInSettings(BaseModel):
    """Who we are."""

    auth: Annotated[
        Literal["none", "basic", "bearer", "api_key", "oauth2", "hmac"],
        field(
            "Kind", "How OrderFlow proves who it is. oauth2: client credentials. hmac: Standard Webhooks.", "Sign-in"
        ),
    ] = "none"
    username: Annotated[str | None, field("User", "The account's name.", "Sign-in", {"auth": ["basic"]})] = None
    password: Annotated[Secret | None, _secret("Password", "The account's password.", "basic")] = None
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
    client_secret: Annotated[Secret | None, _secret("Client secret", "The client's secret.", "oauth2")] = None
    client_auth: Annotated[
        Literal["basic", "body"],
        field("Client signs in by", "An Authorization header, or the request's body.", "Sign-in", {"auth": ["oauth2"]}),
    ] = "basic"
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
    hmac_secret: Annotated[WebhookSecret | None, _secret("Signing secret", "whsec_… in base64.", "hmac")] = None


class TrustSettings(BaseModel):
    """Whom we trust."""

    plain_http: Annotated[
        bool, field("Allow http://", "Orders and passwords then travel unencrypted. Only within a machine.", "TLS")
    ] = False
    ca_certificate: Annotated[
        Annotated[str, AfterValidator(_pem)] | None,
        field("CA", "Certificate of a private authority, in PEM.", "TLS", multiline=True),
    ] = None


class TLSSettings(TrustSettings):
    """How what travels is protected."""

    client_certificate: Annotated[
        str | None, field("Client certificate", "For mutual TLS, in PEM.", "TLS", multiline=True)
    ] = None
    client_key: Annotated[
        Annotated[Secret, AfterValidator(_opened_in_time)] | None,
        field("Client key", "Its private key, in PEM.", "TLS", writeOnly=True, multiline=True),
    ] = None
    client_passphrase: Annotated[
        Secret | None, field("Key's passphrase", "If the client key has one.", "TLS", writeOnly=True)
    ] = None


Idempotent = Annotated[
    bool,
    field("Honours Idempotency-Key", "The API takes an order once, however often it comes with one key.", "Doubt"),
]
IdempotencyHeader = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9\-]{1,100}$"),
    field("Key's header", "The name of the header that carries the key.", "Doubt"),
]


class DoubtSettings(BaseModel):
    """What may be done when nobody knows whether a document arrived."""

    idempotent: Idempotent = False
    idempotency_header: IdempotencyHeader = "Idempotency-Key"


class PatienceSettings(BaseModel):
    """How long we wait, and how much we ask at a time."""

    connect_timeout: Annotated[
        float, Field(gt=0, le=60), field("Time to connect", "Seconds until it counts as down.", "Advanced")
    ] = 10
    timeout: Annotated[
        float,
        Field(gt=0, le=300),
        field(
            "Time for a request",
            "Seconds for all of it: connecting, sending, and the answer to its last byte.",
            "Advanced",
        ),
    ] = 30
    max_in_flight: Annotated[
        int, Field(ge=1, le=64), field("Orders at once", "Requests under way at the same time.", "Advanced")
    ] = 4


class HttpSettings(ChannelSettings, PatienceSettings, DoubtSettings, TLSSettings, SignInSettings, RequestSettings):
    """All that HTTP asks; the last of the parents comes first in the form."""

    @field_validator("url", "token_url")
    @classmethod
    def _no_template(cls, url: str | None) -> str | None:
        if url and ("{{" in url or "{%" in url):
            raise ValueError("must be the URL itself: no template is filled here")
        return url

    @field_validator("idempotency_header")
    @classmethod
    def _key_of_its_own(cls, name: str, others: ValidationInfo) -> str:
        given = [header for header, _ in header_lines(others.data.get("headers", ""))]
        return key_header(name, [*given, others.data.get("api_key_name", "")])

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_sign_in(self)
        check_together(self, [("client_certificate", "client_key")])
        check_encrypted(self, ["url", "token_url"])
        return self


_NEEDS: dict[str, tuple[str, ...]] = {
    "none": (),
    "basic": ("username", "password"),
    "bearer": ("token",),
    "api_key": ("api_key",),
    "oauth2": ("token_url", "client_id", "client_secret"),
    "hmac": ("hmac_secret",),
}


def check_sign_in(settings: SignInSettings) -> None:
    """Raise ValueError if the kind of sign-in needs what is not given."""
    missing = [name for name in _NEEDS[settings.auth] if getattr(settings, name) is None]
    if missing:
        raise ValueError(f"auth {settings.auth} needs {' and '.join(missing)}")


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
