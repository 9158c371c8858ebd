"""What would be sent, over HTTP: of a stored order, of a sample, and nothing is sent or shown that should not be."""

from __future__ import annotations

import json

import pytest

from orderflow.domain.access import Role

ORDER = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": "Müller & Söhne"},
    "lines": [{"line_no": 1, "internal_sku": "INT-9", "qty": 10.125, "uom": "M", "unit_price": 1.23}],
}
COLUMNS = [{"name": "SKU", "field": "line.internal_sku"}, {"name": "Kunde", "field": "customer.name"}]


@pytest.fixture
def order_id(acme):
    return acme.call("POST", "/draft-orders", json=ORDER).json()["id"]


@pytest.fixture
def csv(tmp_path):
    config = {"mode": "filesystem", "export_path": str(tmp_path), "columns": COLUMNS, "encoding": "windows-1252"}
    return {"connector_type": "DROPZONE_CSV_V1", "config": config}


def rest(secret):
    config = {"url": "https://erp.example/orders", "auth": "bearer", "token": secret("token")}
    return {"connector_type": "REST_JSON", "config": config}


def test_what_a_connector_would_send_for_an_order(acme, order_id, csv, secret, tmp_path):
    acme.call("POST", "/connectors", json=csv)
    api = acme.call("POST", "/connectors", json=rest(secret)).json()
    shown = acme.call("GET", f"/draft-orders/{order_id}/preview", Role.VIEWER).json()
    assert shown["connector_type"] == "DROPZONE_CSV_V1"
    assert shown["text"] == "SKU;Kunde\r\nINT-9;Müller & Söhne\r\n"
    assert (shown["encoding"], shown["size"]) == ("windows-1252", 33)
    assert shown["destination"].startswith("file://")
    assert shown["file_name"].endswith(".csv")
    named = acme.call("GET", f"/draft-orders/{order_id}/preview", params={"connection_id": api["id"]}).json()
    assert named["destination"] == "POST https://erp.example/orders"
    assert "Authorization" not in named["headers"]
    assert json.loads(named["text"])["lines"][0]["qty"] == 10.125
    assert list(tmp_path.glob("*.csv")) == []
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["status"] == "READY"


def test_a_mapping_is_tried_before_it_is_saved(acme, order_id, csv):
    sample = acme.call("POST", "/connectors/preview", json=csv).json()
    assert sample["text"].startswith("SKU;Kunde\r\nINT-001;Muster GmbH")
    own = acme.call("POST", "/connectors/preview", json=csv | {"order_id": order_id}).json()
    assert "Müller & Söhne" in own["text"]
    assert acme.call("GET", "/connectors").json()["items"] == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "iso-8859-15"])
def test_its_letters_are_those_of_its_encoding(acme, csv, encoding):
    columns = [*COLUMNS, {"name": "Preis €", "field": "line.unit_price"}]
    config = csv["config"] | {"columns": columns, "encoding": encoding}
    shown = acme.call("POST", "/connectors/preview", json=csv | {"config": config}).json()
    assert (shown["text"].splitlines()[0], shown["encoding"]) == ("SKU;Kunde;Preis €", encoding)


def test_what_cannot_be_previewed_says_why(acme, order_id, csv):
    wrong = csv | {"config": csv["config"] | {"columns": [{"name": "x", "field": "line.nope"}]}}
    refused = acme.call("POST", "/connectors/preview", json=wrong)
    assert (refused.status_code, refused.json()["error"]["details"]["fields"][0]["field"]) == (422, "columns.0.field")
    strict = csv | {
        "config": csv["config"] | {"columns": [{"name": "x", "field": "line.description", "required": True}]}
    }
    refused = acme.call("POST", "/connectors/preview", json=strict | {"order_id": order_id})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "DEPENDENCY_ERROR")
    assert "line.description is empty" in refused.json()["error"]["message"]
    assert acme.call("GET", f"/draft-orders/{order_id}/preview").status_code == 409
    nothing = "00000000-0000-0000-0000-000000000000"
    assert acme.call("GET", f"/draft-orders/{nothing}/preview").status_code == 404
    assert acme.call("POST", "/connectors/preview", json=csv | {"order_id": nothing}).status_code == 404


def test_only_who_may_test_connectors_tries_configurations(acme, csv):
    assert acme.call("POST", "/connectors/preview", Role.OPS, json=csv).status_code == 403
    assert acme.call("POST", "/connectors/preview", Role.INTEGRATOR, json=csv).status_code == 200
