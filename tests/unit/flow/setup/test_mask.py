"""What may be shown of a configuration, and what a mask that comes back stands for."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import BaseModel, Field, SecretStr

from orderflow import BaseConnector, ExportResult, TestResult
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.errors import InputError
from orderflow.flow.setup.mask import MASK, masked, needs_stored, secret_fields, unmasked


class Header(BaseModel):
    name: str
    token: SecretStr


class Config(BaseModel):
    url: str
    password: SecretStr | None = None
    headers: list[Header] = Field([], json_schema_extra={"destination": False})
    login: Header | None = Field(None, json_schema_extra={"destination": False})
    plain_http: bool = False
    timeout: float = Field(30, json_schema_extra={"destination": False})
    units: dict[str, str] = {}
    tokens: dict[str, SecretStr] = {}


class Connector(BaseConnector):
    config_model: ClassVar = Config

    def export(self, draft_order, config):
        return ExportResult(True)

    def test_connection(self, config):
        return TestResult(True)


CONNECTOR = Connector()
STORED = {
    "url": "https://erp.example",
    "password": "s3cret",
    "headers": [{"name": "X", "token": "t0ken"}],
    "login": {"name": "me", "token": "l0gin"},
}


def test_secrets_are_masked_at_any_depth():
    assert masked(CONNECTOR, STORED) == {
        "url": "https://erp.example",
        "password": MASK,
        "headers": [{"name": "X", "token": MASK}],
        "login": {"name": "me", "token": MASK},
    }


def test_what_the_model_does_not_name_is_masked_and_without_a_connector_everything():
    assert masked(CONNECTOR, {"old_password": "x", "password": None}) == {"old_password": MASK, "password": None}
    assert masked(None, {"url": "https://erp.example"}) == {"url": MASK}


def test_the_values_of_a_map_are_shown_unless_they_are_declared_secret():
    config = {"units": {"CTN": "Pack of 6", "token": "TKN"}, "tokens": {"erp": "t0ken"}}
    assert masked(CONNECTOR, config) == {"units": config["units"], "tokens": {"erp": MASK}}


def test_a_mask_and_a_secret_left_out_stand_for_what_is_stored():
    shown = masked(CONNECTOR, STORED)
    shown["login"]["name"] = "you"
    kept = unmasked(CONNECTOR, {name: shown[name] for name in ("url", "login")}, STORED)
    assert kept == {"url": STORED["url"], "password": "s3cret", "login": {"name": "you", "token": "l0gin"}}


def test_a_mask_in_a_list_stands_for_what_is_stored_in_its_place():
    shown = masked(CONNECTOR, STORED)
    shown["headers"].append({"name": "Y", "token": "new"})
    kept = unmasked(CONNECTOR, shown, STORED)
    assert kept["headers"] == [{"name": "X", "token": "t0ken"}, {"name": "Y", "token": "new"}]


def test_null_removes_a_secret_and_a_new_one_replaces_it():
    assert unmasked(CONNECTOR, {"url": "u", "password": None}, STORED) == {"url": "u"}
    assert unmasked(CONNECTOR, {"url": "u", "password": "new"}, STORED)["password"] == "new"


def test_a_mask_is_found_at_any_depth():
    assert needs_stored({"headers": [{"token": MASK}]})
    assert not needs_stored({"headers": [{"token": "t"}], "password": None})


@pytest.mark.parametrize("password", [MASK, None])
def test_a_kept_secret_goes_to_no_other_target(password):
    elsewhere = masked(CONNECTOR, STORED) | {"url": "https://attacker.example", "password": password}
    with pytest.raises(InputError, match="url changed") as caught:
        unmasked(CONNECTOR, elsewhere, STORED)
    assert caught.value.code == "SECRETS_NEEDED"
    kept = {"headers", "login"} | ({"password"} if password else set())
    assert {field["field"] for field in caught.value.details["fields"]} == kept
    assert "s3cret" not in str(caught.value.as_json())


def test_with_its_secrets_entered_again_a_connection_may_move():
    moved = {"url": "https://new.example", "password": "an0ther", "headers": [], "login": {"name": "x", "token": "y"}}
    assert unmasked(CONNECTOR, moved, STORED) == moved


def test_what_the_model_does_not_mark_as_harmless_decides_who_gets_a_secret():
    shown = masked(CONNECTOR, STORED)
    with pytest.raises(InputError, match="plain_http changed"):
        unmasked(CONNECTOR, shown | {"plain_http": True}, STORED)
    assert unmasked(CONNECTOR, shown | {"timeout": 5, "plain_http": False}, STORED)["password"] == "s3cret"


SERVER = {"host": "erp.example", "username": "u", "password": "pw-0815", "export_path": "/in"}
REST = {"url": "https://erp.example/orders", "auth": "bearer", "token": "t0ken-1"}
OAUTH = REST | {"auth": "oauth2", "token_url": "https://id.example/t", "client_id": "c", "client_secret": "cs-1"}
ODOO = {"url": "https://odoo.example", "database": "d", "api_key": "k3y-12"}
TRYTON = {"url": "https://tryton.example", "database": "d", "application_key": "k3y-12"}


@pytest.mark.parametrize(
    ("kind", "stored", "change"),
    [
        ("DROPZONE_JSON_V1", SERVER | {"mode": "sftp", "host_key": "SHA256:a"}, {"mode": "ftp"}),
        ("DROPZONE_JSON_V1", SERVER | {"mode": "ftps"}, {"mode": "ftp"}),
        ("DROPZONE_JSON_V1", SERVER | {"mode": "sftp", "host_key": "SHA256:a"}, {"host_key": "SHA256:b"}),
        ("DROPZONE_JSON_V1", SERVER | {"mode": "sftp", "host_key": "SHA256:a"}, {"host_key": None}),
        ("DROPZONE_JSON_V1", SERVER | {"mode": "ftps"}, {"tls_ca": "-----BEGIN CERTIFICATE-----"}),
        ("DROPZONE_JSON_V1", SERVER | {"mode": "sftp"}, {"port": 2222}),
        ("DROPZONE_JSON_V1", SERVER | {"dropzone_type": "SFTP"}, {"dropzone_type": "FTP"}),
        ("REST_JSON", REST, {"url": "https://other.example/orders"}),
        ("REST_JSON", REST, {"plain_http": True}),
        ("REST_JSON", REST, {"ca_certificate": "-----BEGIN CERTIFICATE-----"}),
        ("REST_JSON", OAUTH, {"token_url": "https://other.example/t"}),
        ("REST_JSON", REST | {"auth": "api_key", "api_key": "k3y-12"}, {"api_key_in": "query"}),
        ("ODOO", ODOO, {"url": "http://odoo.example"}),
        ("ODOO", ODOO | {"username": "u"}, {"api": "jsonrpc"}),
        ("TRYTON", TRYTON, {"url": "https://other.example"}),
    ],
)
def test_a_secret_of_ours_is_bound_to_its_destination_and_its_protection(kind, stored, change):
    connector = ConnectorRegistry.get(kind)
    with pytest.raises(InputError) as caught:
        unmasked(connector, masked(connector, stored) | change, stored)
    assert caught.value.code == "SECRETS_NEEDED"


@pytest.mark.parametrize(
    ("kind", "stored", "change"),
    [
        ("DROPZONE_JSON_V1", SERVER | {"mode": "sftp"}, {"port": 22}),
        ("DROPZONE_JSON_V1", SERVER | {"mode": "ftp", "port": 21}, {"port": None, "export_path": "/other"}),
        ("DROPZONE_JSON_V1", SERVER | {"base_path": "/in"}, {"timeout": 5}),
        ("REST_JSON", REST, {"body": "[]", "headers": "X: 1", "plain_http": False, "timeout": 3}),
        ("ODOO", ODOO, {"api": "json2", "on_arrival": "confirm"}),
        ("TRYTON", TRYTON, {"units": {"CTN": "box"}}),
    ],
)
def test_what_does_not_matter_to_a_secret_or_says_the_usual_aloud_keeps_it(kind, stored, change):
    connector = ConnectorRegistry.get(kind)
    kept = unmasked(connector, masked(connector, stored) | change, stored)
    secret = next(iter(secret_fields(connector) & stored.keys()))
    assert kept[secret] == stored[secret]
