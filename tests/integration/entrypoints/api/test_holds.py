"""Holds and head starts over HTTP: who may, what everybody sees, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from httpx import Response

from orderflow.domain.access import Role
from tests.integration.entrypoints.api.conftest import Tenant
from tests.integration.entrypoints.api.test_deliveries import ORDER


@pytest.fixture
def pushed(acme: Tenant) -> str:
    """An order that waits for a worker."""
    acme.call("POST", "/connectors/mock", json={"config": {}})
    order_id: str = acme.call("POST", "/draft-orders", json=ORDER).json()["id"]
    acme.call("POST", f"/draft-orders/{order_id}/approve")
    assert acme.call("POST", f"/draft-orders/{order_id}/push").status_code == 202
    return order_id


def hold(acme: Tenant, order_id: str, reason: str = "The address is checked", role: Role = Role.OPS) -> Response:
    return acme.call("POST", f"/draft-orders/{order_id}/holds", role, json={"reason": reason})


def order_of(acme: Tenant, order_id: str, role: Role = Role.ADMIN) -> Any:
    return acme.call("GET", f"/draft-orders/{order_id}", role).json()


def test_everybody_sees_who_keeps_it_back_and_why(acme: Tenant, pushed: str) -> None:
    placed = hold(acme, pushed)
    assert placed.status_code == 201, placed.text
    (one,) = placed.json()["items"]
    assert (one["reason"], one["may_release"]) == ("The address is checked", True)

    whole = order_of(acme, pushed, Role.VIEWER)
    (seen,) = whole["holds"]
    assert (seen["placed_by"], seen["may_release"]) == (one["placed_by"], False)
    assert (whole["waits_for"], whole["latest_export"]["waits_for"]) == ("HOLD", "HOLD")
    assert whole["latest_export"]["holds"] == whole["holds"]
    listed = acme.call("GET", "/draft-orders", params={"on_hold": True}).json()["items"]
    assert [each["id"] for each in listed] == [pushed]
    assert acme.call("GET", "/draft-orders", params={"on_hold": False}).json()["items"] == []
    events = acme.call("GET", f"/draft-orders/{pushed}/timeline").json()["items"]
    (told,) = [event for event in events if event.get("action") == "DRAFT_HOLD_PLACED"]
    assert (told["after"], told["actor"]) == ({"reason": "The address is checked"}, one["placed_by"])


def test_who_placed_it_or_an_admin_releases_it(acme: Tenant, pushed: str) -> None:
    hold(acme, pushed, role=Role.OPS)
    hold(acme, pushed, "price", Role.ADMIN)
    holds = f"/draft-orders/{pushed}/holds"
    assert "release" in order_of(acme, pushed, Role.OPS)["actions"]
    left = acme.call("DELETE", holds, Role.OPS).json()["items"]
    assert [one["reason"] for one in left] == ["price"]
    assert "release" not in order_of(acme, pushed, Role.OPS)["actions"]
    refused = acme.call("DELETE", f"{holds}/{left[0]['id']}", Role.OPS)
    assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (409, "HOLD_OF_ANOTHER"), refused.text
    assert acme.call("DELETE", f"{holds}/{left[0]['id']}", Role.ADMIN).json() == {"items": []}
    assert order_of(acme, pushed)["waits_for"] is None
    assert acme.call("DELETE", holds).json()["error"]["details"]["reason"] == "NOT_ON_HOLD"


def test_who_may_not_push_may_not_hold(acme: Tenant, pushed: str) -> None:
    for role in (Role.VIEWER, Role.INTEGRATOR):
        assert hold(acme, pushed, role=role).status_code == 403
        assert acme.call("GET", f"/draft-orders/{pushed}/holds", role).json() == {"items": []}


@pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": "x" * 201}, {"reason": "a\nb"}, {"reason": 1}])
def test_a_reason_that_nobody_could_read_is_refused_with_the_place(acme: Tenant, pushed: str, body: object) -> None:
    refused = acme.call("POST", f"/draft-orders/{pushed}/holds", json=body)
    assert (refused.status_code, refused.json()["error"]["details"]["fields"][0]["field"]) == (422, "reason")


def test_another_organizations_order_is_not_there(
    acme: Tenant, make_tenant: Callable[[str], Tenant], pushed: str
) -> None:
    hold(acme, pushed)
    globex = make_tenant("globex")
    assert hold(globex, pushed).status_code == 404
    assert globex.call("GET", f"/draft-orders/{pushed}/holds").status_code == 404
    assert globex.call("DELETE", f"/draft-orders/{pushed}/holds").status_code == 404


def test_a_head_start_is_given_at_intake_with_the_push_and_while_it_waits(acme: Tenant) -> None:
    acme.call("POST", "/connectors/mock", json={"config": {}})
    order_id = acme.call("POST", "/draft-orders", json=ORDER | {"priority": 30}).json()["id"]
    assert order_of(acme, order_id)["priority"] == 30
    acme.call("POST", f"/draft-orders/{order_id}/approve")
    acme.call("POST", f"/draft-orders/{order_id}/push", json={"priority": 60})
    waits = order_of(acme, order_id)
    assert (waits["priority"], waits["latest_export"]["priority"]) == (60, 60)
    changed = acme.call("PUT", f"/draft-orders/{order_id}/priority", json={"priority": 90})
    assert (changed.json()["priority"], changed.json()["latest_export"]["priority"]) == (90, 90)
    stale = {"if-match": f'"{waits["version"]}"'}
    late = acme.call("PUT", f"/draft-orders/{order_id}/priority", json={"priority": 1}, headers=stale)
    assert late.json()["error"]["details"]["reason"] == "STALE_VERSION"


@pytest.mark.parametrize("priority", [-1, 1441, 1.5, "60", True])
def test_a_head_start_that_is_none_is_refused_with_the_place(acme: Tenant, pushed: str, priority: object) -> None:
    for method, path, body in (
        ("POST", "/draft-orders", ORDER | {"priority": priority}),
        ("PUT", f"/draft-orders/{pushed}/priority", {"priority": priority}),
    ):
        refused = acme.call(method, path, json=body)
        assert (refused.status_code, refused.json()["error"]["details"]["fields"][0]["field"]) == (422, "priority"), (
            body
        )


def test_the_same_order_with_another_head_start_is_the_same_order(acme: Tenant, pushed: str) -> None:
    again = acme.call("POST", "/draft-orders", json=ORDER | {"priority": 60})
    assert (again.status_code, again.json()["id"], again.json()["duplicate"]) == (200, pushed, True)
