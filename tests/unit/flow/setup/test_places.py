"""Where configurations lead, read from their models."""

from __future__ import annotations

import pytest

from orderflow.connectors.registry import ConnectorRegistry
from orderflow.flow.setup.places import destination_digest, leads_elsewhere, places

SFTP = {"mode": "sftp", "host": "sftp.example", "username": "u", "password": "p", "export_path": "/in"}
FOLDER = {"mode": "filesystem", "export_path": "/srv/in", "ack_path": "/srv/out"}
REST = {"url": "https://erp.example:8443/orders", "auth": "oauth2", "token_url": "https://id.example/token"}
BC = {"tenant": "contoso.com", "company": "CRONUS", "token_url": "https://id.example/token"}
BC |= {"client_id": "c", "client_secret": "s"}
SAP = {"url": "https://sap.example:44300", "username": "u", "password": "p", "sales_organization": "1710"}
SAP |= {"distribution_channel": "10", "division": "00"}
REST |= {"client_id": "c", "client_secret": "s"}


@pytest.mark.parametrize(
    ("kind", "config", "found"),
    [
        ("DROPZONE_JSON_V1", SFTP, {"sftp.example"}),
        ("DROPZONE_JSON_V1", FOLDER, {"/srv/in", "/srv/out"}),
        ("DROPZONE_JSON_V1", {"dropzone_type": "FILESYSTEM", "base_path": "/srv/in"}, {"/srv/in"}),
        ("REST_JSON", REST, {"erp.example", "id.example"}),
        ("ODOO", {"url": "http://[::1]:8069", "database": "d", "api_key": "k"}, {"::1"}),
        ("TRYTON", {"url": "https://tryton.example", "database": "d", "application_key": "k"}, {"tryton.example"}),
        ("SAP_ODATA", SAP, {"sap.example"}),
        ("SAP_RFC", SAP, {"sap.example"}),
        ("BUSINESS_CENTRAL", BC, {"api.businesscentral.dynamics.com", "id.example"}),
        ("MOCK", {"mode": "success"}, set()),
    ],
)
def test_hosts_and_folders_are_found(kind, config, found):
    assert {place.name for place in places(ConnectorRegistry.get(kind), config)} == found


@pytest.mark.parametrize(
    ("before", "after", "elsewhere"),
    [
        (SFTP, SFTP | {"port": 22, "timeout": 3}, False),
        (SFTP, SFTP | {"host_key": "SHA256:x"}, False),
        (SFTP, SFTP | {"port": 2222}, True),
        (SFTP, SFTP | {"host": "other.example"}, True),
        (FOLDER, FOLDER | {"ack_path": "/srv/other"}, True),
        (FOLDER, FOLDER | {"fsync": True}, False),
    ],
)
def test_another_place_or_another_door_is_elsewhere(before, after, elsewhere):
    assert leads_elsewhere(ConnectorRegistry.get("DROPZONE_JSON_V1"), after, before) is elsewhere


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"client_secret": "renewed", "timeout": 5, "ca_certificate": "renewed"}, True),
        ({"url": "https://erp.example:8443/other"}, False),
        ({"client_id": "another"}, False),
    ],
)
def test_what_is_renewed_leads_to_the_same_erp(changes, same):
    connector = ConnectorRegistry.get("REST_JSON")
    assert (destination_digest(connector, REST | changes) == destination_digest(connector, REST)) is same
