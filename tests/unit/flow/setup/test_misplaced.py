"""A secret in a field that everybody reads is refused where it is entered, and masked where it stands already."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import BaseModel

from orderflow import BaseConnector, ExportResult, TestResult
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.connectors.rest import RestJsonConnector
from orderflow.domain.errors import InputError
from orderflow.flow.setup.connections import check_config
from orderflow.flow.setup.mask import MASK, masked, unmasked
from orderflow.flow.setup.misplaced import hidden, misplaced

KEY = "-----BEGIN {}PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END {}PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
REST = {"url": "https://erp.example/orders"}
SFTP = {"mode": "sftp", "host": "h", "username": "u", "password": "p", "export_path": "/in"}


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("REST_JSON", REST | {"ca_certificate": CERTIFICATE + KEY.format("RSA ", "RSA ")}),
        ("REST_JSON", REST | {"client_certificate": KEY.format("", ""), "client_key": "k"}),
        ("DROPZONE_JSON_V1", SFTP | {"host_key": KEY.format("OPENSSH ", "OPENSSH ")}),
        ("DROPZONE_JSON_V1", SFTP | {"mode": "ftps", "tls_ca": KEY.format("ENCRYPTED ", "ENCRYPTED ")}),
        ("DROPZONE_JSON_V1", SFTP | {"host_key": KEY.format("EC ", "EC ").replace("\n", " ")}),
        ("DROPZONE_JSON_V1", SFTP | {"username": "PuTTY-User-Key-File-3: ssh-ed25519"}),
        ("REST_JSON", {"url": "https://me:s3cret@erp.example/orders"}),
        ("REST_JSON", {"url": "https://erp.example/orders?sig=Zm9v&sv=2"}),
        ("REST_JSON", {"url": "https://erp.example/orders?a=1&X-Amz-Signature=Zm9v"}),
        ("REST_JSON", REST | {"test_url": "https://erp.example/me?access_token=abc"}),
        ("REST_JSON", REST | {"headers": "X-Tenant: 7\nX-API-Key: abc-def"}),
        ("REST_JSON", REST | {"headers": "Ocp-Apim-Subscription-Key: abc"}),
        *(
            ("REST_JSON", REST | {"token_parameters": {name: "abc-def"}})
            for name in ("client_secret", "Password", "client_assertion", "refresh_token", "api-key", "token")
        ),
    ],
)
def test_it_is_refused_in_every_connector(kind, config):
    with pytest.raises(InputError) as caught:
        check_config(ConnectorRegistry.get(kind), config)
    assert any("belong" in field["message"] for field in caught.value.details["fields"])
    for value in ("s3cret", "Zm9v", "abc", "MIIE"):
        assert value not in str(caught.value.as_json())


@pytest.mark.parametrize(
    "config",
    [
        REST | {"ca_certificate": CERTIFICATE},
        REST | {"url": "https://erp.example/orders?key={{ order.external_order_number }}&code={{ order.id }}"},
        REST | {"url": "https://erp.example/orders?monkey=1&coded=2&sort=key"},
        REST | {"headers": "X-Tenant: 7\nIdempotency: {{ delivery.export_id }}\nX-Token: {{ delivery.export_id }}"},
        REST | {"body": '{"token": "x", "note": "Authorization: see below"}'},
        REST | {"token_parameters": {"audience": "https://api.example", "token_type": "jwt", "resource": "secret/1"}},
    ],
)
def test_what_only_looks_a_little_like_it_is_not(config):
    assert not list(misplaced(config))


def test_what_stood_there_before_is_masked_and_may_stay():
    connector = ConnectorRegistry.get("REST_JSON")
    stored = {"url": "https://erp.example/orders?sig=Zm9v", "headers": "X-API-Key: abc-def\nX: 1"}
    shown = masked(connector, stored)
    assert shown == {"url": f"https://erp.example/orders?sig={MASK}", "headers": f"X-API-Key: {MASK}\nX: 1"}
    kept = unmasked(connector, shown | {"timeout": 5}, stored)
    assert kept == stored | {"timeout": 5}
    check_config(connector, kept, stored)


def test_a_map_that_held_one_before_may_stay():
    connector, stored = ConnectorRegistry.get("REST_JSON"), REST | {"token_parameters": {"client_secret": "abc-def"}}
    check_config(connector, stored | {"timeout": 5}, stored)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"headers": "Content-Type: text/x\nX-A: 1\ncontent-type: text/y"}, "Content-Type is there twice"),
        (
            {"body_format": "xml", "body": "<o><![CDATA[ a {{ order.notes }} ]]></o>"},
            r"has a field within <!\[CDATA\[ \]\]>, where a reader takes & for &amp;",
        ),
        (
            {"body_format": "xml", "body": "<o><![CDATA[a]]><![CDATA[<![CDATA[ {{ order.notes }} ]]></o>"},
            r"has a field within <!\[CDATA\[",
        ),
    ],
)
def test_what_is_only_doubtful_is_refused_when_it_is_saved_and_goes_on_where_it_was(change, told):
    connector, config = RestJsonConnector(), REST | change
    with pytest.raises(InputError, match=told):
        check_config(connector, config)
    assert connector.parse(config).url == REST["url"]


@pytest.mark.parametrize(
    "body", ["<o><![CDATA[ a ]]>{{ order.notes }}</o>", "<o a='{{ order.notes }}'><![CDATA[b]]><![CDATA[c]]></o>"]
)
def test_cdata_beside_a_field_is_none_of_its_business(body):
    check_config(ConnectorRegistry.get("REST_JSON"), REST | {"body_format": "xml", "body": body})


class Theirs(BaseModel):
    place: str
    certificates: list[dict[str, str]] = []


class Connector(BaseConnector):
    config_model: ClassVar = Theirs

    def export(self, draft_order, config):
        return ExportResult(True)

    def test_connection(self, config):
        return TestResult(True)


def test_third_parties_need_do_nothing_for_it():
    config = {"place": "x", "certificates": [{"pem": KEY.format("", "")}]}
    with pytest.raises(InputError, match=r"certificates\.0\.pem: holds a private key"):
        check_config(Connector(), config)


def test_a_key_without_its_end_is_hidden_whole():
    assert hidden("a -----BEGIN PRIVATE KEY-----\nMIIE") == f"a {MASK}"


@pytest.mark.parametrize("text", ["x://" + ":" * 131_000, "x://" + "a" * 131_000, "x://" + "a:" * 65_000 + " "])
def test_what_looks_like_a_user_all_along_is_looked_through_once(text):
    assert hidden(text) == text
    assert list(misplaced(text, "url")) == []


@pytest.mark.parametrize("user", ["a:b", ":b", "a:b:c", "a::", "a:%40"])
def test_a_user_with_a_password_is_found_whatever_they_are(user):
    assert hidden(f"sftp://{user}@host/x") == f"sftp://{MASK}@host/x"
    assert list(misplaced(f"sftp://{user}@host/x", "url"))
