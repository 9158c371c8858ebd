"""A secret that a library quotes does not get into the log."""

import logging

import pytest
import structlog

from orderflow.connectors.rest import RestJsonConnector
from orderflow.engine.logs import configure_logs
from orderflow.testing.engine import an_order

SECRET = "quoted-by-a-library-7"


@pytest.mark.parametrize("json", [True, False])
def test_secrets_of_connections_in_use_are_hidden_in_every_line(capfd, json):
    RestJsonConnector().preview(an_order(), {"url": "https://erp.example/", "auth": "bearer", "token": SECRET})
    configure_logs(json=json)
    structlog.get_logger().warning("odd", sent=f"Bearer {SECRET}")
    logging.getLogger("somebody").warning("sent %s", SECRET)
    shown = capfd.readouterr().err
    assert SECRET not in shown
    assert shown.count("********") >= 1
