"""What a REST connection is configured with: one list that checks input, marks secrets and draws the form."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from orderflow.connectors.rest.checks import (
    STATUS_FIELDS,
    check_headers,
    check_url,
    origin_of,
)
from orderflow.formats.expressions import check
from orderflow.formats.template.settings import BODY, ORDER_FIELDS, BodyFormat, check_body
from orderflow.net.private_keys import check_work_factor


def _status_codes(codes: list[int]) -> list[int]:
    if any(not 100 <= code <= 599 for code in codes):
        raise ValueError("must be HTTP status codes, from 100 to 599")
    return codes


def _url_of(fields: Mapping[str, Any]) -> AfterValidator:
    return AfterValidator(lambda text: check_url(text, fields))


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


Expression = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(check)]
StatusCodes = Annotated[list[int], Field(max_length=50), AfterValidator(_status_codes)]
UrlText = Annotated[str, Field(min_length=8, max_length=4_000)]
Url = Annotated[UrlText, _url_of({})]
OrderUrl = Annotated[UrlText, _url_of(ORDER_FIELDS)]
StatusUrl = Annotated[UrlText, _url_of(STATUS_FIELDS)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=20_000)]
HeaderSecret = Annotated[Secret, AfterValidator(_for_a_header)]
WebhookSecret = Annotated[Secret, AfterValidator(_webhook_secret)]


def _form(title: str, description: str, group: str, show_when: dict[str, list[str]] | None = None, **more: Any) -> Any:
    decides = group in ("Sign-in", "TLS")  # who gets the secrets, and how they are protected on the way
    extra = {"group": group, "destination": decides, **({"show_when": show_when} if show_when else {}), **more}
    return Field(title=title, description=description, json_schema_extra=extra)


def _secret(title: str, description: str, auth: str) -> Any:
    return _form(title, description, "Sign-in", {"auth": [auth]}, writeOnly=True)


_TEMPLATE = "Fields are named as {{ order.external_order_number }}; see docs/connector-rest-json.md."


class RestJsonConfig(BaseModel):
    """An HTTP API that takes orders, one request each."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="REST API", hide_input_in_errors=True)

    url: Annotated[
        OrderUrl,
        _form(
            "URL",
            f"Where an order is created, as https://erp.example/api/orders. {_TEMPLATE}",
            "Request",
            destination=True,
        ),
    ]
    method: Annotated[
        Literal["POST", "PUT", "PATCH"], _form("Method", "What the API expects for a new order.", "Request")
    ] = "POST"
    headers: Annotated[
        str,
        Field(max_length=20_000),
        AfterValidator(check_headers),
        _form("Headers", f"One 'Name: value' per line; no secrets here. {_TEMPLATE}", "Request", multiline=True),
    ] = ""
    body_format: BodyFormat = "json"
    body: Annotated[str | None, BODY] = None

    auth: Annotated[
        Literal["none", "basic", "bearer", "api_key", "oauth2", "hmac"],
        _form(
            "Kind", "How OrderFlow proves who it is. oauth2: client credentials. hmac: Standard Webhooks.", "Sign-in"
        ),
    ] = "none"
    username: Annotated[str | None, _form("User", "The account's name.", "Sign-in", {"auth": ["basic"]})] = None
    password: Annotated[Secret | None, _secret("Password", "The account's password.", "basic")] = None
    token: Annotated[HeaderSecret | None, _secret("Token", "Sent as 'Authorization: Bearer …'.", "bearer")] = None
    api_key: Annotated[HeaderSecret | None, _secret("API key", "The key that the API's owner gave out.", "api_key")] = (
        None
    )
    api_key_name: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9_.\-]{1,100}$"),
        _form("Key's name", "The header or parameter that carries the key.", "Sign-in", {"auth": ["api_key"]}),
    ] = "X-API-Key"
    api_key_in: Annotated[
        Literal["header", "query"],
        _form("Key goes into", "A header, or a parameter of the URL.", "Sign-in", {"auth": ["api_key"]}),
    ] = "header"
    token_url: Annotated[
        Url | None,
        _form("Token URL", "Where access tokens are fetched.", "Sign-in", {"auth": ["oauth2"]}),
    ] = None
    client_id: Annotated[str | None, _form("Client", "The client's id.", "Sign-in", {"auth": ["oauth2"]})] = None
    client_secret: Annotated[Secret | None, _secret("Client secret", "The client's secret.", "oauth2")] = None
    client_auth: Annotated[
        Literal["basic", "body"],
        _form("Client signs in by", "An Authorization header, or the request's body.", "Sign-in", {"auth": ["oauth2"]}),
    ] = "basic"
    scope: Annotated[str | None, _form("Scope", "If the API wants one.", "Sign-in", {"auth": ["oauth2"]})] = None
    token_parameters: Annotated[
        dict[str, str],
        Field(max_length=20),
        _form(
            "Further parameters",
            "What the token server wants besides, as audience: https://api.example. No secrets here.",
            "Sign-in",
            {"auth": ["oauth2"]},
        ),
    ] = {}
    hmac_secret: Annotated[WebhookSecret | None, _secret("Signing secret", "whsec_… in base64.", "hmac")] = None

    plain_http: Annotated[
        bool, _form("Allow http://", "Orders and passwords then travel unencrypted. Only within a machine.", "TLS")
    ] = False
    ca_certificate: Annotated[
        Annotated[str, AfterValidator(_pem)] | None,
        _form("CA", "Certificate of a private authority, in PEM.", "TLS", multiline=True),
    ] = None
    client_certificate: Annotated[
        str | None, _form("Client certificate", "For mutual TLS, in PEM.", "TLS", multiline=True)
    ] = None
    client_key: Annotated[
        Annotated[Secret, AfterValidator(_opened_in_time)] | None,
        _form("Client key", "Its private key, in PEM.", "TLS", writeOnly=True, multiline=True),
    ] = None
    client_passphrase: Annotated[
        Secret | None, _form("Key's passphrase", "If the client key has one.", "TLS", writeOnly=True)
    ] = None

    order_number: Annotated[
        Expression | None, _form("Order number", "Where the answer holds it, as data.id (JMESPath).", "Answer")
    ] = None
    success: Annotated[
        Expression | None,
        _form(
            "Success",
            "In an answer of 2xx: true if the order was taken, false if it is refused, as status == 'ok' (JMESPath). "
            "One that says neither leaves the order in doubt. Empty: any 2xx that does not surely say no.",
            "Answer",
        ),
    ] = None
    refused_when: Annotated[
        Expression | None,
        _form(
            "Refused when",
            "In an answer of 2xx: true if the order is refused, as code != `0` (JMESPath). Empty: where it surely says "
            "so, as success: false, or an error with words.",
            "Answer",
        ),
    ] = None
    error_message: Annotated[
        Expression | None,
        _form(
            "Error message", "Where an answer holds it, as error.message (JMESPath). Empty: the usual places.", "Answer"
        ),
    ] = None
    retry_when: Annotated[
        Expression | None,
        _form("Retry when", "True if the answer says that nothing was done and a retry helps (JMESPath).", "Answer"),
    ] = None
    retry_statuses: Annotated[
        StatusCodes, _form("Retry at", "Status codes that say that nothing was done and a retry helps.", "Answer")
    ] = [408, 425, 429]

    idempotent: Annotated[
        bool,
        _form("Honours Idempotency-Key", "The API takes an order once, however often it comes with one key.", "Doubt"),
    ] = False
    idempotency_header: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9\-]{1,100}$"),
        _form("Key's header", "The name of the header that carries the key.", "Doubt"),
    ] = "Idempotency-Key"
    find_url: Annotated[
        OrderUrl | None,
        _form("Find URL", f"Asked (GET) whether an order is there, when an answer was lost. {_TEMPLATE}", "Doubt"),
    ] = None
    found: Annotated[
        Expression | None,
        _form(
            "Found",
            "The order's number in that answer, as items[0].id (JMESPath). Not there is what has that place and "
            "nothing in it; any other answer is asked for again.",
            "Doubt",
        ),
    ] = None
    not_there_when: Annotated[
        Expression | None,
        _form(
            "Not there when",
            "True in an answer of the find URL that says that the order is not there, as code == 'ORDER_NOT_FOUND' "
            "(JMESPath). A status of 404 then counts only together with it.",
            "Doubt",
        ),
    ] = None
    not_there_statuses: Annotated[
        StatusCodes,
        _form(
            "Not there at",
            "Status codes of the find URL that say by themselves that the order is not there. 404 belongs here only if "
            "nothing else answers so, no gateway and no wrong path: after it the order is sent again.",
            "Doubt",
        ),
    ] = []
    duplicate_statuses: Annotated[
        StatusCodes, _form("Known already", "Status codes that say that the order is there already, as 409.", "Doubt")
    ] = []
    server_errors: Annotated[
        Literal["in_doubt", "retry"],
        _form("After 5xx", "in_doubt: it may have taken the order. retry: it surely has not.", "Doubt"),
    ] = "in_doubt"

    status_url: Annotated[
        StatusUrl | None,
        _form(
            "Status URL", "Asked (GET) until the order is confirmed, as …/orders/{{ erp_order_id }}.", "Confirmation"
        ),
    ] = None
    status: Annotated[Expression | None, _form("Status", "The status in that answer (JMESPath).", "Confirmation")] = (
        None
    )
    confirmed: Annotated[list[str], _form("Confirmed", "Statuses that confirm the order.", "Confirmation")] = []
    refused: Annotated[list[str], _form("Refused", "Statuses that refuse it.", "Confirmation")] = []
    status_number: Annotated[
        Expression | None, _form("Order number", "The final number in that answer (JMESPath).", "Confirmation")
    ] = None

    test_url: Annotated[
        Url | None, _form("Test URL", "Read (GET) by a test; must be one that needs the same rights.", "Test")
    ] = None
    test_passes: Annotated[
        Expression | None,
        _form("Passes when", "True in its answer if orders may be created, as can.create_orders (JMESPath).", "Test"),
    ] = None

    connect_timeout: Annotated[
        float, Field(gt=0, le=60), _form("Time to connect", "Seconds until it counts as down.", "Advanced")
    ] = 10
    timeout: Annotated[
        float,
        Field(gt=0, le=300),
        _form(
            "Time for a request",
            "Seconds for all of it: connecting, sending, and the answer to its last byte.",
            "Advanced",
        ),
    ] = 30
    max_in_flight: Annotated[
        int, Field(ge=1, le=64), _form("Orders at once", "Requests under way at the same time.", "Advanced")
    ] = 4

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value not in ("", None)}  # as a form sends it

    @field_validator("body")
    @classmethod
    def _fit_the_format(cls, body: str | None, others: ValidationInfo) -> str | None:
        body_format = others.data.get("body_format")
        return check_body(body, body_format, others.context) if body and body_format else body

    @field_validator("find_url", "status_url", "test_url")
    @classmethod
    def _be_where_orders_go(cls, url: str | None, others: ValidationInfo) -> str | None:
        first = others.data.get("url")
        if url and first and origin_of(url) != origin_of(first):
            raise ValueError("must be on the same host as url: the sign-in goes with it")
        return url

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in _NEEDS[self.auth] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"auth {self.auth} needs {' and '.join(missing)}")
        for name, other in (("find_url", "found"), ("status_url", "status"), ("client_certificate", "client_key")):
            if (getattr(self, name) is None) != (getattr(self, other) is None):
                raise ValueError(f"{name} and {other} belong together: give both or neither")
        if self.status_url and not self.confirmed:
            raise ValueError("status_url needs confirmed: the statuses that confirm an order")
        for name in ("url", "find_url", "status_url", "test_url", "token_url"):
            url = getattr(self, name)
            if url and urlsplit(url).scheme == "http" and not self.plain_http:
                raise ValueError(f"{name} must begin with https://, or plain_http must be allowed")
        return self


_NEEDS: dict[str, tuple[str, ...]] = {
    "none": (),
    "basic": ("username", "password"),
    "bearer": ("token",),
    "api_key": ("api_key",),
    "oauth2": ("token_url", "client_id", "client_secret"),
    "hmac": ("hmac_secret",),
}
