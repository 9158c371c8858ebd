"""Configurations of the connectors to ERPs with an API: checked whole, secrets marked, fields explained."""

from __future__ import annotations

from typing import Any

import pytest

from orderflow.connectors.business_central import BusinessCentralConnector
from orderflow.connectors.odoo import OdooConnector
from orderflow.connectors.sap import SapODataConnector
from orderflow.connectors.sap.rfc import SapRfcConnector
from orderflow.connectors.tryton import TrytonConnector
from orderflow.domain.errors import ConfigError

TRYTON = {"url": "https://tryton.example.com/", "database": "acme", "application_key": "s3cret"}
SAP = {"url": "https://sap.example", "username": "ORDERFLOW", "password": "s3cret", "sales_organization": "1710"}
SAP |= {"distribution_channel": "10", "division": "00"}
BC = {"tenant": "contoso.com", "company": "CRONUS", "client_id": "5f1c", "client_secret": "s3cret"}
SAP_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"url": "http://sap.example"}, "url"),
    ({"sales_organization": ""}, "sales_organization"),
    ({"auth": "none"}, "client_certificate"),
    ({"password": None}, "password"),
    ({"units": {"PCE": "PIECES"}}, "units"),
    ({"bogus": 1}, "bogus"),
]
ODOO = {"url": "https://acme.odoo.com", "database": "acme", "api_key": "s3cret"}


@pytest.mark.parametrize(
    ("connector", "config", "named"),
    [
        (TrytonConnector(), {**TRYTON, "url": "tryton.example.com"}, "url"),
        (TrytonConnector(), {**TRYTON, "url": "https://u:p@tryton.example.com"}, "url"),
        (TrytonConnector(), {**TRYTON, "database": "a/b"}, "database"),
        (TrytonConnector(), {"url": TRYTON["url"], "database": "acme"}, "application_key"),
        (TrytonConnector(), {**TRYTON, "api": "jsonrpc", "username": "u"}, "password"),
        (TrytonConnector(), {**TRYTON, "bogus": 1}, "bogus"),
        (OdooConnector(), {**ODOO, "api": "jsonrpc"}, "username"),
        (OdooConnector(), {**ODOO, "api_key": ""}, "api_key"),
        (OdooConnector(), {**ODOO, "on_arrival": "quote"}, "on_arrival"),
        *(
            (connector, {**SAP, **change}, named)
            for connector in (SapODataConnector(), SapRfcConnector())
            for change, named in SAP_FAULTS
        ),
        (SapRfcConnector(), {**SAP, "create_function": "z create"}, "create_function"),
        (BusinessCentralConnector(), {**BC, "tenant": "a/b"}, "tenant"),
        (BusinessCentralConnector(), {**BC, "company": ""}, "company"),
        (BusinessCentralConnector(), {**BC, "client_secret": ""}, "client_secret"),
        (BusinessCentralConnector(), {**BC, "url": "http://bc.example"}, "url"),
        (BusinessCentralConnector(), {**BC, "payment_terms": {"soon": "30 DAYS"}}, "payment_terms"),
    ],
)
def test_a_bad_configuration_is_named_and_its_secret_is_not(connector, config, named) -> None:
    result = connector.test_connection(config)
    assert not result.success
    assert named in result.error_message
    assert "s3cret" not in repr(result)
    with pytest.raises(ConfigError):
        connector.parse(config)


SIGN_IN = {
    "password",
    "token",
    "api_key",
    "client_secret",
    "assertion_key",
    "assertion_passphrase",
    "hmac_secret",
    "signature_secret",
}
TLS = {"client_key", "client_passphrase"}
SECRETS = [
    (TrytonConnector(), {"application_key", "password"}),
    (OdooConnector(), {"api_key"}),
    (SapODataConnector(), SIGN_IN | TLS),
    (SapRfcConnector(), SIGN_IN | TLS),
    (BusinessCentralConnector(), SIGN_IN),
]


@pytest.mark.parametrize(("connector", "secrets"), SECRETS)
def test_every_field_of_the_form_is_explained_and_grouped(connector, secrets) -> None:
    schema = connector.config_model.model_json_schema()
    for name, field in schema["properties"].items():
        assert field["title"], name
        assert field["description"], name
        assert field["group"], name
    hidden = {name for name, field in schema["properties"].items() if _is_hidden(field)}
    assert hidden == secrets


def _is_hidden(field: dict[str, Any]) -> bool:
    return any(kind.get("writeOnly") for kind in (field, *field.get("anyOf", ())))


def test_answers_are_awaited_unless_we_confirm_ourselves() -> None:
    assert TrytonConnector().expects_acks(TRYTON)
    assert not TrytonConnector().expects_acks({**TRYTON, "on_arrival": "confirm"})
