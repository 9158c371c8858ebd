"""Every route, every role, from the one table."""

from __future__ import annotations

import re
from typing import Any

import pytest

from orderflow.domain.access import Role
from orderflow.domain.ids import new_id
from orderflow.entrypoints.api.app import ROUTERS
from orderflow.entrypoints.api.permissions import ROLES, Permission, may
from orderflow.entrypoints.api.routing import BASE, ApiRoute

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, ApiRoute)]


def calls() -> list[tuple[str, str, Permission | None]]:
    """Method, path with ids of nothing, and permission of every route."""
    return [
        (method, re.sub(r"\{\w+\}", str(new_id()), route.path.removeprefix(BASE)), route.permission)
        for route in ROUTES
        for method in sorted(route.methods or ())
    ]


def test_only_signing_in_and_answering_are_open_to_everybody():
    assert {route.path for route in ROUTES if route.permission is None} == {
        f"{BASE}/auth/login",
        f"{BASE}/auth/session",
        f"{BASE}/answers/{{connector_id}}",
    }


def test_every_permission_is_asked_for_somewhere():
    within = {Permission.HOLDS_RELEASE}  # whoever placed a hold may release it, so the step asks
    assert {route.permission for route in ROUTES} - {None} | within == set(Permission) == set(ROLES)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_what_the_table_gives_and_nothing_else(acme: Any, role: Role):
    for method, path, permission in calls():
        if permission is None:
            continue
        answer = acme.call(method, path, role, json={})
        refused = answer.status_code == 403 and answer.json()["error"]["details"]["reason"] == "ROLE_NOT_ALLOWED"
        assert refused != may(role, permission), f"{role} {method} {path}: {answer.status_code}"
        assert answer.status_code < 500, f"{role} {method} {path}: {answer.text}"


def test_nobody_gets_anything_without_signing_in_and_no_body_is_read(acme: Any):
    for method, path, permission in calls():
        if permission is None:
            continue
        answer = acme.call(method, path, None, content=b"{", headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AUTH_REQUIRED"), f"{method} {path}"
