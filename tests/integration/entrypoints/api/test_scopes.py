"""An API key may be made for some of what its role may do; it does no more, and makes no key that does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.entrypoints.api.conftest import Tenant
from tests.integration.entrypoints.api.test_order_fields import NEEDED


def made(acme: Tenant, **said: Any) -> Any:
    return acme.call("POST", "/api-keys", json={"name": "shop", "role": "ADMIN"} | said).json()


def called(acme: Tenant, key: str, method: str, path: str, **options: Any) -> Any:
    return acme.client.request(method, f"/api/v1{path}", headers={"X-API-Key": key}, **options)


def test_a_key_does_what_it_was_made_for_and_nothing_else(acme: Tenant) -> None:
    shop = made(acme, scopes=["ORDERS_IMPORT", "READ", "OWN_ACCOUNT", "READ"])
    assert shop["scopes"] == ["ORDERS_IMPORT", "OWN_ACCOUNT", "READ"]
    order = called(acme, shop["key"], "POST", "/draft-orders", json=NEEDED).json()["id"]
    refused = called(acme, shop["key"], "POST", f"/draft-orders/{order}/approve")
    assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (403, "SCOPE_MISSING")
    assert called(acme, shop["key"], "GET", f"/draft-orders/{order}").json()["actions"] == []
    assert called(acme, shop["key"], "GET", "/me").json()["permissions"] == ["READ", "OWN_ACCOUNT", "ORDERS_IMPORT"]
    listed = {key["id"]: key for key in acme.call("GET", "/api-keys").json()["items"]}
    assert listed[shop["id"]]["scopes"] == shop["scopes"]
    assert listed[shop["id"]]["last_used_at"]
    audit = acme.call("GET", "/audit-log?action=API_KEY_CREATED").json()["items"][0]
    assert audit["after"]["scopes"] == shop["scopes"]


def test_a_role_says_no_whatever_the_scopes_say(acme: Tenant) -> None:
    viewer = made(acme, role="VIEWER", scopes=["ORDERS_IMPORT"])
    refused = called(acme, viewer["key"], "POST", "/draft-orders", json=NEEDED)
    assert refused.json()["error"]["details"]["reason"] == "ROLE_NOT_ALLOWED"


def test_a_key_with_scopes_makes_no_key_that_may_more(acme: Tenant) -> None:
    keeper = made(acme, scopes=["KEYS_MANAGE", "READ"])["key"]
    for scopes in (None, ["READ", "ORG_MANAGE"]):
        body = {"name": "more", "role": "ADMIN"} | ({"scopes": scopes} if scopes else {})
        assert called(acme, keeper, "POST", "/api-keys", json=body).status_code == 403
    assert called(acme, keeper, "POST", "/api-keys", json={"name": "x", "role": "OPS", "scopes": ["READ"]}).is_success


def test_a_key_with_scopes_lets_nobody_in_who_may_more(acme: Tenant) -> None:
    keeper = made(acme, scopes=["USERS_MANAGE", "READ", "OWN_ACCOUNT"])["key"]
    person = {"email": "new@acme.example", "password": "correct horse battery"}
    admin = next(user["id"] for user in acme.call("GET", "/users").json()["items"] if user["role"] == "ADMIN")
    made_by_key = called(acme, keeper, "POST", "/users", json=person | {"role": "VIEWER"})
    viewer = made_by_key.json()["id"]
    assert made_by_key.status_code == 201
    for method, path, body in [
        ("POST", "/users", person | {"email": "more@acme.example", "role": "ADMIN"}),
        ("POST", "/users", person | {"email": "more@acme.example", "role": "OPS"}),
        ("PATCH", f"/users/{viewer}", {"role": "ADMIN"}),
        ("PATCH", f"/users/{admin}", {"active": True}),
        ("POST", f"/users/{admin}/password", {"password": person["password"]}),
        ("DELETE", f"/users/{admin}/second-factor", None),
    ]:
        refused = called(acme, keeper, method, path, json=body)
        assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (403, "SCOPE_MISSING"), path
    for method, path, body in [
        ("PATCH", f"/users/{viewer}", {"role": "VIEWER", "active": True, "name": "Vera"}),
        ("PATCH", f"/users/{viewer}", {"active": False}),
        ("POST", f"/users/{viewer}/password", {"password": "another horse battery"}),
        ("DELETE", f"/users/{viewer}/second-factor", None),
        ("PATCH", f"/users/{admin}", {"role": "ADMIN", "name": "Ada"}),
    ]:
        assert called(acme, keeper, method, path, json=body).is_success, path


@pytest.mark.parametrize("scopes", [[], ["EVERYTHING"], ["read"], "READ"])
def test_scopes_are_permissions_by_their_names(acme: Tenant, scopes: Any) -> None:
    answer = acme.call("POST", "/api-keys", json={"name": "shop", "role": "OPS", "scopes": scopes})
    assert answer.status_code == 422


def test_keys_without_scopes_may_what_their_role_may(acme: Tenant) -> None:
    assert made(acme)["scopes"] is None
    assert called(acme, made(acme)["key"], "GET", "/users").is_success


def test_a_key_with_scopes_lends_nobody_a_key_that_may_more(acme: Tenant) -> None:
    keeper = made(acme, scopes=["KEYS_MANAGE", "READ"])["key"]
    admin = next(user["id"] for user in acme.call("GET", "/users").json()["items"] if user["role"] == "ADMIN")
    for scopes, status in ((None, 403), (["READ", "ORG_MANAGE"], 403), (["READ"], 200)):
        lent = made(acme, **({"scopes": scopes} if scopes else {}))["id"]
        answer = called(acme, keeper, "PATCH", f"/api-keys/{lent}", json={"user_id": admin})
        assert answer.status_code == status, scopes


def test_a_key_without_the_scope_does_not_do_it_to_many_orders_either(acme: Tenant) -> None:
    pusher = made(acme, scopes=["READ", "ORDERS_PUSH"])["key"]
    order = acme.call("POST", "/draft-orders", json=NEEDED).json()["id"]
    acme.call("POST", f"/draft-orders/{order}/holds", json={"reason": "Looks like fraud."})
    released = called(acme, pusher, "POST", "/bulk-jobs", json={"action": "release", "ids": [order]}).json()
    assert (released["done"], released["refused"]) == (0, 1)
    assert acme.call("GET", f"/draft-orders/{order}").json()["holds"]
    refused = called(acme, pusher, "POST", "/bulk-jobs", json={"action": "approve", "ids": [order]})
    assert refused.json()["error"]["details"]["reason"] == "SCOPE_MISSING"
