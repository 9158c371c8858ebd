"""Configurations of the connectors to ERPs with an API: checked whole, secrets marked, fields explained."""

from __future__ import annotations

import pytest

from orderflow.connectors.odoo import OdooConnector
from orderflow.connectors.tryton import TrytonConnector
from orderflow.domain.errors import ConfigError

TRYTON = {"url": "https://tryton.example.com/", "database": "acme", "application_key": "s3cret"}
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
    ],
)
def test_a_bad_configuration_is_named_and_its_secret_is_not(connector, config, named) -> None:
    result = connector.test_connection(config)
    assert not result.success
    assert named in result.error_message
    assert "s3cret" not in repr(result)
    with pytest.raises(ConfigError):
        connector.expects_acks(config)


@pytest.mark.parametrize("connector", [TrytonConnector(), OdooConnector()])
def test_every_field_of_the_form_is_explained_and_grouped(connector) -> None:
    schema = connector.config_model.model_json_schema()
    for name, field in schema["properties"].items():
        assert field["title"], name
        assert field["description"], name
        assert field["group"], name
    secrets = {name for name, field in schema["properties"].items() if field.get("writeOnly")}
    assert secrets in ({"application_key", "password"}, {"api_key"})


def test_answers_are_awaited_unless_we_confirm_ourselves() -> None:
    assert TrytonConnector().expects_acks(TRYTON)
    assert not TrytonConnector().expects_acks({**TRYTON, "on_arrival": "confirm"})
