"""Connectors over HTTP: what may be set up, what comes back, and what never does."""

from __future__ import annotations

import base64
import hashlib
import json
from uuid import uuid4

import pytest
from sqlalchemy import text

from orderflow.domain.access import Role
from orderflow.testing.sftp_server import SFTPServer

MASK = "********"
MOCK = {"connector_type": "MOCK", "config": {"mode": "success"}}


def dropzone(tmp_path, **more):
    (tmp_path / "in").mkdir(exist_ok=True)
    return {"mode": "filesystem", "export_path": str(tmp_path / "in"), **more}


def sftp(server, **more):
    return {
        "mode": "sftp",
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "password": server.password,
        "export_path": "/in",
        **more,
    }


@pytest.fixture
def server(secret, tmp_path):
    with SFTPServer(tmp_path / "erp", password=secret("sftp")) as running:
        (running.root / "in").mkdir(parents=True)
        yield running


def test_types_come_with_the_schema_that_draws_their_form(acme):
    types = {kind["type"]: kind for kind in acme.call("GET", "/connector-types").json()["items"]}
    dropzone_type = types["DROPZONE_JSON_V1"]
    assert dropzone_type["slug"] == "dropzone-json-v1"
    assert "acks" in dropzone_type["capabilities"]
    fields = dropzone_type["config_schema"]["properties"]
    assert fields["password"]["writeOnly"] is True
    assert fields["host"]["group"] == "Server"
    assert fields["host"]["description"]


def test_from_nothing_to_deleted(acme, tmp_path):
    body = {"connector_type": "DROPZONE_JSON_V1", "config": dropzone(tmp_path), "name": "Hamburg", "answer_within": 600}
    made = acme.call("POST", "/connectors", json=body)
    assert made.status_code == 201
    connector = made.json()
    assert (connector["status"], connector["is_default"], connector["name"]) == ("ACTIVE", True, "Hamburg")
    assert (connector["answer_within"], connector["health"]["state"]) == (600, "CLOSED")

    path = f"/connectors/{connector['id']}"
    assert acme.call("GET", path).json() == connector
    assert acme.call("GET", "/connectors").json()["items"] == [connector]
    changed = acme.call("PATCH", path, json={"name": "Bremen", "answer_within": None}).json()
    assert (changed["name"], changed["answer_within"], changed["config"]) == ("Bremen", None, connector["config"])

    tested = acme.call("POST", f"{path}/test")
    assert tested.status_code == 200
    assert tested.json()["success"] is True
    assert acme.call("GET", path).json()["last_test_at"]
    assert acme.call("DELETE", path).status_code == 204
    assert acme.call("GET", path).status_code == 404
    assert acme.call("POST", f"{path}/test").status_code == 404


def test_doubt_waits_for_a_person_unless_somebody_chooses_otherwise(acme):
    made = acme.call("POST", "/connectors", json=MOCK).json()
    assert (made["in_doubt"], made["commit_within"]) == ("hold", None)
    choice = {"in_doubt": "resend", "commit_within": 300}
    changed = acme.call("PATCH", f"/connectors/{made['id']}", json=choice).json()
    assert {name: changed[name] for name in choice} == choice
    refused = acme.call("PATCH", f"/connectors/{made['id']}", json={"commit_within": -1})
    assert refused.json()["error"]["details"]["fields"][0]["field"] == "commit_within"


def test_the_type_may_be_in_the_address(acme, tmp_path):
    config = dropzone(tmp_path)
    assert acme.call("POST", "/connectors/dropzone-json-v1/test", json={"config": config}).json()["success"] is True
    made = acme.call("POST", "/connectors/dropzone-json-v1", json={"config": config, "test_on_save": True})
    assert made.status_code == 201
    assert made.json()["connector_type"] == "DROPZONE_JSON_V1"
    assert made.json()["last_test_at"]


def test_one_of_a_type_is_active_and_many_are_disabled(acme):
    first = acme.call("POST", "/connectors", json=MOCK).json()
    assert acme.call("POST", "/connectors", json=MOCK).status_code == 409
    assert len(acme.call("GET", "/connectors").json()["items"]) == 1, "nothing is half-written"
    spares = [acme.call("POST", "/connectors", json={**MOCK, "status": "DISABLED"}).json() for _ in range(2)]
    assert acme.call("POST", f"/connectors/{spares[0]['id']}/enable").status_code == 409
    assert acme.call("POST", f"/connectors/{first['id']}/disable").json()["status"] == "DISABLED"
    enabled = acme.call("POST", f"/connectors/{spares[0]['id']}/enable").json()
    assert (enabled["status"], enabled["is_default"]) == ("ACTIVE", True)


def test_the_default_passes_to_the_oldest_active_one(acme, tmp_path):
    mock = acme.call("POST", "/connectors", json=MOCK).json()
    body = {"connector_type": "DROPZONE_JSON_V1", "config": dropzone(tmp_path)}
    other = acme.call("POST", "/connectors", json=body).json()
    assert (mock["is_default"], other["is_default"]) == (True, False)
    acme.call("POST", f"/connectors/{mock['id']}/disable")
    assert acme.call("GET", f"/connectors/{other['id']}").json()["is_default"] is True
    assert acme.call("POST", f"/connectors/{mock['id']}/default").status_code == 409
    acme.call("POST", f"/connectors/{mock['id']}/enable")
    assert acme.call("POST", f"/connectors/{mock['id']}/default").json()["is_default"] is True
    acme.call("DELETE", f"/connectors/{mock['id']}")
    assert acme.call("GET", f"/connectors/{other['id']}").json()["is_default"] is True


def test_secrets_never_come_back_and_are_kept(acme, app, server):
    config = sftp(server, host_key=server.host_key)
    made = acme.call("POST", "/connectors", json={"connector_type": "DROPZONE_JSON_V1", "config": config}).json()
    path = f"/connectors/{made['id']}"
    assert made["config"]["password"] == MASK
    assert made["config"]["username"] == config["username"]

    masked = {**made["config"], "export_path": "/in/", "connect_timeout": 4.5}
    assert acme.call("PATCH", path, json={"config": masked}).json()["config"]["connect_timeout"] == 4.5
    assert acme.call("POST", f"{path}/test").status_code == 200
    left_out = {name: value for name, value in masked.items() if name != "password"}
    assert acme.call("PATCH", path, json={"config": left_out}).status_code == 200
    assert acme.call("POST", f"{path}/test").status_code == 200
    unsaved = {"config": left_out, "connector_type": "DROPZONE_JSON_V1", "id": made["id"]}
    assert acme.call("POST", "/connectors/test", json=unsaved).status_code == 200
    removed = {**masked, "password": None, "ssh_key": None}
    assert acme.call("PATCH", path, json={"config": removed}).status_code == 422, "neither password nor key is left"
    with app.store.work(acme.org_id) as work:
        changes = work.connection.execute(text("SELECT after FROM audit_log WHERE action = 'CONNECTOR_CHANGED'"))
        assert all(row.after["config"]["password"] == MASK for row in changes)


def test_an_unknown_host_key_is_shown_and_can_be_accepted(acme, server):
    config = sftp(server)
    made = acme.call("POST", "/connectors/dropzone-json-v1", json={"config": config}).json()
    path = f"/connectors/{made['id']}"
    refused = acme.call("POST", f"{path}/test")
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error["code"] == "DEPENDENCY_ERROR"
    assert error["details"]["fingerprint"] == server.fingerprint
    assert error["details"]["hint"]
    wrong = {"fingerprint": "SHA256:" + "A" * 43, "host_key": error["details"]["host_key"]}
    assert acme.call("POST", f"{path}/accept-host-key", json=wrong).status_code == 422
    right = {name: error["details"][name] for name in ("fingerprint", "host_key")}
    accepted = acme.call("POST", f"{path}/accept-host-key", json=right)
    assert accepted.json()["config"]["host_key"] == server.host_key
    assert acme.call("POST", f"{path}/test").status_code == 200


def test_the_server_is_asked_for_its_key_if_only_the_fingerprint_is_given(acme, server):
    made = acme.call("POST", "/connectors/dropzone-json-v1", json={"config": sftp(server)}).json()
    path = f"/connectors/{made['id']}/accept-host-key"
    other = "SHA256:" + base64.b64encode(hashlib.sha256(b"another").digest()).decode().rstrip("=")
    assert acme.call("POST", path, json={"fingerprint": other}).status_code == 409
    assert acme.call("POST", path, json={"fingerprint": server.fingerprint}).status_code == 200


def test_what_fails_its_test_is_not_saved(acme):
    bad = {"connector_type": "MOCK", "config": {"mode": "attention"}, "test_on_save": True}
    refused = acme.call("POST", "/connectors", json=bad)
    assert refused.status_code == 400
    assert refused.json()["error"]["details"]["reason"] == "AUTH_FAILED"
    assert acme.call("GET", "/connectors").json()["items"] == []
    made = acme.call("POST", "/connectors", json=MOCK).json()
    change = {"config": {"mode": "attention"}, "name": "new", "test_on_save": True}
    assert acme.call("PATCH", f"/connectors/{made['id']}", json=change).status_code == 400
    kept = acme.call("GET", f"/connectors/{made['id']}").json()
    assert (kept["config"], kept["name"]) == (made["config"], None)


def test_a_new_configuration_resumes_a_paused_connector(acme, app):
    made = acme.call("POST", "/connectors", json=MOCK).json()
    with app.store.work(acme.org_id) as work:
        work.connections.set_breaker(made["id"], "PAUSED", {"code": "AUTH_FAILED", "message": "no"}, None)
    paused = acme.call("GET", f"/connectors/{made['id']}").json()["health"]
    assert (paused["state"], paused["error"]["code"]) == ("PAUSED", "AUTH_FAILED")
    saved = acme.call("PATCH", f"/connectors/{made['id']}", json={"config": {"mode": "slow"}}).json()
    assert saved["health"]["state"] == "CLOSED"


def test_what_does_not_open_can_be_listed_mended_and_deleted(acme, app):
    made = [acme.call("POST", "/connectors", json={**MOCK, "status": "DISABLED"}).json() for _ in range(2)]
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text("UPDATE erp_connection SET config_encrypted = '\\x00'"))
    listed = acme.call("GET", "/connectors").json()["items"]
    assert [(item["config"], item["config_readable"]) for item in listed] == [(None, False)] * 2
    assert acme.call("POST", f"/connectors/{made[0]['id']}/test").status_code == 409
    mended = acme.call("PATCH", f"/connectors/{made[0]['id']}", json={"config": {"mode": "slow"}}).json()
    assert (mended["config_readable"], mended["config"]["mode"]) == (True, "slow")
    assert acme.call("PATCH", f"/connectors/{made[1]['id']}", json={"name": "old"}).json()["name"] == "old"
    assert acme.call("DELETE", f"/connectors/{made[1]['id']}").status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"connector_type": "NONE_SUCH", "config": {}},
        {"connector_type": "MOCK", "config": {"mode": "no such mode"}},
        {"connector_type": "MOCK", "config": {"unknown": 1}},
        {"connector_type": "MOCK", "config": []},
        {"connector_type": "MOCK", "config": {"mode": "\ud800"}},
        {"connector_type": "MOCK", "config": {}, "name": "a\0b"},
        {"connector_type": "MOCK", "config": {}, "give_up_after": 0},
        {"connector_type": "MOCK", "config": {}, "misspelt": 1},
        {"connector_type": "\0", "config": {}},
    ],
)
def test_bad_connectors_are_refused_with_a_reason(acme, body):
    for path in ("/connectors", "/connectors/test"):
        refused = acme.call("POST", path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert refused.status_code == 422
        assert refused.json()["error"]["code"] == "VALIDATION_ERROR"
    assert acme.call("GET", "/connectors").json()["items"] == []


def test_another_organizations_connector_is_not_there(acme, make_tenant):
    made = acme.call("POST", "/connectors", json=MOCK).json()
    stranger = make_tenant("stranger")
    path = f"/connectors/{made['id']}"
    key = {"fingerprint": "SHA256:" + base64.b64encode(hashlib.sha256(b"AAAA").digest()).decode().rstrip("=")}
    calls = [
        ("GET", path, {}),
        ("PATCH", path, {"json": {"name": "mine"}}),
        ("DELETE", path, {}),
        *((("POST", f"{path}/{what}", {})) for what in ("enable", "disable", "default", "test")),
        ("POST", f"{path}/accept-host-key", {"json": key}),
        ("POST", "/connectors/test", {"json": {**MOCK, "id": made["id"]}}),
    ]
    for method, address, options in calls:
        assert stranger.call(method, address, **options).status_code == 404, (method, address)
    assert acme.call("GET", path).json() == made
    assert stranger.call("GET", "/connectors").json()["items"] == []


def test_ids_that_are_none_and_roles_that_may_not(acme):
    assert acme.call("GET", "/connectors/nonsense").status_code == 422
    assert acme.call("POST", f"/connectors/{uuid4()}/test").status_code == 404
    assert acme.call("POST", "/connectors", Role.OPS, json=MOCK).status_code == 403
    assert acme.call("POST", "/connectors", Role.INTEGRATOR, json=MOCK).status_code == 201
