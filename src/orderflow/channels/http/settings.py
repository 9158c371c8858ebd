"""What HTTP asks of a person. One small model for each group of the form, so that a connector can put its own between.

A connector for a kind of API of its own (REST_JSON) extends them, and hands `HttpSettings` to the channel.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, field_validator, model_validator

from orderflow.channels.http.checks import header_lines, key_header, without_twins
from orderflow.channels.settings import ChannelSettings
from orderflow.http.settings import (
    SignInSettings,
    TLSSettings,
    Url,
    check_encrypted,
    check_sign_in,
    check_together,
    field,
)


def _plain_headers(text: str, about: ValidationInfo) -> str:
    for name, value in without_twins(header_lines(text), about.context):
        if not value.isascii():
            raise ValueError(f"{name} holds other characters than ASCII")
    return text


Headers = Annotated[str, Field(max_length=20_000)]


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

    @field_validator("url", "token_url", "login_url")
    @classmethod
    def _no_template(cls, url: str | None) -> str | None:
        if url and ("{{" in url or "{%" in url):
            raise ValueError("must be the URL itself: no template is filled here")
        return url

    @field_validator("idempotency_header")
    @classmethod
    def _key_of_its_own(cls, name: str, others: ValidationInfo) -> str:
        given = [header for header, _ in header_lines(others.data.get("headers", ""))]
        signed = others.data.get("signature_headers", {}) if others.data.get("auth") == "signature" else {}
        return key_header(name, [*given, *signed, others.data.get("api_key_name", "")])

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_sign_in(self)
        check_together(self, [("client_certificate", "client_key")])
        check_encrypted(self, ["url", "token_url", "login_url"])
        return self
