"""Opening hours through the API: saved with their connector, shown wherever something waits, refused with the place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderflow.flow.delivery.push_batch import push_batch
from tests.integration.entrypoints.api.test_routes import approved, connector

ALL_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NOW = datetime.now(UTC)
# Open on one day of the week only, that is neither today nor tomorrow nor was yesterday.
OTHER_DAY = ALL_WEEK[(NOW.weekday() + 3) % 7]
CLOSED_NOW = {"time_zone": "UTC", "weekly": {OTHER_DAY: ["08:00-17:00"]}}
OPEN_NOW = {"time_zone": "UTC", "weekly": {day: ["00:00-24:00"] for day in ALL_WEEK}}


@pytest.fixture
def way(acme: Any) -> Any:
    return connector(acme, "Köln")


def save(acme: Any, way: str, hours: Any) -> Any:
    return acme.call("PATCH", f"/connectors/{way}", json={"opening_hours": hours})


def push(acme: Any, **body: Any) -> Any:
    order_id = approved(acme)
    return order_id, acme.call("POST", f"/draft-orders/{order_id}/push", json=body)


def test_hours_are_saved_and_shown_with_when_it_opens(acme, way) -> None:
    shown = save(acme, way, CLOSED_NOW).json()
    assert shown["opening_hours"] == CLOSED_NOW | {"holidays": None, "closed_days": []}
    health = shown["health"]
    opens_at = datetime.fromisoformat(health["opens_at"])
    assert (health["closed"], health["closes_at"]) == (True, None)
    assert (opens_at.hour, ALL_WEEK[opens_at.weekday()]) == (8, OTHER_DAY)
    health = save(acme, way, None).json()["health"]
    assert (health["closed"], health["opens_at"], health["closes_at"]) == (False, None, None)
    (changed, *_) = acme.call("GET", f"/audit-log?entity_id={way}").json()["items"]
    assert (changed["before"], changed["after"]) == ({"opening_hours": CLOSED_NOW}, {"opening_hours": None})


def test_what_cannot_be_used_is_refused_with_its_place(acme, way) -> None:
    refused = save(acme, way, CLOSED_NOW | {"time_zone": "Europe/Berln", "weekly": {"mon": ["17:00-08:00"]}})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["details"]["reason"]) == (
        422,
        "VALIDATION_ERROR",
        "HOURS_UNUSABLE",
    )
    places = [one["field"] for one in error["details"]["fields"]]
    assert places == ["opening_hours.time_zone", "opening_hours.weekly.mon[0]"]
    assert acme.call("GET", f"/connectors/{way}").json()["opening_hours"] is None


def test_what_waits_for_hours_says_so_and_until_when_everywhere(acme, app, way) -> None:
    opens_at = save(acme, way, CLOSED_NOW).json()["health"]["opens_at"]
    order_id, answer = push(acme)
    assert answer.status_code == 202
    assert push_batch(app.wiring, acme.org_id, way) == 0
    (export,) = acme.call("GET", "/exports").json()["items"]
    (listed,) = acme.call("GET", "/draft-orders").json()["items"]
    whole = acme.call("GET", f"/draft-orders/{order_id}").json()
    asked = next(
        one
        for one in acme.call("GET", f"/draft-orders/{order_id}/timeline").json()["items"]
        if one["kind"] == "request"
    )
    for shown in (export, listed, whole, whole["latest_export"], asked):
        assert (shown["waits_for"], shown["waits_until"]) == ("OPENING_HOURS", opens_at)
    save(acme, way, OPEN_NOW)
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["waits_for"] is None
    assert push_batch(app.wiring, acme.org_id, way) == 1


def test_a_push_that_is_to_wait_says_so(acme, app, way) -> None:
    later = datetime.now(UTC) + timedelta(days=30)
    order_id, _ = push(acme, not_before=later.isoformat())
    save(acme, way, CLOSED_NOW)
    shown = acme.call("GET", f"/draft-orders/{order_id}").json()
    assert (shown["waits_for"], datetime.fromisoformat(shown["waits_until"])) == ("NOT_BEFORE", later)
    assert shown["latest_export"]["not_before"] == shown["waits_until"]
    save(acme, way, None)
    assert push_batch(app.wiring, acme.org_id, way) == 0
    assert "withdraw" in shown["actions"]


@pytest.mark.parametrize("days", [-400, 400])
def test_a_time_that_nobody_can_mean_is_refused(acme, way, days) -> None:
    order_id, refused = push(acme, not_before=(datetime.now(UTC) + timedelta(days=days)).isoformat())
    error = refused.json()["error"]
    assert (refused.status_code, error["details"]["reason"]) == (422, "NOT_BEFORE_UNUSABLE")
    assert error["details"]["fields"][0]["field"] == "not_before"
    bulk = {"action": "push", "ids": [order_id], "not_before": (NOW + timedelta(days=days)).isoformat()}
    assert acme.call("POST", "/draft-orders/bulk", json=bulk).status_code == 422
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["status"] == "APPROVED"


def test_a_push_that_waits_for_a_route_keeps_its_time(acme, app) -> None:
    ways = [connector(acme, name) for name in ("Köln", "Izmir")]
    acme.call("DELETE", f"/connectors/{ways[0]}")
    acme.call("POST", f"/connectors/{ways[1]}/disable")
    rule = {"name": "All", "when": {"all": []}, "connection_id": ways[1]}
    assert acme.call("PUT", "/routes", json={"rules": [rule]}).status_code == 200
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    order_id, _ = push(acme, not_before=later)
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["waits_for"] == "ROUTED_TO_NOBODY"
    acme.call("POST", f"/connectors/{ways[1]}/enable")
    app.route()
    shown = acme.call("GET", f"/draft-orders/{order_id}").json()
    assert (shown["waits_for"], shown["waits_until"]) == ("NOT_BEFORE", shown["latest_export"]["not_before"])
    assert datetime.fromisoformat(shown["waits_until"]) == datetime.fromisoformat(later)


def test_hours_are_tried_before_they_are_saved(acme) -> None:
    hours = {"time_zone": "Asia/Kathmandu", "weekly": {day: ["09:00-17:00"] for day in ALL_WEEK}}
    shown = acme.call("POST", "/opening-hours/preview", json={"opening_hours": hours}).json()
    assert len(shown["days"]) == 14
    (span,) = shown["days"][1]["open"]
    assert span["begins_at"] == f"{shown['days'][1]['date']}T09:00:00+05:45"
    wrong = acme.call("POST", "/opening-hours/preview", json={"opening_hours": {"time_zone": "x"}})
    assert wrong.json()["error"]["details"]["reason"] == "HOURS_UNUSABLE"


def test_what_hours_may_name_is_listed(acme) -> None:
    choices = acme.call("GET", "/opening-hours/choices").json()
    assert "Europe/Berlin" in choices["time_zones"]
    germany = next(one for one in choices["countries"] if one["country"] == "DE")
    assert "BY" in germany["subdivisions"]
