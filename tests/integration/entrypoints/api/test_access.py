"""Keys belong to a user and end with them, measurements are for this machine, imports end, deadlocks are mended."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from orderflow.domain.access import Role
from orderflow.entrypoints.api import order_import
from orderflow.flow.order.importing import MOST_REFUSED
from orderflow.flow.people.organization import change_organization
from orderflow.flow.people.users import create_user
from orderflow.flow.ports import Actor
from orderflow.postgres.errors import DatabaseBusyError
from orderflow.storage.work import connection_rows


@pytest.fixture
def maker(acme: Any, app: Any, secret: Any) -> dict[str, str]:
    """A second administrator, signed in."""
    password = secret("password")
    user = create_user(
        app.store,
        app.passwords,
        acme.org_id,
        Actor("setup"),
        email="eve@acme.example",
        password=password,
        role=Role.ADMIN,
    )
    token = acme.client.post("/api/v1/auth/login", json={"email": user.email, "password": password}).json()
    return {"id": str(user.id), "authorization": f"Bearer {token['access_token']}"}


def new_key(acme: Any, headers: dict[str, str], role: str = "ADMIN") -> dict[str, Any]:
    body = {"name": "eve's key", "role": role}
    made: dict[str, Any] = acme.client.post("/api/v1/api-keys", json=body, headers=headers).json()
    return made


def status(acme: Any, key: str, method: str, path: str, **options: Any) -> int:
    return int(acme.client.request(method, f"/api/v1{path}", headers={"X-API-Key": key}, **options).status_code)


def test_a_key_is_capped_by_its_makers_role_and_ends_with_them(acme: Any, maker: dict[str, str]) -> None:
    made = new_key(acme, {"Authorization": maker["authorization"]})
    key = made["key"]
    assert (made["user_id"], made["user_email"], made["ended"]) == (maker["id"], "eve@acme.example", False)
    assert status(acme, key, "GET", "/users") == 200
    acme.call("PATCH", f"/users/{maker['id']}", json={"role": "OPS"})
    assert status(acme, key, "GET", "/users") == 403
    assert status(acme, key, "GET", "/draft-orders") == 200
    me = acme.client.get("/api/v1/me", headers={"X-API-Key": key}).json()
    assert "USERS_MANAGE" not in me["permissions"]
    assert "ORDERS_PUSH" in me["permissions"]
    acme.call("PATCH", f"/users/{maker['id']}", json={"active": False})
    assert status(acme, key, "GET", "/me") == 401
    listed = next(one for one in acme.call("GET", "/api-keys").json()["items"] if one["id"] == made["id"])
    assert listed["ended"] is True


def test_a_key_made_with_a_key_belongs_to_the_same_user(acme: Any, maker: dict[str, str]) -> None:
    first = new_key(acme, {"Authorization": maker["authorization"]})["key"]
    second = new_key(acme, {"X-API-Key": first})
    assert second["user_id"] == maker["id"]
    acme.call("PATCH", f"/users/{maker['id']}", json={"active": False})
    assert status(acme, second["key"], "GET", "/me") == 401


def test_a_key_from_before_goes_on_and_can_be_given_to_somebody(acme: Any, maker: dict[str, str]) -> None:
    old = next(key for key in acme.call("GET", "/api-keys").json()["items"] if key["role"] == "OPS")
    assert old["user_id"] is None
    assert status(acme, acme.keys[Role.OPS], "GET", "/me") == 200
    assigned = acme.call("PATCH", f"/api-keys/{old['id']}", json={"user_id": maker["id"]}).json()
    assert assigned["user_email"] == "eve@acme.example"
    acme.call("PATCH", f"/users/{maker['id']}", json={"active": False})
    assert status(acme, acme.keys[Role.OPS], "GET", "/me") == 401
    again = acme.call("PATCH", f"/api-keys/{old['id']}", json={"user_id": maker["id"]})
    assert again.json()["error"]["details"]["reason"] == "USER_ENDED"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_measurements_are_for_this_machine_alone(acme: Any, header: str) -> None:
    assert acme.client.get("/metrics").status_code == 200
    assert acme.client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 401


def test_an_import_of_nonsense_ends_and_what_was_good_is_stored(acme: Any) -> None:
    good = json.dumps({"external_order_number": "G-1"})
    answer = acme.call("POST", "/draft-orders/import", content=f"{good}\n" + "x\n" * 100_000)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert MOST_REFUSED <= len(lines) < MOST_REFUSED + 300
    assert lines[-1]["error"]["code"] == "TOO_MANY_BAD_LINES"
    assert answer.headers["x-orders-accepted"] == "1"
    assert acme.call("GET", f"/draft-orders/{lines[0]['id']}").status_code == 200


def test_an_import_of_lines_that_hold_nothing_ends_before_its_answer_fills_the_disk(
    acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_import, "MOST_EMPTY", 500)
    lines = acme.call("POST", "/draft-orders/import", content="{}\n" * 5_000).text.splitlines()
    assert len(lines) == 501
    assert json.loads(lines[-1])["error"]["code"] == "TOO_MANY_BAD_LINES"
    order = json.dumps({"external_order_number": "G-1", "notes": "n" * order_import.LEAST_LINE})
    assert len(acme.call("POST", "/draft-orders/import", content=f"{order}\n" * 700).text.splitlines()) == 700


def test_connectors_have_an_end_in_number_and_size(acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    body: dict[str, Any] = {
        "connector_type": "REST_JSON",
        "status": "DISABLED",
        "config": {"url": "https://erp.example/orders"},
    }
    large = {**body, "config": {**body["config"], "headers": "\n".join(f"X-{n}: {'v' * 80}" for n in range(20))}}
    path = f"/connectors/{acme.call('POST', '/connectors', json=large).json()['id']}"
    monkeypatch.setattr(connection_rows, "MOST_BYTES", 1_000)
    longer = {"config": {**large["config"], "headers": f"{large['config']['headers']}\nX-More: 1"}}
    for refused in (acme.call("POST", "/connectors", json=large), acme.call("PATCH", path, json=longer)):
        assert refused.json()["error"]["details"]["reason"] == "CONFIGURATIONS_TOO_LARGE"
    assert acme.call("PATCH", path, json={"config": body["config"]}).is_success, "it may always become smaller"
    monkeypatch.setattr(connection_rows, "MOST_CONNECTIONS", 1)
    refused = acme.call("POST", "/connectors", json=body)
    assert refused.json()["error"]["details"]["reason"] == "TOO_MANY_CONNECTORS"


@pytest.mark.parametrize("password", ["aaaaaaaaaaaa", "abababababab", "123456789012", "qwertyuiopas", "098765432109"])
def test_passwords_that_hands_type_by_themselves_are_refused(acme: Any, password: str) -> None:
    body = {"email": "new@acme.example", "password": password, "role": "VIEWER"}
    answer = acme.call("POST", "/users", json=body)
    assert answer.json()["error"]["details"]["reason"] == "PASSWORD_WEAK"


def test_a_transaction_that_met_another_one_is_taken_again(acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from orderflow.entrypoints.api import organization

    tried = []

    def meets_another(*given: Any) -> Any:
        tried.append(1)
        if len(tried) < 3:
            raise DatabaseBusyError
        return change_organization(*given)

    monkeypatch.setattr(organization, "change_organization", meets_another)
    assert acme.call("PATCH", "/organization", json={"name": "Acme"}).json()["name"] == "Acme"
    assert len(tried) == 3


def test_two_transactions_that_wait_for_each_other_are_told_apart_from_a_database_that_is_away(
    acme: Any, app: Any
) -> None:
    from threading import Barrier, Thread

    both, errors = Barrier(2), []

    def lock(first: str, second: str) -> None:
        try:
            with app.store.work(acme.org_id) as work:
                for name in (first, second):
                    work.connection.execute(text("SELECT FROM app_user WHERE email = :e FOR UPDATE"), {"e": name})
                    if name == first:
                        both.wait(20)
        except DatabaseBusyError as error:
            errors.append(error.code)

    names = [acme.emails[Role.OPS], acme.emails[Role.VIEWER]]
    threads = [Thread(target=lock, args=names), Thread(target=lock, args=names[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == ["DATABASE_BUSY"]


def test_changing_connections_does_not_wait_for_pushes_that_name_them(acme: Any, app: Any) -> None:
    body = {"connector_type": "MOCK", "config": {}, "status": "ACTIVE"}
    connector = acme.call("POST", "/connectors", json=body).json()["id"]
    with app.store.work(acme.org_id) as work:  # as a push's export does, by its foreign key
        work.connection.execute(text("SELECT FROM erp_connection WHERE id = :id FOR KEY SHARE"), {"id": connector})
        assert acme.call("POST", f"/connectors/{connector}/disable").status_code == 200
