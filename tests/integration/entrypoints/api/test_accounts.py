"""Users, API keys, the organization and the audit log over HTTP."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from orderflow.domain.access import Role


def test_an_administrator_adds_a_user_who_can_sign_in(acme, secret):
    password = secret("password")
    new = {"email": "new@acme.example", "password": password, "role": "OPS", "name": "New"}
    created = acme.call("POST", "/users", json=new)
    assert created.status_code == 201
    assert password not in created.text
    body = {"email": "new@acme.example", "password": password}
    assert acme.client.post("/api/v1/auth/login", json=body).status_code == 200


def test_an_address_belongs_to_one_user_anywhere(acme, make_tenant):
    other = make_tenant("other")
    new = {"email": "OPS@acme.example", "password": other.password, "role": "OPS"}
    answer = other.call("POST", "/users", json=new)
    assert (answer.status_code, answer.json()["error"]["details"]["reason"]) == (409, "EMAIL_TAKEN")


@pytest.mark.parametrize("change", [{"role": "OPS"}, {"active": False}])
def test_the_last_administrator_stays(acme, change):
    users = {user["email"]: user["id"] for user in acme.call("GET", "/users").json()["items"]}
    answer = acme.call("PATCH", f"/users/{users['admin@acme.example']}", json=change)
    assert (answer.status_code, answer.json()["error"]["details"]["reason"]) == (409, "LAST_ADMIN")
    second = acme.call("PATCH", f"/users/{users['ops@acme.example']}", json={"role": "ADMIN"})
    assert second.status_code == 200
    assert acme.call("PATCH", f"/users/{users['admin@acme.example']}", json=change).status_code == 200


def test_a_key_is_shown_once_and_works_until_it_is_revoked(acme, app):
    created = acme.call("POST", "/api-keys", json={"name": "webshop", "role": "VIEWER"}).json()
    assert created["key"].startswith(f"ofk_{created['prefix']}_")
    me = acme.client.get("/api/v1/me", headers={"X-API-Key": created["key"]})
    assert me.json()["user_id"] is None
    listed = acme.call("GET", "/api-keys")
    assert created["key"] not in listed.text
    assert next(key for key in listed.json()["items"] if key["id"] == created["id"])["last_used_at"]
    with app.database.transaction(acme.org_id) as connection:
        stored = connection.execute(text("SELECT * FROM api_key WHERE name = 'webshop'")).one()
    assert created["key"] not in str(stored)
    assert acme.call("DELETE", f"/api-keys/{created['id']}").json()["revoked_at"]
    revoked = acme.client.get("/api/v1/me", headers={"X-API-Key": created["key"]})
    assert revoked.json()["error"]["details"]["reason"] == "KEY_INVALID"


def test_a_key_ends_by_itself(acme):
    soon = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
    created = acme.call("POST", "/api-keys", json={"name": "short", "role": "VIEWER", "expires_at": soon}).json()
    while acme.client.get("/api/v1/me", headers={"X-API-Key": created["key"]}).status_code == 200:
        time.sleep(0.2)
    assert acme.client.get("/api/v1/me", headers={"X-API-Key": created["key"]}).status_code == 401


def test_the_organization_is_paused_and_resumed(acme):
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert acme.call("POST", "/organization/pause", json={"until": until}).json()["deliveries_paused"]
    assert acme.call("POST", "/organization/pause").json()["deliveries_paused_until"] is None
    assert not acme.call("POST", "/organization/resume").json()["deliveries_paused"]
    past = acme.call("POST", "/organization/pause", json={"until": "2001-01-01T00:00:00Z"})
    assert past.json()["error"]["details"]["fields"][0]["field"] == "until"


def test_resuming_wakes_every_connection(acme, app, monkeypatch):
    with app.database.transaction(acme.org_id) as connection:
        insert = (
            "INSERT INTO erp_connection (id, org_id, connector_type, config_encrypted) VALUES (:id, :org, 'MOCK', '')"
        )
        connection.execute(text(insert), {"id": acme.org_id, "org": acme.org_id})
    woken = []
    monkeypatch.setattr(app.store, "_wake", lambda *place: woken.append(place))
    acme.call("POST", "/organization/resume")
    assert woken == [(acme.org_id, acme.org_id)]


def test_the_audit_log_names_actor_change_and_request(acme):
    acme.call("PATCH", "/organization", json={"name": "Acme Ltd"}, headers={"X-Request-ID": "rename-1"})
    entry = acme.call("GET", "/audit-log", params={"action": "ORGANIZATION_CHANGED"}).json()["items"][0]
    assert (entry["actor"], entry["request_id"]) == ("key:ADMIN key", "rename-1")
    assert (entry["before"]["name"], entry["after"]["name"]) == ("acme", "Acme Ltd")


def test_the_audit_log_shows_before_and_after_of_every_switch(acme):
    connector = acme.call("POST", "/connectors/mock", json={"config": {}}).json()["id"]
    for path in (f"/connectors/{connector}/disable", f"/connectors/{connector}/enable", "/organization/pause"):
        assert acme.call("POST", path).status_code == 200
    acme.call("POST", "/organization/resume")
    entries = acme.call("GET", "/audit-log?limit=5").json()["items"]
    resumed, paused, enabled, disabled = (entry for entry in entries if entry["action"] != "CONNECTOR_TESTED")
    for entry, was, now in ((paused, False, True), (resumed, True, False)):
        assert (entry["before"]["deliveries_paused"], entry["after"]["deliveries_paused"]) == (was, now)
    for entry, former, new in ((disabled, "ACTIVE", "DISABLED"), (enabled, "DISABLED", "ACTIVE")):
        assert (entry["before"]["status"], entry["after"]["status"]) == (former, new)


def test_the_audit_log_is_read_page_by_page(acme):
    for number in range(5):
        acme.call("PATCH", "/organization", json={"name": f"Acme {number}"})
    seen, cursor = [], None
    while True:
        parameters = {"action": "ORGANIZATION_CHANGED", "limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = acme.call("GET", "/audit-log", params=parameters).json()
        seen += [entry["after"]["name"] for entry in answer["items"]]
        cursor = answer["next_cursor"]
        if not cursor:
            break
    assert seen == [f"Acme {number}" for number in reversed(range(5))]


def test_a_cursor_of_somebody_elses_making_is_named(acme):
    answer = acme.call("GET", "/audit-log", params={"cursor": "abcd"})
    assert answer.json()["error"]["details"]["fields"] == [
        {"field": "cursor", "message": "is not a cursor that we gave out"}
    ]


def test_nobody_sees_another_organizations_people_or_log(acme, make_tenant):
    other = make_tenant("other")
    ours = {user["id"] for user in acme.call("GET", "/users").json()["items"]}
    assert ours.isdisjoint(user["id"] for user in other.call("GET", "/users").json()["items"])
    for user_id in ours:
        assert other.call("GET", f"/users/{user_id}").status_code == 404
        assert other.call("PATCH", f"/users/{user_id}", json={"active": False}).status_code == 404
        password = {"password": other.password}
        assert other.call("POST", f"/users/{user_id}/password", json=password).status_code == 404
    for key in acme.call("GET", "/api-keys").json()["items"]:
        assert other.call("DELETE", f"/api-keys/{key['id']}").status_code == 404
    assert all(user["active"] for user in acme.call("GET", "/users").json()["items"])
    assert acme.login(Role.OPS).status_code == 200
