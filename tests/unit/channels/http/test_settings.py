"""What HTTP asks is checked before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from orderflow.channels.http.settings import HttpSettings

OAUTH = {"auth": "oauth2", "token_url": "https://id.acme.example/token", "client_id": "orderflow", "client_secret": "s"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"auth": "basic"}, "auth basic needs username and password"),
        ({"auth": "bearer"}, "auth bearer needs token"),
        ({"auth": "session", "username": "u"}, "auth session needs login_url and password"),
        (OAUTH | {"client_id": None}, "auth oauth2 needs client_id"),
        (OAUTH | {"client_secret": None}, "auth oauth2 needs client_secret"),
        (OAUTH | {"client_auth": "certificate"}, "auth oauth2 needs assertion_key"),
        ({"client_certificate": "-----BEGIN CERTIFICATE-----"}, "client_certificate and client_key belong together"),
        ({"url": "http://acme.example/orders"}, "url must begin with https://"),
        (OAUTH | {"token_url": "http://id.acme.example/token"}, "token_url must begin with https://"),
        ({"url": "https://acme.example/{{ order.currency }}"}, "no template is filled here"),
        ({"url": "https://me:pass@acme.example/orders"}, "must not hold a user"),
        ({"headers": "Host: other.example"}, "Host is set by OrderFlow itself"),
        ({"headers": "X-Place: Köln"}, "X-Place holds other characters than ASCII"),
        ({"auth": "hmac", "hmac_secret": "whsec_not base64"}, "must be the signing secret in base64"),
        ({"foo": 1}, "Extra inputs"),
        ({"headers": "X-Key: 7", "idempotency_header": "x-key"}, "x-key carries something else"),
        ({"idempotency_header": "X-Api-Key"}, "X-Api-Key carries something else"),
        ({"idempotency_header": "Content-Type"}, "Content-Type carries something else"),
        ({"idempotency_header": "authorization"}, "authorization carries something else"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ValidationError, match=wanted) as refused:
        HttpSettings.model_validate({"url": "https://acme.example/orders"} | given)
    assert "s3cr" not in str(refused.value)


@pytest.mark.parametrize(
    "given", [{}, OAUTH, {"auth": "basic", "username": "u", "password": "p"}, {"headers": "X-A: b\n\nx-c: d"}]
)
def test_what_can_work_is_taken(given: dict[str, Any]) -> None:
    assert HttpSettings.model_validate({"url": " https://acme.example/orders "} | given).url == (
        "https://acme.example/orders"
    )
