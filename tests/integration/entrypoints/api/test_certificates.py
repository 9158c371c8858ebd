"""All certificates and host keys of an organization's connectors in one list, with what ends soon."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text

from orderflow.channels.as2.new_keys import new_keys
from tests.integration.channels.as2_partner import OURS, THEIRS, keys_of

NOW = dt.datetime.now(dt.UTC)
PINNED = "SHA256:" + "A" * 43


def connect(acme: Any, slug: str, name: str, **config: Any) -> str:
    answer = acme.call("POST", f"/connectors/{slug}", json={"name": name, "config": config})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def listed(acme: Any, **headers: str) -> list[dict[str, Any]]:
    answer = acme.call("GET", "/certificates", headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_certificates_of_all_connectors_are_listed_with_what_ends_first(app: Any, acme: Any) -> None:
    soon, ours, theirs = new_keys("soon", NOW, days=10, bits=2048), keys_of(OURS), keys_of(THEIRS)
    as2 = {"mode": "as2", "url": "http://127.0.0.1:9/as2", "plain_http": True, "as2_from": OURS, "as2_to": THEIRS}
    as2 |= {"own_certificates": soon.certificate + ours.certificate, "own_keys": soon.key, "other_own_keys": ours.key}
    partner = connect(acme, "dropzone-json-v1", "Partner", **as2, partner_certificates=theirs.certificate)
    api = connect(
        acme, "rest-json", "Shop", url="https://x.example", client_certificate=soon.certificate, client_key=soon.key
    )
    zone = {"mode": "sftp", "host": "x.example", "username": "u", "password": "p", "export_path": "in"}
    connect(acme, "dropzone-csv-v1", "Zone", **zone, host_key=PINNED, columns=[{"name": "A", "field": "line.qty"}])

    found = listed(acme, **{"Accept-Language": "de"})
    assert [
        (one["connector_name"], one["holder"], one["in_use"], one["warned"])
        for one in found
        if one["name"] == "CN=soon"
    ] == [
        ("Partner", "OURS", True, False),
        ("Shop", "CLIENT", True, True),
    ]
    assert {one["days_left"] for one in found[:2]} == {9}
    assert {one["label"] for one in found} == {
        *("Unsere Zertifikate", "Zertifikate des Partners", "Client-Zertifikat", "Host-Schlüssel")
    }
    assert found[-1] | {"holder": "SERVER", "fingerprint": PINNED, "valid_until": None, "warned": False} == found[-1]
    assert acme.call("GET", f"/connectors/{api}").json()["certificate_ends_at"] is not None
    needs = [one["texts"][0]["message"] for one in acme.call("GET", "/needs").json()["items"]]
    assert any("certificate ends" in message for message in needs)
    assert "PRIVATE KEY" not in str(found)

    with app.database.system() as connection:
        connection.execute(text("UPDATE erp_connection SET config_encrypted = '\\x00' WHERE id = :id"), {"id": partner})
    assert {one["connector_name"] for one in listed(acme)} == {"Shop", "Zone"}
